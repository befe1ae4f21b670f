"""Where aiortc and aioice are bent to one shared port: every private name of theirs that we use stands in this file.

aioice carries out the first connectivity checks and aiortc the DTLS handshake; the keys leave aiortc for the plane, and from then
on it can encrypt nothing. Decides nothing about addresses (see media.core.path).
"""

import asyncio
import secrets
import string
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from aioice import stun
from aioice.candidate import Candidate, candidate_foundation, candidate_priority
from aioice.ice import Connection, StunProtocol
from aiortc.rtcdtlstransport import SRTP_PROFILES, RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport, State
from aiortc.rtcicetransport import RTCIceGatherer, RTCIceParameters, RTCIceTransport

from media.core.path import Address
from media.core.stun import StunClass, StunMessage, binding_request, binding_success, is_signed_with
from media.plane.interface import SrtpKeys
from media.rtc.offer import Credentials

MAX_RETRANSMISSIONS = 1
"""An address that has not answered gets at most about three bytes for each of its own; its next check starts ours again."""
MAX_QUEUED_DTLS = 64
"""Datagrams between the socket and OpenSSL; a handshake has about ten. Newer ones are dropped and sent again by the browser."""
PROBE_LIFE_S = 10.0
_SESS_CACHE_OFF = 0  # SSL_SESS_CACHE_OFF
_ICE_CHARACTERS = string.ascii_letters + string.digits

SendDatagram = Callable[[bytes, Address], None]


class _SharedSocket(asyncio.DatagramTransport):
    """What aioice takes for its own socket: sends on the shared port; closing it closes nothing but the protocol."""

    def __init__(self, send: SendDatagram) -> None:
        super().__init__()
        self._send = send
        self._protocol: StunProtocol | None = None
        self._closing = False

    def attach(self, protocol: StunProtocol) -> None:
        self._protocol = protocol
        protocol.connection_made(self)

    def sendto(self, data: Any, addr: Any = None) -> None:
        if not self._closing:
            self._send(bytes(data), (addr[0], addr[1]))

    def close(self) -> None:
        if not self._closing and self._protocol is not None:
            self._closing = True
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)

    def abort(self) -> None:
        self.close()

    def is_closing(self) -> bool:
        return self._closing


class _PeerStun(StunProtocol):
    """aioice's protocol of one peer on the shared port: tells which transactions are out and which addresses answered."""

    def __init__(self, connection: Connection, seam: "IceSeam") -> None:
        super().__init__(connection)
        self._seam = seam

    async def request(
        self,
        request: stun.Message,
        addr: tuple[str, int],
        integrity_key: bytes | None = None,
        retransmissions: int | None = None,
    ) -> tuple[stun.Message, tuple[str, int]]:
        allowed = MAX_RETRANSMISSIONS if retransmissions is None else min(retransmissions, MAX_RETRANSMISSIONS)
        self._seam.outside.expect(request.transaction_id)
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            response, source = await super().request(request, addr, integrity_key, allowed)
        finally:
            self._seam.outside.forget(request.transaction_id)
        if source == addr:
            self._seam.outside.answered(addr, loop.time() - began)
        return response, source

    async def send_data(self, data: bytes, addr: tuple[str, int]) -> None:
        self._seam.outside.send(data, self._seam.address or addr)


class _Keying(RTCDtlsTransport):
    """Keeps the exported keys instead of making SRTP sessions of its own: two users of one key would repeat nonces."""

    keys: SrtpKeys | None = None

    def _setup_srtp(self) -> None:
        association = self._ssl
        chosen = association.get_selected_srtp_profile() if association is not None else b""
        profile = next((known for known in self._srtp_profiles if known.openssl_profile == chosen), None)
        if association is None or profile is None:
            self._set_state(State.FAILED)
            return
        exported = association.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * (profile.key_length + profile.salt_length))
        # RFC 5764, 4.2: the client's key stands first, and the browser is the client.
        self.keys = SrtpKeys(
            profile.libsrtp_profile,
            receive=bytes(profile.get_key_and_salt(exported, 0)),
            send=bytes(profile.get_key_and_salt(exported, 1)),
        )

    async def _send_rtp(self, data: bytes) -> None:
        raise RuntimeError("only the plane encrypts media")


class Certificate:
    """One certificate for all peers of a worker; made in 0.1 ms, valid 30 days, gone with the process."""

    def __init__(self) -> None:
        self.inner: RTCCertificate = RTCCertificate.generateCertificate()
        # One context for all handshakes (aiortc makes one for each); nothing of one peer's session may be resumed by another.
        context = self.inner._create_ssl_context(srtp_profiles=SRTP_PROFILES)
        context.set_session_cache_mode(_SESS_CACHE_OFF)
        self.inner._create_ssl_context = lambda srtp_profiles: context  # type: ignore[method-assign]
        digest = next(f.value for f in self.inner.getFingerprints() if f.algorithm == "sha-256")
        self.fingerprint = f"sha-256 {digest}"


@dataclass(frozen=True, slots=True)
class Outside:
    """What a seam calls: `send` puts a datagram on the port; `expect` and `forget` say whose an answer will be; `answered`
    tells of an address that answered a check, and after how many seconds."""

    send: SendDatagram
    expect: Callable[[bytes], None]
    forget: Callable[[bytes], None]
    answered: Callable[[Address, float], None]


