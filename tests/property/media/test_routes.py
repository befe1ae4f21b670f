"""Any order of joining, offering, learning and leaving: the routes are exactly those that labels and wishes imply."""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from media.core.kinds import Codec, Kind
from media.core.routes import ClearRoute, ClosePeer, Effect, RequestKeyframe, Routes, Sent, SetRoute, SinkKey, SourceKey, Wanted

CODEC = {Kind.AUDIO: Codec.OPUS, Kind.VIDEO: Codec.VP8}
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


class RoutesMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.routes = Routes()
        self.known: dict[int, Known] = {}
        self.plane: dict[SinkKey, SourceKey] = {}
        self.gone: set[int] = set()

    def apply(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case SetRoute(sink, source):
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
        sent = tuple(Sent(kind.value, kind, CODEC[kind], peer * 10 + index if told else None) for index, kind in enumerate(Kind))
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

    @rule(peer=peers, kind=st.sampled_from(list(Kind)))
    def learn(self, peer: int, kind: Kind) -> None:
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
                ssrc = bearer * 10 + index if sender.told else sender.ssrcs.get(wanted.kind)
                if ssrc is not None:
                    expected[SinkKey(peer, wanted.ssrc)] = SourceKey(bearer, ssrc)
        assert self.plane == expected


RoutesMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
test_routes = RoutesMachine.TestCase
