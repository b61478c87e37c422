"""The outcome of a retrieve: all sub-operations done, counted as the standard counts them (PS3.4 C.4.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.checks.attribute_tables import legal
from harness.checks.dimse_reply import final_evidence, hexadecimal
from harness.checks.expecting import may_be_refused
from harness.checks.recording import ExchangeView, LegView
from harness.checks.registry import leg_check
from harness.dicom.paths import present
from harness.dicom.statuses import StatusClass, is_pending, is_success, is_warning, status_class
from harness.model.finding import Evidence, Finding
from harness.model.names import HARNESS
from harness.model.transcript import Half
from harness.model.verdict import Outcome

CHECK = "retrieve.result"

_REMAINING = "NumberOfRemainingSuboperations"
_COMPLETED = "NumberOfCompletedSuboperations"
_FAILED = "NumberOfFailedSuboperations"
_WARNING = "NumberOfWarningSuboperations"
_LIST = "FailedSOPInstanceUIDList"


@leg_check(CHECK, rows=("completed", "counters", "failed-list"))
def check(view: LegView) -> Iterator[Finding]:
    """Each retrieve of the leg ends with success, and its counters agree with that."""
    for exchange in view.exchanges:
        status = exchange.status
        if status is None or is_pending(status):
            continue
        outcome = Outcome.MET if is_success(status) else _incomplete(view, exchange)
        yield from view.ruled(
            CHECK,
            "completed",
            Outcome.NOT_APPLICABLE if may_be_refused(view) or not legal(view, exchange) else outcome,
            final_evidence(exchange),
            expected="0000",
            received=hexadecimal(status),
        )
        found = list(_faults(exchange))
        for evidence, expected, received in found:
            yield from view.ruled(CHECK, "counters", Outcome.VIOLATED, evidence, expected=expected, received=received)
        if not found:
            yield from view.ruled(CHECK, "counters", Outcome.MET, final_evidence(exchange))
        yield from _failed_list(view, exchange)


def _incomplete(view: LegView, exchange: ExchangeView) -> Outcome:
    """What an end other than success says: that what was sent was not taken, or not without a warning, which a product
    may have cause for and our stand-in has not; of our archive nothing, where a product asks and receives."""
    status = exchange.status
    warned = status is not None and is_warning(status)
    undecided = view.planned.initiator != HARNESS and (warned or view.planned.responder == HARNESS)
    return Outcome.UNDECIDED if undecided else Outcome.VIOLATED


def failed_of(exchange: ExchangeView) -> int:
    """The number of sub-operations that the final response says failed."""
    final = exchange.exchange.final
    said = final.command.fields.get(_FAILED, "0").strip() if final is not None and final.command is not None else ""
    return int(said) if said.isdigit() else 0


def _failed_list(view: LegView, exchange: ExchangeView) -> Iterator[Finding]:
    """Failed SOP Instance UID List comes with failed sub-operations, in the final response, and else never."""
    wrong: tuple[int, str, str] | None = None
    for index, response in enumerate(exchange.exchange.responses):
        command, identifier = response.command, exchange.response_datasets[index]
        if command is None or command.status is None:
            continue
        listed = identifier is not None and present(identifier, _LIST)
        failed = command.fields.get(_FAILED, "0").strip() not in ("", "0")
        if listed and (is_pending(command.status) or is_success(command.status)):
            wrong = index, f"no {_LIST}", "present"
        elif failed and not listed and not is_pending(command.status) and not is_success(command.status):
            wrong = index, _LIST, "absent"
        elif listed and identifier is not None and "SpecificCharacterSet" in identifier:
            wrong = index, "no SpecificCharacterSet beside it", "present"
    last = max(0, len(exchange.exchange.responses) - 1)
    yield from view.ruled(
        CHECK,
        "failed-list",
        Outcome.VIOLATED if wrong else Outcome.MET,
        exchange.evidence(_LIST if wrong else "", Half.RESPONSE, wrong[0] if wrong else last),
        expected=wrong[1] if wrong else "",
        received=wrong[2] if wrong else "",
    )


def _of_warning(counters: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """A warning says that something failed or was warned of, and that not all failed (PS3.4 C.4.2)."""
    done, failed, warned = (counters.get(name, "").strip() for name in (_COMPLETED, _FAILED, _WARNING))
    if not all(text.isdigit() for text in (done, failed, warned)):
        return
    if not int(failed) and not int(warned):
        yield f"{_FAILED} or {_WARNING}", "0"
    elif not int(done) and not int(warned):
        yield "a failure status, as all sub-operations failed", f"{failed} failed"


def _faults(exchange: ExchangeView) -> Iterator[tuple[Evidence, str, str]]:
    for index, response in enumerate(exchange.exchange.responses):
        command = response.command
        if command is None or command.status is None:
            continue
        counters = command.fields
        evidence = exchange.evidence("", Half.RESPONSE, index)
        if is_pending(command.status):
            missing = [name for name in (_REMAINING, _COMPLETED, _FAILED, _WARNING) if name not in counters]
            if missing:
                yield evidence, missing[0], "absent"
        elif _REMAINING in counters and status_class(command.status) is not StatusClass.CANCEL:
            yield evidence, f"no {_REMAINING}", counters[_REMAINING]
        elif is_warning(command.status):
            yield from ((evidence, *fault) for fault in _of_warning(counters))
        elif is_success(command.status):
            for name in (_FAILED, _WARNING):
                if counters.get(name, "0").strip() not in ("", "0"):
                    yield evidence, f"{name} 0", counters[name]
