"""A consultation from the line to the goodbye, on both kinds of database."""

import pytest

from common.errors import UserError
from rooms.effects import CloseRoom, ConsultationChanged, DoctorPutOffDuty, OpenRoom, PutOffReason, QueueChanged, ReleaseSeat
from rooms.link import Joiner, LinkKind
from rooms.model import Desk, EndedReason, Role, State
from tests.integration.rooms.conftest import DAY, HOSPITAL, NODE, Node, doctor_id, offered

SECONDS_OF_GRACE = 10.0


async def test_a_patient_is_paired_talks_and_says_goodbye(node: Node) -> None:
    rooms = node.rooms
    doctor = await node.doctor()
    grant = await node.patient()
    offer = await node.offer(doctor)
    assert offer is not None and (offer.name, offer.birth_year, offer.reason) == ("Bai Yun", 1950, "cough")
    assert await node.state(grant) is State.OFFERED

    seat, effects = await rooms.accept_offer(doctor, offer.offer)
    assert OpenRoom(grant.consultation) in effects and QueueChanged(HOSPITAL) in effects
    placement, _ = await rooms.place_session(grant.consultation, "w1", "e1")
    await node.confirm(grant.seat, seat)
    await rooms.seat_in_call(grant.seat, True)
    assert await node.state(grant) is State.CONNECTING
    node.clock.at += 5
    await rooms.seat_in_call(seat, True)
    view = await rooms.seat_view(grant.seat)
    assert view is not None and view.state is State.LIVE and view.live_since == node.clock.at
    assert view.media_epoch == "1" and view.place is None
    assert [(one.role, one.present, one.in_call) for one in view.people] == [
        (Role.PATIENT, True, True),
        (Role.PRACTITIONER, True, True),
    ]

    node.clock.at += 600
    effects = await rooms.end(seat)
    assert CloseRoom(grant.consultation, placement) in effects
    view = await rooms.seat_view(grant.seat)
    assert view is not None and (view.state, view.ended_reason) == (State.ENDED, EndedReason.COMPLETED)
    assert await node.audit(grant.consultation) == [
        "consultation_waiting",
        "offer_shown",
        "consultation_offered",
        "consultation_connecting",
        "card_confirmed",
        "card_confirmed",
        "consultation_live",
        "consultation_ended",
    ]
    desk = await rooms.desk_view(HOSPITAL, Desk(doctor, (DAY,), node.clock.at - 1000))
    assert (desk.seen_today, desk.seat, desk.waiting, desk.on_duty) == (1, None, 0, (DAY,))
    assert await rooms.end(grant.seat) == [], "the patient's own click, a moment later, changes nothing"


async def test_a_place_counts_only_once_the_browser_is_there(node: Node) -> None:
    from rooms.ports import WalkIn

    doctor = await node.doctor()
    grant, effects = await node.rooms.walk_in(WalkIn(HOSPITAL, DAY, "Bai Yun", None, "", "en"))
    assert offered(effects) == []
    effects = await node.rooms.seat_connected(grant.seat, NODE)
    assert [one.practitioner for one in offered(effects)] == [doctor]


async def test_the_line_is_told_in_places(node: Node) -> None:
    grants = [await node.patient() for _ in range(3)]
    views = [await node.rooms.seat_view(grant.seat) for grant in grants]
    assert [view.place.ahead for view in views if view and view.place] == [0, 1, 2]
    await node.rooms.leave(grants[0].seat)
    waiting = {view.seat: view for view in await node.rooms.waiting_views(HOSPITAL)}
    assert [waiting[grant.seat].place.ahead for grant in grants[1:]] == [0, 1]  # type: ignore[union-attr]
    for before in views[1:]:
        assert before is not None and waiting[before.seat].revision > before.revision


