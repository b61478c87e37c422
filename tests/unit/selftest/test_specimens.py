"""Specimens as written: what they become, and every fault at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import checks
from harness.dicom.encoding import decode_payload
from harness.errors import SourceError
from harness.hl7 import Message
from harness.model.profile import Service
from harness.profiles import knowledge
from harness.selftest.recordings import of_specimens
from harness.selftest.specimens import load_specimen, shipped_specimens

GOOD = """\
id: good
title: One of each
form: "2.5.1"
exchanges:
  - transaction: RAD-1
    leg: to-order-placer
    request: |
      MSH|^~\\&|ADT|SWF|OP|SWF|20240102101500||ADT^A04^ADT_A01|C1|P|2.5.1
      PID|1||P1001^^^SWF^PI||LINDGREN^ASTA
    answer: AA
  - transaction: RAD-6
    leg: to-pps-manager
    step: started
    service: N-CREATE
    sop_class: ModalityPerformedProcedureStep
    sop_instance: 1.2.3.4.6
    dataset:
      PatientName:
      ImageType: [ORIGINAL, PRIMARY]
      ScheduledStepAttributesSequence: [{StudyInstanceUID: 1.2.3}, {StudyInstanceUID: 1.2.4}]
      ReferencedPatientSequence: []
    responses: [{status: "0110", fields: {ErrorID: "42768"}}]
"""


def written(folder: Path, text: str, name: str = "good") -> Path:
    path = folder / f"{name}.specimen.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_hl7_exchange(tmp_path: Path) -> None:
    exchange = load_specimen(written(tmp_path, GOOD)).exchanges[0]
    assert exchange.request is not None
    assert exchange.request.count(b"\r") == 2
    assert exchange.answer is not None
    answer = Message.parse(exchange.answer)
    assert (answer.first("MSA-1"), answer.first("MSA-2")) == ("AA", "C1")


def test_a_dimse_exchange(tmp_path: Path) -> None:
    exchange = load_specimen(written(tmp_path, GOOD)).exchanges[1]
    assert exchange.command is not None
    assert (exchange.command.service, exchange.command.sop_instance) == (Service.N_CREATE, "1.2.3.4.6")
    assert exchange.request is not None
    dataset = decode_payload(exchange.request)
    assert dataset is not None
    assert dataset["PatientName"].is_empty
    assert list(dataset.ImageType) == ["ORIGINAL", "PRIMARY"]
    assert [item.StudyInstanceUID for item in dataset.ScheduledStepAttributesSequence] == ["1.2.3", "1.2.4"]
    assert len(dataset.ReferencedPatientSequence) == 0
    assert [one.command.status for one in exchange.responses] == [0x0110]
    assert exchange.responses[0].command.fields == {"ErrorID": "42768"}
    assert not exchange.illegal


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("id: good", "id: other", ":1:5: `other` is not the name of the file"),
        ("    leg: to-pps", "    log: to-pps", ":12:5: unknown key `log`; did you mean `leg`?"),
        ("    service: N-CREATE\n", "", "an exchange has an HL7 `request` or a DIMSE `service`"),
        ("N-CREATE", "N-CREATES", "did you mean `N-CREATE`?"),
        ("ModalityPerformedProcedureStep\n", "ModalityPerformedStep\n", "no UID has the keyword"),
        ("PatientName:", "PatientsName:", "did you mean PatientName?"),
        ("{StudyInstanceUID: 1.2.4}", "1.2.4", "an item of ScheduledStepAttributesSequence is a mapping"),
        ("[ORIGINAL, PRIMARY]", "{CodeValue: X}", "ImageType takes a value or a list of values"),
        ('"0110"', '"refused"', "`refused` is not a status in hexadecimal"),
    ],
)
def test_a_fault_is_told_with_its_place(tmp_path: Path, old: str, new: str, text: str) -> None:
    assert old in GOOD
    with pytest.raises(SourceError) as raised:
        load_specimen(written(tmp_path, GOOD.replace(old, new, 1)))
    assert text in str(raised.value)


def test_the_shipped_specimens_are_faultless() -> None:
    checks.load()
    bases, refused = of_specimens(shipped_specimens(), knowledge())
    assert refused == ()
    assert len(bases) == len(shipped_specimens()) > 0


def test_a_specimen_with_a_fault_is_no_base(tmp_path: Path) -> None:
    checks.load()
    bases, refused = of_specimens([load_specimen(written(tmp_path, GOOD))], knowledge())
    assert bases == ()
    assert any(reason.startswith("rad-1.adt-a04-2.5.1/") for reason in refused[0].reasons)


REFUSED = """\
id: refused
title: A message of a type that the receiver does not know
form: "2.5.1"
exchanges:
  - transaction: RAD-1
    leg: to-order-placer
    illegal: true
    request: |
      MSH|^~\\&|ADT|SWF|OP|SWF|20240102101500||ADT^A31^ADT_A05|C1|P|2.5.1
      EVN||20240102101500
    answer: |
      MSH|^~\\&|OP|SWF|ADT|SWF|20240102101501||ACK^A31^ACK|C2|P|2.5.1
      MSA|AR|C1
      ERR|||201^Unsupported event code^HL70357|E
"""


def test_an_illegal_request_is_meant_and_its_answer_is_judged(tmp_path: Path) -> None:
    checks.load()
    bases, refused = of_specimens([load_specimen(written(tmp_path, REFUSED, "refused"))], knowledge())
    assert (len(bases), refused) == (1, ())
    (step,) = bases[0].view.play.steps
    assert step.step.illegal
    accused = REFUSED.replace("MSA|AR|", "MSA|AE|").replace("id: refused", "id: accused")
    bases, refused = of_specimens([load_specimen(written(tmp_path, accused, "accused"))], knowledge())
    assert bases == ()
    assert [reason.partition(":")[0] for reason in refused[0].reasons] == ["rad-1.to-order-placer/ack-unknown-type"]
    meant = REFUSED.replace("    illegal: true\n", "").replace("id: refused", "id: meant")
    bases, refused = of_specimens([load_specimen(written(tmp_path, meant, "meant"))], knowledge())
    assert "rad-1.to-order-placer/message-type" in [reason.partition(":")[0] for reason in refused[0].reasons]
