"""The native packet loop behind the plane's interface: one C thread on the worker's UDP port (native/plane.h).

It turns orders into calls and what the loop hands up into `Upward`'s methods; it decides nothing and never sees a media packet.
SRTP is the libsrtp inside pylibsrtp's wheel, whose functions the loop calls through pointers.
"""

import contextlib
import ipaddress
import os
import secrets
import time
from collections.abc import Container, Iterator
from functools import lru_cache
from typing import Any

from cffi import FFI
from pylibsrtp import Policy, Session
from pylibsrtp import _binding as srtp  # its functions and a session's context: the same library that decrypts elsewhere

from media.core.kinds import Codec
from media.core.path import Address
from media.core.routes import SinkKey, SourceKey
from media.core.rtp import ExtensionIds
from media.plane.interface import (
    TAP_CODECS,
    Repair,
    Sink,
    SinkCounters,
    Source,
    SourceCounters,
    SrtpKeys,
    Tap,
    TapCounters,
    Totals,
    Unknown,
    Upward,
)
from media.plane.library import HEADER, library_path

SRTP_WINDOW = 256
"""Packets that may overtake each other; numbers.h's MAX_MISORDER fits in. libsrtp moves all of it for each packet."""
UP_AT_ONCE = 64
"""Things handed up before the event loop may do something else."""
MAX_PLAIN_BYTES = 1456
"""state.h's: longer plain packets are dropped and counted."""
_MAX_DATAGRAM_BYTES = 1500
_DATAGRAM, _UNKNOWN, _MOVED, _FLOODED = 1, 2, 3, 4
_CODECS = {Codec.OPUS: 0, Codec.VP8: 1, Codec.H264: 2}
"""plane.h's."""


@lru_cache(maxsize=1)
def _library() -> tuple[FFI, Any]:
    """The loop's library and its functions. Raises OSError when it was not built (`make build`)."""
    ffi = FFI()
    ffi.cdef("".join(line for line in HEADER.read_text().splitlines(keepends=True) if not line.startswith("#")))
    return ffi, ffi.dlopen(str(library_path()))


def srtp_session(keys: SrtpKeys, *, sending: bool) -> Session:
    """A session for any SSRC in one direction."""
    policy = Policy(
        key=keys.send if sending else keys.receive,
        ssrc_type=Policy.SSRC_ANY_OUTBOUND if sending else Policy.SSRC_ANY_INBOUND,
        srtp_profile=keys.profile,
    )
    policy.window_size = SRTP_WINDOW
    policy.allow_repeat_tx = False
    return Session(policy)


