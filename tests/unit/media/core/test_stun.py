"""STUN read and written by our own few lines, against the general library's and against themselves."""

import os
import random

import pytest
from aioice import stun as aioice_stun

from media.core import stun
from tests.adversarial.test_mutations import mutated
from tests.fuzz.seeds import seeds

TRANSACTIONS = [bytes(range(12)), bytes(12), b"\xff" * 12]


def test_what_is_taken_apart_once_reads_as_if_it_were_taken_apart_each_time() -> None:
    """Messages that differ in transaction and signature share what was read of the rest; nothing else may be shared."""
    chance = random.Random(11)
    for seed in seeds("datagram"):
        for _ in range(400):
            data = mutated(seed, chance) if chance.random() < 0.7 else seed
            parts = bytearray(data)
            if len(parts) >= 60 and chance.random() < 0.5:
                parts[8:20] = chance.randbytes(12)
                parts[-28:-8] = chance.randbytes(20)
                parts[-4:] = chance.randbytes(4)
            assert stun.read(bytes(parts)) == stun._read.__wrapped__(bytes(parts))


@pytest.mark.parametrize("address", [("192.0.2.77", 40_001), ("255.0.255.1", 1), ("2001:db8::7:1", 65_535), ("::1", 9)])
def test_an_answer_says_where_the_check_came_from(address: tuple[str, int]) -> None:
    for transaction in TRANSACTIONS:
        answer = stun.binding_success(transaction, address, "p" * 24)
        parsed = aioice_stun.parse_message(answer)  # and checks the fingerprint
        assert parsed.attributes["XOR-MAPPED-ADDRESS"] == address
        assert parsed.transaction_id == transaction


def test_a_signature_is_of_the_whole_message_and_its_own_transaction() -> None:
    first, second = (stun.binding_request(os.urandom(12), "a:b", "p" * 24, priority=1, tie_breaker=2) for _ in range(2))
    for data in (first, second):
        message = stun.read(data)
        assert message is not None and stun.is_signed_with(data, message, b"p" * 24)
        assert not stun.is_signed_with(data, message, b"q" * 24)
    swapped = first[:8] + second[8:20] + first[20:]
    message = stun.read(swapped)
    assert message is not None and message.transaction == second[8:20]
    assert not stun.is_signed_with(swapped, message, b"p" * 24)
