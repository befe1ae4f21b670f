"""Where each target begins: well-formed input, so that a fuzzer need not invent the formats."""

import struct
from collections.abc import Iterable

from aioice import stun as aioice_stun

from common.ids import ConsultationId, new_id
from media.control.framing import encode
from media.control.messages import Frame, PeerOffer, PeerState, SessionOpen, WantedTrack
from media.core.stun import binding_request, binding_success
from tests.fuzz.scripts import AGGREGATE, call, rtcp_packets, rtp, vp8
from tests.peers.offers import OfferText, two_sending_lines

SEED_SDP = OfferText("ufrag", "p" * 24, "sha-256 " + ":".join(["00"] * 32), two_sending_lines(1, 2)).text()
LAYERS = "a=rid:q send\r\na=rid:h send\r\na=simulcast:send q;h\r\n"


def seeds(target: str) -> Iterable[bytes]:
    """Beginnings for a target beside the files of its corpus."""
    match target:
        case "plane":
            return [call(), call()[:400] + bytes(range(32)) * 8 + call()]
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
    session = ConsultationId(new_id("c"))
    wanted = [WantedTrack(mid="0", label=new_id("s"))]
    bodies = {
        "session_open": SessionOpen(),
        "peer_offer": PeerOffer(peer=new_id("p"), label=new_id("s"), sdp=SEED_SDP[:200], wanted=wanted),
        "peer_state": PeerState(peer=new_id("p"), label=new_id("s"), state="failed"),
    }
    return [
        encode(Frame(kind="request", id=1, name=name, session=session, body=body.model_dump(mode="json")))[4:]
        for name, body in bodies.items()
    ]
