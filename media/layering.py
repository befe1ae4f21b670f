"""The layers of one session: reads what flows and what receivers report, and tells the routes which layer each sink is to get.

It decides nothing itself: media.core.layers does for each receiver, in rooms of more than two; of two each gets the largest.
"""

from dataclasses import dataclass, replace

from media.core.ladder import Rung
from media.core.layers import Flows, LayerChoice, Line, Picture
from media.core.routes import Effect, Routes, SinkKey, SourceKey
from media.core.signals import ROOM_LIFE_S
from media.plane.interface import SinkCounters, SourceCounters

ROOM_OF_TWO = 2
MOST = {"small": 0, "medium": 1, "large": 2}
"""The largest layer worth sending by the size of the picture: a quarter, half, the whole of the camera's each way."""
_LEFT = {Rung.HD: 3, Rung.SD: 2}
"""How many layers, the smallest, a browser goes on sending on each rung (web/src/call/layers.ts); on all others one."""
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
    """Made for each session; `look` is called four times a second while anybody sends layers."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes
        self._flows = Flows()
        self._choices: dict[int, LayerChoice] = {}
        self._left: dict[int, int] = {}

    def told(self, rungs: dict[int, Rung]) -> bool:
        """The rungs that senders in a room of several are told now, by peer. Whether way is to be made for what that stops."""
        left = {peer: _LEFT.get(rung, 1) for peer, rung in rungs.items()}
        fallen = any(count < self._left.get(peer, count + 1) for peer, count in left.items())
        self._left = left
        return fallen

    def make_way(self, sent: list[SentPicture], seen: list[SeenPicture], now: float) -> list[Effect]:
        """Whoever gets a layer that is about to stop changes to one that stays, while the other still flows: to see it stop first
        costs everybody a second without a picture."""
        effects: list[Effect] = []
        for picture, line in self._pictures(seen, _by_source(sent), now):
            layer = picture.nearest(picture.layer)
            if layer < picture.layer:
                effects += self._routes.layer_chosen(picture.sink, line.rids[layer])
        return effects

    def look(
        self,
        sent: list[SentPicture],
        seen: list[SeenPicture],
        counters: tuple[list[SourceCounters], list[SinkCounters]],
        now: float,
        flooded: int | None = None,
    ) -> list[Effect]:
        """What changes; `counters` may be of the whole worker. The plane has stopped a picture of `flooded` for what its line
        does not carry."""
        sources, sinks = counters
        lines = _by_source(sent)
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
            seen_by = [each for each in seen if each.sink.peer == receiver]
            effects += self._choose(receiver, seen_by, lines, reports, now, flooded=receiver == flooded)
        return effects

    def _choose(
        self,
        receiver: int,
        seen: list[SeenPicture],
        lines: dict[SourceKey, SentPicture],
        reports: dict[SinkKey, SinkCounters],
        now: float,
        *,
        flooded: bool,
    ) -> list[Effect]:
        fed = self._pictures(seen, lines, now)
        if not fed:
            return []
        pictures = [picture for picture, _ in fed]
        if len(seen) < ROOM_OF_TWO:
            chosen = {each.sink: len(each.rates_bps) - 1 for each in pictures}
            self._choices.pop(receiver, None)
        else:
            choice = self._choices.setdefault(receiver, LayerChoice())
            chosen = choice.choose(pictures, replace(_line(pictures, reports, now), flooded=flooded), now)
        effects: list[Effect] = []
        for picture, line in fed:
            effects += self._routes.layer_chosen(picture.sink, line.rids[chosen[picture.sink]])
        return effects

    def _pictures(
        self, seen: list[SeenPicture], lines: dict[SourceKey, SentPicture], now: float
    ) -> list[tuple[Picture, SentPicture]]:
        """Of the sinks those that are fed, each with the line that feeds it."""
        found = []
        for each in seen:
            source = self._routes.source_of(each.sink)
            if source is not None and source in lines:
                line = lines[source]
                most = min(each.most, self._left.get(line.peer, len(line.rids)) - 1)
                found.append((Picture(each.sink, self._rates(line, now), most, line.rids.index(line.rid_of(source.ssrc))), line))
        return found

    def _rates(self, line: SentPicture, now: float) -> tuple[int, ...]:
        ssrcs = [line.ssrcs.get(rid) for rid in line.rids]
        return tuple(0 if ssrc is None else self._flows.rate_bps((line.peer, ssrc), now) for ssrc in ssrcs)


def _by_source(sent: list[SentPicture]) -> dict[SourceKey, SentPicture]:
    return {SourceKey(each.peer, ssrc): each for each in sent for ssrc in each.ssrcs.values()}


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
        room_bps=max((each.room_bps for _, each in said if now - each.room_at <= ROOM_LIFE_S), default=0),
    )
