"""What of the Python side reads bytes from outside before anybody is known to be who they say: each target takes any bytes.

A target raises nothing; an exception is a finding. `make fuzz` runs them under atheris (coverage-guided), tests/adversarial
replays what was found.
"""

import contextlib
from collections.abc import Callable

from common.errors import ProtocolError
from media.core import stun
from media.core.kinds import Codec
from media.rtc.answer import LocalTransport
from media.rtc.guard import Guard
from media.rtc.negotiate import Negotiation
from media.rtc.offer import parse_offer
from signaling.sdp_gate import MAX_BYTES, admit_sdp
from tests.fuzz.channel import frame

TRANSPORT = LocalTransport("ufrag", "p" * 24, "sha-256 " + ":".join(["00"] * 32), (("192.0.2.1", 5000), ("2001:db8::1", 5000)))


def offer(data: bytes) -> None:
    """The gate, the parser behind it, and the answer to whatever passes both."""
    text = data.decode("utf-8", "replace")
    try:
        parsed = parse_offer(admit_sdp(text))
        wanted = {line.mid: "s_label" for line in parsed.lines if line.mid and line.receives and line.formats}
        negotiation = Negotiation(parsed, TRANSPORT)
        negotiation.answer(parsed, wanted, Codec.H264)
        agreement = negotiation.answer(parsed, wanted)
    except ProtocolError:
        return
    answer = agreement.sdp
    assert answer.isascii() and "\r\n\r\n" not in answer and len(answer) < 4 * MAX_BYTES
    assert all(len(line) > 2 and line[1] == "=" and line.isprintable() for line in answer.removesuffix("\r\n").split("\r\n"))
    assert answer.count("\r\nm=") == len(parsed.lines)
    ssrcs = [ssrc for sink in agreement.sinks for ssrc in (sink.ssrc, sink.repair_ssrc) if ssrc is not None]
    assert len(set(ssrcs)) == len(ssrcs)


def offer_unguarded(data: bytes) -> None:
    """The parser without the gate: the worker does not rely on signaling."""
    with contextlib.suppress(ProtocolError):
        parse_offer(data.decode("utf-8", "surrogateescape"))


class _Nobody:
    """A link that must never hear of what is not signed with its password."""

    ufrag, password = "ufrag", b"no fuzzer finds this password"

    def address_claimed(self, address: tuple[str, int]) -> None:
        raise AssertionError("an address was given to a stranger")

    def address_dropped(self, address: tuple[str, int]) -> None:
        raise AssertionError("an address was taken by a stranger")

    def request_received(self, data: bytes, message: stun.StunMessage, address: tuple[str, int]) -> None:
        raise AssertionError("a forged request was handed on")

    def response_received(self, data: bytes, message: stun.StunMessage, address: tuple[str, int], at: float) -> None:
        raise AssertionError("an answer to nothing was handed on")

    def dtls_received(self, data: bytes, address: tuple[str, int]) -> None:
        raise AssertionError("a stranger's DTLS was handed on")


def datagram(data: bytes) -> None:
    """STUN from a stranger's address, through the guard."""
    message = stun.read(data)
    if message is not None:
        stun.local_fragment(message)
        assert not stun.is_signed_with(data, message, _Nobody.password)
    guard = Guard()
    guard.add(_Nobody())
    guard.datagram_received(data[:1500], ("192.0.2.9", 9), 0.0)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "offer": offer,
    "offer_unguarded": offer_unguarded,
    "datagram": datagram,
    "frame": frame,
}
