"""Offers of real browsers, and the answers to them."""

import re
from pathlib import Path

import pytest

from common.errors import ProtocolError
from media.core.kinds import Codec, Kind
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


def answer(text: str, wanted: dict[str, str] | None = None, video: Codec = Codec.VP8) -> Agreement:
    offer = parse_offer(text)
    return Negotiation(offer, TRANSPORT).answer(offer, wanted or {}, video)


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


@pytest.mark.parametrize("browser", ["chromium", "firefox", "constructed_safari"])
def test_retransmissions_have_a_stream_of_their_own_both_ways(browser: str) -> None:
    """RFC 4588, 8.6: apt names the format, FID the SSRCs, the primary first."""
    text = corpus(f"{browser}_two_sending")
    told = re.findall(r"a=ssrc-group:FID (\d+) (\d+)", text)[0]
    source = answer(text).sources[1]
    assert (source.ssrc, source.repair_ssrc) == tuple(map(int, told))
    assert source.format.codec is Codec.VP8 and source.format.repair is not None
    assert f"a=fmtp:{source.format.repair} apt={source.format.payload_type}\r\n" in text


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_what_is_sent_is_repaired_by_a_stream_of_its_own(browser: str) -> None:
    agreement = answer(corpus(f"{browser}_room_of_three"), {"2": LABEL, "3": LABEL})
    sound, picture = agreement.sinks
    section = sections(agreement.sdp)[3]
    assert sound.repair_ssrc is None and picture.repair_ssrc not in {None, picture.ssrc, sound.ssrc}
    assert f"a=ssrc-group:FID {picture.ssrc} {picture.repair_ssrc}\r\n" in section
    assert re.findall(r"a=ssrc:(\d+) cname", section) == [str(picture.ssrc), str(picture.repair_ssrc)]
    numbers = section.split("\r\n")[0].split(" ")[3:]
    assert numbers == [str(picture.format.payload_type), str(picture.format.repair)]
    assert f"a=fmtp:{numbers[1]} apt={numbers[0]}\r\n" in section


def test_a_browser_without_retransmissions_is_given_none() -> None:
    text = OfferText(lines=[*two_sending_lines(), Line("video", "2", "recvonly")]).text()
    agreement = answer(text, {"2": LABEL})
    assert agreement.sinks[0].repair_ssrc is None and agreement.sources[1].repair_ssrc is None
    assert "rtx" not in agreement.sdp and "FID" not in agreement.sdp


@pytest.mark.parametrize("browser", ["chromium_two_sending", "constructed_safari_two_sending", "constructed_safari_h264_only"])
def test_h264_is_the_baseline_that_everybody_decodes(browser: str) -> None:
    agreement = answer(corpus(browser), video=Codec.H264)
    form = agreement.sources[1].format
    assert form.codec is Codec.H264
    offered = re.findall(rf"a=fmtp:{form.payload_type} (.*)\r\n", corpus(browser))[0]
    assert "profile-level-id=42e01f" in offered and "packetization-mode=1" in offered
    section = sections(agreement.sdp)[1]
    assert section.startswith(f"video 9 UDP/TLS/RTP/SAVPF {form.payload_type} {form.repair}\r\n")
    assert "packetization-mode=1;profile-level-id=42e01f" in section and "VP8" not in section


def test_who_lacks_the_rooms_codec_keeps_its_line() -> None:
    """A line refused once is dead for good in a browser; nobody is routed there, and the next offer may fit."""
    agreement = answer(corpus("firefox_two_sending"), video=Codec.H264)
    assert [source.format.codec for source in agreement.sources] == [Codec.OPUS, Codec.VP8]


def test_sound_may_be_silent_and_repairs_itself() -> None:
    audio = sections(answer(corpus("chromium_two_sending")).sdp)[0]
    assert "useinbandfec=1;usedtx=1\r\n" in audio and "a=ptime:20\r\n" in audio


LAYERS = "".join(f"a=rid:{rid} send\r\n" for rid in "qhf") + "a=simulcast:send q;h;f\r\n"
STREAM_ID = "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n"


def layered(words: str = LAYERS + STREAM_ID) -> str:
    return OfferText(lines=two_sending_lines(video=None)).text().replace(STREAM_ID, "") + words


def test_layers_are_taken_as_offered_and_told_by_their_packets() -> None:
    agreement = answer(layered() + "a=ssrc:77 cname:someone\r\n")
    source = agreement.sources[1]
    assert source.rids == ("q", "h", "f") and source.ssrc is None and source.repair_ssrc is None
    section = sections(agreement.sdp)[1]
    assert "a=rid:q recv\r\na=rid:h recv\r\na=rid:f recv\r\na=simulcast:recv q;h;f\r\n" in section
    assert STREAM_ID in section


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_layers_of_real_browsers_are_taken_paused_or_not(browser: str) -> None:
    agreement = answer(corpus(f"{browser}_layers"), {"2": LABEL, "3": LABEL})
    picture = agreement.sources[1]
    assert picture.rids == ("q", "h", "f") and picture.ssrc is None and picture.format.repair is not None
    assert "a=simulcast:recv q;h;f" in sections(agreement.sdp)[1]
    assert agreement.sinks[1].repair_ssrc is not None


def test_layers_that_packets_cannot_name_are_not_taken() -> None:
    agreement = answer(layered(LAYERS))
    assert agreement.sources[1].rids == () and "simulcast" not in agreement.sdp


@pytest.mark.parametrize(
    "words",
    [
        LAYERS.replace("q;h;f", "q;h;f;g"),
        LAYERS.replace("q;h;f", "q;q;f"),
        LAYERS.replace("q;h;f", "q;h;x"),
        LAYERS.replace("q;h;f", "q;;f"),
        LAYERS + "a=simulcast:send q;h;f\r\n",
        LAYERS.replace("a=rid:q send", "a=rid:q recv"),
    ],
)
def test_strange_layers_are_refused(words: str) -> None:
    with pytest.raises(ProtocolError):
        answer(layered(words + STREAM_ID))


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
