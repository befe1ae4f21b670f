"""A doctor's desk: duty and offers."""

from common.errors import UserError
from common.ids import DepartmentId, OfferId
from signaling.socket import messages
from signaling.socket.connections import Connection
from signaling.socket.handlers.shared import Handler, Services, access_desk


async def duty_set(services: Services, connection: Connection, body: messages.DutySet) -> None:
    """Go on duty for departments of the doctor's own, or off duty."""
    doctor = access_desk(connection)
    directory = await services.names.directory()
    own = directory.practitioners[doctor].departments
    departments = [DepartmentId(department) for department in dict.fromkeys(body.departments)]
    if not set(departments) <= set(own):
        raise UserError("forbidden", "This doctor does not belong to that department.")
    services.carry_out(await services.rooms.set_duty(doctor, connection.hospital, departments))


async def offer_accept(services: Services, connection: Connection, body: messages.OfferAnswer) -> None:
    """Take the patient offered."""
    doctor = access_desk(connection)
    _seat, effects = await services.rooms.accept_offer(doctor, OfferId(body.offer))
    services.carry_out(effects)


async def offer_decline(services: Services, connection: Connection, body: messages.OfferAnswer) -> None:
    """Pass the patient on to the next doctor."""
    doctor = access_desk(connection)
    services.carry_out(await services.rooms.decline_offer(doctor, OfferId(body.offer)))


HANDLERS: dict[str, Handler] = {
    "duty_set": duty_set,
    "offer_accept": offer_accept,
    "offer_decline": offer_decline,
}
