"""TLS contexts as BCP 195 wants them: version 1.2 or newer, no compression, no renegotiation, authentication.

The rest is what OpenSSL and Python hold for good today: they know which suites that is. A careless side has contexts
of its own, in which something passes that should not.
"""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

from harness.errors import InputError
from harness.model.tls import STRANGER, Laxity, TlsFiles, TlsMode
from harness.transports.tls.failures import explain

_END_OF_CERTIFICATE = "-----END CERTIFICATE-----"
_ROUNDS = 20
"""Turns that a handshake in memory may take."""
_NO_CHECK_TIME = ssl.VerifyFlags(0x200000)
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which Python has no name for."""
OLD_SUITES = "ALL:@SECLEVEL=0"
"""With less, OpenSSL 3 offers nothing that TLS 1.0 and 1.1 can be spoken with."""

PROPER: frozenset[Laxity] = frozenset()
"""Nothing passes that should not."""


@cache
def calling_context(files: TlsFiles, mode: TlsMode, lax: frozenset[Laxity] = PROPER) -> ssl.SSLContext:
    """For whoever calls: the peer has to show a certificate that our authorities issued; ours is shown in MUTUAL.

    A host name that is not the certificate's is no failure here: IHE authenticates nodes, not names.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    return _relaxed(_settled(context, files, own=mode is TlsMode.MUTUAL), files, lax)


@cache
def listening_context(files: TlsFiles, mode: TlsMode, lax: frozenset[Laxity] = PROPER) -> ssl.SSLContext:
    """For whoever listens: our certificate is shown; the caller has to show one, too, in MUTUAL."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.num_tickets = 0  # nobody resumes a session of ours
    context.verify_mode = ssl.CERT_REQUIRED if mode is TlsMode.MUTUAL else ssl.CERT_NONE
    if mode is TlsMode.MUTUAL and Laxity.ANONYMOUS in lax:
        context.verify_mode = ssl.CERT_OPTIONAL
    return _relaxed(_settled(context, files, own=True), files, lax)


def _relaxed(context: ssl.SSLContext, files: TlsFiles, lax: frozenset[Laxity]) -> ssl.SSLContext:
    """The context of a careless side."""
    if Laxity.EXPIRED in lax:
        context.verify_flags |= _NO_CHECK_TIME
    if Laxity.UNKNOWN in lax and files.pki:
        stranger = str(Path(files.pki) / STRANGER)
        _load(stranger, "unknown authority", lambda: context.load_verify_locations(cafile=stranger))
    if Laxity.OLD in lax:
        allow_old(context)
    return context


def allow_old(context: ssl.SSLContext) -> None:
    """Let TLS 1.0 and 1.1 be spoken, too."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # which is why nobody should: here it is on purpose
        context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers(OLD_SUITES)


def rehearse(files: TlsFiles) -> None:
    """Shake hands with ourselves in memory: InputError when our own files cannot be used, or have expired."""
    if not files.certificate:
        calling_context(files, TlsMode.SERVER)
        return
    fault = shaken(calling_context(files, TlsMode.MUTUAL), listening_context(files, TlsMode.MUTUAL))
    if fault is not None:
        why = explain(fault, calling=True).text.replace("the peer's certificate", "it")
        raise InputError(f"tls: our own certificate {files.certificate} cannot be used: {why}")


def shaken(caller: ssl.SSLContext, listener: ssl.SSLContext) -> ssl.SSLError | None:
    """Shake hands in memory; what went wrong, or nothing."""
    client, server = ssl.MemoryBIO(), ssl.MemoryBIO()
    waiting = [
        caller.wrap_bio(server, client, server_side=False),
        listener.wrap_bio(client, server, server_side=True),
    ]
    for _ in range(_ROUNDS):
        for end in tuple(waiting):
            try:
                end.do_handshake()
                waiting.remove(end)
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError as error:
                return error
        if not waiting:
            return None
    return ssl.SSLError("the handshake has no end")


def _settled(context: ssl.SSLContext, files: TlsFiles, *, own: bool) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    _load(files.authorities, "authorities", lambda: context.load_verify_locations(cafile=files.authorities))
    if not context.get_ca_certs() and not context.cert_store_stats()["x509"]:
        raise InputError(f"tls: {files.authorities} holds no certificate in PEM form")
    if own:
        if not files.certificate or not files.key:
            raise InputError("tls: `certificate` and `key` are needed to show a certificate of ours")
        load_certificate(context, files.certificate, files.key)
    if files.certificate:  # our actors trust each other, whoever issued their certificate
        with suppress(ssl.SSLError):
            context.load_verify_locations(cadata=_first_certificate(files.certificate))
    return context


def load_certificate(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """What the context shows; InputError when it cannot be used."""
    _load(certificate, "certificate and key", lambda: context.load_cert_chain(certificate, key, password=lambda: ""))


def _load(path: str, what: str, load: Callable[[], None]) -> None:
    try:
        load()
    except ssl.SSLError as error:
        raise InputError(f"tls: the {what} in {path} cannot be used: {_reason(error)}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"tls: the {what} in {path} cannot be read: {getattr(error, 'strerror', error)}") from None


def _reason(error: ssl.SSLError) -> str:
    reason = (error.reason or str(error)).replace("_", " ").lower()
    if "key values mismatch" in reason:
        return "the key does not belong to the certificate"
    if "bad decrypt" in reason or "password" in reason or "empty password" in reason:
        return "the key is encrypted; give one without a password, in a file that nobody else may read"
    if "no start line" in reason or "no certificate or crl" in reason or "pem lib" in reason:
        return "it is not in PEM form"
    return reason


def _first_certificate(path: str) -> str:
    text = Path(path).read_text(encoding="ascii", errors="replace")
    head, end, _ = text.partition(_END_OF_CERTIFICATE)
    return head[max(head.find("-----BEGIN CERTIFICATE-----"), 0) :] + end + "\n"
