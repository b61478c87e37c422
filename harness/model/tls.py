"""How a link is secured: whether with TLS, and the files that prove who we are and say whom we trust."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

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

    A file of authorities may also hold the very certificates of the peers.
    """

    certificate: str = ""
    key: str = ""
    authorities: str
