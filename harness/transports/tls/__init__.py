"""TLS under MLLP and DICOM: contexts, agreeing on it as either side, and saying in plain words why it failed."""

from harness.transports.tls.agreeing import Arrival, Caller, TlsSocket, call, connected, farewell
from harness.transports.tls.contexts import listening_context, rehearse
from harness.transports.tls.failures import TlsFailure, explain, failure, heard_tls
from harness.transports.tls.handshaking import Handshake, handshake

__all__ = [
    "Arrival",
    "Caller",
    "Handshake",
    "TlsFailure",
    "TlsSocket",
    "call",
    "connected",
    "explain",
    "failure",
    "farewell",
    "handshake",
    "heard_tls",
    "listening_context",
    "rehearse",
]
