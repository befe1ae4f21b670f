"""Where sealed recordings lie: a folder of this machine, or any store that speaks S3 (obstore).

It decides how a file gets there for certain (written, read back, compared by its hash) and what a store's failure means; never
what is in a file. Everything that passes here is sealed already: whoever runs the store can read nothing of it.
"""

import asyncio
import hashlib
import shutil
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

import obstore
from obstore import exceptions
from obstore.store import S3Store

from common.errors import Unavailable
from recording.folder import KEY, LOCK, NEW, disk
from recording.records import S3Address
from recording.verify import FolderFiles

T = TypeVar("T")
ATTEMPT_S = 60.0
"""For one file of some megabytes over a slow line; one that hangs longer is an attempt that failed."""
CONNECT_S = 5.0
AT_ONCE = 4
"""Files on their way together: more only split the same line."""


class Storage(Protocol):
    """A place of sealed files. Paths are `<recording>/<file>`. Everything may raise `Unavailable`; a missing file is
    FileNotFoundError. The calls that block are for threads of their own."""

    def names(self, recording: str) -> set[str]: ...

    def read(self, recording: str, name: str) -> bytes: ...

    def delete(self, recording: str, name: str) -> None:
        """Also where it is not there."""


class LocalStorage:
    """The folder that the recorder writes in."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def recordings(self) -> list[str]:
        """The folders that are there, by id."""
        with disk():
            return sorted(each.name for each in self.root.iterdir() if each.is_dir()) if self.root.is_dir() else []

    def names(self, recording: str) -> set[str]:
        with disk():
            folder = self.root / recording
            return {each.name for each in folder.iterdir()} if folder.is_dir() else set()

    def read(self, recording: str, name: str) -> bytes:
        return FolderFiles(self.root / recording).read(name)

    def delete(self, recording: str, name: str) -> None:
        with disk():
            (self.root / recording / name).unlink(missing_ok=True)

    def delete_all(self, recording: str) -> None:
        """The folder and all in it, the key first."""
        self.delete(recording, KEY)
        with disk():
            if (self.root / recording).is_dir():
                shutil.rmtree(self.root / recording)


class RemoteStorage:
    """A bucket, or a part of one. It never holds a key: those stay in the database (docs/adr/0035)."""

    def __init__(self, address: S3Address) -> None:
        keys = {"access_key_id": address.access_key, "secret_access_key": address.secret_key, "endpoint": address.endpoint}
        self._store = S3Store.from_url(
            address.url,
            region=address.region,
            virtual_hosted_style_request=address.endpoint is None,  # other makers' servers have no name for each bucket
            client_options={
                "timeout": timedelta(seconds=ATTEMPT_S),
                "connect_timeout": timedelta(seconds=CONNECT_S),
                "allow_http": bool(address.endpoint and address.endpoint.startswith("http://")),
            },
            retry_config={"max_retries": 1, "retry_timeout": timedelta(seconds=ATTEMPT_S)},  # our own job tries again, and tells
            **{name: value for name, value in keys.items() if value is not None},  # type: ignore[arg-type]
        )

    def names(self, recording: str) -> set[str]:
        def listed() -> set[str]:
            batches = obstore.list(self._store, prefix=f"{recording}/")
            return {each["path"].rpartition("/")[2] for batch in batches for each in batch}

        return _in_bucket(listed)

    def read(self, recording: str, name: str) -> bytes:
        return _spoken(lambda: obstore.get(self._store, f"{recording}/{name}").bytes().to_bytes())

    def write(self, recording: str, name: str, data: bytes) -> None:
        """Puts a file there. It is there for certain only when it was read back."""
        _in_bucket(lambda: obstore.put(self._store, f"{recording}/{name}", data))

    def delete(self, recording: str, name: str) -> None:
        def gone() -> None:
            try:
                obstore.delete(self._store, f"{recording}/{name}")
            except (FileNotFoundError, exceptions.NotFoundError):
                return

        _spoken(gone)

    def delete_all(self, recording: str) -> None:
        """Every file of a recording."""
        for name in sorted(self.names(recording)):
            self.delete(recording, name)


class RecordingFiles:
    """One recording in a storage, as verification reads it."""

    def __init__(self, storage: Storage, recording: str) -> None:
        self._storage = storage
        self._recording = recording

    def names(self) -> set[str]:
        return self._storage.names(self._recording)

    def read(self, name: str) -> bytes:
        return self._storage.read(self._recording, name)


async def upload(local: LocalStorage, remote: RemoteStorage, recording: str) -> int:
    """Copies a recording and proves the copy: every file is read back and compared by SHA-256. Returns the octets.

    It goes on where an earlier attempt stopped: what is there already is only proven. Unavailable: `store_unreachable`,
    `store_refused`, `store_absent`, `copy_differs`, `disk_…`; then nothing here was touched.
    """
    names = sorted(name for name in await asyncio.to_thread(local.names, recording) if name not in (KEY, LOCK))
    names = [name for name in names if not name.endswith(NEW)]
    there = await asyncio.to_thread(remote.names, recording)
    line = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> int:
        async with line:
            return await asyncio.to_thread(_prove, local, remote, recording, name, name in there)

    done = await asyncio.gather(*(one(name) for name in names), return_exceptions=True)
    failed = next((each for each in done if isinstance(each, BaseException)), None)
    if failed is not None:  # after all of them ended: no thread still writes when the caller is told
        raise failed
    return sum(each for each in done if isinstance(each, int))


def _prove(local: LocalStorage, remote: RemoteStorage, recording: str, name: str, there: bool) -> int:
    data = local.read(recording, name)
    wanted = hashlib.sha256(data).digest()
    if there and _reads_back(remote, recording, name, wanted):
        return len(data)
    remote.write(recording, name, data)
    if not _reads_back(remote, recording, name, wanted):
        raise Unavailable("copy_differs", "The store gave back something else than it was given.")
    return len(data)


def _reads_back(remote: RemoteStorage, recording: str, name: str, wanted: bytes) -> bool:
    try:
        return hashlib.sha256(remote.read(recording, name)).digest() == wanted
    except FileNotFoundError:
        return False


def _in_bucket(call: Callable[[], T]) -> T:
    """A call that only a missing bucket can make fail to find something."""
    try:
        return _spoken(call)
    except FileNotFoundError as fault:
        raise Unavailable("store_absent", "There is no such bucket.") from fault


def _spoken(call: Callable[[], T]) -> T:
    """A call to the store, with its failures as ours."""
    try:
        return call()
    except (FileNotFoundError, exceptions.NotFoundError) as fault:
        raise FileNotFoundError("the store has no such file") from fault
    except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError) as fault:
        raise Unavailable("store_refused", "The store refuses the keys that are set.") from fault
    except (exceptions.BaseError, OSError) as fault:
        if "NoSuchBucket" in str(fault):  # a list's 404 comes without a type of its own
            raise Unavailable("store_absent", "There is no such bucket.") from fault
        raise Unavailable("store_unreachable", "The store does not answer.") from fault


def reader(storage: Storage, recording: str) -> Callable[[str], bytes]:
    """Reads one recording's files by name."""
    return partial(storage.read, recording)
