"""One person's sound or picture, from copied packets to closed segments in memory. It writes nothing anywhere.

It joins the cores: order, frames, time, cuts. Several sources may follow each other (a reload makes a new one); only the newest
counts. What is missing becomes a gap with its reason. All times given and kept are microseconds of CLOCK_MONOTONIC.
"""

import struct
from dataclasses import dataclass, field

from common.errors import Unavailable
from recording.container import Muxer
from recording.core.cutting import IDLE_US, PAUSE_US, Cut, Cutter
from recording.core.depayload import Depayload, Frame, depayload_for
from recording.core.manifest import Codec, Gap, Kind, Quality
from recording.core.reorder import Packet, Ready, Reorder
from recording.core.timing import RtpLine
from recording.sealing import Closed

COPY = struct.Struct("!BBHIQ")
"""Before each copied packet (media/plane/native/tap.c): magic, version and codec, copies dropped before, stream, arrival (µs)."""
MAGIC, VERSION = 0xC7, 1
CODECS: dict[int, Codec] = {1: "opus", 2: "vp8", 3: "h264"}
MOST_WAITING = 2000
"""Frames whose place is not known yet; it is after 0.3 s."""
_RTP = struct.Struct("!BBHII")
_PLAIN = COPY.size + _RTP.size
"""Where the payload is of a packet without extensions, padding and contributing sources."""
_FRAME_US = 33_333
"""How long a picture lasts when the next one does not tell."""


@dataclass(slots=True)
class _Source:
    """One RTP source; `number` tells it from others of the track."""

    number: int
    codec: Codec
    depayload: Depayload
    line: RtpLine
    reorder: Reorder = field(default_factory=Reorder)
    waiting: list[Frame] = field(default_factory=list)
    begun: bool = False
    """Whether a frame of it was written."""


@dataclass(slots=True)
class _Segment:
    muxer: Muxer
    begun_us: int


