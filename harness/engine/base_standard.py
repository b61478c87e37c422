"""What the base standards alone say of a message or file: what may be said of one that is of no known transaction.

HL7: it can be read, MSH and MSA have what the standard requires, the segments follow the message structure. DICOM: the
bytes are a data set, and the file names the object that it holds. Everything here holds of any message whatever.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.hl7_answer import error_codes
from harness.dicom.paths import first
from harness.dicom.uids import is_uid
from harness.engine.loose_reading import Found
from harness.hl7 import Message, field_definition, structure_faults, table_codes
from harness.hl7.grammar import StructureFaultKind
from harness.hl7.standard import has_structure, table_version
from harness.model.finding import Evidence, Finding
from harness.model.names import ActorName, CheckName, ExchangeId, RequirementId, TransactionId
from harness.model.profile import Citation, Requirement
from harness.model.verdict import Confidence, Outcome, Strength

CHECK = CheckName("base-standard")
SENDER = ActorName("sender")

_HEADER_FIELDS = (9, 10, 11, 12)
"""Message Type, Message Control ID, Processing ID, Version ID: required in every version."""

Decided = tuple[Finding, Requirement]


def hl7_findings(message: Message) -> Iterator[Decided]:
    """Reading, header and structure of any HL7 message."""
    version = table_version(message.version)
    citation = Citation(f"HL7 v{version}", Confidence.VERIFIED, "hl7apy")
    faults = message.faults
    readable = _requirement("hl7/readable", "A message can be read: header, separators, segment names", citation)
    for fault in faults:
        if not _of_line_ends(fault.text):
            yield _decided(readable, "", "a readable message", f"offset {fault.offset}: {fault.text}")
    if not faults:
        yield _decided(readable, "MSH")
    header = _requirement("hl7/header", "MSH names type, control ID, processing ID and version", citation)
    for number in _HEADER_FIELDS:
        definition = field_definition("MSH", number, version)
        path = f"MSH-{number}"
        if definition is not None and definition.required:
            yield _decided(header, path, *(() if message.has(path) else ("a value", "absent")))
    if message.has("MSA"):
        yield from _acknowledgement(message, version, citation)
    yield from _structure(message, version, citation)


def _acknowledgement(message: Message, version: str, citation: Citation) -> Iterator[Decided]:
    """What any answer says: a code, the message that is answered, and errors by the codes of their tables."""
    told = _requirement(
        "hl7/acknowledgement", "MSA-1 is a code of table 0008, MSA-2 the control ID of the message answered", citation
    )
    code, codes = message.first("MSA-1").strip(), table_codes("0008", version)
    yield _decided(told, "MSA-1", *(() if code in codes else (" | ".join(codes), code or "absent")))
    yield _decided(told, "MSA-2", *(() if message.has("MSA-2") else ("a value", "absent")))
    _, outcome, expected, received = error_codes(message)
    if outcome is not Outcome.NOT_APPLICABLE:
        errors = _requirement("hl7/error", "ERR-3 is from table 0357 and ERR-4 is E, W or I", citation)
        yield _decided(errors, "ERR", *((expected, received) if outcome is Outcome.VIOLATED else ()))


def _of_line_ends(text: str) -> bool:
    return "CR LF" in text or "line feed" in text or "has no end" in text


def _structure(message: Message, version: str, citation: Citation) -> Iterator[Decided]:
    kind, event = message.first("MSH-9.1"), message.first("MSH-9.2")
    names = [name for name in (message.structure, f"{kind}_{event}", kind) if name and has_structure(name, version)]
    if not names:
        return
    requirement = _requirement("hl7/structure", "The segments follow the message structure", citation)
    faults = [one for one in structure_faults(message, names[0], version) if one.kind is not StructureFaultKind.FOREIGN]
    for fault in faults:
        yield _decided(requirement, fault.segment, names[0], fault.text)
    if not faults:
        yield _decided(requirement, "MSH-9", names[0])


def dicom_findings(found: Found) -> Iterator[Decided]:
    """The bytes of a data set, and what a file says of the object in it."""
    whole = _requirement(
        "dicom/readable", "The bytes are a data set from end to end", Citation("PS3.5 7", Confidence.VERIFIED, "DICOM")
    )
    for offset, text in found.faults:
        yield _decided(whole, "", "a data set that can be read", f"offset {offset}: {text}")
    if not found.faults:
        yield _decided(whole, "")
    dataset, meta = found.loose.dataset, found.meta
    if dataset is None or meta is None:
        return
    uid = _requirement("dicom/uid", "A UID has the form of one", Citation("PS3.5 9.1", Confidence.VERIFIED, "DICOM"))
    for keyword in ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        value = first(dataset, keyword).strip("\0 ")
        if value and "\\" not in value:
            yield _decided(uid, keyword, *(() if is_uid(value) else ("a UID", value)))


def _requirement(name: str, text: str, citation: Citation) -> Requirement:
    return Requirement(
        id=RequirementId(f"base/{name}"),
        text=text,
        citation=citation,
        strength=Strength.SHALL,
        actor=SENDER,
        transaction=TransactionId(""),
        check=CHECK,
    )


def _decided(requirement: Requirement, path: str, expected: str = "", received: str = "") -> Decided:
    finding = Finding(
        check=CHECK,
        requirement=requirement.id,
        outcome=Outcome.VIOLATED if received else Outcome.MET,
        actor=SENDER,
        expected=expected,
        received=received,
        evidence=Evidence(exchange=ExchangeId(1), path=path),
    )
    return finding, requirement
