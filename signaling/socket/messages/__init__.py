"""Every message between a browser and signaling. The TypeScript types and PROTOCOL.md's tables are made from this package.

Client messages are `subject_verb` and acknowledged with `Ack`; server messages carry whole states, not changes: a browser
that missed ten of them is right again with the eleventh. A state with a `revision` not above the last one seen is ignored.
"""

from common.wire import Wire
from signaling.socket.messages import (
    access,
    archive,
    check,
    consent,
    desk,
    flight,
    public,
    quality,
    seat,
    shared,
    staff,
    timeline,
)
from signaling.socket.messages.access import *  # noqa: F403
from signaling.socket.messages.archive import *  # noqa: F403  (the package is read as one list of messages)
from signaling.socket.messages.check import *  # noqa: F403
from signaling.socket.messages.consent import *  # noqa: F403
from signaling.socket.messages.desk import *  # noqa: F403
from signaling.socket.messages.flight import *  # noqa: F403
from signaling.socket.messages.public import *  # noqa: F403
from signaling.socket.messages.quality import *  # noqa: F403
from signaling.socket.messages.seat import *  # noqa: F403
from signaling.socket.messages.shared import *  # noqa: F403
from signaling.socket.messages.staff import *  # noqa: F403
from signaling.socket.messages.timeline import *  # noqa: F403

MODULES = (shared, public, staff, seat, quality, flight, check, consent, access, timeline, desk, archive)
"""In the order of PROTOCOL.md."""

CLIENT_MESSAGES: dict[str, tuple[type[Wire], type[Wire] | None]] = {
    "peer_offer": (seat.PeerOffer, seat.PeerAnswer),
    "ice_get": (check.IceGet, check.IceServers),
    "seat_media": (seat.SeatMedia, None),
    "seat_path": (seat.SeatPath, None),
    "seat_quality": (quality.SeatQuality, None),
    "seat_confirm": (seat.SeatConfirm, None),
    "seat_leave": (seat.SeatLeave, None),
    "consultation_end": (seat.ConsultationEnd, None),
    "rating_set": (seat.RatingSet, None),
    "consent_ask": (consent.ConsentAsk, None),
    "consent_answer": (consent.ConsentAnswer, None),
    "consent_withdraw": (consent.ConsentWithdraw, None),
    "recording_stop": (consent.RecordingStop, None),
    "access_get": (access.AccessGet, access.AccessLog),
    "link_create": (seat.LinkCreate, seat.LinkCreated),
    "link_revoke": (seat.LinkRevoke, None),
    "callback_set": (seat.CallbackSet, None),
    "intake_save": (seat.IntakeSave, None),
    "check_offer": (check.CheckOffer, seat.PeerAnswer),
    "check_close": (check.CheckClose, None),
    "check_report": (check.CheckReport, check.CheckResult),
    "call_quality": (flight.CallQuality, flight.CallQualitySeen),
    "timeline_post": (timeline.TimelinePost, timeline.Entry),
    "timeline_get": (timeline.TimelineGet, timeline.TimelineEntries),
    "timeline_read": (timeline.TimelineRead, None),
    "typing_set": (timeline.TypingSet, None),
    "still_send": (timeline.StillSend, None),
    "duty_set": (desk.DutySet, None),
    "offer_accept": (desk.OfferAnswer, None),
    "offer_decline": (desk.OfferAnswer, None),
    "priority_set": (desk.PrioritySet, None),
    "notes_save": (desk.NotesSave, desk.NotesKept),
    "notes_get": (desk.NotesGet, desk.NotesKept),
}
"""Name → (body, acknowledgement's body).
The acknowledgement is `{"ok": true, "body": …}` or `{"ok": false, "error": ErrorReply}`."""

SERVER_MESSAGES: dict[str, type[Wire]] = {
    "seat_state": seat.SeatState,
    "quality_seen": quality.QualitySeen,
    "timeline_entries": timeline.TimelineEntries,
    "typing_seen": timeline.TypingSeen,
    "still_seen": timeline.StillSeen,
    "desk_state": desk.DeskState,
    "socket_closing": desk.SocketClosing,
}
