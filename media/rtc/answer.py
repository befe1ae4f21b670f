"""Writes the relay's SDP answer (RFC 9429, 5.3): VP8 and Opus, REMB, one bundled transport, always DTLS-passive.

It decides the words, not who is sent what; nothing of the offer is repeated but numbers, mids and checked tokens.
"""

from dataclasses import dataclass

from media.core.kinds import Kind
from media.core.path import Address
from media.core.rtp import ABS_SEND_TIME_URI, AUDIO_LEVEL_URI, MID_URI
from media.rtc.candidates import candidate_lines
from media.rtc.offer import OfferedLine

_FEEDBACK = ("goog-remb", "nack", "nack pli", "ccm fir")
START_KBPS = 1000
"""Without it a browser begins at 300 kbit/s and REMB raises that by 8 % a second only."""
_FORMATS = {
    Kind.AUDIO: ("opus/48000/2", "minptime=10;useinbandfec=1"),
    Kind.VIDEO: ("VP8/90000", f"x-google-start-bitrate={START_KBPS}"),
}


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


@dataclass(frozen=True, slots=True)
class AnsweredLine:
    """`accepted` is false for what stays rejected; `given` is none where nothing is sent."""

    offered: OfferedLine
    accepted: bool
    given: Given | None


def write_answer(session: int, version: int, transport: LocalTransport, lines: tuple[AnsweredLine, ...]) -> str:
    """`session` and `version` as RFC 3264, 8 wants them: one session, a version that grows."""
    mids = [line.offered.mid for line in lines if line.accepted and line.offered.mid is not None]
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
        if line.accepted:
            text += _accepted(line, transport, with_candidates=first)
            first = False
        else:
            text += _rejected(line.offered)
    return "\r\n".join(text) + "\r\n"


def _rejected(offered: OfferedLine) -> list[str]:
    mid = [f"a=mid:{offered.mid}"] if offered.mid is not None else []
    return [f"m={offered.media} 0 {offered.transport} {offered.format}", "c=IN IP4 0.0.0.0", *mid, "a=inactive"]


def _accepted(line: AnsweredLine, transport: LocalTransport, *, with_candidates: bool) -> list[str]:
    offered = line.offered
    text = [
        f"m={offered.media} 9 UDP/TLS/RTP/SAVPF {offered.payload_type}",
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
    return text + _format(offered) + _extensions(offered) + _stream(line)


def _direction(line: AnsweredLine) -> str:
    receives, sends = line.offered.sends, line.given is not None
    if receives and sends:
        return "sendrecv"
    return "recvonly" if receives else "sendonly" if sends else "inactive"


def _format(offered: OfferedLine) -> list[str]:
    if offered.kind is None:
        return []
    codec, parameters = _FORMATS[offered.kind]
    number = offered.payload_type
    feedback = [f"a=rtcp-fb:{number} {what}" for what in _FEEDBACK if what in offered.feedback and offered.kind is Kind.VIDEO]
    return [f"a=rtpmap:{number} {codec}", *feedback, f"a=fmtp:{number} {parameters}"]


def _extensions(offered: OfferedLine) -> list[str]:
    ids = offered.extensions
    known = ((ids.mid, MID_URI), (ids.abs_send_time, ABS_SEND_TIME_URI), (ids.audio_level, AUDIO_LEVEL_URI))
    return [f"a=extmap:{number} {uri}" for number, uri in known if number is not None]


def _stream(line: AnsweredLine) -> list[str]:
    if line.given is None:
        return []
    label, ssrc = line.given.label, line.given.ssrc
    msid = f"{label} {label}-{line.offered.kind}"
    return [f"a=msid:{msid}", f"a=ssrc:{ssrc} cname:{label}", f"a=ssrc:{ssrc} msid:{msid}"]
