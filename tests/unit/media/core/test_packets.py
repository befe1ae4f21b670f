"""RTP, RTCP, VP8 and STUN as bytes."""

import secrets
import struct

import pytest
from aioice import stun as aioice_stun
from hypothesis import given
from hypothesis import strategies as st

from media.core import demux, rtp, stun
from media.core.demux import Protocol
from tests.reference import rtcp, vp8

u32 = st.integers(0, (1 << 32) - 1)
u16 = st.integers(0, (1 << 16) - 1)


@pytest.mark.parametrize(
    ("first", "second", "protocol"),
    [
        (0, 1, Protocol.STUN),
        (3, 0, Protocol.STUN),
        (4, 0, Protocol.OTHER),
        (19, 0, Protocol.OTHER),
        (20, 0, Protocol.DTLS),
        (63, 0, Protocol.DTLS),
        (64, 0, Protocol.OTHER),
        (127, 0, Protocol.OTHER),
        (128, 0, Protocol.RTP),
        (191, 111, Protocol.RTP),
        (128, 191, Protocol.RTP),
        (128, 192, Protocol.RTCP),
        (128, 223, Protocol.RTCP),
        (128, 224, Protocol.RTP),
        (192, 0, Protocol.OTHER),
    ],
)
def test_demultiplexing_follows_rfc_7983(first: int, second: int, protocol: Protocol) -> None:
    assert demux.classify(bytes((first, second)) + bytes(30)) is protocol


@pytest.mark.parametrize("size", [0, 1, 1501, 4000])
def test_sizes_that_no_protocol_has(size: int) -> None:
    assert demux.classify(bytes(size)) is Protocol.OTHER


@given(st.binary(max_size=300))
def test_no_parser_breaks_on_bytes(data: bytes) -> None:
    header = rtp.parse(data)
    if header is not None:
        assert 12 <= header.payload_start <= header.payload_end <= len(data)
        for number in (1, 14, 200):
            rtp.extension(data, header, number)
    rtcp.parse(data)
    vp8.parse(data)
    stun.read(data)
    demux.classify(data)


@given(
    values=st.dictionaries(st.integers(1, 255), st.binary(min_size=1, max_size=16), max_size=4),
    payload=st.binary(max_size=50),
    sequence=u16,
    timestamp=u32,
    ssrc=u32,
)
def test_what_is_written_is_read_again(
    values: dict[int, bytes], payload: bytes, sequence: int, timestamp: int, ssrc: int
) -> None:
    data = rtp.write(
        marker=True,
        payload_type=96,
        sequence=sequence,
        timestamp=timestamp,
        ssrc=ssrc,
        extensions=rtp.write_extensions(list(values.items())),
        payload=payload,
    )
    header = rtp.parse(data)
    assert header is not None
    assert (header.marker, header.payload_type, header.sequence) == (True, 96, sequence)
    assert (header.timestamp, header.ssrc) == (timestamp, ssrc)
    assert data[header.payload_start : header.payload_end] == payload
    assert {number: rtp.extension(data, header, number) for number in values} == values


def test_padding_is_not_payload_and_csrcs_are_skipped() -> None:
    plain = bytes((0xA2, 96)) + bytes(10) + bytes(8) + b"payload" + b"\0\0\x03"
    header = rtp.parse(plain)
    assert header is not None and plain[header.payload_start : header.payload_end] == b"payload"
    only_padding = bytes((0xA0, 96)) + bytes(10) + b"\0\x02"
    header = rtp.parse(only_padding)
    assert header is not None and header.payload_start == header.payload_end


@pytest.mark.parametrize("tail", [b"\x00", b"\x0e", b"\xff"])
def test_impossible_padding_is_refused(tail: bytes) -> None:
    assert rtp.parse(bytes((0xA0, 96)) + bytes(10) + tail) is None


