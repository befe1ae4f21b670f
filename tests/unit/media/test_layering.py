"""Whoever gets a layer that its sender is about to stop changes to one that stays, before it does."""

import pytest

from media.core.kinds import Codec, Kind
from media.core.ladder import Rung
from media.core.routes import Effect, RequestKeyframe, Routes, Sent, SetRoute, SinkKey, SourceKey, Wanted
from media.layering import Layering, SeenPicture, SentPicture
from media.plane.interface import SinkCounters, SourceCounters

DOCTOR, PATIENT, DAUGHTER = 1, 2, 3
RIDS = ("q", "h", "f")
SSRCS = {"q": 10, "h": 20, "f": 30}
RATES_BPS = {"q": 150_000, "h": 450_000, "f": 1_200_000}
SINKS = [SinkKey(PATIENT, 100), SinkKey(PATIENT, 101), SinkKey(DAUGHTER, 100), SinkKey(DAUGHTER, 101)]


class Room:
    """The doctor sends layers, the patient and the daughter one picture each; all lines are good."""

    def __init__(self) -> None:
        self.routes, self.now, self.flowing = Routes(), 100.0, set(RIDS)
        self.layering = Layering(self.routes)
        self.octets = dict.fromkeys(RIDS, 0)
        sent = {DOCTOR: Sent("v", Kind.VIDEO, Codec.VP8, None, RIDS)}
        for peer in (PATIENT, DAUGHTER):
            sent[peer] = Sent("v", Kind.VIDEO, Codec.VP8, peer * 1000)
        for peer, line in sent.items():
            others = [each for each in sent if each != peer]
            wanted = tuple(Wanted(f"w{i}", Kind.VIDEO, Codec.VP8, str(each), 100 + i) for i, each in enumerate(others))
            self.routes.peer_offered(peer, str(peer), (line,), wanted)
            self.routes.peer_connected(peer)
        for rid, ssrc in SSRCS.items():
            self.routes.source_learnt(DOCTOR, "v", ssrc, rid)
        self.sent = [SentPicture(DOCTOR, "v", RIDS, SSRCS)]
        self.sent += [SentPicture(peer, "v", ("",), {"": peer * 1000}) for peer in (PATIENT, DAUGHTER)]
        self.seen = [SeenPicture(sink, 2) for sink in SINKS]

    def live(self, seconds: float) -> list[Effect]:
        effects: list[Effect] = []
        for _ in range(round(seconds / 0.25)):
            self.now += 0.25
            for rid in self.flowing:
                self.octets[rid] += RATES_BPS[rid] // 32
            effects += self.look()
        return effects

    def look(self, flooded: int | None = None, lost: float = 0.0) -> list[Effect]:
        """`lost` is the share of the doctor's picture that a receiver misses who is flooded."""
        counters = [self._counted(SourceKey(DOCTOR, SSRCS[rid]), self.octets[rid]) for rid in RIDS]
        counters += [self._counted(SourceKey(peer, peer * 1000), round(self.now * 1000)) for peer in (PATIENT, DAUGHTER)]
        shares = {sink: lost if sink == SinkKey(flooded or 0, 100) else 0.0 for sink in SINKS}
        reports = [SinkCounters(sink, 1, 1, 0, lost=shares[sink], reported_at=self.now, downlink_at=self.now) for sink in SINKS]
        return self.layering.look(self.sent, self.seen, (counters, reports), self.now, flooded)

    @staticmethod
    def _counted(key: SourceKey, octets: int) -> SourceCounters:
        return SourceCounters(key, 1, octets, 0, 0.0, False, 0, 0.0)

    def tell(self, rung: Rung) -> list[Effect]:
        told = self.layering.told({DOCTOR: rung, PATIENT: Rung.HD})
        return self.layering.make_way(self.sent, self.seen, self.now) if told else []

    def fed(self) -> list[SourceKey | None]:
        return [self.routes.source_of(sink) for sink in (SINKS[0], SINKS[2])]


@pytest.mark.parametrize(("rung", "rid"), [(Rung.SD, "h"), (Rung.LOW, "q"), (Rung.STILLS, "q")])
def test_a_rung_that_leaves_fewer_layers_moves_receivers_at_once_and_gently(rung: Rung, rid: str) -> None:
    room = Room()
    room.live(20)
    assert room.fed() == [SourceKey(DOCTOR, SSRCS["f"])] * 2
    assert room.tell(Rung.HD) == []
    stays = SourceKey(DOCTOR, SSRCS[rid])
    effects = room.tell(rung)
    assert {effect.sink for effect in effects if isinstance(effect, SetRoute)} == {SINKS[0], SINKS[2]}
    assert all(effect.gently and effect.source == stays for effect in effects if isinstance(effect, SetRoute))
    assert RequestKeyframe(stays) in effects, "before the larger layer stops"
    assert room.live(1) == [], "though it still flows for a moment"
    room.flowing = set(RIDS[: RIDS.index(rid) + 1])
    room.live(5)
    assert room.fed() == [stays] * 2


def test_layers_that_a_better_rung_brings_back_are_sent_to_all_who_had_them() -> None:
    room = Room()
    room.live(20)
    room.tell(Rung.HD)
    room.tell(Rung.LOW)
    room.flowing = {"q"}
    room.live(10)
    assert room.tell(Rung.HD) == []
    room.live(1)
    assert room.fed() == [SourceKey(DOCTOR, SSRCS["q"])] * 2
    room.flowing = set(RIDS)
    room.live(1)
    assert room.fed() == [SourceKey(DOCTOR, SSRCS["f"])] * 2


def test_whoever_gets_a_smaller_layer_anyway_stays_with_it() -> None:
    room = Room()
    room.seen = [SeenPicture(sink, 0) for sink in SINKS]
    room.live(20)
    room.tell(Rung.HD)
    assert room.tell(Rung.SD) == []
    assert room.fed() == [SourceKey(DOCTOR, SSRCS["q"])] * 2


@pytest.mark.parametrize(("lost", "rid"), [(0.85, "q"), (0.5, "h")])
def test_whose_line_is_flooded_gets_what_passes_at_once_and_gently_and_nobody_else_does(lost: float, rid: str) -> None:
    room = Room()
    room.live(20)
    room.now += 0.01
    fits = SourceKey(DOCTOR, SSRCS[rid])
    effects = room.look(PATIENT, lost)
    assert effects == [SetRoute(SINKS[0], fits, gently=True), RequestKeyframe(fits)]
    assert room.fed() == [fits, SourceKey(DOCTOR, SSRCS["f"])]
    assert room.live(1.5) == [], "and keeps it"


def test_a_flood_where_nothing_smaller_is_left_changes_nothing() -> None:
    room = Room()
    room.flowing = {"q"}
    room.live(20)
    assert room.look(PATIENT, 0.85) == []
