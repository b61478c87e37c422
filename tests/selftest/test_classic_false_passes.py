"""Faults that testers of this field have let pass: each fails on the right requirement, against the right actor."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydicom.dataset import Dataset

from harness.checks import load
from harness.dicom import edit as attributes
from harness.dicom.encoding import decode_payload, encode, quiet, unwrap_payload, wrap_payload
from harness.engine.judging import judge
from harness.engine.unscripted import UnscriptedExchange, UnscriptedResponse, unscripted_play
from harness.hl7 import edit as fields
from harness.model.transcript import Capture
from harness.model.verdict import Verdict
from harness.profiles import knowledge
from harness.selftest.specimens import shipped_specimens

Exchanges = tuple[UnscriptedExchange, ...]
Change = Callable[[Any], Any]
Fails = set[tuple[str, str]]

MODALITY, FILLER, PLACER, MANAGER = "Modality", "Order Filler", "Order Placer", "PPS Manager"
STEPS, REQUESTS = "ScheduledStepAttributesSequence", "RequestAttributesSequence"
CODE = "ScheduledProtocolCodeSequence[0].CodeValue"
ENTRY_CODE = f"ScheduledProcedureStepSequence[0].{CODE}"
PLACEHOLDER = "$ACCESSION_NUMBER$"


def value(path: str, text: str) -> Change:
    """Give an attribute another value."""
    return lambda dataset: attributes.set_value(dataset, path, text)


def without(path: str) -> Change:
    """Take an attribute or item out."""
    return lambda dataset: attributes.remove(dataset, path)


def field(path: str, text: str) -> Change:
    """Give an HL7 field another value."""
    return lambda message: fields.set_value(message, path, text)


def gone(_: Any) -> None:
    """Take the message out."""


def _specimen_tool(name: str) -> ModuleType:
    full = f"classic_{name}"
    if full not in sys.modules:
        path = Path(__file__).parent.parent / "specimens" / f"{name}.py"
        spec = importlib.util.spec_from_file_location(full, path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[full] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[full])
    return sys.modules[full]


@dataclass(frozen=True)
class Recorded:
    """One exchange with its place in the recording."""

    seq: int
    exchange: UnscriptedExchange


def workflow(changes: Mapping[str, Change]) -> Exchanges:
    """The faultless workflow with changes, as exchanges in order."""
    builder, baseline = _specimen_tool("builder"), _specimen_tool("workflow")
    recording = baseline.Workflow(builder, knowledge(), "2.5.1", changes).record()
    found = [_recorded(leg, view) for leg in recording.legs for view in leg.exchanges]
    return tuple(one.exchange for one in sorted(found, key=lambda one: one.seq))


def _recorded(leg: Any, view: Any) -> Recorded:
    exchange = view.exchange

    def content(capture: Capture) -> bytes | None:
        return view.read(capture.payload) if capture.payload is not None else None

    command = exchange.request.command
    answer = content(exchange.responses[0]) if command is None and exchange.responses else None
    responses = [UnscriptedResponse(command=one.command, content=content(one)) for one in exchange.responses if command]
    made = UnscriptedExchange(
        transaction=leg.transaction,
        leg=leg.leg,
        step=leg.step.id,
        request=content(exchange.request),
        answer=answer,
        command=command,
        responses=tuple(responses),
    )
    return Recorded(exchange.request.seq, made)


def specimen(name: str) -> Exchanges:
    """The exchanges of a shipped specimen."""
    return next(one for one in shipped_specimens() if one.id == name).exchanges


def fails(exchanges: Sequence[UnscriptedExchange]) -> Fails:
    """The requirements that a system fails, each with the actor that is charged."""
    load()
    plan, transcript, read = unscripted_play(exchanges, knowledge())
    run = judge(plan, transcript, read, knowledge())
    legs = [leg for play in run.plays for step in play.steps for leg in step.legs]
    judged = [one for leg in legs for one in leg.findings]
    return {(one.requirement.id, one.finding.actor) for one in judged if one.verdict is Verdict.FAIL}


def dataset_of(exchange: UnscriptedExchange) -> Dataset:
    assert exchange.request is not None
    dataset = decode_payload(exchange.request)
    assert dataset is not None
    return dataset


def carrying(exchange: UnscriptedExchange, dataset: Dataset, instance: str = "") -> UnscriptedExchange:
    """The exchange with another data set, perhaps about another instance."""
    assert exchange.request is not None
    assert exchange.command is not None
    command = replace(exchange.command, sop_instance=instance or exchange.command.sop_instance)
    _, syntax = unwrap_payload(exchange.request)
    content = wrap_payload(encode(dataset, syntax), syntax, command.sop_class, command.sop_instance)
    said = [replace(one, command=replace(one.command, sop_instance=command.sop_instance)) for one in exchange.responses]
    return replace(exchange, request=content, command=command, responses=tuple(said))


def amended(exchanges: Exchanges, transaction: str, *changes: Change, instance: str = "") -> Exchanges:
    """The exchanges with every request of a transaction (about an instance) changed, on all its hops."""
    found = []
    for one in exchanges:
        named = one.command.sop_instance if one.command is not None else ""
        if one.transaction == transaction and instance in ("", named):
            dataset = dataset_of(one)
            for change in changes:
                dataset = change(dataset)
            one = carrying(one, dataset)
        found.append(one)
    return tuple(found)


def with_step(identifier: str, code: str) -> Change:
    """One scheduled step more, behind the second."""

    def change(dataset: Dataset) -> Dataset:
        more = attributes.duplicate(dataset, f"{STEPS}[1]")
        more = attributes.set_value(more, f"{STEPS}[2].ScheduledProcedureStepID", identifier)
        return attributes.set_value(more, f"{STEPS}[2].{CODE}", code)

    return change


def test_nothing_fails_in_the_baselines() -> None:
    assert fails(workflow({})) == set()
    assert fails(specimen("rad-6.group")) == set()
    assert fails(specimen("rad-6.append")) == set()


def on_every_hop(names: Sequence[str], *paths: str, text: str) -> dict[str, Change]:
    """The same wrong value in several messages: whoever got it copied it faithfully."""
    return {name: value(path, text) for name, path in zip(names, paths, strict=True)}


FAITHFUL = ("entry", "started", "image.1", "image.2")
IMAGE_CODE = f"{REQUESTS}[0].{CODE}"
WORKFLOW: list[tuple[str, dict[str, Change], Fails]] = [
    (
        "a worklist answer with the wrong protocol code",
        on_every_hop(FAITHFUL, ENTRY_CODE, f"{STEPS}[0].{CODE}", IMAGE_CODE, IMAGE_CODE, text="XX"),
        {("consistency/scheduled-protocol-code.rad-4-to-rad-5", FILLER)},
    ),
    (
        "a worklist answer with the wrong patient ID",
        on_every_hop(FAITHFUL, *["PatientID"] * 4, text="P9"),
        {("consistency/patient-id.rad-4-to-rad-5", FILLER), ("rad-5.query/matches-key", FILLER)},
    ),
    (
        "a wrong Study Instance UID in the second image",
        {"image.2": value("StudyInstanceUID", "9.9.9"), "copy.2": gone},
        {("consistency/study-instance-uid.rad-6-to-rad-8", MODALITY)},
    ),
    (
        "no request attributes in the second image",
        {"image.2": without(REQUESTS)},
        {
            (f"consistency/{name}.rad-6-to-rad-8", MODALITY)
            for name in (
                "requested-procedure-id",
                "scheduled-procedure-step-id",
                "scheduled-procedure-step-description",
                "scheduled-protocol-code",
            )
        },
    ),
    ("OBR-2 differs from ORC-2", {"order": field("OBR-2.1", "A2")}, {("rad-2.omg-o19-nw/OBR-2.1", PLACER)}),
    ("a wrong MSA-2", {"order.ack": field("MSA-2", "OTHER")}, {("rad-2.to-order-filler/ack-echo", FILLER)}),
    (
        "a placeholder that was never filled in",
        on_every_hop(
            FAITHFUL,
            "AccessionNumber",
            f"{STEPS}[0].AccessionNumber",
            "AccessionNumber",
            "AccessionNumber",
            text=PLACEHOLDER,
        ),
        {("consistency/accession-number.rad-4-to-rad-5", FILLER)},
    ),
]


@pytest.mark.parametrize(("changes", "expected"), [case[1:] for case in WORKFLOW], ids=[case[0] for case in WORKFLOW])
def test_one_fault_in_the_workflow(changes: dict[str, Change], expected: Fails) -> None:
    with quiet():
        assert fails(workflow(changes)) == expected


def test_a_placeholder_from_the_order_on() -> None:
    with quiet():
        faults = on_every_hop(
            FAITHFUL,
            "AccessionNumber",
            f"{STEPS}[0].AccessionNumber",
            "AccessionNumber",
            "AccessionNumber",
            text=PLACEHOLDER,
        )
        found = fails(workflow({**faults, "scheduled": field("IPC-1.1", PLACEHOLDER)}))
        assert found == {("rad-4.omi-o23/IPC-1.1", FILLER)}


GROUP: list[tuple[str, tuple[Change, ...], Fails]] = [
    (
        "a group MPPS with one item missing",
        (without(f"{STEPS}[1]"),),
        {
            ("consistency/scheduled-procedure-step-id.rad-6-to-rad-8", MODALITY),
            ("consistency/scheduled-protocol-code.rad-6-to-rad-8", MODALITY),
        },
    ),
    (
        "a group MPPS with one item too many",
        (with_step("SPS9", "X9"),),
        {
            ("consistency/scheduled-procedure-step-id.rad-5-to-rad-6", MODALITY),
            ("consistency/scheduled-protocol-code.rad-5-to-rad-6", MODALITY),
            ("mpps/images-name-every-step", MODALITY),
        },
    ),
]


@pytest.mark.parametrize(("changes", "expected"), [case[1:] for case in GROUP], ids=[case[0] for case in GROUP])
def test_one_fault_in_a_group_case(changes: tuple[Change, ...], expected: Fails) -> None:
    assert fails(amended(specimen("rad-6.group"), "RAD-6", *changes)) == expected


def test_a_wrong_second_protocol_code() -> None:
    exchanges = amended(specimen("rad-6.group"), "RAD-6", value(f"{STEPS}[1].{CODE}", "XX"))
    exchanges = amended(exchanges, "RAD-8", value(f"{REQUESTS}[1].{CODE}", "XX"))
    assert fails(exchanges) == {("consistency/scheduled-protocol-code.rad-5-to-rad-6", MODALITY)}


def test_equal_step_ids_in_two_performed_steps() -> None:
    same = value("PerformedProcedureStepID", "PPS1")
    exchanges = amended(specimen("rad-6.append"), "RAD-6", same, instance="1.2.3.4.16")
    exchanges = amended(exchanges, "RAD-8", same, instance="1.2.3.4.5.11.1")
    assert fails(exchanges) == {("mpps/step-id-unique", MODALITY)}


@pytest.mark.parametrize("change", [lambda dataset: dataset, value("PerformedProcedureStepEndTime", "235900")])
def test_an_mpps_is_updated_after_its_final_state(change: Change) -> None:
    exchanges = workflow({})
    last = max(place for place, one in enumerate(exchanges) if one.transaction == "RAD-7")
    final = next(one for one in exchanges if one.transaction == "RAD-7")
    late = replace(carrying(final, change(dataset_of(final))), step="late")
    assert fails((*exchanges[: last + 1], late, *exchanges[last + 1 :])) == {
        ("mpps/initiator-follows-states", MODALITY),
        ("mpps-states/completed.n-set-completed", MANAGER),
    }


def second_procedure(study: str) -> Exchanges:
    """The workflow, in which another procedure is scheduled under the same order."""
    exchanges = workflow({})
    place = next(place for place, one in enumerate(exchanges) if one.transaction == "RAD-4")
    first = exchanges[place]
    message, answer = first.request, first.answer
    assert message is not None
    assert answer is not None
    changed = {
        "MSH-10": "C99",
        "ORC-3.1": "F2",
        "OBR-3.1": "F2",
        "IPC-1.1": "ACC2",
        "IPC-2.1": "RP2",
        "IPC-4.1": "SPS2",
    }
    for path, text in {**changed, "IPC-3": study}.items():
        message = fields.set_value(message, path, text)
    answer = fields.set_value(answer, "MSA-2", "C99")
    more = replace(first, request=message, answer=answer, step="second")
    return (*exchanges[: place + 1], more, *exchanges[place + 1 :])


def test_one_study_for_two_procedures() -> None:
    assert fails(second_procedure("1.2.3.4.55")) == set()
    assert fails(second_procedure("1.2.3.4.5")) == {("orders/one-study-per-procedure", FILLER)}


def image(like: UnscriptedExchange, instance: str, *changes: Change) -> UnscriptedExchange:
    """Another image."""
    dataset = attributes.set_value(dataset_of(like), "SOPInstanceUID", instance)
    for change in changes:
        dataset = change(dataset)
    return carrying(like, dataset, instance)


def with_images(*more: Callable[[UnscriptedExchange], UnscriptedExchange]) -> Exchanges:
    """The group case with a third image, listed as it should be, and perhaps more that are not."""
    exchanges = specimen("rad-6.group")
    last = max(place for place, one in enumerate(exchanges) if one.transaction == "RAD-8")
    third = image(exchanges[last], "1.2.3.4.5.1.3")
    images = (third, *(make(exchanges[last]) for make in more))
    sequence = "PerformedSeriesSequence[0].ReferencedImageSequence"
    return amended(
        (*exchanges[: last + 1], *images, *exchanges[last + 1 :]),
        "RAD-7",
        lambda dataset: attributes.duplicate(dataset, f"{sequence}[1]"),
        value(f"{sequence}[2].ReferencedSOPInstanceUID", "1.2.3.4.5.1.3"),
    )


def test_a_fourth_image_that_belongs_nowhere() -> None:
    step = "ReferencedPerformedProcedureStepSequence"
    other_series = value("SeriesInstanceUID", "1.2.3.4.5.2")
    unlisted = ("storage/listed-equals-stored", MODALITY)
    no_step = ("consistency/mpps-instance.rad-6-to-rad-8", MODALITY)
    assert fails(with_images()) == set()
    assert fails(with_images(lambda like: image(like, "1.2.3.4.5.1.4"))) == {unlisted}
    assert fails(with_images(lambda like: image(like, "1.2.3.4.5.2.4", other_series))) == {unlisted}
    assert fails(with_images(lambda like: image(like, "1.2.3.4.5.2.4", other_series, without(step)))) == {
        unlisted,
        no_step,
    }
