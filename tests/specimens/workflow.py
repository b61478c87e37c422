"""The baseline: a whole scheduled workflow in which every actor does everything right, in either HL7 form.

`amend` is a table of changes by the name of a message; a specimen breaks one rule by one change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydicom.dataset import Dataset

from harness.dicom.uids import uid_of
from harness.hl7 import compose
from harness.model.profile import Service
from harness.profiles import Knowledge

Change = Callable[[Any], Any]
"""Takes a message, bytes or data set, and returns it changed; None takes it out of the recording."""

STUDY, SERIES, MPPS, TRANSACTION = "1.2.3.4.5", "1.2.3.4.5.1", "1.2.3.4.6", "1.2.3.4.7"
IMAGES = ("1.2.3.4.5.1.1", "1.2.3.4.5.1.2")
LATE = "1.2.3.4.5.1.3"
"""An image that the performed step does not list."""

REPORT = "1.2.3.4.8.1"
CT = uid_of("CTImageStorage")
PLACER, FILLER, ACCESSION, PROCEDURE, STEP, STEP_TEXT = "A1", "F1", "ACC1", "RP1", "SPS1", "CT chest plain"


CT_MODULES: dict[str, Any] = {
    "StudyDate": "20240102",
    "StudyTime": "111500",
    "ReferringPhysicianName": None,
    "SeriesNumber": "1",
    "PatientPosition": "HFS",
    "Manufacturer": None,
    "FrameOfReferenceUID": "1.2.3.4.7",
    "PositionReferenceIndicator": None,
    "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
    "AcquisitionNumber": None,
    "ImagePositionPatient": ["0", "0", "0"],
    "ImageOrientationPatient": ["1", "0", "0", "0", "1", "0"],
    "PixelSpacing": ["1", "1"],
    "SliceThickness": None,
    "KVP": None,
    "RescaleIntercept": "0",
    "RescaleSlope": "1",
    "SamplesPerPixel": 1,
    "PhotometricInterpretation": "MONOCHROME2",
    "Rows": 1,
    "Columns": 1,
    "BitsAllocated": 16,
    "BitsStored": 12,
    "HighBit": 11,
    "PixelRepresentation": 0,
    "PixelData": bytes(2),
}
"""What the IOD of a CT image wants besides the attributes that are copied (PS3.3 A.3)."""


class Workflow:
    """Makes the messages of the baseline and records them."""

    def __init__(self, tools: Any, knowledge: Knowledge, form: str, changes: Mapping[str, Change]) -> None:
        self.tools = tools
        self.form = form
        self.new = form >= "2.5"
        self.changes = dict(changes)
        self.recording = tools.Recording(knowledge, form=form)
        self.used: set[str] = set()
        self._control = 0

    def of(self, name: str, message: Any) -> Any:
        """The message, changed when the specimen says so."""
        self.used.add(name)
        change = self.changes.get(name)
        return message if change is None else change(message)

    def beyond(self, name: str, message: Any) -> Any:
        """A message that is recorded only when the specimen asks for it."""
        if name not in self.changes:
            return None
        return self.of(name, message)

    # HL7

    def msh(self, event: tuple[str, ...], sender: str) -> tuple[str, dict[int, Any]]:
        """A header; every message has its own control ID."""
        self._control += 1
        kind = event if self.new else event[:2]
        return "MSH", {
            3: sender,
            4: "SWF",
            5: "PEER",
            6: "SWF",
            7: "20240102101500",
            9: kind,
            10: f"{sender}{self._control}",
            11: "P",
            12: self.form,
        }

    def pid(self) -> tuple[str, dict[int, Any]]:
        """The patient."""
        identifier = ("P1001", "", "", "SWF", "PI") if self.new else ("P1001", "", "", "SWF")
        return "PID", {3: identifier, 5: ("LINDGREN", "ASTA"), 7: "19580714", 8: "F", 18: ("ACC77", "", "", "SWF")}

    def pv1(self) -> tuple[str, dict[int, Any]]:
        """The visit."""
        return "PV1", {2: "O", 3: ("RADOPD", "", "", "SWF"), 8: ("3004", "HOLM", "PETER")}

    def adt(self) -> bytes:
        """RAD-1, A04."""
        event = {2: "20240102101500"} if self.new else {1: "A04", 2: "20240102101500"}
        return compose([self.msh(("ADT", "A04", "ADT_A01"), "ADT"), ("EVN", event), self.pid(), self.pv1()])

    def order(self) -> bytes:
        """RAD-2, NW."""
        kind = ("OMG", "O19", "OMG_O19") if self.new else ("ORM", "O01")
        timing = ("1", "once", "", "202401021100", "", "R")
        doctor = ("3004", "HOLM", "PETER")
        orc: dict[int, Any] = {
            1: "NW",
            2: (PLACER, "OP"),
            9: "20240102101400",
            12: doctor,
            17: ("RADOPD", "Radiology", "L"),
        }
        obr: dict[int, Any] = {2: (PLACER, "OP"), 4: ("CT-CHEST", "CT chest", "99SWF"), 16: doctor}
        segments: list[tuple[str, Mapping[int, Any]]] = [self.msh(kind, "OP"), self.pid(), self.pv1()]
        if self.new:
            segments += [("ORC", orc), ("TQ1", {1: "1", 7: "20240102110000", 9: "R"}), ("OBR", obr)]
        else:
            segments += [("ORC", {**orc, 7: timing}), ("OBR", {**obr, 27: timing})]
        return compose(segments)

    def scheduled(self) -> bytes:
        """RAD-4, NW."""
        doctor = ("3004", "HOLM", "PETER")
        orc: dict[int, Any] = {
            1: "NW",
            2: (PLACER, "OP"),
            3: (FILLER, "OF"),
            5: "SC",
            9: "20240102101400",
            12: doctor,
            17: ("RADOPD", "Radiology", "L"),
        }
        obr: dict[int, Any] = {
            1: "1",
            2: (PLACER, "OP"),
            3: (FILLER, "OF"),
            4: ("P1", "CT chest", "99SWF"),
            16: doctor,
            44: ("P1", "CT chest", "99SWF"),
        }
        head = [self.msh(("OMI", "O23", "OMI_O23") if self.new else ("ORM", "O01"), "OF"), self.pid(), self.pv1()]
        if self.new:
            return compose(
                [
                    *head,
                    ("ORC", orc),
                    ("TQ1", {1: "1", 7: "20240102110000", 9: "R"}),
                    ("OBR", obr),
                    (
                        "IPC",
                        {
                            1: (ACCESSION, "OF"),
                            2: (PROCEDURE, "OF"),
                            3: STUDY,
                            4: (STEP, "OF"),
                            5: "CT",
                            6: ("X1", STEP_TEXT, "99SWF"),
                        },
                    ),
                ]
            )
        timing = ("1", "once", "", "202401021100", "", "R")
        obr[4] = ("P1", "CT chest", "99SWF", "X1", STEP_TEXT, "99SWF")
        old = {18: ACCESSION, 19: PROCEDURE, 20: STEP, 24: "CT", 27: timing}
        study = ("ZDS", {1: (STUDY, "OF", "Application", "DICOM")})
        return compose([*head, ("ORC", {**orc, 7: timing}), ("OBR", {**obr, **old}), study])

    # DICOM

    def worklist_keys(self) -> Dataset:
        """RAD-5 query: by patient, asking for all that is needed later."""
        make = self.tools.dataset
        step = make(
            ScheduledStationAETitle="",
            ScheduledProcedureStepStartDate="",
            ScheduledProcedureStepStartTime="",
            Modality="",
            ScheduledPerformingPhysicianName="",
            ScheduledProcedureStepDescription="",
            ScheduledProtocolCodeSequence=[],
            ScheduledProcedureStepID="",
        )
        return make(
            AccessionNumber="",
            ReferringPhysicianName="",
            ReferencedStudySequence=[],
            PatientName="",
            PatientID="P1001",
            PatientBirthDate="",
            PatientSex="",
            StudyInstanceUID="",
            RequestedProcedureDescription="",
            RequestedProcedureCodeSequence=[],
            RequestedProcedureID="",
            ScheduledProcedureStepSequence=[step],
            PlacerOrderNumberImagingServiceRequest="",
            FillerOrderNumberImagingServiceRequest="",
        )

    def entry(self) -> Dataset:
        """RAD-5 answer."""
        make, code = self.tools.dataset, self.tools.code
        step = make(
            ScheduledStationAETitle="CT1",
            ScheduledProcedureStepStartDate="20240102",
            ScheduledProcedureStepStartTime="110000",
            Modality="CT",
            ScheduledPerformingPhysicianName="",
            ScheduledProcedureStepDescription=STEP_TEXT,
            ScheduledProtocolCodeSequence=[code("X1")],
            ScheduledProcedureStepID=STEP,
        )
        return make(
            AccessionNumber=ACCESSION,
            ReferringPhysicianName="HOLM^PETER",
            ReferencedStudySequence=[],
            PatientName="LINDGREN^ASTA",
            PatientID="P1001",
            PatientBirthDate="19580714",
            PatientSex="F",
            StudyInstanceUID=STUDY,
            RequestedProcedureDescription="CT chest",
            RequestedProcedureCodeSequence=[code("P1")],
            RequestedProcedureID=PROCEDURE,
            ScheduledProcedureStepSequence=[step],
            PlacerOrderNumberImagingServiceRequest=PLACER,
            FillerOrderNumberImagingServiceRequest=FILLER,
        )

    def scheduled_attributes(self) -> Dataset:
        """The item of the Scheduled Step Attributes Sequence."""
        make, code = self.tools.dataset, self.tools.code
        return make(
            StudyInstanceUID=STUDY,
            ReferencedStudySequence=[],
            AccessionNumber=ACCESSION,
            RequestedProcedureID=PROCEDURE,
            RequestedProcedureDescription="CT chest",
            RequestedProcedureCodeSequence=[code("P1")],
            ScheduledProcedureStepID=STEP,
            ScheduledProcedureStepDescription=STEP_TEXT,
            ScheduledProtocolCodeSequence=[code("X1")],
            PlacerOrderNumberImagingServiceRequest=PLACER,
            FillerOrderNumberImagingServiceRequest=FILLER,
        )

    def started(self) -> Dataset:
        """RAD-6, N-CREATE."""
        return self.tools.dataset(
            ScheduledStepAttributesSequence=[self.scheduled_attributes()],
            PatientName="LINDGREN^ASTA",
            PatientID="P1001",
            PatientBirthDate="19580714",
            PatientSex="F",
            ReferencedPatientSequence=[],
            PerformedProcedureStepID="PPS1",
            PerformedStationAETitle="CT1",
            PerformedStationName="",
            PerformedLocation="",
            PerformedProcedureStepStartDate="20240102",
            PerformedProcedureStepStartTime="111500",
            PerformedProcedureStepStatus="IN PROGRESS",
            PerformedProcedureStepDescription="CT chest",
            PerformedProcedureTypeDescription="",
            ProcedureCodeSequence=[],
            PerformedProcedureStepEndDate="",
            PerformedProcedureStepEndTime="",
            Modality="CT",
            StudyID="RP1",
            PerformedProtocolCodeSequence=[],
            PerformedSeriesSequence=[],
        )

    def completed(self) -> Dataset:
        """RAD-7, N-SET."""
        make = self.tools.dataset
        images = [make(ReferencedSOPClassUID=CT, ReferencedSOPInstanceUID=uid) for uid in IMAGES]
        series = make(
            PerformingPhysicianName="",
            ProtocolName="CHEST",
            OperatorsName="",
            SeriesInstanceUID=SERIES,
            SeriesDescription="",
            RetrieveAETitle="",
            ReferencedImageSequence=images,
            ReferencedNonImageCompositeSOPInstanceSequence=[],
        )
        return make(
            PerformedProcedureStepStatus="COMPLETED",
            PerformedProcedureStepEndDate="20240102",
            PerformedProcedureStepEndTime="113000",
            PerformedSeriesSequence=[series],
        )

    def image(self, uid: str) -> Dataset:
        """RAD-8, C-STORE."""
        make, code = self.tools.dataset, self.tools.code
        request = make(
            RequestedProcedureID=PROCEDURE,
            RequestedProcedureDescription="CT chest",
            RequestedProcedureCodeSequence=[code("P1")],
            ScheduledProcedureStepID=STEP,
            ScheduledProcedureStepDescription=STEP_TEXT,
            ScheduledProtocolCodeSequence=[code("X1")],
        )
        step = make(ReferencedSOPClassUID=uid_of("ModalityPerformedProcedureStep"), ReferencedSOPInstanceUID=MPPS)
        return make(
            SOPClassUID=CT,
            SOPInstanceUID=uid,
            StudyInstanceUID=STUDY,
            SeriesInstanceUID=SERIES,
            AccessionNumber=ACCESSION,
            PatientName="LINDGREN^ASTA",
            PatientID="P1001",
            PatientBirthDate="19580714",
            PatientSex="F",
            StudyID="RP1",
            Modality="CT",
            InstanceNumber="1",
            RequestAttributesSequence=[request],
            ReferencedPerformedProcedureStepSequence=[step],
            PerformedProcedureStepID="PPS1",
            PerformedProcedureStepStartDate="20240102",
            PerformedProcedureStepStartTime="111500",
            ReferencedStudySequence=[],
            **CT_MODULES,
        )

    def references(self, *uids: str) -> list[Dataset]:
        """Items that reference instances."""
        make = self.tools.dataset
        return [make(ReferencedSOPClassUID=CT, ReferencedSOPInstanceUID=uid) for uid in uids]

    # The play

    def record(self) -> Any:
        """Record the whole workflow and return its recording."""
        self._record_orders()
        self._record_acquisition()
        self._record_archive()
        return self.recording

    def _send(self, transaction: str, leg: str, name: str, message: bytes) -> None:
        opened = self.recording.leg(transaction, leg, name.split(".")[0])
        sent = self.of(name, message)
        if sent is None:
            return
        answer = self.tools.plain_ack(sent, "AA", f"ACK{name}")
        self.recording.hl7(opened, sent, self.of(f"{name}.ack", answer))

    def _record_orders(self) -> None:
        self._send("RAD-1", "to-order-placer", "register.placer", self.adt())
        self._send("RAD-1", "to-order-filler", "register.filler", self.adt())
        self._send("RAD-2", "to-order-filler", "order", self.order())
        self._send("RAD-4", "to-image-manager", "scheduled", self.scheduled())

    def _record_acquisition(self) -> None:
        rec, of = self.recording, self.of
        worklist = rec.leg("RAD-5", "query", "worklist")
        responses = of("worklist.responses", [(0xFF00, of("entry", self.entry())), (0, None)])
        rec.dimse(
            worklist,
            Service.C_FIND,
            of("worklist", self.worklist_keys()),
            responses,
            sop_class="ModalityWorklistInformationModelFind",
        )
        self._relayed("RAD-6", "started", Service.N_CREATE, self.started())
        stored = rec.leg("RAD-8", "store", "stored")
        for number, uid in enumerate(IMAGES, 1):
            image = of(f"image.{number}", self.image(uid))
            if image is not None:
                rec.dimse(
                    stored,
                    Service.C_STORE,
                    image,
                    of(f"image.{number}.responses", [(0, None)]),
                    sop_class="CTImageStorage",
                    instance=uid,
                )
        self._relayed("RAD-7", "completed", Service.N_SET, self.completed())
        late = self.beyond("image.late", self.image(LATE))
        if late is not None:
            rec.dimse(stored, Service.C_STORE, late, sop_class="CTImageStorage", instance=LATE)

    def _relayed(self, transaction: str, name: str, service: Service, message: Dataset) -> None:
        rec = self.recording
        sent = self.of(name, message)
        legs = [rec.leg(transaction, leg, name) for leg in ("to-pps-manager", "to-order-filler", "to-image-manager")]
        if sent is not None:
            rec.dimse(legs[0], service, sent, self.of(f"{name}.responses", [(0, None)]), instance=MPPS)
            for leg in legs[1:]:
                relay = self.of(f"{name}.{leg.leg}", sent)
                if relay is not None:
                    rec.dimse(leg, service, relay, instance=MPPS)

    def _record_archive(self) -> None:
        rec, of, make = self.recording, self.of, self.tools.dataset
        asked = make(TransactionUID=TRANSACTION, ReferencedSOPSequence=self.references(*IMAGES))
        request, report = rec.leg("RAD-10", "request", "committed"), rec.leg("RAD-10", "report", "committed")
        commitment = {"sop_class": "StorageCommitmentPushModel", "instance": "1.2.840.10008.1.20.1.1"}
        rec.dimse(request, Service.N_ACTION, of("commit", asked), fields={"ActionTypeID": "1"}, **commitment)
        told = make(TransactionUID=TRANSACTION, ReferencedSOPSequence=self.references(*IMAGES))
        rec.dimse(
            report,
            Service.N_EVENT_REPORT,
            of("report", told),
            fields=of("report.fields", {"EventTypeID": "1"}),
            **commitment,
        )
        repeated = self.beyond("commit.again", asked)
        if repeated is not None:
            rec.dimse(request, Service.N_ACTION, repeated, fields={"ActionTypeID": "1"}, **commitment)
        again = self.beyond("report.again", told)
        if again is not None:
            rec.dimse(report, Service.N_EVENT_REPORT, again, fields={"EventTypeID": "1"}, **commitment)
        self._record_queries()
        self._record_retrieve()

    def _record_queries(self) -> None:
        rec, of, make = self.recording, self.of, self.tools.dataset
        found = rec.leg("RAD-14", "query", "found")
        keys = make(
            QueryRetrieveLevel="IMAGE",
            StudyInstanceUID=STUDY,
            SeriesInstanceUID=SERIES,
            SOPInstanceUID="",
            SOPClassUID="",
            InstanceNumber="",
        )
        entries = [
            (
                0xFF00,
                of(
                    f"found.{number}",
                    make(
                        QueryRetrieveLevel="IMAGE",
                        StudyInstanceUID=STUDY,
                        SeriesInstanceUID=SERIES,
                        SOPInstanceUID=uid,
                        SOPClassUID=CT,
                        InstanceNumber="1",
                    ),
                ),
            )
            for number, uid in enumerate(IMAGES, 1)
        ]
        responses = [entry for entry in entries if entry[1] is not None]
        rec.dimse(
            found,
            Service.C_FIND,
            of("find", keys),
            of("found.responses", [*responses, (0, None)]),
            sop_class="StudyRootQueryRetrieveInformationModelFind",
        )

    def _record_retrieve(self) -> None:
        rec, of, make = self.recording, self.of, self.tools.dataset
        move, store = rec.leg("RAD-16", "move", "retrieved"), rec.leg("RAD-16", "store", "retrieved")
        copies = []
        for number, uid in enumerate(IMAGES, 1):
            original = self.changes.get(f"image.{number}")
            image = self.image(uid) if original is None else original(self.image(uid))
            copies.append((uid, of(f"copy.{number}", image)))
        counters = {
            "NumberOfCompletedSuboperations": str(sum(copy is not None for _, copy in copies)),
            "NumberOfFailedSuboperations": "0",
            "NumberOfWarningSuboperations": "0",
        }
        rec.dimse(
            move,
            Service.C_MOVE,
            of("move", make(QueryRetrieveLevel="STUDY", StudyInstanceUID=STUDY)),
            of("move.responses", [(0, None, counters)]),
            sop_class="StudyRootQueryRetrieveInformationModelMove",
        )
        for uid, copy in copies:
            if copy is not None:
                rec.dimse(store, Service.C_STORE, copy, sop_class="CTImageStorage", instance=uid)
