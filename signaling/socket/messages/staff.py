"""HTTP bodies of the staff: signing in, invitations."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from common.wire import Id, Line, LocalText, Paragraph, Wire
from signaling.socket.messages.public import Department, Practitioner
from signaling.socket.messages.shared import Email, Language, StaffRole


class SignIn(Wire):
    """`POST /api/staff/session`. `code` is the one-time code (RFC 6238); without it the answer says what comes next."""

    staff_number: Annotated[str, StringConstraints(pattern=r"^[0-9]{3,12}$")]
    password: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")] | None = None


class SignInStep(Wire):
    """`POST /api/staff/session` with a right password and no code: 200. `enrol` comes with what an authenticator app reads;
    the next request with a code of it completes the enrolment."""

    next: Literal["code", "enrol"]
    secret: str | None
    uri: str | None


class StaffSession(Wire):
    """`GET` and `POST /api/staff/session`: who is signed in here."""

    practitioner: Practitioner
    role: StaffRole
    hospital: LocalText
    departments: list[Department]


class Invitation(Wire):
    """`POST /api/staff/invitations`: a doctor invites a patient; the link is returned and, with an address, mailed."""

    department: Id
    name: Line
    birth_year: int | None = Field(default=None, ge=1890, le=2100)
    email: Email | None = None
    reason: Paragraph = ""
    language: Language
    starts_at: float | None = Field(default=None, ge=0)


class InvitationMade(Wire):
    """The link of an invitation: `path` holds the token in its fragment; it is shown once and stored only as a hash."""

    consultation: Id
    path: str
    expires_at: float
    mailed: bool
