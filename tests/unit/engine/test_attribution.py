"""What arrives is placed at a play, step and leg by strong keys, and what fits nothing is an orphan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from harness.checks.recording import ExchangeView
from harness.engine.attribution import Attribution, attribute_all, ends
from harness.engine.keys import answer_keys, request_keys
from harness.model.names import ActorName, ExchangeId
from harness.model.plan import Play
from harness.model.profile import LinkKind, Service
from harness.model.scenario import KeyMatch, Step
from harness.model.system import System

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Build, Say, Wire

MPPS, COMMITMENT = "ModalityPerformedProcedureStep", "StorageCommitmentPushModel"
WORKLIST, CT = "ModalityWorklistInformationModelFind", "CTImageStorage"


class Bench:
    """Plays, a recording of them, and where its exchanges were placed."""

    def __init__(self, build: Build, wire: Wire) -> None:
        self.build, self.wire = build, wire
        self.plays: tuple[Play, ...] = ()

    def plan(self, *steps: Step, systems: Sequence[System] = (), copies: int = 1) -> tuple[Play, ...]:
        """As many plays of the same steps as wanted, each with a patient of its own."""
        scenarios = [self.build.scenario(*steps, id=f"swf.{number}") for number in range(copies)]
        self.plays = self.build.plays(self.build.plan(scenarios, systems))
        return self.plays

    def placed(self) -> dict[ExchangeId, list[tuple[str, str, str, str]]]:
        """For each exchange: play, step, leg, and how it was found."""
        transcript = self.wire.transcript()
        views = [ExchangeView(exchange, self.wire.recorder.read) for exchange in transcript.exchanges]
        found = attribute_all(self.build.knowledge, self.plays, views, transcript.events)
        return {number: [_row(place) for place in places] for number, places in found.items()}

    def view(self, number: ExchangeId) -> ExchangeView:
        """One exchange."""
        exchanges = {exchange.id: exchange for exchange in self.wire.transcript().exchanges}
        return ExchangeView(exchanges[number], self.wire.recorder.read)


def _row(place: Attribution) -> tuple[str, str, str, str]:
    return place.play, place.step, place.leg, place.by


def _patient(play: Play) -> str:
    return play.case.patients["main"].id


@pytest.fixture
def bench(build: Build, wire: Wire) -> Bench:
    """Plays and a recording."""
    return Bench(build, wire)


# by cause


def test_what_we_sent_for_a_step_is_known_by_its_cause(bench: Bench, build: Build, wire: Wire, say: Say) -> None:
    first, second = bench.plan(build.step("register", "RAD-1", "ADT"), copies=2)
    for play in (first, second):
        wire.begin(play)
    cause = wire.begin_step(second, "register")
    number = wire.hl7(say.adt(_patient(first)), "ADT", "Order Filler", cause=cause)
    assert bench.placed()[number] == [(second.id, "register", "to-order-filler", "cause")]


def test_the_ends_of_a_link_tell_the_legs_of_one_transaction_apart(
    bench: Bench, build: Build, wire: Wire, say: Say
) -> None:
    (play,) = bench.plan(build.step("register", "RAD-1", "ADT"))
    cause = wire.begin_step(play, "register")
    placer, filler = (
        wire.hl7(say.adt(_patient(play)), "ADT", responder, cause=cause)
        for responder in ("Order Placer", "Order Filler")
    )
    placed = bench.placed()
    assert [placed[number][0][2] for number in (placer, filler)] == ["to-order-placer", "to-order-filler"]


def test_a_cause_counts_only_for_the_transaction_of_its_step(bench: Bench, build: Build, wire: Wire, say: Say) -> None:
    (play,) = bench.plan(build.step("started", "RAD-6", "Modality"), build.step("stored", "RAD-8", "Modality"))
    cause = wire.begin_step(play, "started")
    number = wire.dimse(
        Service.C_STORE,
        CT,
        "Modality",
        "Image Manager",
        request=say.image(_patient(play), "1.2", "1.2.3"),
        cause=cause,
    )
    assert bench.placed()[number] == [(play.id, "stored", "store", "keys")]


# by keys


@pytest.fixture
def ris(build: Build) -> System:
    """An Order Filler under test."""
    return build.system("RIS", "Order Filler")


@pytest.fixture
def modality(build: Build) -> System:
    """A Modality under test."""
    return build.system("CT", "Modality")


def test_a_message_of_a_system_is_known_by_its_patient(
    bench: Bench, build: Build, wire: Wire, say: Say, ris: System
) -> None:
    first, second = bench.plan(build.step("scheduled", "RAD-4", "Order Filler"), systems=[ris], copies=2)
    for play in (first, second):
        wire.begin(play)
    two, one = (wire.hl7(say.orm(_patient(play)), "Image Manager", None, sent=False) for play in (second, first))
    assert bench.placed() == {
        two: [(second.id, "scheduled", "to-image-manager", "keys")],
        one: [(first.id, "scheduled", "to-image-manager", "keys")],
    }


def test_keys_learnt_from_one_message_find_the_next(
    bench: Bench, build: Build, wire: Wire, say: Say, modality: System
) -> None:
    first, second = bench.plan(
        build.step("scheduled", "RAD-4", "Order Filler"),
        build.step("stored", "RAD-8", "Modality"),
        systems=[modality],
        copies=2,
    )
    for play, study in ((first, "1.2.1"), (second, "1.2.2")):
        wire.begin(play)
        cause = wire.begin_step(play, "scheduled")
        wire.hl7(say.orm(_patient(play), study=study), "Order Filler", "Image Manager", cause=cause)
    number = wire.dimse(
        Service.C_STORE,
        CT,
        "Image Manager",
        "Modality",
        request=say.image("ANOTHER", "1.2.2", "1.2.2.9"),
        sent=False,
    )
    assert bench.placed()[number] == [(second.id, "stored", "store", "keys")]


def test_the_patient_decides_where_patient_and_study_point_to_different_plays(
    bench: Bench, build: Build, wire: Wire, say: Say, modality: System
) -> None:
    """An image of this patient with another play's Study Instance UID is this play's fault, and must be seen there."""
    first, second = bench.plan(
        build.step("scheduled", "RAD-4", "Order Filler"),
        build.step("stored", "RAD-8", "Modality"),
        systems=[modality],
        copies=2,
    )
    for play, study in ((first, "1.2.1"), (second, "1.2.2")):
        wire.begin(play)
        cause = wire.begin_step(play, "scheduled")
        wire.hl7(say.orm(_patient(play), study=study), "Order Filler", "Image Manager", cause=cause)
    image = say.image(_patient(first), "1.2.2", "1.2.2.9")
    number = wire.dimse(Service.C_STORE, CT, "Image Manager", "Modality", request=image, sent=False)
    assert bench.placed()[number] == [(first.id, "stored", "store", "keys")]


def test_a_wrong_study_uid_does_not_hide_an_image_of_the_right_patient(
    bench: Bench, build: Build, wire: Wire, say: Say, modality: System
) -> None:
    first, _ = bench.plan(build.step("stored", "RAD-8", "Modality"), systems=[modality], copies=2)
    image = say.image(_patient(first), "9.9.9", "9.9.9.1")
    number = wire.dimse(Service.C_STORE, CT, "Image Manager", "Modality", request=image, sent=False)
    assert bench.placed()[number] == [(first.id, "stored", "store", "keys")]


def test_what_nobody_caused_is_found_by_the_instance_it_names(bench: Bench, build: Build, wire: Wire, say: Say) -> None:
    """The relay of a PPS Manager has no cause; the SOP Instance UID of the performed step says whose it is."""
    first, second = bench.plan(build.step("started", "RAD-6", "Modality"), copies=2)
    for play, instance in ((first, "2.25.1"), (second, "2.25.2")):
        wire.begin(play)
        cause = wire.begin_step(play, "started")
        dataset = say.mpps(_patient(play), f"{instance}.9")
        wire.dimse(Service.N_CREATE, MPPS, "Modality", "PPS Manager", request=dataset, instance=instance, cause=cause)
    relayed = wire.dimse(Service.N_CREATE, MPPS, "PPS Manager", "Image Manager", request=None, instance="2.25.1")
    assert bench.placed()[relayed] == [(first.id, "started", "to-image-manager", "keys")]


def test_the_well_known_instance_of_commitment_joins_nothing(bench: Bench, build: Build, wire: Wire, say: Say) -> None:
    """PS3.4 J.3.5: every commitment request names the same SOP instance; the Transaction UID tells them apart."""
    first, second = bench.plan(build.step("committed", "RAD-10", "Modality"), copies=2)
    known = "1.2.840.10008.1.20.1.1"
    for play, transaction in ((first, "2.25.1"), (second, "2.25.2")):
        wire.begin(play)
        cause = wire.begin_step(play, "committed")
        request = say.dataset(TransactionUID=transaction)
        wire.dimse(
            Service.N_ACTION, COMMITMENT, "Modality", "Image Manager", request=request, instance=known, cause=cause
        )
    report = wire.dimse(
        Service.N_EVENT_REPORT,
        COMMITMENT,
        "Image Manager",
        "Modality",
        request=say.dataset(TransactionUID="2.25.2"),
        instance=known,
    )
    assert bench.placed()[report] == [(second.id, "committed", "report", "keys")]


def test_an_order_number_given_in_an_answer_is_learnt(
    bench: Bench, build: Build, wire: Wire, say: Say, ris: System
) -> None:
    first, _ = bench.plan(
        build.step("worklist", "RAD-5", "Modality"),
        build.step("scheduled", "RAD-4", "Order Filler"),
        systems=[ris],
        copies=2,
    )
    cause = wire.begin_step(first, "worklist")
    wire.dimse(
        Service.C_FIND,
        WORKLIST,
        "Modality",
        "Order Filler",
        request=say.dataset(PatientID=_patient(first)),
        responses=[(0xFF00, say.entry(_patient(first), "1.2.77")), (0x0000, None)],
        cause=cause,
    )
    number = wire.hl7(say.orm("UNKNOWN", study="1.2.77"), "Image Manager", None, sent=False)
    assert bench.placed()[number] == [(first.id, "scheduled", "to-image-manager", "keys")]


def test_the_entry_of_another_patient_in_the_same_answer_is_not_learnt(
    bench: Bench, build: Build, wire: Wire, say: Say, ris: System
) -> None:
    first, second = bench.plan(
        build.step("worklist", "RAD-5", "Modality"),
        build.step("scheduled", "RAD-4", "Order Filler"),
        systems=[ris],
        copies=2,
    )
    for play in (first, second):
        wire.begin(play)
    cause = wire.begin_step(first, "worklist")
    wire.dimse(
        Service.C_FIND,
        WORKLIST,
        "Modality",
        "Order Filler",
        request=say.dataset(PatientID=""),
        responses=[
            (0xFF00, say.entry(_patient(first), "1.2.1")),
            (0xFF00, say.entry("FOREIGN", "1.2.9")),
            (0x0000, None),
        ],
        cause=cause,
    )
    number = wire.hl7(say.orm("FOREIGN", study="1.2.9"), "Image Manager", None, sent=False)
    assert bench.placed()[number] == []


# by answers, association and waiting


def test_a_broad_query_is_known_by_its_answers_and_may_serve_several_plays(
    bench: Bench, build: Build, wire: Wire, say: Say, modality: System
) -> None:
    first, second, third = bench.plan(build.step("worklist", "RAD-5", "Modality"), systems=[modality], copies=3)
    for play in (first, second, third):
        wire.begin(play)
    number = wire.dimse(
        Service.C_FIND,
        WORKLIST,
        "Order Filler",
        "Modality",
        request=say.dataset(PatientID="", PatientName="*"),
        responses=[
            (0xFF00, say.entry(_patient(first), "1.2.1")),
            (0xFF00, say.entry("FOREIGN", "1.2.9")),
            (0xFF00, say.entry(_patient(third), "1.2.3")),
            (0x0000, None),
        ],
        sent=False,
    )
    assert bench.placed()[number] == [
        (first.id, "worklist", "query", "answers"),
        (third.id, "worklist", "query", "answers"),
    ]


def test_a_query_that_was_cut_short_belongs_to_the_play_that_waits_though_it_shows_only_others(
    bench: Bench, build: Build, wire: Wire, say: Say, modality: System
) -> None:
    over, running = bench.plan(build.step("worklist", "RAD-5", "Modality"), systems=[modality], copies=2)
    wire.begin(over)
    wire.seal(over)

    def query() -> int:
        return wire.dimse(
            Service.C_FIND,
            WORKLIST,
            "Order Filler",
            "Modality",
            request=say.dataset(PatientID="", PatientName="*"),
            responses=[(0xFF00, say.entry(_patient(over), "1.2.1")), (0xFE00, None)],
            sent=False,
        )

    late = query()
    wire.begin(running)
    own = query()
    placed = bench.placed()
    assert placed[late] == [(over.id, "worklist", "query", "answers")]
    assert placed[own] == [(running.id, "worklist", "query", "only play that awaits it")]


def _asked(wire: Wire, say: Say, *answers: str | tuple[str, str], end: int = 0, **keys: str) -> ExchangeId:
    """A system's query, answered with an entry of each of those patients (and of that study)."""
    told = [(one, f"1.2.{number}") if isinstance(one, str) else one for number, one in enumerate(answers)]
    entries = [(0xFF00, say.entry(patient, study)) for patient, study in told]
    return wire.dimse(
        Service.C_FIND,
        WORKLIST,
        "Order Filler",
        "Modality",
        request=say.dataset(PatientID="", **keys),
        responses=[*entries, (end, None)],
        sent=False,
    )


