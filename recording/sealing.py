"""Closed segments become sealed files, one after the other, each bound to the one before; the manifest tells of all of them.

It decides the order in which things reach the disk: a key before what it seals, a segment before the manifest that lists it, so
that a crash at any moment leaves a folder that verifies. It runs in one thread at a time and never sees an open segment.
"""

import os
from dataclasses import dataclass, replace

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from common.errors import Unavailable
from common.evidence import chain
from common.evidence.signing import Signer, Verifier
from recording.core import manifest as manifests
from recording.core import segments
from recording.core.canonical import Malformed
from recording.core.manifest import Codec, Container, Kind, Manifest, Segment, segment_name
from recording.core.segments import SegmentHead
from recording.folder import KEY, MANIFEST, NEW, SIGNATURE, Folder
from recording.keys import Master, RecordingKeys


@dataclass(frozen=True, slots=True, repr=False)
class Closed:
    """A segment that has ended, in memory: `file` is its plaintext. No repr, so that it reaches no log."""

    seat: str
    kind: Kind
    codec: Codec
    container: Container
    start_ms: int
    duration_ms: int
    frames: int
    width: int
    height: int
    file: bytes


class Sealer:
    """Of one recording; made by `begin` or `go_on`, the one writer of its folder until `close`."""

    def __init__(self, folder: Folder, keys: RecordingKeys, signer: Signer, kept: Manifest) -> None:
        self._folder = folder
        self._keys = keys
        self._signer = signer
        self._ciphers = {person.seat: keys.person(person.seat) for person in keys.file.people}
        self._chain = chain.Chain(bytes.fromhex(kept.chain), len(kept.segments))
        self.lines = list(kept.segments)
        """Of every segment sealed, also since the manifest was published."""
        self._texts = [manifests.line(segment) for segment in kept.segments]
        self.kept = kept
        """As last published."""

    @classmethod
    def begin(cls, folder: Folder, first: Manifest, master: Master, signer: Signer) -> "Sealer":
        """A new recording. `first` has neither key nor chain yet."""
        folder.open()
        try:
            keys = RecordingKeys.new(first.recording, master)
            folder.write(KEY, keys.text)
            start = chain.start_of(segments.CHAIN_OF, first.recording).hex()
            sealer = cls(folder, keys, signer, replace(first, key=signer.verifier.key_id, chain=start))
            sealer.publish(sealer.kept)
        except BaseException:
            folder.close()
            raise
        return sealer

    @classmethod
    def go_on(cls, folder: Folder, recording: str, master: Master, signer: Signer) -> "Sealer":
        """One that is there, as far as it is proven; what a crash left behind the manifest is found again.

        Unavailable: `recording_absent`, `recording_damaged`, `recording_sealed`, `key_damaged`, `master_key_wrong`, `disk_…`.
        """
        if not folder.has(KEY):
            raise Unavailable("recording_absent", "there is no such recording here")
        folder.open()
        try:
            keys = RecordingKeys.read(folder.read(KEY), recording, master)
            kept = read_manifest(folder, recording, signer.verifier)
            if kept.state != "open":
                raise Unavailable("recording_sealed", "the recording is over")
            sealer = cls(folder, keys, signer, kept)
            for number in folder.numbers():
                if number > len(kept.segments):
                    sealer._find(number)
        except BaseException:
            folder.close()
            raise
        return sealer

    def close(self) -> None:
        self._folder.close()

    def seal(self, closed: Closed) -> Segment:
        """Seals and stores one; when this returns, no crash can lose it. Raises `Unavailable`; then nothing has changed."""
        if self._chain.length >= manifests.MOST_SEGMENTS:
            raise Unavailable("recording_full", "a recording holds no more segments")
        nonce = os.urandom(segments.NONCE_BYTES)
        head = SegmentHead(
            format="consilium-segment/1",
            recording=self.kept.recording,
            number=self._chain.length + 1,
            seat=closed.seat,
            kind=closed.kind,
            codec=closed.codec,
            container=closed.container,
            start_ms=closed.start_ms,
            duration_ms=closed.duration_ms,
            frames=closed.frames,
            width=closed.width,
            height=closed.height,
            before=self._chain.head.hex(),
            nonce=nonce.hex(),
        )
        bound = segments.bind(head)
        signed = bound + self._cipher(closed.seat, closed.kind).encrypt(nonce, closed.file, bound)
        blocks = segments.block_digests(signed)
        after = chain.extend(self._chain.head, segments.chained(blocks))
        self._folder.write(segment_name(head.number), signed, self._signer.sign(segments.SIGNED_FOR, after))
        return self._keep(head, len(signed) + segments.SIGNATURE_BYTES, blocks)

    def publish(self, told: Manifest) -> None:
        """Stores the manifest; its segments, chain and key are filled in here."""
        self.kept = replace(told, segments=tuple(self.lines), chain=self._chain.head.hex(), key=self._signer.verifier.key_id)
        text = manifests.encode(self.kept, self._texts)
        self._folder.write_manifest(text, self._signer.sign(manifests.SIGNED_FOR, text))

    def _cipher(self, seat: str, kind: Kind) -> AESGCM:
        holder = self._keys.holder(seat, kind)
        cipher = self._ciphers.get(holder)
        if cipher is None:
            self._keys.add_person(holder)
            self._folder.write(KEY, self._keys.text)
            cipher = self._ciphers[holder] = self._keys.person(holder)
        assert cipher is not None
        return cipher

    def _keep(self, head: SegmentHead, octets: int, blocks: tuple[str, ...]) -> Segment:
        line = segments.entry(head, octets, blocks, self._chain.append(segments.chained(blocks)).hex())
        self.lines.append(line)
        self._texts.append(manifests.line(line))
        return line

    def _find(self, number: int) -> None:
        """A segment that the manifest does not list: its own signature proves it."""
        data = self._folder.read(segment_name(number))
        try:
            parts = segments.take_apart(data)
        except Malformed:
            raise Unavailable("recording_damaged", "a segment is not of our form") from None
        blocks = segments.block_digests(segments.covered(data))
        after = chain.extend(self._chain.head, segments.chained(blocks))
        if parts.head.number != self._chain.length + 1 or not self._signer.verifier.verify(
            segments.SIGNED_FOR, after, parts.signature
        ):
            raise Unavailable("recording_damaged", "a segment does not follow from those before it")
        self._keep(parts.head, len(data), blocks)


