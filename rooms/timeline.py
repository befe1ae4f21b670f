"""The timeline's rules: what is an entry, which changes of a consultation are told in it, how much it holds. Pure.

It is told from the difference between two states of a consultation, so whoever changes one tells of it without knowing;
who may read and write is access.py's, numbering is the store's.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from common.ids import PractitionerId, SeatId
from rooms.consent import UNDER_WAY, RecordingState
from rooms.model import IN_CALL, OVER, Clarity, Consultation, EndedReason, Role, Rung, Seat, State

PAGE = 100
"""Entries at most in one answer or one push."""
MOST_ENTRIES = 5_000
"""What people may write in one consultation, together: at four a minute, all day. Events are told in any case."""


class EntryKind(StrEnum):
    """What an entry is."""

    TEXT = "text"
    PICTURE = "picture"
    EVENT = "event"


class EventCode(StrEnum):
    """What happened, as far as the people in the room want to read it."""

    JOINED = "joined"
    LEFT = "left"
    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"
    LIVE = "live"
    INTERRUPTED = "interrupted"
    MEDIA_LOST = "media_lost"
    MEDIA_BACK = "media_back"
    PICTURE_SMALLER = "picture_smaller"
    PICTURE_LARGER = "picture_larger"
    PICTURE_STILLS = "picture_stills"
    PICTURE_OFF = "picture_off"
    PICTURE_BACK = "picture_back"
    SOUND_WEAK = "sound_weak"
    MOVED = "moved"
    RECORDING_ASKED = "recording_asked"
    RECORDING_ON = "recording_on"
    RECORDING_PAUSED = "recording_paused"
    RECORDING_OFF = "recording_off"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class PictureInfo:
    """What is known of a picture without opening it; sizes in pixels, `octets` as it is stored."""

    id: str
    width: int
    height: int
    octets: int


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry before it has its number. `seat` is whose it is (none: the system's own), `key` the author's."""

    kind: EntryKind
    at: float
    seat: SeatId | None
    key: str | None = None
    text: str = ""
    picture: PictureInfo | None = None
    code: EventCode | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A draft that was stored as `number`, with what is known of its author."""

    number: int
    draft: Draft
    role: Role | None
    name: str | None
    practitioner: PractitionerId | None


@dataclass(frozen=True, slots=True)
class Page:
    """Entries in order; `last` is the number of the timeline's last one."""

    entries: tuple[Entry, ...]
    last: int


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, to whom, and a code that says why."""

    code: EventCode
    seat: SeatId | None = None
    reason: str = ""


def happened(before: Consultation | None, after: Consultation, why: Mapping[SeatId, str]) -> list[Event]:
    """What the timeline tells of this change, in reading order. `why` holds the reasons that people's browsers gave."""
    return [
        *_came(before, after),
        *_seats(before, after),
        *_rungs(before, after, why),
        *_clarity(before, after, why),
        *_recording(before, after),
        *_course(before, after),
    ]


def _came(before: Consultation | None, after: Consultation) -> Iterator[Event]:
    """An invited patient has a seat before coming; everybody else comes with it."""
    if (before is None or before.state is State.SCHEDULED) and after.state not in OVER | {State.SCHEDULED}:
        patient = after.principal(Role.PATIENT)
        yield Event(EventCode.JOINED, patient.id if patient else None)
    for seat in after.seats:
        if _former(before, seat) is None and seat.role is not Role.PATIENT:
            yield Event(EventCode.ACCEPTED if seat.role is Role.PRACTITIONER else EventCode.JOINED, seat.id)


def _seats(before: Consultation | None, after: Consultation) -> Iterator[Event]:
    for seat in after.seats:
        was = _former(before, seat)
        if was is None:
            continue
        if was.confirmed_at is None and seat.confirmed_at is not None:
            yield Event(EventCode.CONFIRMED, seat.id)
        if was.left_at is None and seat.left_at is not None:
            yield Event(EventCode.LEFT, seat.id)


