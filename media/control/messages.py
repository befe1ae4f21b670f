"""What signaling and a media worker say to each other. Decides names and fields; carries nothing (see framing and the carriers).

Requests are idempotent by id and answered exactly once; notices are sent by the worker and never answered. Every reply and
notice bears the worker's `epoch`, so that words of a dead worker cannot be taken for its successor's.
A `label` is opaque here: signaling puts the seat's id in it, and two peers with one label are the same person come back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from common.wire import Id, Line, Mid, Sdp, Wire

MediaKind = Literal["audio", "video"]
PictureSize = Literal["small", "medium", "large"]


class WantedTrack(Wire):
    """One m-line of an offer that the browser wants filled with what `label` sends; `size` is how large it shows the picture."""

    mid: Mid
    label: Id
    size: PictureSize = "large"


class SessionOpen(Wire):
    """Opens a session or finds it open: a consultation's call, or a probe, in which each peer is sent back what it sends.

    A probe is refused where it would cost the calls their headroom (`probes_full`), tells no notices, and ends by itself.
    """

    purpose: Literal["call", "probe"] = "call"


class SessionClose(Wire):
    """Closes every peer of the session and forgets it."""


class SessionList(Wire):
    """Asks which calls' sessions there are, oldest first."""


class SessionsOpen(Wire):
    """Reply to `session_list`; a frame holds them all."""

    sessions: list[Id] = Field(max_length=1000)


class PeerOffer(Wire):
    """The browser's offer. A new `peer` of a known `label` replaces the label's former peer (a reload, another network)."""

    peer: Id
    label: Id
    sdp: Sdp
    wanted: list[WantedTrack] = Field(max_length=16)


class PeerAnswer(Wire):
    """Reply to `peer_offer`: the SDP answer, complete with candidates."""

    sdp: str


class PeerClose(Wire):
    """Closes the peer of a label, if it has one; its tracks fall silent at the others."""

    label: Id


class PictureSeen(Wire):
    """How long the picture of `label` stood still at a receiver since its last report."""

    label: Id
    frozen_ms: int = Field(ge=0, le=60_000)


class PeerReport(Wire):
    """What the browser of `label` says of itself: the limit that it keeps its picture under (none: it keeps to none), how its
    packets travel, what it saw of the others."""

    label: Id
    limit_bps: int | None = Field(ge=0, le=100_000_000)
    path: Literal["udp", "turn_udp", "turn_tcp", "turn_tls"]
    pictures: list[PictureSeen] = Field(max_length=16)


class WorkerPing(Wire):
    """Asks a worker for its condition."""


class WorkerStatus(Wire):
    """Reply to `worker_ping`. `sessions` are calls; `loop_lag_ms` is the worst of the last second; `headroom` is 0 (full)
    to 1 (idle)."""

    sessions: int
    probes: int
    peers: int
    loop_lag_ms: float
    headroom: float
    rss_bytes: int
    packets_in: int
    packets_out: int
    packets_dropped: int


class WorkerDrain(Wire):
    """Take no new session; end when the last one has closed."""


class WorkerDump(Wire):
    """Asks for a table of what flows where: counters per source and sink, no addresses, no keys."""


class SourceStats(Wire):
    """What one peer sends on one SSRC."""

    peer: Id
    label: Id
    kind: MediaKind
    packets: int
    octets: int
    lost: int
    jitter_ms: float


class SinkStats(Wire):
    """What one peer is sent in place of one source."""

    peer: Id
    mid: Mid
    label: Id
    kind: MediaKind
    packets: int
    retransmitted: int


class WorkerTable(Wire):
    """Reply to `worker_dump`."""

    sources: list[SourceStats]
    sinks: list[SinkStats]


class RecordedStream(Wire):
    """What a label sends of one kind, and the number that its copies bear."""

    label: Id
    kind: MediaKind
    stream: int = Field(ge=0, lt=1 << 32)


class RecordingSet(Wire):
    """The whole of what is copied to the recorder from now on; empty: nothing. A label may come later, or come again.

    In force before the reply is sent. `socket` is where the recorder listens (SOCK_SEQPACKET).
    """

    recording: Id
    socket: str = Field(min_length=1, max_length=107)
    streams: list[RecordedStream] = Field(max_length=64)


