"""Building the native packet loop: by the machine's own C compiler, else by the one in the wheel `ziglang`.

Decides the compiler and its flags; standard library only. Nothing is built for the processor at hand: the folder may be copied.
"""

import os
import shutil
from pathlib import Path

from media.plane.library import BUILT, library_path, sources
from tools.steps import Failure, run, step

ZIGLANG = "ziglang==0.15.1"
FLAGS = ["-std=gnu11", "-O2", "-g", "-fPIC", "-fvisibility=default", "-pthread", "-Wall", "-Wextra"]


def compiler() -> list[str]:
    """The command that compiles C here."""
    own = next((found for name in ("cc", "gcc", "clang") if (found := shutil.which(name))), None)
    if own is not None:
        return [own]
    return ["uv", "run", "--no-project", "--quiet", "--with", ZIGLANG, "python", "-m", "ziglang", "cc"]


def build_plane(*extra: str, into: Path | None = None) -> Path:
    """Build the library unless it is there; `extra` flags and another place are for tests. Raises Failure."""
    made = into or library_path()
    if made.exists():
        return made
    with step("building the packet loop"):
        made.parent.mkdir(parents=True, exist_ok=True)
        draft = made.with_suffix(f".{os.getpid()}")
        run([*compiler(), *FLAGS, *extra, "-shared", "-o", draft, *sources(), "-lm"])
        if not draft.exists():
            raise Failure("the packet loop was not built")
        draft.replace(made)  # whole or not at all
    for stale in BUILT.glob("*.so"):
        if into is None and stale != made:
            stale.unlink(missing_ok=True)
    return made
