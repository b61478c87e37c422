"""No record at all, for actors whose traffic somebody else records."""

from __future__ import annotations

from collections.abc import Mapping

from harness.engine.recording import TranscriptRecorder
from harness.identifiers import SystemClock
from harness.model.names import LinkId, PlayId
from harness.model.plan import StepRef
from harness.model.transcript import EventKind
from harness.transports.recorder import LinkOwner, Passage


class Unrecorded(TranscriptRecorder):
    """A recorder that keeps nothing, for actors whose traffic somebody else records."""

    def __init__(self) -> None:
        super().__init__(SystemClock(), None)

    def passed(self, passage: Passage) -> None:
        """Nothing is kept."""

    def happened(
        self,
        kind: EventKind,
        text: str = "",
        *,
        link: LinkId | None = None,
        owner: LinkOwner | None = None,
        facts: Mapping[str, str] | None = None,
        step: StepRef | None = None,
        play: PlayId | None = None,
        leg: str = "",
        at: float | None = None,
    ) -> None:
        """Nothing is kept."""
