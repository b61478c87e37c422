"""Whole recordings of a scheduled workflow, in which nobody does anything wrong and little is as in a textbook.

What may differ between two days in a department: in which order things are told, how often, in how many pieces, and
what changes on the way.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

from hypothesis import strategies as st

from harness.engine.unscripted import UnscriptedExchange, dimse_exchange
from harness.hl7 import edit
from harness.model.profile import Service
from tests.legal.workflow_messages import (
    Case,
    Sender,
    about_step,
    as_event,
    baseline,
    entries_of,
    image_of,
    moved,
    of_stranger,
    other_entry,
    progress,
    references,
    scheduling,
    store_of,
)
from tests.specimens import builder
from tests.specimens.workflow import CT, STUDY

COMMITMENT = {"sop_class": "StorageCommitmentPushModel", "sop_instance": "1.2.840.10008.1.20.1.1"}
RELAYS = ("to-order-filler", "to-image-manager")
Events = list[UnscriptedExchange]


def merged(draw: st.DrawFn, one: Events, other: Events) -> Events:
    """Two rows of events at the same time, each in its own order."""
    made: Events = []
    one, other = list(one), list(other)
    while one and other:
        made.append((one if draw(st.booleans()) else other).pop(0))
    return made + one + other


def ordering(draw: st.DrawFn, case: Case, send: Sender) -> Events:
    """Registration, order and schedule, with corrections on the way."""
    flow = baseline(case.form)
    at_first = "LIND^ASTA" if case.renamed else case.name
    registered = [
        send.exchange("RAD-1", leg, flow.adt(), leg, name=at_first) for leg in ("to-order-placer", "to-order-filler")
    ]
    ordered = [send.exchange("RAD-2", "to-order-filler", flow.order(), "ordered", name=at_first)]
    planned = scheduling(case.form, case.scheduled)
    receivers = ["to-image-manager", *(["to-report-manager"] if draw(st.booleans()) else [])]
    scheduled = [send.exchange("RAD-4", leg, planned, "scheduled", name=at_first) for leg in receivers]
    if case.moved:
        scheduled += [send.exchange("RAD-13", leg, moved(planned), "moved", name=at_first) for leg in receivers]
    events = [*draw(st.permutations(registered)), *ordered, *scheduled]
    if case.renamed:
        update = as_event(flow.adt(), "A08", "ADT_A01")
        events += [send.exchange("RAD-12", leg, update, "renamed") for leg in ("to-order-filler", "to-image-manager")]
    if draw(st.integers(0, 2)) == 2:
        foreign = [send.exchange("RAD-1", "to-order-filler", of_stranger(flow.adt()), "stranger", name="OAKES^ANN")]
        events = merged(draw, events, foreign)
    return _sent_again(draw, events)


def _sent_again(draw: st.DrawFn, events: Events) -> Events:
    """Now and then a message whose answer was lost on the way is sent once more, byte for byte."""
    if draw(st.integers(0, 2)) < 2:
        return events
    place = draw(st.integers(0, len(events) - 1))
    return [*events[: place + 1], *events[place:]]


def looking(draw: st.DrawFn, case: Case) -> Events:
    """Worklist queries: once or twice, by patient or by station, with others' entries among the answers."""
    made = []
    for _ in range(draw(st.integers(1, 2))):
        keys = baseline(case.form).worklist_keys()
        entries = list(entries_of(case))
        if draw(st.booleans()):
            keys.PatientID = ""
            keys.ScheduledProcedureStepSequence[0].ScheduledStationAETitle = "CT1"
            entries = list(draw(st.permutations([*entries, other_entry(case.form)])))
        made.append(
            dimse_exchange(
                "RAD-5",
                "query",
                Service.C_FIND,
                keys,
                sop_class="ModalityWorklistInformationModelFind",
                responses=[*((0xFF00, entry) for entry in entries), (0, None)],
                step="looked-up",
            )
        )
    return made


def acquiring(draw: st.DrawFn, case: Case) -> Events:
    """Every performed step: its messages with or without their relays, and its images at any time."""
    made: Events = []
    relays = RELAYS if draw(st.booleans()) else ()
    for number in range(1, case.performed + 1):
        legs = ("to-pps-manager", *relays)
        told = [about_step(case, number, leg, Service.N_CREATE) for leg in legs]
        for _ in range(draw(st.sampled_from((0, 0, 1)))):
            told += [progress(case, number, leg) for leg in legs]
        told += [about_step(case, number, leg, Service.N_SET) for leg in legs]
        images = [store_of(case, number, uid, "RAD-8", "stored") for uid in draw(st.permutations(case.uids(number)))]
        if images and draw(st.integers(0, 3)) == 3:
            images.append(draw(st.sampled_from(images)))
        made += merged(draw, told, images)
    return made


def updating(draw: st.DrawFn, case: Case, send: Sender) -> tuple[Case, Events]:
    """The patient gets another name, or is merged into another, after the images were made; what it is then."""
    raw = baseline(case.form).adt()
    if draw(st.booleans()):
        after = replace(case, name="ASPLUND^ASTA")
        raw = as_event(raw, "A08", "ADT_A01")
    else:
        after = replace(case, patient="P2002")
        kind = b"^PI" if case.form >= "2.5" else b""
        head = as_event(raw, "A40", "ADT_A39").split(b"\rPV1")[0]
        raw = edit.set_value(head, "PID-3.1", after.patient) + b"\rMRG|P1001^^^SWF" + kind + b"\r"
    legs = ("to-order-filler", "to-image-manager")
    return after, [send.exchange("RAD-12", leg, raw, "updated", name=after.name) for leg in legs]


