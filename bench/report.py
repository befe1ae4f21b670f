"""The figures as a table, as ratios, and as a chart that needs no library."""

import platform
from collections.abc import Sequence
from pathlib import Path

from bench import goals
from bench.markdown import rows_of
from bench.measure import Figures

DOCS = Path(__file__).resolve().parents[1] / "docs"
_COLUMNS = (
    ("relay", "relay"), ("calls", "calls"), ("pps", "packets/s"), ("cpu_us_per_packet", "CPU µs per packet"),
    ("cpu_pct", "CPU %"), ("kernel_pct", "of it kernel %"),
    ("p50_ms", "p50 ms"), ("p99_ms", "p99 ms"), ("loss_pct", "lost %"), ("kb_per_call", "kB per call"),
    ("setup_ms_per_peer", "set-up CPU ms per peer"), ("generator_cpu_pct", "generator CPU %"), ("late_pct", "generator late %"),
    ("slowed_pct", "machine slow %"), ("calm_pct", "calm %"), ("probe_us", "probe µs"),
    ("whole_cpu_us_per_packet", "µs, slow moments too"), ("whole_p50_ms", "p50 ms"), ("whole_p99_ms", "p99 ms"),
)  # fmt: skip


def table(found: Sequence[Figures]) -> str:
    """Markdown, a row a run."""
    return rows_of(_COLUMNS, [figures.row() for figures in found])


def ratios(found: Sequence[Figures]) -> str:
    """CPU per packet and memory against Janus at the same load."""
    of = {(figures.relay, figures.calls): figures for figures in found}
    lines = []
    for (name, calls), ours in of.items():
        janus = of.get(("janus", calls))
        if name == "consilium" and janus is not None:
            cpu = ours.cpu_us_per_packet / janus.cpu_us_per_packet
            memory = f"memory per call {ours.kb_per_call} kB against {janus.kb_per_call} kB"
            lines.append(f"{calls} calls: CPU per packet {cpu:.2f} × Janus, {memory}")
    return "\n".join(lines)


def chart(found: Sequence[Figures]) -> str:
    """CPU per forwarded packet by load, a line a relay."""
    shown = [figures for figures in found if figures.relay != "mediarelay"]
    width, height, left, bottom = 640, 320, 60, 40
    loads = sorted({figures.calls for figures in shown})
    top = max((figures.cpu_us_per_packet for figures in shown), default=1.0) * 1.1
    x = {calls: left + (width - left - 110) * (i / max(1, len(loads) - 1)) for i, calls in enumerate(loads)}

    def y(value: float) -> float:
        return height - bottom - (height - bottom - 20) * value / top

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        'font-family="sans-serif" font-size="13">',
        "<title>CPU microseconds per forwarded packet, by number of calls</title>",
        f'<rect width="{width}" height="{height}" fill="#fffdf8"/>',
        f'<text x="{left}" y="14" fill="#333">CPU µs per forwarded packet</text>',
    ]
    step = max(1, round(top / 5))
    for value in range(0, int(top) + 1, step):
        parts.append(f'<path d="M{left} {y(value):.1f}H{width - 110}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 8}" y="{y(value) + 4:.1f}" text-anchor="end" fill="#555">{value}</text>')
    parts += [f'<text x="{at:.1f}" y="{height - 18}" text-anchor="middle" fill="#555">{calls}</text>' for calls, at in x.items()]
    parts.append(f'<text x="{left}" y="{height - 2}" fill="#555">calls</text>')
    for relay, colour in (("consilium", "#0b5d57"), ("janus", "#b4651e")):
        points = [(x[figures.calls], y(figures.cpu_us_per_packet)) for figures in shown if figures.relay == relay]
        if points:
            way = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
            parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2.5" points="{way}"/>')
            parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="4" fill="{colour}"/>' for a, b in points]
            parts.append(f'<text x="{points[-1][0] + 10:.1f}" y="{points[-1][1] + 4:.1f}" fill="{colour}">{relay}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


BEGIN, END = "<!-- relay: written by make bench -->", "<!-- /relay -->"


def write(found: Sequence[Figures], reached: Sequence[goals.Goal]) -> None:
    """Bring docs/PERFORMANCE.md and its charts up to date."""
    (DOCS / "relay.svg").write_text(chart(found))
    (DOCS / "relay-goals.svg").write_text(goals.chart(reached))
    page = DOCS / "PERFORMANCE.md"
    before, rest = page.read_text().split(BEGIN)
    machine = f"{platform.machine()}, Linux {platform.release().split('-')[0]}, Python {platform.python_version()}"
    charts = (
        "![CPU per forwarded packet, by number of calls](relay.svg)\n\n![How much of each promise is used up](relay-goals.svg)"
    )
    body = f"\n{table(found)}\n\n{ratios(found)}\n\n{goals.table(reached)}\n\n({machine})\n\n{charts}\n"
    page.write_text(f"{before}{BEGIN}\n{body}\n{END}{rest.split(END)[1]}")
