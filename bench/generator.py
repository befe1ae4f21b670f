"""The load: real ICE and DTLS for each peer by aiortc, then media from one native thread (native/generator.h)."""

import asyncio
import shutil
import socket
import struct
import subprocess
from pathlib import Path
from typing import Any, cast

import aioice.ice as ice
import aiortc.rtcdtlstransport as dtls
import numpy as np
from aioice.candidate import Candidate, candidate_foundation, candidate_priority
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection
from aiortc.rtcconfiguration import RTCBundlePolicy
from aiortc.rtcrtpreceiver import RTCRtpReceiver
from aiortc.rtcrtpsender import RTCRtpSender
from aiortc.sdp import SessionDescription
from cffi import FFI
from pylibsrtp import Policy, Session
from pylibsrtp import _binding as srtp

from bench.calm import LOOK
from bench.clip import CLIP_NS, payloads, schedule_ns

FOLDER = Path(__file__).resolve().parent / "native"
BUILT = Path(__file__).resolve().parent / "results" / "generator.so"
_CALLS = ("srtp_unprotect", "srtp_protect", "srtp_unprotect_rtcp", "srtp_protect_rtcp")
MOST_LATENCIES, MOST_LOOKS = 1 << 20, 1 << 14
AUDIO_PPS = 50  # generator.c's


class Silent(MediaStreamTrack):
    """A track that is only negotiated."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__()

    async def recv(self) -> Any:
        await asyncio.Event().wait()


class _Wire:
    """Stands in for asyncio's datagram transport over a socket that the generator takes over later."""

    def __init__(self, host: str, protocol: Any) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind((host, 0))
        self.protocol = protocol
        self._loop = asyncio.get_running_loop()
        self._reading = True
        self._loop.add_reader(self.socket.fileno(), self._readable)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"sockname": self.socket.getsockname(), "socket": self.socket}.get(name, default)

    def sendto(self, data: bytes, address: Any = None) -> None:
        try:
            if self._reading:
                self.socket.sendto(data, address)
            else:
                self.socket.send(data)  # connected by then
        except OSError:
            pass

    def hand_over(self, address: Any) -> int:
        """Connects the socket and gives up reading it."""
        self._loop.remove_reader(self.socket.fileno())
        self._reading = False
        self.socket.connect(tuple(address))
        return self.socket.fileno()

    def _readable(self) -> None:
        for _ in range(16):
            try:
                data, address = self.socket.recvfrom(2048)
            except OSError:
                return
            self.protocol.datagram_received(data, address)

    def close(self) -> None:
        if self._reading:
            self._loop.remove_reader(self.socket.fileno())
        self.socket.close()
        self._loop.call_soon(self.protocol.connection_lost, None)  # whoever closes the connection waits for this

    abort = close

    def is_closing(self) -> bool:
        return False


def prepare(host: str) -> None:
    """Makes aiortc a bare connection: sockets of ours on `host`, no media threads, one certificate."""

    async def nothing(_self: Any, _parameters: Any) -> None: ...

    async def gather(self: Any, component: int, addresses: list[str], timeout: int = 5) -> list[Candidate]:
        protocol = ice.StunProtocol(self)
        wire = _Wire(host, protocol)
        protocol.connection_made(cast("asyncio.BaseTransport", wire))
        port = wire.socket.getsockname()[1]
        protocol.local_candidate = Candidate(
            foundation=candidate_foundation("host", "udp", host), component=component, transport="udp",
            priority=candidate_priority(component, "host"), host=host, port=port, type="host",
        )  # fmt: skip
        self._protocols.append(protocol)
        return [protocol.local_candidate]

    certificate = dtls.RTCCertificate.generateCertificate()
    replaced: list[Any] = [RTCRtpReceiver, RTCRtpSender, ice.Connection, dtls.RTCCertificate]
    receiver, sender, connection, maker = replaced
    receiver.receive = sender.send = nothing
    connection.get_component_candidates = gather
    maker.generateCertificate = classmethod(lambda _cls: certificate)


def new_connection() -> RTCPeerConnection:
    return RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))


async def offering() -> RTCPeerConnection:
    """A peer that sends and receives one audio and one video, with its offer set."""
    connection = new_connection()
    for kind in ("audio", "video"):
        connection.addTransceiver(Silent(kind), "sendrecv")
    await connection.setLocalDescription(await connection.createOffer())
    return connection


