"""One sink's side of forwarding: which packets of its source it gets, and how they look to it.

It decides nothing about who hears whom. For video nothing passes before a key frame of the source; after that every packet
passes, renumbered. It keeps no packets.
"""

import secrets
from dataclasses import dataclass

from media.core import rtp
from media.core.kinds import CLOCK_RATE, Codec, Kind, kind_of
from media.core.rtp import ExtensionIds, RtpHeader
from media.plane.interface import Sink
from tests.reference import h264, vp8
from tests.reference.sendtime import SendClock
from tests.reference.sequence import OutputNumbers


@dataclass(frozen=True, slots=True)
class Arrived:
    """One decrypted packet of a source, taken apart once for all its sinks. `payload` is empty for padding only."""

    header: RtpHeader
    payload: bytes
    key_start: bool
    descriptor: vp8.Descriptor | None
    abs_send_time: bytes | None
    """On the relay's clock."""
    audio_level: bytes | None
    again: bool = False
    """It was sent again: its picture's time is over."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known of a source: `ids` as its m-line agreed on them, `clock` of its sender."""

    codec: Codec
    ids: ExtensionIds
    clock: SendClock


def take_apart(data: bytes, header: RtpHeader, origin: Origin, now: float, *, again: bool = False) -> Arrived:
    """A packet that arrived at `now` from `origin`."""
    stamp = rtp.extension(data, header, origin.ids.abs_send_time)
    payload = data[header.payload_start : header.payload_end]
    descriptor = vp8.parse(payload) if origin.codec is Codec.VP8 else None
    return Arrived(
        header,
        payload,
        h264.starts_key_frame(payload) if origin.codec is Codec.H264 else descriptor is not None and descriptor.key_start,
        descriptor,
        origin.clock.translate(stamp, now) if stamp is not None and len(stamp) == 3 else None,
        rtp.extension(data, header, origin.ids.audio_level),
        again,
    )


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A packet ready to be encrypted, and its number."""

    sequence: int
    data: bytes


class Forward:
    """The numbering and the gate of one sink."""

    def __init__(self, sink: Sink) -> None:
        self.kind = kind_of(sink.codec)
        self.ssrc = sink.key.ssrc
        self.payload_type = sink.payload_type
        self.ids = sink.extensions
        self.mid = sink.mid.encode("ascii")
        self.open = False
        # RFC 3550 asks for random beginnings; below 2^15 so that no receiver of the first packets guesses a wrong rollover.
        self._numbers = OutputNumbers(CLOCK_RATE[self.kind], secrets.randbelow(1 << 15), secrets.randbits(32))
        self._pictures = vp8.PictureNumbers()

    def switch(self) -> None:
        """Another source feeds the sink from now on: the gate closes until its key frame (audio: its next packet)."""
        self.open = False
        self._numbers.switch()

    def pass_on(self, arrived: Arrived, now: float) -> Outgoing | None:
        """The packet as the sink gets it, or none when it is kept from it."""
        header = arrived.header
        if not arrived.payload and (not self.open or self._numbers.leave_out(header.sequence)):
            return None
        if not self.open and not self._opens(arrived):
            return None
        numbered = self._numbers.accept(header.sequence, header.timestamp, now, again=arrived.again)
        if numbered is None:
            return None
        payload = arrived.payload
        if arrived.descriptor is not None:
            payload = self._pictures.rewrite(payload, arrived.descriptor)
        data = rtp.write(
            marker=header.marker,
            payload_type=self.payload_type,
            sequence=numbered[0],
            timestamp=numbered[1],
            ssrc=self.ssrc,
            extensions=self._extensions(arrived),
            payload=payload,
        )
        return Outgoing(numbered[0], data)

    def source_sequence(self, sequence: int) -> int | None:
        """The source's number of a packet that the receiver asks for again."""
        return self._numbers.source_sequence(sequence)

    def since_key_frame(self, sequence: int) -> int | None:
        """The unbounded number of a packet that was sent since the gate opened, or none: what came before is void."""
        return self._numbers.since_switch(sequence) if self.open else None

    def map_timestamp(self, timestamp: int) -> int | None:
        """A sender report's timestamp in the sink's numbering; none while the gate is closed."""
        return self._numbers.map_timestamp(timestamp) if self.open else None

    def _opens(self, arrived: Arrived) -> bool:
        if self.kind is Kind.VIDEO:
            if not arrived.key_start:
                return False
            self._pictures.switch()
        self.open = True
        return True

    def _extensions(self, arrived: Arrived) -> bytes:
        values = []
        if arrived.abs_send_time is not None and self.ids.abs_send_time is not None:
            values.append((self.ids.abs_send_time, arrived.abs_send_time))
        if arrived.audio_level is not None and self.ids.audio_level is not None:
            values.append((self.ids.audio_level, arrived.audio_level))
        if self.mid and self.ids.mid is not None:
            values.append((self.ids.mid, self.mid))
        return rtp.write_extensions(values)
