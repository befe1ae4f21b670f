"""What browsers report of a call's quality, handed on to the media worker that decides by it."""

from signaling.socket import messages
from signaling.socket.connections import Connection
from signaling.socket.handlers.shared import Handler, Services, access_speaker


async def seat_quality(services: Services, connection: Connection, body: messages.SeatQuality) -> None:
    """A browser's report."""
    await services.quality.report(await access_speaker(services, connection, body.seat), body)


HANDLERS: dict[str, Handler] = {"seat_quality": seat_quality}
