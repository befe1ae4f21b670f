"""Copies for the recorder: both loops copy the same packets, exactly while they are told to, and never wait for who reads."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from media.core import rtp
from media.core.routes import SourceKey
from media.plane.interface import Tap
from tests.property.media.test_planes_agree import AUDIO, PEERS, VIDEO, Pair
from tests.reference.tap import HEADER, MAGIC, VERSION

SOURCES = [(peer, stream) for peer in PEERS for stream in (AUDIO, VIDEO)]


class Ear:
    """A recorder's socket: accepts whoever connects, reads on demand."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.setblocking(False)
        self._listener.bind(self.path)
        self._listener.listen(64)
        self._open: list[socket.socket] = []

    def hear(self) -> list[bytes]:
        """All that has come, by connection; those closed at the other end are closed here."""
        while True:
            try:
                self._open.append(self._listener.accept()[0])
            except BlockingIOError:
                break
        heard = []
        for each in list(self._open):
            each.setblocking(False)
            while True:
                try:
                    data = each.recv(2048)
                except BlockingIOError:
                    break
                if not data:
                    each.close()
                    self._open.remove(each)
                    break
                heard.append(data)
        return heard

    def die(self) -> None:
        """The recorder's process ends, and another listens at the same path."""
        for each in self._open:
            each.close()
        self._open.clear()

    def close(self) -> None:
        self.die()
        self._listener.close()
        Path(self.path).unlink()


@contextmanager
def ears(tmp_path: Path) -> Iterator[dict[str, Ear]]:
    both = {name: Ear(tmp_path / name) for name in ("reference", "native")}
    try:
        yield both
    finally:
        for ear in both.values():
            ear.close()


def tap_set(pair: Pair, to: dict[str, Ear], peer: int, stream: int, number: int | None) -> None:
    codec = "opus" if stream == AUDIO else "vp8"
    key = SourceKey(peer, peer * 100 + stream)
    for name, plane in (("reference", pair.reference), ("native", pair.native)):
        tap = None if number is None else Tap(to[name].path, number, codec)
        assert plane.tap_set(key, tap) is (number is not None)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["packet", "packet", "packet", "tap", "untap", "die"]), st.sampled_from(SOURCES), st.integers(1, 9)
        ),
        max_size=60,
    )
)
def test_both_copy_the_same_and_only_what_they_were_told_to(
    tmp_path: Path, script: list[tuple[str, tuple[int, int], int]]
) -> None:
    pair = Pair()
    taps: dict[tuple[int, int], int] = {}
    with ears(tmp_path) as to:
        for act, (peer, stream), number in script:
            pair.now += 0.02
            match act:
                case "packet":
                    packet = pair.peers[peer].packet(stream, key=stream == VIDEO)
                    pair.reference.datagram(packet, pair.peers[peer].address)
                    pair.native.datagram(packet, pair.peers[peer].address, pair.now)
                case "tap":
                    tap_set(pair, to, peer, stream, number)
                    taps[peer, stream] = number
                case "untap":
                    tap_set(pair, to, peer, stream, None)
                    taps.pop((peer, stream), None)
                case "die":
                    for ear in to.values():
                        ear.hear()
                        ear.die()
                    for (who, what), which in taps.items():  # the reconciler says the same again
                        tap_set(pair, to, who, what, which)
            heard = {name: ear.hear() for name, ear in to.items()}
            assert heard["reference"] == heard["native"]
            assert len(heard["native"]) == (act == "packet" and (peer, stream) in taps)
            for copy in heard["native"]:
                magic, form, dropped, which, at_us = HEADER.unpack_from(copy)
                assert (magic, form, dropped) == (MAGIC, VERSION << 4 | (1 if stream == AUDIO else 2), 0)
                assert (which, at_us) == (taps[peer, stream], int(pair.now * 1e6))
                header = rtp.parse(copy[HEADER.size :])
                assert header is not None
                assert header.ssrc == peer * 100 + stream
        lines = [
            sorted((c.key.peer, c.key.ssrc, c.stream) for c in each.tap_counters()) for each in (pair.reference, pair.native)
        ]
        assert lines[0] == lines[1] == sorted((peer, peer * 100 + stream, n) for (peer, stream), n in taps.items())
    pair.native.close()


def test_who_does_not_read_loses_copies_and_is_told_how_many(tmp_path: Path) -> None:
    pair = Pair()
    with ears(tmp_path) as to:
        tap_set(pair, to, 1, VIDEO, 5)
        for _ in range(3000):
            pair.now += 0.001
            pair.native.datagram(pair.peers[1].packet(VIDEO, key=True), pair.peers[1].address, pair.now)
        (line,) = pair.native.tap_counters()
        assert line.copied + line.dropped == 3000
        assert 300 < line.copied < 2999
        assert len(to["native"].hear()) == line.copied
        pair.native.datagram(pair.peers[1].packet(VIDEO), pair.peers[1].address, pair.now)
        (after,) = to["native"].hear()
        assert HEADER.unpack_from(after)[2] == line.dropped
    pair.native.close()


@pytest.mark.parametrize("path", ["/nowhere/at/all", "/" + "x" * 200])
def test_nobody_there_is_told(path: str) -> None:
    pair = Pair()
    assert not pair.native.tap_set(SourceKey(1, 100 + VIDEO), Tap(path, 1, "vp8"))
    assert not pair.native.tap_set(SourceKey(9, 100), Tap(path, 1, "vp8"))
    assert pair.native.tap_counters() == []
    pair.native.close()
