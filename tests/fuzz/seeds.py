"""Where each target begins: well-formed input, so that a fuzzer need not invent the formats."""

import struct
from collections.abc import Iterable
from typing import Literal

from aioice import stun as aioice_stun

from common.ids import ConsultationId, new_id
from common.wire import Wire
from media.control.framing import encode
from media.control.messages import (
    ErrorBody,
    Frame,
    PeerAnswer,
    PeerClose,
    PeerOffer,
    PeerReport,
    PeerState,
    PictureSeen,
    RecordedStream,
    RecordingKeyframe,
    RecordingSet,
    SessionClose,
    SessionList,
    SessionLost,
    SessionOpen,
    WantedTrack,
    WorkerDrain,
    WorkerDump,
    WorkerPing,
    WorkerReady,
    WorkerStatus,
)
from media.core.stun import binding_request, binding_success
from tests.fuzz.channel import EPOCH
from tests.fuzz.scripts import AGGREGATE, call, checks, queue, rtcp_packets, rtp, silence, vp8
from tests.peers.offers import OfferText, two_sending_lines

SEED_SDP = OfferText("ufrag", "p" * 24, "sha-256 " + ":".join(["00"] * 32), two_sending_lines(1, 2)).text()
LAYERS = "a=rid:q send\r\na=rid:h send\r\na=simulcast:send q;h\r\n"


def seeds(target: str) -> Iterable[bytes]:
    """Beginnings for a target beside the files of its corpus."""
    match target:
        case "plane":
            return [call(), call()[:400] + bytes(range(32)) * 8 + call(), queue(), silence(), checks()]
        case "rtcp":
            return [*rtcp_packets(), b"".join(rtcp_packets())]
        case "rtp":
            head = bytes([1, 2, 4])
            return [head + rtp(96, 1, 2, 20, vp8(picture)) for picture in (0, 1, 300)] + [
                head + rtp(111, 1, 2, 10, b"opus"),
                head + rtp(102, 1, 2, 22, AGGREGATE),
            ]
        case "offer" | "offer_unguarded":
            return [SEED_SDP.encode(), (SEED_SDP + LAYERS).encode()]
        case "datagram":
            return _datagrams()
        case "frame":
            return _frames()
    raise KeyError(target)


def _datagrams() -> list[bytes]:
    foreign = aioice_stun.Message(aioice_stun.Method.BINDING, aioice_stun.Class.REQUEST)
    foreign.attributes.update({"USERNAME": "ufrag:other", "USE-CANDIDATE": None, "ICE-CONTROLLING": 1})
    foreign.add_message_integrity(b"another")
    ours = binding_request(bytes(12), "ufrag:other", "another", priority=1, tie_breaker=2)
    answers = [binding_success(bytes(12), (host, 9), "another") for host in ("192.0.2.1", "2001:db8::1")]
    return [bytes(foreign), ours, *answers, b"\x16\xfe\xfd" + bytes(10) + struct.pack("!H", 4) + bytes(4)]


def _frames() -> list[bytes]:
    """Frames of each kind alone, and a call's in their order, one a line (tests/fuzz/channel.py)."""
    session, labels = ConsultationId(new_id("c")), [new_id("s"), new_id("s")]
    offers = [
        PeerOffer(peer=new_id("p"), label=own, sdp=SEED_SDP, wanted=[WantedTrack(mid=mid, label=other) for mid in "01"])
        for own, other in (labels, labels[::-1])
    ]
    report = PeerReport(label=labels[0], limit_bps=500_000, path="udp", pictures=[PictureSeen(label=labels[1], frozen_ms=5)])
    recorded = [RecordedStream(label=labels[0], kind="video", stream=3)]
    requests: list[tuple[str, Wire]] = [
        ("session_open", SessionOpen()),
        *(("peer_offer", offer) for offer in offers),
        ("peer_report", report),
        ("recording_set", RecordingSet(recording=new_id("r"), socket="/nowhere", streams=recorded)),
        ("recording_keyframe", RecordingKeyframe(streams=[3])),
        ("worker_ping", WorkerPing()),
        ("worker_dump", WorkerDump()),
        ("session_list", SessionList()),
        ("peer_close", PeerClose(label=labels[0])),
        ("session_close", SessionClose()),
        ("worker_drain", WorkerDrain()),
    ]
    told: list[tuple[str, Wire]] = [
        ("worker_ready", WorkerReady(worker="w", port=5)),
        ("peer_state", PeerState(peer=new_id("p"), label=labels[0], state="failed")),
        ("session_lost", SessionLost(reason="drain")),
    ]
    refusal = ErrorBody(kind="user", code="c", sentence="A sentence.")
    status = WorkerStatus(
        sessions=1, probes=0, peers=2, loop_lag_ms=0.5, headroom=1.0, rss_bytes=1, packets_in=1, packets_out=1, packets_dropped=0
    )
    asked = [_text("request", number, name, body, session) for number, (name, body) in enumerate(requests)]
    words = [_text("notice", 0, name, body, session) for name, body in told]
    answers = [
        _text("reply", 1, "worker_ping", status),
        _text("error", 2, "worker_dump", refusal),
        _text("reply", 3, "peer_offer", PeerAnswer(sdp="v=0")),
    ]
    return [*asked, *words, *answers, b"\n".join(asked), b"\n".join([*words, *answers])]


def _text(
    kind: Literal["request", "reply", "error", "notice"], number: int, name: str, body: Wire, session: str | None = None
) -> bytes:
    epoch = "" if kind == "request" else EPOCH
    return encode(Frame(kind=kind, id=number, name=name, session=session, epoch=epoch, body=body.model_dump(mode="json")))[4:]
