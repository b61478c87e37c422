"""The PKI for tests: what each certificate says, and what becomes of it where it is checked."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store, VerificationError

from harness.errors import InputError
from harness.model.tls import AUTHORITY, OURS, STRANGER, THEIRS, Badness
from harness.pki import Pki

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("pki")
    Pki(made, elliptic=True, days=100, now=NOW).make(["pacs.example", "192.0.2.10"], ["tester.example"])
    return made


def read(folder: Path, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / name).read_bytes())


def hosts(certificate: x509.Certificate) -> list[str]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(name.value) for name in names]


def is_taken(folder: Path, name: str, *, when: datetime = NOW, authority: str = AUTHORITY.certificate) -> bool:
    """Whether a peer that trusts the authority takes a caller's certificate at that time."""
    policy = ExtensionPolicy.webpki_defaults_ca().may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, None)
    builder = PolicyBuilder().store(Store([read(folder, authority)])).time(when)
    builder = builder.extension_policies(ca_policy=policy, ee_policy=ExtensionPolicy.webpki_defaults_ee())
    try:
        builder.build_client_verifier().verify(read(folder, name), [])
    except VerificationError:
        return False
    return True


@pytest.mark.parametrize("names", [OURS, THEIRS], ids=["ours", "theirs"])
def test_both_sides_are_taken(folder: Path, names: object) -> None:
    assert is_taken(folder, names.certificate)  # type: ignore[attr-defined]


@pytest.mark.parametrize("badness", [one for one in Badness if one is not Badness.OTHER_HOST])
def test_what_is_bad_is_refused(folder: Path, badness: Badness) -> None:
    assert not is_taken(folder, badness.names.certificate)


def test_each_is_bad_for_its_own_reason_alone(folder: Path) -> None:
    expired, early, unknown, elsewhere = (one.names.certificate for one in Badness)
    assert is_taken(folder, expired, when=NOW - timedelta(days=45))
    assert read(folder, early).not_valid_before_utc == NOW + timedelta(days=3650)
    assert read(folder, early).issuer == read(folder, AUTHORITY.certificate).subject
    assert is_taken(folder, unknown, authority=STRANGER)
    assert is_taken(folder, elsewhere)
    assert hosts(read(folder, elsewhere)) == ["somewhere-else.example"]


def test_hosts_are_named(folder: Path) -> None:
    assert hosts(read(folder, THEIRS.certificate)) == ["localhost", "127.0.0.1", "pacs.example", "192.0.2.10"]
    assert hosts(read(folder, OURS.certificate)) == ["localhost", "127.0.0.1", "tester.example"]
    assert hosts(read(folder, Badness.EXPIRED.names.certificate)) == ["localhost", "127.0.0.1", "tester.example"]


def test_each_certificate_does_for_either_side_of_a_connection(folder: Path) -> None:
    for names in (OURS, THEIRS, *(one.names for one in Badness)):
        usage = read(folder, names.certificate).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert set(usage) == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}


def test_what_is_good_lasts_as_long_as_wanted(folder: Path) -> None:
    assert read(folder, OURS.certificate).not_valid_after_utc == NOW + timedelta(days=100)


def test_keys_are_their_owners_alone(folder: Path) -> None:
    keys = sorted(folder.rglob("*.key"))
    assert len(keys) == 7
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}


def test_our_files_are_named(tmp_path: Path) -> None:
    files = Pki(tmp_path, elliptic=True).make()
    assert files.certificate == str(tmp_path / "harness.pem")
    assert files.key == str(tmp_path / "harness.key")
    assert files.authorities == str(tmp_path / "ca.pem")
    assert files.pki == str(tmp_path)


def test_keys_are_of_rsa_unless_told_otherwise(tmp_path: Path) -> None:
    Pki(tmp_path).make()
    key = read(tmp_path, OURS.certificate).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.key_size == 2048


def test_nothing_is_overwritten(folder: Path) -> None:
    before = (folder / AUTHORITY.certificate).read_bytes()
    with pytest.raises(InputError, match=r"ca\.pem is there already"):
        Pki(folder, elliptic=True).make()
    assert (folder / AUTHORITY.certificate).read_bytes() == before


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot write"):
        Pki(tmp_path / "file", elliptic=True).make()


def test_a_host_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither a host name"):
        Pki(tmp_path, elliptic=True).make(["Krankenhäuser"])
