"""One peer's negotiation: offer after offer on one connection, each answered at once.

It decides which lines are accepted, in which format, and under which SSRC each wanted label is sent; the label's media is
somebody else's matter.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from common.errors import ProtocolError
from media.core.kinds import Codec, Kind
from media.core.rtp import ExtensionIds
from media.rtc.answer import AnsweredLine, Given, LocalTransport, write_answer
from media.rtc.formats import Format
from media.rtc.offer import Offer, OfferedLine


@dataclass(frozen=True, slots=True)
class AgreedSource:
    """A line the browser sends on; `ssrc` is none until packets tell, once for each of `rids` where there are several layers."""

    mid: str
    kind: Kind
    format: Format
    extensions: ExtensionIds
    ssrc: int | None
    repair_ssrc: int | None
    rids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AgreedSink:
    """A line that the browser is sent `label` on."""

    mid: str
    kind: Kind
    format: Format
    extensions: ExtensionIds
    ssrc: int
    repair_ssrc: int | None
    label: str


@dataclass(frozen=True, slots=True)
class Agreement:
    sdp: str
    sources: tuple[AgreedSource, ...]
    sinks: tuple[AgreedSink, ...]


class Negotiation:
    """Created with the first offer, whose ICE and DTLS parameters hold for good: a fresh path is a fresh peer."""

    def __init__(self, offer: Offer, transport: LocalTransport) -> None:
        self._credentials = offer.credentials
        self._transport = transport
        self._session = secrets.randbits(62)
        self._version = 0
        self._ssrcs: dict[tuple[str, str, int], tuple[int, int | None]] = {}

    def answer(self, offer: Offer, wanted: Mapping[str, str], video: Codec = Codec.VP8) -> Agreement:
        """Answers `offer`; `wanted` is mid → label, `video` the room's codec. Raises `ProtocolError` and then changes nothing."""
        if offer.credentials != self._credentials:
            raise ProtocolError("ice_restart", "a fresh path needs a fresh connection and a fresh peer id")
        self._check_wanted(offer, wanted)
        lines = tuple(self._answered(line, wanted, offer, video) for line in offer.lines)
        if all(line.format is None for line in lines):
            raise ProtocolError("sdp_unsupported", "neither Opus nor VP8 nor H.264 was offered")
        given = {line.given.ssrc for line in lines if line.given is not None}
        self._ssrcs = {key: ssrcs for key, ssrcs in self._ssrcs.items() if ssrcs[0] in given}
        self._version += 1
        sdp = write_answer(self._session, self._version, self._transport, lines)
        return Agreement(sdp, self._sources(lines), self._sinks(lines))

    def _check_wanted(self, offer: Offer, wanted: Mapping[str, str]) -> None:
        receiving = {line.mid for line in offer.lines if line.live and line.formats and line.receives}
        if not receiving >= wanted.keys():
            raise ProtocolError("wanted_mid", "a wanted mid is not a live line that receives")

    def _answered(self, line: OfferedLine, wanted: Mapping[str, str], offer: Offer, video: Codec) -> AnsweredLine:
        chosen = _choose(line, video)
        if chosen is None:
            return AnsweredLine(line, None, None)
        return AnsweredLine(line, chosen, self._given(line, chosen, wanted, offer), _layers(line, chosen))

    def _given(self, line: OfferedLine, chosen: Format, wanted: Mapping[str, str], offer: Offer) -> Given | None:
        label = wanted.get(line.mid or "")
        if label is None or line.mid is None:
            return None
        key = (line.mid, label, chosen.payload_type)
        if key not in self._ssrcs:
            taken = {ssrc for pair in self._ssrcs.values() for ssrc in pair}
            taken |= {ssrc for other in offer.lines for ssrc in (other.ssrc, other.repair_ssrc)}
            ssrc = _fresh_ssrc(taken)
            self._ssrcs[key] = ssrc, _fresh_ssrc({*taken, ssrc}) if chosen.repair is not None else None
        return Given(label, *self._ssrcs[key])

    @staticmethod
    def _sources(lines: tuple[AnsweredLine, ...]) -> tuple[AgreedSource, ...]:
        sources = []
        for answered in lines:
            line, chosen = answered.offered, answered.format
            if chosen is None or line.mid is None or line.kind is None or not line.sends:
                continue
            ssrcs = (line.ssrc, line.repair_ssrc if chosen.repair is not None else None)
            sources.append(AgreedSource(line.mid, line.kind, chosen, line.extensions, *ssrcs, answered.rids))
        return tuple(sources)

    @staticmethod
    def _sinks(lines: tuple[AnsweredLine, ...]) -> tuple[AgreedSink, ...]:
        sinks = []
        for answered in lines:
            line, chosen, given = answered.offered, answered.format, answered.given
            if given is None or chosen is None or line.mid is None or line.kind is None:
                continue
            ssrcs = (given.ssrc, given.repair_ssrc)
            sinks.append(AgreedSink(line.mid, line.kind, chosen, line.extensions, *ssrcs, given.label))
        return tuple(sinks)


def _choose(line: OfferedLine, video: Codec) -> Format | None:
    """The room's codec; where the line lacks it, its own first: a line once refused would be dead for good (RFC 9429, 5.10)."""
    if not line.live or not line.formats:
        return None
    return next((each for each in line.formats if each.codec is video), line.formats[0])


def _layers(line: OfferedLine, chosen: Format) -> tuple[str, ...]:
    """Layers can be told apart only by their packets' rid, and only VP8's are passed on as one picture."""
    return line.rids if chosen.codec is Codec.VP8 and line.sends and line.extensions.rid is not None else ()


def _fresh_ssrc(taken: set[int | None]) -> int:
    while True:
        ssrc = secrets.randbelow((1 << 32) - 1) + 1
        if ssrc not in taken:
            return ssrc
