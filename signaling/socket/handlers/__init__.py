"""What each message of a browser does. One function a message: authorise, ask the domain, hand its effects on.

Bodies are validated before they come here; errors go back to the sender alone as `ErrorReply`.
"""

from signaling.socket.handlers import call, chart, checks, consent, desk, links, timeline
from signaling.socket.handlers.shared import Handler

HANDLERS: dict[str, Handler] = {
    **call.HANDLERS,
    **chart.HANDLERS,
    **checks.HANDLERS,
    **consent.HANDLERS,
    **links.HANDLERS,
    **timeline.HANDLERS,
    **desk.HANDLERS,
}