class NativePlane:
    """`descriptor` is the worker's bound UDP socket, or -1 for a test's own clock and wires. Must be closed.

    Make `up_event` readable mean `take_up()` to whoever owns the event loop.
    """

    def __init__(self, descriptor: int, upward: Upward) -> None:
        self._ffi, self._lib = _library()
        self._upward = upward
        self.up_event = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        calls = self._ffi.new("plane_srtp *", [self._pointer(name) for name in _SRTP_CALLS])
        self._plane = self._lib.plane_new(descriptor, self.up_event, calls)
        if self._plane == self._ffi.NULL:
            os.close(self.up_event)
            raise MemoryError("the packet loop cannot be made")
        self._sessions: dict[int, tuple[Session, Session]] = {}
        self._datagram = self._ffi.new(f"uint8_t[{_MAX_DATAGRAM_BYTES}]")
        self._up = self._ffi.new("plane_up *")
        self._up_octets = self._ffi.buffer(self._datagram)
        self._up_ip = self._ffi.buffer(self._ffi.addressof(self._up[0].address, "ip"))
        if descriptor >= 0 and not self._lib.plane_start(self._plane):
            self.close()
            raise OSError("the packet loop's thread cannot be started")

    def _pointer(self, name: str) -> Any:
        address = srtp.ffi.addressof(srtp.lib, name)
        return self._ffi.cast("void *", int(srtp.ffi.cast("uintptr_t", address)))

    def close(self) -> None:
        """Stops the thread; may be called twice."""
        if self._plane != self._ffi.NULL:
            self._lib.plane_free(self._plane)
            self._plane = self._ffi.NULL
            os.close(self.up_event)
            self._sessions.clear()

    # --- orders ---

    def peer_add(self, peer: int, names: ExtensionIds) -> None:
        self._lib.plane_peer_add(self._plane, peer, secrets.randbelow((1 << 32) - 1) + 1, self._extensions(names))

    def peer_keys_set(self, peer: int, keys: SrtpKeys) -> None:
        if peer in self._sessions:
            return
        receive, send = srtp_session(keys, sending=False), srtp_session(keys, sending=True)
        self._sessions[peer] = receive, send
        self._lib.plane_peer_keys_set(self._plane, peer, self._context(receive), self._context(send))

    def peer_address_add(self, peer: int, address: Address) -> None:
        self._lib.plane_peer_address_add(self._plane, peer, self._address(address))

    def peer_address_set(self, peer: int, address: Address) -> None:
        self._lib.plane_peer_address_set(self._plane, peer, self._address(address))

    def peer_answered(self, peer: int, trip_s: float) -> None:
        self._lib.plane_peer_answered(self._plane, peer, trip_s)

    def peer_check_add(self, peer: int, request: bytes) -> None:
        self._lib.plane_peer_check_add(self._plane, peer, request, len(request))

    def peer_address_remove(self, peer: int, address: Address) -> None:
        self._lib.plane_peer_address_remove(self._plane, peer, self._address(address))

    def peer_remove(self, peer: int) -> None:
        self._lib.plane_peer_remove(self._plane, peer)
        self._sessions.pop(peer, None)  # only now: the loop used it until that call returned

    def source_set(self, source: Source) -> None:
        codec, ids = _CODECS[source.codec], self._extensions(source.extensions)
        repair = self._repair(source.repair, 0)
        self._lib.plane_source_set(self._plane, source.key.peer, source.key.ssrc, codec, source.payload_type, ids, repair)

    def source_clear(self, key: SourceKey) -> None:
        self._lib.plane_source_clear(self._plane, key.peer, key.ssrc)

    def sink_set(self, sink: Sink) -> None:
        # RFC 3550 asks for random beginnings; below 2^15 so that no receiver of the first packets guesses a wrong rollover.
        first = secrets.randbelow(1 << 15), secrets.randbits(32)
        codec, ids, repair = _CODECS[sink.codec], self._extensions(sink.extensions), self._repair(sink.repair, first[0])
        names = sink.cname.encode("ascii"), sink.mid.encode("ascii")
        self._lib.plane_sink_set(self._plane, sink.key.peer, sink.key.ssrc, codec, sink.payload_type, ids, repair, *names, *first)

    def sink_clear(self, key: SinkKey) -> None:
        self._lib.plane_sink_clear(self._plane, key.peer, key.ssrc)

    def route_set(self, sink: SinkKey, source: SourceKey) -> None:
        self._lib.plane_route_set(self._plane, sink.peer, sink.ssrc, source.peer, source.ssrc)

    def route_change(self, sink: SinkKey, source: SourceKey) -> None:
        self._lib.plane_route_change(self._plane, sink.peer, sink.ssrc, source.peer, source.ssrc)

    def route_clear(self, sink: SinkKey) -> None:
        self._lib.plane_route_clear(self._plane, sink.peer, sink.ssrc)

    def keyframe_request(self, source: SourceKey) -> None:
        self._lib.plane_keyframe_request(self._plane, source.peer, source.ssrc, time.monotonic())

    def source_cap_set(self, source: SourceKey, cap_bps: int) -> None:
        self._lib.plane_source_cap_set(self._plane, source.peer, source.ssrc, cap_bps)

    def tap_set(self, source: SourceKey, tap: Tap | None) -> bool:
        if tap is None:
            return bool(self._lib.plane_tap_set(self._plane, source.peer, source.ssrc, self._ffi.NULL, 0, 0))
        path = self._ffi.new("char[]", os.fsencode(tap.path))
        codec = TAP_CODECS[tap.codec]
        return bool(self._lib.plane_tap_set(self._plane, source.peer, source.ssrc, path, tap.stream, codec))

    # --- figures ---

    def peer_heard_at(self, peer: int) -> float:
        return float(self._lib.plane_peer_heard_at(self._plane, peer))

    def peers_heard(self, since: float) -> set[int]:
        return self._peers_of(self._lib.plane_peers_heard, since)

    def peers_troubled(self, now: float) -> set[int]:
        return self._peers_of(self._lib.plane_peers_troubled, now)

    def _peers_of(self, read: Any, at: float) -> set[int]:
        return set(self._table("uint32_t", lambda plane, peers, room: read(plane, at, peers, room)))

    def peer_heard_from(self, peer: int) -> Address | None:
        address = self._ffi.new("plane_address *")
        heard = self._lib.plane_peer_heard_from(self._plane, peer, address)
        return _readable(bytes(address.ip), address.port) if heard else None

    def source_counters(self, of: Container[int] | None = None) -> list[SourceCounters]:
        return [
            SourceCounters(
                SourceKey(line.peer, line.ssrc),
                line.packets,
                line.octets,
                line.lost,
                line.jitter_ms,
                line.congested,
                line.uplink_bps,
                line.uplink_late_s,
                line.came_bps,
                line.sent_bps,
                line.bursts_at,
                line.pictures,
            )
            for line in self._table("plane_source_counters", self._lib.plane_source_table)
            if of is None or line.peer in of
        ]

    def sink_counters(self, of: Container[int] | None = None) -> list[SinkCounters]:
        return [
            SinkCounters(
                SinkKey(line.peer, line.ssrc),
                line.packets,
                line.octets,
                line.retransmitted,
                line.receiver_bps,
                line.lost_fraction,
                line.round_trip_ms,
                line.reported_at,
                line.estimate_bps,
                line.estimate_at,
                line.downlink_bps,
                line.downlink_late_s,
                line.downlink_at,
                line.room_bps,
                line.room_at,
            )
            for line in self._table("plane_sink_counters", self._lib.plane_sink_table)
            if of is None or line.peer in of
        ]

    def tap_counters(self) -> list[TapCounters]:
        return [
            TapCounters(SourceKey(line.peer, line.ssrc), line.stream, line.copied, line.dropped)
            for line in self._table("plane_tap_counters", self._lib.plane_tap_table)
        ]

    def totals(self) -> Totals:
        count = self._lib.plane_count(self._plane)
        return Totals(count.packets_in, count.packets_out, count.packets_dropped + count.up_dropped)

    def _table(self, kind: str, read: Any) -> Iterator[Any]:
        """Each line is to be read before the next is asked for: it is a view, which does not keep the table's memory."""
        room = 64
        while True:
            lines = self._ffi.new(f"{kind}[{room}]")
            there = read(self._plane, lines, room)
            if there <= room:
                break
            room = 2 * there
        for index in range(there):
            yield lines[index]

    # --- without a socket, on a test's own clock ---

    def datagram(self, data: bytes, address: Address, now: float) -> None:
        """One datagram as the socket would give it."""
        self._lib.plane_datagram(self._plane, data, len(data), self._address(address), now)

    def report(self, now: float) -> None:
        """What the loop does each second."""
        self._lib.plane_report(self._plane, now)

    def ask_keyframe(self, source: SourceKey, now: float) -> None:
        """`keyframe_request` on the test's clock."""
        self._lib.plane_keyframe_request(self._plane, source.peer, source.ssrc, now)

    def sent(self) -> list[tuple[bytes, Address]]:
        """The datagrams sent since the last call."""
        to, taken = self._ffi.new("plane_address *"), []
        while size := self._lib.plane_take_sent(self._plane, to, self._datagram):
            taken.append((bytes(self._ffi.buffer(self._datagram, size)), _readable(bytes(to.ip), to.port)))
        return taken

    # --- what the loop hands up ---

    def take_up(self) -> bool:
        """Hands on what waits, at most `UP_AT_ONCE`; whether more may be there."""
        with contextlib.suppress(BlockingIOError):  # nothing new was said, but something may be left of the last time
            os.eventfd_read(self.up_event)
        for _ in range(UP_AT_ONCE):
            if self._plane == self._ffi.NULL:
                return False
            size = self._lib.plane_take_up(self._plane, self._up, self._datagram)
            if size == 0:
                return False
            self._hand_on(self._up_octets[:size])
        return True

    def _hand_on(self, data: bytes) -> None:
        if self._up.kind == _DATAGRAM:
            self._upward.datagram_received(data, _readable(self._up_ip[:], self._up.address.port), self._up.at)
        elif self._up.kind == _MOVED:
            self._upward.peer_moved(self._up.peer, _readable(self._up_ip[:], self._up.address.port))
        elif self._up.kind == _FLOODED:
            self._upward.peer_flooded(self._up.peer)
        elif self._up.kind == _UNKNOWN and data.isascii():
            names = data.decode("ascii").split("\0")[:3]
            self._upward.source_unknown(self._up.peer, Unknown(self._up.ssrc, self._up.payload_type, *names))

    # --- forms ---

    def _context(self, session: Session) -> Any:
        return self._ffi.cast("void *", int(srtp.ffi.cast("uintptr_t", session._srtp[0])))

    def _address(self, address: Address) -> Any:
        return self._ffi.new("plane_address *", [_packed(address[0]), address[1]])

    def _repair(self, repair: Repair | None, first: int) -> Any:
        ssrc, payload_type = (repair.ssrc or 0, repair.payload_type) if repair is not None else (0, 0)
        return self._ffi.new("plane_repair *", [ssrc, payload_type, first])[0]

    def _extensions(self, ids: ExtensionIds) -> Any:
        return self._ffi.new("plane_extensions *", [number or 0 for number in _numbers(ids)])[0]


def _numbers(ids: ExtensionIds) -> tuple[int | None, ...]:
    return (ids.abs_send_time, ids.audio_level, ids.mid, ids.rid, ids.repaired_rid)


_SRTP_CALLS = ("srtp_unprotect", "srtp_protect", "srtp_unprotect_rtcp", "srtp_protect_rtcp")
_MAPPED = bytes(10) + b"\xff\xff"


@lru_cache(maxsize=4096)
def _packed(ip: str) -> bytes:
    packed = ipaddress.ip_address(ip).packed
    return packed if len(packed) == 16 else _MAPPED + packed


@lru_cache(maxsize=4096)
def _readable(ip: bytes, port: int) -> Address:
    if ip.startswith(_MAPPED):
        return (str(ipaddress.IPv4Address(ip[12:])), port)
    return (str(ipaddress.IPv6Address(ip)), port)
