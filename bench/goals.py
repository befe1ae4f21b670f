"""What was promised of the relay, beside what one run reached; and how much of each promise that uses up, as a chart."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from bench.measure import Figures, Idle

CPU_RATIO = {5: 0.5, 20: 0.30, 60: 0.30}
P99_MS, P99_CALLS = 3.0, 60
STALLED_P99_MS = 6.0
FULL_CALLS, LOSS_PCT = 100, 0.05
IDLE_PCT = 3.0


@dataclass(frozen=True)
class Goal:
    """A promise: `value` is to be at most `goal`."""

    what: str
    value: float
    goal: float
    unit: str
    whole: float | None = None
    """The same of the whole run, with the moments in which the machine was slow; none where the value is of that already."""

    @property
    def holds(self) -> bool:
        return self.value <= self.goal

    def row(self) -> dict[str, object]:
        return {**asdict(self), "holds": self.holds}


def reached(found: Sequence[Figures], stalled: Figures | None, idle: Idle | None) -> list[Goal]:
    """The promises that this run has something to say about."""
    return [*_compared(found), *_own(found, stalled, idle)]


def _compared(found: Sequence[Figures]) -> Iterator[Goal]:
    of = {(figures.relay, figures.calls): figures for figures in found}
    for (name, calls), ours in of.items():
        janus = of.get(("janus", calls))
        if name != "consilium" or janus is None:
            continue
        if calls in CPU_RATIO:
            ratio = round(ours.cpu_us_per_packet / janus.cpu_us_per_packet, 3)
            whole = round(ours.whole_cpu_us_per_packet / janus.whole_cpu_us_per_packet, 3)
            yield Goal(f"CPU per packet at {calls} calls", ratio, CPU_RATIO[calls], "× Janus", whole)
        yield Goal(f"memory per call at {calls} calls", ours.kb_per_call, janus.kb_per_call, "kB (the goal is Janus')")


def _own(found: Sequence[Figures], stalled: Figures | None, idle: Idle | None) -> Iterator[Goal]:
    for figures in found:
        if figures.relay == "consilium" and figures.calls == P99_CALLS:
            yield Goal(f"p99 of the added latency at {P99_CALLS} calls", figures.p99_ms, P99_MS, "ms", figures.whole_p99_ms)
        if figures.relay == "consilium" and figures.calls == FULL_CALLS:
            yield Goal(f"lost at {FULL_CALLS} calls on one core", figures.loss_pct, LOSS_PCT, "%")
    if stalled is not None:
        what = f"p99 at {stalled.calls} calls, Python busy half the time"
        yield Goal(what, stalled.p99_ms, STALLED_P99_MS, "ms", stalled.whole_p99_ms)
    if idle is not None:
        yield Goal(f"CPU of {idle.connections} idle connections", idle.cpu_pct, IDLE_PCT, "% of a core", idle.whole_cpu_pct)


def table(goals: Sequence[Goal]) -> str:
    """Markdown, a row a promise."""
    lines = ["| promise | reached | with slow moments | at most | holds |", "| --- | --- | --- | --- | --- |"]
    lines += [
        f"| {each.what} | {each.value:g} {each.unit} | {'' if each.whole is None else f'{each.whole:g}'} | {each.goal:g} "
        f"| {'yes' if each.holds else '**no**'} |"
        for each in goals
    ]
    return "\n".join(lines)


def chart(goals: Sequence[Goal]) -> str:
    """A bar a promise: its length is the share of the promise that is used up, the line is the whole of it."""
    left, unit, row, right = 330, 200, 24, 190
    width, height = left + int(1.6 * unit) + right, 46 + row * len(goals)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        'font-family="sans-serif" font-size="13">',
        "<title>How much of each promise is used up</title>",
        f'<rect width="{width}" height="{height}" fill="#fffdf8"/>',
        f'<path d="M{left + unit} 24V{height - 12}" stroke="#333"/>',
        f'<text x="{left + unit}" y="16" text-anchor="middle" fill="#333">promised</text>',
    ]
    for index, each in enumerate(goals):
        y = 34 + index * row
        length = min(1.55, each.value / each.goal if each.goal else 0.0) * unit
        colour = "#0b5d57" if each.holds else "#b4651e"
        parts.append(f'<text x="{left - 8}" y="{y + 12}" text-anchor="end" fill="#333">{each.what}</text>')
        parts.append(f'<rect x="{left}" y="{y}" width="{max(1.0, length):.1f}" height="16" fill="{colour}"/>')
        parts.append(
            f'<text x="{left + int(1.6 * unit)}" y="{y + 12}" fill="#333">{each.value:g} {each.unit.split(" (")[0]}</text>'
        )
    return "\n".join([*parts, "</svg>"]) + "\n"
