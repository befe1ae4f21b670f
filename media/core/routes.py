"""Who hears whom in one session. Decides which source feeds which sink, and when a key frame is worth asking for.

A sink is bound to a label, not to a peer: whoever bears the label feeds it, and a new peer of a label takes the old one's
place. Of a picture sent in several layers it gets one at a time: which one is decided elsewhere (layers.py). The core never sees
a packet, and its orders never name a peer of another session.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from media.core.kinds import Codec, Kind


class SourceKey(NamedTuple):  # tuples, as are the counters: they are made and looked up by the thousand each second
    peer: int
    ssrc: int


class SinkKey(NamedTuple):
    peer: int
    ssrc: int


@dataclass(frozen=True, slots=True)
class Sent:
    """An m-line on which a peer sends; `ssrc` is none until packets tell it, once for each of `rids` (smallest first)."""

    mid: str
    kind: Kind
    codec: Codec
    ssrc: int | None
    rids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """An m-line on which a peer is to be sent what `label` sends, under `ssrc`."""

    mid: str
    kind: Kind
    codec: Codec
    label: str
    ssrc: int


@dataclass(frozen=True, slots=True)
class SetRoute:
    """`gently`: another layer of the same picture, which takes over with its key frame and not before."""

    sink: SinkKey
    source: SourceKey
    gently: bool = False


@dataclass(frozen=True, slots=True)
class ClearRoute:
    sink: SinkKey


@dataclass(frozen=True, slots=True)
class RequestKeyframe:
    source: SourceKey


@dataclass(frozen=True, slots=True)
class ClosePeer:
    """The peer was replaced by another one of its label."""

    peer: int


Effect = SetRoute | ClearRoute | RequestKeyframe | ClosePeer


@dataclass(slots=True)
class _Peer:
    label: str
    sent: tuple[Sent, ...]
    wanted: tuple[Wanted, ...]
    connected: bool = False
    learnt: dict[tuple[str, str], int] = field(default_factory=dict)
    """SSRC by mid and rid (empty where there is one layer)."""
    flowing: dict[str, frozenset[str]] = field(default_factory=dict)
    """By mid the layers that were seen to flow, once anybody looked."""

    def source(self, wanted: Wanted, layer: str | None) -> int | None:
        """The SSRC of the first line that is known of what is wanted, of `layer` where that flows."""
        for sent in self.sent:
            if sent.kind is wanted.kind and sent.codec is wanted.codec:
                ssrc = sent.ssrc if sent.ssrc is not None else self._learnt_ssrc(sent, layer)
                if ssrc is not None:
                    return ssrc
        return None

    def _learnt_ssrc(self, sent: Sent, layer: str | None) -> int | None:
        known = [rid for rid in sent.rids or ("",) if (sent.mid, rid) in self.learnt]
        flowing = [rid for rid in known if rid in self.flowing.get(sent.mid, known)] or known
        if not flowing:
            return None
        rid = layer if layer in flowing else flowing[len(flowing) // 2]
        return self.learnt[sent.mid, rid]


class Routes:
    """The routes of one session; `peer` numbers are the plane's handles."""

    def __init__(self) -> None:
        self._peers: dict[int, _Peer] = {}
        self._bearers: dict[str, int] = {}
        self._routes: dict[SinkKey, SourceKey] = {}
        self._layers: dict[SinkKey, str] = {}

    def peer_offered(self, peer: int, label: str, sent: tuple[Sent, ...], wanted: tuple[Wanted, ...]) -> list[Effect]:
        """A first or a repeated offer of `peer`."""
        effects: list[Effect] = []
        former = self._bearers.get(label)
        if former is not None and former != peer:
            del self._peers[former]
            effects.append(ClosePeer(former))
        self._bearers[label] = peer
        known = self._peers.get(peer)
        if known is None:
            self._peers[peer] = _Peer(label, sent, wanted)
        else:
            known.sent, known.wanted = sent, wanted
        return self._settle() + effects

    def peer_connected(self, peer: int) -> list[Effect]:
        """Packets can reach `peer` from now on: what it watches must begin with a key frame."""
        known = self._peers.get(peer)
        if known is None:
            return []
        known.connected = True
        return [RequestKeyframe(source) for sink, source in self._routes.items() if sink.peer == peer and self._is_video(sink)]

    def peer_closed(self, peer: int) -> list[Effect]:
        """`peer` is gone; its label's sinks wait for a successor."""
        known = self._peers.pop(peer, None)
        if known is None:
            return []
        if self._bearers.get(known.label) == peer:
            del self._bearers[known.label]
        return self._settle()

    def source_learnt(self, peer: int, mid: str, ssrc: int, rid: str = "") -> list[Effect]:
        """A packet of `peer` named the m-line, and the layer, of an SSRC that the offer had not told."""
        known = self._peers.get(peer)
        if known is None or not any(sent.mid == mid and sent.ssrc is None and rid in (sent.rids or ("",)) for sent in known.sent):
            return []
        known.learnt[mid, rid] = ssrc
        if mid in known.flowing:
            known.flowing[mid] |= {rid}
        return self._settle()

    def layers_flow(self, peer: int, mid: str, rids: frozenset[str]) -> list[Effect]:
        """Of the layers of an m-line these are sent now: the others feed nobody while any of these is there."""
        known = self._peers.get(peer)
        if known is None or known.flowing.get(mid) == rids:
            return []
        known.flowing[mid] = rids
        return self._settle()

    def is_flowing(self, peer: int, mid: str, rid: str) -> bool:
        """Whether a layer was seen to flow, or nobody has looked yet."""
        known = self._peers.get(peer)
        return known is None or rid in known.flowing.get(mid, (rid,))

    def layer_chosen(self, sink: SinkKey, rid: str) -> list[Effect]:
        """`sink` is to get this layer of whoever feeds it, as soon as there is one."""
        if sink.peer not in self._peers or self._layers.get(sink) == rid:
            return []
        self._layers[sink] = rid
        return self._settle()

    def source_of(self, sink: SinkKey) -> SourceKey | None:
        """What feeds the sink, or is about to."""
        return self._routes.get(sink)

    def _settle(self) -> list[Effect]:
        """Orders that lead from the routes there are to those there should be."""
        present = {SinkKey(peer, line.ssrc) for peer, known in self._peers.items() for line in known.wanted}
        self._layers = {sink: rid for sink, rid in self._layers.items() if sink in present}
        wanted = self._wanted_routes()
        effects: list[Effect] = [ClearRoute(sink) for sink in self._routes if sink not in wanted]
        for sink, source in wanted.items():
            former = self._routes.get(sink)
            if former == source:
                continue
            effects.append(SetRoute(sink, source, gently=former is not None and former.peer == source.peer))
            if self._is_video_in(wanted, sink) and self._peers[sink.peer].connected:
                effects.append(RequestKeyframe(source))
        self._routes = wanted
        return effects

    def _wanted_routes(self) -> dict[SinkKey, SourceKey]:
        routes = {}
        for peer, known in self._peers.items():
            for wanted in known.wanted:
                bearer = self._bearers.get(wanted.label)
                sink = SinkKey(peer, wanted.ssrc)
                ssrc = None if bearer is None else self._peers[bearer].source(wanted, self._layers.get(sink))
                if bearer is not None and ssrc is not None:
                    routes[sink] = SourceKey(bearer, ssrc)
        return routes

    def _is_video_in(self, routes: dict[SinkKey, SourceKey], sink: SinkKey) -> bool:
        wanted = self._peers[sink.peer].wanted
        return sink in routes and any(line.ssrc == sink.ssrc and line.kind is Kind.VIDEO for line in wanted)

    def _is_video(self, sink: SinkKey) -> bool:
        return self._is_video_in(self._routes, sink)
