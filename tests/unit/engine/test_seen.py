"""Records that no scenario drove: which plays they are, who took part, and what they prove."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace

import pytest

from harness.engine.judging import judge
from harness.engine.reading import transcript_of
from harness.engine.unscripted import UnscriptedExchange, hl7_exchange, unscripted_play
from harness.model.hop import ALL_THAT_FOLLOWS, THIS_ALONE, Watching
from harness.model.names import HARNESS, ActorName, PlayerName
from harness.model.profile import Service
from harness.model.run import Run
from harness.model.transcript import Direction, Exchange, Half
from harness.model.verdict import Outcome, Verdict
from tests.legal.workflow_messages import Case, entries_of
from tests.specimens.builder import plain_ack
from tests.unit.engine.watched_days import (
    CASE,
    DECLARED,
    KNOWN,
    Change,
    answers,
    changed,
    day,
    findings,
    gone,
    merged,
    named,
    other_patient,
    query,
    says,
    watch,
)

MAKES, ENDS = named("RAD-6", "to-pps-manager"), named("RAD-7", "to-pps-manager")


def received(watched: object, requirement: str) -> list[str]:
    return [one.finding.received for one in findings(watched.run) if one.finding.requirement == requirement]  # type: ignore[attr-defined]


# what took place


@pytest.mark.parametrize("form", ["2.3.1", "2.5.1"])
def test_a_day_is_found_again_in_its_traffic(form: str) -> None:
    watched = watch(day(Case(form=form)))
    (play,) = watched.run.plays
    assert [step.transaction for step in play.steps] == [
        "RAD-1", "RAD-2", "RAD-4", "RAD-5", "RAD-6", "RAD-8", "RAD-7", "RAD-10",
    ]  # fmt: skip
    assert play.form == form
    assert play.title == "Patient P1001"
    assert {(leg.initiator, leg.initiator_player) for step in play.steps for leg in step.legs} == {
        ("ADT", "HIS"),
        ("Order Placer", "HIS"),
        ("Order Filler", "RIS"),
        ("Modality", "CT"),
        ("PPS Manager", "RIS"),
        ("Image Manager", "PACS"),
    }
    assert (watched.run.verdict, watched.run.exit_code) == (Verdict.PASS, 0)


def test_each_patient_has_a_play_though_their_messages_are_mixed() -> None:
    one, other = day(), other_patient(day())
    mixed = [event for pair in zip(one, other, strict=True) for event in pair]
    run = watch(mixed).run
    assert [play.title for play in run.plays] == ["Patient P1001", "Patient P7007"]
    assert run.verdict is Verdict.PASS


def test_two_patients_may_have_the_same_numbers() -> None:
    keep = (b"ACC1", b"RP1", b"SPS1", b"A1^OP", b"F1^OF", b"A1\0", b"F1\0", b"A1 ", b"F1 ", b"PPS1", b"|M")
    one, other = day(), other_patient(day(), keep=keep)
    run = watch([event for pair in zip(one, other, strict=True) for event in pair]).run
    assert len(run.plays) == 2
    assert run.verdict is Verdict.PASS


def test_one_number_of_two_authorities_is_two_patients() -> None:
    stranger = [replace(one, request=(one.request or b"").replace(b"P1001^^^SWF", b"P1001^^^ELS")) for one in day()[:2]]
    stranger = [replace(one, request=(one.request or b"").replace(b"|M", b"|S")) for one in stranger]
    run = watch([*day()[:4], *stranger]).run
    assert [play.title for play in run.plays] == ["Patient P1001", "Patient P1001"]


def test_patients_that_were_merged_are_one_play() -> None:
    run = watch([*day()[:4], *merged(CASE, "P2002")]).run
    assert [play.title for play in run.plays] == ["Patient P1001 = P2002"]


def test_a_query_about_several_patients_is_judged_once_and_belongs_to_each() -> None:
    one, other = day(), other_patient(day())
    strange = deepcopy(entries_of(CASE)[0])
    strange.PatientID, strange.StudyInstanceUID, strange.PatientName = "P7007", "1.2.3.9.5", "SODERBER^ASTA"
    strange.AccessionNumber, strange.RequestedProcedureID = "ACC2", "RP2"
    strange.ScheduledProcedureStepSequence[0].ScheduledProcedureStepID = "SPS7"
    strange.PlacerOrderNumberImagingServiceRequest, strange.FillerOrderNumberImagingServiceRequest = "A7", "F7"
    strange.AdmissionID = ""
    both = query(CASE, *entries_of(CASE), strange, patient="")
    run = watch([*one[:4], *other[:4], both]).run
    assert [play.title for play in run.plays] == [
        "Patient P1001",
        "Patient P7007",
        "What CT asks about several patients, or about nobody who was seen",
    ]
    told = [
        (play.title[-5:], one.finding.check)
        for play in run.plays
        for step in play.steps
        if step.transaction == "RAD-5"
        for leg in step.legs
        for one in leg.findings
    ]
    assert ("P1001", "consistency") in told
    assert ("P7007", "consistency") in told
    assert {title for title, check in told if check == "mwl.matching"} == {" seen"}


def test_a_message_that_is_sent_again_is_the_same_step() -> None:
    events = day()
    run = watch([*events[:3], events[2], *events[3:]]).run
    (play,) = run.plays
    assert [step.step for step in play.steps][:3] == ["rad-1", "rad-2", "rad-4"]
    assert run.verdict is Verdict.PASS


def test_a_result_that_names_no_structured_report_is_nobodys() -> None:
    result = (
        b"MSH|^~\\&|LAB|H|RIS|H|20240102101500||ORU^R01^ORU_R01|L1|P|2.5.1\r"
        b"PID|||P1001^^^SWF^PI||LINDGREN^ASTA\rOBR|1|A1^OP\rOBX|1|TX|HB^Haemoglobin||7.1\r"
    )
    answer = plain_ack(result, "AA", "E1")
    events = [*day()[:3], hl7_exchange("RAD-28", "export", result, answer, step="exported")]
    run = watch(events).run
    assert "RAD-28" not in {step.transaction for play in run.plays for step in play.steps}
    assert run.orphans == (4,)
    assert run.verdict is Verdict.PASS


# whose it is


def test_a_modality_that_copies_wrongly_fails_and_nobody_else() -> None:
    watched = watch(changed(day(), named("RAD-6"), says(b"ACC1", b"ACCX")))
    assert ("CT", "consistency/accession-number.rad-5-to-rad-6") in watched.failures
    assert {player for player, _ in watched.failures} <= {"CT"}


def test_what_a_modality_copied_from_a_bad_worklist_is_the_fillers() -> None:
    events = changed(day(), named("RAD-5"), answers(b"ACC1", b"ACCX"))
    events = changed(events, lambda one: one.transaction in ("RAD-6", "RAD-8"), says(b"ACC1", b"ACCX"))
    watched = watch(events)
    assert {player for player, _ in watched.failures} == {"RIS"}


def test_a_relay_that_changes_a_performed_step_is_charged_with_it() -> None:
    watched = watch(changed(day(), named("RAD-6", "to-image-manager"), says(b"CT chest", b"XX chest")))
    assert watched.failures == [("RIS", "mpps/relayed-unchanged")]


def test_an_archive_that_leaves_an_image_out_of_its_report_is_charged_with_it() -> None:
    watched = watch(changed(day(), named("RAD-10", "report"), says(b"1.2.3.4.5.1.1.2", b"1.2.3.4.5.1.1.7")))
    assert watched.failures == [("PACS", "storage/committed-equals-requested")]


# what cannot be proven


def test_no_part_of_a_faultless_day_fails() -> None:
    events = day()
    captures = 2 * 2 * len(events)
    for place in range(0, captures, 3):
        assert watch(events, first=place).failures == [], place
        assert watch(events, last=place + 1).failures == [], place


def test_a_step_that_began_before_the_record_is_no_fault() -> None:
    watched = watch([one for one in day() if one.transaction in ("RAD-7", "RAD-8", "RAD-10")])
    assert watched.run.verdict is Verdict.PASS
    judged = [one for one in findings(watched.run) if one.finding.requirement.startswith("mpps-states/none")]
    assert {one.finding.outcome for one in judged} == {Outcome.NOT_APPLICABLE}
    assert all("does not have the beginning" in one.finding.received for one in judged)


def test_a_name_that_may_have_changed_before_the_record_began_is_undecided() -> None:
    events = [one for one in day() if one.transaction in ("RAD-5", "RAD-8", "RAD-10")]
    started = next(one for one in day() if MAKES(one))
    changes = says(b"LINDGREN^ASTA", b"LINDBERG^ASTA")
    events.insert(1, changes(started))  # type: ignore[arg-type]
    assert watch(events).failures == []
    assert ("CT", "consistency/patient-name.rad-5-to-rad-6") in watch(changed(day(), MAKES, changes)).failures


def test_another_device_may_have_read_another_worklist() -> None:
    def asks(exchange: Exchange) -> bool:
        command = exchange.request.command
        return command is not None and command.service is Service.C_FIND

    events = changed(day(), named("RAD-6"), says(b"ACC1", b"ACCX"))
    wrong = ("CT", "consistency/accession-number.rad-5-to-rad-6")
    assert wrong in watch(events, title=lambda _: "CT1").failures
    assert wrong not in watch(events, title=lambda one: "CT2" if asks(one) else "CT1").failures


def test_a_refusal_is_undecided() -> None:
    watched = watch(changed(day(), named("RAD-2"), answers(b"MSA|AA", b"MSA|AE")))
    assert ("RIS", "rad-2.to-order-filler/ack-accepted") not in watched.failures
    undecided = {str(one.finding.requirement) for one in watched.with_verdict(Verdict.INCONCLUSIVE)}
    assert "rad-2.to-order-filler/ack-accepted" in undecided


def test_a_missing_image_needs_a_declared_time_that_has_passed() -> None:
    lost = CASE.uids(1)[1]
    events = [one for one in day() if not (one.command is not None and one.command.sop_instance == lost)]
    events = [one for one in events if one.transaction != "RAD-10"]
    missing = ("CT", "storage/listed-equals-stored")
    assert missing in watch(events, times=DECLARED, idle=100.0).failures
    assert missing not in watch(events, times=DECLARED).failures
    assert missing not in watch(events, idle=100.0).failures
    assert watch(events, times=DECLARED).run.verdict is Verdict.PASS
    assert watch(events, idle=100.0).run.verdict is Verdict.INCONCLUSIVE


def test_a_request_that_the_record_ends_with_is_left_out() -> None:
    events = changed(day()[:3], named("RAD-2"), lambda one: replace(one, answer=None))
    unanswered = ("RIS", "rad-2.to-order-filler/ack-answered")
    assert watch(events).failures == []
    assert unanswered in watch(events, idle=100.0).failures


def test_an_answer_may_have_passed_unread() -> None:
    events = changed(day()[:3], named("RAD-2"), lambda one: replace(one, answer=None))
    events = [one for one in events if one.transaction == "RAD-2"]
    unanswered = ("RIS", "rad-2.to-order-filler/ack-answered")
    assert unanswered in watch(events, idle=100.0, unread=THIS_ALONE).failures
    assert unanswered not in watch(events, idle=100.0, unread=ALL_THAT_FOLLOWS).failures


def test_what_passed_unread_may_be_what_is_missing() -> None:
    lost = CASE.uids(1)[1]
    events = [one for one in day() if not (one.command is not None and one.command.sop_instance == lost)]
    events = [one for one in events if one.transaction != "RAD-10"]
    missing = ("CT", "storage/listed-equals-stored")
    assert missing in watch(events, times=DECLARED, idle=100.0, unread=THIS_ALONE).failures
    watched = watch(events, times=DECLARED, idle=100.0, unread=ALL_THAT_FOLLOWS)
    assert missing not in watched.failures
    assert any("could not be read" in text for text in received(watched, "storage/listed-equals-stored"))


def test_a_retrieve_whose_images_go_another_way_lacks_nothing() -> None:
    watched = watch(changed(day(), named("RAD-10"), gone))
    assert watched.run.verdict is Verdict.PASS


# claims


def test_claims_say_what_was_seen_and_with_whom() -> None:
    claims = {(one.system, one.actor): one for one in watch(day()).run.claims}
    modality = claims[PlayerName("CT"), ActorName("Modality")]
    assert modality.profile == "SWF.b"
    assert modality.partners == {
        "RAD-10": ("PACS",), "RAD-5": ("RIS",), "RAD-6": ("RIS",), "RAD-7": ("RIS",), "RAD-8": ("PACS",),
    }  # fmt: skip
    assert modality.verdict is Verdict.PASS
    assert modality.checks > 0


def test_the_record_is_judged_alike_each_time() -> None:
    events: list[UnscriptedExchange] = changed(day(), MAKES, says(b"ACC1", b"ACCX"))
    assert watch(events).run.plays == watch(events).run.plays


# what did not come


def test_a_report_that_never_came_is_missed_where_another_came() -> None:
    silent = [one for one in other_patient(day()) if not named("RAD-10", "report")(one)]
    events = [*day(), *silent]
    missing = ("PACS", "rad-10.report/delivered")
    assert missing in watch(events, times=DECLARED, idle=100.0).failures
    assert watch(events, times=DECLARED).run.verdict is Verdict.PASS
    assert watch(events, idle=100.0).run.verdict is Verdict.INCONCLUSIVE
    assert watch(silent, times=DECLARED, idle=100.0).run.verdict is Verdict.PASS


def test_a_performed_step_that_was_not_passed_on_is_missed_where_another_was() -> None:
    kept = [one for one in other_patient(day()) if not named("RAD-7", "to-image-manager")(one)]
    missing = ("RIS", "rad-7.to-image-manager/delivered")
    assert missing in watch([*day(), *kept], times=DECLARED, idle=100.0).failures
    assert missing not in watch(kept, times=DECLARED, idle=100.0).failures


# our own actors as stand-ins


def stood_in(change: Callable[[UnscriptedExchange], bool], to: Change) -> Run:
    """A day in which our own filler and archive stood in for a modality that is a product."""
    ours = (ActorName("Order Filler"), ActorName("PPS Manager"), ActorName("Image Manager"))
    wanted = [
        one
        for one in day()
        if one.transaction in ("RAD-5", "RAD-6", "RAD-8", "RAD-10") and one.leg != "to-image-manager"
    ]
    plan, transcript, read = unscripted_play(changed(wanted, change, to), KNOWN)
    links = [
        replace(
            link,
            actor=(link.peer_actor or link.actor) if link.actor == "Modality" else link.actor,
            peer_actor=None,
            ours=link.actor in ours,
            cause=None,
            leg=None,
            facts={"calling_ae": "CT1", "called_ae": "CT1"},
        )
        for link in transcript.links
    ]
    received = {link.id for link in links if not link.ours}
    captures = [
        replace(
            one,
            direction=Direction.RECEIVED if (one.half is Half.REQUEST) is (one.link in received) else Direction.SENT,
        )
        for one in transcript.captures
    ]
    group = replace(plan.assignments[0], plays=(), serves={})
    watched = replace(plan, systems=(), assignments=(group,), watching=Watching())
    return judge(watched, transcript_of(tuple(links), tuple(captures), ()), read, KNOWN)


def test_a_fault_of_our_stand_in_is_an_error_and_a_products_is_a_failure() -> None:
    def nobody(_: UnscriptedExchange) -> bool:
        return False

    faultless = stood_in(nobody, gone)
    assert faultless.verdict is Verdict.PASS
    assert {one.system for one in faultless.claims} == {"CT1"}
    assert all(one.partners == {} for one in faultless.claims)
    theirs = stood_in(MAKES, says(b"ACC1", b"ACCX"))
    assert {one.player for one in findings(theirs) if one.verdict is Verdict.FAIL} == {"CT1"}
    our_own = stood_in(named("RAD-10", "report"), says(b"1.2.3.4.5.1.1.2", b"1.2.3.4.5.1.1.7"))
    assert {one.player for one in findings(our_own) if one.verdict is Verdict.ERROR} == {HARNESS}
    assert [one for one in findings(our_own) if one.verdict is Verdict.FAIL] == []
