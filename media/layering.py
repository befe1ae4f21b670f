"""The layers of one session: reads what flows and what receivers report, and tells the routes which layer each sink is to get.

It decides nothing itself: media.core.layers does for each receiver, in rooms of more than two; of two each gets the largest.
"""

from dataclasses import dataclass

from media.core.layers import Flows, LayerChoice, Line, Picture
from media.core.routes import Effect, Routes, SinkKey, SourceKey
from media.plane.interface import SinkCounters, SourceCounters

ROOM_OF_TWO = 2
EVERY_S = 0.25
REPORT_LIFE_S = 3.0
"""Receivers report each second; of an older queue, loss or estimate nothing is known any more."""


@dataclass(frozen=True, slots=True)
class SentPicture:
    """A line on which a peer sends a picture: its layers as the offer names them, smallest first (one without a name where there
    are none), and the SSRCs known so far."""

    peer: int
    mid: str
    rids: tuple[str, ...]
    ssrcs: dict[str, int]

    def rid_of(self, ssrc: int) -> str:
        """The layer that is sent on this SSRC, which must be one of the line's."""
        return next(rid for rid, known in self.ssrcs.items() if known == ssrc)


@dataclass(frozen=True, slots=True)
class SeenPicture:
    """A sink for a picture; `most` is the largest layer that is worth sending there."""

    sink: SinkKey
    most: int


class Layering:
    """Made for each session; `look` is called every `EVERY_S` while anybody sends layers."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes
        self._flows = Flows()
        self._choices: dict[int, LayerChoice] = {}

    def look(
        self,
        sent: list[SentPicture],
        seen: list[SeenPicture],
        counters: tuple[list[SourceCounters], list[SinkCounters]],
        now: float,
    ) -> list[Effect]:
        """What changes; `counters` may be of the whole worker."""
        sources, sinks = counters
        lines = {SourceKey(each.peer, ssrc): each for each in sent for ssrc in each.ssrcs.values()}
        self._flows.seen({(key.peer, key.ssrc): count.octets for count in sources if (key := count.key) in lines}, now)
        effects: list[Effect] = []
        for line in sent:
            flowing = frozenset(rid for rid, rate in zip(line.rids, self._rates(line, now), strict=True) if rate)
            if flowing:
                effects += self._routes.layers_flow(line.peer, line.mid, flowing)
        receivers = {each.sink.peer for each in seen} | {each.peer for each in sent}
        self._choices = {peer: choice for peer, choice in self._choices.items() if peer in receivers}
        reports = {count.key: count for count in sinks}
        for receiver in receivers:
            effects += self._choose(receiver, [each for each in seen if each.sink.peer == receiver], lines, reports, now)
        return effects

    def _choose(
        self,
        receiver: int,
        seen: list[SeenPicture],
        lines: dict[SourceKey, SentPicture],
        reports: dict[SinkKey, SinkCounters],
        now: float,
    ) -> list[Effect]:
        sources = [(each, self._routes.source_of(each.sink)) for each in seen]
        fed = [(each, source, lines[source]) for each, source in sources if source is not None and source in lines]
        if not fed:
            return []
        pictures = [
            Picture(each.sink, self._rates(line, now), each.most, line.rids.index(line.rid_of(source.ssrc)))
            for each, source, line in fed
        ]
        if len(seen) < ROOM_OF_TWO:
            chosen = {each.sink: len(each.rates_bps) - 1 for each in pictures}
            self._choices.pop(receiver, None)
        else:
            choice = self._choices.setdefault(receiver, LayerChoice())
            chosen = choice.choose(pictures, _line(pictures, reports, now), now)
        effects: list[Effect] = []
        for each, _, line in fed:
            effects += self._routes.layer_chosen(each.sink, line.rids[chosen[each.sink]])
        return effects

    def _rates(self, line: SentPicture, now: float) -> tuple[int, ...]:
        ssrcs = [line.ssrcs.get(rid) for rid in line.rids]
        return tuple(0 if ssrc is None else self._flows.rate_bps((line.peer, ssrc), now) for ssrc in ssrcs)


def _line(pictures: list[Picture], reports: dict[SinkKey, SinkCounters], now: float) -> Line:
    """What is known of a receiver's line: of losses each picture counts by its rate, and what passes whole passes, too."""
    said = [(each.rates_bps[each.layer], reports[each.sink]) for each in pictures if each.sink in reports]
    waits = [(rate, each) for rate, each in said if now - each.downlink_at <= REPORT_LIFE_S]
    lost = sum(rate * each.lost for rate, each in said if now - each.reported_at <= REPORT_LIFE_S)
    queued = any(each.downlink_bps for _, each in waits)
    return Line(
        max((each.receiver_bps for _, each in said if now - each.estimate_at <= REPORT_LIFE_S), default=0) or None,
        lost / max(1, sum(rate for rate, _ in said)),
        max((each.downlink_late_s for _, each in waits), default=0.0),
        sum(each.downlink_bps or rate for rate, each in waits) if queued else 0,
    )
