"""Requested Procedures by Study Instance UID, as RAD-4 announced and RAD-13 changed them.

A procedure announced after its images or its performed step is a late order (RAD TF-1: 4.4.3): its patient and
its identifiers then apply to what is stored. Safe for threads.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from actors.image_manager.patients import PatientKey
from actors.messages import received
from harness.hl7 import AckError, Message
from harness.model.scenario import Code


@dataclass(frozen=True, kw_only=True)
class Procedure:
    """What one message says of a Requested Procedure.

    `late`: announced after the fact; `corrected`: changed since; `code` is the procedure's, with its description
    as meaning; `step` the first Scheduled Procedure Step ID.
    """

    study: str
    patient: PatientKey
    accession: str
    requested_procedure: str
    step: str
    code: Code
    late: bool = False
    corrected: bool = False
    cancelled: bool = False

    @property
    def applies(self) -> bool:
        """Whether stored objects have to show this rather than what they came with."""
        return self.late or self.corrected


def unknown_study(message: Message) -> AckError:
    """The fault of a RAD-13 about a study that no RAD-4 announced."""
    return AckError(location=received.study_location(message), code="204", text="Study Instance UID unknown")


def read(message: Message, known: received.Known | None = None) -> Procedure:
    """The procedure of an ORM^O01 or OMI^O23 (RAD TF-2x: B)."""
    patient = received.patient(message, known)
    value, meaning, scheme = (message.first(f"OBR[1]-44[1].{part}") for part in (1, 2, 3))
    return Procedure(
        study=received.study(message),
        patient=PatientKey.of(patient.id, patient.authority),
        accession=message.first("IPC-1.1") or message.first("OBR-18.1"),
        requested_procedure=message.first("IPC-2.1") or message.first("OBR-19.1"),
        step=message.first("IPC[1]-4.1") or message.first("OBR[1]-20.1"),
        code=Code(value=value, scheme=scheme, meaning=meaning),
    )


class Procedures:
    """Every procedure the archive was told of."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._procedures: dict[str, Procedure] = {}

    def schedule(self, procedure: Procedure, *, late: bool) -> None:
        """Take a RAD-4; one that repeats a known study keeps what became of it."""
        with self._lock:
            known = self._procedures.get(procedure.study)
            if known is not None:
                late, corrected = known.late, known.corrected
                procedure = replace(procedure, corrected=corrected)
            self._procedures[procedure.study] = replace(procedure, late=late)

    def change(self, procedure: Procedure) -> bool:
        """Take a RAD-13 XO; False when the study is unknown."""
        with self._lock:
            known = self._procedures.get(procedure.study)
            if known is None:
                return False
            self._procedures[procedure.study] = replace(procedure, late=known.late, corrected=True)
            return True

    def cancel(self, study: str) -> bool:
        """Take a RAD-13 CA or DC; False when the study is unknown. Images are kept."""
        with self._lock:
            known = self._procedures.get(study)
            if known is None:
                return False
            self._procedures[study] = replace(known, cancelled=True)
            return True

    def of(self, study: str) -> Procedure | None:
        """The procedure of a study."""
        with self._lock:
            return self._procedures.get(study)