class Generator:
    """Media for connected peers."""

    def __init__(self) -> None:
        self._ffi = FFI()
        header = (FOLDER / "generator.h").read_text()
        self._ffi.cdef("".join(line for line in header.splitlines(keepends=True) if not line.startswith("#")))
        assert self._ffi.sizeof("generator_look") == LOOK.itemsize
        self._lib = self._ffi.dlopen(str(_built()))
        self._up, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._far = far
        self._up.setblocking(False)
        calls = [self._ffi.cast("void *", int(srtp.ffi.cast("uintptr_t", srtp.ffi.addressof(srtp.lib, name)))) for name in _CALLS]
        self._generator = self._lib.generator_new(far.fileno(), self._ffi.new("generator_srtp *", calls), CLIP_NS)
        clip = payloads()
        for (payload, last), at in zip(clip, schedule_ns(last for _, last in clip), strict=True):
            self._lib.generator_clip(self._generator, payload, len(payload), last, at)
        self.packets_per_s = AUDIO_PPS + len(clip) * 1e9 / CLIP_NS
        """Of one peer."""
        self._wires: dict[int, _Wire] = {}
        self._kept: list[Session] = []
        asyncio.get_running_loop().add_reader(self._up.fileno(), self._told)

    def add(self, connection: RTCPeerConnection) -> None:
        """A connected peer begins to send."""
        transport = connection.getTransceivers()[0].receiver.transport
        pair = transport.transport._connection._nominated[1]
        wire = cast("_Wire", pair.protocol.transport)
        descriptor = wire.hand_over(pair.remote_addr)
        receive, send = self._sessions(transport)
        number = self._lib.generator_peer(
            self._generator, descriptor, self._context(receive), self._context(send), self._sends(connection),
            self._receives(connection),
        )  # fmt: skip
        if number < 0:
            raise RuntimeError("the generator takes no more peers")
        self._wires[number] = wire

    def start(self) -> None:
        if not self._lib.generator_start(self._generator):
            raise RuntimeError("the generator's thread cannot be started")

    def measure(self, on: bool) -> None:
        self._lib.generator_measure(self._generator, on)

    def counts(self) -> tuple[int, int]:
        """Packets sent and received since measuring began."""
        count = self._lib.generator_count(self._generator)
        return count.sent, count.received

    def latencies_ms(self) -> Any:
        found = self._ffi.new(f"uint32_t[{MOST_LATENCIES}]")
        count = self._lib.generator_latencies(self._generator, found, MOST_LATENCIES)
        return np.frombuffer(self._ffi.buffer(found, 4 * count), dtype=np.uint32) / 1000

    def watch(self, pid: int) -> None:
        """Keep `LOOK`s at this process and at the machine while it measures; to be called before `start`."""
        if not self._lib.generator_watch(self._generator, pid):
            raise RuntimeError("the server's processor time cannot be read")

    def looks(self) -> Any:
        """An array of `LOOK`, oldest first."""
        found = self._ffi.new(f"generator_look[{MOST_LOOKS}]")
        count = self._lib.generator_looks(self._generator, found, MOST_LOOKS)
        return np.frombuffer(self._ffi.buffer(found, count * LOOK.itemsize), dtype=LOOK).copy()

    def cpu_s(self) -> float:
        return float(self._lib.generator_cpu_s(self._generator))

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._up.fileno())
        self._lib.generator_free(self._generator)
        self._up.close()
        self._far.close()

    def _told(self) -> None:
        for _ in range(64):
            try:
                data = self._up.recv(4096)
            except OSError:
                return
            wire = self._wires.get(struct.unpack_from("=i", data)[0])
            if wire is not None:
                wire.protocol.datagram_received(data[4:], wire.socket.getpeername())

    def _sessions(self, transport: Any) -> tuple[Session, Session]:
        chosen = transport._ssl.get_selected_srtp_profile()
        profile = next(known for known in dtls.SRTP_PROFILES if known.openssl_profile == chosen)
        material = transport._ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * (profile.key_length + profile.salt_length))
        client, server = profile.get_key_and_salt(material, 0), profile.get_key_and_salt(material, 1)
        receive, send = (client, server) if transport._role == "server" else (server, client)
        made = []
        for key, direction in ((receive, Policy.SSRC_ANY_INBOUND), (send, Policy.SSRC_ANY_OUTBOUND)):
            policy = Policy(key, direction, 0, profile.libsrtp_profile)
            policy.window_size, policy.allow_repeat_tx = 1024, True
            made.append(Session(policy))
        self._kept += made
        return made[0], made[1]

    def _context(self, session: Session) -> Any:
        return self._ffi.cast("void *", int(srtp.ffi.cast("uintptr_t", session._srtp[0])))

    def _sends(self, connection: RTCPeerConnection) -> Any:
        by_kind = {transceiver.kind: transceiver for transceiver in connection.getTransceivers()}
        audio, video = by_kind["audio"], by_kind["video"]
        types = [each._codecs[0].payloadType for each in (audio, video)]
        return self._ffi.new("generator_stream *", [audio.sender._ssrc, video.sender._ssrc, *types])[0]

    def _receives(self, connection: RTCPeerConnection) -> Any:
        media = SessionDescription.parse(connection.remoteDescription.sdp).media
        ssrc = {each.kind: each.ssrc[0].ssrc if each.ssrc else 0 for each in media}
        return self._ffi.new("generator_stream *", [ssrc["audio"], ssrc["video"], 0, 0])[0]


def _built() -> Path:
    source = FOLDER / "generator.c"
    if not BUILT.exists() or BUILT.stat().st_mtime < max(path.stat().st_mtime for path in FOLDER.iterdir()):
        compiler = shutil.which("cc") or "gcc"
        BUILT.parent.mkdir(exist_ok=True)
        subprocess.run([compiler, "-std=gnu11", "-O2", "-fPIC", "-shared", "-pthread", "-o", BUILT, source], check=True)
    return BUILT
