"""The ways in on both kinds of database: invitations, links that move a seat, name cards, lost links, call-backs."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import sqlalchemy as sa

from common.errors import UserError
from common.ids import PractitionerId, SeatId
from common.outbox.store import outbox_letter
from rooms.effects import CloseRoom, DeliverLetters, Effect, MoveSeat, QueueChanged
from rooms.invitations import AFTER_START_S, OPEN_S
from rooms.lifecycle import CALLBACK_LAPSE_S, LAPSE_S
from rooms.link import Invite, Joiner, LinkKind
from rooms.model import Desk, DeskView, EndedReason, SeatGrant, State
from rooms.ports import WalkIn
from tests.integration.rooms.conftest import DAY, HOSPITAL, NODE, Node, doctor_id

MAIL = "bai.yun@mail.example"


def invite(doctor: PractitionerId, **given: Any) -> Invite:
    return Invite(HOSPITAL, DAY, doctor, "Bai Yun", 1950, "cough", "zh", **given)


async def desk(node: Node, doctor: PractitionerId) -> DeskView:
    return await node.rooms.desk_view(HOSPITAL, Desk(doctor, (DAY,), 0.0))


async def reissued(node: Node, address: str) -> list[Effect]:
    return await node.rooms.entrance.reissue(await node.rooms.entrance.of_contact(address))


async def letters(node: Node) -> list[Any]:
    async with node.database.reading() as connection:
        return list(await connection.execute(sa.select(outbox_letter).order_by(outbox_letter.c.created_at)))


async def refused(act: Awaitable[object]) -> str:
    with pytest.raises(UserError) as error:
        await act
    return error.value.code


async def with_mail(node: Node) -> SeatGrant:
    """A walk-in with an address on file and a connected browser."""
    grant, _ = await node.rooms.walk_in(WalkIn(HOSPITAL, DAY, "Bai Yun", 1950, "cough", "zh", contact=MAIL))
    await node.rooms.seat_connected(grant.seat, NODE)
    return grant


# --- invitations ----------------------------------------------------------------------------------------------------------


async def test_an_invited_patient_comes_and_is_offered_to_the_doctor_who_invited(node: Node) -> None:
    other, doctor = await node.doctor(1), await node.doctor(2)
    before = await desk(node, doctor)
    which, link, effects = await node.rooms.entrance.invite(invite(doctor, contact=MAIL))
    assert DeliverLetters() in effects and QueueChanged(HOSPITAL) in effects
    (letter,) = await letters(node)
    assert (letter.recipient, letter.language, letter.path) == (MAIL, "zh", f"/join#{link.token}")
    shown = await desk(node, doctor)
    assert shown.revision > before.revision, "a desk that is not told anew would not draw it"
    assert [(one.consultation, one.name, one.contact) for one in shown.invited] == [(which, "Bai Yun", "b•••@mail.example")]
    assert shown.invited[0].expires_at == node.clock.at + OPEN_S and (await desk(node, other)).invited == ()

    card = await node.rooms.entrance.look(link.token)
    assert (card.kind, card.patient, card.practitioner, card.in_use) == (LinkKind.PATIENT, "Bai Yun", doctor, False)
    node.clock.at += 2 * 24 * 3600
    grant, _ = await node.rooms.entrance.exchange(link.token, Joiner())
    assert grant.consultation == which and await node.state(grant) is State.WAITING, "two days of not being there count nothing"
    assert (await desk(node, doctor)).invited == ()
    await node.rooms.seat_connected(grant.seat, NODE)
    assert await node.offer(other) is None
    offer = await node.offer(doctor)
    assert offer is not None and offer.consultation == which
    assert await refused(node.rooms.entrance.exchange(link.token, Joiner())) == "link_spent"


async def test_an_invitation_taken_back_opens_nothing(node: Node) -> None:
    doctor = await node.doctor()
    which, link, _ = await node.rooms.entrance.invite(invite(doctor))
    assert await letters(node) == []
    assert await refused(node.rooms.entrance.cancel_invitation(doctor_id(5), which)) == "invitation_gone"
    await node.rooms.entrance.cancel_invitation(doctor, which)
    assert (await desk(node, doctor)).invited == ()
    assert await refused(node.rooms.entrance.look(link.token)) == "link_spent"
    assert await refused(node.rooms.entrance.exchange(link.token, Joiner())) == "link_spent"
    assert await refused(node.rooms.entrance.cancel_invitation(doctor, which)) == "invitation_gone"
    assert "consultation_ended" in await node.audit(which)


async def test_a_new_link_of_an_invitation_takes_the_place_of_the_one_before(node: Node) -> None:
    doctor = await node.doctor()
    which, link, _ = await node.rooms.entrance.invite(invite(doctor, contact=MAIL))
    assert await refused(node.rooms.entrance.renew_invitation(doctor_id(5), which)) == "invitation_gone"
    again, mailed, effects = await node.rooms.entrance.renew_invitation(doctor, which)
    assert mailed and DeliverLetters() in effects and again.expires_at == link.expires_at
    assert [letter.path for letter in await letters(node)] == [f"/join#{link.token}", f"/join#{again.token}"]
    assert await refused(node.rooms.entrance.exchange(link.token, Joiner())) == "link_spent"
    await node.rooms.entrance.exchange(again.token, Joiner())
    assert await refused(node.rooms.entrance.renew_invitation(doctor, which)) == "invitation_gone", "the patient has come"


async def test_an_invitation_nobody_followed_lapses_by_itself(node: Node) -> None:
    doctor = await node.doctor()
    starts_at = node.clock.at + 3600
    which, link, _ = await node.rooms.entrance.invite(invite(doctor, starts_at=starts_at))
    assert link.expires_at == starts_at + AFTER_START_S
    node.clock.at = link.expires_at
    assert await refused(node.rooms.entrance.exchange(link.token, Joiner())) == "link_spent"
    await node.rooms.tick()
    assert (await node.audit(which))[-1] == "consultation_ended"
    assert await node.rooms.next_deadline() is None


@pytest.mark.parametrize("off", [-3601.0, 367 * 24 * 3600.0])
async def test_an_invitation_for_no_day_that_can_be_is_refused(node: Node, off: float) -> None:
    doctor = await node.doctor()
    assert await refused(node.rooms.entrance.invite(invite(doctor, starts_at=node.clock.at + off))) == "starts_at_refused"


# --- moving a seat --------------------------------------------------------------------------------------------------------


async def test_a_seat_moves_to_another_device_and_the_first_is_out(node: Node) -> None:
    grant, seat, _ = await node.call()
    link, _ = await node.rooms.entrance.create_link(grant.seat, LinkKind.RESUME)
    assert (await node.rooms.entrance.look(link.token)).in_use
    assert await refused(node.rooms.entrance.exchange(link.token, Joiner())) == "seat_in_use"
    moved, effects = await node.rooms.entrance.exchange(link.token, Joiner(replace=True))
    assert MoveSeat(grant.consultation, grant.seat) in effects
    assert moved.seat == grant.seat and moved.token != grant.token
    assert await node.rooms.seat_by_token(grant.seat, grant.token) is None
    assert await node.rooms.seat_by_token(grant.seat, moved.token) is not None
    assert await node.state(grant) is State.LIVE
    assert await refused(node.rooms.entrance.create_link(seat, LinkKind.RESUME)) == "not_allowed", "a doctor signs in elsewhere"


async def test_a_seat_keeps_its_place_in_line_when_it_moves(node: Node) -> None:
    first = await node.patient("first")
    await node.patient("second")
    link, _ = await node.rooms.entrance.create_link(first.seat, LinkKind.RESUME)
    await node.rooms.seat_disconnected(first.seat, NODE)
    moved, _ = await node.rooms.entrance.exchange(link.token, Joiner())
    await node.rooms.seat_connected(moved.seat, NODE)
    view = await node.rooms.seat_view(first.seat)
    assert view is not None and view.place is not None and view.place.ahead == 0


async def test_a_seat_sees_its_own_open_links_and_takes_them_back(node: Node) -> None:
    grant, seat, _ = await node.call()
    companion, _ = await node.rooms.entrance.create_link(grant.seat, LinkKind.COMPANION)
    own, _ = await node.rooms.entrance.create_link(grant.seat, LinkKind.RESUME)
    newer, _ = await node.rooms.entrance.create_link(grant.seat, LinkKind.RESUME)
    assert await refused(node.rooms.entrance.exchange(own.token, Joiner(replace=True))) == "link_spent", "the newer one counts"
    views = {view.seat: view for view in await node.rooms.seat_views(grant.consultation)}
    assert {link.id for link in views[grant.seat].links} == {companion.id, newer.id} and views[seat].links == ()
    assert await refused(node.rooms.entrance.revoke_link(seat, companion.id)) == "link_unknown"
    await node.rooms.entrance.revoke_link(grant.seat, companion.id)
    view = await node.rooms.seat_view(grant.seat)
    assert view is not None and [link.id for link in view.links] == [newer.id]
    assert await refused(node.rooms.entrance.exchange(companion.token, Joiner("Li Na"))) == "link_spent"


async def test_a_refused_exchange_leaves_the_link_as_good_as_it_was(node: Node) -> None:
    grant, _, _ = await node.call()
    link, _ = await node.rooms.entrance.create_link(grant.seat, LinkKind.INTERPRETER)
    for joiner in (Joiner(), Joiner("")):
        assert await refused(node.rooms.entrance.exchange(link.token, joiner)) == "name_needed"
    await node.rooms.entrance.exchange(link.token, Joiner("Li Na"))


async def test_open_links_are_bounded(node: Node) -> None:
    grant, _, _ = await node.call()
    for _ in range(20):
        await node.rooms.entrance.create_link(grant.seat, LinkKind.COMPANION)
    assert await refused(node.rooms.entrance.create_link(grant.seat, LinkKind.COMPANION)) == "too_many_links"


@pytest.mark.parametrize("kind", ["patient", "resume"])
async def test_of_racing_exchanges_of_a_seats_link_one_wins(open_node: Callable[[], Node], kind: str) -> None:
    first, second = open_node(), open_node()
    grant = await first.patient()
    for _ in range(3):
        if kind == "patient":
            _, link, _ = await first.rooms.entrance.invite(invite(doctor_id(1)))
        else:
            link, _ = await first.rooms.entrance.create_link(grant.seat, LinkKind.RESUME)
        races = [node.rooms.entrance.exchange(link.token, Joiner(replace=True)) for node in [first, second] * 2]
        found = await asyncio.gather(*races, return_exceptions=True)
        won = [one for one in found if not isinstance(one, BaseException)]
        lost = [one.code for one in found if isinstance(one, UserError)]
        assert (len(won), lost) == (1, ["link_spent"] * 3)
        ((granted, _),) = won
        assert await second.rooms.seat_by_token(granted.seat, granted.token) is not None


# --- name cards -----------------------------------------------------------------------------------------------------------


async def unconfirmed(node: Node) -> tuple[SeatGrant, SeatId]:
    """A placed call whose cards nobody has looked at."""
    doctor = await node.doctor()
    grant = await node.patient()
    offer = await node.offer(doctor)
    assert offer is not None
    seat, _ = await node.rooms.accept_offer(doctor, offer.offer)
    await node.rooms.place_session(grant.consultation, "w1", "e1")
    return grant, seat


async def epochs(node: Node, grant: SeatGrant) -> list[str | None]:
    return [view.media_epoch for view in await node.rooms.seat_views(grant.consultation)]


async def test_no_media_before_both_cards_also_for_a_guest_who_came_in_by_the_links_card(node: Node) -> None:
    grant, seat = await unconfirmed(node)
    assert await epochs(node, grant) == [None, None]
    await node.confirm(grant.seat)
    await node.confirm(grant.seat)
    assert await epochs(node, grant) == [None, None]
    link, _ = await node.rooms.entrance.create_link(seat, LinkKind.COMPANION)
    guest, _ = await node.rooms.entrance.exchange(link.token, Joiner("Li Na"))
    assert await epochs(node, grant) == [None, None, None]
    await node.confirm(seat)
    assert await epochs(node, grant) == ["1", "1", "1"]
    late, _ = await node.rooms.entrance.create_link(seat, LinkKind.INTERPRETER)
    await node.rooms.entrance.exchange(late.token, Joiner("Bo"))
    assert await epochs(node, grant) == ["1", "1", "1", "1"]
    assert (await node.audit(grant.consultation)).count("card_confirmed") == 2
    assert await refused(node.rooms.confirm(guest.seat, right=False)) == "not_allowed", "who wants to go leaves"


@pytest.mark.parametrize("who", ["patient", "doctor"])
async def test_a_wrong_card_ends_it_for_both(node: Node, who: str) -> None:
    grant, seat = await unconfirmed(node)
    effects = await node.rooms.confirm(grant.seat if who == "patient" else seat, right=False)
    assert any(isinstance(effect, CloseRoom) for effect in effects)
    for view in await node.rooms.seat_views(grant.consultation):
        assert (view.state, view.ended_reason) == (State.ENDED, EndedReason.WRONG_PERSON)


async def test_what_cannot_be_confirmed(node: Node) -> None:
    waiting = await node.patient()
    assert await refused(node.rooms.confirm(waiting.seat, right=True)) == "not_in_call"
    await node.rooms.leave(waiting.seat)
    grant, seat, _ = await node.call()
    assert await refused(node.rooms.confirm(grant.seat, right=False)) == "not_allowed", "it was right a minute ago"
    await node.rooms.end(seat)
    assert await refused(node.rooms.confirm(grant.seat, right=True)) == "consultation_over"


# --- lost links -----------------------------------------------------------------------------------------------------------


async def test_a_lost_link_is_sent_again_and_the_older_ones_are_dead(node: Node) -> None:
    grant = await with_mail(node)
    old, _ = await node.rooms.entrance.create_link(grant.seat, LinkKind.RESUME)
    assert DeliverLetters() in await reissued(node, MAIL)
    await reissued(node, MAIL)
    tokens = [letter.path.removeprefix("/join#") for letter in await letters(node)]
    assert len(tokens) == 2
    outcomes = []
    for token in (old.token, *tokens):
        try:
            await node.rooms.entrance.look(token)
            outcomes.append(token)
        except UserError as error:
            assert error.code == "link_spent"
    assert len(outcomes) == 1 and outcomes[0] in tokens
    moved, _ = await node.rooms.entrance.exchange(outcomes[0], Joiner(replace=True))
    assert moved.seat == grant.seat


async def test_an_address_that_is_not_on_file_gets_nothing(node: Node) -> None:
    await with_mail(node)
    assert await reissued(node, "somebody@else.example") == []
    assert await letters(node) == []


async def test_a_link_is_sent_again_until_a_day_after_the_end(node: Node) -> None:
    grant = await with_mail(node)
    await node.rooms.leave(grant.seat)
    node.clock.at += 24 * 3600 - 1
    assert await reissued(node, MAIL) != []
    node.clock.at += 1
    assert await reissued(node, MAIL) == []


async def test_an_invited_patient_who_lost_the_link_gets_an_invitation_again(node: Node) -> None:
    doctor = await node.doctor()
    _, first, _ = await node.rooms.entrance.invite(invite(doctor, contact=MAIL))
    node.clock.at += 60
    await reissued(node, MAIL)
    assert await refused(node.rooms.entrance.look(first.token)) == "link_spent"
    token = (await letters(node))[-1].path.removeprefix("/join#")
    assert (await node.rooms.entrance.look(token)).kind is LinkKind.PATIENT
    grant, _ = await node.rooms.entrance.exchange(token, Joiner())
    assert await node.state(grant) is State.WAITING


# --- being called back ----------------------------------------------------------------------------------------------------


async def away(node: Node, grant: SeatGrant, seconds: float = 15.0) -> None:
    await node.rooms.seat_disconnected(grant.seat, NODE)
    node.clock.at += seconds
    await node.rooms.tick()


async def test_the_place_is_kept_and_one_mail_goes_out_when_the_turn_is_near(node: Node) -> None:
    first, second = await node.patient("first"), await node.patient("second")
    grant = await with_mail(node)
    await node.rooms.entrance.set_callback(grant.seat, True, None)
    await node.rooms.entrance.set_callback(grant.seat, True, None)
    await away(node, grant)
    assert await letters(node) == [], "no doctor is there: no turn is near"
    doctor = await node.doctor()
    assert await letters(node) == [], "two are before"
    offer = await node.offer(doctor)
    assert offer is not None and offer.consultation == first.consultation
    await node.rooms.accept_offer(doctor, offer.offer)
    (letter,) = await letters(node)
    assert (letter.kind, letter.recipient) == ("turn", MAIL)
    await node.rooms.leave(second.seat)
    node.clock.at += LAPSE_S + 60
    await node.rooms.tick()
    assert len(await letters(node)) == 1, "once"
    assert await node.state(grant) is State.WAITING, "the place is kept"

    back, _ = await node.rooms.entrance.exchange(letter.path.removeprefix("/join#"), Joiner())
    await node.rooms.seat_connected(back.seat, NODE)
    for _ in range(3):
        await away(node, grant)
        await node.rooms.seat_connected(grant.seat, NODE)
    assert len(await letters(node)) == 2, "once more for whoever came and left again, and no more"
    assert (await node.audit(grant.consultation)).count("patient_called") == 2


async def test_a_reload_is_no_leaving(node: Node) -> None:
    await node.doctor()
    other = await node.patient()
    grant = await with_mail(node)
    await node.rooms.entrance.set_callback(grant.seat, True, None)
    await away(node, grant, 14.9)
    await node.rooms.seat_connected(grant.seat, NODE)
    node.clock.at += 60
    await node.rooms.tick()
    assert await letters(node) == []
    await node.rooms.leave(other.seat)


async def test_a_wish_taken_back_calls_nobody_and_lapses_as_any_other(node: Node) -> None:
    grant = await with_mail(node)
    await node.rooms.entrance.set_callback(grant.seat, True, None)
    view = await node.rooms.seat_view(grant.seat)
    assert view is not None and view.callback and view.contact == "b•••@mail.example"
    await node.rooms.entrance.set_callback(grant.seat, False, None)
    await away(node, grant)
    await node.doctor()
    assert await letters(node) == []
    node.clock.at += LAPSE_S
    await node.rooms.tick()
    assert await node.state(grant) is State.ENDED


async def test_whoever_waits_to_be_called_is_kept_for_hours_not_for_ever(node: Node) -> None:
    grant = await with_mail(node)
    await node.rooms.entrance.set_callback(grant.seat, True, None)
    await node.rooms.seat_disconnected(grant.seat, NODE)
    node.clock.at += CALLBACK_LAPSE_S - 1
    await node.rooms.tick()
    assert await node.state(grant) is State.WAITING
    node.clock.at += 1
    await node.rooms.tick()
    assert await node.state(grant) is State.ENDED


async def test_who_cannot_be_called_back_is_told_so(node: Node) -> None:
    grant = await node.patient()
    assert await refused(node.rooms.entrance.set_callback(grant.seat, True, None)) == "email_needed"
    await node.rooms.entrance.set_callback(grant.seat, True, MAIL)
    link, _ = await node.rooms.entrance.create_link(grant.seat, LinkKind.COMPANION)
    guest, _ = await node.rooms.entrance.exchange(link.token, Joiner("Li Na"))
    assert await refused(node.rooms.entrance.set_callback(guest.seat, True, MAIL)) == "not_allowed"
    await node.rooms.leave(grant.seat)
    talking, _, _ = await node.call()
    assert await refused(node.rooms.entrance.set_callback(talking.seat, True, MAIL)) == "not_waiting"
