"""The installation's signature: one Ed25519 key pair (RFC 8032), made at the first start and kept in the data folder.

Decides the form of keys on disk and what a signature covers: a purpose beside the message, so that a signature given for one
thing is never good for another. Never decides what is signed.
"""

import hashlib
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from common.errors import Unavailable
from common.kept import keep

KEY_FILE = "evidence-key"
"""In the data folder, mode 0600, PKCS #8 in PEM; beside it the public key, `evidence-key.pub`."""
SIGNATURE_BYTES = 64


class Verifier:
    """A public key. `key_id` (16 hex digits of its SHA-256) tells which key signed; it is no secret and no proof."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key
        raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.key_id = hashlib.sha256(raw).hexdigest()[:16]

    def verify(self, purpose: str, message: bytes, signature: bytes) -> bool:
        """Whether this key signed exactly this message for this purpose."""
        try:
            self._key.verify(signature, _covered(purpose, message))
        except InvalidSignature:
            return False
        return True

    def pem(self) -> bytes:
        """The public key as SubjectPublicKeyInfo in PEM (RFC 8410): what auditors are given."""
        return self._key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


class Signer:
    """A private key and its public half."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.verifier = Verifier(key.public_key())

    def sign(self, purpose: str, message: bytes) -> bytes:
        """A signature (64 octets) of this message, good for this purpose alone."""
        return self._key.sign(_covered(purpose, message))


def keep_signer(folder: Path) -> Signer:
    """The key pair of this data folder, made when there is none; the public key is written beside it.

    Raises Unavailable when the file there is no such key.
    """
    file = folder / KEY_FILE
    content = keep(file, _new_key)
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise Unavailable("evidence_key_wrong", f"{file} is no Ed25519 key in PEM")
    signer = Signer(key)
    public = file.with_name(f"{KEY_FILE}.pub")
    if not public.is_file() or public.read_bytes() != signer.verifier.pem():
        public.write_bytes(signer.verifier.pem())
    return signer


def load_verifier(file: Path) -> Verifier:
    """The public key in this file. Raises OSError, and ValueError when it holds none."""
    try:
        key = serialization.load_pem_public_key(file.read_bytes())
    except UnsupportedAlgorithm as reason:
        raise ValueError(f"{file} holds no Ed25519 public key") from reason
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError(f"{file} holds no Ed25519 public key")
    return Verifier(key)


def _covered(purpose: str, message: bytes) -> bytes:
    return b"consilium-signature-1\x00" + purpose.encode() + b"\x00" + message


def _new_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
