"""How a link is secured: whether with TLS, and the files that prove who we are and say whom we trust."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from harness.model.names import CheckName
from harness.model.record import Record


class TlsMode(Enum):
    """Who shows a certificate on a link."""

    NONE = "none"
    """Nobody: the protocol is spoken in the clear."""
    MUTUAL = "mutual"
    """Both sides, each checked by the other (ITI-19)."""
    SERVER = "server"
    """The listening side alone."""


@dataclass(frozen=True, kw_only=True)
class TlsFiles(Record):
    """PEM files: our certificate (with its chain), its key, and the authorities that issue the peers' certificates.

    A file of authorities may also hold the very certificates of the peers. `pki` is a folder as `swf pki` makes it,
    with the certificates that nobody should take.
    """

    certificate: str = ""
    key: str = ""
    authorities: str = ""
    pki: str = ""


@dataclass(frozen=True)
class CertificateNames(Record):
    """Names of the files of one certificate in the folder of a PKI."""

    certificate: str
    key: str


AUTHORITY = CertificateNames("ca.pem", "ca.key")
"""The authority that both sides trust."""
OURS = CertificateNames("harness.pem", "harness.key")
THEIRS = CertificateNames("product.pem", "product.key")


class Badness(Enum):
    """What is wrong with a certificate that is made to be refused; the value is the stem of its files' names."""

    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    UNKNOWN_AUTHORITY = "unknown-authority"
    OTHER_HOST = "other-host"
    """Nothing, but that it names a host that nobody called."""

    @property
    def names(self) -> CertificateNames:
        """Its files, in the folder of the PKI."""
        return CertificateNames(f"bad/{self.value}.pem", f"bad/{self.value}.key")


STRANGER = "bad/unknown-ca.pem"
"""The authority that nobody trusts, in the folder of the PKI."""


CALLERS, LISTENERS = CheckName("tls.callers"), CheckName("tls.listeners")
"""The checks of whoever is called by a bad caller, and of whoever calls a bad listener."""

TLS_CHECKS = frozenset({CALLERS, LISTENERS})
"""They are about what was done with a connection, and about no message."""


class Laxity(Enum):
    """What a careless side lets pass; the value is the decision of an actor that comes out as false then."""

    EXPIRED = "expired-peer-is-refused"
    """Certificates out of their time."""
    UNKNOWN = "unknown-peer-is-refused"
    """Certificates of the authority that nobody trusts."""
    ANONYMOUS = "anonymous-peer-is-refused"
    """Callers that show no certificate."""
    OLD = "old-tls-is-refused"
    """TLS 1.0 and 1.1."""
    PLAIN = "plain-peer-is-refused"
    """Callers that speak in the clear."""


class Taken(Enum):
    """How a peer takes TLS that it should refuse."""

    REFUSED = "refused"
    """An alert, or an end of the connection during the handshake or right after it."""
    LET_IN = "let in"
    """What was said over it was answered."""
    AGREED = "agreed"
    """It agreed on TLS; what it then sent is recorded as ever."""
    TURNED_AWAY = "turned away"
    """It took the connection, and refused what was asked over it."""
    SILENT = "silent"
    """It neither refused nor said anything."""
    UNREACHABLE = "unreachable"
    """There was no connection at all."""
    IMPOSSIBLE = "impossible"
    """Our side cannot even offer it."""


class TlsTrouble(Enum):
    """Why a connection could not be secured; the value is how the record names it."""

    EXPIRED = "certificate expired"
    NOT_YET_VALID = "certificate not yet valid"
    UNKNOWN_AUTHORITY = "unknown authority"
    UNSUITABLE = "certificate unsuitable"
    NO_CERTIFICATE = "no client certificate"
    OURS_WANTED = "our certificate is wanted"
    OURS_REFUSED = "our certificate was refused"
    PLAIN_PEER = "plain peer on a TLS port"
    TLS_PEER = "TLS peer on a plain port"
    VERSION = "no common TLS version"
    CIPHER = "no common cipher suite"
    SILENT = "no answer to the handshake"
    CLOSED = "closed during the handshake"
    OTHER = "the handshake failed"
