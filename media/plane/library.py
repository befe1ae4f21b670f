"""The native loop's library: where its sources are, where it lies once built, and whether it is the one of these sources.

Standard library only: the setting-up reads it before anything is installed (tools/plane.py builds).
"""

import hashlib
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "native"
HEADER = FOLDER / "plane.h"
BUILT = FOLDER / "build"


def sources() -> list[Path]:
    """The C files, in order of name."""
    return sorted(FOLDER.glob("*.c"))


def fingerprint() -> str:
    """Changes with any source or header."""
    total = hashlib.sha256()
    for path in sorted([*FOLDER.glob("*.c"), *FOLDER.glob("*.h")]):
        total.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()[:16]


def library_path() -> Path:
    """Where the library of these very sources lies when it was built."""
    return BUILT / f"plane-{fingerprint()}.so"
