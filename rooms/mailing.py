"""Links and the letters that carry them, put together. Decides how long a mailed link is good; stores nothing."""

from common.ids import SeatId, new_id
from common.outbox.letter import Letter, LetterKind
from rooms.access import new_token, token_hash
from rooms.lifecycle import CALLBACK_LAPSE_S
from rooms.link import Link, LinkGrant, LinkKind
from rooms.model import Consultation, State

REISSUED_S = 24 * 3600.0


def new_link(
    consultation: Consultation, kind: LinkKind, seat: SeatId | None, *, made_by: str, expires_at: float, now: float
) -> tuple[Link, LinkGrant]:
    """A link of this consultation as it is stored, and as it is handed out."""
    token = new_token()
    link = Link(
        id=new_id("l"),
        token_hash=token_hash(token),
        consultation=consultation.id,
        hospital=consultation.hospital,
        kind=kind,
        seat=seat,
        made_by=made_by,
        created_at=now,
        expires_at=expires_at,
    )
    return link, LinkGrant(link.id, token, expires_at)


def new_letter(consultation: Consultation, kind: LetterKind, grant: LinkGrant, now: float) -> Letter:
    """The letter that carries a link to the address on file, which there must be."""
    assert consultation.contact is not None
    return Letter(
        id=new_id("m"),
        kind=kind,
        hospital=consultation.hospital,
        subject=consultation.id,
        recipient=consultation.contact,
        language=consultation.language,
        path=join_path(grant.token),
        starts_at=consultation.starts_at,
        created_at=now,
    )


def join_path(token: str) -> str:
    """Where a link leads. The token stands in the fragment, which no browser sends to a server."""
    return f"/join#{token}"


def mailed_link(consultation: Consultation, letter: LetterKind, now: float) -> tuple[LinkKind, float]:
    """What a mailed link opens, and until when: a call's as long as the place is kept, an invitation's as the invitation."""
    if consultation.state is State.SCHEDULED and consultation.open_until is not None:
        return LinkKind.PATIENT, consultation.open_until
    return LinkKind.RESUME, now + (CALLBACK_LAPSE_S if letter is LetterKind.TURN else REISSUED_S)
