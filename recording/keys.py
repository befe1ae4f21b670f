"""The keys of recordings: a data key for each, wrapped by the master key; in it keys for each person's sound and picture.

It decides what wraps what, and so what destroying a wrapped key destroys: the recording, or what one person said or showed. The
master key comes from `Master`, by default a file; a KMS is another `Master`. The form on disk is in docs/ARCHIVE.md.
"""

import hashlib
import os
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from common.errors import Unavailable
from common.kept import keep
from recording.core import canonical
from recording.core.canonical import Malformed
from recording.core.manifest import Kind, require_hex, require_id

KEY_BYTES = 32
MASTER_FILE = "recording-key"
"""In the data folder; former ones that still wrap something are beside it, as `recording-key.<id>`."""
MAX_KEY_FILE_BYTES = 64 << 10
_NONCE_BYTES, _TAG_BYTES = 12, 16


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A key (32 octets) sealed by another one."""

    nonce: str
    sealed: str

    def __post_init__(self) -> None:
        require_hex(self.nonce, _NONCE_BYTES, "nonce")
        require_hex(self.sealed, KEY_BYTES + _TAG_BYTES, "sealed")


@dataclass(frozen=True, slots=True)
class PersonKey:
    """`seat` is the holder: a person's sound or picture (`holder`), or in recordings begun by earlier versions the person."""

    seat: str
    wrapped: Wrapped

    def __post_init__(self) -> None:
        require_id(self.seat, "seat")


@dataclass(frozen=True, slots=True)
class KeyFile:
    """What the file `key` holds. `master` is the id of the master key that wraps `data`."""

    format: Literal["consilium-key/1"]
    recording: str
    master: str
    data: Wrapped
    people: tuple[PersonKey, ...]

    def __post_init__(self) -> None:
        require_id(self.recording, "recording")
        require_hex(self.master, 8, "master")


class Master(Protocol):
    """Wraps data keys. `key_id` (8 octets in hexadecimal) tells which key does. A KMS's client is another one of these."""

    @property
    def key_id(self) -> str: ...

    def wrap(self, key: bytes, bound: bytes) -> Wrapped:
        """Raises `Unavailable` when the key cannot be reached."""

    def unwrap(self, wrapped: Wrapped, bound: bytes, key_id: str) -> bytes:
        """Raises `Unavailable`: `master_key_wrong` when no key here wrapped that."""


