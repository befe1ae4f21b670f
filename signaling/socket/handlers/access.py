"""The patient's own access log."""

from common.wire import Wire
from rooms.access import access_own_log
from signaling.socket import messages
from signaling.socket.connections import Connection
from signaling.socket.handlers.shared import Handler, Services, access_speaker


async def access_get(services: Services, connection: Connection, body: messages.AccessGet) -> Wire:
    """Who of the hospital looked at this visit's record or recording."""
    speaker = await access_speaker(services, connection, body.seat)
    consultation = await services.rooms.consultation(speaker.seat)
    access_own_log(consultation, speaker.seat)
    return await services.access_log.of(consultation, await services.names.directory())


HANDLERS: dict[str, Handler] = {
    "access_get": access_get,
}
