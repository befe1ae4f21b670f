"""People who flash and beep together once a second, in place of a camera and a microphone, and what a recording has of it.

Both follow one clock, that of the page's sound; what the page was late with a flash by is kept beside, and so is each change of
the recording light, as the page showed it.
"""

import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.browser.stage import Person
from tests.opened import Opened, apart, probe

BEAT_S = 1.0
STEP_S = 0.080
"""What sound and picture may be apart by: beyond it people notice (ITU-R BT.1359)."""
BEEP_S = 0.2
"""How long a beep lasts (LONG, below)."""
EDGE_S = 0.1
"""A flash before which a frame is missing tells nothing about steps: its own first one may be what is missing."""
PAUSE_S = 1.0
"""A hole longer than this must be told as a gap (recording/core/cutting.py)."""

BEAT = """
(() => {
  if (!navigator.mediaDevices) return; // about:blank
  const beat = (window.__beat = { late: [], signs: { lit: [], runs: [] }, width: 320, height: 240, context: null });
  const LONG = 0.2;
  const clock = () => (beat.context ? beat.context.currentTime : performance.now() / 1000);
  const sound = async () => {
    if (!beat.context) {
      beat.context = new AudioContext();
      await beat.context.resume();
      const source = beat.context.createOscillator();
      beat.level = beat.context.createGain();
      beat.level.gain.value = 0; source.frequency.value = 1000;
      source.connect(beat.level); source.start();
      for (let second = Math.ceil(beat.context.currentTime) + 1; second < 600; second++) {
        beat.level.gain.setValueAtTime(0.5, second); beat.level.gain.setValueAtTime(0, second + LONG);
      }
    }
    const out = beat.context.createMediaStreamDestination();
    beat.level.connect(out);
    return out.stream.getAudioTracks()[0];
  };
  const picture = () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: beat.width, height: beat.height });
    const brush = canvas.getContext('2d');
    const track = canvas.captureStream(30).getVideoTracks()[0];
    let turn = 0, white = false;
    const timer = setInterval(() => {
      if (track.readyState === 'ended') return clearInterval(timer);
      if (canvas.width !== beat.width) Object.assign(canvas, { width: beat.width, height: beat.height });
      const now = clock(), flash = now > 2 && now % 1 < LONG;
      if (flash && !white) beat.late.push([Date.now() / 1000, now % 1]);
      white = flash;
      brush.fillStyle = flash ? '#fff' : '#222'; brush.fillRect(0, 0, canvas.width, canvas.height);
      brush.fillStyle = '#888'; brush.fillRect((turn++ * 4) % canvas.width, 0, 4, 12);
    }, 16);
    return track;
  };
  navigator.mediaDevices.getUserMedia = async (asked) => {
    const tracks = [];
    if (asked.audio) tracks.push(await sound());
    if (asked.video) tracks.push(picture());
    return new MediaStream(tracks);
  };
  const look = () => {
    for (const [sign, where] of [['lit', '[data-lit=true]'], ['runs', '[data-running=true]']]) {
      const shown = document.querySelector(where) !== null;
      if (shown !== (beat.signs[sign].at(-1) ?? [0, false])[1]) beat.signs[sign].push([Date.now() / 1000, shown]);
    }
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
})();
"""

LATE = "() => Math.max(0, ...window.__beat.late.slice(1).map(([, late]) => late))"
SIGNS = "(sign) => window.__beat.signs[sign]"
TURN = "([width, height]) => Object.assign(window.__beat, { width, height })"
SCALE = """
async (down) => {
  for (const peer of window.__peers) {
    if (peer.connectionState !== 'connected') continue;
    for (const sender of peer.getSenders()) {
      if (sender.track?.kind !== 'video') continue;
      const parameters = sender.getParameters();
      for (const encoding of parameters.encodings) encoding.scaleResolutionDownBy = down;
      await sender.setParameters(parameters);
    }
  }
}
"""


@dataclass(frozen=True, slots=True)
class Phase:
    """A span of the call in which something was so, in seconds of time.monotonic()."""

    began: float
    ended: float


