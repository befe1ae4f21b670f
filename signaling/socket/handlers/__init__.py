"""What each message of a browser does. One function a message: authorise, ask the domain, hand its effects on.

Bodies are validated before they come here; errors go back to the sender alone as `ErrorReply`.
"""

from signaling.socket.handlers import access, call, chart, checks, consent, desk, flight, links, quality, timeline
from signaling.socket.handlers.shared import Handler

WITHOUT_TURN = frozenset(
    {
        *("timeline_post", "timeline_get", "timeline_read", "typing_set", "still_send"),
        *("notes_get", "notes_save", "ice_get", "check_offer", "check_close", "peer_offer", "seat_quality", "call_quality"),
    }
)
"""Messages that take no turn of the hospital; each other one makes everybody in it wait for some milliseconds."""

HANDLERS: dict[str, Handler] = {
    **call.HANDLERS,
    **chart.HANDLERS,
    **checks.HANDLERS,
    **consent.HANDLERS,
    **access.HANDLERS,
    **flight.HANDLERS,
    **links.HANDLERS,
    **quality.HANDLERS,
    **timeline.HANDLERS,
    **desk.HANDLERS,
}