def archiving(draw: st.DrawFn, case: Case) -> Events:
    """Storage commitment in one piece or in several, queries, and a retrieve."""
    uids = case.every_uid()
    pieces = [uids] if draw(st.booleans()) else [uids[:1], uids[1:]]
    asked, told = [], []
    for number, piece in enumerate((one for one in pieces if one), 1):
        content = builder.dataset(TransactionUID=f"1.2.3.4.7.{number}", ReferencedSOPSequence=references(piece))
        asked.append(
            dimse_exchange(
                "RAD-10", "request", Service.N_ACTION, content, fields={"ActionTypeID": "1"}, step="committed",
                **COMMITMENT,
            )
        )  # fmt: skip
        told.append(
            dimse_exchange(
                "RAD-10", "report", Service.N_EVENT_REPORT, content, fields={"EventTypeID": "1"}, step="committed",
                opened_by_peer=draw(st.booleans()), **COMMITMENT,
            )
        )  # fmt: skip
    told = list(draw(st.permutations(told)))
    later = draw(st.sampled_from((_retrieved, _studies, _found)))
    return merged(draw, [*asked, *told], later(case))


def _studies(case: Case) -> Events:
    """A query for the studies of the patient, as whom the archive now has it."""
    keys = builder.dataset(
        QueryRetrieveLevel="STUDY",
        PatientName="",
        PatientID=case.patient,
        StudyInstanceUID="",
        StudyDate="",
        StudyTime="",
        AccessionNumber="",
        StudyID="",
    )
    entry = image_of(case, 1, case.uids(1)[0])
    found = deepcopy(keys)
    for key in keys:
        if key.keyword != "QueryRetrieveLevel":
            found[key.tag] = entry[key.tag]
    query = dimse_exchange(
        "RAD-14", "query", Service.C_FIND, keys, sop_class="StudyRootQueryRetrieveInformationModelFind",
        responses=[(0xFF00, found), (0, None)], step="found",
    )  # fmt: skip
    return [query]


def _found(case: Case) -> Events:
    """A query for the images of each series, and once more."""
    made = []
    for number in range(1, case.performed + 1):
        keys = builder.dataset(
            QueryRetrieveLevel="IMAGE",
            StudyInstanceUID=STUDY,
            SeriesInstanceUID=case.series(number),
            SOPInstanceUID="",
            SOPClassUID="",
            InstanceNumber="",
        )
        entries = []
        for uid in reversed(case.uids(number)):
            entry = deepcopy(keys)
            entry.SOPInstanceUID, entry.SOPClassUID, entry.InstanceNumber = uid, CT, "1"
            entries.append((0xFF00, entry))
        made.append(
            dimse_exchange(
                "RAD-14", "query", Service.C_FIND, keys, sop_class="StudyRootQueryRetrieveInformationModelFind",
                responses=[*entries, (0, None)], step="found",
            )
        )  # fmt: skip
    return made * 2


def _retrieved(case: Case) -> Events:
    """The study, as it was stored."""
    uids = case.every_uid()
    move = dimse_exchange(
        "RAD-16",
        "move",
        Service.C_MOVE,
        builder.dataset(QueryRetrieveLevel="STUDY", StudyInstanceUID=STUDY),
        sop_class="StudyRootQueryRetrieveInformationModelMove",
        step="retrieved",
    )
    counts = {
        "NumberOfCompletedSuboperations": str(len(uids)),
        "NumberOfFailedSuboperations": "0",
        "NumberOfWarningSuboperations": "0",
    }
    last = move.responses[-1]
    move = replace(move, responses=(replace(last, command=replace(last.command, fields=counts)),))
    stores = [
        store_of(case, number, uid, "RAD-16", "retrieved")
        for number in range(1, case.performed + 1)
        for uid in case.uids(number)
    ]
    return [move, *stores]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """What a recording is about."""
    return Case(
        form=draw(st.sampled_from(("2.3.1", "2.5.1"))),
        name=draw(st.sampled_from(("LINDGREN^ASTA", "LINDGREN^ASTA MARIA"))),
        renamed=draw(st.booleans()),
        scheduled=draw(st.integers(1, 2)),
        performed=draw(st.sampled_from((1, 1, 2))),
        images=draw(st.sampled_from((1, 1, 2))),
        moved=draw(st.booleans()),
        given_up=draw(st.sampled_from((False, False, True))),
    )


@st.composite
def recordings(draw: st.DrawFn) -> tuple[Case, Events]:
    """A recording of all phases, or of some that follow each other."""
    case = draw(cases())
    send = Sender(case)
    first, last = draw(st.sampled_from(((0, 3), (0, 2), (0, 1), (1, 2), (1, 3), (2, 2), (2, 3))))
    events: Events = []
    if first == 0:
        events = ordering(draw, case, send)
    if first <= 1 <= last:
        events = _overtaken(draw, case, [*events, *looking(draw, case)])
    if last >= 2:
        events += acquiring(draw, case)
    after = case
    if last == 3 and draw(st.integers(0, 2)) == 2:
        after, updates = updating(draw, case, send)
        events += updates
    return case, [*events, *(archiving(draw, after) if last == 3 else [])]


def _overtaken(draw: st.DrawFn, case: Case, events: Events) -> Events:
    """Now and then the archive is told of the schedule only when the modality has asked for its worklist."""
    late = [event for event in events if event.transaction == "RAD-4"]
    if case.moved or case.renamed or draw(st.integers(0, 3)) < 3:
        return events
    return [event for event in events if event.transaction != "RAD-4"] + late
