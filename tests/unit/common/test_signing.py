"""The installation's key is made once, is its owner's alone, and signs one purpose at a time."""

from pathlib import Path

import pytest

from common.errors import Unavailable
from common.evidence.signing import KEY_FILE, SIGNATURE_BYTES, keep_signer, load_verifier


def test_the_key_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    first, again = keep_signer(tmp_path), keep_signer(tmp_path)
    assert first.verifier.pem() == again.verifier.pem()
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600


def test_the_public_key_alone_verifies(tmp_path: Path) -> None:
    signature = keep_signer(tmp_path).sign("manifest", b"message")
    verifier = load_verifier(tmp_path / f"{KEY_FILE}.pub")
    assert len(signature) == SIGNATURE_BYTES
    assert verifier.verify("manifest", b"message", signature)
    assert not verifier.verify("manifest", b"massage", signature)
    assert not verifier.verify("audit-checkpoint", b"message", signature), "a signature is good for its own purpose alone"
    assert not verifier.verify("manifest", b"message", signature[:-1])


def test_another_installations_key_verifies_nothing_of_ours(tmp_path: Path) -> None:
    ours, theirs = keep_signer(tmp_path / "ours"), keep_signer(tmp_path / "theirs")
    assert ours.verifier.key_id != theirs.verifier.key_id
    assert not theirs.verifier.verify("manifest", b"message", ours.sign("manifest", b"message"))


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_file_that_is_no_key_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / KEY_FILE).write_bytes(content)
    with pytest.raises(Unavailable, match=KEY_FILE):
        keep_signer(tmp_path)
    (tmp_path / "public").write_bytes(content)
    with pytest.raises(ValueError):
        load_verifier(tmp_path / "public")
