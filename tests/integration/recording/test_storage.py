"""Sealed files go to a real S3 server, are proven there, and what goes wrong says so and loses nothing."""

import asyncio
from pathlib import Path

import pytest

from common.errors import Unavailable
from recording.records import S3Address
from recording.storage import LocalStorage, RecordingFiles, RemoteStorage, upload
from recording.verify import verify
from tests.object_store import ObjectStore
from tests.recordings import Sealed, Vault, seal_recording


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path)


@pytest.fixture
def sealed(vault: Vault) -> Sealed:
    return seal_recording(vault, 8)


async def test_a_copy_verifies_and_holds_no_key(vault: Vault, sealed: Sealed, object_store: ObjectStore) -> None:
    local, remote = LocalStorage(vault.root), object_store.storage
    octets = await upload(local, remote, sealed.manifest.recording)
    names = {key.rpartition("/")[2] for key in object_store.stored()}
    assert names == local.names(sealed.manifest.recording) - {"key", "lock"}
    verdict = verify(RecordingFiles(remote, sealed.manifest.recording), vault.signer.verifier, sealed.manifest.recording)
    assert verdict.problem is None and verdict.segments == len(sealed.manifest.segments) and octets == verdict.octets


async def test_an_upload_goes_on_where_it_stopped_and_mends_what_came_wrong(
    vault: Vault, sealed: Sealed, object_store: ObjectStore
) -> None:
    local, remote, which = LocalStorage(vault.root), object_store.storage, sealed.manifest.recording
    whole = local.read(which, "000001.seg")
    remote.write(which, "000001.seg", whole[:-1])  # an attempt that was cut, behind a proxy that kept it
    remote.write(which, "000002.seg", local.read(which, "000002.seg"))
    await upload(local, remote, which)
    assert remote.read(which, "000001.seg") == whole
    assert verify(RecordingFiles(remote, which), vault.signer.verifier, which).problem is None


async def test_a_store_that_is_down_or_refuses_is_told_apart(vault: Vault, sealed: Sealed, object_store: ObjectStore) -> None:
    local, which = LocalStorage(vault.root), sealed.manifest.recording
    nowhere = RemoteStorage(S3Address("s3://no-such-bucket/x", object_store.endpoint, access_key="test", secret_key="test"))
    with pytest.raises(Unavailable) as absent:
        await upload(local, nowhere, which)
    assert absent.value.code == "store_absent"
    object_store.stop()
    with pytest.raises(Unavailable) as refused:
        await asyncio.to_thread(object_store.storage.names, which)
    assert refused.value.code == "store_unreachable"
    object_store.start()
    await upload(local, object_store.storage, which)
    assert verify(RecordingFiles(object_store.storage, which), vault.signer.verifier, which).problem is None


def test_nothing_legible_lies_in_the_store_or_on_the_disk(vault: Vault, sealed: Sealed) -> None:
    raw = b"".join(file.read_bytes() for file in sealed.folder.iterdir())
    assert b"OpusHead" not in raw and b"V_VP8" not in raw and b"\x1a\x45\xdf\xa3" not in raw


def test_deleting_all_is_repeatable(vault: Vault, sealed: Sealed, object_store: ObjectStore) -> None:
    which, remote = sealed.manifest.recording, object_store.storage
    remote.write(which, "000001.seg", b"x")
    for _ in range(2):
        remote.delete_all(which)
        remote.delete(which, "000001.seg")
        LocalStorage(vault.root).delete_all(which)
    assert remote.names(which) == set() and LocalStorage(vault.root).names(which) == set()
    assert not [key for key in object_store.stored() if which in key]
