"""The ways into a consultation other than walking in: links, invitations, lost links sent again, and being called back.

As service.py: each method is one transaction and says afterwards what the shells must do.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial

from common.clock import Clock
from common.ids import ConsultationId, HospitalId, PractitionerId, SeatId
from rooms import invitations, join_links, queue
from rooms.access import access_wait, token_hash
from rooms.effects import Effect
from rooms.errors import consultation_over, email_needed, invitation_gone, link_spent
from rooms.link import FOR_GUESTS, Invite, Joiner, Link, LinkGrant, LinkKind, LinkLook
from rooms.model import OVER, Consultation, Role, SeatGrant, SeatIdentity
from rooms.ports import RoomsStore
from rooms.turn import Turn
from rooms.turns import Turns

Effects = list[Effect]
REISSUED_AT_ONCE = 3  # one person seldom has two consultations open; a shared address may


class Entrance:
    """Every method may raise `Unavailable` (database); those that say so raise `UserError` by code."""

    def __init__(
        self, store: RoomsStore, clock: Clock, turns: Turns, identity: Callable[[SeatId], Awaitable[SeatIdentity]]
    ) -> None:
        self._store = store
        self._clock = clock
        self._turns = turns
        self._identity = identity

    # --- links --------------------------------------------------------------------------------------------------------

    async def create_link(self, seat: SeatId, kind: LinkKind) -> tuple[LinkGrant, Effects]:
        """A link for one more person, or to move the seat itself (`RESUME`).

        UserError: not_allowed, consultation_over, room_full, too_many_links.
        """
        maker = await self._identity(seat)
        return await self._turns.take(maker.hospital, lambda turn: join_links.create(turn, maker, kind))

    async def revoke_link(self, seat: SeatId, link: str) -> Effects:
        """The link that `seat` made opens nothing from now on. UserError: seat_unknown, link_unknown."""
        maker = await self._identity(seat)
        _, effects = await self._turns.take(maker.hospital, lambda turn: join_links.revoke(turn, maker, link))
        return effects

    async def look(self, token: str) -> LinkLook:
        """What a link opens; it stays as good as it was. UserError: link_spent, consultation_over."""
        async with self._store.reading() as work:
            link = await work.links.find(token_hash(token))
            found = await work.consultations.load([link.consultation]) if link else []
        if link is None or not link.good(self._clock.now()):
            raise link_spent()
        return _look(link, found[0])

    async def exchange(self, token: str, joiner: Joiner) -> tuple[SeatGrant, Effects]:
        """Trades a link, once, for a seat. UserError: link_spent, consultation_over, room_full, seat_in_use, name_needed."""
        async with self._store.reading() as work:
            link = await work.links.find(token_hash(token))
        if link is None:
            raise link_spent()
        return await self._turns.take(link.hospital, partial(join_links.exchange, link=link, joiner=joiner))

    # --- invitations and the address on file --------------------------------------------------------------------------

    async def invite(self, order: Invite) -> tuple[ConsultationId, LinkGrant, Effects]:
        """A consultation that waits for its patient; the caller has checked that the department is the doctor's own.

        UserError: starts_at_refused, too_many_invitations.
        """
        (which, grant), effects = await self._turns.take(order.hospital, partial(invitations.invite, order=order))
        return which, grant, effects

    async def cancel_invitation(self, practitioner: PractitionerId, which: ConsultationId) -> Effects:
        """Takes an invitation back before the patient has come. UserError: invitation_gone."""
        order = partial(invitations.cancel, practitioner=practitioner, which=which)
        _, effects = await self._turns.take(await self._hospital_of(which), order)
        return effects

    async def renew_invitation(self, practitioner: PractitionerId, which: ConsultationId) -> tuple[LinkGrant, bool, Effects]:
        """A new link of an invitation, mailed again where there is an address (told in turn). UserError: invitation_gone."""
        order = partial(invitations.renew, practitioner=practitioner, which=which)
        (grant, mailed), effects = await self._turns.take(await self._hospital_of(which), order)
        return grant, mailed, effects

    async def _hospital_of(self, which: ConsultationId) -> HospitalId:
        async with self._store.reading() as work:
            found = await work.consultations.load([which])
        if not found:
            raise invitation_gone()
        return found[0].hospital

    async def of_contact(self, contact: str) -> list[tuple[HospitalId, ConsultationId]]:
        """The latest consultations with this address on file; nobody is told whether there are any."""
        ended_after = self._clock.now() - invitations.REISSUED_AFTER_END_S
        async with self._store.reading() as work:
            return await work.consultations.of_contact(contact, ended_after, REISSUED_AT_ONCE)

    async def reissue(self, found: Sequence[tuple[HospitalId, ConsultationId]]) -> Effects:
        """New links to these consultations, to the address on file."""
        effects: Effects = []
        for hospital, which in found:
            effects += (await self._turns.take(hospital, partial(invitations.reissue, which=which)))[1]
        return effects

    async def set_callback(self, seat: SeatId, wanted: bool, contact: str | None) -> Effects:
        """The patient wants to be called back when the turn is near, or not any more; `contact` becomes the address on file.

        UserError: seat_unknown, consultation_over, not_allowed, not_waiting, email_needed.
        """
        who = await self._identity(seat)

        async def act(turn: Turn) -> None:
            consultation = await turn.consultation(who.consultation)
            access_wait(consultation, seat)
            on_file = contact or consultation.contact
            if wanted and on_file is None:
                raise email_needed()
            since = (consultation.callback_since or turn.now) if wanted else None
            changed = replace(consultation, contact=on_file, callback_since=since)
            if changed != consultation:
                turn.put(changed)
                turn.note(seat, "callback_set", who.consultation, "on" if wanted else "off")
            await turn.to_queue(queue.CallbackWished(who.consultation, wanted), seat)

        _, effects = await self._turns.take(who.hospital, act)
        return effects


def _look(link: Link, consultation: Consultation) -> LinkLook:
    if consultation.state in OVER and link.kind is not LinkKind.RESUME:
        raise consultation_over()
    patient = consultation.principal(Role.PATIENT)
    seat = consultation.seat(link.seat) if link.seat is not None else None
    if seat is None and link.kind not in FOR_GUESTS:
        raise link_spent()
    return LinkLook(
        kind=link.kind,
        hospital=consultation.hospital,
        department=consultation.department,
        patient=(patient.name if patient else None) or "",
        practitioner=consultation.practitioner or consultation.wanted,
        starts_at=consultation.starts_at,
        expires_at=link.expires_at,
        in_use=seat is not None and seat.connected,
    )
