"""Writes the relay's SDP answer (RFC 9429, 5.3): Opus, VP8 or H.264, RTX, REMB, one bundled transport, always DTLS-passive.

It decides the words, not who is sent what; nothing of the offer is repeated but numbers, mids and checked tokens.
"""

from dataclasses import dataclass

from media.core.kinds import Codec
from media.core.path import Address
from media.core.rtp import ABS_SEND_TIME_URI, AUDIO_LEVEL_URI, MID_URI, REPAIRED_RID_URI, RID_URI
from media.rtc.candidates import candidate_lines
from media.rtc.formats import Format
from media.rtc.offer import OfferedLine

_FEEDBACK = ("goog-remb", "nack", "nack pli", "ccm fir")
START_KBPS = 1000
"""Without it a browser begins at 300 kbit/s and REMB raises that by 8 % a second only."""
_FORMATS = {
    Codec.OPUS: ("opus/48000/2", "minptime=10;useinbandfec=1;usedtx=1"),
    Codec.VP8: ("VP8/90000", f"x-google-start-bitrate={START_KBPS}"),
    Codec.H264: (
        "H264/90000",
        f"level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f;x-google-start-bitrate={START_KBPS}",
    ),
}
PTIME_MS = 20
"""Opus frames of that length unless a rung of the ladder asks for longer ones."""


@dataclass(frozen=True, slots=True, repr=False)
class LocalTransport:
    """Our end of the bundle, the same in every answer of a peer."""

    ice_ufrag: str
    ice_pwd: str
    fingerprint: str
    addresses: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """What fills an m-line: the label is the stream's id (RFC 8830) and the CNAME, so that sound and picture keep step."""

    label: str
    ssrc: int
    repair_ssrc: int | None
    """Of its retransmissions, where the browser takes any."""


@dataclass(frozen=True, slots=True)
class AnsweredLine:
    """`format` is none for what stays rejected; `given` is none where nothing is sent; `rids` are the layers that are taken."""

    offered: OfferedLine
    format: Format | None
    given: Given | None
    rids: tuple[str, ...] = ()


def write_answer(session: int, version: int, transport: LocalTransport, lines: tuple[AnsweredLine, ...]) -> str:
    """`session` and `version` as RFC 3264, 8 wants them: one session, a version that grows."""
    mids = [line.offered.mid for line in lines if line.format is not None and line.offered.mid is not None]
    text = [
        "v=0",
        f"o=- {session} {version} IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        f"a=group:BUNDLE {' '.join(mids)}",
        "a=msid-semantic:WMS *",
    ]
    first = True
    for line in lines:
        if line.format is not None:
            text += _accepted(line, line.format, transport, with_candidates=first)
            first = False
        else:
            text += _rejected(line.offered)
    return "\r\n".join(text) + "\r\n"


def _rejected(offered: OfferedLine) -> list[str]:
    mid = [f"a=mid:{offered.mid}"] if offered.mid is not None else []
    return [f"m={offered.media} 0 {offered.transport} {offered.format}", "c=IN IP4 0.0.0.0", *mid, "a=inactive"]


def _accepted(line: AnsweredLine, chosen: Format, transport: LocalTransport, *, with_candidates: bool) -> list[str]:
    offered = line.offered
    numbers = [chosen.payload_type, *([chosen.repair] if chosen.repair is not None else [])]
    text = [
        f"m={offered.media} 9 UDP/TLS/RTP/SAVPF {' '.join(map(str, numbers))}",
        "c=IN IP4 0.0.0.0",
        f"a=mid:{offered.mid}",
        f"a={_direction(line)}",
        "a=rtcp-mux",
        *(["a=rtcp-rsize"] if offered.reduced_size else []),
        f"a=ice-ufrag:{transport.ice_ufrag}",
        f"a=ice-pwd:{transport.ice_pwd}",
        f"a=fingerprint:{transport.fingerprint}",
        "a=setup:passive",
    ]
    if with_candidates:
        text += [*candidate_lines(transport.addresses), "a=end-of-candidates"]
    return text + _format(chosen) + _extensions(line) + _layers(line) + _stream(line)


def _direction(line: AnsweredLine) -> str:
    receives, sends = line.offered.sends, line.given is not None
    if receives and sends:
        return "sendrecv"
    return "recvonly" if receives else "sendonly" if sends else "inactive"


def _format(chosen: Format) -> list[str]:
    codec, parameters = _FORMATS[chosen.codec]
    number = chosen.payload_type
    text = [f"a=rtpmap:{number} {codec}", f"a=fmtp:{number} {parameters}"]
    if chosen.codec is Codec.OPUS:
        return [*text, f"a=ptime:{PTIME_MS}"]
    text += [f"a=rtcp-fb:{number} {what}" for what in _FEEDBACK if what in chosen.feedback]
    if chosen.repair is not None:
        text += [f"a=rtpmap:{chosen.repair} rtx/90000", f"a=fmtp:{chosen.repair} apt={number}"]
    return text


def _extensions(line: AnsweredLine) -> list[str]:
    ids = line.offered.extensions
    known = [(ids.mid, MID_URI), (ids.abs_send_time, ABS_SEND_TIME_URI), (ids.audio_level, AUDIO_LEVEL_URI)]
    if line.rids:
        known += [(ids.rid, RID_URI), (ids.repaired_rid, REPAIRED_RID_URI)]
    return [f"a=extmap:{number} {uri}" for number, uri in known if number is not None]


def _layers(line: AnsweredLine) -> list[str]:
    """RFC 8853, 5.2: what the offer sends, the answer receives."""
    if not line.rids:
        return []
    return [*(f"a=rid:{rid} recv" for rid in line.rids), f"a=simulcast:recv {';'.join(line.rids)}"]


def _stream(line: AnsweredLine) -> list[str]:
    """The primary SSRC stands before the one that repairs it: else Chromium shows nothing."""
    given = line.given
    if given is None:
        return []
    msid = f"{given.label} {given.label}-{line.offered.kind}"
    ssrcs = [given.ssrc, *([given.repair_ssrc] if given.repair_ssrc is not None else [])]
    text = [f"a=msid:{msid}", *([f"a=ssrc-group:FID {ssrcs[0]} {ssrcs[1]}"] if len(ssrcs) > 1 else [])]
    for ssrc in ssrcs:
        text += [f"a=ssrc:{ssrc} cname:{given.label}", f"a=ssrc:{ssrc} msid:{msid}"]
    return text
