"""What `make bench-adapt` found: a table a second, the goals, and a chart that needs no library."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.watch import Second

DOCS = Path(__file__).resolve().parents[1] / "docs"
DROP_S, RISE_S = 20, 40
RUNGS = ("text", "audio", "stills", "low", "sd", "hd")


@dataclass(frozen=True, slots=True)
class Flow:
    """One direction of a call: what `sender` sent and `receiver` had. `hop` is the one that the link limits."""

    sender: str
    receiver: str
    hop: str
    received: list[Second]
    sent: list[Second]

    @property
    def title(self) -> str:
        return f"{self.sender} to {self.receiver}, {self.hop} hop limited"

    @property
    def name(self) -> str:
        return f"adapt-{self.sender}-{self.hop}"


def seconds(flow: Flow) -> str:
    """A line a second, for people at a terminal."""
    lines = [" s  kbit/s  fps height gap_s  sound lost silent  target avail sent rung"]
    for here, there in zip(flow.received, flow.sent, strict=True):
        lines.append(
            f"{here.second:2} {here.kbps:6} {here.fps:5} {here.height:5} {here.longest_frame_gap_s:6} {here.sound:6} "
            f"{here.sound_lost:4} {here.silent_s:6} {there.target_kbps:7} "
            f"{there.available_kbps:5} {there.sent_kbps:4} {here.rung}"
        )
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The goals of the schedule, measured. Seconds since the change; none where it never happened."""

    sound_gap_s: float
    right_rung_s: int | None
    long_freezes: int
    back_s: int | None


def verdict(flow: Flow) -> Verdict:
    """Judges one flow. The right rung after the drop is `low`: 300 kbit/s carry no more beside the sound."""
    after_drop = [one for one in flow.received if DROP_S <= one.second < RISE_S]
    after_rise = [one for one in flow.received if one.second >= RISE_S]
    right = next((one.second - DROP_S + 1 for one in after_drop if one.rung in ("low", "stills")), None)
    back = next((one.second - RISE_S + 1 for one in after_rise if one.kbps >= 800), None)
    settled = flow.received[5:]  # the call begins while browsers and this machine are busy with beginning
    return Verdict(max(one.silent_s for one in settled), right, sum(one.longest_frame_gap_s > 0.5 for one in settled), back)


