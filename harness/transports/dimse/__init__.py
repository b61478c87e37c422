"""DIMSE over TCP: our requestors and acceptors, every message recorded. The only place that uses pynetdicom."""

from harness.transports.dimse.arrivals import Arrivals
from harness.transports.dimse.association import Association, associate
from harness.transports.dimse.endpoint import DimseEndpoint
from harness.transports.dimse.handler import DimseHandler
from harness.transports.dimse.misuse import Occasion, misused
from harness.transports.dimse.primitives import (
    NATIVE_TRANSFER_SYNTAXES,
    DimseRequest,
    DimseResponse,
    MovePlan,
    SupportedClass,
)

__all__ = [
    "NATIVE_TRANSFER_SYNTAXES",
    "Arrivals",
    "Association",
    "DimseEndpoint",
    "DimseHandler",
    "DimseRequest",
    "DimseResponse",
    "MovePlan",
    "Occasion",
    "SupportedClass",
    "associate",
    "misused",
]