def read_manifest(folder: Folder, recording: str, verifier: Verifier) -> Manifest:
    """The manifest that fits its signature. Unavailable: `recording_damaged`, `disk_…`."""
    signature = folder.read(SIGNATURE)
    for name in (MANIFEST, MANIFEST + NEW):
        if not folder.has(name):
            continue
        text = folder.read(name)
        if verifier.verify(manifests.SIGNED_FOR, text, signature):
            try:
                found = manifests.decode(text)
            except Malformed:
                break
            if found.recording == recording:
                return found
    raise Unavailable("recording_damaged", "the manifest does not fit its signature")


def unseal(data: bytes, keys: RecordingKeys) -> bytes:
    """The plaintext of a sealed file. Unavailable: `segment_damaged`, `person_erased`."""
    try:
        parts = segments.take_apart(data)
    except Malformed:
        raise Unavailable("segment_damaged", "the segment is not of our form") from None
    cipher = keys.of(parts.head.seat, parts.head.kind)
    if cipher is None:
        raise Unavailable("person_erased", "this person's key was destroyed")
    try:
        return cipher.decrypt(bytes.fromhex(parts.head.nonce), parts.ciphertext, parts.bound)
    except InvalidTag:
        raise Unavailable("segment_damaged", "the segment was changed") from None
