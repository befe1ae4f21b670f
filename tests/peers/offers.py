"""Offers as browsers write them, from a few words."""

from dataclasses import dataclass, field

EXTENSIONS = {
    1: "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    2: "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    4: "urn:ietf:params:rtp-hdrext:sdes:mid",
    10: "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    11: "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
}
OPUS, VP8, H264 = 111, 96, 102
RTX = {VP8: 97, H264: 103}
_PARAMETERS = {H264: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"}
_NAMES = {OPUS: "opus/48000/2", VP8: "VP8/90000", H264: "H264/90000"}


@dataclass
class Line:
    """One m-line; `ssrc` is announced when given, with `repair_ssrc` where there is RTX. `rids` are layers sent."""

    kind: str
    mid: str
    direction: str
    ssrc: int | None = None
    repair_ssrc: int | None = None
    rids: tuple[str, ...] = ()


@dataclass
class OfferText:
    """The words of an offer; `text()` joins them."""

    ufrag: str = "abcd"
    pwd: str = "abcdefghijklmnopqrstuv01"
    fingerprint: str = "sha-256 " + ":".join(["AB"] * 32)
    lines: list[Line] = field(default_factory=list)
    setup: str = "actpass"
    video: tuple[int, ...] = (VP8,)
    rtx: bool = False

    def text(self) -> str:
        words = ["v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0"]
        words.append("a=group:BUNDLE " + " ".join(line.mid for line in self.lines))
        for line in self.lines:
            words += self._line(line)
        return "\r\n".join(words) + "\r\n"

    def _line(self, line: Line) -> list[str]:
        codecs = (OPUS,) if line.kind == "audio" else self.video
        repairs = [RTX[codec] for codec in codecs if self.rtx and codec in RTX]
        words = [
            f"m={line.kind} 9 UDP/TLS/RTP/SAVPF {' '.join(map(str, [*codecs, *repairs]))}",
            "c=IN IP4 0.0.0.0",
            f"a=ice-ufrag:{self.ufrag}",
            f"a=ice-pwd:{self.pwd}",
            f"a=fingerprint:{self.fingerprint}",
            f"a=setup:{self.setup}",
            f"a=mid:{line.mid}",
            f"a={line.direction}",
            "a=rtcp-mux",
        ]
        for number in codecs:
            words += [
                f"a=rtpmap:{number} {_NAMES[number]}",
                *([f"a=fmtp:{number} {_PARAMETERS[number]}"] if number in _PARAMETERS else []),
            ]
            if line.kind == "video":
                words += [f"a=rtcp-fb:{number} {what}" for what in ("goog-remb", "ccm fir", "nack", "nack pli")]
            if number in RTX and self.rtx:
                words += [f"a=rtpmap:{RTX[number]} rtx/90000", f"a=fmtp:{RTX[number]} apt={number}"]
        words += [f"a=extmap:{extension} {uri}" for extension, uri in EXTENSIONS.items()]
        return words + self._streams(line)

    @staticmethod
    def _streams(line: Line) -> list[str]:
        words = [f"a=rid:{rid} send" for rid in line.rids]
        if line.rids:
            words.append(f"a=simulcast:send {';'.join(line.rids)}")
        if line.repair_ssrc is not None:
            words.append(f"a=ssrc-group:FID {line.ssrc} {line.repair_ssrc}")
        return words + [f"a=ssrc:{ssrc} cname:someone" for ssrc in (line.ssrc, line.repair_ssrc) if ssrc is not None]


def two_sending_lines(audio: int | None = 1001, video: int | None = 1002) -> list[Line]:
    """The first offer of our web page."""
    return [Line("audio", "0", "sendonly", audio), Line("video", "1", "sendonly", video)]
