"""Why TLS failed, in words that a hospital engineer understands, from what the library and the wire say."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from harness.model.tls import TlsTrouble


@dataclass(frozen=True, kw_only=True)
class TlsFailure:
    """Why a connection could not be secured: `text` says it in a sentence, `advice` what to look at and on whose side.

    `detail` is what the TLS library calls it.
    """

    trouble: TlsTrouble
    text: str
    advice: str
    detail: str = ""

    @property
    def facts(self) -> Mapping[str, str]:
        """For the record."""
        return {"tls_failure": self.trouble.value, "tls_detail": self.detail}


@dataclass(frozen=True)
class _Words:
    """A sentence as caller, as listener (empty: the same), and what to do."""

    calling: str
    listening: str
    advice: str


_WORDS: Mapping[TlsTrouble, _Words] = MappingProxyType(
    {
        TlsTrouble.EXPIRED: _Words(
            "the peer's certificate has expired",
            "",
            "Its side: renew its certificate (and compare the clocks of both machines)",
        ),
        TlsTrouble.NOT_YET_VALID: _Words(
            "the peer's certificate is not valid yet",
            "",
            "Compare the clocks of both machines; otherwise its side: its certificate begins in the future",
        ),
        TlsTrouble.UNKNOWN_AUTHORITY: _Words(
            "the peer's certificate was issued by an authority that we do not know",
            "",
            "Add the authority (or the peer's very certificate) to the file `authorities` of `tls` in the system file; "
            "if it is there, the peer shows another certificate, or not its whole chain",
        ),
        TlsTrouble.UNSUITABLE: _Words(
            "the peer's certificate is not fit for this use",
            "",
            "Its side: the certificate's key is too weak, or its key usage does not allow this side of a connection",
        ),
        TlsTrouble.NO_CERTIFICATE: _Words(
            "the peer shows no certificate",
            "the peer called without a client certificate",
            "Its side: mutual authentication is wanted (`tls: mutual`), so it needs a client certificate; "
            "`tls: server` asks for none",
        ),
        TlsTrouble.OURS_WANTED: _Words(
            "the peer wants a certificate of ours and got none",
            "",
            "Our side: write `tls: mutual` for this address, with `certificate` and `key` under `tls`",
        ),
        TlsTrouble.OURS_REFUSED: _Words(
            "the peer refused our certificate",
            "",
            "Enter our certificate, or the authority that issued it, in its list of trusted ones; "
            "the detail says what it minds",
        ),
        TlsTrouble.PLAIN_PEER: _Words(
            "what answers there does not speak TLS",
            "the peer does not speak TLS on our TLS port",
            "Either the port is the plain one, or TLS is not switched on there; without TLS, leave `tls` out of the "
            "system file",
        ),
        TlsTrouble.TLS_PEER: _Words(
            "the peer speaks TLS, and we do not",
            "the peer speaks TLS on our plain port",
            "Write `tls: mutual` for this address in the system file, or use the peer's plain port",
        ),
        TlsTrouble.VERSION: _Words(
            "there is no TLS version that both sides take",
            "",
            "We take TLS 1.2 and newer (BCP 195); its side is probably older",
        ),
        TlsTrouble.CIPHER: _Words(
            "there is no cipher suite that both sides take",
            "",
            "Its side: an ECDHE suite with AES-GCM is to be switched on (BCP 195). A peer that wants a client "
            "certificate and got none may end so, too",
        ),
        TlsTrouble.SILENT: _Words(
            "the peer does not answer the TLS handshake",
            "the peer connected and began no TLS handshake",
            "A plain port that waits for a message behaves so: check the port, and that TLS is switched on there",
        ),
        TlsTrouble.CLOSED: _Words(
            "the peer closed the connection during the TLS handshake",
            "",
            "A plain port does so, a peer that does not want our certificate, and a mere test of the port: see its log",
        ),
        TlsTrouble.OTHER: _Words("the TLS handshake failed", "", "See the detail, and the peer's log"),
    }
)

_VERIFY_CODES: Mapping[int, TlsTrouble] = MappingProxyType(
    {
        9: TlsTrouble.NOT_YET_VALID,
        10: TlsTrouble.EXPIRED,
        2: TlsTrouble.UNKNOWN_AUTHORITY,
        18: TlsTrouble.UNKNOWN_AUTHORITY,
        19: TlsTrouble.UNKNOWN_AUTHORITY,
        20: TlsTrouble.UNKNOWN_AUTHORITY,
        21: TlsTrouble.UNKNOWN_AUTHORITY,
    }
)
"""X.509 verification results of OpenSSL; every other one is a certificate that is unsuitable."""

_REASONS: Mapping[str, TlsTrouble] = MappingProxyType(
    {
        "PEER_DID_NOT_RETURN_A_CERTIFICATE": TlsTrouble.NO_CERTIFICATE,
        "TLSV13_ALERT_CERTIFICATE_REQUIRED": TlsTrouble.OURS_WANTED,
        "SSLV3_ALERT_NO_CERTIFICATE": TlsTrouble.OURS_WANTED,
        "TLSV1_ALERT_UNKNOWN_CA": TlsTrouble.OURS_REFUSED,
        "TLSV1_ALERT_DECRYPT_ERROR": TlsTrouble.OURS_REFUSED,
        "TLSV1_ALERT_ACCESS_DENIED": TlsTrouble.OURS_REFUSED,
        "SSLV3_ALERT_BAD_CERTIFICATE": TlsTrouble.OURS_REFUSED,
        "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": TlsTrouble.OURS_REFUSED,
        "SSLV3_ALERT_CERTIFICATE_REVOKED": TlsTrouble.OURS_REFUSED,
        "SSLV3_ALERT_CERTIFICATE_EXPIRED": TlsTrouble.OURS_REFUSED,
        "SSLV3_ALERT_CERTIFICATE_UNKNOWN": TlsTrouble.OURS_REFUSED,
        "SSLV3_ALERT_HANDSHAKE_FAILURE": TlsTrouble.CIPHER,
        "NO_SHARED_CIPHER": TlsTrouble.CIPHER,
        "TLSV1_ALERT_INSUFFICIENT_SECURITY": TlsTrouble.CIPHER,
        "TLSV1_ALERT_PROTOCOL_VERSION": TlsTrouble.VERSION,
        "UNSUPPORTED_PROTOCOL": TlsTrouble.VERSION,
        "WRONG_SSL_VERSION": TlsTrouble.VERSION,
        "NO_PROTOCOLS_AVAILABLE": TlsTrouble.VERSION,
        "WRONG_VERSION_NUMBER": TlsTrouble.PLAIN_PEER,
        "RECORD_LAYER_FAILURE": TlsTrouble.PLAIN_PEER,
        "PACKET_LENGTH_TOO_LONG": TlsTrouble.PLAIN_PEER,
        "UNKNOWN_PROTOCOL": TlsTrouble.PLAIN_PEER,
        "HTTP_REQUEST": TlsTrouble.PLAIN_PEER,
        "UNEXPECTED_EOF_WHILE_READING": TlsTrouble.CLOSED,
        "DH_KEY_TOO_SMALL": TlsTrouble.UNSUITABLE,
        "EE_KEY_TOO_SMALL": TlsTrouble.UNSUITABLE,
    }
)
"""Reasons of OpenSSL; `ALERT` in one is what the peer told us."""

_PLAIN_SPEECH: Mapping[int, str] = MappingProxyType({0x0B: "HL7 (MLLP)", 0x01: "DICOM", ord("M"): "HL7 without MLLP"})
"""By the first byte of a connection: an MLLP block, an A-ASSOCIATE-RQ PDU, an MSH segment."""

ALERT = "its alert"
"""How the detail of a failure begins that is the peer's word, and not the finding of our own side."""

