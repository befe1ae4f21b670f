"""Whose datagram it is: the guard's tables, without sockets."""

import struct
from dataclasses import dataclass, field

from aioice import stun as aioice_stun

from media.core.path import MAX_ADDRESSES, Address
from media.core.stun import COOKIE, StunMessage
from media.rtc.guard import MAX_EXPECTED, Guard

ONE: Address = ("192.0.2.1", 1)
AT = 5.0
DTLS = b"\x16\xfe\xfd" + bytes(40)


@dataclass(eq=False)
class Recording:
    """A link that keeps what it was told."""

    ufrag: str
    password: bytes
    told: list[tuple[str, Address]] = field(default_factory=list)

    def address_claimed(self, address: Address) -> None:
        self.told.append(("claimed", address))

    def address_dropped(self, address: Address) -> None:
        self.told.append(("dropped", address))

    def request_received(self, data: bytes, message: StunMessage, address: Address) -> None:
        self.told.append(("request", address))

    def response_received(self, data: bytes, message: StunMessage, address: Address, at: float) -> None:
        self.told.append(("response", address))

    def dtls_received(self, data: bytes, address: Address) -> None:
        self.told.append(("dtls", address))


def check(link: Recording, password: bytes | None = None) -> bytes:
    request = aioice_stun.Message(aioice_stun.Method.BINDING, aioice_stun.Class.REQUEST)
    request.attributes["USERNAME"] = f"{link.ufrag}:remote"
    request.attributes["PRIORITY"] = 1
    request.add_message_integrity(password or link.password)
    return bytes(request)


def guarded() -> tuple[Guard, Recording, Recording]:
    guard, one, two = Guard(), Recording("one1", b"p" * 22), Recording("two2", b"q" * 22)
    guard.add(one)
    guard.add(two)
    return guard, one, two


def test_dtls_passes_only_from_an_address_that_proved_itself() -> None:
    guard, one, _ = guarded()
    guard.datagram_received(DTLS, ONE, AT)
    assert one.told == [] and guard.dropped == 1
    guard.datagram_received(check(one), ONE, AT)
    guard.datagram_received(DTLS, ONE, AT)
    assert one.told == [("claimed", ONE), ("request", ONE), ("dtls", ONE)]


def test_a_check_with_a_wrong_password_or_an_unknown_fragment_is_dropped() -> None:
    guard, one, two = guarded()
    guard.datagram_received(check(one, two.password), ONE, AT)
    guard.datagram_received(check(Recording("nobody", b"x" * 22)), ONE, AT)
    assert one.told == two.told == [] and guard.dropped == 2


def test_an_owned_address_changes_hands_only_when_validated() -> None:
    guard, one, two = guarded()
    guard.datagram_received(check(one), ONE, AT)
    guard.datagram_received(check(two), ONE, AT)
    guard.datagram_received(DTLS, ONE, AT)
    assert one.told[-1] == ("dtls", ONE)
    guard.validated(two, ONE)
    guard.datagram_received(DTLS, ONE, AT)
    assert one.told[-1] == ("dropped", ONE)
    assert two.told[-1] == ("dtls", ONE)


def test_answers_pass_only_to_who_expects_them() -> None:
    guard, one, _ = guarded()
    answer = struct.pack("!HHI", 0x0101, 0, COOKIE) + b"t" * 12
    guard.datagram_received(answer, ONE, AT)
    assert one.told == []
    guard.expect(b"t" * 12, one)
    guard.datagram_received(answer, ONE, AT)
    assert one.told == [("response", ONE)]
    guard.forget(b"t" * 12)
    guard.datagram_received(answer, ONE, AT)
    assert len(one.told) == 1


def test_tables_are_bounded_and_emptied() -> None:
    guard, one, two = guarded()
    for port in range(1, MAX_ADDRESSES + 10):
        guard.datagram_received(check(one), ("192.0.2.1", port), AT)
    assert sum(what == "dropped" for what, _ in one.told) == 9
    for number in range(MAX_EXPECTED + 5):
        guard.expect(number.to_bytes(12, "big"), two)
    assert len(guard._expected) == MAX_EXPECTED
    guard.remove(one)
    guard.remove(two)
    assert not guard._owners and not guard._expected and not guard._claims and not guard._links
