"""`swf simulate` as somebody uses it to develop a modality or a workstation: a RIS and an archive on the own machine.

The clients are DCMTK's tools and Orthanc. They take a worklist entry, store images for it, ask for commitment, find and
retrieve them; then the simulation is stopped, and judged.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from harness.engine.telling import CONTROL
from tests.products.conftest import DCMTK, Ports, free_port, guide, need, running_orthanc, started

pytestmark = pytest.mark.product

CALLERS = {"findscu": "CT1", "storescu": "CT1"}
"""Who calls with one of DCMTK's tools, where it is not the viewer."""
FILLER, ARCHIVE = "SWF_ORDER_FILLER", "SWF_IMAG_MANA"
ASKED = (
    *("PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex", "AccessionNumber"),
    *("PatientWeight", "PregnancyStatus", "MedicalAlerts", "Allergies", "SpecialNeeds", "PatientState"),
    *("ConfidentialityConstraintOnPatientDataDescription", "ReferringPhysicianName", "AdmissionID"),
    *("CurrentPatientLocation", "ReferencedPatientSequence", "ReferencedStudySequence", "StudyInstanceUID"),
    *("RequestingPhysician", "RequestingService", "RequestedProcedureID", "RequestedProcedureDescription"),
    *("RequestedProcedureCodeSequence", "RequestedProcedurePriority", "PatientTransportArrangements"),
    *("PlacerOrderNumberImagingServiceRequest", "FillerOrderNumberImagingServiceRequest"),
)
OF_STEP = (
    *("ScheduledStationAETitle", "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime", "Modality"),
    *("ScheduledPerformingPhysicianName", "ScheduledProcedureStepDescription", "ScheduledStationName"),
    *("ScheduledProcedureStepLocation", "PreMedication", "ScheduledProcedureStepID", "RequestedContrastAgent"),
    *("ScheduledProtocolCodeSequence", "ScheduledProcedureStepStatus"),
)
"""What a modality asks the worklist for (RAD TF-2: Table 4.5-3)."""


