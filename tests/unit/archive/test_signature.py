"""Signatures in the format of OpenSSH, made and checked; the tool itself is the judge where it is there."""

from __future__ import annotations

import base64
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from harness.archive import NAMESPACE, Signers, private_key, read_signers, sign, signer_of
from harness.errors import InputError, RecordingError

CONTENT = b"0123  a file\n"
SSH_KEYGEN = shutil.which("ssh-keygen")
needs_openssh = pytest.mark.skipif(SSH_KEYGEN is None, reason="ssh-keygen is not installed")


def none() -> str:
    raise AssertionError("nobody should be asked for a passphrase")


@pytest.fixture
def key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


def public_line(key: Ed25519PrivateKey, comment: str = "me@example.org") -> str:
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() + f" {comment}"


def stored(key: Ed25519PrivateKey, path: Path, form: PrivateFormat = PrivateFormat.OpenSSH) -> Path:
    path.write_bytes(key.private_bytes(Encoding.PEM, form, NoEncryption()))
    path.chmod(0o600)
    return path


def signers(tmp_path: Path, *lines: str) -> Signers:
    path = tmp_path / "signers"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_signers(path)


def test_the_signer_is_known_by_the_list_of_the_reader(key: Ed25519PrivateKey, tmp_path: Path) -> None:
    signer = signer_of(CONTENT, sign(CONTENT, key))
    known = signers(tmp_path, "# keys", public_line(Ed25519PrivateKey.generate()), public_line(key)).knows(signer)
    assert known is not None
    assert known.name == "me@example.org"
    assert known.fingerprint == signer.fingerprint
    assert signer.fingerprint.startswith("SHA256:")


def test_a_stranger_is_not_known(key: Ed25519PrivateKey, tmp_path: Path) -> None:
    signer = signer_of(CONTENT, sign(CONTENT, key))
    assert signers(tmp_path, public_line(Ed25519PrivateKey.generate())).knows(signer) is None


def test_an_entry_of_allowed_signers_has_its_principal(key: Ed25519PrivateKey, tmp_path: Path) -> None:
    known = signers(tmp_path, f"lab@example.org {public_line(key)}")
    assert [one.name for one in known.entries] == ["lab@example.org"]


def test_options_of_allowed_signers_are_not_passed_over(key: Ed25519PrivateKey, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="options of allowed signers"):
        signers(tmp_path, f'lab@example.org valid-before="20200101" {public_line(key)}')


def test_a_file_without_keys_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no line"):
        signers(tmp_path, "ssh-rsa AAAA me", "ssh-ed25519 not-base64!")


@pytest.mark.parametrize("content", [b"", CONTENT + b" ", CONTENT.upper()])
def test_other_content_has_no_signature(key: Ed25519PrivateKey, content: bytes) -> None:
    with pytest.raises(RecordingError, match="not of this content"):
        signer_of(content, sign(CONTENT, key))


def altered(signature: str, offset: int, value: bytes) -> str:
    lines = signature.splitlines()
    blob = bytearray(base64.b64decode("".join(lines[1:-1])))
    blob[offset : offset + len(value)] = value
    return "\n".join((lines[0], base64.b64encode(bytes(blob)).decode(), lines[-1])) + "\n"


def test_no_byte_of_a_signature_can_be_another(key: Ed25519PrivateKey) -> None:
    signature = sign(CONTENT, key)
    size = len(base64.b64decode("".join(signature.splitlines()[1:-1])))
    for offset in range(size):
        blob = base64.b64decode("".join(signature.splitlines()[1:-1]))
        with pytest.raises(RecordingError):
            signer_of(CONTENT, altered(signature, offset, bytes([blob[offset] ^ 0x41])))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-----BEGIN SSH SIGNATURE-----",
        "-----BEGIN SSH SIGNATURE-----\n====\n-----END SSH SIGNATURE-----\n",
        "\x00" * 99,
    ],
)
def test_what_is_no_signature_is_refused(text: str) -> None:
    with pytest.raises(RecordingError):
        signer_of(CONTENT, text)


@pytest.mark.parametrize("form", [PrivateFormat.OpenSSH, PrivateFormat.PKCS8])
def test_keys_are_read(key: Ed25519PrivateKey, tmp_path: Path, form: PrivateFormat) -> None:
    read = private_key(stored(key, tmp_path / "key", form), none)
    assert read.private_bytes_raw() == key.private_bytes_raw()


def test_another_kind_of_key_is_refused(tmp_path: Path) -> None:
    other = generate_private_key(SECP256R1())
    path = tmp_path / "key"
    path.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(InputError, match="no Ed25519 key"):
        private_key(path, none)


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"])
def test_what_is_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(InputError, match="no key that can be read"):
        private_key(tmp_path / "key", none)
    with pytest.raises(InputError, match="cannot be read"):
        private_key(tmp_path / "gone", none)


@needs_openssh
def test_a_locked_key_is_opened_with_its_passphrase_or_says_what_is_missing(tmp_path: Path) -> None:
    assert SSH_KEYGEN is not None
    subprocess.run(
        [SSH_KEYGEN, "-q", "-t", "ed25519", "-N", "open sesame", "-f", str(tmp_path / "key")], timeout=60, check=True
    )
    if find_spec("bcrypt") is None:
        with pytest.raises(InputError, match="needs the package bcrypt"):
            private_key(tmp_path / "key", lambda: "open sesame")
        return
    assert sign(CONTENT, private_key(tmp_path / "key", lambda: "open sesame"))
    with pytest.raises(InputError, match="not with that passphrase"):
        private_key(tmp_path / "key", lambda: "wrong")


@needs_openssh
def test_openssh_checks_what_is_signed_here(key: Ed25519PrivateKey, tmp_path: Path) -> None:
    (tmp_path / "signers").write_text(f"me@example.org {public_line(key)}\n", encoding="utf-8")
    (tmp_path / "signature").write_text(sign(CONTENT, key), encoding="ascii")
    assert SSH_KEYGEN is not None
    command = [SSH_KEYGEN, "-Y", "verify", "-f", "signers", "-I", "me@example.org", "-n", NAMESPACE, "-s", "signature"]
    for content, code in ((CONTENT, 0), (CONTENT + b"x", 255)):
        ended = subprocess.run(command, input=content, cwd=tmp_path, capture_output=True, timeout=60, check=False)
        assert ended.returncode == code, ended.stderr


@needs_openssh
def test_what_openssh_signs_is_known_here(key: Ed25519PrivateKey, tmp_path: Path) -> None:
    stored(key, tmp_path / "key")
    (tmp_path / "file").write_bytes(CONTENT)
    assert SSH_KEYGEN is not None
    for namespace in (NAMESPACE, "git"):
        subprocess.run(
            [SSH_KEYGEN, "-Y", "sign", "-f", "key", "-n", namespace, "file"],
            cwd=tmp_path,
            capture_output=True,
            timeout=60,
            check=True,
        )
        signature = (tmp_path / "file.sig").read_text(encoding="ascii")
        (tmp_path / "file.sig").unlink()
        if namespace == NAMESPACE:
            found = signer_of(CONTENT, signature)
            assert signers(tmp_path, public_line(key)).knows(found) is not None
        else:
            with pytest.raises(RecordingError, match="is for 'git'"):
                signer_of(CONTENT, signature)
