"""What rooms refuses, by stable code. Decides codes and sentences; never decides when to refuse."""

from common.errors import Unavailable, UserError


class InvalidTransition(Exception):
    """A consultation was asked for a step that its state does not have: a bug of ours, never a person's mistake."""

    def __init__(self, state: str, event: str) -> None:
        super().__init__(f"no step {event} from {state}")
        self.state = state
        self.event = event


def offer_gone() -> UserError:
    """The offer was answered, withdrawn or timed out before."""
    return UserError("offer_gone", "This offer is no longer open.")


def consultation_over() -> UserError:
    """The consultation has ended."""
    return UserError("consultation_over", "This consultation has ended.")


def not_allowed() -> UserError:
    """The seat's role may not do this."""
    return UserError("not_allowed", "This seat may not do that.")


def seat_unknown() -> UserError:
    """No such seat, or it was left."""
    return UserError("seat_unknown", "There is no such seat.")


def link_spent() -> UserError:
    """Unknown, used, expired or revoked: the four look alike from outside, so that nothing is learnt by trying."""
    return UserError("link_spent", "This link is not valid any more.")


def link_unknown() -> UserError:
    """No open link of this seat's making has that id."""
    return UserError("link_unknown", "This seat has no open link of that id.")


def too_many_links() -> UserError:
    """More open links than a person can look over."""
    return UserError("too_many_links", "This consultation has too many open links; revoke one first.")


def name_needed() -> UserError:
    """A guest says who they are."""
    return UserError("name_needed", "A companion or interpreter gives a name.")


def seat_in_use() -> UserError:
    """Connected on another device; moving it needs a confirmation."""
    return UserError("seat_in_use", "This seat is connected on another device; join with `replace` to move it here.")


def not_confirmed() -> UserError:
    """The name cards are not confirmed, so no media may flow."""
    return UserError("not_confirmed", "The name cards are not confirmed yet.")


def invitation_gone() -> UserError:
    """No such invitation of this doctor's: taken back, lapsed, or the patient has come."""
    return UserError("invitation_gone", "There is no such open invitation.")


def too_many_invitations() -> UserError:
    """More open invitations than a desk can show."""
    return UserError("too_many_invitations", "There are too many open invitations; take one back first.")


def email_needed() -> UserError:
    """Nobody can be called back without an address."""
    return UserError("email_needed", "There is no address to call back to.")


def room_full() -> UserError:
    """The consultation has as many seats as it may have."""
    return UserError("room_full", "No more people can join this consultation.")


def timeline_closed() -> UserError:
    """The consultation ended longer ago than its timeline stays open."""
    return UserError("timeline_closed", "This conversation is closed.")


def timeline_full() -> UserError:
    """The consultation holds as many entries as it may."""
    return UserError("timeline_full", "Nothing more can be written in this consultation.")


def picture_refused(code: str) -> UserError:
    """The file is no picture that is taken, by the reason's code."""
    return UserError(code, _PICTURES.get(code, "The picture cannot be taken."))


_PICTURES = {
    "picture_type": "Only JPEG, PNG and WebP pictures are taken.",
    "picture_too_large": "A picture may have 20 MB.",
    "picture_dimensions": "The picture has too many pixels.",
    "picture_broken": "The picture cannot be read.",
}


class OffsetMismatch(UserError):
    """A chunk does not follow what is there; `offset` is where the next one begins."""

    def __init__(self, offset: int) -> None:
        super().__init__("picture_offset", "The upload continues elsewhere.")
        self.offset = offset


def picture_offset(offset: int) -> UserError:
    """The octets sent are not the next ones."""
    return OffsetMismatch(offset)


def picture_unknown() -> UserError:
    """No such picture or upload here."""
    return UserError("picture_unknown", "There is no such picture.")


def picture_key_taken() -> UserError:
    """The key belongs to another entry of this seat."""
    return UserError("picture_key_taken", "This key was used for something else.")


def too_many_pictures() -> UserError:
    """The seat or the consultation has as many pictures as it may."""
    return UserError("too_many_pictures", "No more pictures can be added now.")


def uploads_full() -> Unavailable:
    """The installation takes in as many octets of pictures as it may."""
    return Unavailable("uploads_full", "Too many pictures are being taken in; this one fits in a while.", retry_after_s=60)


def not_in_call() -> UserError:
    """Asked for a room while the consultation has no call."""
    return UserError("not_in_call", "There is no call in this consultation now.")


def not_waiting() -> UserError:
    """Only who is in line can be triaged, or called back."""
    return UserError("not_waiting", "This patient is not in the line of this hospital.")


def recording_off() -> UserError:
    """The hospital records no consultations."""
    return UserError("recording_off", "This hospital does not record consultations.")


def recording_under_way() -> UserError:
    """Asked already: one question at a time."""
    return UserError("recording_under_way", "Recording was asked for already.")


def not_asked() -> UserError:
    """An answer to a question that was not asked, or is not asked any more."""
    return UserError("not_asked", "Nobody asks for that now.")


def nothing_to_withdraw() -> UserError:
    """This seat has given no such consent."""
    return UserError("nothing_to_withdraw", "There is no such consent to take back.")