def summary(flows: Sequence[Flow]) -> str:
    """Markdown, a row a flow."""
    lines = [
        "| sender → receiver | limited hop | longest gap in the sound s | right rung after s | freezes over 0.5 s "
        "| 800 kbit/s after s |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for flow in flows:
        found = verdict(flow)
        lines.append(
            f"| {flow.sender} → {flow.receiver} | {flow.hop} | {found.sound_gap_s} | {_or_never(found.right_rung_s)} "
            f"| {found.long_freezes} | {_or_never(found.back_s)} |"
        )
    return "\n".join(lines)


def _or_never(value: int | None) -> str:
    return "never" if value is None else str(value)


SECONDS_HEAD = """# A link that gets bad and good again, second by second

Written by `make bench-adapt`; what was measured and what of it was promised: [PERFORMANCE.md](PERFORMANCE.md)."""
BEGIN, END = "<!-- adapt: written by make bench-adapt -->", "<!-- /adapt -->"


def write(flows: Sequence[Flow]) -> None:
    """Bring docs/PERFORMANCE.md, its charts, and docs/ADAPT_SECONDS.md up to date."""
    page = DOCS / "PERFORMANCE.md"
    before, rest = page.read_text().split(BEGIN)
    body, tables = [summary(flows)], [SECONDS_HEAD]
    for flow in flows:
        (DOCS / f"{flow.name}.svg").write_text(chart(flow))
        body.append(f"![{flow.title}: kbit/s and rung by second]({flow.name}.svg)")
        tables.append(f"## {flow.title[0].upper()}{flow.title[1:]}\n\n{by_second(flow)}")
    body.append("Second by second: [ADAPT_SECONDS.md](ADAPT_SECONDS.md).")
    page.write_text(f"{before}{BEGIN}\n" + "\n\n".join(body) + f"\n{END}{rest.split(END)[1]}")
    (DOCS / "ADAPT_SECONDS.md").write_text("\n\n".join(tables) + "\n")


def by_second(flow: Flow) -> str:
    """Markdown, a row a second."""
    lines = ["| s | kbit/s | frames | longest gap s | sound packets | lost | rung |", "|" + " --- |" * 7]
    lines += [
        f"| {one.second} | {one.kbps} | {one.fps} | {one.longest_frame_gap_s} | {one.sound} | {one.sound_lost} | {one.rung} |"
        for one in flow.received
    ]
    return "\n".join(lines)


WIDTH, LEFT, RIGHT, TOP = 760, 56, 16, 34
RATE_HEIGHT, STRIP_HEIGHT, GAP = 190, 54, 26
MOST_KBPS = 2_000
INK, PALE, LINK, RATE, SOUND, FROZEN = "#33403e", "#d9d4c8", "#b9b2a2", "#0b5d57", "#b4651e", "#a3352b"


def chart(flow: Flow) -> str:
    """Three strips over one time: what came beside what the link carried, the rung, and sound with the pictures' gaps."""
    seconds_shown = len(flow.received)
    step = (WIDTH - LEFT - RIGHT) / seconds_shown
    rung_top = TOP + RATE_HEIGHT + GAP
    sound_top = rung_top + STRIP_HEIGHT + GAP
    height = sound_top + STRIP_HEIGHT + 34

    def x(second: float) -> float:
        return LEFT + second * step

    def y(kbps: float) -> float:
        return TOP + RATE_HEIGHT * (1 - min(kbps, MOST_KBPS) / MOST_KBPS)

    def steps(values: list[tuple[float, float]]) -> str:
        return " ".join(f"{a:.1f},{b:.1f}" for a, b in values)

    link = [(0, 2_000), (DROP_S, 2_000), (DROP_S, 300), (RISE_S, 300), (RISE_S, 2_000), (seconds_shown, 2_000)]
    rungs = [
        (x(one.second + side), rung_top + STRIP_HEIGHT * (1 - RUNGS.index(one.rung) / (len(RUNGS) - 1)))
        for one in flow.received
        if one.rung in RUNGS
        for side in (0, 1)
    ]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        'font-family="sans-serif" font-size="12">',
        f"<title>{flow.title}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fffdf8"/>',
        f'<text x="{LEFT}" y="18" fill="{INK}" font-size="14">{flow.title}</text>',
        f'<text x="{WIDTH - RIGHT}" y="18" text-anchor="end" fill="{RATE}">picture received, kbit/s</text>',
    ]
    for kbps in range(0, MOST_KBPS + 1, 500):
        parts.append(f'<path d="M{LEFT} {y(kbps):.1f}H{WIDTH - RIGHT}" stroke="{PALE}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y(kbps) + 4:.1f}" text-anchor="end" fill="{INK}">{kbps}</text>')
    parts.append(
        f'<polyline fill="none" stroke="{LINK}" stroke-width="2" stroke-dasharray="5 4" '
        f'points="{steps([(x(at), y(bps)) for at, bps in link])}"/>'
    )
    came = [(x(one.second + 0.5), y(one.kbps)) for one in flow.received]
    parts.append(f'<polyline fill="none" stroke="{RATE}" stroke-width="2.5" points="{steps(came)}"/>')
    parts.append(f'<text x="{LEFT}" y="{rung_top - 8}" fill="{INK}">rung</text>')
    for index in (0, 3, 5):
        at = rung_top + STRIP_HEIGHT * (1 - index / (len(RUNGS) - 1))
        parts.append(f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="{PALE}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end" fill="{INK}">{RUNGS[index]}</text>')
    parts.append(f'<polyline fill="none" stroke="{INK}" stroke-width="2" points="{steps(rungs)}"/>')
    parts.append(
        f'<text x="{LEFT}" y="{sound_top - 8}" fill="{SOUND}">packets of sound a second'
        f'<tspan fill="{FROZEN}" dx="14">■ no new frame for over 0.5 s</tspan></text>'
    )
    for one in flow.received:
        tall = STRIP_HEIGHT * min(one.sound, 60) / 60
        parts.append(
            f'<rect x="{x(one.second) + 1:.1f}" y="{sound_top + STRIP_HEIGHT - tall:.1f}" width="{step - 2:.1f}" '
            f'height="{tall:.1f}" fill="{SOUND}" opacity="0.55"/>'
        )
        if one.longest_frame_gap_s > 0.5 or one.fps == 0:
            parts.append(
                f'<rect x="{x(one.second) + 1:.1f}" y="{sound_top - 4}" width="{step - 2:.1f}" height="4" fill="{FROZEN}"/>'
            )
    for at in range(0, seconds_shown + 1, 10):
        parts.append(f'<text x="{x(at):.1f}" y="{height - 12}" text-anchor="middle" fill="{INK}">{at} s</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"
