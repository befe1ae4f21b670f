"""Signed checkpoints: where the audit chains stood at a moment, written where whoever may write the database may not.

A chain alone can be rebuilt by an insider. A checkpoint says which digest a position had; what is rebuilt later contradicts it,
and what is cut off ends before it. One file a day, one line for each checkpoint, each line bound to the one before it. Decides
their form and how they are kept; never when one is written.
"""

import errno
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from common.evidence.chain import canonical
from common.evidence.entry import Head
from common.evidence.signing import Signer, Verifier

PURPOSE = "audit-checkpoint"
FIRST = "0" * 64


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where the chains stood at `at`; `before` is the SHA-256 of the line before, in hex. `where`: file and line, for people."""

    at: float
    heads: tuple[Head, ...]
    before: str
    where: str = ""


class BadCheckpoint(Exception):
    """A line that is no checkpoint of this installation's; the text says where and why."""


def write(folder: Path, signer: Signer, heads: Sequence[Head], at: float) -> bool:
    """Add a checkpoint unless the last one of the day says the same. Several processes may write at once. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}.jsonl"
    with os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+b") as kept:
        fcntl.flock(kept, fcntl.LOCK_EX)  # let go with the file
        last = kept.read().rpartition(b"\n")[0].rpartition(b"\n")[2]
        before = hashlib.sha256(last).hexdigest() if last else FIRST
        said = [[head.hospital, head.position, head.digest.hex()] for head in heads]
        if last and json.loads(last)["body"]["heads"] == said:
            return False
        body = {"at": at, "heads": said, "before": before}
        line = {"body": body, "key": signer.verifier.key_id, "signature": signer.sign(PURPOSE, canonical(body)).hex()}
        kept.write(canonical(line) + b"\n")
        kept.flush()
        os.fsync(kept.fileno())
    return True


def read(folder: Path, verifier: Verifier) -> Iterator[Checkpoint]:
    """All checkpoints in their order. Raises BadCheckpoint at the first line that does not hold, and OSError."""
    if not folder.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no folder of checkpoints", str(folder))
    for file in sorted(folder.glob("*.jsonl")):
        before = FIRST
        for number, line in enumerate(file.read_bytes().splitlines(), 1):
            where = f"{file.name}, line {number}"
            checkpoint = _parsed(line, verifier, where)
            if checkpoint.before != before:
                raise BadCheckpoint(f"{where} does not follow the line before it")
            before = hashlib.sha256(line).hexdigest()
            yield checkpoint


def _parsed(line: bytes, verifier: Verifier, where: str) -> Checkpoint:
    try:
        kept = json.loads(line)
        body = kept["body"]
        good = verifier.verify(PURPOSE, canonical(body), bytes.fromhex(kept["signature"]))
        heads = tuple(Head(hospital, position, bytes.fromhex(digest)) for hospital, position, digest in body["heads"])
        checkpoint = Checkpoint(body["at"], heads, body["before"], where)
    except (ValueError, KeyError, TypeError) as reason:
        raise BadCheckpoint(f"{where} is no checkpoint") from reason
    if not good:
        raise BadCheckpoint(f"{where} is not signed by this installation's key ({verifier.key_id})")
    return checkpoint
