"""Which protocol a datagram belongs to (RFC 7983), by its first bytes alone. Never looks further, never trusts it."""

from enum import StrEnum

MAX_DATAGRAM_BYTES = 1500
"""Nothing longer fits an Ethernet path unfragmented; libsrtp's Python binding breaks on longer ones."""


class Protocol(StrEnum):
    STUN = "stun"
    DTLS = "dtls"
    RTP = "rtp"
    RTCP = "rtcp"
    OTHER = "other"


_STUN, _OTHER = Protocol.STUN, Protocol.OTHER


def classify(datagram: bytes) -> Protocol:
    """The protocol of a datagram of any length; empty, oversized and unassigned ones are `OTHER`."""
    if not 2 <= len(datagram) <= MAX_DATAGRAM_BYTES:
        return _OTHER
    first = datagram[0]
    if first < 4:
        return _STUN
    if 20 <= first < 64:
        return Protocol.DTLS
    if 128 <= first < 192:
        # RFC 5761, 4: RTCP packet types 192 to 223 are RTP payload types 64 to 95 with the marker, which nobody uses.
        return Protocol.RTCP if 192 <= datagram[1] < 224 else Protocol.RTP
    return _OTHER
