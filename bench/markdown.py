"""Tables of figures in Markdown. Knows no figure, and may be imported outside the namespace that measurements are made in."""

from collections.abc import Iterable, Mapping


def rows_of(columns: Iterable[tuple[str, str]], rows: Iterable[Mapping[str, object]]) -> str:
    """A table: `columns` are the figures' names and what stands above them, each row has one of every name."""
    names, heads = zip(*columns, strict=True)
    lines = [heads, ["---"] * len(heads), *([str(row[name]) for name in names] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
