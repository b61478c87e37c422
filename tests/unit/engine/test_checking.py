"""Files judged without a run: what they are taken for, what is wrong with them, and nothing for what is not there."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from harness import checks
from harness.dicom.encoding import encode, wrap_payload
from harness.dicom.uids import uid_of
from harness.engine.checking import Checking, named_leg
from harness.engine.judging import Strictness
from harness.engine.loose_files import LARGEST, NamedFile, files_of
from harness.engine.loose_reading import HEAD, is_readable, read_contents
from harness.errors import InputError
from harness.hl7 import Message
from harness.model.checked import CheckedFiles, CheckedMessage
from harness.model.verdict import Verdict
from harness.profiles import knowledge
from harness.selftest.specimens import Specimen, shipped_specimens

checks.load()
KNOWN = knowledge()
SYNTAXES = [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]

ORDER = "\r".join(
    (
        r"MSH|^~\&|OF|SWF|IM|SWF|20240102101500||ORM^O01|OF1|P|2.3.1",
        "PID|||P1001^^^SWF||LINDGREN^ASTA||19580714|F||||||||||ACC77^^^SWF",
        "PV1||O|RADOPD^^^SWF|||||3004^HOLM^PETER",
        "ORC|NW|A1^OP|F1^OF||SC||1^once^^202401021100^^R||20240102101400|||3004^HOLM^PETER|||||RADOPD^Radiology^L",
        "OBR|1|A1^OP|F1^OF|P1^CT chest^99SWF^X1^CT chest plain^99SWF||||||||||||3004^HOLM^PETER||ACC1|RP1|SPS1||||CT"
        "|||1^once^^202401021100^^R|||||||||||||||||P1^CT chest^99SWF",
        "ZDS|1.2.3.4.5^OF^Application^DICOM",
        "",
    )
).encode()
ACK = b"MSH|^~\\&|IM|SWF|OF|SWF|20240102101501||ACK|IM1|P|2.3.1\rMSA|AA|OF1\r"


def dataset(**attributes: object) -> Dataset:
    made = Dataset()
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return made


def code(value: str) -> Dataset:
    return dataset(CodeValue=value, CodingSchemeDesignator="99SWF", CodeMeaning="a meaning")


def started(**changes: object) -> Dataset:
    """An MPPS as N-CREATE sends it."""
    attributes: dict[str, object] = {
        "StudyInstanceUID": "1.2.3.4.5",
        "ReferencedStudySequence": [],
        "AccessionNumber": "ACC1",
        "PlacerOrderNumberImagingServiceRequest": "A1",
        "FillerOrderNumberImagingServiceRequest": "F1",
        "RequestedProcedureID": "RP1",
        "RequestedProcedureDescription": "CT chest",
        "RequestedProcedureCodeSequence": [code("P1")],
        "ScheduledProcedureStepID": "SPS1",
        "ScheduledProcedureStepDescription": "CT chest plain",
        "ScheduledProtocolCodeSequence": [code("X1")],
    }
    step = dataset(**{name: value for name, value in {**attributes, **changes}.items() if value is not None})
    return dataset(
        Modality="CT",
        ProcedureCodeSequence=[code("P1")],
        ReferencedPatientSequence=[],
        PatientName="LINDGREN^ASTA",
        PatientID="P1001",
        PatientBirthDate="19580714",
        PatientSex="F",
        StudyID="RP1",
        PerformedStationAETitle="CT1",
        PerformedStationName="",
        PerformedLocation="",
        PerformedProcedureStepStartDate="20240102",
        PerformedProcedureStepStartTime="110500",
        PerformedProcedureStepID="PPS1",
        PerformedProcedureStepEndDate="",
        PerformedProcedureStepEndTime="",
        PerformedProcedureStepStatus="IN PROGRESS",
        PerformedProcedureStepDescription="CT chest plain",
        PerformedProcedureTypeDescription="",
        PerformedProtocolCodeSequence=[],
        PerformedSeriesSequence=[],
        ScheduledStepAttributesSequence=[step],
    )


def file_of(
    content: Dataset, sop_class: str = "ModalityPerformedProcedureStep", syntax: str = ExplicitVRLittleEndian
) -> bytes:
    return wrap_payload(encode(content, syntax), syntax, uid_of(sop_class), "1.2.3.4.6")


def check(*contents: bytes, named: str = "", together: bool = True, strict: bool = False) -> CheckedFiles:
    checking = Checking(
        knowledge=KNOWN,
        strictness=Strictness(strict=strict),
        named=named_leg(named, KNOWN) if named else None,
        together=together,
    )
    return checking.check(NamedFile(name=f"file-{number}", content=one) for number, one in enumerate(contents))


def only(found: CheckedFiles) -> CheckedMessage:
    (message,) = [message for file in found.files for message in file.messages]
    return message


def broken(found: CheckedFiles) -> set[str]:
    return {
        one.judged.requirement.id
        for file in found.files
        for message in file.messages
        for one in message.findings
        if one.judged.verdict is Verdict.FAIL
    }


# HL7 in files


def test_a_message_without_fault() -> None:
    found = check(ORDER)
    message = only(found)
    assert found.exit_code == 0
    assert message.recognitions[0].name == "RAD-4/to-image-manager"
    assert "ZDS is there" in message.recognitions[0].why
    assert {one.transaction for one in message.recognitions} >= {"RAD-2", "RAD-4"}
    assert message.checks > 30


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_line_ends_of_text_files_are_no_fault(end: bytes) -> None:
    found = check(ORDER.replace(b"\r", end), strict=True)
    assert found.exit_code == 0
    assert bool(found.files[0].notes) is (end != b"\r")


def test_a_message_from_the_wire_is_judged_byte_for_byte() -> None:
    framed = b"\x0b" + ORDER.replace(b"\r", b"\n") + b"\x1c\r"
    assert "rad-4.to-image-manager/segment-end" in broken(check(framed, strict=True))
    assert check(b"\x0b" + ORDER + b"\x1c\r", strict=True).exit_code == 0


def test_the_line_of_a_fault_is_that_of_the_file() -> None:
    found = check(b"\n\n" + ORDER.replace(b"\r", b"\n").replace(b"||SC||", b"||XX||"))
    (wrong,) = [one for one in only(found).findings if one.judged.verdict is Verdict.FAIL]
    assert wrong.judged.requirement.id == "rad-4.orm-o01/ORC-5"
    assert wrong.line == 6
    assert wrong.excerpt is not None
    assert wrong.excerpt.text[wrong.excerpt.start : wrong.excerpt.end] == "XX"


def test_several_messages_of_a_file_and_a_batch() -> None:
    second = ORDER.replace(b"OF1|P", b"OF2|P")
    envelope = b"FHS|^~\\&|A\rBHS|^~\\&|A\r"
    found = check(envelope + ORDER + second + b"BTS|2\rFTS|1\r", together=False)
    assert [message.line for message in found.files[0].messages] == [3, 9]
    assert found.exit_code == 0
    assert any("envelope" in note for note in found.files[0].notes)


def test_an_answer_is_judged_with_its_message() -> None:
    good = check(ORDER, ACK)
    assert good.exit_code == 0
    bad = check(ORDER, ACK.replace(b"|AA|", b"|ZZ|"))
    assert broken(bad) == {"rad-4.to-image-manager/ack-code"}
    assert [file.verdict for file in bad.files] == [Verdict.PASS, Verdict.FAIL]


def test_an_answer_alone_is_judged_by_the_base_standard() -> None:
    message = only(check(ACK))
    assert message.recognitions == ()
    assert "not among the files" in message.note
    assert broken(check(ACK.replace(b"MSA|AA|OF1\r", b""))) == {"base/hl7/structure"}
    assert broken(check(ACK.replace(b"|AA|", b"|ZZ|"))) == {"base/hl7/acknowledgement"}
    assert broken(check(ACK.replace(b"MSA|AA|OF1", b"MSA|AA"))) == {"base/hl7/acknowledgement"}
    assert broken(check(ACK.replace(b"|AA|", b"|CA|"))) == set()


@pytest.mark.parametrize(("error", "fault"), [("101|E", False), ("999|E", True), ("101|X", True), ("X9^^99L|W", False)])
def test_the_errors_of_an_answer_alone(error: str, fault: bool) -> None:
    refused = ACK.replace(b"|AA|", b"|AE|").replace(b"|2.3.1", b"|2.5.1") + f"ERR||PID^1^3|{error}\r".encode()
    assert ("base/hl7/error" in broken(check(refused))) is fault


def test_a_refusal_is_not_held_against_anybody() -> None:
    assert check(ORDER, ACK.replace(b"|AA|", b"|AE|")).exit_code == 0


def test_a_message_of_no_known_transaction() -> None:
    other = b"MSH|^~\\&|A|B|C|D|20240102||MFN^M02^MFN_M02|1|P|2.5.1\rMFI|PRA||UPD|||AL\rMFE|MAD|||1|CWE\rSTF|1\r"
    message = only(check(other))
    assert "not a message of a known transaction" in message.note
    assert "base/hl7/structure" in {one.judged.requirement.id for one in message.findings}
    assert "base/hl7/header" in broken(check(other.replace(b"|1|P|", b"||P|")))


def test_an_order_control_code_of_no_form_is_named() -> None:
    message = only(check(ORDER.replace(b"ORC|NW", b"ORC|QQ")))
    assert any("ORC-1 QQ" in reason for reason in message.recognitions[0].why)


def test_what_it_is_can_be_said() -> None:
    found = check(ORDER, named="RAD-2")
    assert only(found).forced
    assert only(found).recognitions[0].name == "RAD-2/to-order-filler"
    assert "rad-2.orm-o01-nw/ORC-3" in broken(found)


@pytest.mark.parametrize(
    ("text", "said"),
    [("RAD-4711", "no transaction"), ("RAD-4/to-image", "did you mean to-image-manager|it has to-image-manager")],
)
def test_names_that_are_none(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        named_leg(text, KNOWN)


def test_a_message_cannot_be_what_is_carried_otherwise() -> None:
    with pytest.raises(InputError, match="RAD-5, which is carried by DICOM"):
        check(ORDER, named="RAD-5")


# DICOM in files


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_transfer_syntaxes(syntax: str) -> None:
    found = check(file_of(started(), syntax=syntax))
    assert found.exit_code == 0
    assert only(found).recognitions[0].name == "RAD-6/to-pps-manager"


@pytest.mark.parametrize("syntax", SYNTAXES[:3])
def test_a_data_set_without_header(syntax: str) -> None:
    found = check(encode(started(), syntax))
    assert found.exit_code == 0
    assert "without file header" in found.files[0].notes[0]
    assert only(found).recognitions[0].name == "RAD-6/to-pps-manager"


def test_file_meta_without_preamble() -> None:
    assert check(file_of(started())[132:]).exit_code == 0


def test_a_truncated_file_says_where_it_ends() -> None:
    whole = file_of(started())
    found = check(whole[:-9])
    assert broken(found) == {"base/dicom/readable"}
    (wrong,) = [one for one in only(found).findings if one.judged.verdict is Verdict.FAIL]
    offset = int(wrong.judged.finding.received.partition("offset ")[2].partition(":")[0])
    assert 132 < offset < len(whole)


def worklist_entry(**changes: object) -> Dataset:
    step = dataset(
        ScheduledStationAETitle="CT1",
        ScheduledProcedureStepStartDate="20240102",
        ScheduledProcedureStepStartTime="110000",
        Modality="CT",
        ScheduledProcedureStepDescription="CT chest plain",
        ScheduledProtocolCodeSequence=[code("X1")],
        ScheduledProcedureStepID="SPS1",
    )
    entry = dataset(
        AccessionNumber="ACC1",
        PatientName="LINDGREN^ASTA",
        PatientID="P1001",
        StudyInstanceUID="1.2.3.4.5",
        RequestedProcedureDescription="CT chest",
        RequestedProcedureID="RP1",
        ScheduledProcedureStepSequence=[step],
    )
    for keyword, value in changes.items():
        setattr(entry, keyword, value)
    return entry


def test_worklist_entries_are_told_from_queries() -> None:
    answer = only(check(file_of(worklist_entry(), "ModalityWorklistInformationModelFind")))
    assert (answer.recognitions[0].name, answer.recognitions[0].half.value) == ("RAD-5/query", "response")
    empty = dataset(Modality="CT", ScheduledProcedureStepStartDate="20240102", ScheduledProcedureStepID="")
    query = dataset(PatientName="*", PatientID="", StudyInstanceUID="", ScheduledProcedureStepSequence=[empty])
    asked = only(check(file_of(query, "ModalityWorklistInformationModelFind")))
    assert asked.recognitions[0].half.value == "request"


def test_a_worklist_file_is_an_entry_whatever_its_header_says() -> None:
    found = check(file_of(worklist_entry(StudyInstanceUID=""), "1.2.276.0.7230010.3.1.0.1"))
    assert only(found).recognitions[0].name == "RAD-5/query"
    assert "mwl-response/StudyInstanceUID" in broken(found)


def test_mpps_of_both_services() -> None:
    final = dataset(PerformedProcedureStepStatus="COMPLETED", PerformedSeriesSequence=[])
    assert only(check(file_of(final))).recognitions[0].name == "RAD-7/to-pps-manager"
    without = started()
    del without.PerformedProcedureStepID
    assert broken(check(file_of(without))) == {"mpps-n-create/PerformedProcedureStepID"}


def test_commitment_requests_and_reports() -> None:
    item = dataset(ReferencedSOPClassUID=uid_of("CTImageStorage"), ReferencedSOPInstanceUID="1.2.3")
    asked = dataset(TransactionUID="1.2.3.4.7", ReferencedSOPSequence=[item])
    names = [one.name for one in only(check(file_of(asked, "StorageCommitmentPushModel"))).recognitions]
    assert names[0] == "RAD-10/request"
    assert "RAD-10/report" in names
    failed = dataset(
        ReferencedSOPClassUID=uid_of("CTImageStorage"), ReferencedSOPInstanceUID="1.2.3", FailureReason=274
    )
    told = dataset(TransactionUID="1.2.3.4.7", FailedSOPSequence=[failed])
    assert only(check(file_of(told, "StorageCommitmentPushModel"))).recognitions[0].name == "RAD-10/report"


# files of one case


def test_files_of_one_case_are_held_against_each_other() -> None:
    found = check(ORDER, file_of(started()))
    assert found.exit_code == 0
    (case,) = found.cases
    assert (case.patient, len(case.files)) == ("P1001", 2)
    assert case.checks > 5


def test_a_contradiction_is_told_and_not_without_the_other_file() -> None:
    wrong = file_of(started(AccessionNumber="ACC9"))
    assert broken(check(wrong)) == set()
    assert broken(check(ORDER, wrong, together=False)) == set()
    found = check(wrong, ORDER)
    told = [
        one.judged
        for file in found.files
        for message in file.messages
        for one in message.findings
        if one.judged.verdict is Verdict.INCONCLUSIVE
    ]
    assert told
    assert all(one.requirement.id.startswith("consistency/accession-number") for one in told)
    assert {one.finding.received for one in told} == {"ACC9, unless it was changed in between"}
    assert found.exit_code == 2


def test_an_order_that_is_not_among_the_files_is_no_contradiction() -> None:
    other = {
        "AccessionNumber": "ACC2",
        "PlacerOrderNumberImagingServiceRequest": "A2",
        "FillerOrderNumberImagingServiceRequest": "F2",
        "RequestedProcedureID": "RP2",
        "ScheduledProcedureStepID": "SPS2",
    }
    group = started()
    group.ScheduledStepAttributesSequence.append(started(**other).ScheduledStepAttributesSequence[0])
    assert broken(check(ORDER, file_of(group))) == set()


def test_another_step_of_the_procedure_is_no_contradiction() -> None:
    entry = file_of(worklist_entry(), "ModalityWorklistInformationModelFind")
    assert broken(check(entry, file_of(started(ScheduledProcedureStepID="SPS2")))) == set()


def test_two_patients_are_two_cases() -> None:
    other = ORDER.replace(b"P1001", b"P2").replace(b"1.2.3.4.5", b"1.2.9").replace(b"OF1|P", b"OF2|P")
    changed = other.replace(b"LINDGREN", b"OAKES")
    assert check(ORDER, changed).exit_code == 0
    assert check(ORDER, changed).cases == ()


# whatever the bytes


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 4096,
        bytes(range(256)) * 40,
        b"MSH",
        b"MSH|",
        b"MSH|^~\\&|\x1b[2J\x07|\xff\xfe",
        b"\x0bMSH|^~\\&|A",
        b"\x0b\x1c\r" * 100,
        b"FHS|^~\\&|A\rBHS|\r",
        bytes(128) + b"DICM",
        bytes(128) + b"DICM" + b"\2\0\0\0UL\4\0\xff\xff\xff\xff",
        b"\x08\0\5\0CS\xff\xff" + b"A" * 20,
        b"\x08\0\x05\0\xff\xff\xff\xff" * 2000,
        b"{" * 5000,
    ],
)
def test_any_bytes_end_in_a_result(content: bytes) -> None:
    found = check(content)
    assert found.exit_code in (1, 2, 3)
    for file in found.files:
        assert all(one.why for one in file.unread)


def nested(depth: int) -> bytes:
    content = b"\x40\0\0\1SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\0\xe0\xff\xff\xff\xff"
    return b"\x08\0\x60\0CS\2\0CT" + content * depth


def test_deep_nesting_is_told_with_its_offset() -> None:
    syntax = ExplicitVRLittleEndian
    found = check(wrap_payload(nested(3000), syntax, uid_of("CTImageStorage"), "1.2.3"))
    said = [one.why for one in found.files[0].unread] + [
        one.judged.finding.received for message in found.files[0].messages for one in message.findings
    ]
    assert any("nested deeper than" in text for text in said)
    assert found.exit_code != 0


def test_hl7_of_every_kind_stays_as_it_was() -> None:
    (found,) = read_contents(ORDER).messages
    assert found.loose.message == Message.parse(ORDER)


# finding files


def found_in(*paths: str, stdin: bytes = b"") -> list[NamedFile]:
    return list(files_of(paths, io.BytesIO(stdin), is_readable, HEAD))


def test_folders_are_walked_and_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "order.hl7").write_bytes(ORDER)
    (tmp_path / "a.txt").write_text("hello")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "link.hl7").symlink_to(tmp_path / "b" / "order.hl7")
    files = found_in(str(tmp_path))
    assert [Path(file.name).name for file in files] == ["a.txt", "order.hl7"]
    assert not any(file.named for file in files)


def test_a_large_file_that_is_nothing_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    (found,) = found_in(str(tmp_path / "sparse"))
    assert found.content is not None
    assert len(found.content) <= HEAD


def test_a_file_beyond_the_limit_is_told(tmp_path: Path) -> None:
    with (tmp_path / "huge.hl7").open("wb") as file:
        file.write(ORDER)
        file.truncate(LARGEST + 1)
    (found,) = found_in(str(tmp_path / "huge.hl7"))
    assert found.content is None
    assert str(LARGEST) in found.why


def test_standard_input_and_paths_that_are_none() -> None:
    (found,) = found_in("-", stdin=ORDER)
    assert (found.name, found.content) == ("standard input", ORDER)
    with pytest.raises(InputError, match="does not exist"):
        found_in("/nowhere/at all")


def test_a_folder_with_nothing_in_it_judges_nothing() -> None:
    made: Callable[[], CheckedFiles] = check
    assert made().exit_code == 2


def image(**changes: object) -> Dataset:
    made = dataset(
        SOPClassUID=uid_of("SecondaryCaptureImageStorage"),
        SOPInstanceUID="1.2.3.4.6",
        StudyInstanceUID="1.2.3.4.5",
        SeriesInstanceUID="1.2.3.4.5.1",
        PatientID="P1001",
        Modality="OT",
    )
    for keyword, value in changes.items():
        setattr(made, keyword, value)
    return made


def test_a_derived_image_is_of_an_evidence_creator() -> None:
    kind = "SecondaryCaptureImageStorage"
    assert only(check(file_of(image(), kind))).recognitions[0].transaction == "RAD-8"
    derived = image(ImageType=["DERIVED", "SECONDARY"])
    assert only(check(file_of(derived, kind))).recognitions[0].transaction == "RAD-18"


def test_an_image_of_a_step_that_is_not_among_the_files_is_no_contradiction() -> None:
    step = dataset(
        ReferencedSOPClassUID=uid_of("ModalityPerformedProcedureStep"), ReferencedSOPInstanceUID="1.2.3.4.99"
    )
    other = image(ReferencedPerformedProcedureStepSequence=[step], PerformedProcedureStepID="PPS9")
    found = check(file_of(started()), file_of(other, "SecondaryCaptureImageStorage"))
    together = {
        one.judged.requirement.id
        for file in found.files
        for message in file.messages
        for one in message.findings
        if one.together and one.judged.verdict is Verdict.FAIL
    }
    assert together == set()


def test_what_an_earlier_set_may_have_set_is_open() -> None:
    series = dataset(
        PerformingPhysicianName="",
        ProtocolName="CT",
        OperatorsName="",
        SeriesInstanceUID="1.2.3.4.5.1",
        SeriesDescription="",
        RetrieveAETitle="",
        ReferencedImageSequence=[
            dataset(ReferencedSOPClassUID=uid_of("CTImageStorage"), ReferencedSOPInstanceUID="1.2.3.4.5.1.1")
        ],
        ReferencedNonImageCompositeSOPInstanceSequence=[],
    )
    final = dataset(
        PerformedProcedureStepStatus="COMPLETED",
        PerformedProcedureStepEndDate="20240102",
        PerformedProcedureStepEndTime="111500",
    )
    earlier = dataset(PerformedSeriesSequence=[series], PerformedProtocolCodeSequence=[code("X1")])
    assert check(file_of(final)).exit_code == 2
    assert check(file_of(earlier), file_of(final)).exit_code == 0


@pytest.mark.parametrize("specimen", shipped_specimens(), ids=lambda specimen: specimen.id)
def test_nothing_is_wrong_with_the_messages_of_a_legal_recording(specimen: Specimen) -> None:
    """Whichever of them are among the files, and whoever sent them."""
    contents: list[bytes] = []
    for exchange in specimen.exchanges:
        if exchange.illegal:
            continue
        answers = (exchange.answer, *(response.content for response in exchange.responses))
        contents += [one for one in (exchange.request, *answers) if one is not None]
    for chosen in (contents, contents[::2], contents[1::2], contents[::3]):
        found = check(*chosen)
        wrong = [
            (one.judged.requirement.id, one.judged.finding.expected, one.judged.finding.received)
            for file in found.files
            for message in file.messages
            for one in message.findings
            if one.judged.verdict is Verdict.FAIL
        ]
        assert wrong == []
