"""Any order of joining, offering, learning and leaving: the routes are exactly those that labels and wishes imply."""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from media.core.kinds import Codec, Kind
from media.core.routes import ClearRoute, ClosePeer, Effect, RequestKeyframe, Routes, Sent, SetRoute, SinkKey, SourceKey, Wanted

CODEC = {Kind.AUDIO: Codec.OPUS, Kind.VIDEO: Codec.VP8}
RIDS = ("q", "h", "f")
VIDEO = list(Kind).index(Kind.VIDEO)
labels = st.sampled_from(["a", "b", "c"])
peers = st.integers(1, 6)


@dataclass
class Known:
    label: str
    told: bool
    wanted: tuple[Wanted, ...]
    connected: bool = False
    ssrcs: dict[Kind, int] = field(default_factory=dict)
    layers: dict[str, int] = field(default_factory=dict)
    flowing: frozenset[str] | None = None


class RoutesMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.routes = Routes()
        self.known: dict[int, Known] = {}
        self.plane: dict[SinkKey, SourceKey] = {}
        self.gone: set[int] = set()
        self.chosen: dict[SinkKey, str] = {}

    def apply(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case SetRoute(sink, source, gently):
                    former = self.plane.get(sink)
                    assert gently == (former is not None and former.peer == source.peer), "only one person's layers change gently"
                    self.plane[sink] = source
                case ClearRoute(sink):
                    del self.plane[sink]
                case RequestKeyframe(source):
                    assert source in self.plane.values(), "nobody asks for what nobody watches"
                case ClosePeer(peer):
                    del self.known[peer]
                    self.gone.add(peer)

    @rule(peer=peers, label=labels, wishes=st.sets(labels, max_size=3), told=st.booleans())
    def offer(self, peer: int, label: str, wishes: set[str], told: bool) -> None:
        if peer in self.gone:
            return
        known = self.known.get(peer)
        label = known.label if known is not None else label
        wanted = tuple(
            Wanted(f"{wish}{kind}", kind, CODEC[kind], wish, hash((wish, kind)) % 1000)
            for wish in sorted(wishes)
            for kind in Kind
        )
        sent = tuple(
            Sent(kind.value, kind, CODEC[kind], peer * 10 + index if told else None, () if told or kind is Kind.AUDIO else RIDS)
            for index, kind in enumerate(Kind)
        )
        effects = self.routes.peer_offered(peer, label, sent, wanted)
        if known is None:
            self.known[peer] = Known(label, told, wanted)
        else:
            known.told, known.wanted = told, wanted
        self.apply(effects)

    @rule(peer=peers)
    def connect(self, peer: int) -> None:
        effects = self.routes.peer_connected(peer)
        watched = {source for sink, source in self.plane.items() if sink.peer == peer and source.ssrc % 10 == VIDEO}
        asked = {effect.source for effect in effects if isinstance(effect, RequestKeyframe)}
        assert asked == watched, "whoever begins to receive gets a key frame of all it watches"
        if peer in self.known:
            self.known[peer].connected = True
        self.apply(effects)

    @rule(peer=peers, rid=st.sampled_from(RIDS))
    def learn_layer(self, peer: int, rid: str) -> None:
        effects = self.routes.source_learnt(peer, Kind.VIDEO.value, peer * 100 + 10 * RIDS.index(rid) + VIDEO, rid)
        known = self.known.get(peer)
        if known is not None and not known.told:
            known.layers[rid] = peer * 100 + 10 * RIDS.index(rid) + VIDEO
            if known.flowing is not None:
                known.flowing |= {rid}
        self.apply(effects)

    @rule(peer=peers, rids=st.frozensets(st.sampled_from(RIDS), min_size=1))
    def flow(self, peer: int, rids: frozenset[str]) -> None:
        effects = self.routes.layers_flow(peer, Kind.VIDEO.value, rids)
        if peer in self.known:
            self.known[peer].flowing = rids
        self.apply(effects)

    @rule(peer=peers, label=labels, rid=st.sampled_from(RIDS))
    def choose(self, peer: int, label: str, rid: str) -> None:
        sink = SinkKey(peer, hash((label, Kind.VIDEO)) % 1000)
        effects = self.routes.layer_chosen(sink, rid)
        if peer in self.known:
            self.chosen[sink] = rid
        self.apply(effects)

    @rule(peer=peers)
    def learn(self, peer: int) -> None:
        kind = Kind.AUDIO
        effects = self.routes.source_learnt(peer, kind.value, peer * 10 + list(Kind).index(kind))
        if peer in self.known and not self.known[peer].told:
            self.known[peer].ssrcs[kind] = peer * 10 + list(Kind).index(kind)
        self.apply(effects)

    @rule(peer=peers)
    def leave(self, peer: int) -> None:
        self.apply(self.routes.peer_closed(peer))
        if self.known.pop(peer, None) is not None:
            self.gone.add(peer)

    @invariant()
    def routes_are_what_labels_imply(self) -> None:
        bearers = {known.label: peer for peer, known in self.known.items()}
        assert len(bearers) == len(self.known), "one peer bears a label"
        expected = {}
        for peer, known in self.known.items():
            for wanted in known.wanted:
                bearer = bearers.get(wanted.label)
                if bearer is None:
                    continue
                sender = self.known[bearer]
                index = list(Kind).index(wanted.kind)
                sink = SinkKey(peer, wanted.ssrc)
                ssrc: int | None
                if sender.told:
                    ssrc = bearer * 10 + index
                elif wanted.kind is Kind.AUDIO:
                    ssrc = sender.ssrcs.get(Kind.AUDIO)
                else:
                    ssrc = self.layer_of(sender, sink)
                if ssrc is not None:
                    expected[sink] = SourceKey(bearer, ssrc)
        assert self.plane == expected

    def layer_of(self, sender: Known, sink: SinkKey) -> int | None:
        """The chosen layer while it flows, else the middle one of those that do."""
        known = [rid for rid in RIDS if rid in sender.layers]
        flowing = [rid for rid in known if sender.flowing is None or rid in sender.flowing] or known
        if not flowing:
            return None
        chosen = self.chosen.get(sink)
        return sender.layers[chosen if chosen in flowing else flowing[len(flowing) // 2]]


RoutesMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
test_routes = RoutesMachine.TestCase
