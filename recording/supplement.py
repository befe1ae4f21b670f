"""Sealing a consultation's texts and pictures into its recording, reading them again, and checking that they are unchanged.

They are sealed under a key of their own in the recording's key file, filed under the consultation's id: destroying the key file
destroys them too, and taking one person's key out does not. Written once, after the recorder has ended the manifest.
"""

import hashlib
import os
from collections.abc import Callable, Iterable
from dataclasses import replace

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from common.errors import Unavailable
from common.evidence.signing import Signer, Verifier
from recording.core import supplement as form
from recording.core.canonical import Malformed
from recording.core.manifest import Manifest
from recording.core.supplement import (
    MAGIC,
    NONCE_BYTES,
    SUPPLEMENT,
    SUPPLEMENT_SIGNATURE,
    TIMELINE,
    Part,
    Supplement,
    Timeline,
)
from recording.folder import KEY, MANIFEST, Folder
from recording.keys import Master, RecordingKeys
from recording.verify import Files, Problem, Verdict, verify


def seal(
    folder: Folder,
    manifest: Manifest,
    timeline: Timeline,
    pictures: Iterable[tuple[str, bytes]],
    *,
    master: Master,
    signer: Signer,
) -> None:
    """Writes the parts, then the signed list: a crash between leaves a recording that is sealed again from the beginning.

    `pictures` are (name of the part, JPEG). Unavailable: `key_damaged`, `master_key_wrong`, `disk_…`, `recording_busy`.
    """
    folder.open()
    try:
        cipher = _own_cipher(folder, manifest, master)
        parts = [_write(folder, cipher, manifest.recording, TIMELINE, form.encode(timeline))]
        parts += [_write(folder, cipher, manifest.recording, name, content) for name, content in pictures]
        text = form.encode(
            Supplement(
                format="consilium-supplement/1",
                recording=manifest.recording,
                manifest=hashlib.sha256(folder.read(MANIFEST)).hexdigest(),
                sealed_at_ms=manifest.started_at_ms + manifest.duration_ms,
                parts=tuple(parts),
                key=signer.verifier.key_id,
            )
        )
        folder.write(SUPPLEMENT_SIGNATURE, signer.sign(form.SIGNED_FOR, text))
        folder.write(SUPPLEMENT, text)
    finally:
        folder.close()


def _own_cipher(folder: Folder, manifest: Manifest, master: Master) -> AESGCM:
    keys = RecordingKeys.read(folder.read(KEY), manifest.recording, master)
    cipher = keys.person(manifest.consultation)
    if cipher is None:
        keys.add_person(manifest.consultation)
        folder.write(KEY, keys.text)  # before anything is sealed with it
        cipher = keys.person(manifest.consultation)
    assert cipher is not None
    return cipher


def _write(folder: Folder, cipher: AESGCM, recording: str, name: str, content: bytes) -> Part:
    nonce = os.urandom(NONCE_BYTES)
    data = MAGIC + nonce + cipher.encrypt(nonce, content, form.bound(recording, name))
    folder.write(name, data)
    return Part(name, len(data), hashlib.sha256(data).hexdigest())


def unseal(data: bytes, name: str, keys: RecordingKeys, manifest: Manifest) -> bytes:
    """A part's plaintext. Unavailable: `part_damaged`, `person_erased`."""
    cipher = keys.person(manifest.consultation)
    if cipher is None:
        raise Unavailable("person_erased", "the key of the texts and pictures was destroyed")
    at = len(MAGIC) + NONCE_BYTES
    try:
        if data[: len(MAGIC)] != MAGIC:
            raise InvalidTag
        return cipher.decrypt(data[len(MAGIC) : at], data[at:], form.bound(manifest.recording, name))
    except (InvalidTag, ValueError):
        raise Unavailable("part_damaged", "a text or a picture of the recording was changed") from None


def read_timeline(read: Callable[[str], bytes], keys: RecordingKeys, manifest: Manifest) -> Timeline | None:
    """The timeline; none where nothing was sealed into the recording. Unavailable: `part_damaged`, `person_erased`."""
    try:
        sealed = read(TIMELINE)
    except FileNotFoundError:
        return None
    try:
        return form.decode_timeline(unseal(sealed, TIMELINE, keys, manifest))
    except Malformed:
        raise Unavailable("part_damaged", "the timeline of the recording is not of our form") from None


def verify_all(files: Files, verifier: Verifier, recording: str) -> Verdict:
    """The recording, and then what was sealed into it. OSError when it cannot be read."""
    verdict = verify(files, verifier, recording)
    if verdict.problem is not None:
        return verdict
    return replace(verdict, problem=check(files, verifier, files.read(MANIFEST)))


def check(files: Files, verifier: Verifier, manifest: bytes) -> Problem | None:
    """The first thing wrong with what was sealed in, by files and public key alone. None: nothing is wrong, or nothing is there.

    `manifest` is the text of manifest.json, proven before. Without a signed list a part is wrong: somebody took the list away.
    """
    names = files.names()
    parts = {name for name in names if name.endswith(".sealed")}
    if SUPPLEMENT not in names:
        stray = min(parts, default=None)
        return None if stray is None else Problem(stray, 0, 0, "supplement_missing", "is on no signed list")
    text = files.read(SUPPLEMENT)
    signature = files.read(SUPPLEMENT_SIGNATURE) if SUPPLEMENT_SIGNATURE in names else b""
    if not verifier.verify(form.SIGNED_FOR, text, signature):
        return Problem(SUPPLEMENT, 0, max(0, len(text) - 1), "supplement_changed", "does not fit its signature")
    try:
        told = form.decode_supplement(text)
    except Malformed as fault:
        return Problem(SUPPLEMENT, 0, len(text) - 1, "supplement_malformed", f"is not of our form ({fault})")
    if told.manifest != hashlib.sha256(manifest).hexdigest():
        return Problem(SUPPLEMENT, 0, len(text) - 1, "foreign", "belongs to another manifest")
    stray = min(parts - {part.name for part in told.parts}, default=None)
    if stray is not None:
        return Problem(stray, 0, 0, "part_extra", "is not on the signed list")
    return next((problem for part in told.parts if (problem := _check_part(files, names, part)) is not None), None)


def _check_part(files: Files, names: set[str], part: Part) -> Problem | None:
    if part.name not in names:
        return Problem(part.name, 0, 0, "missing", "is not there")
    data = files.read(part.name)
    if len(data) != part.octets:
        return Problem(part.name, min(len(data), part.octets), max(len(data), part.octets) - 1, "truncated", "has another length")
    if hashlib.sha256(data).hexdigest() != part.digest:
        return Problem(part.name, 0, part.octets - 1, "changed", "was changed")
    return None