@dataclass(frozen=True, slots=True)
class Beats:
    """What a recording has of one person, in seconds of the recording's line."""

    role: str
    seat: str
    beeps: list[float]
    flashes: list[float]
    edges: list[float]
    """Those of the flashes whose first frame is surely there."""
    sizes: list[tuple[int, int]]
    sound_s: tuple[float, float]
    picture_s: tuple[float, float]

    def apart(self, span: tuple[float, float] = (0.0, float("inf"))) -> list[float]:
        """How far flashes of a span are from their beeps, where their beginning is there."""
        return apart(self.beeps, within(self.edges, span))

    def words(self) -> str:
        pairs = self.apart()
        middle = statistics.median(pairs) * 1000 if pairs else float("nan")
        worst = max(map(abs, pairs), default=0) * 1000
        return (
            f"{self.role}: {len(self.beeps)} beeps, {len(self.flashes)} flashes, {len(pairs)} pairs, apart {middle:+.0f} ms"
            f" (at worst {worst:.0f}), sound {self.sound_s[0]:.2f}-{self.sound_s[1]:.2f} s,"
            f" picture {self.picture_s[0]:.2f}-{self.picture_s[1]:.2f} s, sizes {self.sizes}"
        )


def within(times: list[float], span: tuple[float, float]) -> list[float]:
    """Those of a span."""
    return [at for at in times if span[0] <= at <= span[1]]


def on_line(opened: Opened, phase: Phase, margin_s: float = 0.0) -> tuple[float, float]:
    """Where a phase lies on the recording's line, less a margin at both ends: line and phase hang on one monotonic clock."""
    zero_s = opened.manifest.clock.zero_us / 1e6
    return phase.began - zero_s + margin_s, phase.ended - zero_s - margin_s


def beats(opened: Opened) -> dict[str, Beats]:
    """Every frame of everybody decoded; by role. Raises what a decoder raises."""
    found = {}
    for person in opened.manifest.people:
        sound, picture = opened.seen(person.seat, "audio"), opened.seen(person.seat, "video")
        found[person.role] = Beats(
            person.role, person.seat, sound.onsets, picture.onsets,
            [at for at, dark in zip(picture.onsets, picture.dark, strict=True) if dark <= EDGE_S], picture.sizes,
            (sound.first_s, sound.last_s), (picture.first_s, picture.last_s),
        )  # fmt: skip
    return found


def probed(opened: Opened, folder: Path) -> None:
    """ffprobe reads every frame of every segment without a word of error."""
    for number, file in opened.files.items():
        (stream,) = probe(file, folder)["streams"]
        line = opened.manifest.segments[number - 1]
        assert (stream["codec_name"], int(stream["nb_read_frames"])) == (line.codec, line.frames), number


def untold(opened: Opened, seat: str, kind: str) -> list[tuple[float, float]]:
    """Holes of a track, in seconds, of which the manifest says nothing: there should be none."""
    told = [(line.start_ms, line.end_ms) for line in opened.segments(seat, kind)]
    for gap in opened.manifest.gaps:
        if gap.seat in ("", seat) and gap.kind in ("", kind):
            told.append((gap.from_ms, gap.to_ms if gap.to_ms is not None else opened.manifest.duration_ms))
    holes, at = [], 0
    for first, last in [*sorted(told), (opened.manifest.duration_ms, opened.manifest.duration_ms)]:
        if first - at > PAUSE_S * 1000:
            holes.append((at / 1000, first / 1000))
        at = max(at, last)
    return holes


async def lateness(person: Person) -> float:
    """How late this page was with a flash at worst, in seconds: what no recorder can mend."""
    return float(await person.page.evaluate(LATE))


async def signs(person: Person, sign: str) -> list[tuple[float, bool]]:
    """When a sign of this page came and went, by time.monotonic(): `lit`, the light; `runs`, that packets are copied."""
    offset = time.time() - time.monotonic()
    changes: list[Any] = await person.page.evaluate(SIGNS, sign)
    return [(at - offset, shown) for at, shown in changes]
