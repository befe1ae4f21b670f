"""One peer's negotiation: offer after offer on one connection, each answered at once.

It decides which lines are accepted and under which SSRC each wanted label is sent; the label's media is somebody else's matter.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from common.errors import ProtocolError
from media.core.kinds import Kind
from media.core.rtp import ExtensionIds
from media.rtc.answer import AnsweredLine, Given, LocalTransport, write_answer
from media.rtc.offer import Offer, OfferedLine


@dataclass(frozen=True, slots=True)
class AgreedSource:
    """A line the browser sends on; `ssrc` is none until packets tell."""

    mid: str
    kind: Kind
    payload_type: int
    extensions: ExtensionIds
    ssrc: int | None


@dataclass(frozen=True, slots=True)
class AgreedSink:
    """A line that the browser is sent `label` on."""

    mid: str
    kind: Kind
    payload_type: int
    extensions: ExtensionIds
    ssrc: int
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
        self._ssrcs: dict[tuple[str, str, int], int] = {}

    def answer(self, offer: Offer, wanted: Mapping[str, str]) -> Agreement:
        """Answers `offer`; `wanted` is mid → label. Raises `ProtocolError` and then changes nothing."""
        if offer.credentials != self._credentials:
            raise ProtocolError("ice_restart", "a fresh path needs a fresh connection and a fresh peer id")
        self._check_wanted(offer, wanted)
        given = {line.mid: self._given(line, wanted, offer) for line in offer.lines if line.mid is not None}
        lines = tuple(AnsweredLine(line, self._accepts(line), given.get(line.mid or "")) for line in offer.lines)
        if not any(line.accepted for line in lines):
            raise ProtocolError("sdp_unsupported", "neither Opus nor VP8 was offered")
        self._ssrcs = {key: ssrc for key, ssrc in self._ssrcs.items() if any(g and g.ssrc == ssrc for g in given.values())}
        self._version += 1
        sdp = write_answer(self._session, self._version, self._transport, lines)
        return Agreement(sdp, self._sources(lines), self._sinks(lines))

    @staticmethod
    def _accepts(line: OfferedLine) -> bool:
        return line.live and line.payload_type is not None

    def _check_wanted(self, offer: Offer, wanted: Mapping[str, str]) -> None:
        receiving = {line.mid for line in offer.lines if self._accepts(line) and line.receives}
        if not receiving >= wanted.keys():
            raise ProtocolError("wanted_mid", "a wanted mid is not a live line that receives")

    def _given(self, line: OfferedLine, wanted: Mapping[str, str], offer: Offer) -> Given | None:
        label = wanted.get(line.mid or "")
        if label is None or line.mid is None or line.payload_type is None:
            return None
        key = (line.mid, label, line.payload_type)
        if key not in self._ssrcs:
            taken = {*self._ssrcs.values(), *(other.ssrc for other in offer.lines)}
            self._ssrcs[key] = _fresh_ssrc(taken)
        return Given(label, self._ssrcs[key])

    @staticmethod
    def _sources(lines: tuple[AnsweredLine, ...]) -> tuple[AgreedSource, ...]:
        return tuple(
            AgreedSource(line.mid, line.kind, line.payload_type, line.extensions, line.ssrc)
            for line in (answered.offered for answered in lines if answered.accepted)
            if line.sends and line.mid is not None and line.kind is not None and line.payload_type is not None
        )

    @staticmethod
    def _sinks(lines: tuple[AnsweredLine, ...]) -> tuple[AgreedSink, ...]:
        sinks = []
        for answered in lines:
            line, given = answered.offered, answered.given
            if given is None or line.mid is None or line.kind is None or line.payload_type is None:
                continue
            sinks.append(AgreedSink(line.mid, line.kind, line.payload_type, line.extensions, given.ssrc, given.label))
        return tuple(sinks)


def _fresh_ssrc(taken: set[int | None]) -> int:
    while True:
        ssrc = secrets.randbelow((1 << 32) - 1) + 1
        if ssrc not in taken:
            return ssrc