class TapStats(Wire):
    """Copies of one stream, by the connection that carries it now."""

    stream: int
    copied: int
    dropped: int


class RecordingTaps(Wire):
    """Reply to `recording_set`: the streams that are copied now. One that is absent has no source yet, or no recorder listens."""

    streams: list[TapStats]


class RecordingKeyframe(Wire):
    """Asks the senders of these streams for a key frame: the recorder wants to begin a segment."""

    streams: list[int] = Field(max_length=64)


class Done(Wire):
    """The empty reply."""


class WorkerReady(Wire):
    """First notice of a worker: it listens for media."""

    worker: Line
    port: int


class PeerState(Wire):
    """A peer's path changed. `disconnected` may recover; `failed` and `closed` are final."""

    peer: Id
    label: Id
    state: Literal["connecting", "connected", "disconnected", "failed", "closed"]


Rung = Literal["hd", "sd", "low", "stills", "audio", "text"]
Reason = Literal["start", "bandwidth", "loss", "delay", "freezes", "better"]


class QualityChanged(Wire):
    """How a peer is to send from now on, why, and what is known of its way to the others; said again every two seconds.

    `limit_bps` is for its picture, 0 for none. `told_rung` is the last rung that lasted, for people: repeats change nothing.
    Losses are shares of the last two seconds, of the worst receiver."""

    peer: Id
    label: Id
    rung: Rung
    reason: Reason
    limit_bps: int
    told_rung: Rung
    told_reason: Reason
    rate_bps: int
    estimate_bps: int | None
    loss_up: float
    loss_down: float
    round_trip_ms: float | None


class SessionLost(Wire):
    """The worker gave up a session (an internal fault confined to it)."""

    reason: Literal["fault", "drain"]


Request = (
    SessionOpen
    | SessionClose
    | SessionList
    | PeerOffer
    | PeerClose
    | PeerReport
    | RecordingSet
    | RecordingKeyframe
    | WorkerPing
    | WorkerDrain
    | WorkerDump
)
Reply = PeerAnswer | SessionsOpen | RecordingTaps | WorkerStatus | WorkerTable | Done
Notice = WorkerReady | PeerState | QualityChanged | SessionLost

REQUESTS: dict[str, tuple[type[Request], type[Reply]]] = {
    "session_open": (SessionOpen, Done),
    "session_close": (SessionClose, Done),
    "session_list": (SessionList, SessionsOpen),
    "peer_offer": (PeerOffer, PeerAnswer),
    "peer_close": (PeerClose, Done),
    "recording_set": (RecordingSet, RecordingTaps),
    "recording_keyframe": (RecordingKeyframe, Done),
    "peer_report": (PeerReport, Done),
    "worker_ping": (WorkerPing, WorkerStatus),
    "worker_drain": (WorkerDrain, Done),
    "worker_dump": (WorkerDump, WorkerTable),
}
NOTICES: dict[str, type[Notice]] = {
    "worker_ready": WorkerReady,
    "peer_state": PeerState,
    "quality_changed": QualityChanged,
    "session_lost": SessionLost,
}


@dataclass(frozen=True)
class Words:
    """What is spoken on a channel: requests by name with their replies, and notices by name."""

    requests: Mapping[str, tuple[type[Wire], type[Wire]]]
    notices: Mapping[str, type[Wire]]


WORKER_WORDS = Words(REQUESTS, {**NOTICES})


class ErrorBody(Wire):
    """Body of a reply that refuses: the three kinds of common.errors by name."""

    kind: Literal["protocol", "user", "unavailable", "fault"]
    code: str = Field(max_length=64)
    sentence: str = Field(max_length=300)


class Frame(Wire):
    """The envelope: `id` pairs a reply with its request, `session` is the consultation's id where there is one."""

    v: Literal[1] = 1
    kind: Literal["request", "reply", "error", "notice"]
    id: int = Field(ge=0)
    name: str = Field(pattern=r"^[a-z_]{1,32}$")
    session: Id | None = None
    epoch: str = Field(default="", max_length=32)
    body: dict[str, object]
