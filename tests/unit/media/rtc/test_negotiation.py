"""Offers of real browsers, and the answers to them."""

import re
from pathlib import Path

import pytest

from common.errors import ProtocolError
from media.core.kinds import Kind
from media.core.path import Address
from media.rtc.answer import LocalTransport
from media.rtc.negotiate import Agreement, Negotiation
from media.rtc.offer import Offer, parse_offer
from tests.peers.offers import Line, OfferText, two_sending_lines

CORPUS = Path(__file__).parents[3] / "corpora" / "sdp"
ADDRESSES: tuple[Address, ...] = (("192.0.2.1", 5000), ("127.0.0.1", 5000))
TRANSPORT = LocalTransport("ufrag123", "password-of-twenty-two-", "sha-256 AA:BB", ADDRESSES)
LABEL = "s_aaaaaaaaaaaaaaaa"


def corpus(name: str) -> str:
    return (CORPUS / f"{name}.sdp").read_bytes().decode()


def sections(sdp: str) -> list[str]:
    return sdp.split("\r\nm=")[1:]


def answer(text: str, wanted: dict[str, str] | None = None) -> Agreement:
    offer = parse_offer(text)
    return Negotiation(offer, TRANSPORT).answer(offer, wanted or {})


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_the_first_offer_of_our_page(browser: str) -> None:
    agreement = answer(corpus(f"{browser}_two_sending"))
    assert [(source.mid, source.kind) for source in agreement.sources] == [("0", Kind.AUDIO), ("1", Kind.VIDEO)]
    assert all(source.ssrc is not None for source in agreement.sources)
    audio, video = sections(agreement.sdp)
    for section in (audio, video):
        assert "a=recvonly\r\n" in section and "a=setup:passive\r\n" in section
    assert "useinbandfec=1" in audio
    for feedback in ("goog-remb", "nack", "nack pli", "ccm fir"):
        assert re.search(rf"a=rtcp-fb:\d+ {feedback}\r\n", video)
    assert "transport-cc" not in agreement.sdp
    assert agreement.sdp.count("a=candidate:") == 2


def test_the_primary_ssrc_is_not_the_repairing_one() -> None:
    text = corpus("firefox_two_sending")
    primary = int(re.findall(r"a=ssrc-group:FID (\d+) \d+", text)[0])
    assert answer(text).sources[1].ssrc == primary


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_a_room_of_three_fills_the_wanted_lines_with_their_labels(browser: str) -> None:
    other = "s_bbbbbbbbbbbbbbbb"
    agreement = answer(corpus(f"{browser}_room_of_three"), {"2": LABEL, "3": LABEL, "4": other, "5": other})
    assert [sink.label for sink in agreement.sinks] == [LABEL, LABEL, other, other]
    assert len({sink.ssrc for sink in agreement.sinks}) == 4
    for section, label in zip(sections(agreement.sdp)[2:], [LABEL, LABEL, other, other], strict=True):
        assert "a=sendonly\r\n" in section
        assert f"a=msid:{label} " in section and f"cname:{label}\r\n" in section


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_stopped_lines_stay_rejected_and_leave_the_bundle(browser: str) -> None:
    agreement = answer(corpus(f"{browser}_two_lines_stopped"), {"2": LABEL, "3": LABEL})
    lines = sections(agreement.sdp)
    assert [line.split(" ")[1] for line in lines] == ["9", "9", "9", "9", "0", "0"]
    assert "a=group:BUNDLE 0 1 2 3\r\n" in agreement.sdp
    for line in lines[4:]:
        assert "a=inactive" in line and "a=candidate" not in line


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_reused_lines_live_again_under_new_mids(browser: str) -> None:
    agreement = answer(corpus(f"{browser}_stopped_lines_reused"), {"6": LABEL, "7": LABEL})
    assert "a=group:BUNDLE 0 1 2 3 6 7\r\n" in agreement.sdp
    assert [sink.mid for sink in agreement.sinks] == ["6", "7"]


def test_an_unwanted_recvonly_line_is_inactive() -> None:
    offer = OfferText(lines=[*two_sending_lines(), Line("audio", "2", "recvonly")])
    assert "a=inactive\r\n" in sections(answer(offer.text()).sdp)[2]


def renegotiation() -> tuple[Negotiation, OfferText]:
    text = OfferText(lines=[*two_sending_lines(), Line("audio", "2", "recvonly")])
    return Negotiation(parse_offer(text.text()), TRANSPORT), text


