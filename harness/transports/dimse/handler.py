"""The base of everything that answers DIMSE requests."""

from __future__ import annotations

from collections.abc import Iterator

from harness.transports.dimse.primitives import DimseRequest, DimseResponse, MovePlan

NOT_SUPPORTED = DimseResponse(0x0122)
"""SOP class not supported (PS3.7 C.4.2)."""


class DimseHandler:
    """Answers C-ECHO with success and refuses everything else; override what is supported.

    Methods run on a thread of the association. An exception becomes status 0110 and an internal error of the run.
    """

    def available(self) -> bool:
        """Whether an association may be opened now; while it may not, whoever asks is turned away for a time."""
        return True

    def c_echo(self, request: DimseRequest) -> DimseResponse:
        """Answer a C-ECHO (PS3.7 9.1.5)."""
        return DimseResponse(0x0000)

    def c_find(self, request: DimseRequest) -> Iterator[DimseResponse]:
        """Yield pending responses; the final success is added when none that ends the operation was yielded."""
        yield NOT_SUPPORTED

    def c_store(self, request: DimseRequest) -> DimseResponse:
        """Answer a C-STORE (PS3.7 9.1.1)."""
        return NOT_SUPPORTED

    def c_move(self, request: DimseRequest) -> MovePlan | DimseResponse:
        """Say what to send where, or refuse (PS3.7 9.1.4)."""
        return NOT_SUPPORTED

    def c_get(self, request: DimseRequest) -> MovePlan | DimseResponse:
        """Say what to send, or refuse (PS3.7 9.1.3)."""
        return NOT_SUPPORTED

    def n_create(self, request: DimseRequest) -> DimseResponse:
        """Answer an N-CREATE (PS3.7 10.1.5)."""
        return NOT_SUPPORTED

    def n_set(self, request: DimseRequest) -> DimseResponse:
        """Answer an N-SET (PS3.7 10.1.3)."""
        return NOT_SUPPORTED

    def n_action(self, request: DimseRequest) -> DimseResponse:
        """Answer an N-ACTION (PS3.7 10.1.4)."""
        return NOT_SUPPORTED

    def n_event_report(self, request: DimseRequest) -> DimseResponse:
        """Answer an N-EVENT-REPORT (PS3.7 10.1.1)."""
        return NOT_SUPPORTED

    def arriving(self) -> None:
        """Hear that more of an object to store has come; on the upper layer's thread, which must not wait."""

    def concluded(self, request: DimseRequest) -> None:
        """Hear that the last response to a request was handed over to be sent."""
