"""The media worker without its process: sessions on one UDP port, asked and answered in control messages.

It decides which session a request concerns and whether there is room for another; it knows no person and no HTTP.
"""

import asyncio
import itertools
import secrets
import time
from collections import defaultdict
from typing import cast

import structlog

from common.errors import ProtocolError, Unavailable
from common.ids import ConsultationId
from common.wire import Wire
from media.control.messages import (
    Done,
    PeerAnswer,
    PeerClose,
    PeerOffer,
    PeerReport,
    PeerState,
    QualityChanged,
    RecordingKeyframe,
    RecordingSet,
    SessionLost,
    SessionOpen,
    SessionsOpen,
    WorkerReady,
    WorkerStatus,
    WorkerTable,
)
from media.control.server import ControlServer
from media.core.addresses import any_ipv6
from media.core.path import Address
from media.ladders import EVERY_S, HEARD_S, Turn
from media.plane.interface import SinkCounters, SourceCounters, Unknown
from media.plane.port import SOCKET_BUFFER_BYTES, MediaPort
from media.rtc.candidates import local_addresses
from media.rtc.guard import Guard
from media.rtc.peer import Endpoint
from media.rtc.rounds import Rounds
from media.rtc.seam import Certificate
from media.session import Session
from media.stats import LoadMeter, resident_bytes

_log = structlog.get_logger(__name__)

MAX_SESSIONS = 1000
MAX_PROBES = 8
PROBE_LIFE_S = 60.0
PROBE_HEADROOM = 0.15
"""A probe costs about what a call does: people who only try out their line leave three times what a new call needs."""
MEMORY_LIMIT_BYTES = 1 << 30
"""Twelve times what a hundred calls were seen to need."""
MAX_TABLE_LINES = 150
"""Of sources and of sinks in one dump: a frame holds 64 KiB."""


