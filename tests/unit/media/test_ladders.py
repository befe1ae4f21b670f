"""What becomes of one person's ladder by what is known of another, in rooms of two and of more."""

from collections.abc import Sequence

import pytest

from media.control.messages import PeerReport, PictureSeen, QualityChanged
from media.core.ladder import Rung
from media.core.routes import SourceKey
from media.core.signals import Arrived, Observation
from media.ladders import EVERY_S, Ladders, Seen, observed
from media.plane.interface import SourceCounters

DOCTOR, PATIENT, DAUGHTER = ("s_" + letter * 16 for letter in "abc")


def last_rung(labels: Sequence[str], frozen_ms: int) -> str:
    """The doctor's rung after six seconds in which the patient's browser says how long the doctor's picture stands still."""
    told: list[QualityChanged] = []
    ladders = Ladders(told.append)
    pictures = [PictureSeen(label=DOCTOR, frozen_ms=frozen_ms)]
    for turn in range(round(6 / EVERY_S)):
        now = turn * EVERY_S
        if turn % 4 == 0:
            ladders.reported(PeerReport(label=PATIENT, limit_bps=None, path="udp", pictures=pictures), labels, now)
        came = Arrived(50 * turn, 10_000 * turn, 0)
        ladders.round([Seen("p_" + "d" * 16, DOCTOR, Observation(None, came, (), (), congested=False))], now)
    return told[-1].rung


@pytest.mark.parametrize(
    ("labels", "frozen_ms", "lowest"),
    [([DOCTOR, PATIENT], 0, False), ([DOCTOR, PATIENT], 900, True), ([DOCTOR, PATIENT, DAUGHTER], 900, False)],
)
def test_one_of_several_who_has_a_bad_line_costs_the_others_no_picture(labels: list[str], frozen_ms: int, lowest: bool) -> None:
    """Of two, the picture that stands still gets smaller; of more, whoever has the bad line gets a smaller layer of it."""
    assert (last_rung(labels, frozen_ms) == Rung.LOW) is lowest


@pytest.mark.parametrize("labels", [[DOCTOR, PATIENT], [PATIENT, DOCTOR], [DOCTOR, PATIENT, DAUGHTER]])
def test_of_two_the_other_waits_as_well_when_a_way_falls_suddenly(labels: list[str]) -> None:
    """Whoever's line fell upward hears nothing more of the way down; in larger rooms everybody has layers of their own."""
    told: dict[str, QualityChanged] = {}
    ladders = Ladders(lambda notice: told.update({notice.label: notice}))
    octets = dict.fromkeys(labels, 0)
    for turn in range(60):
        fell = turn >= 56
        for label in labels:
            octets[label] += (280_000 if fell and label == PATIENT else 2_000_000) // 8 // 4
        seen = [
            Seen(
                "p_" + label[-1] * 16,
                label,
                Observation(
                    None,
                    Arrived(50 * turn, octets[label], 0),
                    (),
                    (),
                    congested=False,
                    uplink_bps=230_000 if fell and label == PATIENT else 0,
                ),
            )
            for label in labels
        ]
        ladders.round(seen, turn * EVERY_S)
        if turn == 55:
            assert {notice.limit_bps for notice in told.values()} == {1_500_000}
    assert told[PATIENT].limit_bps == 0
    assert told[DOCTOR].limit_bps == (0 if len(labels) == 2 else 1_500_000)


def test_how_fast_a_picture_comes_counts_where_one_layer_flows_alone() -> None:
    """Of several at once each has a part of the line; of those that flowed before, nothing is left."""

    def source(ssrc: int, at: float) -> SourceCounters:
        return SourceCounters(SourceKey(1, ssrc), 10, 9000, 0, 1.0, False, 0, 0.0, 100_000 * ssrc, 900_000, at, pictures=ssrc)

    def seen(*pictures: SourceCounters) -> Observation:
        return observed((), pictures, ((), ()), of_two=True, relayed_tcp=False)

    assert seen(source(1, 50.0)).came_bps == 100_000
    assert seen(source(1, 50.0), source(2, 49.0)).came_bps == 0
    assert seen(source(1, 40.0), source(2, 50.0), source(3, 0.0)).came_bps == 200_000
    assert seen().came_bps == 0
    assert seen(source(1, 50.0), source(2, 49.0)).picture == Arrived(20, 18_000, 0, pictures=3)