def _rungs(before: Consultation | None, after: Consultation, why: Mapping[SeatId, str]) -> Iterator[Event]:
    """A medium matters in a call: who came to it without one is told when it begins."""
    if after.state not in IN_CALL:
        return
    begins = before is None or before.state not in IN_CALL
    for seat in after.present_seats():
        was = _former(before, seat)
        had = begins or was is None or was.rung is Rung.MEDIA
        if had and seat.rung is not Rung.MEDIA:
            yield Event(EventCode.MEDIA_LOST, seat.id, why.get(seat.id, "no_path"))
        elif not had and seat.rung is Rung.MEDIA:
            yield Event(EventCode.MEDIA_BACK, seat.id)


def _recording(before: Consultation | None, after: Consultation) -> Iterator[Event]:
    """Nobody is named for a no, nor for a yes taken back: everybody is told that it is so, and nobody has to justify it."""
    was = before.recording if before is not None else None
    now = after.recording
    if now is None or (was is not None and (was.state, was.reason) == (now.state, now.reason)):
        return
    match now.state:
        case RecordingState.ASKED:
            doctor = after.principal(Role.PRACTITIONER)
            yield Event(EventCode.RECORDING_ASKED, doctor.id if doctor else None)
        case RecordingState.ON:
            yield Event(EventCode.RECORDING_ON, None, "again" if was is not None and was.started_at is not None else "")
        case RecordingState.PAUSED:
            yield Event(EventCode.RECORDING_PAUSED, None, now.reason)
        case RecordingState.OFF | RecordingState.OVER:
            if was is not None and was.state in UNDER_WAY:
                yield Event(EventCode.RECORDING_OFF, None, now.reason)


def _clarity(before: Consultation | None, after: Consultation, why: Mapping[SeatId, str]) -> Iterator[Event]:
    """Only within a call; a new one begins anew without a word."""
    if after.state not in IN_CALL or before is None or before.state not in IN_CALL:
        return
    for seat in after.present_seats():
        was = _former(before, seat)
        if was is not None and was.clarity is not seat.clarity:
            yield Event(_step(was.clarity, seat.clarity), seat.id, why.get(seat.id, ""))


def _step(was: Clarity, now: Clarity) -> EventCode:
    match now:
        case Clarity.STILLS:
            return EventCode.PICTURE_STILLS
        case Clarity.AUDIO:
            return EventCode.PICTURE_OFF
        case Clarity.TEXT:
            return EventCode.SOUND_WEAK
        case Clarity.HD | Clarity.SD | Clarity.LOW:
            if not was.moves:
                return EventCode.PICTURE_BACK
            return EventCode.PICTURE_SMALLER if now.is_below(was) else EventCode.PICTURE_LARGER
        case _:
            assert_never(now)


def _course(before: Consultation | None, after: Consultation) -> Iterator[Event]:
    if before is None:
        return
    if 0 < before.media_generation < after.media_generation:
        yield Event(EventCode.MOVED, None, "worker")
    if before.state is after.state:
        return
    if after.state is State.LIVE:
        yield Event(EventCode.LIVE, None, "again" if before.live_since is not None else "")
    elif after.state is State.INTERRUPTED:
        gone = _gone(after)
        yield Event(EventCode.INTERRUPTED, gone.id if gone else None, "media" if gone and gone.connected else "connection")
    elif after.state is State.ENDED:
        patient = after.principal(Role.PATIENT) if after.ended_reason is EndedReason.PATIENT_LEFT else None
        yield Event(EventCode.ENDED, patient.id if patient else None, after.ended_reason or "")


def _former(before: Consultation | None, seat: Seat) -> Seat | None:
    return next((one for one in before.seats if one.id == seat.id), None) if before else None


def _gone(consultation: Consultation) -> Seat | None:
    """The principal who has been out of the room the longest."""
    principals = [consultation.principal(role) for role in (Role.PATIENT, Role.PRACTITIONER)]
    gone = [seat for seat in principals if seat is not None and seat.gone_since is not None]
    return min(gone, key=lambda seat: seat.gone_since or 0.0, default=None)
