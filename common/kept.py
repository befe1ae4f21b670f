"""A secret drawn once and kept in a file that only its owner can read. Decides mode and atomicity; never what is in it."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path


def keep(file: Path, draw: Callable[[], bytes]) -> bytes:
    """The content of the file; drawn and written first (mode 0600) when there is none. Of two at once, one draws."""
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(draw())
            out.flush()
            os.fsync(out.fileno())  # what is sealed with a key must not outlive it by a power cut
        try:
            os.link(draft, file)  # whole or not at all, and never over another's
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return file.read_bytes()