def test_a_query_belongs_to_the_play_whose_step_asks_so(
    bench: Bench, build: Build, wire: Wire, say: Say, modality: System
) -> None:
    """Whatever entries of others it brings, and when it brings none."""
    by_name = build.step("by-name", "RAD-5", "Modality", keys={"PatientName": KeyMatch.VALUE})
    first, second = bench.plan(build.step("worklist", "RAD-5", "Modality"), by_name, systems=[modality], copies=2)
    for play in (first, second):
        wire.begin(play)
    wire.begin_step(first, "by-name")
    wire.begin_step(second, "worklist")
    expected = [(first.id, "by-name", "query", "step that asks so")]
    both = _asked(wire, say, _patient(second), _patient(first), PatientName="M*")
    foreign = _asked(wire, say, _patient(second), PatientName="M*")
    none = _asked(wire, say, PatientName="NOBODY")
    other = _asked(wire, say, _patient(second), AccessionNumber="1")
    placed = bench.placed()
    assert placed[both] == placed[foreign] == placed[none] == expected
    assert placed[other] == [(second.id, "worklist", "query", "answers")]


def test_a_uid_that_was_only_asked_for_joins_nothing(
    bench: Bench, build: Build, wire: Wire, say: Say, modality: System
) -> None:
    """Two people ask for their own study or one that is nobody's: neither has the other's study by that."""
    by_study = build.step("by-study", "RAD-5", "Modality", keys={"StudyInstanceUID": KeyMatch.LIST})
    first, second = bench.plan(by_study, systems=[modality], copies=2)
    for play in (first, second):
        wire.begin(play)
        wire.begin_step(play, "by-study")
    asked = [
        _asked(wire, say, (_patient(play), study), StudyInstanceUID=f"{study}\\2.25.1")
        for play, study in ((first, "9.9.1"), (second, "9.9.2"), (first, "9.9.1"))
    ]
    placed = bench.placed()
    assert [[found[0] for found in placed[number]] for number in asked] == [[first.id], [second.id], [first.id]]


