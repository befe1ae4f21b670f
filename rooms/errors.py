"""What rooms refuses, by stable code. Decides codes and sentences; never decides when to refuse."""

from common.errors import UserError


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


def room_full() -> UserError:
    """The consultation has as many seats as it may have."""
    return UserError("room_full", "No more people can join this consultation.")


def timeline_closed() -> UserError:
    """The consultation ended longer ago than its timeline stays open."""
    return UserError("timeline_closed", "This conversation is closed.")


def timeline_full() -> UserError:
    """The consultation holds as many entries as it may."""
    return UserError("timeline_full", "Nothing more can be written in this consultation.")


def not_in_call() -> UserError:
    """Asked for a room while the consultation has no call."""
    return UserError("not_in_call", "There is no call in this consultation now.")


def not_waiting() -> UserError:
    """Only who is in line can be triaged."""
    return UserError("not_waiting", "This patient is not in the line of this hospital.")
