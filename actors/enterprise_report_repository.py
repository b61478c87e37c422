"""The Enterprise Report Repository: receives exported reports as text (RAD-28)."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from actors.messages import messaging, received
from actors.peers import ENTERPRISE_REPORT_REPOSITORY
from harness.actor import Actor, World, receives, register
from harness.hl7 import AckError, Message

REPORT_UID = "SR Instance UID"
REPORT_TEXT = "SR Text"


@dataclass(frozen=True, kw_only=True)
class TextReport:
    """A report as it was exported: its SOP Instance UID, whose it is, and its text."""

    uid: str
    patient_id: str
    placer: str
    text: str


@register
class EnterpriseReportRepository(Actor):
    """Enterprise Report Repository."""

    name = ENTERPRISE_REPORT_REPOSITORY

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._lock = threading.Lock()
        self._reports: dict[str, TextReport] = {}

    def report(self, uid: str) -> TextReport | None:
        """The last export of the report with that SOP Instance UID."""
        with self._lock:
            return self._reports.get(uid)

    def refuse_unknown(self, message: Message) -> bytes:
        """AR."""
        return messaging.refuse_unknown(self.world, message, ("ORU",))

    @receives("ORU^R01")
    def take_report(self, message: Message) -> bytes:
        """Keep the report; one that does not say whose or which it is, is refused."""
        fault = received.missing_identity(message)
        if fault is None and not message.has("OBX"):
            fault = AckError(location="OBX^1", code="100", text="No observation")
        if fault is not None:
            return messaging.refuse(self.world, message, fault)
        report = TextReport(
            uid=_observation(message, REPORT_UID),
            patient_id=message.first("PID-3[1].1"),
            placer=message.first("OBR-2.1"),
            text=_observation(message, REPORT_TEXT),
        )
        with self._lock:
            self._reports[report.uid or message.control_id] = report
        return messaging.accept(self.world, message)


def _observation(message: Message, name: str) -> str:
    """OBX-5 of the observation of that name, repetitions as lines."""
    for found in message.all("OBX-3.2"):
        if found.value == name:
            segment = found.path.partition("-")[0]
            return "\n".join(located.value for located in message.all(f"{segment}-5"))
    return ""