async def test_every_visible_change_raises_the_revision(node: Node) -> None:
    grant, seat, _ = await node.call()
    last = 0
    for change in (
        lambda: node.rooms.seat_media(grant.seat, True, True),
        lambda: node.rooms.seat_in_call(grant.seat, False),
        lambda: node.rooms.seat_disconnected(grant.seat, NODE),
        lambda: node.rooms.place_session(grant.consultation, "w1", "e1"),
        lambda: node.rooms.displace("w1", "e1"),
        lambda: node.rooms.end(seat),
    ):
        await change()
        view = await node.rooms.seat_view(grant.seat)
        assert view is not None and view.revision > last
        last = view.revision


async def test_a_lost_principal_interrupts_after_grace_and_comes_back(node: Node) -> None:
    grant, _, _ = await node.call()
    await node.rooms.seat_disconnected(grant.seat, NODE)
    assert await node.rooms.next_deadline() == node.clock.at + SECONDS_OF_GRACE
    node.clock.at += SECONDS_OF_GRACE - 0.1
    assert await node.rooms.tick() == []
    node.clock.at += 0.1
    assert ConsultationChanged(grant.consultation) in await node.rooms.tick()
    assert await node.state(grant) is State.INTERRUPTED
    await node.rooms.seat_connected(grant.seat, NODE)
    assert await node.state(grant) is State.LIVE


async def test_a_closed_desk_counts_as_the_doctor_gone(node: Node) -> None:
    grant, _, doctor = await node.call()
    await node.rooms.desk_disconnected(doctor, HOSPITAL, NODE)
    node.clock.at += SECONDS_OF_GRACE
    await node.rooms.tick()
    assert await node.state(grant) is State.INTERRUPTED
    await node.rooms.desk_connected(doctor, HOSPITAL, NODE)
    assert await node.state(grant) is State.LIVE


async def test_an_abandoned_call_lapses_and_frees_the_doctor(node: Node) -> None:
    grant, seat, doctor = await node.call()
    for one in (grant.seat, seat):
        await node.rooms.seat_in_call(one, False)
    await node.rooms.seat_disconnected(grant.seat, NODE)
    await node.rooms.desk_disconnected(doctor, HOSPITAL, NODE)
    node.clock.at += 3600
    effects = await node.rooms.tick()
    view = await node.rooms.seat_view(grant.seat)
    assert view is not None and (view.state, view.ended_reason) == (State.ENDED, EndedReason.LAPSED)
    assert DoctorPutOffDuty(doctor, PutOffReason.AWAY) in effects, "on duty by word, but the desk was closed all the time"
    assert await node.rooms.next_deadline() is None


async def test_an_unanswered_offer_comes_back_and_then_the_duty_ends(node: Node) -> None:
    doctor = await node.doctor()
    grant = await node.patient()
    seen = []
    for _ in range(3):
        due = await node.rooms.next_deadline()
        assert due is not None
        node.clock.at = due
        seen += await node.rooms.tick()
    assert [one.practitioner for one in seen if isinstance(one, DoctorPutOffDuty)] == [doctor]
    assert await node.state(grant) is State.WAITING
    acts = await node.audit(grant.consultation)
    assert acts == ["consultation_waiting"] + ["offer_shown", "consultation_offered", "consultation_waiting"] * 2