class IceSeam:
    """ICE and DTLS of one peer; `host` is one of our own addresses, for aioice's bookkeeping."""

    def __init__(
        self,
        credentials: Credentials,
        certificate: Certificate,
        host: Address,
        outside: Outside,
    ) -> None:
        self.outside = outside
        self.address: Address | None = None
        """Where DTLS goes; none leaves it to aioice's nominated pair."""
        self.ufrag, self.password = _random_ice(8), _random_ice(24)
        self._credentials = credentials
        gatherer = RTCIceGatherer(iceServers=[], local_username=self.ufrag, local_password=self.password)
        self._gatherer = gatherer
        self._connection: Connection = gatherer._connection
        self._protocol = _PeerStun(self._connection, self)
        self._socket = _SharedSocket(outside.send)
        self._socket.attach(self._protocol)
        self._ice = RTCIceTransport(gatherer)
        self._dtls = _Keying(self._ice, [certificate.inner])
        self._dtls._set_role("server")
        self._probes: dict[bytes, tuple[Address, float]] = {}
        self._check = partial(
            binding_request,
            username=f"{credentials.ice_ufrag}:{self.ufrag}",
            password=credentials.ice_pwd,
            priority=candidate_priority(1, "prflx"),
            tie_breaker=self._connection._tie_breaker,
        )
        self._protocol.local_candidate = Candidate(
            foundation=candidate_foundation("host", "udp", host[0]),
            component=1,
            transport="udp",
            priority=candidate_priority(1, "host"),
            host=host[0],
            port=host[1],
            type="host",
        )
        self._connection.gather_candidates = self._gathered  # type: ignore[method-assign]

    async def _gathered(self) -> None:
        """Instead of looking at every interface of the machine for each peer, which cost a third of its setting up."""
        if not self._connection._local_candidates_start:
            self._connection._local_candidates_start = self._connection._local_candidates_end = True
            self._connection._protocols.append(self._protocol)
            self._connection._local_candidates = [self._protocol.local_candidate]

    # --- ICE ---

    async def connect(self) -> Address | None:
        """Waits for the browser's checks and nomination; the address nominated, or none when ICE gave up."""
        await self._gatherer.gather()
        await self._ice.start(RTCIceParameters(self._credentials.ice_ufrag, self._credentials.ice_pwd))
        pair = self._connection._nominated.get(1)
        if self._ice.state != "completed" or pair is None:
            return None
        # aioice would check consent only on this pair, and give an answer half a second: we do it on the path in use.
        consent = self._connection._query_consent_task
        if consent is not None:
            consent.cancel()
        address: Address = pair.remote_addr
        return address

    def check_received(self, data: bytes, address: Address) -> None:
        """Before ICE has completed: answers and checks back (RFC 8445, 7.3)."""
        message = _parse(data)
        if message is not None and "PRIORITY" in message.attributes:
            self._connection.request_received(message, address, self._protocol)

    def answer(self, request: StunMessage, address: Address) -> None:
        """Afterwards: answers a genuine check."""
        self.outside.send(binding_success(request.transaction, address, self.password), address)

    def probe(self, address: Address, now: float) -> None:
        """Sends one check (RFC 7675 consent, RFC 8445 triggered check); the answer may take 10 s."""
        for transaction, (_, sent_at) in list(self._probes.items()):
            if now - sent_at >= PROBE_LIFE_S:
                del self._probes[transaction]
                self.outside.forget(transaction)
        transaction = secrets.token_bytes(12)
        self._probes[transaction] = (address, now)
        self.outside.expect(transaction)
        self.outside.send(self._check(transaction), address)

    def checks(self, count: int) -> list[bytes]:
        """So many checks for whoever sends them, and knows their answers by the transactions."""
        return [self._check(secrets.token_bytes(12)) for _ in range(count)]

    def response_received(self, data: bytes, message: StunMessage, address: Address, at: float) -> float | None:
        """Hands an answer that came at `at` to whoever waits for it; when it answered a probe of ours authentically, after how
        many seconds."""
        probed = self._probes.get(message.transaction)
        if probed is None:
            if _parse(data) is not None:
                self._protocol.datagram_received(data, address)
            return None
        if not is_signed_with(data, message, self._credentials.ice_pwd.encode()) or probed[0] != address:
            return None
        del self._probes[message.transaction]
        self.outside.forget(message.transaction)
        return max(0.0, at - probed[1]) if message.message_class is StunClass.SUCCESS else None

    # --- DTLS ---

    async def handshake(self) -> SrtpKeys | None:
        """The SRTP keys after a handshake with a peer of the offered fingerprints, else none."""
        fingerprints = [RTCDtlsFingerprint(algorithm, value) for algorithm, value in self._credentials.fingerprints]
        await self._dtls.start(RTCDtlsParameters(fingerprints))
        return self._dtls.keys if self._dtls.state == "connected" else None

    def dtls_received(self, data: bytes) -> None:
        queue = self._connection._queue
        if queue.qsize() < MAX_QUEUED_DTLS:
            queue.put_nowait((data, 1))

    def on_dtls_closed(self, closed: Callable[[], None]) -> None:
        """Calls `closed` when the browser ends the DTLS association (it does so when its connection is closed)."""
        self._dtls.on("statechange", lambda: closed() if self._dtls.state in {"closed", "failed"} else None)

    async def close(self) -> None:
        """Says goodbye and lets go; may be called in any state."""
        await self._dtls.stop()
        await self._ice.stop()
        # OpenSSL's 100 kB would wait for the collector, and leave holes in the heap of a worker that lives long.
        self._dtls._ssl = None
        for transaction in self._probes:
            self.outside.forget(transaction)


def _parse(data: bytes) -> stun.Message | None:
    try:
        return stun.parse_message(data)
    except (ValueError, struct.error):  # aioice checks few attribute lengths
        return None


def _random_ice(length: int) -> str:
    return "".join(secrets.choice(_ICE_CHARACTERS) for _ in range(length))
