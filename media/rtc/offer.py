"""Reads a browser's SDP offer (RFC 8866, RFC 9429) into what the relay needs of it, trusting no line.

It decides what an offer must hold to be answered; candidates are never read. Whatever is strange is a `ProtocolError`.
"""

import re
from dataclasses import dataclass, field

from common.errors import ProtocolError
from media.core.kinds import Kind
from media.core.rtp import (
    ABS_SEND_TIME_URI,
    AUDIO_LEVEL_URI,
    MID_URI,
    REPAIRED_RID_URI,
    RID_URI,
    ExtensionIds,
)
from media.rtc.formats import Format, number, read_formats

MAX_BYTES = 32 * 1024
MAX_LINES = 2000
"""Chromium writes about 130 lines for a video m-line: 500 would be a room of three."""
MAX_MEDIA = 16
MAX_FINGERPRINTS = 8
MAX_LAYERS = 3

_RID = re.compile(r"[A-Za-z0-9]{1,16}")
_MID = re.compile(r"[A-Za-z0-9_-]{1,16}")
_TOKEN = re.compile(r"[A-Za-z0-9/_.+-]{1,40}")
_ICE = re.compile(r"[A-Za-z0-9+/]{4,256}")
_DIGEST = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2})*")
_DIGEST_BYTES = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
"""SHA-1 and MD5 are no proof of identity any more (ASVS 5.0, 17.2.8)."""
_DIRECTIONS = {"sendrecv": (True, True), "sendonly": (True, False), "recvonly": (False, True), "inactive": (False, False)}


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """Of ICE and DTLS: `fingerprints` are (algorithm, digest) pairs of supported algorithms, at least one."""

    ice_ufrag: str
    ice_pwd: str
    fingerprints: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class OfferedLine:
    """One m-line. `kind` is none for what is not audio or video; `formats` is empty when no codec of ours is offered.

    `ssrc` and `repair_ssrc` (of its retransmissions) are none where packets must tell them. `rids` are the layers that the
    browser would send (RFC 8853), in its order; fewer than two are none.
    """

    media: str
    transport: str
    format: str
    mid: str | None
    live: bool
    kind: Kind | None
    sends: bool
    receives: bool
    formats: tuple[Format, ...]
    extensions: ExtensionIds
    ssrc: int | None
    repair_ssrc: int | None
    rids: tuple[str, ...]
    reduced_size: bool


@dataclass(frozen=True, slots=True)
class Offer:
    credentials: Credentials
    lines: tuple[OfferedLine, ...]


@dataclass(slots=True)
class _Section:
    """The lines of the session (without `head`) or of one m-line."""

    head: str
    attributes: dict[str, list[str]] = field(default_factory=dict)

    def all(self, name: str) -> list[str]:
        return self.attributes.get(name, [])

    def one(self, name: str) -> str | None:
        values = self.all(name)
        if len(values) > 1:
            raise _malformed(f"a={name} stands twice in one section")
        return values[0] if values else None


def _malformed(sentence: str) -> ProtocolError:
    return ProtocolError("sdp_malformed", sentence)


def _unsupported(sentence: str) -> ProtocolError:
    return ProtocolError("sdp_unsupported", sentence)


