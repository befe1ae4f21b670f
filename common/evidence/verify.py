"""Whether an audit trail is whole: what its chains say, and what the checkpoints say of them. Pure; reads nothing itself.

Of an entry changed, taken out or put elsewhere, the first that does not follow is named. A chain that was rebuilt follows, but
contradicts a checkpoint: then the first bad entry lies after the last checkpoint that agrees.
"""

from collections import defaultdict
from collections.abc import AsyncIterable, Sequence
from dataclasses import dataclass

from common.evidence.chain import extend, start_of
from common.evidence.checkpoint import Checkpoint
from common.evidence.entry import ChainedEntry, content_of


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing that is wrong in a hospital's chain. `first` to `last` are positions: the bad entry is among them."""

    hospital: str
    first: int
    last: int
    what: str

    def __str__(self) -> str:
        entries = f"entry {self.first}" if self.first == self.last else f"entries {self.first} to {self.last}"
        return f"hospital {self.hospital or '(none)'}, {entries}: {self.what}"


@dataclass(frozen=True, slots=True)
class Report:
    """What was looked at, and what was found: none is good. `beyond` entries came after the last checkpoint of their hospital."""

    entries: int
    hospitals: int
    checkpoints: int
    beyond: int
    faults: tuple[Fault, ...]


async def verify(entries: AsyncIterable[ChainedEntry], checkpoints: Sequence[Checkpoint]) -> Report:
    """Check entries that come hospital by hospital, each in the order of its chain. One fault at most for each hospital."""
    said = _said(checkpoints)
    chains: dict[str, _Chain] = {}
    number = 0
    async for entry in entries:
        number += 1
        hospital = entry.entry.hospital
        if hospital not in chains:
            chains[hospital] = _Chain(hospital, said.get(hospital, {}))
        chains[hospital].take(entry)
    for hospital, positions in said.items():
        chains.setdefault(hospital, _Chain(hospital, positions))
    faults = [fault for chain in chains.values() if (fault := chain.end()) is not None]
    beyond = sum(chain.length - chain.agreed for chain in chains.values())
    return Report(number, len(chains), len(checkpoints), beyond, tuple(faults))


def _said(checkpoints: Sequence[Checkpoint]) -> dict[str, dict[int, set[bytes]]]:
    """Hospital → position → the digests that checkpoints give it: two would be a contradiction among themselves."""
    said: dict[str, dict[int, set[bytes]]] = defaultdict(lambda: defaultdict(set))
    for checkpoint in checkpoints:
        for head in checkpoint.heads:
            said[head.hospital][head.position].add(head.digest)
    return said


class _Chain:
    """One hospital's chain while it is read."""

    def __init__(self, hospital: str, said: dict[int, set[bytes]]) -> None:
        self._hospital = hospital
        self._said = said
        self._head = start_of("audit", hospital)
        self._fault: Fault | None = None
        self.length = 0
        self.agreed = 0  # the last position at which a checkpoint agrees

    def take(self, found: ChainedEntry) -> None:
        if self._fault is not None:
            return
        self.length += 1
        if found.position != self.length:
            what = "is missing" if found.position > self.length else "is there twice"
            last = found.position - 1 if found.position > self.length else self.length
            self._fault = Fault(self._hospital, self.length, max(self.length, last), what)
            return
        self._head = extend(self._head, content_of(found.entry, found.position))
        if found.digest != self._head:
            self._fault = Fault(self._hospital, self.length, self.length, "was changed, or is not in its place")
            return
        digests = self._said.get(self.length)
        if digests is None:
            return
        if digests != {self._head}:
            what = "a checkpoint remembers another history: the chain was rebuilt"
            self._fault = Fault(self._hospital, self.agreed + 1, self.length, what)
        else:
            self.agreed = self.length

    def end(self) -> Fault | None:
        """The chain's fault once all of it was read."""
        remembered = max(self._said, default=0)
        if self._fault is None and remembered > self.length:
            return Fault(self._hospital, self.length + 1, remembered, "is missing: a checkpoint remembers it")
        return self._fault