def test_of_two_plays_that_ask_alike_the_one_that_is_answered_is_meant(
    bench: Bench, build: Build, wire: Wire, say: Say, modality: System
) -> None:
    by_accession = build.step("by-accession", "RAD-5", "Modality", keys={"AccessionNumber": KeyMatch.VALUE})
    first, second = bench.plan(by_accession, systems=[modality], copies=2)
    for play in (first, second):
        wire.begin(play)
        wire.begin_step(play, "by-accession")
    number = _asked(wire, say, _patient(second), AccessionNumber="1")
    assert bench.placed()[number] == [(second.id, "by-accession", "query", "step that asks so")]


def test_a_query_that_was_taken_back_may_be_of_each_that_asks_so(
    bench: Bench, build: Build, wire: Wire, say: Say, modality: System
) -> None:
    """Its answers break off: that they do not name a play's patient says nothing."""
    by_date = build.step("by-date", "RAD-5", "Modality", keys={"ScheduledProcedureStepStartDate": KeyMatch.RANGE})
    plays = bench.plan(by_date, systems=[modality], copies=2)
    for play in plays:
        wire.begin(play)
        wire.begin_step(play, "by-date")
    keys = {"ScheduledProcedureStepStartDate": "20260101-20260102"}
    broken_off = _asked(wire, say, _patient(plays[1]), end=0xFE00, **keys)
    whole = _asked(wire, say, _patient(plays[1]), **keys)
    placed = bench.placed()
    assert placed[broken_off] == [(play.id, "by-date", "query", "step that asks so") for play in plays]
    assert placed[whole] == [(plays[1].id, "by-date", "query", "step that asks so")]


