"""What a person asks of recordings on a command line: verify one, wrap the keys of all anew. Prints; 0 is good, 1 is not."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from common.errors import Unavailable
from common.evidence.signing import KEY_FILE, load_verifier
from recording.folder import KEY, Folder
from recording.keys import FileMaster, rewrapped
from recording.supplement import verify_all
from recording.verify import FolderFiles, Verdict

RECORDINGS = "recordings"
"""The folder of all recordings, in the data folder."""


def add_verify(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command's arguments."""
    parser = commands.add_parser("verify", help="check a recording: nothing changed, nothing missing, signed by this hospital")
    parser.add_argument("recording", type=Path, help="its folder, or its id where the data folder is at hand")
    parser.add_argument("--public-key", type=Path, help="PEM file; default: the data folder's")


def found_in(data: Path, recording: Path, public_key: Path | None) -> tuple[Path, Path]:
    """The folder and the key that were meant, where the data folder is at hand."""
    folder = recording if recording.is_dir() else data / RECORDINGS / recording.name
    return folder, public_key or data / f"{KEY_FILE}.pub"


def verify_command(folder: Path, public_key: Path) -> int:
    """Checks and prints one verdict; 2 when there is nothing to check or nothing to check it with."""
    out = sys.stdout
    try:
        verifier = load_verifier(public_key)
    except (OSError, ValueError):
        out.write(f"{public_key} holds no public key; give one with --public-key\n")
        return 2
    if not folder.is_dir():
        out.write(f"there is no recording {folder}\n")
        return 2
    try:
        verdict = verify_all(FolderFiles(folder), verifier, folder.resolve().name)
    except OSError as fault:
        out.write(f"{folder} cannot be read ({fault.strerror})\n")
        return 2
    out.write(report(verdict, folder))
    return 0 if verdict.problem is None else 1


def report(verdict: Verdict, folder: Path) -> str:
    """The verdict in lines."""
    speed = verdict.octets / 1e6 / max(verdict.seconds, 1e-6)
    read = f"{verdict.segments} segments, {verdict.octets / 1e6:.1f} MB in {verdict.seconds:.2f} s ({speed:.0f} MB/s)"
    problem = verdict.problem
    if problem is None:
        lines = [f"GOOD  {folder}: {read}; state {verdict.state}"]
    else:
        lines = [
            f"BAD   {folder}: {problem.file}, octets {problem.first} to {problem.last}: {problem.sentence} [{problem.code}]",
            f"      good before it: {read}",
        ]
    return "\n".join(lines + [f"      note: {note}" for note in verdict.notes]) + "\n"


def rotate_command(data: Path, elsewhere: Callable[[FileMaster], int] = lambda _: 0) -> int:
    """A new master key, and every recording's key file wrapped by it. May be stopped and begun again at any point.

    `elsewhere` wraps those that are not in the data folder, and returns how many it could not.
    """
    out = sys.stdout
    master = FileMaster(data).renew()
    bad = 0
    for path in sorted((data / RECORDINGS).glob("*/")):
        folder = Folder(path)
        if not folder.has(KEY):
            continue
        try:
            folder.open()
            folder.write(KEY, rewrapped(folder.read(KEY), path.name, master))
        except Unavailable as error:
            out.write(f"{path}: {error.sentence} [{error.code}]\n")
            bad += 1
        finally:
            folder.close()
    bad += elsewhere(master)
    if bad:
        out.write(f"{bad} recordings are still under a former master key, which is kept. Run this again.\n")
        return 1
    master.forget_former()
    out.write("every recording is under the new master key; the former one is gone\n")
    return 0
