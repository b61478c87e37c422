from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.checks import acquisition, mpps_relay, mpps_states
from harness.model.plan import LegState
from harness.model.profile import Service
from harness.model.scenario import Answer, Expectation
from harness.model.verdict import Outcome

UID = "1.2.9"
FOLLOWS = "mpps/initiator-follows-states"
REFUSED = Expectation(answer=Answer.REFUSED)


class Hop:
    """Records MPPS messages about one step."""

    def __init__(self, recording: Any, tools: Any) -> None:
        self.rec = recording()
        self.tools = tools

    def send(
        self,
        service: Service,
        state: str,
        status: int | None = 0,
        *,
        step: str = "started",
        leg: str = "to-pps-manager",
        uid: str = UID,
        error_id: str = "",
        **of_step: Any,
    ) -> None:
        transaction = "RAD-6" if service is Service.N_CREATE else "RAD-7"
        opened = next((one for one in self.rec.legs if (one.step.id, one.leg) == (step, leg)), None)
        opened = opened or self.rec.leg(transaction, leg, step, **of_step)
        message = self.tools.dataset(PerformedProcedureStepDescription="CT")
        if state:
            message.PerformedProcedureStepStatus = state
        fields = {"ErrorID": error_id} if error_id else {}
        self.rec.dimse(opened, service, message, [] if status is None else [(status, None, fields)], instance=uid)

    def judged(self, module: Any = mpps_states) -> list[tuple[str, str, str]]:
        return [(one.requirement, one.outcome.value, one.actor) for one in module.check(self.rec.play())]

    def violated(self, module: Any = mpps_states) -> list[tuple[str, str]]:
        return [(rule, actor) for rule, outcome, actor in self.judged(module) if outcome == "violated"]


@pytest.fixture
def hop(recording: Callable[..., Any], tools: Any) -> Hop:
    made = Hop(recording, tools)
    made.send(Service.N_CREATE, "IN PROGRESS")
    return made


def test_a_step_that_is_created_set_and_completed_is_legal(hop: Hop) -> None:
    hop.send(Service.N_SET, "", step="set")
    hop.send(Service.N_SET, "IN PROGRESS", step="set")
    hop.send(Service.N_SET, "COMPLETED", step="completed")
    assert hop.violated() == []
    assert {rule for rule, outcome, _ in hop.judged() if outcome == "met"} == {
        FOLLOWS,
        "mpps/created-once",
        "mpps-states/none.n-create-in-progress",
        "mpps-states/in-progress.n-set",
        "mpps-states/in-progress.n-set-completed",
    }


def test_setting_a_finished_step_is_charged_to_its_sender_and_its_acceptance_to_the_receiver(hop: Hop) -> None:
    hop.send(Service.N_SET, "COMPLETED", step="completed")
    hop.send(Service.N_SET, "COMPLETED", 0, step="again")
    assert hop.violated() == [
        (FOLLOWS, "Modality"),
        ("mpps-states/completed.n-set-completed", "PPS Manager"),
    ]


def test_a_step_that_provokes_a_refusal_charges_nobody_who_refuses_rightly(hop: Hop) -> None:
    hop.send(Service.N_SET, "DISCONTINUED", step="completed")
    hop.send(Service.N_SET, "COMPLETED", 0x0110, step="again", expect=REFUSED, error_id="42768")
    assert hop.violated() == []


def test_the_refusal_of_a_late_change_should_say_why(hop: Hop) -> None:
    hop.send(Service.N_SET, "DISCONTINUED", step="completed")
    hop.send(Service.N_SET, "COMPLETED", 0x0110, step="again", expect=REFUSED)
    assert hop.violated() == [("mpps/error-id-of-late-change", "PPS Manager")]


def test_the_refusal_has_the_status_that_the_table_names(hop: Hop) -> None:
    hop.send(Service.N_SET, "COMPLETED", step="completed")
    hop.send(Service.N_SET, "COMPLETED", 0x0112, step="again", expect=REFUSED)
    assert hop.violated() == [("mpps-states/completed.n-set-completed", "PPS Manager")]


def test_a_legal_event_that_is_refused_is_charged_to_the_receiver(hop: Hop) -> None:
    hop.send(Service.N_SET, "", 0x0110, step="set")
    assert hop.violated() == [("mpps-states/in-progress.n-set", "PPS Manager")]


def test_an_unknown_status_is_illegal(hop: Hop) -> None:
    hop.send(Service.N_SET, "DONE", 0x0106, step="set")
    assert (FOLLOWS, "Modality") in hop.violated()


