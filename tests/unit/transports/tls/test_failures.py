"""What an error of TLS is called, and what is said of it."""

from __future__ import annotations

import ssl

import pytest

from harness.model.tls import TlsTrouble
from harness.transports.tls import explain, failure, heard_tls


def _verification(code: int, message: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, message
    return error


def _alert(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, reason)
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("code", "trouble"),
    [
        (9, TlsTrouble.NOT_YET_VALID),
        (10, TlsTrouble.EXPIRED),
        (18, TlsTrouble.UNKNOWN_AUTHORITY),
        (19, TlsTrouble.UNKNOWN_AUTHORITY),
        (20, TlsTrouble.UNKNOWN_AUTHORITY),
        (26, TlsTrouble.UNSUITABLE),
    ],
)
def test_what_a_certificate_lacks(code: int, trouble: TlsTrouble) -> None:
    told = explain(_verification(code, "as OpenSSL says it"), calling=True)
    assert told.trouble is trouble
    assert told.text.endswith("(as OpenSSL says it)")
    assert told.facts == {"tls_failure": trouble.value, "tls_detail": "as OpenSSL says it"}


@pytest.mark.parametrize(
    ("error", "trouble", "detail"),
    [
        (_alert("TLSV1_ALERT_UNKNOWN_CA"), TlsTrouble.OURS_REFUSED, "its alert: unknown ca"),
        (_alert("TLSV13_ALERT_CERTIFICATE_REQUIRED"), TlsTrouble.OURS_WANTED, "its alert: certificate required"),
        (_alert("WRONG_VERSION_NUMBER"), TlsTrouble.PLAIN_PEER, "wrong version number"),
        (_alert("NO_SHARED_CIPHER"), TlsTrouble.CIPHER, "no shared cipher"),
        (_alert("SOMETHING_NEW"), TlsTrouble.OTHER, "something new"),
        (TimeoutError(), TlsTrouble.SILENT, ""),
        (ConnectionResetError(104, "reset"), TlsTrouble.CLOSED, ""),
        (OSError(113, "No route to host"), TlsTrouble.OTHER, "no route to host"),
    ],
)
def test_what_else_goes_wrong(error: OSError, trouble: TlsTrouble, detail: str) -> None:
    told = explain(error, calling=False)
    assert (told.trouble, told.detail) == (trouble, detail)


@pytest.mark.parametrize("trouble", TlsTrouble)
def test_everything_has_words_and_advice(trouble: TlsTrouble) -> None:
    told = failure(trouble, calling=True)
    assert told.text
    assert told.advice


@pytest.mark.parametrize(
    ("head", "heard"),
    [(b"\x16\x03\x01\x02", True), (b"\x15\x03\x03\x00", True), (b"\x0bMSH", False), (b"\x16", False), (b"", False)],
)
def test_tls_is_heard_by_its_first_bytes(head: bytes, heard: bool) -> None:
    assert heard_tls(head) is heard
