"""What recording costs, as a table, as ratios, and as a chart that needs no library."""

import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.markdown import rows_of

LATE_AT_MOST_PCT = 1.5

DOCS = Path(__file__).resolve().parents[1] / "docs"
COLUMNS = {
    "relay": "relay", "calls": "calls", "pps": "packets/s", "unrecorded_pct": "CPU % unrecorded", "recorded_pct": "recorded",
    "recorder_pct": "of it the recorder", "added_us": "added µs a packet", "error_us": "±", "share_pct": "packets in the files %",
    "kb_per_s": "written kB/s", "late_pct": "generator late %",
}  # fmt: skip
COLOURS = {"consilium": "#0b5d57", "janus": "#b4651e"}
BEGIN, END = "<!-- recording: written by make bench -->", "<!-- /recording -->"


@dataclass(frozen=True)
class Cost:
    """Of one relay at one load. CPU in % of a core, of relay and recorder together."""

    relay: str
    calls: int
    pps: int
    unrecorded_pct: float
    recorded_pct: float
    recorder_pct: float
    """The recorder's process alone, where there is one."""
    added_pct: float
    added_us: float
    """For each packet that is recorded."""
    error_us: float
    """The standard error of that, from pair to pair."""
    share_pct: float
    """Of the packets sent meanwhile, how many are in the files."""
    kb_per_s: int
    late_pct: float

    def row(self) -> dict[str, object]:
        return asdict(self)

    @property
    def line(self) -> str:
        """The essence."""
        return f"{self.added_us} ± {self.error_us} µs a packet, {self.added_pct} % of a core, {self.share_pct} % recorded"

    @property
    def is_late(self) -> bool:
        return self.late_pct > LATE_AT_MOST_PCT


def table(found: Sequence[Cost]) -> str:
    """Markdown, a row a run."""
    return rows_of(COLUMNS.items(), [each.row() for each in found])


def ratios(found: Sequence[Cost]) -> str:
    """The increments beside each other, and whether the aim (below Janus') is reached."""
    of = {(each.relay, each.calls): each for each in found}
    lines = []
    for (name, calls), ours in of.items():
        janus = of.get(("janus", calls))
        if name == "consilium" and janus is not None:
            holds = "yes" if ours.added_us <= janus.added_us else "**no**"
            whole = f"the recorded call as a whole {ours.recorded_pct} % against {janus.recorded_pct} % of a core"
            added = f"recording adds {ours.added_us} µs a packet against Janus' {janus.added_us} (below it: {holds})"
            lines.append(f"{calls} calls: {added}; {whole}")
    return "\n".join(lines)


def chart(found: Sequence[Cost]) -> str:
    """A bar a run: the call itself, and on top of it what recording adds."""
    left, right, row, unit = 150, 190, 30, 360
    most = max((each.recorded_pct for each in found), default=1.0) or 1.0
    width, height = left + unit + right, 44 + row * len(found)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        'font-family="sans-serif" font-size="13">',
        "<title>CPU of calls, and what recording them adds</title>",
        f'<rect width="{width}" height="{height}" fill="#fffdf8"/>',
        f'<text x="{left}" y="18" fill="#333">CPU, % of a core: the calls, and what recording adds (light)</text>',
    ]
    for index, each in enumerate(found):
        y, colour = 32 + index * row, COLOURS[each.relay]
        calls = unit * each.unrecorded_pct / most
        added = unit * max(0.0, each.recorded_pct - each.unrecorded_pct) / most
        parts += [
            f'<text x="{left - 8}" y="{y + 15}" text-anchor="end" fill="#333">{each.relay}, {each.calls} calls</text>',
            f'<rect x="{left}" y="{y}" width="{calls:.1f}" height="20" fill="{colour}"/>',
            f'<rect x="{left + calls:.1f}" y="{y}" width="{added:.1f}" height="20" fill="{colour}" fill-opacity="0.45"/>',
            f'<text x="{left + calls + added + 6:.1f}" y="{y + 15}" fill="#333">+ {each.added_us:g} µs a packet</text>',
        ]
    return "\n".join([*parts, "</svg>"]) + "\n"


def write(found: Sequence[Cost]) -> None:
    """Bring docs/RECORDING_COST.md and its chart up to date."""
    (DOCS / "recording.svg").write_text(chart(found))
    page = DOCS / "RECORDING_COST.md"
    before, rest = page.read_text().split(BEGIN)
    machine = f"{platform.machine()}, Linux {platform.release().split('-')[0]}, Python {platform.python_version()}"
    body = f"\n{table(found)}\n\n{ratios(found)}\n\n({machine})\n\n![What recording adds to a call](recording.svg)\n"
    page.write_text(f"{before}{BEGIN}\n{body}\n{END}{rest.split(END)[1]}")
