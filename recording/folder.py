"""A recording's folder: files that appear whole or not at all, and one writer at a time.

It decides durability, and what a disk's error means; never what is in a file.
"""

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common.errors import Unavailable
from recording.core.manifest import segment_name

MANIFEST, SIGNATURE, KEY, LOCK = "manifest.json", "manifest.sig", "key", "lock"
NEW = ".new"
"""Of a file that is not in its place yet."""
_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EROFS, errno.EACCES, errno.EPERM)


@contextmanager
def disk() -> Iterator[None]:
    """Turns what a disk refuses into `Unavailable`: `disk_full`, `disk_read_only`, `disk_fault`."""
    try:
        yield
    except OSError as fault:
        if fault.errno in _FULL:
            raise Unavailable("disk_full", "the disk of the recordings is full") from fault
        if fault.errno in _FORBIDDEN:
            raise Unavailable("disk_read_only", "the folder of the recordings cannot be written") from fault
        raise Unavailable("disk_fault", "the disk of the recordings fails") from fault


class Folder:
    """`path` is named by the recording's id. Every method raises `Unavailable` for what the disk refuses."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None

    def open(self) -> None:
        """Makes the folder where it is missing and becomes its one writer. Unavailable: recording_busy."""
        with disk():
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise Unavailable("recording_busy", "another process writes this recording") from None
        self._lock = descriptor
        with disk():
            for left in self.path.glob(f"*.seg{NEW}"):
                left.unlink()

    def close(self) -> None:
        """Lets others write. May be called twice."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def has(self, name: str) -> bool:
        with disk():
            return (self.path / name).is_file()

    def read(self, name: str) -> bytes:
        with disk():
            return (self.path / name).read_bytes()

    def write(self, name: str, *parts: bytes) -> None:
        """Puts a file in its place, durably: after a power cut it is there whole, or the former one is."""
        with disk():
            self._draft(name, parts)
            self._place(name)
            self._settle()

    def write_manifest(self, text: bytes, signature: bytes) -> None:
        """The two in an order that always leaves a pair: when it stops half way, the new text still lies beside its signature."""
        with disk():
            self._draft(MANIFEST, (text,))
            self._draft(SIGNATURE, (signature,))
            self._settle()
            self._place(SIGNATURE)
            self._settle()
            self._place(MANIFEST)
            self._settle()

    def numbers(self) -> list[int]:
        """The segments that are there, in order."""
        with disk():
            names = [each.name for each in self.path.glob("*.seg")]
        return sorted(int(name[:-4]) for name in names if name[:-4].isdigit() and segment_name(int(name[:-4])) == name)

    def _draft(self, name: str, parts: tuple[bytes, ...]) -> None:
        draft = self.path / (name + NEW)
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as out:
                for part in parts:
                    out.write(part)
                out.flush()
                os.fsync(out.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                draft.unlink()  # a full disk is fuller by it
            raise

    def _place(self, name: str) -> None:
        (self.path / (name + NEW)).replace(self.path / name)

    def _settle(self) -> None:
        """A rename is durable with its folder."""
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
