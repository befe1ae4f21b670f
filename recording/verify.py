"""Whether a recording is what was recorded: by its files and the public key alone, without server, database or keys.

It names the first thing that is wrong: which segment, which octets, and how. Everything is read once, at the disk's speed; it
changes nothing. docs/ARCHIVE.md says how to do the same without this program.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

from common.evidence import chain
from common.evidence.signing import Verifier
from recording.core import manifest as manifests
from recording.core import segments
from recording.core.canonical import Malformed
from recording.core.manifest import BLOCK_BYTES, Manifest, Segment, segment_name
from recording.core.segments import SIGNATURE_BYTES, SegmentHead
from recording.folder import KEY, MANIFEST, NEW, SIGNATURE

READERS = 4
"""Files read and hashed at once: reading waits for the disk, hashing for a core, and both let others run."""
AHEAD = 8


@dataclass(frozen=True, slots=True)
class Problem:
    """The first thing that is wrong: `first` to `last` (inclusive) are octets of `file`; `code` is stable."""

    file: str
    first: int
    last: int
    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`problem` is none when everything is right. `octets` were read in `seconds`; `notes` are no faults."""

    recording: str
    state: str
    segments: int
    octets: int
    seconds: float
    problem: Problem | None
    notes: tuple[str, ...] = ()


class Files(Protocol):
    """Where a recording's files are read from; a missing one is FileNotFoundError."""

    def names(self) -> set[str]: ...

    def read(self, name: str) -> bytes: ...


class FolderFiles:
    """Of a folder on this machine."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> set[str]:
        return {each.name for each in self._path.iterdir()}

    def read(self, name: str) -> bytes:
        return (self._path / name).read_bytes()


class _Wrong(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.sentence)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class _Looked:
    """A file as it was found."""

    name: str
    data_octets: int
    blocks: tuple[str, ...]
    head: SegmentHead | None
    signature: bytes
    missing: bool = False


def verify(files: Files, verifier: Verifier, recording: str | None = None) -> Verdict:
    """Checks everything. `recording` is the id that it should be of, where that is known. OSError when it cannot be read."""
    check = _Check(files, verifier, recording)
    began = time.perf_counter()
    problem = None
    try:
        check.run()
    except _Wrong as wrong:
        problem = wrong.problem
    told = check.manifest
    return Verdict(
        recording=told.recording if told else recording or "",
        state=told.state if told else "",
        segments=check.segments,
        octets=check.octets,
        seconds=time.perf_counter() - began,
        problem=problem,
        notes=tuple(check.notes),
    )


class _Check:
    def __init__(self, files: Files, verifier: Verifier, recording: str | None) -> None:
        self._files = files
        self._verifier = verifier
        self._recording = recording
        self.manifest: Manifest | None = None
        self.segments = 0
        self.octets = 0
        self.notes: list[str] = []

    def run(self) -> None:
        names = self._files.names()
        told = self.manifest = self._read_manifest(names)
        there = _numbers(names)
        after = [number for number in there if number > len(told.segments)]
        if after and told.state == "sealed":
            name = segment_name(after[0])
            size = len(self._files.read(name))
            raise _Wrong(Problem(name, 0, max(0, size - 1), "segment_extra", "is not in the manifest, and the recording is over"))
        self._segments(told, after)
        if KEY not in names:
            self.notes.append("the key was destroyed: nothing here can be seen or heard any more")
        if told.state == "open":
            self.notes.append("the recording was not ended: it runs, or its recorder was lost")

    def _read_manifest(self, names: set[str]) -> Manifest:
        if not names & {MANIFEST, MANIFEST + NEW} or SIGNATURE not in names:
            missing = MANIFEST if SIGNATURE in names else SIGNATURE
            raise _Wrong(Problem(missing, 0, 0, "missing", "is not there"))
        signature = self._files.read(SIGNATURE)
        texts = [self._files.read(name) for name in (MANIFEST, MANIFEST + NEW) if name in names]
        text = next((each for each in texts if self._verifier.verify(manifests.SIGNED_FOR, each, signature)), None)
        self.octets += sum(map(len, texts)) + len(signature)
        if text is None:
            raise _Wrong(self._unsigned(texts[0]))
        try:
            told = manifests.decode(text)
        except Malformed as fault:  # signed by us, and not understood: a newer form
            raise _Wrong(Problem(MANIFEST, 0, len(text) - 1, "manifest_malformed", f"is not of our form ({fault})")) from None
        if self._recording is not None and told.recording != self._recording:
            raise _Wrong(Problem(MANIFEST, 0, len(text) - 1, "foreign", f"is of another recording, {told.recording}"))
        return told

    def _unsigned(self, text: bytes) -> Problem:
        """Why no signature fits: another key's, or changed."""
        try:
            key = manifests.decode(text).key
        except Malformed:
            key = self._verifier.key_id
        if key != self._verifier.key_id:
            return Problem(
                MANIFEST, 0, len(text) - 1, "another_key", f"was signed by the key {key}, not by {self._verifier.key_id}"
            )
        return Problem(MANIFEST, 0, max(0, len(text) - 1), "manifest_changed", "does not fit its signature")

    def _segments(self, told: Manifest, after: list[int]) -> None:
        head = chain.start_of(segments.CHAIN_OF, told.recording)
        lines: list[tuple[int, Segment | None]] = [(line.number, line) for line in told.segments]
        lines += [(number, None) for number in after]
        for (number, line), looked in zip(lines, self._look_at_all([number for number, _ in lines]), strict=True):
            self.octets += looked.data_octets
            if line is not None:
                _compare(line, looked, told.recording)
            head = self._follow(number, head, looked, told.recording)
            if line is not None and line.chain != head.hex():
                raise _Wrong(_whole(looked, "chain_broken", "does not follow from those before it"))
            self.segments += 1

    def _follow(self, number: int, before: bytes, looked: _Looked, recording: str) -> bytes:
        """The chain's digest after a file that fits there."""
        if looked.missing:
            raise _Wrong(_whole(looked, "missing", "is not there"))
        head = looked.head
        if head is None:
            raise _Wrong(_whole(looked, "segment_malformed", "is not of our form"))
        if head.recording != recording:
            raise _Wrong(_whole(looked, "foreign", f"is of another recording, {head.recording}"))
        if head.number != number or head.before != before.hex():
            raise _Wrong(_whole(looked, "out_of_place", f"is segment {head.number} of its recording, or follows another one"))
        after = chain.extend(before, segments.chained(looked.blocks))
        if not self._verifier.verify(segments.SIGNED_FOR, after, looked.signature):
            end = looked.data_octets
            raise _Wrong(
                Problem(
                    looked.name, max(0, end - SIGNATURE_BYTES), max(0, end - 1), "signature_wrong", "bears no signature of ours"
                )
            )
        return after

    def _look_at_all(self, numbers: list[int]) -> Iterator[_Looked]:
        """In order, some files ahead; never more of them in memory than that."""
        with ThreadPoolExecutor(READERS) as pool:
            left = iter(numbers)
            waiting = [pool.submit(self._look, number) for number in islice(left, AHEAD)]
            try:
                while waiting:
                    looked = waiting.pop(0).result()
                    waiting += [pool.submit(self._look, number) for number in islice(left, 1)]
                    yield looked
            finally:
                for each in waiting:
                    each.cancel()

    def _look(self, number: int) -> _Looked:
        name = segment_name(number)
        try:
            data = self._files.read(name)
        except FileNotFoundError:
            return _Looked(name, 0, (), None, b"", missing=True)
        try:
            head = segments.read_head(data)[0]
        except Malformed:
            head = None
        return _Looked(name, len(data), segments.block_digests(segments.covered(data)), head, data[-SIGNATURE_BYTES:])


