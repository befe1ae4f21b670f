"""A desk's messages: duty, offers, triage, notes; and the state that a doctor or a coordinator sees."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from common.wire import NO_NUL, Id, LocalText, Wire
from signaling.socket.messages.seat import Intake
from signaling.socket.messages.shared import Expectation, Priority, RedFlag

NoteText = Annotated[str, StringConstraints(max_length=8000, pattern=NO_NUL)]

# --- to the server ---------------------------------------------------------------------------------------------------


class DutySet(Wire):
    """`duty_set`: the departments the doctor takes patients of from now on; none means off duty."""

    departments: list[Id] = Field(max_length=32)


class OfferAnswer(Wire):
    """`offer_accept`, `offer_decline`."""

    offer: Id


class PrioritySet(Wire):
    """`priority_set`: a coordinator triages a waiting patient."""

    consultation: Id
    priority: Priority


class Notes(Wire):
    """A doctor's notes of one consultation. `advice` is what the summary for the patient begins with."""

    complaint: NoteText
    illness: NoteText
    history: NoteText
    allergies: NoteText
    assessment: NoteText
    advice: NoteText


class NotesSave(Wire):
    """`notes_save`: stores the notes over revision `revision` (0: none yet). `notes_changed` when another one is there."""

    seat: Id
    revision: int = Field(ge=0)
    notes: Notes


class NotesGet(Wire):
    """`notes_get`: asks for the notes as they are stored."""

    seat: Id


class NotesKept(Wire):
    """Acknowledgement of `notes_save` and `notes_get`: the notes as they are stored; revision 0 where none were."""

    revision: int
    saved_at: float | None
    notes: Notes


# --- to the browser --------------------------------------------------------------------------------------------------


class QueueLine(Wire):
    """One waiting patient as the desk shows it."""

    consultation: Id
    department: Id
    name: LocalText
    birth_year: int | None
    reason: str
    priority: Priority
    red_flags: list[RedFlag]
    expect: Expectation | None
    waiting_since: float
    state: Literal["waiting", "offered"]
    present: bool
    callback: bool
    for_you: bool
    """Invited by this doctor."""


class Offer(Wire):
    """A patient offered to this doctor alone until `expires_at`."""

    id: Id
    consultation: Id
    department: Id
    name: LocalText
    birth_year: int | None
    reason: str
    priority: Priority
    intake: Intake | None
    expect: Expectation | None
    waiting_since: float
    made_at: float
    expires_at: float


class InvitedLine(Wire):
    """A patient invited by this doctor who has not come yet."""

    consultation: Id
    department: Id
    name: LocalText
    starts_at: float | None
    expires_at: float
    contact: str | None
    """The address on file, masked."""


class RecentLine(Wire):
    """One of this doctor's consultations of today that has ended; its timeline can still be read and written."""

    consultation: Id
    seat: Id
    name: LocalText
    ended_at: float
    unread: int


class DeskDoctor(Wire):
    """A doctor on duty as a coordinator sees them."""

    practitioner: Id
    name: LocalText
    departments: list[Id]
    state: Literal["free", "offered", "in_call", "away"]


class DeskState(Wire):
    """`desk_state`: all that a doctor's desk shows beside the call itself. A coordinator sees all departments of the hospital
    and `doctors`, and is offered nobody."""

    revision: int
    server_time: float
    on_duty: list[Id]
    waiting: int
    """How many wait in this desk's departments; `queue` holds the first fifty of them."""
    queue: list[QueueLine]
    offer: Offer | None
    seat: Id | None
    """The doctor's seat in the consultation under way; its own `seat_state` messages follow."""
    seen_today: int
    invited: list[InvitedLine]
    recent: list[RecentLine]
    doctors: list[DeskDoctor]


class SocketClosing(Wire):
    """`socket_closing`: the last message before the server closes the connection, and whether to come back."""

    code: Literal["signed_out", "replaced", "server_stopping", "protocol_error", "too_many_messages"]
    retry: bool