@dataclass
class Laboratory:
    """A running simulation, with a Storage SCP and an Orthanc beside it, and whatever their clients do."""

    folder: Path
    orthanc_http: int
    run: Path = field(init=False)
    filler: int = field(default_factory=free_port)
    archive: int = field(default_factory=free_port)
    receiver: int = field(default_factory=free_port)
    stranger: int = field(default_factory=free_port)
    orthanc: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.run = self.folder / "run"

    def simulate(self, *more: str) -> list[str]:
        """The command that starts the simulation."""
        named = (f"Order Filler={FILLER}:{self.filler}", f"Image Manager={ARCHIVE}:{self.archive}")
        peers = (f"RECEIVER@127.0.0.1:{self.receiver}", f"ORTHANC@127.0.0.1:{self.orthanc}")
        command = [sys.executable, "-m", "harness.cli", "simulate", "Order Filler", "pacs", "--out", str(self.run)]
        command += [word for name in named for word in ("--as", name)]
        command += [word for peer in peers for word in ("--peer", peer)]
        return [*command, "--hl7-port", "0", *more]

    def tell(self, *words: str) -> str:
        """What the simulation says to a command that is told from outside."""
        command = [sys.executable, "-m", "harness.cli", "tell", "--run", str(self.run), *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False).stdout

    def told(self) -> str:
        """What the simulation has printed."""
        return (self.folder / "told.txt").read_text(encoding="utf-8")

    def dcmtk(self, tool: str, *arguments: str, called: str, port: int) -> str:
        """Run one of DCMTK's clients; what it said."""
        command = [str(DCMTK / tool), "-aet", CALLERS.get(tool, "VIEWER"), "-aec", called]
        done = subprocess.run(
            [*command, *_options(arguments), "127.0.0.1", str(port), *_files(arguments)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=self.folder,
        )
        return f"{done.stdout}{done.stderr}"

    def rest(self, method: str, path: str, content: object = None) -> Any:
        """One request to Orthanc."""
        body = content if isinstance(content, bytes) else None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.orthanc_http}{path}", data=body, method=method)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
            said = answer.read()
        return json.loads(said) if said.strip() else None

    # what clients do

    def worklist(self) -> list[Dataset]:
        """The worklist, as findscu takes it."""
        found = self.folder / f"worklist-{time.monotonic_ns()}"
        found.mkdir()
        keys = [*ASKED, *(f"ScheduledProcedureStepSequence[0].{word}" for word in OF_STEP)]
        said = self.dcmtk("findscu", "-W", "-X", "-od", str(found), *_keys(keys), called=FILLER, port=self.filler)
        assert "E: " not in said, said
        return [dcmread(path, force=True) for path in sorted(found.glob("rsp*.dcm"))]

    def examine(self, entry: Dataset, images: int = 2) -> list[Path]:
        """Images for an entry, stored with storescu."""
        paths, series = [], generate_uid(prefix=None)
        for number in range(1, images + 1):
            path = self.folder / f"{series}-{number}.dcm"
            dcmwrite(path, _image(entry, series, number), enforce_file_format=True)
            paths.append(path)
        said = self.dcmtk("storescu", *map(str, paths), called=ARCHIVE, port=self.archive)
        assert "E: " not in said, said
        return paths

    def fetch(self, study: str) -> list[Path]:
        """What getscu retrieves of a study."""
        folder = self.folder / f"got-{study}"
        folder.mkdir(exist_ok=True)
        keys = _keys(("QueryRetrieveLevel=STUDY", f"StudyInstanceUID={study}"))
        said = self.dcmtk("getscu", "-S", "-od", str(folder), *keys, called=ARCHIVE, port=self.archive)
        assert "E: " not in said, said
        return sorted(folder.iterdir())

    def move(self, study: str, destination: str) -> str:
        """What movescu says when a study is to go to a destination."""
        keys = _keys(("QueryRetrieveLevel=STUDY", f"StudyInstanceUID={study}"))
        return self.dcmtk("movescu", "-d", "-S", "-aem", destination, *keys, called=ARCHIVE, port=self.archive)

    def by_orthanc(self, study: str) -> int:
        """Have Orthanc find a study, retrieve it, send it again, and ask for its commitment; how many images it has."""
        where = {"AET": ARCHIVE, "Host": "127.0.0.1", "Port": self.archive}
        self.rest("PUT", "/modalities/simulated", where)
        self.rest("POST", "/modalities/simulated/echo", {})
        query = {"Level": "Study", "Query": {"StudyInstanceUID": study, "PatientID": "", "PatientName": ""}}
        found = self.rest("POST", "/modalities/simulated/query", query)["ID"]
        self.rest("POST", f"/queries/{found}/retrieve", {"TargetAet": "ORTHANC", "Synchronous": True})
        search = {"Level": "Instance", "Query": {"StudyInstanceUID": study}}
        instances: list[str] = self.rest("POST", "/tools/find", search)
        self.rest("POST", "/modalities/simulated/store", {"Resources": instances, "Synchronous": True})
        asked = self.rest("POST", "/modalities/simulated/storage-commitment", {"Resources": instances})
        deadline = time.monotonic() + 30
        while (report := self.rest("GET", asked["Path"]))["Status"] == "Pending":
            assert time.monotonic() < deadline, "no commitment report came"
        assert report["Status"] == "Success", report
        return len(instances)


def _options(arguments: Sequence[str]) -> list[str]:
    return [one for one in arguments if not one.endswith(".dcm")]


def _files(arguments: Sequence[str]) -> list[str]:
    return [one for one in arguments if one.endswith(".dcm")]


def _keys(keys: Sequence[str]) -> list[str]:
    return [word for key in keys for word in ("-k", key)]


def _image(entry: Dataset, series: str, number: int) -> Dataset:
    """A CT image for a worklist entry, as small as it may be."""
    step, image = entry.ScheduledProcedureStepSequence[0], Dataset()
    for keyword in ("SpecificCharacterSet", "PatientName", "PatientID", "PatientBirthDate", "PatientSex"):
        if keyword in entry:
            image[keyword] = entry[keyword]
    for keyword in ("AccessionNumber", "ReferringPhysicianName", "StudyInstanceUID"):
        image[keyword] = entry[keyword]
    image.SOPClassUID, image.SOPInstanceUID = CTImageStorage, generate_uid(prefix=None)
    image.SeriesInstanceUID, image.FrameOfReferenceUID = series, series
    image.StudyDate = image.SeriesDate = image.AcquisitionDate = image.ContentDate = (
        step.ScheduledProcedureStepStartDate
    )
    image.StudyTime = image.SeriesTime = image.AcquisitionTime = image.ContentTime = (
        step.ScheduledProcedureStepStartTime
    )
    request, codes = Dataset(), step.get("ScheduledProtocolCodeSequence")
    request.RequestedProcedureID = entry.RequestedProcedureID
    request.RequestedProcedureDescription = entry.RequestedProcedureDescription
    request.ScheduledProcedureStepID = step.ScheduledProcedureStepID
    request.ScheduledProcedureStepDescription = step.ScheduledProcedureStepDescription
    request.ScheduledProtocolCodeSequence = list(codes or ())
    image.RequestAttributesSequence = [request]
    image.ProcedureCodeSequence = list(entry.RequestedProcedureCodeSequence)
    image.StudyID, image.SeriesNumber, image.InstanceNumber, image.AcquisitionNumber = "1", 1, number, 1
    image.Modality, image.Manufacturer, image.ImageType = "CT", "Test", ["ORIGINAL", "PRIMARY", "AXIAL"]
    image.PositionReferenceIndicator, image.KVP, image.PatientPosition = "", "120", "HFS"
    image.PixelSpacing, image.ImageOrientationPatient = ["1", "1"], ["1", "0", "0", "0", "1", "0"]
    image.ImagePositionPatient, image.SliceThickness = ["0", "0", str(number)], "1"
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.Rows = image.Columns = 64
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 12, 11, 0
    image.RescaleIntercept, image.RescaleSlope = "-1024", "1"
    image.PixelData = bytes(64 * 64 * 2)
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.file_meta.MediaStorageSOPClassUID = CTImageStorage
    image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
    return image