class FileMaster:
    """The master key in a file of the data folder (mode 0600), made at the first start; and former ones, for unwrapping."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._keys: dict[str, bytes] = {}
        self.key_id = self._load(data / MASTER_FILE, keep(data / MASTER_FILE, lambda: os.urandom(KEY_BYTES)))
        for former in sorted(data.glob(f"{MASTER_FILE}.*")):
            if len(former.suffix) == 17:
                self._load(former, former.read_bytes())

    def _load(self, file: Path, key: bytes) -> str:
        if len(key) != KEY_BYTES:
            raise Unavailable("master_key_wrong", f"{file} is no key: it has not {KEY_BYTES} octets")
        key_id = hashlib.sha256(key).hexdigest()[:16]
        self._keys[key_id] = key
        return key_id

    def wrap(self, key: bytes, bound: bytes) -> Wrapped:
        return seal_key(self._keys[self.key_id], key, bound)

    def unwrap(self, wrapped: Wrapped, bound: bytes, key_id: str) -> bytes:
        if key_id not in self._keys:
            raise Unavailable("master_key_wrong", "the recording was sealed under another master key than the one here")
        return open_key(self._keys[key_id], wrapped, bound)

    def renew(self) -> "FileMaster":
        """A new master key; the former one stays until nothing needs it (`forget_former`)."""
        current = self._data / MASTER_FILE
        former = self._data / f"{MASTER_FILE}.{self.key_id}"
        if not former.is_file():
            os.link(current, former)
        current.unlink()
        return FileMaster(self._data)

    def forget_former(self) -> None:
        """After every recording was wrapped anew."""
        for key_id in self._keys.keys() - {self.key_id}:
            (self._data / f"{MASTER_FILE}.{key_id}").unlink(missing_ok=True)
            del self._keys[key_id]


def seal_key(by: bytes, key: bytes, bound: bytes) -> Wrapped:
    """Wraps a key by another one (AES-256-GCM)."""
    nonce = os.urandom(_NONCE_BYTES)
    return Wrapped(nonce.hex(), AESGCM(by).encrypt(nonce, key, bound).hex())


def open_key(by: bytes, wrapped: Wrapped, bound: bytes) -> bytes:
    """The key. Unavailable: `key_damaged`."""
    try:
        return AESGCM(by).decrypt(bytes.fromhex(wrapped.nonce), bytes.fromhex(wrapped.sealed), bound)
    except InvalidTag:
        raise Unavailable("key_damaged", "a wrapped key of the recording was changed") from None


class RecordingKeys:
    """The opened keys of one recording; `file` is what must be on disk before anything is sealed with them."""

    def __init__(self, file: KeyFile, data: bytes) -> None:
        self.file = file
        self._data = data

    @classmethod
    def new(cls, recording: str, master: Master) -> "RecordingKeys":
        data = os.urandom(KEY_BYTES)
        wrapped = master.wrap(data, _bound(recording))
        return cls(KeyFile("consilium-key/1", recording, master.key_id, wrapped, ()), data)

    @classmethod
    def read(cls, text: bytes, recording: str, master: Master) -> "RecordingKeys":
        """From the file's content. Unavailable: `key_damaged`, `master_key_wrong`."""
        file = read_key_file(text, recording)
        return cls(file, master.unwrap(file.data, _bound(recording), file.master))

    @property
    def text(self) -> bytes:
        return canonical.encode(self.file)

    def of(self, seat: str, kind: Kind) -> AESGCM | None:
        """The cipher of a person's segments of a kind; none when there is no such key (any more)."""
        return self.person(self.holder(seat, kind))

    def holder(self, seat: str, kind: Kind) -> str:
        """Under which name the key of a person's sound or picture is filed here."""
        return seat if _shared(self.file, seat) else holder(seat, kind)

    def person(self, seat: str) -> AESGCM | None:
        """The cipher of this holder; none when there is no such key (any more)."""
        found = next((each for each in self.file.people if each.seat == seat), None)
        return None if found is None else AESGCM(open_key(self._data, found.wrapped, _bound(self.file.recording, seat)))

    def add_person(self, seat: str) -> None:
        """A key for a holder that has none."""
        wrapped = seal_key(self._data, os.urandom(KEY_BYTES), _bound(self.file.recording, seat))
        self.file = replace(self.file, people=(*self.file.people, PersonKey(seat, wrapped)))


def read_key_file(text: bytes, recording: str) -> KeyFile:
    """What the file says, unopened. Unavailable: `key_damaged`."""
    try:
        file = canonical.decode(KeyFile, text, most_bytes=MAX_KEY_FILE_BYTES)
    except Malformed:
        raise Unavailable("key_damaged", "the recording's key file is not of our form") from None
    if file.recording != recording:
        raise Unavailable("key_damaged", "the key file is another recording's")
    return file


def rewrapped(text: bytes, recording: str, master: Master) -> bytes:
    """The same keys under the present master key; no segment changes. Unavailable as `RecordingKeys.read`."""
    file = read_key_file(text, recording)
    if file.master == master.key_id:
        return text
    data = master.unwrap(file.data, _bound(recording), file.master)
    return canonical.encode(replace(file, master=master.key_id, data=master.wrap(data, _bound(recording))))


def holder(seat: str, kind: Kind) -> str:
    """The id that a person's sound (a_…) or picture (v_…) has as a holder of a key."""
    return f"{kind[0]}_{seat.partition('_')[2]}"


def without_person(text: bytes, recording: str, seat: str, kinds: Collection[Kind] = ("audio", "video")) -> bytes:
    """The file without a person's keys of these kinds: what they said, or showed, is gone with them.

    Unavailable: `one_key`, where sound and picture are under the same and only one of them is to go.
    """
    file = read_key_file(text, recording)
    if len(set(kinds)) == 1 and _shared(file, seat):
        raise Unavailable("one_key", "this person's sound and picture are under one key")
    gone = {seat, *(holder(seat, kind) for kind in kinds)}
    return canonical.encode(replace(file, people=tuple(each for each in file.people if each.seat not in gone)))


def _shared(file: KeyFile, seat: str) -> bool:
    """Whether this person's sound and picture are under one key, as they were in recordings begun by earlier versions."""
    return any(each.seat == seat for each in file.people)


def _bound(recording: str, seat: str = "") -> bytes:
    return b"consilium-key/1\x00" + recording.encode() + b"\x00" + seat.encode()