def test_each_responder_keeps_its_own_state(hop: Hop) -> None:
    hop.send(Service.N_CREATE, "IN PROGRESS", 0, leg="to-order-filler")
    hop.send(Service.N_SET, "COMPLETED", step="completed")
    hop.send(Service.N_SET, "COMPLETED", 0, step="completed", leg="to-image-manager")
    assert hop.violated() == [("mpps-states/none.n-set-completed", "Image Manager")]


def test_after_a_lost_answer_nothing_is_certain(hop: Hop) -> None:
    hop.send(Service.N_SET, "COMPLETED", None, step="completed")
    hop.send(Service.N_SET, "COMPLETED", 0x0110, step="completed")
    assert hop.violated() == []


def test_the_maker_of_a_step_gives_its_uid(hop: Hop) -> None:
    hop.send(Service.N_CREATE, "IN PROGRESS", step="second", uid="")
    assert hop.violated() == [("mpps/created-once", "Modality")]


def test_a_relay_is_what_came_in(hop: Hop) -> None:
    hop.send(Service.N_CREATE, "IN PROGRESS", leg="to-order-filler")
    assert ("mpps/relayed-unchanged", "met", "PPS Manager") in hop.judged(mpps_relay)
    assert hop.violated(mpps_relay) == []


def test_a_relay_that_differs_is_charged_to_the_pps_manager(hop: Hop) -> None:
    hop.send(Service.N_CREATE, "COMPLETED", leg="to-order-filler")
    assert hop.violated(mpps_relay) == [("mpps/relayed-unchanged", "PPS Manager")]


def test_a_relay_of_nothing_is_charged_unless_the_first_hop_is_hidden(
    recording: Callable[..., Any], tools: Any
) -> None:
    made = Hop(recording, tools)
    made.rec.leg("RAD-6", "to-pps-manager", "started")
    made.send(Service.N_CREATE, "IN PROGRESS", leg="to-order-filler")
    assert made.violated(mpps_relay) == [("mpps/relayed-unchanged", "PPS Manager")]
    hidden = Hop(recording, tools)
    hidden.rec.leg("RAD-6", "to-pps-manager", "started", state=LegState.NOT_OBSERVABLE)
    hidden.send(Service.N_CREATE, "IN PROGRESS", leg="to-order-filler")
    assert hidden.judged(mpps_relay) == [("mpps/relayed-unchanged", "not applicable", "PPS Manager")]


def test_each_accepted_message_is_passed_on(hop: Hop) -> None:
    hop.send(Service.N_SET, "", step="set")
    hop.send(Service.N_SET, "IN PROGRESS", step="set")
    hop.send(Service.N_SET, "", step="set", leg="to-order-filler")
    assert hop.violated(mpps_relay) == [("mpps/relayed", "PPS Manager")]


@pytest.mark.parametrize(
    ("steps", "case"),
    [(["S1"], "simple"), (["S1", "S2"], "group"), ([""], "unscheduled"), (["", ""], "unscheduled")],
)
def test_the_case_is_read_from_the_step(steps: list[str], case: str, recording: Callable[..., Any], tools: Any) -> None:
    rec = recording()
    items = [tools.dataset(StudyInstanceUID="1.2", ScheduledProcedureStepID=step) for step in steps]
    message = tools.dataset(ScheduledStepAttributesSequence=items)
    rec.dimse(rec.leg("RAD-6", "to-pps-manager"), Service.N_CREATE, message, instance=UID)
    assert acquisition.acquisitions(rec.play()).cases == {UID: case}


def test_a_second_step_for_the_same_scheduled_step_appends(recording: Callable[..., Any], tools: Any) -> None:
    rec = recording()
    for number in (1, 2):
        item = tools.dataset(StudyInstanceUID="1.2", ScheduledProcedureStepID="S1")
        message = tools.dataset(ScheduledStepAttributesSequence=[item])
        leg = rec.leg("RAD-6", "to-pps-manager", f"started-{number}")
        rec.dimse(leg, Service.N_CREATE, message, instance=f"{UID}.{number}")
    assert set(acquisition.acquisitions(rec.play()).cases.values()) == {"simple", "append"}


def test_the_outcomes_are_outcomes(hop: Hop) -> None:
    assert {one.outcome for one in mpps_states.check(hop.rec.play())} == {Outcome.MET}


def test_a_responder_may_have_ended_the_step_itself(hop: Hop) -> None:
    hop.send(Service.N_SET, "", 0x0110, step="set", error_id="42768")
    assert hop.violated() == []