async def test_a_companion_joins_speaks_and_leaves(node: Node) -> None:
    grant, seat, _ = await node.call()
    link, _ = await node.rooms.entrance.create_link(seat, LinkKind.COMPANION)
    companion, effects = await node.rooms.entrance.exchange(link.token, Joiner("Li Na"))
    assert effects == [ConsultationChanged(grant.consultation)]
    who = await node.rooms.seat_by_token(companion.seat, companion.token)
    assert who is not None and (who.role, who.consultation) == (Role.COMPANION, grant.consultation)
    await node.rooms.seat_connected(companion.seat, NODE)
    await node.rooms.seat_in_call(companion.seat, True)
    await node.rooms.seat_media(companion.seat, True, False)
    views = await node.rooms.seat_views(grant.consultation)
    assert len(views) == 3 and views[0].people[2].name == "Li Na" and views[0].people[2].microphone
    effects = await node.rooms.leave(companion.seat)
    assert ReleaseSeat(grant.consultation, companion.seat) in effects
    assert await node.rooms.seat_by_token(companion.seat, companion.token) is None
    assert len(await node.rooms.seat_views(grant.consultation)) == 2
    assert await node.state(grant) is State.LIVE


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (lambda rooms, companion, grant, seat: rooms.end(companion), "not_allowed"),
        (lambda rooms, companion, grant, seat: rooms.entrance.create_link(companion, LinkKind.COMPANION), "not_allowed"),
        (lambda rooms, companion, grant, seat: rooms.entrance.create_link(grant.seat, LinkKind.PATIENT), "not_allowed"),
        (lambda rooms, companion, grant, seat: rooms.leave(seat), "not_allowed"),
        (lambda rooms, companion, grant, seat: rooms.seat_media("s_aaaaaaaaaaaaaaaa", True, True), "seat_unknown"),
        (lambda rooms, companion, grant, seat: rooms.entrance.exchange("A" * 43, Joiner("Li Na")), "link_spent"),
        (lambda rooms, companion, grant, seat: rooms.accept_offer(doctor_id(7), "o_aaaaaaaaaaaaaaaa"), "offer_gone"),
        (lambda rooms, companion, grant, seat: rooms.place_session("c_aaaaaaaaaaaaaaaa", "w", "e"), "consultation_over"),
    ],
)
async def test_what_a_seat_may_not_do_is_refused_and_changes_nothing(node: Node, act, code: str) -> None:  # type: ignore[no-untyped-def]
    grant, seat, _ = await node.call()
    link, _ = await node.rooms.entrance.create_link(grant.seat, LinkKind.INTERPRETER)
    companion, _ = await node.rooms.entrance.exchange(link.token, Joiner("Li Na"))
    before = await node.rooms.seat_views(grant.consultation)
    with pytest.raises(UserError) as refused:
        await act(node.rooms, companion.seat, grant, seat)
    assert refused.value.code == code
    assert await node.rooms.seat_views(grant.consultation) == before


async def test_a_room_holds_eight_and_an_old_or_revoked_link_holds_none(node: Node) -> None:
    grant, seat, _ = await node.call()
    links = [(await node.rooms.entrance.create_link(seat, LinkKind.COMPANION))[0] for _ in range(9)]
    for link in links[:6]:
        await node.rooms.entrance.exchange(link.token, Joiner("one more"))
    with pytest.raises(UserError, match="more people"):
        await node.rooms.entrance.exchange(links[6].token, Joiner("one too many"))
    assert len(await node.rooms.seat_views(grant.consultation)) == 8
    await node.rooms.entrance.revoke_link(seat, links[7].id)
    node.clock.at += 2 * 3600
    for link in (links[7], links[8]):
        with pytest.raises(UserError) as refused:
            await node.rooms.entrance.exchange(link.token, Joiner("too late"))
        assert refused.value.code == "link_spent"


async def test_a_cookie_ends_after_a_day_and_opens_only_its_own_seat(node: Node) -> None:
    one, other = await node.patient(), await node.patient()
    assert await node.rooms.seat_by_token(one.seat, other.token) is None
    assert await node.rooms.seat_by_token(one.seat, one.token) is not None
    node.clock.at = one.expires_at
    assert await node.rooms.seat_by_token(one.seat, one.token) is None


async def test_no_token_is_stored(node: Node) -> None:
    grant, seat, _ = await node.call()
    link, _ = await node.rooms.entrance.create_link(seat, LinkKind.COMPANION)
    async with node.database.reading() as connection:
        for table in ("seat_session", "join_link"):
            for row in await connection.exec_driver_sql(f"SELECT * FROM {table}"):
                text = repr(tuple(row))
                assert link.token not in text and grant.token not in text
                assert any(isinstance(value, bytes) and len(value) == 32 for value in row)
