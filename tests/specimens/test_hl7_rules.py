"""HL7 rules on shipped specimens: each is legal, and one change in one place breaks one rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.checks import load
from harness.engine.judging import judge
from harness.engine.unscripted import UnscriptedExchange, unscripted_play
from harness.hl7 import Message, edit
from harness.model.run import JudgedFinding
from harness.model.verdict import Outcome, Strength
from harness.profiles import knowledge
from harness.selftest.specimens import Specimen, shipped_specimens

load()
KNOWN = knowledge()
HL7 = ("rad-1.", "rad-12.", "rad-13.", "rad-3.", "rad-48.")
SPECIMENS = {
    one.id: one
    for one in shipped_specimens()
    if one.id.startswith(HL7) and not any(part.illegal or part.command for part in one.exchanges)
}
"""Recordings of HL7 alone, without a request that has to be refused."""
OLD, NEW = "2.3.1", "2.5.1"
Change = Callable[[bytes], bytes]


def judged(specimen: Specimen, exchanges: tuple[UnscriptedExchange, ...]) -> list[JudgedFinding]:
    plan, transcript, read = unscripted_play(exchanges, KNOWN, form=specimen.form)
    run = judge(plan, transcript, read, KNOWN)
    return [finding for play in run.plays for step in play.steps for leg in step.legs for finding in leg.findings]


def violations(findings: list[JudgedFinding]) -> dict[str, str]:
    """Where each violated requirement is broken."""
    bad = [one.finding for one in findings if one.finding.outcome is Outcome.VIOLATED]
    return {one.requirement: one.evidence.path if one.evidence else "" for one in bad}


def changed(name: str, step: str, change: Change, *, answer: bool = False) -> dict[str, str]:
    """What is violated when the first exchange of a step is changed in its request, or in its answer."""
    specimen = SPECIMENS[name]
    place = next(index for index, one in enumerate(specimen.exchanges) if one.step == step)
    before = specimen.exchanges[place]
    if answer:
        after = replace(before, answer=change(before.answer or b""))
    else:
        after = replace(before, request=change(before.request or b""))
    assert after != before
    exchanges = (*specimen.exchanges[:place], after, *specimen.exchanges[place + 1 :])
    return violations(judged(specimen, exchanges))


def field(path: str, value: str) -> Change:
    """Give a field another value."""
    return lambda message: edit.set_value(message, path, value)


def no(path: str) -> Change:
    """Take a field or a segment out."""
    return lambda message: edit.remove(message, path)


@pytest.mark.parametrize("name", sorted(SPECIMENS))
def test_a_specimen_is_legal(name: str) -> None:
    findings = judged(SPECIMENS[name], SPECIMENS[name].exchanges)
    assert violations(findings) == {}
    assert [one for one in findings if one.finding.outcome is Outcome.UNDECIDED] == []
    assert sum(one.finding.outcome is Outcome.MET for one in findings) > 100


def test_every_message_form_of_these_transactions_has_a_specimen() -> None:
    seen = set()
    for specimen in SPECIMENS.values():
        for one in specimen.exchanges:
            message = Message.parse(one.request)
            seen.add((str(one.transaction), message.version, message.type))
    forms = {
        (str(transaction.id), form.version, form.type)
        for transaction in KNOWN.transactions.values()
        if transaction.id in ("RAD-1", "RAD-3", "RAD-12", "RAD-13", "RAD-48")
        for leg in transaction.legs
        for form in leg.messages
    }
    assert forms <= seen


ENLARGED, MOVED = "enlarged", "moved"
NEW_13, OLD_13 = f"rad-13.procedure-changed-{NEW}", f"rad-13.procedure-changed-{OLD}"
NEW_48, MESA_48 = f"rad-48.appointments-{NEW}", "rad-48.appointments-2.4"
NEW_3, OLD_3 = f"rad-3.filler-orders-{NEW}", f"rad-3.filler-orders-{OLD}"
NEW_1, OLD_1 = f"rad-1.registrations-{NEW}", f"rad-1.registrations-{OLD}"
NEW_12, OLD_12 = f"rad-12.updates-{NEW}", f"rad-12.updates-{OLD}"
BROKEN: list[tuple[str, str, str, Change, dict[str, str]]] = [
    # order groups, not the first
    ("second filler number", NEW_13, ENLARGED, field("OBR[2]-3.1", "F9"), {"rad-13.omi-o23/OBR-3.1": "OBR[2]-3.1"}),
    ("second filler namespace", OLD_13, ENLARGED, field("OBR[2]-3.2", "XX"), {"rad-13.orm-o01/OBR-3.2": "OBR[2]-3.2"}),
    ("second status", NEW_13, ENLARGED, field("ORC[2]-5", "CA"), {"orders/rad-13-control-and-status": "ORC[2]-5"}),
    ("second status unknown", OLD_13, ENLARGED, no("ORC[2]-5"), {"rad-13.orm-o01/ORC-5": "ORC[2]-5"}),
    ("second TQ1 missing", NEW_13, ENLARGED, no("TQ1[2]"), {"rad-13.to-image-manager/structure": "ORC[2]"}),
    (
        "second TQ1 twice",
        NEW_13,
        ENLARGED,
        lambda message: edit.duplicate(message, "TQ1[2]"),
        {"orders/rad-13-one-timing": "ORC[2]"},
    ),
    ("second OBR missing", OLD_13, ENLARGED, no("OBR[2]"), {"rad-13.to-image-manager/structure": "ORC[2]"}),
    ("second IPC without step", NEW_13, ENLARGED, no("IPC[2]-4"), {"rad-13.omi-o23/IPC-4": "IPC[2]-4"}),
    (
        "second IPC, no UID",
        NEW_13,
        ENLARGED,
        field("IPC[2]-3.1", "1.02"),
        {
            "rad-13.omi-o23/IPC-3.1": "IPC[2]-3.1",
            "orders/rad-13-one-study": "IPC[2]-3.1",
            "orders/one-study-per-procedure": "IPC[2]-3.1",
        },
    ),
    ("second accession", NEW_13, ENLARGED, field("IPC[2]-1.1", "ACC9"), {"orders/rad-13-one-study": "IPC[2]-1.1"}),
    ("second accession, old", OLD_13, ENLARGED, field("OBR[2]-18", "A9"), {"orders/rad-13-one-procedure": "OBR[2]-18"}),
    (
        "one step twice",
        NEW_13,
        ENLARGED,
        lambda message: edit.set_value(edit.set_value(message, "IPC[2]-4.1", "SPS1"), "IPC[2]-6.1", "X1"),
        {"orders/rad-13-steps-differ": "IPC[2]-4.1"},
    ),
    ("no ZDS", OLD_13, MOVED, no("ZDS"), {"rad-13.to-image-manager/structure": "ZDS"}),
    ("type of the UID", OLD_13, MOVED, field("ZDS-1.3", "Image"), {"rad-13.orm-o01/ZDS-1.3": "ZDS-1.3"}),
    ("timing in the wrong place", NEW_13, MOVED, field("ORC-7", "1"), {"rad-13.omi-o23/ORC-7": "ORC-7"}),
    # appointments
    ("no appointment ID", MESA_48, "booked", no("SCH-2"), {"rad-48.siu-s12-2.4/SCH-2": "SCH-2"}),
    ("another appointment", MESA_48, "moved", field("SCH-2.1", "AP9"), {"appointments/same-appointment": "SCH-2.1"}),
    ("added, not updated", NEW_48, "moved", field("AIS-2", "A"), {"rad-48.siu-s13-2.5.1/AIS-2": "AIS-2"}),
    ("no time", NEW_48, "cancelled", field("AIS-4", "soon"), {"rad-48.siu-s15-2.5.1/AIS-4": "AIS-4"}),
    ("no AIS", MESA_48, "booked", no("AIS"), {"rad-48.to-order-placer/structure": "AIS"}),
    # filler orders
    ("a placer number too early", NEW_3, "new", field("OBR-2", "A9"), {"rad-3.omg-o19-sn/OBR-2": "OBR-2"}),
    ("a status out of the list", OLD_3, "completed", field("ORC-5", "CD"), {"rad-3.orm-o01-sc/ORC-5": "ORC-5"}),
    ("a cancel with a status", OLD_3, "cancelled", field("ORC-5", "SC"), {"rad-3.orm-o01-oc/ORC-5": "ORC-5"}),
    # registration and update
    ("no visit number at all", NEW_1, "a11", no("PID-18"), {"rad-1.adt-a11-2.5.1/PID-18": "PID-18"}),
    ("a name without family", NEW_1, "a04", field("PID-5.1", ""), {"rad-1.adt-a04-2.5.1/PID-5.1": "PID-5.1"}),
    ("a sex of the site", OLD_1, "a04", field("PID-8", "K"), {"rad-1.adt-a04-2.3.1/PID-8.1": "PID-8.1"}),
    ("two sexes", OLD_1, "a04", lambda one: one.replace(b"|F|", b"|F~M|"), {"rad-1.adt-a04-2.3.1/PID-8": "PID-8[2]"}),
    (
        "a second identifier of nobody",
        NEW_1,
        "a04",
        lambda one: one.replace(b"|P1001^^^SWF^PI|", b"|P1001^^^SWF^PI~77^^^^PI|"),
        {"rad-1.adt-a04-2.5.1/PID-3.4.1": "PID-3[2].4.1"},
    ),
    (
        "an authority without its type",
        NEW_1,
        "a04",
        lambda one: one.replace(b"|P1001^^^SWF^PI|", b"|P1001^^^SWF^PI~77^^^H&1.2.3^PI|"),
        {"rad-1.adt-a04-2.5.1/PID-3": "PID-3[2]"},
    ),
    ("the merged authority", NEW_12, "a40", field("MRG-1.4.1", "XX"), {"rad-12.adt-a40-2.5.1/MRG-1.4.1": "MRG-1.4.1"}),
    (
        "an event that is another one",
        NEW_12,
        "a40",
        field("EVN-1", "A08"),
        {"rad-12.adt-a40-2.5.1/EVN-1": "EVN-1", "rad-12.adt-a40-2.5.1/EVN-1.1": "EVN-1.1"},
    ),
    (
        "the order of a status",
        OLD_3,
        "in-process",
        lambda one: one + b"OBR|1|A1^OP|F9^OF|CT-CHEST^CT chest^99SWF\r",
        {"rad-3.orm-o01-sc/OBR-3.1": "OBR-3.1"},
    ),
    ("a long identifier", NEW_12, "a03", field("MSH-10", "C" * 21), {"rad-12.to-order-filler/lengths": "MSH-10"}),
]


@pytest.mark.parametrize(
    ("name", "step", "change", "broken"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN]
)
def test_one_change_breaks_one_rule(name: str, step: str, change: Change, broken: dict[str, str]) -> None:
    found = changed(name, step, change)
    assert {one: found.get(one) for one in broken} == broken
    beside = {one for one in found if one not in broken and not one.startswith(("consistency/", "orders/merge"))}
    echoes = {one for one in beside if one.endswith(("/ack-echo", "/ack-accepted"))}
    assert beside - echoes == set()


def test_what_only_warns_is_a_should() -> None:
    for name in ("rad-1.adt-a04-2.3.1/PID-8.1", "rad-1.adt-a04-2.5.1/PID-5.1", "rad-12.to-order-filler/lengths"):
        requirement = next(one for one in KNOWN.requirements() if one.id == name)
        assert requirement.strength is Strength.SHOULD


# acknowledgements

ANSWERS: list[tuple[str, str, Change, dict[str, str]]] = [
    ("an enhanced code", NEW_13, field("MSA-1", "CA"), {"rad-13.to-image-manager/ack-code": "MSA"}),
    ("another message", NEW_13, field("MSA-2", "X"), {"rad-13.to-image-manager/ack-echo": "MSA"}),
    ("another event", NEW_13, field("MSH-9.2", "O19"), {"rad-13.to-image-manager/ack-event": "MSA"}),
    ("no control ID", OLD_13, no("MSH-10"), {"rad-13.to-image-manager/ack-control-id": "MSA"}),
    ("to somebody else", OLD_13, field("MSH-5", "HIS"), {"rad-13.to-image-manager/ack-addressed": "MSA"}),
    ("a sequence number", OLD_13, field("MSA-4", "1"), {"rad-13.to-image-manager/ack-unused": "MSA"}),
    ("refused, no ERR", OLD_13, field("MSA-1", "AE"), {"rad-13.to-image-manager/ack-accepted": "MSA-1"}),
]


@pytest.mark.parametrize(("name", "change", "broken"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS])
def test_one_change_of_an_answer_breaks_one_rule(name: str, change: Change, broken: dict[str, str]) -> None:
    assert changed(name, MOVED, change, answer=True) == broken


def test_each_err_is_looked_at() -> None:
    errors = b"ERR|||101^^HL70357|E\rERR|||999^^HL70357|E\r"
    found = changed(NEW_13, MOVED, lambda one: edit.set_value(one, "MSA-1", "AE") + errors, answer=True)
    assert set(found) == {"rad-13.to-image-manager/ack-error-codes", "rad-13.to-image-manager/ack-accepted"}
    local = b"ERR|||101^^HL70357|E\rERR|||999^^99SWF|W\r"
    found = changed(NEW_13, MOVED, lambda one: edit.set_value(one, "MSA-1", "AE") + local, answer=True)
    assert set(found) == {"rad-13.to-image-manager/ack-accepted"}


def test_enhanced_mode_is_no_fault_of_who_was_asked_for_it() -> None:
    specimen = SPECIMENS[OLD_13]
    place = next(index for index, one in enumerate(specimen.exchanges) if one.step == MOVED)
    before = specimen.exchanges[place]
    assert before.request
    assert before.answer
    asked = replace(
        before,
        request=edit.set_value(before.request, "MSH-15", "AL"),
        answer=edit.set_value(before.answer, "MSA-1", "CA"),
    )
    findings = judged(specimen, (*specimen.exchanges[:place], asked, *specimen.exchanges[place + 1 :]))
    assert set(violations(findings)) == {"rad-13.orm-o01/MSH-15"}
    said = [one.finding for one in findings if one.finding.requirement.endswith("image-manager/ack-code")]
    assert any("enhanced mode, which MSH-15 or MSH-16 asks for" in one.received for one in said)


# messages that say they are something else


def test_a_message_with_another_type_is_told_as_what_it_is_and_judged_field_by_field() -> None:
    def other(message: bytes) -> bytes:
        return edit.remove(edit.set_value(message, "MSH-9.2", "A99"), "PID-5")

    found = changed(OLD_1, "a04", other)
    assert {"rad-1.to-order-filler/message-type", "rad-1.adt-a04-2.3.1/PID-5"} <= set(found)


def test_a_message_that_no_parser_takes_is_still_judged_field_by_field() -> None:
    def mangled(message: bytes) -> bytes:
        return edit.remove(message, "ORC-5").replace(b"\rPV1|", b"\r!!|garbage\r\xff\xfe|\rPV1|")

    found = changed(NEW_13, MOVED, mangled)
    assert {"rad-13.to-image-manager/structure", "rad-13.omi-o23/ORC-5"} <= set(found)
    assert "rad-13.omi-o23/PID-3" not in found


# what is legal


LEGAL: list[tuple[str, str, str, Change]] = [
    ("Z segment", NEW_13, MOVED, lambda one: one + b"ZXX|1\r"),
    ("more repetitions", NEW_13, MOVED, lambda one: one.replace(b"^PI|", b"^PI~77^^^OTHER^MR|")),
    ("universal ID", NEW_13, MOVED, lambda one: one.replace(b"^^^SWF^PI|", b"^^^SWF&1.2.3&ISO^PI|")),
    ("time zone", NEW_13, MOVED, field("ORC-9", "20240102101400.1234+0100")),
    ("trailing separators", NEW_13, MOVED, lambda one: one.replace(b"|A1^OP|F1^OF|P1", b"|A1^OP^^|F1^OF|P1")),
    ("same step, second protocol", OLD_13, ENLARGED, field("OBR[2]-20", "SPS1")),
    ("several procedures in OMI", NEW_13, ENLARGED, lambda one: _second_procedure(one)),
    ("null", OLD_1, "a04", field("PID-10", '""')),
    ("a class of the site", OLD_1, "a04", field("PV1-2", "Q")),
    ("a blank behind the version", OLD_1, "a04", lambda one: one.replace(b"|2.3.1\r", b"|2.3.1 \r")),
    ("a group that is new", "rad-48.appointments-2.4", "moved", lambda one: one.replace(b"RGS|1|U", b"RGS|1|A")),
    ("another authority in MRG-1", OLD_12, "a40", lambda one: one.replace(b"MRG|", b"MRG|77^^^MPI~")),
    ("two merges", NEW_12, "a40", lambda one: _second_merge(one)),
]


def _second_procedure(message: bytes) -> bytes:
    for path, value in (("2.1", "RP2"), ("3.1", "1.2.3.4.9"), ("1.1", "ACC2")):
        message = edit.set_value(message, f"IPC[2]-{path}", value)
    return message


def _second_merge(message: bytes) -> bytes:
    return message + b"PID|||P2^^^OTHER^PI||OAKES^IDA\rMRG|T56^^^OTHER^PI||||||UNKNOWN^X\r"


@pytest.mark.parametrize(("name", "step", "change"), [row[1:] for row in LEGAL], ids=[row[0] for row in LEGAL])
def test_legal_but_unusual(name: str, step: str, change: Change) -> None:
    found = changed(name, step, change)
    assert {one for one in found if not one.startswith("consistency/")} == set()


def _otherwise(message: bytes) -> bytes:
    """The message with other encoding characters than the recommended ones."""
    return message.translate(bytes.maketrans(b"^~&", b"@!$"))


def test_other_encoding_characters_only_warn() -> None:
    assert set(changed(NEW_13, MOVED, _otherwise)) == {"rad-13.to-image-manager/delimiters"}


@pytest.mark.parametrize("name", sorted(SPECIMENS))
def test_values_are_compared_whatever_separates_their_parts(name: str) -> None:
    specimen = SPECIMENS[name]
    first, *others = specimen.exchanges
    exchanges = (first, *(replace(one, request=_otherwise(one.request or b"")) for one in others))
    before = set(violations(judged(specimen, specimen.exchanges)))
    assert {one for one in violations(judged(specimen, exchanges)) if not one.endswith("/delimiters")} == before


# what the sender knows


@pytest.fixture
def handed_on() -> Callable[[Change], dict[str, str]]:
    """An update that the filler was told, and that it hands on, changed."""

    def make(change: Change) -> dict[str, str]:
        specimen = SPECIMENS[OLD_12]
        by_step = {one.step: one for one in specimen.exchanges}
        sent = by_step["a08-handed-on"]
        return violations(judged(specimen, (by_step["a08"], replace(sent, request=change(sent.request or b"")))))

    return make


@pytest.mark.parametrize("path", ["PID-7", "PID-10", "PID-11"])
def test_a_value_that_the_sender_was_told_has_to_be_sent(
    path: str, handed_on: Callable[[Change], dict[str, str]]
) -> None:
    assert handed_on(no(path)) == {f"rad-12.adt-a08-2.3.1/{path}": path}
    assert handed_on(field(path, '""')) == {}


def test_what_was_told_of_another_patient_proves_nothing(handed_on: Callable[[Change], dict[str, str]]) -> None:
    assert handed_on(lambda one: edit.set_value(edit.remove(one, "PID-10"), "PID-3.1", "P2")) == {}
    assert handed_on(lambda one: edit.set_value(edit.remove(one, "PID-10"), "PID-3.4.1", "HIS")) == {}


def test_who_was_not_told_need_not_send() -> None:
    assert changed(OLD_12, "a08", no("PID-10")) == {}
    assert changed(OLD_1, "a01", no("PID-10")) == {}


def test_a_value_told_to_the_answerer_has_to_be_in_its_answer() -> None:
    assert set(changed(OLD_3, "new", no("OBR-31"), answer=True)) == {"rad-3.orr-o02/OBR-31"}


def test_what_was_taken_back_or_merged_is_not_known() -> None:
    specimen = SPECIMENS[OLD_12]
    by_step = {one.step: one for one in specimen.exchanges}
    silent = replace(by_step["a08-handed-on"], request=edit.remove(by_step["a08-handed-on"].request, "PID-11"))
    null = edit.set_value(edit.set_value(by_step["a08"].request, "PID-11", '""'), "MSH-10", "NEXT")
    taken_back = replace(by_step["a08"], request=null, answer=edit.set_value(by_step["a08"].answer, "MSA-2", "NEXT"))
    told, merged = by_step["a08"], by_step["a40"]
    known = violations(judged(specimen, (told, silent)))
    assert set(known) == {"rad-12.adt-a08-2.3.1/PID-11"}
    assert violations(judged(specimen, (told, taken_back, silent))) == {}
    assert violations(judged(specimen, (told, merged, silent))) == {}
    refused = replace(told, answer=edit.set_value(told.answer, "MSA-1", "AR"))
    assert "rad-12.adt-a08-2.3.1/PID-11" not in violations(judged(specimen, (refused, silent)))


# control IDs


def test_one_control_id_for_two_messages() -> None:
    specimen = SPECIMENS[NEW_12]
    first, second = (one for one in specimen.exchanges if one.step in ("a02", "a12"))
    number = Message.parse(first.request).control_id
    again = replace(second, request=edit.set_value(second.request, "MSH-10", number))
    assert "control-ids/adt" in violations(judged(specimen, (first, again)))
    assert "control-ids/adt" not in violations(judged(specimen, (first, replace(first, step="again"))))


def test_one_control_id_for_two_receivers() -> None:
    specimen = SPECIMENS[NEW_12]
    to_filler, to_placer = (one for one in specimen.exchanges if one.step in ("a08", "a08-placer"))
    number = Message.parse(to_filler.request).control_id
    copy = replace(to_placer, request=edit.set_value(to_placer.request, "MSH-10", number))
    rule = "control-ids/adt-across-receivers"
    assert rule not in violations(judged(specimen, (to_filler, copy)))
    other = replace(copy, request=edit.set_value(copy.request, "PID-8", "M"))
    assert rule in violations(judged(specimen, (to_filler, other)))
