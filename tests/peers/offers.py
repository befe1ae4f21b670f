"""Offers as browsers write them, from a few words."""

from dataclasses import dataclass, field

EXTENSIONS = {
    1: "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    2: "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    4: "urn:ietf:params:rtp-hdrext:sdes:mid",
}
OPUS, VP8 = 111, 96


@dataclass
class Line:
    """One m-line; `ssrc` is announced when given."""

    kind: str
    mid: str
    direction: str
    ssrc: int | None = None


@dataclass
class OfferText:
    """The words of an offer; `text()` joins them."""

    ufrag: str = "abcd"
    pwd: str = "abcdefghijklmnopqrstuv01"
    fingerprint: str = "sha-256 " + ":".join(["AB"] * 32)
    lines: list[Line] = field(default_factory=list)
    setup: str = "actpass"

    def text(self) -> str:
        words = ["v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0"]
        words.append("a=group:BUNDLE " + " ".join(line.mid for line in self.lines))
        for line in self.lines:
            words += self._line(line)
        return "\r\n".join(words) + "\r\n"

    def _line(self, line: Line) -> list[str]:
        number = OPUS if line.kind == "audio" else VP8
        codec = "opus/48000/2" if line.kind == "audio" else "VP8/90000"
        words = [
            f"m={line.kind} 9 UDP/TLS/RTP/SAVPF {number}",
            "c=IN IP4 0.0.0.0",
            f"a=ice-ufrag:{self.ufrag}",
            f"a=ice-pwd:{self.pwd}",
            f"a=fingerprint:{self.fingerprint}",
            f"a=setup:{self.setup}",
            f"a=mid:{line.mid}",
            f"a={line.direction}",
            "a=rtcp-mux",
            f"a=rtpmap:{number} {codec}",
        ]
        words += [f"a=extmap:{extension} {uri}" for extension, uri in EXTENSIONS.items()]
        if line.kind == "video":
            words += [f"a=rtcp-fb:{number} {what}" for what in ("goog-remb", "ccm fir", "nack", "nack pli")]
        if line.ssrc is not None:
            words.append(f"a=ssrc:{line.ssrc} cname:someone")
        return words


def two_sending_lines(audio: int | None = 1001, video: int | None = 1002) -> list[Line]:
    """The first offer of our web page."""
    return [Line("audio", "0", "sendonly", audio), Line("video", "1", "sendonly", video)]
