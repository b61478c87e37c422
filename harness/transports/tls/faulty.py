"""TLS contexts that nobody should talk to: with a certificate that is bad, with none, or of a version that is over.

Owns what our side shows on purpose. Whom it is shown to is not checked here, so that what fails is the peer's doing.
"""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from harness.errors import InputError
from harness.model.deviation import Change
from harness.model.tls import Badness, TlsFiles
from harness.transports.tls.contexts import OLD_SUITES, allow_old, load_certificate, shaken
from harness.transports.tls.failures import explain

BAD_CERTIFICATES: Mapping[Change, Badness] = MappingProxyType(
    {
        Change.EXPIRED_CERTIFICATE: Badness.EXPIRED,
        Change.FUTURE_CERTIFICATE: Badness.NOT_YET_VALID,
        Change.UNKNOWN_AUTHORITY: Badness.UNKNOWN_AUTHORITY,
        Change.OTHER_HOST: Badness.OTHER_HOST,
    }
)
"""The certificate of the PKI that a change shows."""


@cache
def faulty_caller(files: TlsFiles, change: Change) -> ssl.SSLContext:
    """For a call that should be refused; InputError when its certificate cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return _shown(context, files, change)


@cache
def faulty_listener(files: TlsFiles, change: Change) -> ssl.SSLContext:
    """For a listener to which nothing should be sent; InputError when its certificate cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.num_tickets = 0
    context.verify_mode = ssl.CERT_NONE
    return _shown(context, files, change)


def _shown(context: ssl.SSLContext, files: TlsFiles, change: Change) -> ssl.SSLContext:
    badness = BAD_CERTIFICATES.get(change)
    if badness is not None:
        folder = Path(files.pki)
        load_certificate(context, str(folder / badness.names.certificate), str(folder / badness.names.key))
    elif change is not Change.NO_CERTIFICATE and files.certificate:
        load_certificate(context, files.certificate, files.key)
    if change is Change.OLD_TLS:
        allow_old(context)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


def lacking(files: TlsFiles, change: Change) -> str:
    """What keeps our side from offering it at all; empty when nothing does."""
    if change in BAD_CERTIFICATES and not files.pki:
        return "there is no bad certificate to show: `pki` under `tls` names none (`swf pki` makes them)"
    if change is Change.OLD_TLS:
        return _without_old(files)
    try:
        faulty_caller(files, change)
    except InputError as error:
        return str(error)
    return ""


@cache
def _without_old(files: TlsFiles) -> str:
    """Why the local OpenSSL cannot speak TLS 1.1 or older; empty when it can."""
    try:
        fault = shaken(faulty_caller(files, Change.OLD_TLS), faulty_listener(files, Change.OLD_TLS))
    except (InputError, ssl.SSLError, ValueError) as error:
        return f"{ssl.OPENSSL_VERSION} here cannot speak TLS 1.1 or older: {error}"
    if fault is None:
        return ""
    why = explain(fault, calling=True)
    return f"{ssl.OPENSSL_VERSION} here cannot speak TLS 1.1 or older, even with {OLD_SUITES}: {why.detail or why.text}"
