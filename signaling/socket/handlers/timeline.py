"""The timeline: posting and reading on, read marks, typing, rungs, stills. The author alone is told an entry's key."""

from rooms.model import Rung
from signaling import entries
from signaling.socket import messages
from signaling.socket.connections import Connection
from signaling.socket.handlers.shared import Handler, Services, access_speaker


async def timeline_post(services: Services, connection: Connection, body: messages.TimelinePost) -> messages.Entry:
    """Write a text; it is stored when this is acknowledged."""
    speaker = await access_speaker(services, connection, body.seat)
    entry, effects = await services.timelines.post(speaker, body.key, body.text)
    if connection.told.get(speaker.consultation) == entry.number - 1:
        connection.told[speaker.consultation] = entry.number  # the acknowledgement tells it
    services.carry_out(effects)
    return entries.entry(entry, await services.names.directory(), speaker.seat)


async def timeline_get(services: Services, connection: Connection, body: messages.TimelineGet) -> messages.TimelineEntries:
    """The entries after a number."""
    speaker = await access_speaker(services, connection, body.seat)
    page = await services.timelines.page(speaker, body.after)
    reached = page.entries[-1].number if page.entries else body.after
    if reached == page.last:
        connection.told[speaker.consultation] = page.last
    return entries.page(page, await services.names.directory(), speaker.seat)


async def timeline_read(services: Services, connection: Connection, body: messages.TimelineRead) -> None:
    """Everything up to a number was seen."""
    speaker = await access_speaker(services, connection, body.seat)
    services.carry_out(await services.timelines.read(speaker, body.number))


async def typing_set(services: Services, connection: Connection, body: messages.TypingSet) -> None:
    """Somebody is writing: nothing is stored."""
    speaker = await access_speaker(services, connection, body.seat)
    await services.timelines.access(speaker)
    services.tell_typing(speaker)


async def seat_path(services: Services, connection: Connection, body: messages.SeatPath) -> None:
    """How this seat takes part now."""
    speaker = await access_speaker(services, connection, body.seat)
    services.carry_out(await services.timelines.take_rung(speaker, Rung(body.rung), body.reason))


async def still_send(services: Services, connection: Connection, body: messages.StillSend) -> None:
    """A picture of now for the others."""
    speaker = await access_speaker(services, connection, body.seat)
    await services.stills.send(speaker, body.image)


HANDLERS: dict[str, Handler] = {
    "timeline_post": timeline_post,
    "timeline_get": timeline_get,
    "timeline_read": timeline_read,
    "typing_set": typing_set,
    "seat_path": seat_path,
    "still_send": still_send,
}
