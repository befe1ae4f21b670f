"""The gate refuses by counting, before anything parses, and lets real offers through."""

import time

import pytest

from common.errors import ProtocolError
from signaling.sdp_gate import MAX_BYTES, MAX_LINES, MAX_MEDIA, admit_sdp

HEAD = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
MEDIA = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"


def test_a_plain_offer_passes_unchanged() -> None:
    sdp = HEAD + MEDIA * MAX_MEDIA
    assert admit_sdp(sdp) is sdp


@pytest.mark.parametrize(
    ("why", "sdp"),
    [
        ("bytes", HEAD + "a=x:" + "y" * MAX_BYTES),
        ("lines", HEAD + "a=x\r\n" * MAX_LINES),
        ("long line", HEAD + "a=" + "x" * 5000),
        ("media", HEAD + MEDIA * (MAX_MEDIA + 1)),
        ("not an sdp", "GET / HTTP/1.1"),
        ("empty", ""),
        ("beyond ASCII", HEAD + "s=咨询\r\n"),
        ("lone surrogate", HEAD + "s=\ud800\r\n"),
        ("control character", HEAD + "s=\x00\r\n"),
        ("candidates", HEAD + "a=candidate:1 1 udp 1 10.0.0.1 1 typ host\n" * 400),
    ],
)
def test_what_is_too_much_is_refused(why: str, sdp: str) -> None:
    with pytest.raises(ProtocolError) as refused:
        admit_sdp(sdp)
    assert refused.value.code == "sdp_refused", why


def test_eight_megabytes_cost_no_time() -> None:
    huge = HEAD + "a=candidate:1 1 udp 1 10.0.0.1 1 typ host\r\n" * 200_000
    small = HEAD + MEDIA
    began = time.perf_counter()
    for _ in range(200):
        admit_sdp(small)
    unit = time.perf_counter() - began
    began = time.perf_counter()
    with pytest.raises(ProtocolError):
        admit_sdp(huge)
    assert time.perf_counter() - began < max(unit * 20, 0.05)
