"""A browser's end: offers, connects over loopback, sends Opus- and VP8-shaped RTP, keeps what it receives."""

import asyncio
import re
import secrets
import time
from collections import defaultdict
from dataclasses import dataclass, field

from aioice import Candidate
from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport
from aiortc.rtcicetransport import RTCIceCandidate, RTCIceGatherer, RTCIceParameters, RTCIceTransport
from pylibsrtp import Error as SrtpError

from common.ids import new_id
from media.core import rtp
from tests.peers.offers import OPUS, RTX, VP8, Line, OfferText, two_sending_lines
from tests.reference import rtcp

LOOPBACK = "127.0.0.1"


class _RawDtls(RTCDtlsTransport):
    """aiortc's DTLS with decrypted packets kept raw."""

    owner: "FakeBrowser"

    async def _handle_rtp_data(self, data: bytes, arrival_time_ms: int) -> None:
        self.owner.rtp_received(data)

    async def _handle_rtcp_data(self, data: bytes) -> None:
        self.owner.rtcp_received(data)


@dataclass
class Stream:
    """What is sent on one SSRC."""

    ssrc: int
    payload_type: int
    sequence: int = field(default_factory=lambda: secrets.randbits(16))
    timestamp: int = field(default_factory=lambda: secrets.randbits(32))
    picture: int = field(default_factory=lambda: secrets.randbits(15))


def send_time(now: float) -> bytes:
    """abs-send-time: seconds in 6.18 bits."""
    return (int(now * (1 << 18)) & 0xFFFFFF).to_bytes(3, "big")


def vp8_payload(picture: int, *, key: bool, size: int = 200) -> bytes:
    """A one-packet frame: extended descriptor with a 15-bit PictureID and TL0PICIDX."""
    head = bytes((0x90, 0xC0, 0x80 | picture >> 8 & 0x7F, picture & 0xFF, picture & 0xFF))
    return head + bytes((0x10 if key else 0x11,)) + bytes(size)