HANDSHAKE_RECORD = 0x16
_ALERT_RECORD = 0x15
_MAJOR_VERSION = 0x03


def heard_tls(head: bytes) -> bool:
    """Whether bytes that came on a plain link begin a TLS record: a handshake, or an alert (RFC 8446 5.1)."""
    return len(head) > 1 and head[0] in (HANDSHAKE_RECORD, _ALERT_RECORD) and head[1] == _MAJOR_VERSION


def failure(trouble: TlsTrouble, *, calling: bool, detail: str = "") -> TlsFailure:
    """The failure in words, as seen by whoever called, or listened."""
    words = _WORDS[trouble]
    text = words.calling if calling else words.listening or words.calling
    return TlsFailure(
        trouble=trouble, text=f"{text} ({detail})" if detail else text, advice=words.advice, detail=detail
    )


def plain_speech(first: int) -> TlsFailure:
    """Of a caller whose first byte begins no TLS handshake."""
    spoken = _PLAIN_SPEECH.get(first)
    detail = f"it speaks {spoken} in the clear" if spoken else f"its first byte is {first:02X}"
    return failure(TlsTrouble.PLAIN_PEER, calling=False, detail=detail)


def explain(error: OSError, *, calling: bool) -> TlsFailure:
    """What an error of the socket or of the TLS library means."""
    if isinstance(error, TimeoutError):
        return failure(TlsTrouble.SILENT, calling=calling)
    if isinstance(error, ssl.SSLCertVerificationError):
        trouble = _VERIFY_CODES.get(error.verify_code, TlsTrouble.UNSUITABLE)
        return failure(trouble, calling=calling, detail=error.verify_message)
    if isinstance(error, ssl.SSLError) and error.reason in _REASONS:
        return failure(_REASONS[error.reason], calling=calling, detail=_spoken(error.reason))
    if isinstance(error, ssl.SSLEOFError | ConnectionError):
        return failure(TlsTrouble.CLOSED, calling=calling)
    reason = getattr(error, "reason", None) or error.strerror or type(error).__name__
    return failure(TlsTrouble.OTHER, calling=calling, detail=_spoken(str(reason)))


def _spoken(reason: str) -> str:
    """`TLSV1_ALERT_UNKNOWN_CA` as people say it: the peer's alert `unknown ca`."""
    head, alert, name = reason.partition("_ALERT_")
    return f"{ALERT}: {name.replace('_', ' ').lower()}" if alert else head.replace("_", " ").lower()