blocks = st.builds(rtcp.ReportBlock, u32, st.integers(0, 255), st.integers(-0x800000, 0x7FFFFF), u32, u32, u32, u32)
packets = st.one_of(
    st.builds(rtcp.SenderReport, u32, st.integers(0, (1 << 64) - 1), u32, u32, u32, st.lists(blocks, max_size=3).map(tuple)),
    st.builds(rtcp.ReceiverReport, u32, st.lists(blocks, max_size=3).map(tuple)),
    st.builds(rtcp.PictureLoss, u32, u32),
    st.builds(rtcp.Bye, st.lists(u32, max_size=4).map(tuple)),
    st.builds(rtcp.Remb, u32, st.integers(0, (1 << 18) - 1), st.lists(u32, max_size=5).map(tuple)),
)


@given(st.lists(packets, min_size=1, max_size=5))
def test_rtcp_is_read_as_it_was_written(compound: list[rtcp.Packet]) -> None:
    assert rtcp.parse(rtcp.build(compound)) == compound


@given(st.sets(u16, min_size=1, max_size=40))
def test_a_nack_names_exactly_the_lost(lost: set[int]) -> None:
    parsed = rtcp.parse(rtcp.build([rtcp.Nack(1, 2, tuple(sorted(lost)))]))
    assert parsed is not None and isinstance(parsed[0], rtcp.Nack)
    assert set(parsed[0].sequences) == lost


@given(st.integers(0, 1 << 40))
def test_an_estimate_loses_less_than_a_hundredth_of_a_percent(bps: int) -> None:
    parsed = rtcp.parse(rtcp.build([rtcp.Remb(1, bps, (2,))]))
    assert parsed is not None and isinstance(parsed[0], rtcp.Remb)
    assert bps * 0.9999 <= parsed[0].bps <= bps


def test_a_fir_asks_for_a_key_frame_of_each_stream_it_names() -> None:
    fir = struct.pack("!BBHIIIIII", 0x84, 206, 6, 9, 0, 5, 1 << 24, 6, 1 << 24)
    assert rtcp.parse(fir) == [rtcp.PictureLoss(9, 5), rtcp.PictureLoss(9, 6)]


def test_a_name_is_padded_to_whole_words() -> None:
    for length in range(1, 9):
        compound = rtcp.build([rtcp.ReceiverReport(1), rtcp.CanonicalName(1, "n" * length)])
        assert len(compound) % 4 == 0
        assert rtcp.parse(compound) == [rtcp.ReceiverReport(1)]


def test_a_length_that_points_outside_spoils_the_compound() -> None:
    good = rtcp.build([rtcp.ReceiverReport(1)])
    assert rtcp.parse(good + b"\x80\xc9\x00\x09" + bytes(4)) is None


def frame(descriptor: bytes, first: int) -> bytes:
    return descriptor + bytes((first,)) + bytes(5)


@pytest.mark.parametrize(
    ("payload", "key"),
    [
        (frame(b"\x10", 0x10), True),
        (frame(b"\x10", 0x11), False),
        (frame(b"\x00", 0x10), False),
        (frame(b"\x11", 0x10), False),
        (frame(b"\x90\xc0\x81\x02\x07", 0x10), True),
        (frame(b"\x90\xe0\x05\x07\x20", 0x10), True),
        (frame(b"\x90\x10\x20", 0x11), False),
    ],
)
def test_where_a_key_frame_begins(payload: bytes, key: bool) -> None:
    descriptor = vp8.parse(payload)
    assert descriptor is not None and descriptor.key_start is key


@pytest.mark.parametrize(
    "payload", [b"", b"\x10", b"\x90\x80", b"\x90\x80\x81", b"\x90\xc0\x81\x02", b"\x90\xff\x81\x02\x03\x04"]
)
def test_a_descriptor_without_its_frame_is_refused(payload: bytes) -> None:
    assert vp8.parse(payload) is None


def test_narrow_picture_numbers_stay_narrow() -> None:
    numbers = vp8.PictureNumbers()
    first = frame(b"\x90\x80\x7e", 0x10)
    descriptor = vp8.parse(first)
    assert descriptor is not None and numbers.rewrite(first, descriptor) == first
    numbers.switch()
    other = frame(b"\x90\x80\x05", 0x10)
    descriptor = vp8.parse(other)
    assert descriptor is not None
    assert numbers.rewrite(other, descriptor)[2] == 0x7F


