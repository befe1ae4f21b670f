"""HTTP bodies of patients, companions and interpreters: hospitals, walk-ins, links, pictures."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from common.wire import Id, Line, LocalText, Paragraph, Wire
from signaling.socket.messages.shared import Email, Key, Language, Token


class Department(Wire):
    """A department a patient may choose."""

    id: Id
    name: LocalText
    on_duty: int
    waiting: int


class Hospital(Wire):
    """A hospital of this installation and its departments."""

    id: Id
    name: LocalText
    emergency_number: str
    departments: list[Department]


class HospitalList(Wire):
    """`GET /api/hospitals`."""

    hospitals: list[Hospital]


class WalkIn(Wire):
    """`POST /api/walk-ins`: a patient without an appointment takes a place in line.

    `email` is the address on file: a lost link is sent there again, and a call back when the turn comes."""

    hospital: Id
    department: Id
    name: Line
    birth_year: int | None = Field(default=None, ge=1890, le=2100)
    reason: Paragraph = ""
    language: Language
    email: Email | None = None


class SeatGranted(Wire):
    """Reply to `POST /api/walk-ins` and `POST /api/join`: the seat is held by a cookie; `page` is where to go."""

    seat: Id
    page: str


class Practitioner(Wire):
    """A doctor as others see them."""

    id: Id
    name: LocalText
    title: LocalText


class JoinLook(Wire):
    """`POST /api/join/look`: what a link opens, without using it up."""

    token: Token


class LinkCard(Wire):
    """What a link opens. `patient` is the invited patient or whose consultation it is; `in_use`: the seat is connected on
    another device now, and joining here moves it (`replace`)."""

    kind: Literal["patient", "companion", "interpreter", "resume"]
    hospital: LocalText
    department: LocalText
    emergency_number: str
    patient: LocalText | None
    practitioner: Practitioner | None
    time_zone: str
    """Of the hospital, an IANA name."""
    starts_at: float | None
    expires_at: float
    in_use: bool


class JoinToken(Wire):
    """`POST /api/join`: exchanges a link's token, once, for a seat.

    `name` is needed for companions and interpreters; `replace` confirms that a seat connected elsewhere moves here."""

    token: Token
    name: Line | None = None
    replace: bool = False


class LinkReissue(Wire):
    """`POST /api/links`: sends a new link to the address on file, if it is on file; the answer is 202 in any case."""

    email: Email
    language: Language


class PictureStart(Wire):
    """`POST /api/seats/{seat}/pictures`: begins the upload of a picture, or finds how far one with this `key` has come.

    JPEG, PNG and WebP of at most 20 MB are taken; anything else is refused by code, so any type and size may be asked."""

    key: Key
    octets: int = Field(ge=1, le=2**53)
    media_type: Annotated[str, StringConstraints(max_length=100)]


class PictureProgress(Wire):
    """How many octets of a picture the server has. `entry` is the number of its timeline entry once it is there."""

    key: Key
    offset: int
    entry: int | None
