"""TLS under MLLP and DICOM: contexts, agreeing on it as either side, and saying in plain words why it failed."""

from harness.transports.tls.agreeing import Arrival, Caller, TlsSocket, call, connected, facts_of, farewell
from harness.transports.tls.conduct import Conduct, Conducting, properly, tell_impossible, tell_shown, tell_tried
from harness.transports.tls.contexts import listening_context, rehearse
from harness.transports.tls.failures import TlsFailure, explain, failure, heard_tls
from harness.transports.tls.faulty import BAD_CERTIFICATES, lacking
from harness.transports.tls.handshaking import Handshake, handshake
from harness.transports.tls.misusing import Said, Tried, try_badly

__all__ = [
    "BAD_CERTIFICATES",
    "Arrival",
    "Caller",
    "Conduct",
    "Conducting",
    "Handshake",
    "Said",
    "TlsFailure",
    "TlsSocket",
    "Tried",
    "call",
    "connected",
    "explain",
    "facts_of",
    "failure",
    "farewell",
    "handshake",
    "heard_tls",
    "lacking",
    "listening_context",
    "properly",
    "rehearse",
    "tell_impossible",
    "tell_shown",
    "tell_tried",
    "try_badly",
]
