"""Building the native packet loop: by the machine's own C compiler, else by the one in the wheel `ziglang`.

Decides the compiler and its flags; standard library only. Nothing is built for the processor at hand: the folder may be copied.
"""

import os
import shutil
import sys
from pathlib import Path

from media.plane.library import BUILT, library_path, sources
from tools.steps import TOOLS, Failure, run, step
from tools.uv import find_uv, uv_environment

ZIGLANG = "0.17.1"
HASHES = (
    "09953b6af7f64168b915180a42774f520f92d86ef6331b28e33915c7e1f0bb23",
    "27a8da5f8eaa0e76ebbc7c2594130ed4646c1101ada2ce0aa86fe580c74154b9",
    "4e0b4b9c02b8d0d220e9948010f860b62ff11d96abb39762eca5fa2ef3f7bc97",
    "69c3dfc3aff6a297ec4017aa904782c0e450eb988982d7f675d83edce27526fb",
    "7ec229ead4a08f3bc537ed33fa8c0f811739b81a0d05afbea89db30afb4df1cc",
    "87f24e5cdca55f5d47c1e20570eebb61a53957fafe4c35c69740e13affe407ba",
    "ae28f1f1150b95c8b1bb5e185d18e6c542877dc480e2476ccc81dac41f191b71",
    "b7c5f02fccd40f89b999ee16a1f5ddced56e6182370f8affe494bcf8a28cf07e",
    "d0549d5db63961ad9ed83ef628a45e3309542410dbcb6010116f4f2a3274d966",
    "d3bf27478d4593f2df7daf5c59b616a543b8f9e2cc9235bef84d8e54862a4334",
    "d65ae4223b0c351cb3b4596262b8d9773acc9ca94ef8ea9b5fe3ddfa07dd204f",
    "ea6cc5d87b033cf0aedfbc8f9549a908cae6c50ac31f1698188fa48a74524b54",
)
FLAGS = ("-std=gnu11", "-O2", "-g", "-fPIC", "-pthread", "-Wall", "-Wextra")


def build_plane() -> Path:
    """Build the library of these very sources unless it is there. Raises Failure."""
    made = library_path()
    if made.exists():
        return made
    command = compiler()
    with step("building the packet loop"):
        BUILT.mkdir(exist_ok=True)
        draft = made.with_suffix(f".{os.getpid()}")
        run([*command, *FLAGS, "-shared", "-o", draft, *sources(), "-lm"])
        draft.replace(made)  # whole or not at all
    for stale in BUILT.glob("*.so"):
        if stale != made:
            stale.unlink(missing_ok=True)  # a server that runs on it keeps it open
    return made


def compiler() -> list[str | Path]:
    """The command that compiles C here, fetched when there is none. Raises Failure."""
    own = next((found for name in ("cc", "gcc", "clang") if (found := shutil.which(name))), None)
    return [own] if own is not None else fetched_compiler(TOOLS / "zig")


def fetched_compiler(target: Path) -> list[str | Path]:
    """The compiler of the wheel, installed into `target` unless it is there. Raises Failure."""
    command: list[str | Path] = ["env", f"PYTHONPATH={target}", sys.executable, "-m", "ziglang", "cc"]
    if (target / "ziglang").is_dir():
        return command
    uv = find_uv()
    with step(f"fetching a C compiler (ziglang {ZIGLANG})"):
        wanted = target.with_suffix(".txt")
        wanted.write_text(" ".join([f"ziglang=={ZIGLANG}", *(f"--hash=sha256:{digest}" for digest in HASHES)]) + "\n")
        install: list[str | Path] = [uv, "pip", "install", "--python", sys.executable, "--target", target]
        run([*install, "--require-hashes", "-r", wanted], env=uv_environment())
    if not (target / "ziglang").is_dir():
        raise Failure("the C compiler that was fetched is not there: install gcc")
    return command