def test_a_query_that_finds_nothing_is_that_of_the_play_that_asks_for_nothing(
    bench: Bench, build: Build, wire: Wire, say: Say, modality: System
) -> None:
    by_name = build.step("by-name", "RAD-5", "Modality", keys={"PatientName": KeyMatch.WILDCARD})
    nobody = build.step("nobody", "RAD-5", "Modality", keys={"PatientName": KeyMatch.NOTHING})
    first, second = bench.plan(by_name, nobody, systems=[modality], copies=2)
    for play, step in ((first, "by-name"), (second, "nobody")):
        wire.begin(play)
        wire.begin_step(play, step)
    none = _asked(wire, say, PatientName="NOBODY")
    some = _asked(wire, say, _patient(second), PatientName="M*")
    placed = bench.placed()
    assert placed[none] == [(second.id, "nobody", "query", "step that asks so")]
    assert placed[some] == [(first.id, "by-name", "query", "step that asks so")]


def test_an_answer_about_a_play_that_is_over_does_not_claim_the_query(
    bench: Bench, build: Build, wire: Wire, say: Say, modality: System
) -> None:
    first, second = bench.plan(build.step("worklist", "RAD-5", "Modality"), systems=[modality], copies=2)
    wire.begin(first)
    wire.seal(first)
    wire.begin(second)
    number = _asked(wire, say, _patient(first), _patient(second), PatientName="*")
    assert bench.placed()[number] == [(second.id, "worklist", "query", "answers")]


