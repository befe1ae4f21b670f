"""A file tells one story: about 300 lines, and beyond 500 it has become two."""

import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
LIMIT_LINES = 500
WRITTEN_BY_HAND = (".py", ".ts", ".tsx", ".css", ".c", ".h", ".md")


def test_no_file_is_a_giant() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    files = [REPOSITORY / name for name in listed if name.endswith(WRITTEN_BY_HAND)]
    lengths = {str(file.relative_to(REPOSITORY)): len(file.read_text().splitlines()) for file in files if file.exists()}
    assert lengths, "no sources found: this test would pass on nothing"
    assert {name: length for name, length in lengths.items() if length > LIMIT_LINES} == {}