def test_a_sink_keeps_its_ssrc_while_it_is_wanted_and_gets_a_fresh_one_afterwards() -> None:
    negotiation, text = renegotiation()
    offer = parse_offer(text.text())
    first = negotiation.answer(offer, {"2": LABEL}).sinks[0].ssrc
    assert negotiation.answer(offer, {"2": LABEL}).sinks[0].ssrc == first
    assert negotiation.answer(offer, {"2": "s_bbbbbbbbbbbbbbbb"}).sinks[0].ssrc != first
    assert negotiation.answer(offer, {"2": LABEL}).sinks[0].ssrc != first


def test_answers_keep_their_session_and_count_their_versions() -> None:
    negotiation, text = renegotiation()
    origins = [re.findall(r"o=- (\d+) (\d+)", negotiation.answer(parse_offer(text.text()), {}).sdp)[0] for _ in range(3)]
    assert len({session for session, _ in origins}) == 1
    assert [int(version) for _, version in origins] == [1, 2, 3]


def test_an_ice_restart_is_refused() -> None:
    negotiation, text = renegotiation()
    text.ufrag = "other"
    with pytest.raises(ProtocolError) as refused:
        negotiation.answer(parse_offer(text.text()), {})
    assert refused.value.code == "ice_restart"


@pytest.mark.parametrize("wanted", [{"9": LABEL}, {"0": LABEL}])
def test_only_receiving_lines_can_be_wanted(wanted: dict[str, str]) -> None:
    negotiation, text = renegotiation()
    with pytest.raises(ProtocolError):
        negotiation.answer(parse_offer(text.text()), wanted)


def test_data_channels_are_rejected_and_the_rest_accepted() -> None:
    text = OfferText(lines=two_sending_lines()).text().replace("a=group:BUNDLE 0 1", "a=group:BUNDLE 0 1 2")
    text += "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n"
    agreement = answer(text)
    assert "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n" in agreement.sdp
    assert "a=group:BUNDLE 0 1\r\n" in agreement.sdp


def change(old: str, new: str) -> str:
    text = OfferText(lines=two_sending_lines()).text()
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v=0",
        "v=1\r\n",
        "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n",
        change("a=group:BUNDLE 0 1\r\n", ""),
        change("a=group:BUNDLE 0 1", "a=group:BUNDLE 0"),
        change("a=mid:1", "a=mid:0"),
        change("a=mid:1", "a=mid:" + "x" * 17),
        change("a=mid:1\r\n", ""),
        change("a=rtcp-mux\r\n", ""),
        change("UDP/TLS/RTP/SAVPF", "RTP/AVP"),
        change("a=setup:actpass", "a=setup:passive"),
        change("a=setup:actpass\r\n", ""),
        change("a=ice-ufrag:abcd", "a=ice-ufrag:a b"),
        change("a=ice-pwd:abcdefghijklmnopqrstuv01", "a=ice-pwd:short"),
        change("a=ice-ufrag:abcd\r\n", ""),
        change("m=audio 9", "m=audio 99999"),
        change("m=audio 9", "m=audio x"),
        change("m=audio 9", "m=audio"),
        change("a=extmap:1 ", "a=extmap:0 "),
        change("a=extmap:1 ", "a=extmap:2 "),
        change("a=extmap:1 ", "a=extmap:x "),
        change("a=sendonly", "a=sendonly\r\na=recvonly"),
        change("a=ssrc:1001", "a=ssrc:99999999999"),
        change("a=ssrc:1002", "a=ssrc:1001"),
        change("opus/48000/2", "pcmu/8000").replace("VP8", "H264"),
    ],
)
def test_strange_offers_raise_protocol_error(text: str) -> None:
    with pytest.raises(ProtocolError):
        answer(text)


def test_different_passwords_in_one_bundle_are_refused() -> None:
    text = OfferText(lines=two_sending_lines()).text()
    head, tail = text.rsplit("a=ice-pwd:abcdefghijklmnopqrstuv01", 1)
    with pytest.raises(ProtocolError):
        parse_offer(head + "a=ice-pwd:abcdefghijklmnopqrstuv02" + tail)


def test_too_many_lines_are_refused_before_they_are_read() -> None:
    text = OfferText(lines=[Line("audio", str(n), "recvonly") for n in range(17)]).text()
    with pytest.raises(ProtocolError) as refused:
        parse_offer(text)
    assert refused.value.code == "sdp_too_large"


def test_an_offer_keeps_no_candidate() -> None:
    offer: Offer = parse_offer(corpus("chromium_two_sending") + "a=candidate:1 1 udp 1 198.51.100.1 9 typ host\r\n")
    assert "198.51.100.1" not in repr(offer.lines)
