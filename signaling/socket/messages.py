"""Every message between a browser and signaling. The TypeScript types and PROTOCOL.md's tables are made from this file.

Client messages are `subject_verb` and acknowledged with `Ack`; server messages carry whole states, not changes: a browser
that missed ten of them is right again with the eleventh. A state with a `revision` not above the last one seen is ignored.
"""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from common.wire import Id, Line, LocalText, Mid, Paragraph, Sdp, Wire

Role = Literal["patient", "practitioner", "companion", "interpreter"]
Language = Literal["zh", "en"]
ConsultationState = Literal["scheduled", "waiting", "offered", "connecting", "live", "interrupted", "ended"]
EndedReason = Literal["completed", "patient_left", "cancelled", "lapsed"]
Priority = Literal["emergency", "urgent", "routine"]


# --- HTTP bodies -----------------------------------------------------------------------------------------------------


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
    """`POST /api/walk-ins`: a patient without an appointment takes a place in line."""

    hospital: Id
    department: Id
    name: Line
    birth_year: int | None = Field(default=None, ge=1890, le=2100)
    reason: Paragraph = ""
    language: Language


class SeatGranted(Wire):
    """Reply to `POST /api/walk-ins` and `POST /api/join`: the seat is held by a cookie; `page` is where to go."""

    seat: Id
    page: str


class JoinToken(Wire):
    """`POST /api/join`: exchanges a link's token, once, for a seat."""

    token: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
    name: Line


class SignIn(Wire):
    """`POST /api/staff/session`."""

    staff_number: Annotated[str, StringConstraints(pattern=r"^[0-9]{3,12}$")]
    password: Annotated[str, StringConstraints(min_length=1, max_length=256)]


class Practitioner(Wire):
    """A doctor as others see them."""

    id: Id
    name: LocalText
    title: LocalText


class StaffSession(Wire):
    """`GET` and `POST /api/staff/session`: who is signed in here."""

    practitioner: Practitioner
    hospital: LocalText
    departments: list[Department]


class ErrorReply(Wire):
    """Body of every HTTP error and of every refused Socket.IO message."""

    code: str
    message: str


# --- Socket.IO: to the server ----------------------------------------------------------------------------------------


class ConnectAuth(Wire):
    """`auth` of the connection: which of this browser's cookies speaks. `seat` is left out for a staff desk."""

    audience: Literal["seat", "desk"]
    seat: Id | None = None
    protocol: Literal[1] = 1


class WantedTrack(Wire):
    """An m-line of the offer to be filled with the sound or picture of `seat`."""

    mid: Mid
    seat: Id


class PeerOffer(Wire):
    """`peer_offer`: the browser's SDP. `peer` is an id that the browser draws anew (``p_`` and 16 of a-z2-7) for each
    RTCPeerConnection; an offer with the same `peer` renegotiates, with another one it replaces the seat's former peer."""

    seat: Id
    peer: Id
    sdp: Sdp
    wanted: list[WantedTrack] = Field(max_length=16)


class PeerAnswer(Wire):
    """Acknowledgement of `peer_offer`."""

    sdp: str


class SeatMedia(Wire):
    """`seat_media`: what this seat sends now; others show it as words."""

    seat: Id
    microphone: bool
    camera: bool


class SeatLeave(Wire):
    """`seat_leave`: a patient gives up the place in line; a companion leaves the room."""

    seat: Id


class ConsultationEnd(Wire):
    """`consultation_end`: the doctor or the patient ends it for everyone."""

    seat: Id


class LinkCreate(Wire):
    """`link_create`: asks for a link by which one more person may join."""

    seat: Id
    role: Literal["companion", "interpreter"]


class LinkCreated(Wire):
    """Acknowledgement of `link_create`: `path` holds the token in its fragment; it is shown once and stored only as a hash."""

    path: str
    expires_at: float


class DutySet(Wire):
    """`duty_set`: the departments the doctor takes patients of from now on; none means off duty."""

    departments: list[Id] = Field(max_length=32)


class OfferAnswer(Wire):
    """`offer_accept`, `offer_decline`."""

    offer: Id


# --- Socket.IO: to the browser ---------------------------------------------------------------------------------------


class Person(Wire):
    """Somebody with a seat in the consultation. `in_call` tells that their media may be asked for."""

    seat: Id
    role: Role
    name: LocalText
    title: LocalText | None
    present: bool
    in_call: bool
    microphone: bool
    camera: bool


class Place(Wire):
    """Place in line: how many are called before, and the wait as an interval in minutes (none while it cannot be known)."""

    ahead: int
    low_minutes: int | None
    high_minutes: int | None
    doctors_on_duty: int


class SeatState(Wire):
    """`seat_state`: all that the holder of a seat sees. Times are seconds since 1970 UTC."""

    revision: int
    server_time: float
    consultation: Id
    state: ConsultationState
    ended_reason: EndedReason | None
    hospital: LocalText
    department: LocalText
    emergency_number: str
    seat: Id
    people: list[Person]
    place: Place | None
    media_epoch: str | None
    """Changes when media must start afresh (another worker); none while there is no call."""
    waiting_since: float | None
    live_since: float | None
    ended_at: float | None


class QueueLine(Wire):
    """One waiting patient as the desk shows it."""

    consultation: Id
    department: Id
    name: LocalText
    birth_year: int | None
    reason: str
    priority: Priority
    waiting_since: float
    state: Literal["waiting", "offered"]
    present: bool


class Offer(Wire):
    """A patient offered to this doctor alone until `expires_at`."""

    id: Id
    consultation: Id
    department: Id
    name: LocalText
    birth_year: int | None
    reason: str
    priority: Priority
    waiting_since: float
    made_at: float
    expires_at: float


class DeskState(Wire):
    """`desk_state`: all that a doctor's desk shows beside the call itself."""

    revision: int
    server_time: float
    on_duty: list[Id]
    waiting: int
    """How many wait in this doctor's departments; `queue` holds the first fifty of them."""
    queue: list[QueueLine]
    offer: Offer | None
    seat: Id | None
    """The doctor's seat in the consultation under way; its own `seat_state` messages follow."""
    seen_today: int


class SocketClosing(Wire):
    """`socket_closing`: the last message before the server closes the connection, and whether to come back."""

    code: Literal["signed_out", "replaced", "server_stopping", "protocol_error", "too_many_messages"]
    retry: bool


CLIENT_MESSAGES: dict[str, tuple[type[Wire], type[Wire] | None]] = {
    "peer_offer": (PeerOffer, PeerAnswer),
    "seat_media": (SeatMedia, None),
    "seat_leave": (SeatLeave, None),
    "consultation_end": (ConsultationEnd, None),
    "link_create": (LinkCreate, LinkCreated),
    "duty_set": (DutySet, None),
    "offer_accept": (OfferAnswer, None),
    "offer_decline": (OfferAnswer, None),
}
"""Name → (body, acknowledgement's body).
The acknowledgement is `{"ok": true, "body": …}` or `{"ok": false, "error": ErrorReply}`."""

SERVER_MESSAGES: dict[str, type[Wire]] = {
    "seat_state": SeatState,
    "desk_state": DeskState,
    "socket_closing": SocketClosing,
}
