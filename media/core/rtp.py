"""RTP headers and their extensions (RFC 3550, RFC 8285): reading with bounds, writing what a sink gets.

It decides which header extensions pass the relay: abs-send-time and the audio level, renumbered for the receiver. A sender's
mid and rid and everything else stop here; a receiver is sent its own mid.
"""

import struct
from dataclasses import dataclass

ONE_BYTE_PROFILE = 0xBEDE
TWO_BYTE_PROFILE = 0x1000
_HEADER = struct.Struct("!BBHII")
_HEADER_BYTES = 12

ABS_SEND_TIME_URI = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
AUDIO_LEVEL_URI = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
MID_URI = "urn:ietf:params:rtp-hdrext:sdes:mid"
RID_URI = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_RID_URI = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"


@dataclass(frozen=True, slots=True)
class ExtensionIds:
    """Negotiated extension numbers (1 to 255) of one m-line, none where not negotiated."""

    abs_send_time: int | None = None
    audio_level: int | None = None
    mid: int | None = None
    rid: int | None = None
    repaired_rid: int | None = None


@dataclass(slots=True)
class RtpHeader:
    """A parsed header. Payload is `data[payload_start:payload_end]`, without padding; empty for a padding-only packet."""

    marker: bool
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    extension_profile: int
    extension_start: int
    extension_end: int
    payload_start: int
    payload_end: int


def parse(data: bytes) -> RtpHeader | None:
    """The header of a decrypted RTP packet, or none when a length in it points outside."""
    size = len(data)
    if size < _HEADER_BYTES:
        return None
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    if first >> 6 != 2:
        return None
    at = _HEADER_BYTES + 4 * (first & 0x0F)
    profile = extension_start = extension_end = 0
    if first & 0x10:
        if at + 4 > size:
            return None
        profile, words = struct.unpack_from("!HH", data, at)
        extension_start = at + 4
        at = extension_end = extension_start + 4 * words
    end = size
    if first & 0x20:
        padding = data[size - 1]
        if padding == 0:
            return None
        end -= padding
    if at > end:
        return None
    return RtpHeader(second >= 128, second & 127, sequence, timestamp, ssrc, profile, extension_start, extension_end, at, end)


def extension(data: bytes, header: RtpHeader, wanted: int | None) -> bytes | None:
    """The value of the extension numbered `wanted`, or none when absent or malformed."""
    if wanted is None or not header.extension_profile:
        return None
    if header.extension_profile == ONE_BYTE_PROFILE:
        return _one_byte_extension(data, header.extension_start, header.extension_end, wanted)
    if header.extension_profile & 0xFFF0 == TWO_BYTE_PROFILE:
        return _two_byte_extension(data, header.extension_start, header.extension_end, wanted)
    return None


def _one_byte_extension(data: bytes, at: int, end: int, wanted: int) -> bytes | None:
    while at < end:
        head = data[at]
        at += 1
        if head == 0:
            continue
        number = head >> 4
        if number == 15:  # RFC 8285, 4.2: stop here
            return None
        value_end = at + (head & 0x0F) + 1
        if value_end > end:
            return None
        if number == wanted:
            return data[at:value_end]
        at = value_end
    return None


def _two_byte_extension(data: bytes, at: int, end: int, wanted: int) -> bytes | None:
    while at < end:
        number = data[at]
        at += 1
        if number == 0:
            continue
        if at >= end:
            return None
        value_end = at + 1 + data[at]
        at += 1
        if value_end > end:
            return None
        if number == wanted:
            return data[at:value_end]
        at = value_end
    return None


def write_extensions(values: list[tuple[int, bytes]]) -> bytes:
    """The extension block for 1 to 16-byte values, in the one-byte form where the numbers allow it; empty for none."""
    if not values:
        return b""
    if all(number < 15 for number, _ in values):
        profile = ONE_BYTE_PROFILE
        body = b"".join(bytes((number << 4 | len(value) - 1,)) + value for number, value in values)
    else:
        profile = TWO_BYTE_PROFILE
        body = b"".join(bytes((number, len(value))) + value for number, value in values)
    body += bytes(-len(body) % 4)
    return struct.pack("!HH", profile, len(body) // 4) + body


def write(
    *, marker: bool, payload_type: int, sequence: int, timestamp: int, ssrc: int, extensions: bytes, payload: bytes
) -> bytes:
    """A packet without CSRCs and padding; `extensions` comes from `write_extensions`."""
    first = 0x90 if extensions else 0x80
    return _HEADER.pack(first, marker << 7 | payload_type, sequence, timestamp, ssrc) + extensions + payload
