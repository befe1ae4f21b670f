"""A seat's messages: joining, media, links, intake; and the state that its holder sees."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from common.wire import NO_NUL, Id, LocalText, Mid, Paragraph, Sdp, Wire
from signaling.socket.messages.check import CheckResult
from signaling.socket.messages.consent import RecordingStatus
from signaling.socket.messages.shared import (
    ConsultationState,
    Email,
    EndedReason,
    Rating,
    RedFlag,
    Role,
    Rung,
)

Point = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300, pattern=NO_NUL)]
LongText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000, pattern=NO_NUL)]

# --- to the server ---------------------------------------------------------------------------------------------------


class ConnectAuth(Wire):
    """`auth` of the connection: which of this browser's cookies speaks. `seat` is left out for a staff desk."""

    audience: Literal["seat", "desk"]
    seat: Id | None = None
    protocol: Literal[1] = 1


class WantedTrack(Wire):
    """An m-line of the offer to be filled with the sound or picture of `seat`; `size` is how large the picture is shown."""

    mid: Mid
    seat: Id
    size: Literal["small", "medium", "large"] = "large"


class PeerOffer(Wire):
    """`peer_offer`: the browser's SDP. `peer` is an id that the browser draws anew (``p_`` and 16 of a-z2-7) for each
    RTCPeerConnection; an offer with the same `peer` renegotiates, with another one it replaces the seat's former peer."""

    seat: Id
    peer: Id
    sdp: Sdp
    wanted: list[WantedTrack] = Field(max_length=16)


class PeerAnswer(Wire):
    """Acknowledgement of `peer_offer` and `check_offer`."""

    sdp: str


class SeatMedia(Wire):
    """`seat_media`: what this seat sends now; others show it as words."""

    seat: Id
    microphone: bool
    camera: bool


class SeatPath(Wire):
    """`seat_path`: how this seat takes part now, as its browser finds. Others are told at once, and the timeline keeps it with
    the `reason`: no path to the relay was found, the browser has no WebRTC, or the person chose so."""

    seat: Id
    rung: Rung
    reason: Literal["no_path", "no_webrtc", "chosen"] | None = None


class SeatConfirm(Wire):
    """`seat_confirm`: the name card is right, or not. No media flows before patient and practitioner have both confirmed;
    a wrong card ends the consultation before anybody was seen or heard."""

    seat: Id
    right: bool


class SeatLeave(Wire):
    """`seat_leave`: a patient gives up the place in line; a companion leaves the room."""

    seat: Id


class Summary(Wire):
    """What a doctor gives the patient to take home: what was agreed, point by point, and what comes next."""

    agreed: list[Point] = Field(max_length=12)
    next_step: Paragraph = ""


class ConsultationEnd(Wire):
    """`consultation_end`: the doctor or the patient ends it for everyone; a doctor may give a summary."""

    seat: Id
    summary: Summary | None = None


class RatingSet(Wire):
    """`rating_set`: how it was, for the patient; may be changed until the page closes for good."""

    seat: Id
    rating: Rating


class LinkCreate(Wire):
    """`link_create`: asks for a link by which one more person may join, or (`self`) by which this seat moves to another
    device."""

    seat: Id
    role: Literal["companion", "interpreter", "self"]


class LinkCreated(Wire):
    """Acknowledgement of `link_create`: `path` holds the token in its fragment; it is shown once and stored only as a hash."""

    link: Id
    path: str
    expires_at: float


class LinkRevoke(Wire):
    """`link_revoke`: a link that this seat made opens nothing from now on."""

    seat: Id
    link: Id


class CallbackSet(Wire):
    """`callback_set`: the patient wants to be called back by mail when the turn comes, or not any more.

    The place is kept while away. `email` becomes the address on file."""

    seat: Id
    wanted: bool
    email: Email | None = None


class IntakeSave(Wire):
    """`intake_save`: the patient's answers, saved after each question; `done` when the last one was answered."""

    seat: Id
    reason: Paragraph
    history: LongText
    allergies: LongText
    red_flags: list[RedFlag] = Field(max_length=6)
    done: bool


# --- to the browser --------------------------------------------------------------------------------------------------


class Person(Wire):
    """Somebody with a seat in the consultation. `in_call` tells that their media may be asked for, `confirmed` that they
    said yes to the name card, `read` the number of the last timeline entry that they have seen."""

    seat: Id
    role: Role
    name: LocalText
    title: LocalText | None
    present: bool
    in_call: bool
    microphone: bool
    camera: bool
    confirmed: bool
    rung: Rung
    read: int


class Place(Wire):
    """Place in line: how many are called before, and the wait as an interval in minutes (none while it cannot be known)."""

    ahead: int
    low_minutes: int | None
    high_minutes: int | None
    doctors_on_duty: int


class Intake(Wire):
    """What the patient told before the call."""

    history: str
    allergies: str
    red_flags: list[RedFlag]
    done: bool


class PatientBrief(Wire):
    """Who the patient is and what they told: for the patient and the practitioner, nobody else."""

    name: LocalText
    birth_year: int | None
    reason: str
    intake: Intake | None
    check: CheckResult | None


class OpenLink(Wire):
    """A link made by this seat that was not used yet."""

    link: Id
    role: Literal["companion", "interpreter", "self"]
    expires_at: float


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
    time_zone: str
    """Of the hospital, an IANA name."""
    seat: Id
    people: list[Person]
    patient: PatientBrief | None
    place: Place | None
    callback: bool
    """The patient asked to be called back."""
    contact: str | None
    """The address on file, masked, for the patient alone."""
    links: list[OpenLink]
    media_epoch: str | None
    """Changes when media must start afresh (another worker); none while there is no call or a name card is not confirmed."""
    last_entry: int
    """Number of the timeline's last entry."""
    starts_at: float | None
    waiting_since: float | None
    live_since: float | None
    ended_at: float | None
    summary: Summary | None
    rating: Rating | None
    recording: RecordingStatus
