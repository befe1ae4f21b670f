"""What a link carries, stream by stream, read off the wire: RTP's header is not encrypted, so nobody's word is needed for it.

It counts; it never changes or keeps a packet.
"""

from dataclasses import dataclass
from typing import NamedTuple

RTP_HEADER_BYTES = 12
RTCP_TYPES = range(192, 224)
"""Of a bundled path with rtcp-mux (RFC 5761, 4): these are control packets."""


class StreamKey(NamedTuple):
    """RFC 3550's names of a stream; the payload type without the marker bit."""

    ssrc: int
    payload_type: int


@dataclass(slots=True)
class Carried:
    """Packets and octets of one stream that came to the link's entrance, and packets that the link dropped there: what stands in
    its queue is not lost."""

    entered: int = 0
    octets: int = 0
    lost: int = 0


class Ledger:
    """One direction of a link."""

    def __init__(self) -> None:
        self.streams: dict[StreamKey, Carried] = {}

    def entered(self, packet: bytes) -> None:
        if carried := self._of(packet):
            carried.entered += 1
            carried.octets += len(packet)

    def dropped(self, packet: bytes) -> None:
        if carried := self._of(packet):
            carried.lost += 1

    def of_types(self, payload_types: set[int]) -> Carried:
        """All streams of these payload types together."""
        found = [carried for key, carried in self.streams.items() if key.payload_type in payload_types]
        return Carried(*(sum(figures) for figures in zip(*((one.entered, one.octets, one.lost) for one in found), strict=True)))

    def _of(self, packet: bytes) -> Carried | None:
        if len(packet) < RTP_HEADER_BYTES or packet[0] >> 6 != 2 or packet[1] in RTCP_TYPES:
            return None
        return self.streams.setdefault(StreamKey(int.from_bytes(packet[8:12], "big"), packet[1] & 0x7F), Carried())