@pytest.fixture
def laboratory(tmp_path: Path) -> Iterator[Laboratory]:
    """Orthanc and storescp, running; the simulation is started by the test."""
    need(DCMTK / "findscu", DCMTK / "storescu", DCMTK / "movescu", DCMTK / "getscu", DCMTK / "storescp")
    (tmp_path / "received").mkdir()
    (tmp_path / "orthanc").mkdir()
    made = Laboratory(tmp_path, free_port())
    settings = json.loads(guide("Orthanc, driven", "json"))
    peers = {"simulated": [ARCHIVE, "127.0.0.1", made.archive]}
    ports = Ports(orthanc=made.orthanc)
    command = [str(DCMTK / "storescp"), "-aet", "RECEIVER", "-od", "received", str(made.receiver)]
    with (
        running_orthanc(
            ports, tmp_path / "orthanc", **{**settings, "HttpPort": made.orthanc_http, "DicomModalities": peers}
        ),
        started(command, made.receiver, tmp_path),
    ):
        yield made


def a_round(laboratory: Laboratory, entry: Dataset) -> None:
    """What a developer's clients do with one entry of the worklist."""
    for called, port in ((FILLER, laboratory.filler), (ARCHIVE, laboratory.archive)):
        assert "E: " not in laboratory.dcmtk("echoscu", called=called, port=port)
    stored = laboratory.examine(entry)
    study = str(entry.StudyInstanceUID)
    fetched = laboratory.fetch(study)
    assert set(_contents(stored)) <= set(_contents(fetched))
    moved = laboratory.move(study, "RECEIVER")
    assert "Success" in moved, moved
    assert set(_contents(fetched)) <= set(_contents(tuple((laboratory.folder / "received").iterdir())))
    assert laboratory.by_orthanc(study) == len(fetched)


def _contents(paths: Sequence[Path]) -> list[str]:
    """The data sets of files, however the items of their sequences are delimited."""
    return [json.dumps(dcmread(path).to_json_dict(), sort_keys=True) for path in paths]


@contextmanager
def simulating(laboratory: Laboratory, *more: str) -> Iterator[subprocess.Popen[bytes]]:
    """The simulation, once it can be told something."""
    with (laboratory.folder / "told.txt").open("wb") as output:
        process = subprocess.Popen(laboratory.simulate(*more), stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + 60
        while not (laboratory.run / CONTROL).exists():
            assert process.poll() is None, laboratory.told()
            assert time.monotonic() < deadline, laboratory.told()
        yield process
    finally:
        process.kill()
        process.wait()


def test_ris_and_archive_serve_the_clients_of_dcmtk_and_orthanc(laboratory: Laboratory) -> None:
    with simulating(laboratory, "--worklist", "4", "--seed", "3") as process:
        entries = laboratory.worklist()
        assert len({entry.PatientID for entry in entries}) == 4
        entry = entries[0]
        a_round(laboratory, entry)
        refused = laboratory.move(str(entry.StudyInstanceUID), "STRANGER")
        assert "0xa801" in refused.casefold(), refused
        assert "STRANGER" in laboratory.tell("peer", f"STRANGER@127.0.0.1:{laboratory.stranger}")
        assert "accepted" in laboratory.tell("order", "outpatient-mr-brain")
        assert len(laboratory.worklist()) > len(entries)
        assert laboratory.tell("stop") == "ending\n"
        process.wait(120)
    run = json.loads((laboratory.run / "run.json").read_text(encoding="utf-8"))
    told = laboratory.told()
    assert "error" not in {result["verdict"] for result in run["plays"]}, told
    claimed = set(re.findall(r"^  (\w+): tested against SWF", told, re.MULTILINE))
    assert {"CT1", "VIEWER", "ORTHANC"} <= claimed, told
    assert "A801" in told
