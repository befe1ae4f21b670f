"""The desk: a doctor's duty and offers, a coordinator's triage."""

from clinic.hospitals import StaffRole
from common.errors import UserError
from common.ids import ConsultationId, DepartmentId, OfferId
from rooms.model import Priority
from signaling.socket import messages
from signaling.socket.connections import Connection
from signaling.socket.handlers.shared import Handler, Services, access_staff


async def duty_set(services: Services, connection: Connection, body: messages.DutySet) -> None:
    """Go on duty for departments of the doctor's own, or off duty."""
    doctor = await access_staff(services, connection, StaffRole.PRACTITIONER)
    directory = await services.names.directory()
    own = directory.practitioners[doctor].departments
    departments = [DepartmentId(department) for department in dict.fromkeys(body.departments)]
    if not set(departments) <= set(own):
        raise UserError("forbidden", "This doctor does not belong to that department.")
    services.carry_out(await services.rooms.set_duty(doctor, connection.hospital, departments))


async def offer_accept(services: Services, connection: Connection, body: messages.OfferAnswer) -> None:
    """Take the patient offered."""
    doctor = await access_staff(services, connection, StaffRole.PRACTITIONER)
    _seat, effects = await services.rooms.accept_offer(doctor, OfferId(body.offer))
    services.carry_out(effects)


async def offer_decline(services: Services, connection: Connection, body: messages.OfferAnswer) -> None:
    """Pass the patient on to the next doctor."""
    doctor = await access_staff(services, connection, StaffRole.PRACTITIONER)
    services.carry_out(await services.rooms.decline_offer(doctor, OfferId(body.offer)))


async def priority_set(services: Services, connection: Connection, body: messages.PrioritySet) -> None:
    """Say how urgent a waiting patient of the coordinator's hospital is."""
    coordinator = await access_staff(services, connection, StaffRole.COORDINATOR)
    which, priority = ConsultationId(body.consultation), Priority(body.priority)
    services.carry_out(await services.rooms.set_priority(coordinator, connection.hospital, which, priority))


HANDLERS: dict[str, Handler] = {
    "duty_set": duty_set,
    "offer_accept": offer_accept,
    "offer_decline": offer_decline,
    "priority_set": priority_set,
}