def test_what_names_nobody_belongs_to_the_play_of_its_association(
    bench: Bench, build: Build, wire: Wire, say: Say, modality: System
) -> None:
    first, second = bench.plan(build.step("stored", "RAD-8", "Modality"), systems=[modality], copies=2)
    for play in (first, second):
        wire.begin(play)
    link = wire.link("Image Manager", "Modality", ours=False)
    for patient in (_patient(second), "NOBODY"):
        image = say.image(patient, "1.2" if patient == "NOBODY" else "1.3", "")
        number = wire.dimse(Service.C_STORE, CT, "Image Manager", "Modality", request=image, link=link, sent=False)
    assert bench.placed()[number] == [(second.id, "stored", "store", "association")]


def test_what_names_nobody_belongs_to_the_only_play_that_waits(
    bench: Bench, build: Build, wire: Wire, say: Say, modality: System
) -> None:
    """An image with a wrong Study UID and a wrong patient must never vanish as foreign traffic."""
    first, second = bench.plan(build.step("stored", "RAD-8", "Modality"), systems=[modality], copies=2)
    wire.begin(first)
    wire.seal(first)
    wire.begin(second)
    image = say.image("NOBODY", "9.9", "9.9.9")
    number = wire.dimse(Service.C_STORE, CT, "Image Manager", "Modality", request=image, sent=False)
    assert bench.placed()[number] == [(second.id, "stored", "store", "only play that awaits it")]


