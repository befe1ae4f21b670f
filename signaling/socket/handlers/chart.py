"""What is told and written about a consultation: intake, notes, rating. The summary comes with `consultation_end` (call.py)."""

from clinic.chart import Notes, NotesKept, Rating
from clinic.intake import Intake, RedFlag, alarms
from common.wire import Wire
from rooms.access import access_chart, access_patient, access_rating
from rooms.model import SeatIdentity
from signaling.socket import messages
from signaling.socket.connections import Connection
from signaling.socket.handlers.shared import Handler, Services, access_speaker, author_of


async def intake_save(services: Services, connection: Connection, body: messages.IntakeSave) -> None:
    """Keep the patient's answers. A red flag raises the alarm before anything else: that much must not be lost on the way."""
    speaker = await access_speaker(services, connection, body.seat)
    access_patient(await services.rooms.consultation(speaker.seat), speaker.seat)
    flags = tuple(RedFlag(flag) for flag in dict.fromkeys(body.red_flags))
    known = await services.charts.intake(speaker.consultation)
    said = known.said if known else ()
    if alarms(said, flags):
        services.carry_out(await services.rooms.alarm(speaker.seat))
    intake = Intake(body.history, body.allergies, flags, body.done, tuple(dict.fromkeys((*said, *flags))))
    await services.charts.save_intake(author_of(speaker), intake)
    services.carry_out(await services.rooms.tell(speaker.seat, body.reason))


async def notes_save(services: Services, connection: Connection, body: messages.NotesSave) -> Wire:
    """Store the notes over the revision that the doctor saw."""
    speaker = await _access_notes(services, connection, body.seat)
    notes = Notes(**body.notes.model_dump())
    return _kept(await services.charts.save_notes(author_of(speaker), body.revision, notes))


async def notes_get(services: Services, connection: Connection, body: messages.NotesGet) -> Wire:
    """The notes as they are stored."""
    speaker = await _access_notes(services, connection, body.seat)
    return _kept(await services.charts.notes(author_of(speaker)))


async def rating_set(services: Services, connection: Connection, body: messages.RatingSet) -> None:
    """How it was, for the patient; the latest counts."""
    speaker = await access_speaker(services, connection, body.seat)
    access_rating(await services.rooms.consultation(speaker.seat), speaker.seat)
    if await services.charts.rate(author_of(speaker), Rating(body.rating)):
        services.metrics.ratings.labels(body.rating).inc()
    services.carry_out(await services.rooms.shown(speaker.seat))


async def _access_notes(services: Services, connection: Connection, seat: str) -> SeatIdentity:
    speaker = await access_speaker(services, connection, seat)
    access_chart(await services.rooms.consultation(speaker.seat), speaker.seat, services.clock.now())
    return speaker


def _kept(kept: NotesKept) -> Wire:
    notes = messages.Notes(
        complaint=kept.notes.complaint,
        illness=kept.notes.illness,
        history=kept.notes.history,
        allergies=kept.notes.allergies,
        assessment=kept.notes.assessment,
        advice=kept.notes.advice,
    )
    return messages.NotesKept(revision=kept.revision, saved_at=kept.saved_at, notes=notes)


HANDLERS: dict[str, Handler] = {
    "intake_save": intake_save,
    "notes_save": notes_save,
    "notes_get": notes_get,
    "rating_set": rating_set,
}