def parse_offer(sdp: str) -> Offer:
    """The offer in `sdp`; raises `ProtocolError` (sdp_too_large, sdp_malformed, sdp_unsupported) and nothing else."""
    if len(sdp) > MAX_BYTES or len(sdp.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise ProtocolError("sdp_too_large", f"an offer holds at most {MAX_BYTES} bytes")
    session, *media = _split(sdp)
    bundled = _bundled(session)
    lines = tuple(_line(section, bundled) for section in media)
    _check_together(lines)
    live = [section for section, line in zip(media, lines, strict=True) if line.live]
    if not live:
        raise _unsupported("the offer has no live audio or video line")
    return Offer(_credentials(session, live), lines)


def _split(sdp: str) -> list[_Section]:
    texts = sdp.replace("\r\n", "\n").rstrip("\n").split("\n")
    if len(texts) > MAX_LINES:
        raise ProtocolError("sdp_too_large", f"an offer has at most {MAX_LINES} lines")
    if texts[0] != "v=0":
        raise _malformed("the offer does not begin with v=0")
    sections = [_Section("")]
    for text in texts[1:]:
        if len(text) < 2 or text[1] != "=" or not text[0].islower() or not text.isprintable():
            raise _malformed("a line is not of the form letter=value")
        if text[0] == "m":
            if len(sections) > MAX_MEDIA:
                raise ProtocolError("sdp_too_large", f"an offer has at most {MAX_MEDIA} m-lines")
            sections.append(_Section(text[2:]))
        elif text[0] == "a":
            name, _, value = text[2:].partition(":")
            sections[-1].attributes.setdefault(name, []).append(value)
    return sections


def _bundled(session: _Section) -> frozenset[str]:
    groups = [group.split()[1:] for group in session.all("group") if group.split()[:1] == ["BUNDLE"]]
    if len(groups) != 1:
        raise _unsupported("the offer must bundle all its lines on one transport")
    return frozenset(groups[0])


def _line(section: _Section, bundled: frozenset[str]) -> OfferedLine:
    media, port, transport, *formats = section.head.split(" ")[:64] + [""] * (3 - len(section.head.split(" ")))
    if not _TOKEN.fullmatch(media) or not _TOKEN.fullmatch(transport) or not formats or not _TOKEN.fullmatch(formats[0]):
        raise _malformed("an m-line is malformed")
    mid = section.one("mid")
    if mid is not None and not _MID.fullmatch(mid):
        raise _malformed("a=mid is malformed")
    kind = Kind(media) if media in {Kind.AUDIO, Kind.VIDEO} else None
    # RFC 8843, 7.2.1: port 0 with bundle-only is a line that lives in the bundle; Firefox writes it in re-offers.
    live = kind is not None and (number(port, 65535) > 0 or "bundle-only" in section.attributes)
    if live and (mid is None or mid not in bundled):
        raise _unsupported("every live line needs a mid in the bundle")
    if live and (not transport.endswith("TLS/RTP/SAVPF") or "rtcp-mux" not in section.attributes):
        raise _unsupported("media must be DTLS-SRTP with rtcp-mux")
    if not live or kind is None:
        return OfferedLine(
            media, transport, formats[0], mid, False, kind, False, False, (), ExtensionIds(), None, None, (), False
        )
    ssrc, repair_ssrc = _ssrcs(section)
    rids = _rids(section)
    sends, receives = _direction(section)
    return OfferedLine(
        media=media,
        transport=transport,
        format=formats[0],
        mid=mid,
        live=True,
        kind=kind,
        sends=sends,
        receives=receives,
        formats=read_formats(kind, formats, section.all("rtpmap"), section.all("fmtp"), section.all("rtcp-fb")),
        extensions=_extensions(section),
        ssrc=None if rids else ssrc,
        repair_ssrc=None if rids else repair_ssrc,
        rids=rids,
        reduced_size="rtcp-rsize" in section.attributes,
    )


def _direction(section: _Section) -> tuple[bool, bool]:
    named = [both for name, both in _DIRECTIONS.items() if name in section.attributes]
    if len(named) > 1:
        raise _malformed("a line names two directions")
    return named[0] if named else (True, True)


def _extensions(section: _Section) -> ExtensionIds:
    by_uri: dict[str, int] = {}
    for value in section.all("extmap"):
        identifier, _, uri = value.partition(" ")
        by_uri[uri.partition(" ")[0]] = number(identifier.partition("/")[0], 255)
    if len(set(by_uri.values())) != len(by_uri) or 0 in by_uri.values():
        raise _malformed("a=extmap gives a number twice or gives 0")
    uris = (ABS_SEND_TIME_URI, AUDIO_LEVEL_URI, MID_URI, RID_URI, REPAIRED_RID_URI)
    return ExtensionIds(*(by_uri.get(uri) for uri in uris))


def _ssrcs(section: _Section) -> tuple[int | None, int | None]:
    """The first SSRC that does not repair another, and the one that repairs it (RFC 5576, 4.2; RFC 4588, 5.3)."""
    repairs: dict[str, str] = {}
    for group in section.all("ssrc-group"):
        semantics, *members = group.split() or [""]
        if semantics == "FID" and len(members) == 2:
            repairs.setdefault(*members)
    for value in section.all("ssrc"):
        text = value.partition(" ")[0]
        if text not in repairs.values():
            ssrc = _ssrc(text)
            if ssrc:
                return ssrc, (_ssrc(repairs[text]) or None) if text in repairs else None
    return None, None


def _ssrc(text: str) -> int:
    return number(text, (1 << 32) - 1)


def _rids(section: _Section) -> tuple[str, ...]:
    """The layers of a=simulcast that are sent, without those only held ready as alternatives."""
    words = (section.one("simulcast") or "").split(" ")
    if "send" not in words[:-1]:
        return ()
    named = [layer.split(",")[0].lstrip("~") for layer in words[words.index("send") + 1].split(";")]
    sent = {value.split(" ")[0] for value in section.all("rid") if value.split(" ")[1:2] == ["send"]}
    if len(named) > MAX_LAYERS or len(set(named)) != len(named) or not all(_RID.fullmatch(rid) for rid in named):
        raise _malformed("a=simulcast is malformed")
    if not sent.issuperset(named):
        raise _malformed("a=simulcast names a rid that is not there")
    return tuple(named) if len(named) > 1 else ()


def _credentials(session: _Section, live: list[_Section]) -> Credentials:
    """ICE and DTLS parameters, of the session or of the lines, which must agree (RFC 8843, 7.1.3)."""
    ufrags = {value for section in (session, *live) for value in section.all("ice-ufrag")}
    passwords = {value for section in (session, *live) for value in section.all("ice-pwd")}
    setups = {value for section in (session, *live) for value in section.all("setup")}
    if len(ufrags) != 1 or len(passwords) != 1:
        raise _malformed("the bundle needs exactly one ICE user fragment and one password")
    ufrag, password = ufrags.pop(), passwords.pop()
    if not _ICE.fullmatch(ufrag) or not _ICE.fullmatch(password) or len(password) < 22:
        raise _malformed("ICE credentials are malformed")
    if not setups or not setups <= {"actpass", "active"}:
        raise _unsupported("the offer must leave the passive DTLS role to us")
    return Credentials(ufrag, password, _fingerprints([session, *live]))


def _fingerprints(sections: list[_Section]) -> frozenset[tuple[str, str]]:
    values = {value for section in sections for value in section.all("fingerprint")}
    if len(values) > MAX_FINGERPRINTS:
        raise _malformed("too many fingerprints")
    supported = set()
    for value in values:
        algorithm, _, digest = value.partition(" ")
        algorithm, digest = algorithm.lower(), digest.upper()
        if not _DIGEST.fullmatch(digest):
            raise _malformed("a=fingerprint is malformed")
        if algorithm in _DIGEST_BYTES:
            if len(digest) != 3 * _DIGEST_BYTES[algorithm] - 1:
                raise _malformed("a=fingerprint has the wrong length")
            supported.add((algorithm, digest))
    if not supported:
        raise _unsupported("a fingerprint of SHA-256 or stronger is needed")
    return frozenset(supported)


def _check_together(lines: tuple[OfferedLine, ...]) -> None:
    mids = [line.mid for line in lines if line.mid is not None]
    ssrcs = [ssrc for line in lines for ssrc in (line.ssrc, line.repair_ssrc) if ssrc is not None]
    if len(set(mids)) != len(mids):
        raise _malformed("two lines have the same mid")
    if len(set(ssrcs)) != len(ssrcs):
        raise _malformed("two lines send on the same SSRC")
