"""What our side cannot show or speak, and how a failure is told from a refusal."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from harness.model.deviation import Change
from harness.model.tls import Badness, Taken, TlsFiles, TlsTrouble
from harness.pki import Pki
from harness.transports.tls import BAD_CERTIFICATES, failure, faulty, lacking
from harness.transports.tls.contexts import shaken
from harness.transports.tls.faulty import faulty_caller, faulty_listener
from harness.transports.tls.misusing import taken_as


@pytest.fixture
def files(tmp_path: Path) -> TlsFiles:
    return Pki(tmp_path / "certs", elliptic=True).make()


def test_every_bad_certificate_is_shown_by_some_change() -> None:
    assert set(BAD_CERTIFICATES.values()) == set(Badness)


def test_with_a_pki_nothing_is_lacking(files: TlsFiles) -> None:
    assert {change: lacking(files, change) for change in BAD_CERTIFICATES} == dict.fromkeys(BAD_CERTIFICATES, "")
    assert lacking(files, Change.NO_CERTIFICATE) == ""


def test_without_a_pki_bad_certificates_are_lacking(files: TlsFiles) -> None:
    bare = TlsFiles(certificate=files.certificate, key=files.key, authorities=files.authorities)
    assert "`swf pki`" in lacking(bare, Change.EXPIRED_CERTIFICATE)
    assert lacking(bare, Change.NO_CERTIFICATE) == ""


def test_a_certificate_that_cannot_be_read_is_lacking(files: TlsFiles) -> None:
    (Path(files.pki) / Badness.EXPIRED.names.certificate).write_text("no certificate")
    assert "not in PEM form" in lacking(files, Change.EXPIRED_CERTIFICATE)


def test_an_openssl_that_cannot_speak_an_old_version_is_named(files: TlsFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = ssl.SSLError(1, "no protocols available")
    fault.reason = "NO_PROTOCOLS_AVAILABLE"
    monkeypatch.setattr(faulty, "shaken", lambda caller, listener: fault)
    why = lacking(files, Change.OLD_TLS)
    assert why.startswith(f"{ssl.OPENSSL_VERSION} here cannot speak TLS 1.1 or older")
    assert why.endswith("no protocols available")


def test_an_openssl_that_does_not_know_security_levels_is_named(
    files: TlsFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(context: ssl.SSLContext) -> None:
        raise ssl.SSLError("no cipher can be selected")

    monkeypatch.setattr(faulty, "allow_old", refuse)
    assert "no cipher can be selected" in lacking(files, Change.OLD_TLS)


def test_old_versions_alone_are_spoken_where_they_are_meant(files: TlsFiles) -> None:
    old = (faulty_caller(files, Change.OLD_TLS), faulty_listener(files, Change.OLD_TLS))
    for context in old:
        assert context.maximum_version is ssl.TLSVersion.TLSv1_1
    assert shaken(*old) is None
    assert shaken(old[0], faulty_listener(files, Change.OTHER_HOST)) is not None


@pytest.mark.parametrize(
    ("trouble", "detail", "change", "taken"),
    [
        (TlsTrouble.OURS_REFUSED, "its alert: unknown ca", Change.UNKNOWN_AUTHORITY, Taken.REFUSED),
        (TlsTrouble.CIPHER, "its alert: handshake failure", Change.NO_CERTIFICATE, Taken.REFUSED),
        (TlsTrouble.OTHER, "its alert: internal error", Change.EXPIRED_CERTIFICATE, Taken.REFUSED),
        (TlsTrouble.CLOSED, "", Change.EXPIRED_CERTIFICATE, Taken.REFUSED),
        (TlsTrouble.VERSION, "unsupported protocol", Change.OLD_TLS, Taken.REFUSED),
        (TlsTrouble.VERSION, "unsupported protocol", Change.EXPIRED_CERTIFICATE, Taken.SILENT),
        (TlsTrouble.CIPHER, "no shared cipher", Change.EXPIRED_CERTIFICATE, Taken.SILENT),
        (TlsTrouble.SILENT, "", Change.EXPIRED_CERTIFICATE, Taken.SILENT),
        (TlsTrouble.PLAIN_PEER, "it speaks DICOM in the clear", Change.EXPIRED_CERTIFICATE, Taken.SILENT),
        (TlsTrouble.UNKNOWN_AUTHORITY, "self-signed certificate", Change.EXPIRED_CERTIFICATE, Taken.SILENT),
    ],
)
def test_a_refusal_is_the_peers_word_or_its_end(trouble: TlsTrouble, detail: str, change: Change, taken: Taken) -> None:
    assert taken_as(failure(trouble, calling=True, detail=detail), change) is taken
