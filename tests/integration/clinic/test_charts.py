"""Charts over a real database of either kind: revisions are compared and swapped, and the audit holds no word of them."""

import asyncio

import pytest
from sqlalchemy import text

from clinic.chart import Author, Charts, Notes, NotesKept, Rating, Summary
from clinic.intake import Intake, RedFlag
from clinic.store.charts import SqlChartStore
from common.database import Database
from common.errors import UserError
from common.ids import ConsultationId, HospitalId
from tests.integration.clinic.conftest import StillClock

ONE, TWO = ConsultationId("c_aaaaaaaaaaaaaaaa"), ConsultationId("c_bbbbbbbbbbbbbbbb")
ANN = Author("pr_ann", HospitalId("h_willow"), ONE)
BAI = Author("s_bai", HospitalId("h_willow"), ONE)


@pytest.fixture
def charts(database: Database, clock: StillClock) -> Charts:
    return Charts(SqlChartStore(database), clock)


async def test_of_many_who_save_over_one_revision_one_wins(charts: Charts, database: Database, clock: StillClock) -> None:
    others = [Charts(SqlChartStore(database), clock) for _ in range(5)]
    for revision in range(3):
        saves = [each.save_notes(ANN, revision, Notes(advice=f"{revision} {n}")) for n, each in enumerate(others)]
        outcomes = await asyncio.gather(*saves, return_exceptions=True)
        won = [outcome for outcome in outcomes if isinstance(outcome, NotesKept)]
        lost = [outcome.code for outcome in outcomes if isinstance(outcome, UserError)]
        assert len(won) == 1 and won[0].revision == revision + 1 and lost == ["notes_changed"] * 4
        assert await charts.notes(ANN) == won[0]


async def test_notes_sent_again_are_known_and_a_revision_out_of_nowhere_is_refused(charts: Charts, clock: StillClock) -> None:
    kept = await charts.save_notes(ANN, 0, Notes("cough"))
    clock.at += 5
    assert await charts.save_notes(ANN, 0, Notes("cough")) == kept
    for revision in (0, 2, 9):
        with pytest.raises(UserError, match="changed"):
            await charts.save_notes(ANN, revision, Notes("other"))
    empty = Author("pr_ann", HospitalId("h_willow"), TWO)
    with pytest.raises(UserError):
        await charts.save_notes(empty, 4, Notes("cough"))
    assert (await charts.notes(empty)).revision == 0


async def test_what_screens_show_is_read_for_many_at_once(charts: Charts) -> None:
    intake = Intake("asthma", "nuts", (RedFlag.BREATHING,), True, (RedFlag.STROKE, RedFlag.BREATHING))
    await charts.save_intake(BAI, Intake("", "", (), False))
    await charts.save_intake(BAI, intake)
    summary = Summary(("步行", "Drink"), "Call on Monday")
    await charts.give_summary(ANN, summary)
    assert await charts.rate(BAI, Rating.GOOD) is True
    assert await charts.rate(BAI, Rating.POOR) is False
    shown = await charts.charts({ONE, TWO}, {ONE})
    assert set(shown) == {ONE}
    assert (shown[ONE].intake, shown[ONE].summary, shown[ONE].rating) == (intake, summary, Rating.POOR)
    assert (await charts.charts({ONE}))[ONE].summary is None, "asked for of those that are over"
    assert await charts.charts(()) == {} and await charts.intake(TWO) is None


async def test_every_reading_and_writing_is_audited_without_a_word(charts: Charts, database: Database) -> None:
    await charts.save_intake(BAI, Intake("canary history", "canary nuts", (), False))
    await charts.save_notes(ANN, 0, Notes(assessment="canary assessment"))
    await charts.notes(ANN)
    await charts.give_summary(ANN, Summary(("canary point",), "canary next"))
    await charts.rate(BAI, Rating.FAIR)
    async with database.reading() as connection:
        rows = (await connection.execute(text("SELECT * FROM audit_entry ORDER BY id"))).all()
    assert [(row.actor, row.act, row.subject) for row in rows] == [
        ("s_bai", "intake_saved", ONE),
        ("pr_ann", "notes_saved", ONE),
        ("pr_ann", "notes_read", ONE),
        ("pr_ann", "summary_given", ONE),
        ("s_bai", "rated", ONE),
    ]
    assert "canary" not in repr(rows)