def request(password: bytes) -> bytes:
    message = aioice_stun.Message(aioice_stun.Method.BINDING, aioice_stun.Class.REQUEST)
    message.attributes["USERNAME"] = "mine:yours"
    message.attributes["PRIORITY"] = 5
    message.add_message_integrity(password)
    return bytes(message)


@pytest.mark.parametrize("password", [b"password", b"p" * 64, b"p" * 65, b"p" * 256])  # a block of SHA-1 has 64 octets
def test_integrity_is_what_aioice_makes_it(password: bytes) -> None:
    data = request(password)
    message = stun.read(data)
    assert message is not None
    assert stun.local_fragment(message) == "mine"
    assert stun.is_signed_with(data, message, password)
    assert not stun.is_signed_with(data, message, password[:-1] + b"e")


def test_any_changed_bit_before_the_integrity_breaks_it() -> None:
    data = request(b"password")
    for at in range(8, 40):
        changed = bytearray(data)
        changed[at] ^= 1
        message = stun.read(bytes(changed))
        assert message is None or not stun.is_signed_with(bytes(changed), message, b"password")


@pytest.mark.parametrize("cut", [1, 4, 19, 20, 24])
def test_a_cut_request_is_refused(cut: int) -> None:
    assert stun.read(request(b"password")[:-cut]) is None


def test_attributes_without_end_are_not_followed() -> None:
    body = b"\x80\x22\x00\x00" * 200
    assert stun.read(struct.pack("!HHI", 1, len(body), stun.COOKIE) + secrets.token_bytes(12) + body) is None


@given(st.binary(min_size=12, max_size=12), st.text("abcXYZ019+/", min_size=1, max_size=40), st.integers(0, 2**32 - 1))
def test_our_checks_are_what_aioice_reads(transaction: bytes, name: str, priority: int) -> None:
    data = stun.binding_request(transaction, f"{name}:mine", "secret", priority=priority, tie_breaker=2**64 - 1)
    message = aioice_stun.parse_message(data)  # raises when the fingerprint is wrong
    assert message.check_message_integrity(b"secret") and not message.check_message_integrity(b"other")
    assert (message.message_class, message.transaction_id) == (aioice_stun.Class.REQUEST, transaction)
    assert message.attributes["USERNAME"] == f"{name}:mine"
    assert (message.attributes["PRIORITY"], message.attributes["ICE-CONTROLLED"]) == (priority, 2**64 - 1)
    ours = stun.read(data)
    assert ours is not None and stun.is_signed_with(data, ours, b"secret") and not ours.nominates


@given(st.binary(min_size=12, max_size=12), st.ip_addresses(), st.integers(1, 65535))
def test_our_answers_name_where_the_check_came_from(transaction: bytes, host: object, port: int) -> None:
    data = stun.binding_success(transaction, (str(host), port), "secret")
    message = aioice_stun.parse_message(data)
    assert message.check_message_integrity(b"secret") and not message.check_message_integrity(b"other")
    assert (message.message_class, message.transaction_id) == (aioice_stun.Class.RESPONSE, transaction)
    assert message.attributes["XOR-MAPPED-ADDRESS"] == (str(host), port)


def test_only_a_signed_nomination_nominates() -> None:
    nominating = request(b"password")
    assert (read := stun.read(nominating)) is not None and not read.nominates
    message = aioice_stun.Message(aioice_stun.Method.BINDING, aioice_stun.Class.REQUEST)
    message.attributes["USERNAME"] = "mine:yours"
    message.attributes["USE-CANDIDATE"] = None
    message.add_message_integrity(b"password")
    assert (read := stun.read(bytes(message))) is not None and read.nominates
    unsigned = request(b"password")[:-8] + struct.pack("!HH", 0x0025, 0)
    unsigned = unsigned[:2] + struct.pack("!H", len(unsigned) - 20) + unsigned[4:]
    assert (read := stun.read(unsigned)) is not None and not read.nominates
