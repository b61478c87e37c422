"""DIMSE responses: that there is a final one, that its status is defined, and that a legal request was accepted."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks import attribute_tables
from harness.checks.expecting import cut_off, may_be_refused, refused
from harness.checks.recording import ExchangeView, LegView
from harness.checks.registry import leg_check
from harness.dicom.paths import first, has
from harness.dicom.statuses import StatusClass, is_pending, is_success, is_warning, lookup, status_class
from harness.dicom.uids import keyword_of, uid_of
from harness.model.finding import Evidence, Finding
from harness.model.profile import Service
from harness.model.transcript import Half
from harness.model.verdict import Outcome

REPLY = "dimse.reply"
STATUS = "dimse.status"

_IDENTITY = ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")
_MPPS = uid_of("ModalityPerformedProcedureStep")


def hexadecimal(status: int | None) -> str:
    """A status as the standard prints it: `0110`."""
    return "no response" if status is None else f"{status:04X}"


def accepted(status: int | None) -> bool:
    """Whether a final status says that the request was carried out, perhaps with a warning."""
    return status is not None and (is_success(status) or is_warning(status))


def is_mpps(exchange: ExchangeView) -> bool:
    """Whether the exchange is about a Modality Performed Procedure Step."""
    command = exchange.exchange.request.command
    return command is not None and command.sop_class in (_MPPS, "ModalityPerformedProcedureStep")


def final_evidence(exchange: ExchangeView) -> Evidence:
    """A pointer at the final response, or at the request when there is none."""
    count = len(exchange.exchange.responses)
    return exchange.evidence("", Half.RESPONSE, count - 1) if count else exchange.evidence()


@leg_check(REPLY, rows=("answered", "status-defined"))
def reply(view: LegView) -> Iterator[Finding]:
    """Each request of the leg has a final response with a status that the service defines (PS3.7 9.1, 10.1)."""
    for exchange in view.exchanges:
        command = exchange.exchange.request.command
        if command is None or command.service is Service.C_CANCEL:
            continue
        status = exchange.status
        yield from view.ruled(
            REPLY,
            "answered",
            Outcome.MET if _is_final(exchange) else _unanswered(view, exchange),
            final_evidence(exchange),
            expected="a final response",
            received=hexadecimal(status),
        )
        if status is not None:
            yield from view.ruled(
                REPLY,
                "status-defined",
                Outcome.MET if lookup(status, command.service) is not None else Outcome.VIOLATED,
                final_evidence(exchange),
                expected=f"a status of {command.service.value}",
                received=hexadecimal(status),
            )


def _is_final(exchange: ExchangeView) -> bool:
    return exchange.status is not None and not is_pending(exchange.status)


def _unanswered(view: LegView, exchange: ExchangeView) -> Outcome:
    """What a missing answer says. A report may cross the release of its requester's association, and be repeated.

    PS3.4 J.3.3.1.2: the SCP may send the N-EVENT-REPORT on that association or on another one.
    """
    if cut_off(view.step, view.planned):
        return Outcome.NOT_APPLICABLE  # what has no end cannot be answered; the expectation says what became of it
    if not _is_report(exchange):
        return Outcome.VIOLATED
    uid = _transaction_uid(exchange)
    if any(_is_report(one) and _is_final(one) and _transaction_uid(one) == uid for one in view.exchanges):
        return Outcome.NOT_APPLICABLE
    opened_by_receiver = exchange.exchange.link.ours is not exchange.exchange.sent
    return Outcome.UNDECIDED if opened_by_receiver else Outcome.VIOLATED


def _is_report(exchange: ExchangeView) -> bool:
    command = exchange.exchange.request.command
    return command is not None and command.service is Service.N_EVENT_REPORT


def _transaction_uid(exchange: ExchangeView) -> str:
    dataset = exchange.request_dataset
    return "" if dataset is None else first(dataset, "TransactionUID")


@leg_check(STATUS, rows=("status",))
def status(view: LegView) -> Iterator[Finding]:
    """A request that our tables find legal is accepted; refusals of MPPS are judged by their states, the end of a
    request that was taken back by `dimse.cancel`."""
    for exchange in view.exchanges:
        code = exchange.status
        command = exchange.exchange.request.command
        if command is None or code is None or is_pending(code):
            continue
        if may_be_refused(view) or view.step.step.cancel or status_class(code) is StatusClass.CANCEL:
            outcome = Outcome.NOT_APPLICABLE
        elif accepted(code):
            outcome = Outcome.MET
        elif _excused(view, exchange, command.service):
            outcome = Outcome.NOT_APPLICABLE
        else:
            outcome = refused(view)
        comment = _comment(exchange)
        yield from view.ruled(
            STATUS,
            "status",
            outcome,
            final_evidence(exchange),
            expected="0000",
            received=f"{hexadecimal(code)} ({comment})" if comment else hexadecimal(code),
        )


def _excused(view: LegView, exchange: ExchangeView, service: Service) -> bool:
    """Whether the request was not legal, or its acceptance is judged elsewhere."""
    if is_mpps(exchange) and service in (Service.N_CREATE, Service.N_SET):
        return True
    if service is Service.C_STORE and not _identified(exchange):
        return True
    return not attribute_tables.legal(view, exchange)


def _identified(exchange: ExchangeView) -> bool:
    """Whether an object has the UIDs that every composite object has, and is the one that the command names
    (PS3.3 Tables C.7-3, C.7-5a, C.12-1; PS3.4 B)."""
    dataset, command = exchange.request_dataset, exchange.exchange.request.command
    if dataset is None or command is None or not all(has(dataset, keyword) for keyword in _IDENTITY):
        return False
    named = {"SOPClassUID": command.sop_class, "SOPInstanceUID": command.sop_instance}
    return all(keyword_of(first(dataset, keyword)) == keyword_of(uid) for keyword, uid in named.items() if uid)


def _comment(exchange: ExchangeView) -> str:
    final = exchange.exchange.final
    return final.command.fields.get("ErrorComment", "") if final and final.command else ""