def test_a_running_play_that_does_not_await_such_a_message_does_not_compete(
    bench: Bench, build: Build, wire: Wire, say: Say, modality: System
) -> None:
    scenarios = [
        build.scenario(build.step("stored", "RAD-8", "Modality"), id="swf.storing"),
        build.scenario(build.step("worklist", "RAD-5", "Modality"), id="swf.asking"),
    ]
    storing, asking = bench.plays = build.plays(build.plan(scenarios, [modality]))
    for play in (storing, asking):
        wire.begin(play)
    image = say.image("NOBODY", "9.9", "9.9.9")
    number = wire.dimse(Service.C_STORE, CT, "Image Manager", "Modality", request=image, sent=False)
    assert bench.placed()[number] == [(storing.id, "stored", "store", "only play that awaits it")]


def test_where_two_plays_wait_a_message_that_names_nobody_is_an_orphan(
    bench: Bench, build: Build, wire: Wire, say: Say, modality: System
) -> None:
    for play in bench.plan(build.step("stored", "RAD-8", "Modality"), systems=[modality], copies=2):
        wire.begin(play)
    image = say.image("FOREIGN", "9.9", "9.9.9")
    number = wire.dimse(Service.C_STORE, CT, "Image Manager", "Modality", request=image, sent=False)
    assert bench.placed()[number] == []


@pytest.mark.parametrize("moment", ["before", "after"])
def test_before_and_after_the_plays_foreign_traffic_is_an_orphan(
    bench: Bench, build: Build, wire: Wire, say: Say, ris: System, moment: str
) -> None:
    (play,) = bench.plan(build.step("scheduled", "RAD-4", "Order Filler"), systems=[ris])
    if moment == "after":
        wire.begin(play)
        wire.seal(play)
    number = wire.hl7(say.orm("FOREIGN", placer="X1"), "Image Manager", None, sent=False)
    wire.begin(play)
    assert bench.placed()[number] == []


def test_a_report_that_comes_again_belongs_to_the_step_that_asked_for_it(
    bench: Bench, build: Build, wire: Wire, say: Say
) -> None:
    """Though another commitment of the play is under way by now."""
    archive = build.system("PACS", "Image Manager")
    first, second = (build.step(name, "RAD-10", "Modality") for name in ("first", "second"))
    (play,) = bench.plan(first, second, systems=[archive])
    wire.begin(play)
    for name, uid in (("first", "1.2.1"), ("second", "1.2.2")):
        cause = wire.begin_step(play, name)
        asked = say.dataset(TransactionUID=uid)
        wire.dimse(Service.N_ACTION, COMMITMENT, "Modality", "Image Manager", request=asked, cause=cause)
    told = say.dataset(TransactionUID="1.2.1")
    number = wire.dimse(Service.N_EVENT_REPORT, COMMITMENT, "Modality", "Image Manager", request=told, sent=False)
    assert bench.placed()[number] == [(play.id, "first", "report", "keys")]


def test_a_patient_whom_nobody_knows_is_the_plays_whose_step_names_him(
    bench: Bench, build: Build, wire: Wire, say: Say
) -> None:
    """A wrong identifier that our actor sends comes back in what the system makes of it."""
    steps = build.step("order", "RAD-2", "Order Placer"), build.step("scheduled", "RAD-4", "Order Filler")
    first, second = bench.plan(*steps, systems=[build.system("RIS", "Order Filler")], copies=2)
    for play in (first, second):
        wire.begin(play)
    cause = wire.begin_step(second, "order")
    wire.hl7(say.orm("WRONG"), "Order Placer", "Order Filler", cause=cause)
    number = wire.hl7(say.orm("WRONG"), "Image Manager", "Order Filler", sent=False)
    assert bench.placed()[number] == [(second.id, "scheduled", "to-image-manager", "keys")]


def test_an_echo_is_part_of_no_transaction(bench: Bench, build: Build, wire: Wire, modality: System) -> None:
    (play,) = bench.plan(build.step("stored", "RAD-8", "Modality"), systems=[modality])
    wire.begin(play)
    number = wire.dimse(Service.C_ECHO, "Verification", "Image Manager", "Modality", sent=False)
    assert bench.placed()[number] == []


