"""The formats of one m-line that the relay can pass on (RFC 8866, 6.6; RFC 4588, 8): which codec bears which numbers.

It decides which H.264 is one that every browser decodes, and trusts no number.
"""

from dataclasses import dataclass

from common.errors import ProtocolError
from media.core.kinds import Codec, Kind

_CODECS = {
    (Kind.AUDIO, "opus/48000/2"): Codec.OPUS,
    (Kind.VIDEO, "vp8/90000"): Codec.VP8,
    (Kind.VIDEO, "h264/90000"): Codec.H264,
}
_RTX = "rtx/90000"


@dataclass(frozen=True, slots=True)
class Format:
    """One codec as the browser numbers it; `repair` is the payload type of its retransmissions, none where it has none."""

    codec: Codec
    payload_type: int
    repair: int | None
    feedback: frozenset[str]


def number(text: str, most: int) -> int:
    """A decimal number from 0 to `most`; raises `ProtocolError` (sdp_malformed)."""
    if not text.isascii() or not text.isdecimal() or len(text) > 10 or int(text) > most:
        raise ProtocolError("sdp_malformed", "a number is malformed or out of range")
    return int(text)


def read_formats(
    kind: Kind, offered: list[str], rtpmaps: list[str], parameters: list[str], feedback: list[str]
) -> tuple[Format, ...]:
    """The first usable format of each codec, in the browser's order; `offered` are the numbers of the m-line itself.

    `rtpmaps`, `parameters` and `feedback` are the values of a=rtpmap, a=fmtp and a=rtcp-fb.
    """
    named = dict(_pair(value) for value in reversed(rtpmaps))
    said = dict(_pair(value) for value in reversed(parameters))
    repairs = {
        _parameters(said.get(payload_type, "")).get("apt", ""): number(payload_type, 127)
        for payload_type, name in named.items()
        if name.lower() == _RTX and payload_type in offered
    }
    formats: dict[Codec, Format] = {}
    for payload_type in offered:
        codec = _CODECS.get((kind, named.get(payload_type, "").lower()))
        if codec is None or codec in formats or (codec is Codec.H264 and not _is_common_h264(said.get(payload_type, ""))):
            continue
        asked = frozenset(what for which, what in map(_pair, feedback) if which in {"*", payload_type})
        formats[codec] = Format(codec, number(payload_type, 127), repairs.get(payload_type), asked)
    return tuple(formats.values())


def _is_common_h264(parameters: str) -> bool:
    """Constrained baseline in packetization mode 1: what RFC 7742, 6.2 asks of every browser that has H.264 at all."""
    values = _parameters(parameters)
    profile = values.get("profile-level-id", "").lower()
    if values.get("packetization-mode") != "1" or len(profile) != 6 or not profile.startswith("42"):
        return False
    try:
        return bool(int(profile[2:4], 16) & 0x40)
    except ValueError:
        return False


def _pair(value: str) -> tuple[str, str]:
    head, _, rest = value.partition(" ")
    return head, rest


def _parameters(text: str) -> dict[str, str]:
    pairs = (item.partition("=") for item in text.split(";")[:32])
    return {name.strip().lower(): value.strip() for name, _, value in pairs}
