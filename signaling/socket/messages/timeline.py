"""The timeline: text, pictures and events in one list, stored before shown, numbered from 1 without gaps."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from common.wire import NO_NUL, Id, LocalText, Wire
from signaling.socket.messages.shared import Key, Role

EntryKind = Literal["text", "picture", "event"]
EventCode = Literal[
    "joined",
    "left",
    "offered",
    "accepted",
    "confirmed",
    "live",
    "interrupted",
    "media_lost",
    "media_back",
    "picture_smaller",
    "picture_larger",
    "picture_stills",
    "picture_off",
    "picture_back",
    "sound_weak",
    "moved",
    "recording_asked",
    "recording_on",
    "recording_paused",
    "recording_off",
    "ended",
]


class Picture(Wire):
    """A picture of the timeline: `GET /api/seats/{seat}/pictures/{id}`, and `…/{id}/thumbnail` (at most 320 px)."""

    id: Id
    width: int
    height: int
    octets: int


class Entry(Wire):
    """One entry. `seat` and `name` say whose it is (none: the system's own); `key` is the author's, for whom alone it is there.

    `code` names an event; `text` is free text of a person, empty for events and pictures without words."""

    number: int
    at: float
    kind: EntryKind
    seat: Id | None
    role: Role | None
    name: LocalText | None
    key: str | None
    text: str
    picture: Picture | None
    code: EventCode | None
    reason: str
    """A code that says why, for some events; empty else."""


class TimelinePost(Wire):
    """`timeline_post`: writes a text. The same `key` again gives the same entry again."""

    seat: Id
    key: Key
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000, pattern=NO_NUL)]


class TimelineGet(Wire):
    """`timeline_get`: the entries after a number, at most a hundred."""

    seat: Id
    after: int = Field(ge=0)


class TimelineEntries(Wire):
    """Entries in order. `last` is the number of the timeline's last entry: where it is higher, ask again."""

    seat: Id
    entries: list[Entry]
    last: int


class TimelineRead(Wire):
    """`timeline_read`: this seat has seen everything up to `number`."""

    seat: Id
    number: int = Field(ge=0)


class TypingSet(Wire):
    """`typing_set`: somebody at this seat is writing; say it again every three seconds while it lasts."""

    seat: Id


class TypingSeen(Wire):
    """`typing_seen`: somebody at another seat is writing; it holds for five seconds."""

    seat: Id


class StillSend(Wire):
    """`still_send`: a picture of now for the others, where video cannot pass; at most one in two seconds.

    `image` is a JPEG in base64, at most 640 pixels wide."""

    seat: Id
    image: Annotated[str, StringConstraints(min_length=4, max_length=56 * 1024, pattern=r"^[A-Za-z0-9+/]+={0,2}$")]


class StillSeen(Wire):
    """`still_seen`: the latest still of another seat."""

    seat: Id
    image: str
    at: float