def test_a_message_from_outside_is_never_taken_for_one_that_we_were_to_send(
    bench: Bench, build: Build, wire: Wire, say: Say, ris: System
) -> None:
    """A registration that the product forwards on its own is no registration of our ADT."""
    (play,) = bench.plan(build.step("register", "RAD-1", "ADT"), systems=[ris])
    wire.begin(play)
    wire.begin_step(play, "register")
    number = wire.hl7(say.adt(_patient(play)), "Order Placer", None, sent=False)
    assert bench.placed()[number] == []


# which step


def test_of_two_steps_with_the_same_transaction_the_one_that_runs_is_meant(
    bench: Bench, build: Build, wire: Wire, say: Say, modality: System
) -> None:
    (play,) = bench.plan(
        build.step("first", "RAD-8", "Modality"), build.step("second", "RAD-8", "Modality"), systems=[modality]
    )
    wire.begin(play)
    numbers: list[ExchangeId] = []
    for step in ("first", "second"):
        wire.begin_step(play, step)
        image = say.image(_patient(play), "1.2", f"1.2.{len(numbers)}")
        numbers.append(wire.dimse(Service.C_STORE, CT, "Image Manager", "Modality", request=image, sent=False))
    placed = bench.placed()
    assert [placed[number][0][1] for number in numbers] == ["first", "second"]


def test_a_message_that_comes_before_its_step_began_is_found_all_the_same(
    bench: Bench, build: Build, wire: Wire, say: Say, modality: System
) -> None:
    """A modality driven by hand may store before our step begins."""
    (play,) = bench.plan(
        build.step("worklist", "RAD-5", "Modality"), build.step("stored", "RAD-8", "Modality"), systems=[modality]
    )
    wire.begin(play)
    wire.begin_step(play, "worklist")
    image = say.image(_patient(play), "1.2", "1.2.3")
    number = wire.dimse(Service.C_STORE, CT, "Image Manager", "Modality", request=image, sent=False)
    assert bench.placed()[number] == [(play.id, "stored", "store", "keys")]


def test_early_messages_fill_steps_that_have_not_begun_one_after_the_other(
    bench: Bench, build: Build, wire: Wire, say: Say, ris: System
) -> None:
    (play,) = bench.plan(
        build.step("first", "RAD-4", "Order Filler"), build.step("second", "RAD-4", "Order Filler"), systems=[ris]
    )
    wire.begin(play)
    numbers = [wire.hl7(say.orm(_patient(play)), "Image Manager", None, sent=False) for _ in range(3)]
    placed = bench.placed()
    assert [placed[number][0][1] for number in numbers] == ["first", "second", "first"]


def test_a_step_takes_only_messages_with_the_control_code_it_names(
    bench: Bench, build: Build, wire: Wire, say: Say
) -> None:
    system = build.system("HIS", "Order Placer")
    (play,) = bench.plan(
        build.step("order", "RAD-2", "Order Placer", control="NW"),
        build.step("cancel", "RAD-2", "Order Placer", control="CA"),
        systems=[system],
    )
    wire.begin(play)
    cancel, order = (
        wire.hl7(say.orm(_patient(play), control=control), "Order Filler", None, sent=False) for control in ("CA", "NW")
    )
    placed = bench.placed()
    assert placed[cancel] == [(play.id, "cancel", "to-order-filler", "keys")]
    assert placed[order] == [(play.id, "order", "to-order-filler", "keys")]


def test_a_step_takes_only_messages_with_the_status_it_names(
    bench: Bench, build: Build, wire: Wire, say: Say, ris: System
) -> None:
    (play,) = bench.plan(
        build.step("scheduled", "RAD-4", "Order Filler", status="SC"),
        build.step("running", "RAD-4", "Order Filler", status="IP"),
        systems=[ris],
    )
    wire.begin(play)
    number = wire.hl7(say.orm(_patient(play), status="IP"), "Image Manager", None, sent=False)
    assert bench.placed()[number] == [(play.id, "running", "to-image-manager", "keys")]