def _compare(line: Segment, looked: _Looked, recording: str) -> None:
    """The file against the manifest's line: the first block that differs."""
    if looked.missing:
        raise _Wrong(_whole(looked, "missing", "is not there"))
    head, size = looked.head, looked.data_octets
    if head is not None and head.recording != recording:
        raise _Wrong(_whole(looked, "foreign", f"is of another recording, {head.recording}"))
    if head is not None and head.number != line.number:
        raise _Wrong(_whole(looked, "out_of_place", f"is segment {head.number} of this recording"))
    for index, (told, found) in enumerate(zip(line.blocks, looked.blocks, strict=False)):
        if told != found and not (size != line.octets and index == min(len(line.blocks), len(looked.blocks)) - 1):
            first = index * BLOCK_BYTES
            last = min(first + BLOCK_BYTES, line.octets - SIGNATURE_BYTES) - 1
            raise _Wrong(Problem(looked.name, first, last, "changed", "was changed"))
    if size < line.octets:
        raise _Wrong(Problem(looked.name, size, line.octets - 1, "truncated", f"has {size} octets instead of {line.octets}"))
    if size > line.octets:
        raise _Wrong(Problem(looked.name, line.octets, size - 1, "longer", f"has {size} octets instead of {line.octets}"))
    if head is None or not segments.agrees(head, line):
        raise _Wrong(_whole(looked, "head_differs", "tells of itself what the manifest does not"))


def _whole(looked: _Looked, code: str, sentence: str) -> Problem:
    return Problem(looked.name, 0, max(0, looked.data_octets - 1), code, sentence)


def _numbers(names: set[str]) -> list[int]:
    numbers = [int(name[:-4]) for name in names if name.endswith(".seg") and name[:-4].isdigit()]
    return sorted(number for number in numbers if segment_name(number) in names and number > 0)
