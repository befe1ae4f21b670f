"""Who hears whom in one session. Decides which source feeds which sink, and when a key frame is worth asking for.

A sink is bound to a label, not to a peer: whoever bears the label feeds it, and a new peer of a label takes the old one's
place. The core never sees a packet, and its orders never name a peer of another session.
"""

from dataclasses import dataclass, field

from media.core.kinds import Kind


@dataclass(frozen=True, slots=True)
class SourceKey:
    peer: int
    ssrc: int


@dataclass(frozen=True, slots=True)
class SinkKey:
    peer: int
    ssrc: int


@dataclass(frozen=True, slots=True)
class Sent:
    """An m-line on which a peer sends; `ssrc` is none until a packet tells it."""

    mid: str
    kind: Kind
    ssrc: int | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """An m-line on which a peer is to be sent what `label` sends, under `ssrc`."""

    mid: str
    kind: Kind
    label: str
    ssrc: int


@dataclass(frozen=True, slots=True)
class SetRoute:
    sink: SinkKey
    source: SourceKey


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
    learnt: dict[str, int] = field(default_factory=dict)

    def source(self, kind: Kind) -> int | None:
        """The SSRC of the first line of `kind` that is known."""
        for sent in self.sent:
            if sent.kind is kind:
                ssrc = sent.ssrc if sent.ssrc is not None else self.learnt.get(sent.mid)
                if ssrc is not None:
                    return ssrc
        return None


class Routes:
    """The routes of one session; `peer` numbers are the plane's handles."""

    def __init__(self) -> None:
        self._peers: dict[int, _Peer] = {}
        self._bearers: dict[str, int] = {}
        self._routes: dict[SinkKey, SourceKey] = {}

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

    def source_learnt(self, peer: int, mid: str, ssrc: int) -> list[Effect]:
        """A packet of `peer` named the m-line of an SSRC that the offer had not told."""
        known = self._peers.get(peer)
        if known is None or not any(sent.mid == mid and sent.ssrc is None for sent in known.sent):
            return []
        known.learnt[mid] = ssrc
        return self._settle()

    def is_expected(self, peer: int, mid: str) -> Kind | None:
        """The kind of the m-line `mid` when `peer` sends there and its SSRC must be learnt from packets."""
        known = self._peers.get(peer)
        if known is None:
            return None
        return next((sent.kind for sent in known.sent if sent.mid == mid and sent.ssrc is None), None)

    def _settle(self) -> list[Effect]:
        """Orders that lead from the routes there are to those there should be."""
        wanted = self._wanted_routes()
        effects: list[Effect] = [ClearRoute(sink) for sink in self._routes if sink not in wanted]
        for sink, source in wanted.items():
            if self._routes.get(sink) == source:
                continue
            effects.append(SetRoute(sink, source))
            if self._is_video_in(wanted, sink) and self._peers[sink.peer].connected:
                effects.append(RequestKeyframe(source))
        self._routes = wanted
        return effects

    def _wanted_routes(self) -> dict[SinkKey, SourceKey]:
        routes = {}
        for peer, known in self._peers.items():
            for wanted in known.wanted:
                bearer = self._bearers.get(wanted.label)
                ssrc = None if bearer is None else self._peers[bearer].source(wanted.kind)
                if bearer is not None and ssrc is not None:
                    routes[SinkKey(peer, wanted.ssrc)] = SourceKey(bearer, ssrc)
        return routes

    def _is_video_in(self, routes: dict[SinkKey, SourceKey], sink: SinkKey) -> bool:
        wanted = self._peers[sink.peer].wanted
        return sink in routes and any(line.ssrc == sink.ssrc and line.kind is Kind.VIDEO for line in wanted)

    def _is_video(self, sink: SinkKey) -> bool:
        return self._is_video_in(self._routes, sink)