class MediaRelay:
    """Opens the port at once (`OSError` when taken); must be made inside a running loop and closed."""

    def __init__(self, name: str, addresses: tuple[str, ...] = (), port: int = 0, memory_limit: int = MEMORY_LIMIT_BYTES) -> None:
        loop = asyncio.get_running_loop()
        self.epoch = secrets.token_hex(8)
        self._guard = Guard()
        ours = local_addresses(addresses)
        self._port = MediaPort(loop, port, self, ipv6=any_ipv6(ours))
        self.port = self._port.port
        if self._port.buffer_bytes < SOCKET_BUFFER_BYTES:
            _log.warning(
                "media port has small buffers, a busy machine will lose packets: raise net.core.rmem_max and wmem_max",
                bytes=self._port.buffer_bytes,
                wanted=SOCKET_BUFFER_BYTES,
            )
        hosts: tuple[Address, ...] = tuple((host, self.port) for host in ours)
        self._rounds = Rounds(loop)
        self._endpoint = Endpoint(self._port.relay, self._guard, Certificate(), hosts, self._port.send, self._rounds)
        self._numbers = itertools.count(1)
        self._sessions: dict[ConsultationId, Session] = {}
        self._probes: dict[ConsultationId, asyncio.TimerHandle] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._draining = False
        self.drained = asyncio.Event()
        self._load = LoadMeter(loop, memory_limit)
        self._stepping = loop.call_later(EVERY_S, self._step)
        self._heard: set[int] = set()
        self._turn = 0
        self.clients = 0
        self.clients_changed = asyncio.Event()
        ready = WorkerReady(worker=name, port=self.port)
        self.server = ControlServer(self.handle, ready, self.epoch, self._clients_changed)

    # --- requests ---

    async def handle(self, name: str, session: ConsultationId | None, body: Wire) -> Wire:
        """Answers one request; raises the errors of common.errors."""
        match name:
            case "worker_ping":
                return self._status()
            case "worker_dump":
                return self._table()
            case "worker_drain":
                self.drain()
                return Done()
            case "session_list":
                return SessionsOpen(sessions=[which for which in self._sessions if which not in self._probes])
        if session is None:
            raise ProtocolError("session_missing", "this request concerns a session")
        match name:
            case "session_open":
                self._open(session, cast(SessionOpen, body).purpose == "probe")
            case "session_close":
                await self._end(session)
            case "peer_offer":
                return self._offer(session, cast(PeerOffer, body))
            case "recording_set":
                return self._session(session).record(cast(RecordingSet, body))
            case "recording_keyframe":
                self._session(session).keyframes(cast(RecordingKeyframe, body).streams)
            case "peer_report":
                if session in self._sessions:
                    self._sessions[session].reported(cast(PeerReport, body), time.monotonic())
            case "peer_close":
                if session in self._sessions:
                    self._sessions[session].close_label(cast(PeerClose, body).label)
            case _:
                raise ProtocolError("unknown_request", "this worker knows no such request")
        return Done()

    def _open(self, session: ConsultationId, probe: bool) -> None:
        if session in self._sessions:
            return
        if self._draining or len(self._sessions) >= MAX_SESSIONS:
            raise Unavailable("worker_full", "this worker takes no new session")
        if probe and (len(self._probes) >= MAX_PROBES or self._load.headroom < PROBE_HEADROOM):
            raise Unavailable("probes_full", "this worker has no room for a test beside its calls now")
        self._sessions[session] = Session(
            session,
            self._endpoint,
            lambda: next(self._numbers),
            self._ignore if probe else self._notify,
            self._session_faulted,
            echo=probe,
        )
        if probe:
            loop = asyncio.get_running_loop()
            self._probes[session] = loop.call_later(PROBE_LIFE_S, self._end_later, session)

    def _offer(self, session: ConsultationId, body: PeerOffer) -> PeerAnswer:
        return PeerAnswer(sdp=self._session(session).offer(body))

    def _session(self, session: ConsultationId) -> Session:
        known = self._sessions.get(session)
        if known is None:
            raise Unavailable("session_unknown", "this worker holds no such session")
        return known

    async def _end(self, session: ConsultationId) -> None:
        known = self._sessions.pop(session, None)
        timer = self._probes.pop(session, None)
        if timer is not None:
            timer.cancel()
        if known is not None:
            await known.close()
        self._check_drained()

    def _status(self) -> WorkerStatus:
        totals = self._port.relay.totals()
        return WorkerStatus(
            sessions=len(self._sessions) - len(self._probes),
            probes=len(self._probes),
            peers=sum(len(session.numbers) for session in self._sessions.values()),
            loop_lag_ms=self._load.lag_ms,
            headroom=self._load.headroom,
            rss_bytes=resident_bytes(),
            packets_in=totals.packets_in,
            packets_out=totals.packets_out,
            packets_dropped=totals.packets_dropped + self._guard.dropped,
        )

    def _table(self) -> WorkerTable:
        sources, sinks = self._port.relay.source_counters(), self._port.relay.sink_counters()
        return WorkerTable(
            sources=[line for session in self._sessions.values() for line in session.sources(sources)][:MAX_TABLE_LINES],
            sinks=[line for session in self._sessions.values() for line in session.sinks(sinks)][:MAX_TABLE_LINES],
        )

    def _step(self) -> None:
        """Four times a second: everybody's ladders, and the layers."""
        self._stepping = asyncio.get_running_loop().call_later(EVERY_S, self._step)
        self._turn += 1
        self._round()
        self._layers()

    def _round(self) -> None:
        """A step of every session's ladders that has anything to go by; one read of the plane's tables serves them all."""
        now, plane, before = time.monotonic(), self._port.relay, self._heard
        self._heard = plane.peers_heard(now - HEARD_S)
        turn = Turn(self._turn, self._heard, plane.peers_troubled(now) if self._heard else set(), now)
        stirred = turn.troubled | (turn.heard - before)
        asked = [
            session
            for session in self._sessions.values()
            if session.next_turn <= self._turn or (stirred and not stirred.isdisjoint(session.numbers))
        ]
        calls = [session for session in asked if session.is_due(turn)]
        if not calls:
            return
        peers = {number for session in calls for number in session.numbers}
        sources: defaultdict[int, list[SourceCounters]] = defaultdict(list)
        sinks: defaultdict[int, list[SinkCounters]] = defaultdict(list)
        for source in self._port.relay.source_counters(peers):
            sources[source.key.peer].append(source)
        for sink in self._port.relay.sink_counters(peers):
            sinks[sink.key.peer].append(sink)
        for session in calls:
            try:
                session.round(sources, sinks, now)
            except Exception as fault:  # a bug in one call's figures must cost that call alone
                session.fault(fault)

    # --- what the plane hands up ---

    def datagram_received(self, data: bytes, address: Address, at: float) -> None:
        try:
            self._guard.datagram_received(data, address, at)
        except Exception:  # a bug in answering one datagram must not cost the batch behind it
            _log.exception("datagram handling failed")

    def peer_moved(self, peer: int, address: Address) -> None:
        session = self._session_of(peer)
        if session is not None:
            session.peer_moved(peer, address)

    def peer_flooded(self, peer: int) -> None:
        session = self._session_of(peer)
        if session is not None and session.has_layers:
            plane, whose = self._port.relay, session.numbers
            self._choose_layers([session], plane.source_counters(whose), plane.sink_counters(whose), flooded=peer)

    def source_unknown(self, peer: int, unknown: Unknown) -> None:
        session = self._session_of(peer)
        if session is not None:
            session.source_unknown(peer, unknown)

    def peer_faulted(self, peer: int, fault: Exception) -> None:
        session = self._session_of(peer)
        if session is not None:
            session.fault(fault)

    def _layers(self) -> None:
        """Only while anybody sends any: the tables are not read for nothing."""
        layered = [session for session in self._sessions.values() if session.has_layers]
        if layered:
            self._choose_layers(layered, self._port.relay.source_counters(), self._port.relay.sink_counters())

    @staticmethod
    def _choose_layers(
        sessions: list[Session], sources: list[SourceCounters], sinks: list[SinkCounters], flooded: int | None = None
    ) -> None:
        now = asyncio.get_running_loop().time()
        for session in sessions:
            try:
                session.choose_layers(sources, sinks, now, flooded)
            except Exception as fault:  # a bug must cost one session, not the worker
                session.fault(fault)

    def _session_of(self, peer: int) -> Session | None:
        return next((session for session in self._sessions.values() if peer in session.numbers), None)

    # --- the end ---

    def drain(self) -> None:
        """Takes no new session; `drained` is set when the last one has closed."""
        self._draining = True
        self._check_drained()

    async def close(self) -> None:
        """Gives up every session, tells so, and closes the port."""
        for session in self._sessions.keys() - self._probes.keys():
            self.server.notify(SessionLost(reason="drain"), session)
        await asyncio.gather(*(self._end(session) for session in list(self._sessions)))
        if self._ending:
            await asyncio.wait(self._ending, timeout=5.0)
        self._stepping.cancel()
        self._load.close()
        self._rounds.close()
        self._port.close()
        self.server.close()

    def _check_drained(self) -> None:
        if self._draining and not self._sessions.keys() - self._probes.keys():
            self.drained.set()

    def _notify(self, state: PeerState | QualityChanged, session: ConsultationId) -> None:
        self.server.notify(state, session)

    def _ignore(self, state: PeerState | QualityChanged, session: ConsultationId) -> None:
        """Whoever probes sees the outcome for themselves."""

    def _session_faulted(self, session: ConsultationId) -> None:
        if session not in self._sessions:
            return
        if session not in self._probes:
            self.server.notify(SessionLost(reason="fault"), session)
        self._end_later(session)

    def _end_later(self, session: ConsultationId) -> None:
        task = asyncio.get_running_loop().create_task(self._end(session))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def _clients_changed(self, count: int) -> None:
        self.clients = count
        self.clients_changed.set()