class Track:
    """`zero_us` is where the recording's line begins. `begin_us`: from when on there should be something. Nothing is placed
    before it: what was on its way then belongs to where the order took effect, not into the gap that ended there."""

    def __init__(self, seat: str, kind: Kind, zero_us: int, begin_us: int) -> None:
        self.seat = seat
        self.kind: Kind = kind
        self._zero_us, self._begin_us = zero_us, begin_us
        self._source: _Source | None = None
        self._cutter = Cutter(picture=kind == "video")
        self._segment: _Segment | None = None
        self._end_us = begin_us
        """Up to where there is something; a pause after it becomes a gap."""
        self._last_us = 0
        self._heard_us = begin_us
        self._lost_before = 0
        self._sources = 0
        self._packets = self._frames = self._lost = self._broken = 0
        self.closed: list[Closed] = []
        """Segments that have ended; whoever seals takes them away."""
        self.gaps: list[Gap] = []

    # --- what comes in ---

    def new_source(self, codec: Codec) -> None:
        """Another connection: the one before is over."""
        self.end_source()
        depayload = depayload_for(codec)
        self._sources += 1
        self._source = _Source(self._sources, codec, depayload, RtpLine(depayload.rate))

    def copy(self, data: bytes, dropped: int, arrived_us: int) -> None:
        """One copied RTP packet, behind its copy's head."""
        source = self._source
        if source is None or len(data) < _PLAIN:
            return
        first, second, sequence, timestamp, _ssrc = _RTP.unpack_from(data, COPY.size)
        payload = _payload(data, first) if first != 0x80 else data[_PLAIN:]
        if payload is None:
            return
        if dropped:
            self._gap(self._heard_us, arrived_us, "slow_recorder")
        self._heard_us = arrived_us
        self._packets += 1
        at_us = source.line.place(timestamp, arrived_us)
        packet = Packet(timestamp, second >= 128, payload, at_us)
        self._take(source, source.reorder.push(sequence, packet, arrived_us))

    def tick(self, now_us: int) -> None:
        """Time passes: packets are given up, idle segments closed."""
        source = self._source
        if source is not None:
            self._take(source, source.reorder.due(now_us))
        if self._cutter.idle(now_us):
            self._close_segment(None)

    def wants_key(self, now_us: int) -> bool:
        """Whether the sender is to be asked for a key frame now: never one who sends nothing."""
        source = self._source
        sends = source is not None and now_us - self._heard_us < IDLE_US
        return source is not None and sends and self._cutter.wants_key(now_us, starved=source.depayload.starved)

    def end_source(self) -> None:
        """Nothing more comes of the present source."""
        source, self._source = self._source, None
        if source is None:
            return
        source.line.settle()
        self._take(source, source.reorder.flush())
        self._release(source)
        self._lost += source.reorder.lost
        self._broken += source.depayload.broken

    def end(self, now_us: int) -> None:
        """The track is over, or pauses by order; `now_us` is up to when there should have been something."""
        self.end_source()
        self._close_segment(None)
        if now_us - self._end_us >= PAUSE_US:
            self._gap(self._end_us, now_us, "no_media")

    @property
    def quality(self) -> Quality:
        source = self._source
        lost = self._lost + (source.reorder.lost if source else 0)
        broken = self._broken + (source.depayload.broken if source else 0)
        return Quality(self.seat, self.kind, self._packets, lost, self._frames, broken)

    # --- frames ---

    def _take(self, source: _Source, ready: list[Ready]) -> None:
        for missing, packet in ready:
            frame = source.depayload.push(missing, packet)
            if frame is not None:
                source.waiting.append(frame)
        if source.waiting and (not source.line.held or len(source.waiting) > MOST_WAITING):
            self._release(source)

    def _release(self, source: _Source) -> None:
        """Frames whose place is known, or never will be better."""
        frames, source.waiting = source.waiting, []
        for frame in frames:
            at_us = frame.at_us if frame.at_us is not None else source.line.at(frame.timestamp)
            try:
                self._write(source, frame, max(at_us, self._begin_us, self._last_us + 1000))
            except Unavailable:
                self._segment = None
                self._cutter.close()
                self._gap(self._end_us, at_us, "not_muxed")

    def _write(self, source: _Source, frame: Frame, at_us: int) -> None:
        setup = (source.number, frame.size, frame.setup)
        cut = self._cutter.frame(at_us, len(frame.data), key=frame.key, setup=setup)
        if cut is Cut.LEAVE_OUT:
            return
        self._look_for_gap(source, at_us)
        if cut is Cut.BEGIN:
            self._close_segment(at_us)
            self._segment = _Segment(Muxer(source.codec, frame), at_us)
        assert self._segment is not None
        length_us = frame.samples * 1_000_000 // 48_000 or _FRAME_US
        self._segment.muxer.add(frame, at_us - self._zero_us, length_us)
        self._frames += 1
        self._last_us, self._end_us = at_us, at_us + length_us

    def _look_for_gap(self, source: _Source, at_us: int) -> None:
        missing = source.reorder.lost + source.depayload.broken
        if at_us - self._end_us >= PAUSE_US:
            lossy = source.begun and missing > self._lost_before  # before another connection's first frame nothing was lost
            self._gap(self._end_us, at_us, "network" if lossy else "no_media")
        self._lost_before, source.begun = missing, True

    def _close_segment(self, next_us: int | None) -> None:
        """Ends the open segment where the next one begins, or where its last frame ends."""
        segment, self._segment = self._segment, None
        self._cutter.close() if next_us is None else None
        if segment is None:
            return
        end_us = next_us if next_us is not None and next_us - self._end_us < PAUSE_US else self._end_us
        muxer, start_ms = segment.muxer, self._ms(segment.begun_us)
        self.closed.append(
            Closed(
                seat=self.seat,
                kind=self.kind,
                codec=muxer.codec,
                container=muxer.container,
                start_ms=start_ms,
                duration_ms=max(1, self._ms(end_us) - start_ms),
                frames=muxer.frames,
                width=muxer.width,
                height=muxer.height,
                file=muxer.close(),
            )
        )

    def _gap(self, from_us: int, to_us: int, reason: str) -> None:
        """Marks one; what goes on from the last one for the same reason is the same."""
        first, last = self._ms(from_us), max(self._ms(from_us), self._ms(to_us))
        if self.gaps and self.gaps[-1].reason == reason and first - (self.gaps[-1].to_ms or 0) < PAUSE_US // 1000:
            first = self.gaps.pop().from_ms
        self.gaps.append(Gap(self.seat, self.kind, first, last, reason))

    def _ms(self, at_us: int) -> int:
        return max(0, at_us - self._zero_us) // 1000


def _payload(data: bytes, first: int) -> bytes | None:
    """The RTP payload without extensions and padding (RFC 3550, 5.1), or none when a length points outside."""
    at = _PLAIN + 4 * (first & 15)
    end = len(data)
    if first & 0x10:
        if at + 4 > end:
            return None
        at += 4 + 4 * (data[at + 2] << 8 | data[at + 3])
    if first & 0x20:
        end -= data[-1]
    return data[at:end] if first >> 6 == 2 and at <= end else None
