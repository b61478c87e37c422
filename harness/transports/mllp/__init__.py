"""HL7 over MLLP: framing, a listener for our actors and a client. Knows bytes and links, no HL7 fields."""

from harness.transports.mllp.client import connect, send
from harness.transports.mllp.endpoint import Deadlines, Hl7Request, MllpEndpoint
from harness.transports.mllp.framing import MESSAGE_LIMIT, Frame, Framer, Noise, NoiseKind, wrap
from harness.transports.mllp.misuse import send_badly_secured, send_unterminated

__all__ = [
    "MESSAGE_LIMIT",
    "Deadlines",
    "Frame",
    "Framer",
    "Hl7Request",
    "MllpEndpoint",
    "Noise",
    "NoiseKind",
    "connect",
    "send",
    "send_badly_secured",
    "send_unterminated",
    "wrap",
]
