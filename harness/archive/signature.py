"""Signatures with an Ed25519 key, in the format of OpenSSH: `ssh-keygen -Y verify` checks what is made here, and the
other way round (OpenSSH PROTOCOL.sshsig; RFC 8709 for the key and the signature).

A signature says who made the bytes; whether that person is to be believed is in the list of signers that a reader has.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_ssh_private_key,
)

from harness.errors import InputError, RecordingError

NAMESPACE: Final = "swf-bundle"
"""What the signatures are for: one made for mail or for a commit is none of a bundle (`ssh-keygen -Y sign -n`)."""

_MAGIC = b"SSHSIG"
_KIND = b"ssh-ed25519"
_HASHES = {b"sha256": hashlib.sha256, b"sha512": hashlib.sha512}
_ARMOUR = re.compile(r"\s*-----BEGIN SSH SIGNATURE-----\s(?P<body>[A-Za-z0-9+/=\s]+)-----END SSH SIGNATURE-----\s*")
_LONGEST = 1 << 20
_KEY = re.compile(r"(?:^|\s)ssh-ed25519\s+(?P<key>[A-Za-z0-9+/=]+)(?:\s+(?P<comment>.*))?$")


@dataclass(frozen=True)
class Signer:
    """A public key as it stands in a signature, and whom the reader's list knows it by; nobody: empty."""

    key: bytes
    name: str = ""

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -l` prints it."""
        return fingerprint(self.key)


@dataclass(frozen=True)
class Signers:
    """The keys that a reader trusts, in the order of the file."""

    entries: tuple[Signer, ...]

    def knows(self, signer: Signer) -> Signer | None:
        """The entry of that key; None when there is none."""
        return next((entry for entry in self.entries if entry.key == signer.key), None)


def fingerprint(key: bytes) -> str:
    """The SHA-256 of a public key, as `ssh-keygen -l` prints it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode("ascii").rstrip("=")


def private_key(path: Path, passphrase: Callable[[], str]) -> Ed25519PrivateKey:
    """An Ed25519 key in the format of OpenSSH or in PEM; InputError when the file holds none.

    `passphrase` is asked when the key is locked.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    load = load_ssh_private_key if b"OPENSSH PRIVATE KEY" in content else load_pem_private_key
    try:
        try:
            key = load(content, None)
        except TypeError:  # locked, and no password given
            key = load(content, passphrase().encode())
    except UnsupportedAlgorithm as error:
        raise InputError(
            f"{path} cannot be read here ({error}); an OpenSSH key with a passphrase needs the package bcrypt, and "
            "`ssh-keygen -p` takes the passphrase off"
        ) from None
    except (ValueError, TypeError) as error:
        raise InputError(f"{path} is no key that can be read, or not with that passphrase: {error}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError(f"{path} is no Ed25519 key; `ssh-keygen -t ed25519 -f bundle-key` makes one")
    return key


def sign(content: bytes, key: Ed25519PrivateKey) -> str:
    """The signature of the content, as `ssh-keygen -Y sign -n swf-bundle` writes it."""
    public = _string(_KIND) + _string(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
    head = _string(NAMESPACE.encode()) + _string(b"") + _string(b"sha512")
    raw = key.sign(_MAGIC + head + _string(hashlib.sha512(content).digest()))
    blob = _MAGIC + struct.pack(">I", 1) + _string(public) + head + _string(_string(_KIND) + _string(raw))
    body = "\n".join(wrap(base64.b64encode(blob).decode("ascii"), 70))
    return f"-----BEGIN SSH SIGNATURE-----\n{body}\n-----END SSH SIGNATURE-----\n"


def signer_of(content: bytes, signature: str) -> Signer:
    """Whose key signed the content; RecordingError when the signature is none, or not of this content."""
    found = _ARMOUR.fullmatch(signature[:_LONGEST])
    if found is None:
        raise RecordingError("the signature is not in the format of OpenSSH")
    try:
        blob = base64.b64decode("".join(found["body"].split()), validate=True)
        public, namespace, hashed, raw = _parts(blob)
        kind, point = _strings(public, 2)
        with_kind, value = _strings(raw, 2)
    except (binascii.Error, struct.error, ValueError):
        raise RecordingError("the signature cannot be read") from None
    if (kind, with_kind) != (_KIND, _KIND):
        raise RecordingError("the signature is not of an Ed25519 key")
    if namespace != NAMESPACE.encode():
        raise RecordingError(f"the signature is for {namespace[:40].decode('ascii', 'backslashreplace')!r}")
    if hashed not in _HASHES:
        raise RecordingError("the signature is over a hash that is not known")
    head = _string(namespace) + _string(b"") + _string(hashed)
    try:
        Ed25519PublicKey.from_public_bytes(point).verify(
            value, _MAGIC + head + _string(_HASHES[hashed](content).digest())
        )
    except (InvalidSignature, ValueError):
        raise RecordingError("the signature is not of this content") from None
    return Signer(public)


def _parts(blob: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """Public key, namespace, hash and signature of a blob."""
    if blob[:10] != _MAGIC + struct.pack(">I", 1):
        raise ValueError("not version 1 of a signature")
    public, namespace, reserved, hashed, raw = _strings(blob[10:], 5)
    if reserved:
        raise ValueError("the reserved part is not empty")
    return public, namespace, hashed, raw


def _string(content: bytes) -> bytes:
    """A string with its length before it (RFC 4251 5)."""
    return struct.pack(">I", len(content)) + content


def _strings(content: bytes, count: int) -> list[bytes]:
    """Exactly so many strings; ValueError or struct.error otherwise."""
    found = list(_all_strings(content))
    if len(found) != count:
        raise ValueError("not as many strings as there should be")
    return found


def _all_strings(content: bytes) -> Iterator[bytes]:
    while content:
        (length,) = struct.unpack_from(">I", content)
        if length > len(content) - 4:
            raise ValueError("a string ends too early")
        yield content[4 : 4 + length]
        content = content[4 + length :]


def read_signers(path: Path) -> Signers:
    """The keys of a file of public keys, or of allowed signers as `ssh-keygen -Y verify -f` takes it.

    InputError when it holds no Ed25519 key.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{path} cannot be read") from None
    entries = [entry for line in lines if (entry := _signer(line.strip())) is not None]
    if not entries:
        raise InputError(
            f"{path} holds no line `ssh-ed25519 KEY`; give a file as `ssh-keygen` writes it, such as KEY.pub"
        )
    return Signers(tuple(entries))


def _signer(line: str) -> Signer | None:
    found = _KEY.search(line)
    if found is None or line.startswith("#"):
        return None
    try:
        key = base64.b64decode(found["key"], validate=True)
    except binascii.Error:
        return None
    principal = line[: found.start()].split()
    if len(principal) > 1:
        raise InputError(
            f"{principal[0]}: options of allowed signers are not known here: {' '.join(principal[1:])[:80]!r}"
        )
    return Signer(key, principal[0] if principal else found["comment"] or "")
