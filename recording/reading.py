"""Opening a sealed recording: its proven manifest, its keys, and its files decrypted one at a time, in memory alone.

It decides from where a file is read and what a missing or wrong part means; never who may. Plaintext is never written anywhere.
What is opened is kept for a minute, so that a player's many requests unwrap the keys once; whether the recording still stands
is the caller's to ask before each use.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from common.clock import Clock
from common.errors import Unavailable, UserError
from common.evidence.signing import Verifier
from recording import supplement
from recording.core import manifest as manifests
from recording.core.canonical import Malformed
from recording.core.manifest import Manifest, Segment, segment_name
from recording.core.supplement import Timeline
from recording.folder import KEY, MANIFEST, SIGNATURE
from recording.keys import Master, RecordingKeys
from recording.records import Place, Recording
from recording.sealing import unseal
from recording.storage import LocalStorage, RemoteStorage, Storage, reader

T = TypeVar("T")
KEPT_S = 60.0
MOST_KEPT = 16  # a manifest of an hour has about 2 MB
READ_S = 60.0
"""For one file from the store; a browser has given up by then."""


@dataclass(frozen=True, slots=True, repr=False)
class Opened:
    """A recording that can be read: what it consists of, and the keys. No repr: keys reach no log."""

    manifest: Manifest
    keys: RecordingKeys
    read: Callable[[str], bytes]
    """A sealed file by its name; blocks."""

    def segment(self, number: int) -> Segment:
        """The manifest's line of it. UserError: not_found."""
        if not 1 <= number <= len(self.manifest.segments):
            raise UserError("not_found", "There is no such segment.")
        return self.manifest.segments[number - 1]

    def plaintext(self, number: int) -> bytes:
        """A segment as the browser plays it; blocks. Unavailable: segment_damaged, person_erased, store_…"""
        return unseal(self.read(segment_name(self.segment(number).number)), self.keys)

    def timeline(self) -> Timeline | None:
        """The texts, pictures and events that were sealed in; blocks."""
        return supplement.read_timeline(self.read, self.keys, self.manifest)

    def picture(self, name: str) -> bytes:
        """A picture of the timeline; blocks. FileNotFoundError: there is none of that name."""
        return supplement.unseal(self.read(name), name, self.keys, self.manifest)


class Shelf:
    """Where the recordings are, and the keys to them."""

    def __init__(
        self, local: LocalStorage, remote: RemoteStorage | None, *, master: Master, verifier: Verifier, clock: Clock
    ) -> None:
        self.local = local
        self.remote = remote
        self.master = master
        self.verifier = verifier
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, Opened]] = OrderedDict()

    def storage(self, recording: Recording) -> Storage:
        """Where its sealed files are. Unavailable: store_not_set; UserError: recording_destroyed."""
        if recording.place is Place.GONE or recording.kept.key_destroyed_at is not None:
            raise UserError("recording_destroyed", "The key of this recording was destroyed.")
        if recording.place is not Place.REMOTE:
            return self.local
        if self.remote is None:
            raise Unavailable("store_not_set", "The recording is in a store that this installation no longer names.")
        return self.remote

    async def open(self, recording: Recording) -> Opened:
        """Reads the manifest and unwraps the keys, or finds them opened.

        UserError: recording_destroyed. Unavailable: master_key_wrong, key_damaged, recording_damaged, recording_elsewhere,
        store_….
        """
        storage, now = self.storage(recording), self._clock.now()
        found = self._kept.get(recording.id)
        if found is not None and 0 <= now - found[0] < KEPT_S:
            self._kept.move_to_end(recording.id)
            return found[1]
        opened = await in_thread(lambda: self._open(recording, storage))
        self._kept[recording.id] = (now, opened)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return opened

    def forget(self, which: str) -> None:
        """Its key is about to go."""
        self._kept.pop(which, None)

    def _open(self, recording: Recording, storage: Storage) -> Opened:
        read = reader(storage, recording.id)
        manifest = proven_manifest(read, recording.id, self.verifier)
        key = recording.wrapped_key if recording.wrapped_key is not None else read(KEY)
        return Opened(manifest, RecordingKeys.read(key, recording.id, self.master), read)


def proven_manifest(read: Callable[[str], bytes], recording: str, verifier: Verifier) -> Manifest:
    """The manifest that fits its signature; blocks. Unavailable: recording_damaged."""
    text, signature = read(MANIFEST), read(SIGNATURE)
    if verifier.verify(manifests.SIGNED_FOR, text, signature):
        try:
            found = manifests.decode(text)
        except Malformed:
            found = None
        if found is not None and found.recording == recording:
            return found
    raise Unavailable("recording_damaged", "The manifest does not fit its signature.")


async def in_thread(call: Callable[[], T]) -> T:
    """A blocking read, bounded in time. Unavailable: recording_elsewhere (a file is not here), store_slow."""
    try:
        async with asyncio.timeout(READ_S):
            return await asyncio.to_thread(call)
    except FileNotFoundError as fault:
        raise Unavailable("recording_elsewhere", "A file of the recording is not where it should be.") from fault
    except TimeoutError as fault:
        raise Unavailable("store_slow", "The store does not answer in time.") from fault
