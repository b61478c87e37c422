"""A PKI for tests: an authority, certificates for both sides, and the ones that nobody should take.

Owns what the certificates say, and how the files are written. Worth nothing to anybody but a test: the keys lie beside
the certificates, without a password.
"""

from __future__ import annotations

import atexit
import ipaddress
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import MappingProxyType

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from harness.errors import InputError
from harness.model.tls import AUTHORITY, OURS, STRANGER, THEIRS, Badness, CertificateNames, TlsFiles

LOCAL_HOSTS = ("localhost", "127.0.0.1")
OTHER_HOSTS = ("somewhere-else.example",)
"""What the certificate names that fits no host."""

_RSA_BITS = 2048
_BEGINNING = timedelta(days=90)
"""How long ago everything begins that is valid, so that clocks may differ."""
_DECADE = timedelta(days=3650)

_Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, kw_only=True)
class Period:
    """From when until when a certificate is valid."""

    begins: datetime
    ends: datetime


@dataclass(frozen=True)
class _Issuer:
    certificate: x509.Certificate
    key: _Key


class Pki:
    """Makes the files of a PKI in a folder.

    `days`: how long what is good is valid from now. `elliptic`: keys of an elliptic curve, which are made at once;
    those of RSA are what the cipher suites of DICOM's profiles want (PS3.15 B.10).
    """

    def __init__(self, folder: Path, *, days: int = 365, elliptic: bool = False, now: datetime | None = None) -> None:
        self._folder = folder
        self._elliptic = elliptic
        self._now = now or datetime.now(UTC)
        self._good = Period(begins=self._now - _BEGINNING, ends=self._now + timedelta(days=days))

    def make(self, product_hosts: Sequence[str] = (), our_hosts: Sequence[str] = ()) -> TlsFiles:
        """Write every file, and return ours; InputError when the folder holds a PKI already, or cannot be written."""
        authority = self._authority("Test authority (swf pki)")
        stranger = self._authority("Unknown authority (swf pki)")
        self._write(AUTHORITY.certificate, _pem(authority.certificate))
        self._write(AUTHORITY.key, _pem_of_key(authority.key), private=True)
        self._write(STRANGER, _pem(stranger.certificate))
        self._issue(authority, OURS, "swf harness", (*LOCAL_HOSTS, *our_hosts), self._good)
        self._issue(authority, THEIRS, "product under test", (*LOCAL_HOSTS, *product_hosts), self._good)
        for badness in Badness:
            hosts = OTHER_HOSTS if badness is Badness.OTHER_HOST else (*LOCAL_HOSTS, *our_hosts)
            issuer = stranger if badness is Badness.UNKNOWN_AUTHORITY else authority
            period = self._periods.get(badness, self._good)
            self._issue(issuer, badness.names, f"swf harness, {badness.value}", hosts, period)
        return files_of(self._folder)

    @property
    def _periods(self) -> Mapping[Badness, Period]:
        day = timedelta(days=1)
        return MappingProxyType(
            {
                Badness.EXPIRED: Period(begins=self._now - 60 * day, ends=self._now - 30 * day),
                Badness.NOT_YET_VALID: Period(begins=self._now + _DECADE, ends=self._now + 2 * _DECADE),
            }
        )

    def _authority(self, name: str) -> _Issuer:
        key = self._key()
        certificate = (
            self._builder(_name(name), _name(name), key, self._good)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(authority=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        return _Issuer(certificate, key)

    def _issue(self, issuer: _Issuer, names: CertificateNames, name: str, hosts: Sequence[str], period: Period) -> None:
        key = self._key()
        both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        alternatives = [_alternative(host) for host in dict.fromkeys(hosts)]
        certificate = (
            self._builder(_name(name), issuer.certificate.subject, key, period)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(both), critical=False)
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
            .sign(issuer.key, hashes.SHA256())
        )
        self._write(names.certificate, _pem(certificate))
        self._write(names.key, _pem_of_key(key), private=True)

    def _builder(self, subject: x509.Name, issuer: x509.Name, key: _Key, period: Period) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(period.begins)
            .not_valid_after(period.ends)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )

    def _key(self) -> _Key:
        if self._elliptic:
            return ec.generate_private_key(ec.SECP256R1())
        return rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)

    def _write(self, name: str, content: bytes, *, private: bool = False) -> None:
        """Write a new file; a key is readable by its owner alone."""
        path = self._folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o644)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
        except OSError as error:
            if path.exists():
                raise InputError(f"{path} is there already; a PKI is made in a folder of its own") from None
            raise InputError(f"cannot write {path}: {error.strerror}") from None


@cache
def pki_of_process() -> TlsFiles:
    """A PKI in a temporary folder, which goes when this process ends."""
    folder = tempfile.mkdtemp(prefix="swf-pki-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Pki(Path(folder), elliptic=True).make()


def files_of(folder: Path) -> TlsFiles:
    """Our files in the folder of a PKI."""
    return TlsFiles(
        certificate=str(folder / OURS.certificate),
        key=str(folder / OURS.key),
        authorities=str(folder / AUTHORITY.certificate),
        pki=str(folder),
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_encipherment=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return x509.DNSName(host)
    except (ValueError, UnicodeError):
        raise InputError(f"`{host}` is neither a host name in ASCII nor an IP address") from None


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _pem_of_key(key: _Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