# keys


def test_the_strong_keys_of_a_message(bench: Bench, wire: Wire, say: Say) -> None:
    number = wire.hl7(say.orm("P1", placer="PL1", filler="FL1", study="1.2.3"), "Order Filler", "Image Manager")
    view = bench.view(number)
    assert request_keys(view) == {("patient", "P1"), ("placer", "PL1"), ("filler", "FL1"), ("uid", "1.2.3")}
    assert list(answer_keys(view)) == [frozenset()]


def test_the_strong_keys_of_a_data_set_and_of_its_instance(bench: Bench, wire: Wire, say: Say) -> None:
    number = wire.dimse(
        Service.N_CREATE,
        MPPS,
        "Modality",
        "PPS Manager",
        request=say.mpps("P1", "1.2.3"),
        instance="2.25.7",
    )
    assert request_keys(bench.view(number)) == {("patient", "P1"), ("uid", "1.2.3"), ("uid", "2.25.7")}


def test_wildcards_empty_values_and_weak_keys_join_nothing(bench: Bench, wire: Wire, say: Say) -> None:
    query = say.dataset(
        PatientID="P*",
        StudyInstanceUID="",
        AccessionNumber="A1",
        ScheduledProcedureStepID="S1",
        RequestedProcedureID="R1",
    )
    number = wire.dimse(Service.C_FIND, WORKLIST, "Modality", "Order Filler", request=query)
    assert request_keys(bench.view(number)) == frozenset()


def test_a_list_of_uids_is_a_key_for_each(bench: Bench, wire: Wire, say: Say) -> None:
    query = say.dataset()
    query.StudyInstanceUID = ["1.2", "1.3"]
    number = wire.dimse(Service.C_FIND, WORKLIST, "Modality", "Order Filler", request=query)
    assert request_keys(bench.view(number)) == {("uid", "1.2"), ("uid", "1.3")}


def test_each_entry_of_an_answer_has_keys_of_its_own(bench: Bench, wire: Wire, say: Say) -> None:
    number = wire.dimse(
        Service.C_FIND,
        WORKLIST,
        "Modality",
        "Order Filler",
        request=say.dataset(),
        responses=[(0xFF00, say.entry("P1", "1.1")), (0xFF00, say.entry("P2", "1.2")), (0x0000, None)],
    )
    assert list(answer_keys(bench.view(number))) == [
        {("patient", "P1"), ("uid", "1.1")},
        {("patient", "P2"), ("uid", "1.2")},
    ]


def test_attribution_does_not_depend_on_the_order_in_which_exchanges_are_handed_over(
    bench: Bench, build: Build, wire: Wire, say: Say, ris: System
) -> None:
    (play,) = bench.plan(build.step("scheduled", "RAD-4", "Order Filler"), systems=[ris])
    wire.begin(play)
    for patient in (_patient(play), "X"):
        wire.hl7(say.orm(patient, placer="PL1"), "Image Manager", None, sent=False, link=None)
    transcript = wire.transcript()
    views = [ExchangeView(exchange, wire.recorder.read) for exchange in transcript.exchanges]
    forward = attribute_all(build.knowledge, [play], views, transcript.events)
    backward = attribute_all(build.knowledge, [play], reversed(views), reversed(transcript.events))
    assert forward == backward
    assert [len(places) for places in forward.values()] == [1, 1]


def test_ends_of_a_message_follow_who_sent_it(wire: Wire, say: Say) -> None:
    wire.hl7(say.adt("P1"), "ADT", "Order Filler")
    wire.hl7(say.adt("P1"), "Order Filler", None, sent=False)
    link = wire.link("Modality", "Image Manager", kind=LinkKind.DIMSE)
    wire.dimse(Service.N_EVENT_REPORT, COMMITMENT, "Modality", "Image Manager", link=link, sent=False)
    assert [ends(exchange) for exchange in wire.transcript().exchanges] == [
        (ActorName("ADT"), ActorName("Order Filler")),
        (None, ActorName("Order Filler")),
        (ActorName("Image Manager"), ActorName("Modality")),
    ]