class FakeBrowser:
    """One RTCPeerConnection's worth; `peer` is its id, `label` its seat."""

    def __init__(self, label: str | None = None, host: str = LOOPBACK) -> None:
        self.host = host
        self.peer = new_id("p")
        self.label = label or new_id("s")
        self.lines: list[Line] = two_sending_lines(secrets.randbits(31) + 1, secrets.randbits(31) + 1)
        self.wanted: dict[str, str] = {}
        self._certificate = RTCCertificate.generateCertificate()
        self._gatherer = RTCIceGatherer(iceServers=[])
        self._connection = self._gatherer._connection
        original = self._connection.get_component_candidates

        async def on_loopback(component: int, addresses: list[str], timeout: int = 5) -> list[Candidate]:
            return await original(component, [host], timeout)

        self._connection.get_component_candidates = on_loopback  # type: ignore[method-assign]
        self._ice = RTCIceTransport(self._gatherer)
        self._connection.ice_controlling = True
        self._dtls = _RawDtls(self._ice, [self._certificate])
        self._dtls.owner = self
        self._dtls._set_role("client")
        self.received: dict[int, list[bytes]] = defaultdict(list)
        self.feedback: list[rtcp.Packet] = []
        self.video: tuple[int, ...] = (VP8,)
        """Payload types of the codecs it offers for its picture, and whether with retransmissions."""
        self.rtx = False
        self.fingerprint: str | None = None
        """Instead of the true one."""
        self.streams: dict[str, Stream] = {}
        for line in self.lines:
            assert line.ssrc is not None
            self.streams[line.kind] = Stream(line.ssrc, OPUS if line.kind == "audio" else VP8)

    # --- negotiation ---

    def want(self, *labels: str) -> None:
        """Adds two recvonly lines for each label."""
        for label in labels:
            for kind in ("audio", "video"):
                mid = str(len(self.lines))
                self.lines.append(Line(kind, mid, "recvonly"))
                self.wanted[mid] = label

    async def offer(self) -> str:
        await self._gatherer.gather()
        parameters = self._gatherer.getLocalParameters()
        assert parameters.usernameFragment is not None
        assert parameters.password is not None
        digest = next(f for f in self._certificate.getFingerprints() if f.algorithm == "sha-256")
        return OfferText(
            ufrag=parameters.usernameFragment,
            pwd=parameters.password,
            fingerprint=self.fingerprint or f"sha-256 {digest.value}",
            lines=self.lines,
            video=self.video,
            rtx=self.rtx,
        ).text()

    async def connect(self, answer: str, through: tuple[str, int] | None = None) -> None:
        """Connects to the loopback candidate of `answer`, or to `through` (a NAT) instead."""
        port = int(re.findall(rf"a=candidate:\d+ 1 udp \d+ {re.escape(self.host)} (\d+) typ host", answer)[0])
        host, port = through or (self.host, port)
        await self._ice.addRemoteCandidate(
            RTCIceCandidate(component=1, foundation="1", ip=host, port=port, priority=1, protocol="udp", type="host")
        )
        await self._ice.addRemoteCandidate(None)
        async with asyncio.timeout(10):
            await self._ice.start(RTCIceParameters(_value(answer, "ice-ufrag"), _value(answer, "ice-pwd")))
            algorithm, digest = _value(answer, "fingerprint").split()
            await self._dtls.start(RTCDtlsParameters([RTCDtlsFingerprint(algorithm, digest)]))
        if self._dtls.state != "connected":
            raise ConnectionError(f"DTLS is {self._dtls.state}")

    async def close(self) -> None:
        await self._dtls.stop()
        await self._ice.stop()

    @property
    def address(self) -> tuple[str, int]:
        """Where its datagrams come from."""
        protocol = self._connection._nominated[1].protocol
        return protocol.transport.get_extra_info("sockname")  # type: ignore[no-any-return]

    def send_raw(self, data: bytes) -> None:
        """Any bytes from its own address to the relay."""
        pair = self._connection._nominated[1]
        pair.protocol.transport.sendto(data, pair.remote_addr)

    @property
    def closed_from_afar(self) -> bool:
        """Whether the relay has said goodbye."""
        return self._dtls.state == "closed"

    @property
    def srtp_profile(self) -> bytes:
        assert self._dtls._ssl is not None
        return self._dtls._ssl.get_selected_srtp_profile()

    # --- media ---

    async def send_audio(self, payload: bytes = b"\xf8\xff\xfe" + bytes(60)) -> None:
        stream = self.streams["audio"]
        await self._send(stream, payload, marker=False)
        stream.timestamp = (stream.timestamp + 960) % (1 << 32)

    async def send_frame(self, *, key: bool = False, size: int = 200) -> None:
        stream = self.streams["video"]
        await self._send(stream, vp8_payload(stream.picture, key=key, size=size), marker=True)
        stream.picture = (stream.picture + 1) % (1 << 15)
        stream.timestamp = (stream.timestamp + 3000) % (1 << 32)

    def send_layers(self, *rids: str) -> None:
        """Offers the picture in layers, whose SSRCs only packets tell."""
        self.lines[1].ssrc, self.lines[1].rids = None, rids
        for rid in rids:
            self.streams[rid] = Stream(secrets.randbits(31) + 1, VP8)

    async def send_layer(self, rid: str, *, key: bool = False, size: int = 200) -> None:
        """A frame of one layer, which it names."""
        stream = self.streams[rid]
        await self._send(stream, vp8_payload(stream.picture, key=key, size=size), marker=True, rid=rid)
        stream.picture = (stream.picture + 1) % (1 << 15)
        stream.timestamp = (stream.timestamp + 3000) % (1 << 32)

    async def send_again(self, repair_ssrc: int, packet: bytes, number: int) -> None:
        """A packet of one's own once more, in the stream of retransmissions."""
        header = rtp.parse(packet)
        assert header is not None
        at = header.payload_start
        await self._dtls._send_rtp(
            rtp.write(
                marker=header.marker, payload_type=RTX[header.payload_type], sequence=number, timestamp=header.timestamp,
                ssrc=repair_ssrc, extensions=packet[12:at], payload=packet[2:4] + packet[at:],
            )
        )  # fmt: skip

    async def send_rtcp(self, *packets: rtcp.Packet) -> None:
        await self._dtls._send_rtp(rtcp.build(packets))

    def send_encrypted(self, data: bytes, *, control: bool) -> bool:
        """Encrypts and sends any bytes as RTP or RTCP; false when libsrtp refuses them itself."""
        session = self._dtls._tx_srtp
        try:
            self.send_raw(session.protect_rtcp(data) if control else session.protect(data))
        except SrtpError:
            return False
        return True

    async def _send(self, stream: Stream, payload: bytes, *, marker: bool, rid: str = "") -> None:
        await self._dtls._send_rtp(self.packet(stream, payload, marker=marker, rid=rid))
        stream.sequence = (stream.sequence + 1) % (1 << 16)

    def packet(self, stream: Stream, payload: bytes, *, marker: bool, rid: str = "") -> bytes:
        """The next packet of a stream, plain."""
        named = [(4, b"0" if stream.payload_type == OPUS else b"1"), *([(10, rid.encode())] if rid else [])]
        return rtp.write(
            marker=marker,
            payload_type=stream.payload_type,
            sequence=stream.sequence,
            timestamp=stream.timestamp,
            ssrc=stream.ssrc,
            extensions=rtp.write_extensions([(2, send_time(time.monotonic())), *named]),
            payload=payload,
        )

    def rtp_received(self, data: bytes) -> None:
        self.received[int.from_bytes(data[8:12], "big")].append(data)

    def rtcp_received(self, data: bytes) -> None:
        self.feedback += rtcp.parse(data) or []

    def count(self, ssrc: int) -> int:
        return len(self.received.get(ssrc, []))


def answered_ssrc(answer: str, mid: str) -> int:
    """The SSRC that an answer gives for an m-line."""
    section = next(part for part in answer.split("\r\nm=")[1:] if f"\r\na=mid:{mid}\r\n" in part)
    return int(re.findall(r"a=ssrc:(\d+) ", section)[0])


def repairing_ssrc(answer: str, ssrc: int) -> int:
    """The SSRC of the retransmissions of what an answer gives under `ssrc`."""
    return int(re.findall(rf"a=ssrc-group:FID {ssrc} (\d+)\r\n", answer)[0])


def _value(sdp: str, name: str) -> str:
    return str(re.findall(rf"a={name}:(.*)\r\n", sdp)[0])
