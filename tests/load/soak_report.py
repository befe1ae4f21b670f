"""What a soak found: a table, and a chart of memory over time that needs no library."""

from collections.abc import Sequence
from pathlib import Path

from tests.load.soak import Course, Growth, Sample

DOCS = Path(__file__).resolve().parents[2] / "docs"
FLAT_MB = 8.0
"""Less than this is an allocator's mood."""
BEGIN, END = "<!-- soak: written by make soak -->", "<!-- /soak -->"


def table(found: Sequence[Growth], course: Course, minutes: float, calls: int) -> str:
    """Markdown: what ran, and a row a process."""
    lost = sorted(course.lost)
    share = lost[int(len(lost) * 0.99)] if lost else 1.0
    lines = [
        f"{minutes:g} minutes, {calls} at a time: {course.calls} calls, {course.reloads} reloads, {len(course.broken)} broken; "
        f"packets lost in the worst of 100 calls {100 * share:.2f} %.",
        "",
        "| process | MB, second quarter | MB, last quarter | descriptors, second quarter | last quarter | most threads | CPU % |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for one in found:
        lines.append(
            f"| {one.process} | {one.early_mb} | {one.late_mb} | {one.early_descriptors} | {one.late_descriptors} "
            f"| {one.threads} | {one.cpu_pct} |"
        )
    return "\n".join(lines)


def page(found: Sequence[Growth], course: Course, minutes: float, calls: int) -> None:
    """Bring docs/PERFORMANCE.md and its chart up to date."""
    (DOCS / "soak.svg").write_text(chart(course))
    performance = DOCS / "PERFORMANCE.md"
    before, rest = performance.read_text().split(BEGIN)
    picture = "![Memory in use over the time of the soak](soak.svg)"
    body = f"{table(found, course, minutes, calls)}\n\n{picture}"
    performance.write_text(f"{before}{BEGIN}\n\n{body}\n\n{END}{rest.split(END)[1]}")


def chart(course: Course) -> str:
    """Memory of both processes over time, from zero: what is flat looks flat."""
    width, height, left, right, bottom = 640, 280, 60, 110, 40
    lines = {"signaling": (course.signaling, "#b4651e"), "media worker": (course.worker, "#0b5d57")}
    longest = max(one.at_s for samples, _ in lines.values() for one in samples)
    top = max(one.rss_kb for samples, _ in lines.values() for one in samples) / 1024 * 1.15

    def at(sample: Sample) -> tuple[float, float]:
        x = left + (width - left - right) * sample.at_s / max(1.0, longest)
        return x, height - bottom - (height - bottom - 24) * (sample.rss_kb / 1024) / top

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        'font-family="sans-serif" font-size="13">',
        "<title>Memory in use over the time of the soak</title>",
        f'<rect width="{width}" height="{height}" fill="#fffdf8"/>',
        f'<text x="{left}" y="14" fill="#333">MB in use</text>',
    ]
    step = max(10, round(top / 50) * 10)
    for value in range(0, int(top) + 1, step):
        y = height - bottom - (height - bottom - 24) * value / top
        parts.append(f'<path d="M{left} {y:.1f}H{width - right}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#555">{value}</text>')
    for name, (samples, colour) in lines.items():
        points = [at(one) for one in samples]
        way = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{way}"/>')
        parts.append(f'<text x="{points[-1][0] + 8:.1f}" y="{points[-1][1] + 4:.1f}" fill="{colour}">{name}</text>')
    minutes = longest / 60
    for part in range(5):
        x = left + (width - left - right) * part / 4
        parts.append(f'<text x="{x:.1f}" y="{height - 20}" text-anchor="middle" fill="#555">{minutes * part / 4:.0f}</text>')
    parts.append(f'<text x="{left}" y="{height - 4}" fill="#555">minutes</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"
