"""Changes to a recording: what they touch, and nothing else."""

from __future__ import annotations

import pytest

from harness.checks.recording import ExchangeView, PlayView
from harness.dicom.paths import first
from harness.model.names import ExchangeId
from harness.model.profile import Service
from harness.model.transcript import EventKind, Half
from harness.selftest.changes import (
    At,
    DropExchange,
    DropResponse,
    EditCommand,
    EditMessage,
    RepeatExchange,
    RepeatResponse,
    SwapExchanges,
    Unchangeable,
    changed,
)
from harness.selftest.edits import Edit, Operation
from harness.selftest.trials import Bench


def exchanges(view: PlayView) -> dict[ExchangeId, ExchangeView]:
    return {one.exchange.id: one for leg in view.legs for one in leg.exchanges}


def of_service(view: PlayView, service: Service, leg: str) -> ExchangeId:
    return next(
        one.exchange.id
        for held in view.legs
        for one in held.exchanges
        if held.planned.leg.id == leg
        and one.exchange.request.command is not None
        and one.exchange.request.command.service is service
    )


def test_a_field_is_changed_and_every_other_message_is_the_same(orders: Bench) -> None:
    before = orders.base.view
    number = next(iter(exchanges(before)))
    after = changed(before, (EditMessage(At(number), (Edit(Operation.SET, "PID-8", "M"),)),))
    message = exchanges(after)[number].request_message
    assert message is not None
    assert message.first("PID-8") == "M"
    others = [one for other, one in exchanges(after).items() if other != number]
    assert all(one is exchanges(before)[one.exchange.id] for one in others)


def test_who_passes_a_message_on_passes_on_what_it_is_now(group: Bench) -> None:
    before = group.base.view
    number = of_service(before, Service.N_CREATE, "to-pps-manager")
    edit = Edit(Operation.SET, "PatientID", "P9")
    after = exchanges(changed(before, (EditMessage(At(number), (edit,)),)))
    alone = exchanges(changed(before, (EditMessage(At(number), (edit,), alone=True),)))
    relay = of_service(before, Service.N_CREATE, "to-order-filler")

    def patient(view: ExchangeView) -> str:
        assert view.request_dataset is not None
        return first(view.request_dataset, "PatientID")

    assert [patient(after[number]), patient(after[relay])] == ["P9", "P9"]
    assert [patient(alone[number]), patient(alone[relay])] == ["P9", "P1001"]


def test_an_answer_is_changed(orders: Bench) -> None:
    number = next(iter(exchanges(orders.base.view)))
    at = At(number, Half.RESPONSE)
    after = changed(orders.base.view, (EditMessage(at, (Edit(Operation.SET, "MSA-2", "X"),)),))
    answer = exchanges(after)[number].answer_message
    assert answer is not None
    assert answer.first("MSA-2") == "X"


def test_a_command_is_changed(group: Bench) -> None:
    number = of_service(group.base.view, Service.N_CREATE, "to-pps-manager")
    changes = (
        EditCommand(At(number, Half.RESPONSE), status=0x0110, fields={"ErrorComment": "no"}),
        EditCommand(At(number), sop_instance="1.2"),
    )
    view = exchanges(changed(group.base.view, changes))[number]
    assert view.status == 0x0110
    assert view.exchange.request.command is not None
    assert view.exchange.request.command.sop_instance == "1.2"
    assert view.exchange.responses[0].command is not None
    assert view.exchange.responses[0].command.fields == {"ErrorComment": "no"}


def test_a_missing_exchange_had_its_time(group: Bench) -> None:
    number = of_service(group.base.view, Service.N_CREATE, "to-pps-manager")
    after = changed(group.base.view, (DropExchange(number),))
    assert number not in exchanges(after)
    assert [event.leg for event in after.events if event.kind is EventKind.LEG_EXPIRED] == ["to-pps-manager"]


def test_responses_are_left_out_and_repeated(group: Bench) -> None:
    number = of_service(group.base.view, Service.C_FIND, "query")
    count = len(exchanges(group.base.view)[number].exchange.responses)

    def responses(change: DropResponse | RepeatResponse) -> int:
        return len(exchanges(changed(group.base.view, (change,)))[number].exchange.responses)

    assert responses(DropResponse(number)) == 0
    assert responses(DropResponse(number, 0)) == count - 1
    assert responses(RepeatResponse(number, 0)) == count + 1


@pytest.mark.parametrize("at_end", [False, True])
def test_a_repeated_exchange_comes_later(group: Bench, at_end: bool) -> None:
    number = of_service(group.base.view, Service.C_STORE, "store")
    again = RepeatExchange(number, (Edit(Operation.SET, "SOPInstanceUID", "1.9"),), sop_instance="1.9", at_end=at_end)
    after = exchanges(changed(group.base.view, (again,)))
    new = next(one for other, one in after.items() if other not in exchanges(group.base.view))
    last = max(one.exchange.request.seq for one in exchanges(group.base.view).values())
    assert new.exchange.request.seq > after[number].exchange.request.seq
    assert (new.exchange.request.seq > last) is at_end
    assert new.request_dataset is not None
    assert first(new.request_dataset, "SOPInstanceUID") == "1.9"


def test_two_exchanges_change_places(group: Bench) -> None:
    before = exchanges(group.base.view)
    one = of_service(group.base.view, Service.N_CREATE, "to-pps-manager")
    other = of_service(group.base.view, Service.N_SET, "to-pps-manager")
    after = exchanges(changed(group.base.view, (SwapExchanges(one, other),)))
    assert after[one].exchange.request.seq == before[other].exchange.request.seq
    assert after[other].exchange.request.seq == before[one].exchange.request.seq


@pytest.mark.parametrize(
    "edit",
    [
        Edit(Operation.SET, "PID-8", "F"),
        Edit(Operation.REMOVE, "ZZZ"),
        Edit(Operation.REPEAT_REST, "ZZZ"),
        Edit(Operation.SET, "PatientID", "P9"),
    ],
)
def test_a_change_that_changes_nothing_is_none(orders: Bench, edit: Edit) -> None:
    number = next(iter(exchanges(orders.base.view)))
    message = exchanges(orders.base.view)[number].request_message
    assert message is not None
    assert message.first("PID-8") == "F"
    with pytest.raises(Unchangeable):
        changed(orders.base.view, (EditMessage(At(number), (edit,)),))


def test_the_last_order_group_is_repeated(orders: Bench) -> None:
    number = next(iter(exchanges(orders.base.view)))
    after = changed(orders.base.view, (EditMessage(At(number), (Edit(Operation.REPEAT_REST, "ORC"),)),))
    before, now = exchanges(orders.base.view)[number].request_message, exchanges(after)[number].request_message
    assert before is not None
    assert now is not None
    rest = before.segment_names()[before.segment_names().index("ORC") :]
    assert now.segment_names() == (*before.segment_names(), *rest)
