"""The counters of a C-MOVE against the C-STOREs that were seen (PS3.4 C.4.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.checks import stored as facts
from harness.checks.dimse_reply import final_evidence
from harness.checks.recording import ExchangeView, LegView, PlayView
from harness.checks.registry import Scope, play_check
from harness.checks.stored import Instance
from harness.dicom.statuses import is_pending
from harness.model.finding import Finding
from harness.model.plan import LegState
from harness.model.profile import Service
from harness.model.verdict import Outcome

CHECK = "retrieve.counts"
RULE = "retrieve/counts-what-was-sent"
OF_REPORTS = "retrieve/counts-reports-sent"

_DONE = ("NumberOfCompletedSuboperations", "NumberOfWarningSuboperations")
_FAILED = "NumberOfFailedSuboperations"


@play_check(CHECK, rules=(RULE, OF_REPORTS), scope=Scope.PLAY)
def check(play: PlayView) -> Iterator[Finding]:
    """Each step that retrieves: its final counters together against its C-STOREs, one that was sent again once."""
    for view in (*play.of("RAD-16"), *play.of("RAD-27")):
        moves = [exchange for exchange in view.exchanges if _is_move(exchange)]
        stores = _suboperations(play, view)
        seen = bool(stores) and all(leg.planned.state is LegState.LIVE for leg in stores)
        counters = [_counters(exchange) for exchange in moves]
        if seen and moves and all(counters):
            yield from _judge(play, view, moves, counters, stores)


def not_taken(play: PlayView, view: LegView, move: ExchangeView) -> tuple[tuple[LegView, ExchangeView], ...]:
    """The C-STOREs of a retrieve that their receiver refused or left without an answer, each with its leg; what was
    taken when it was sent again is not among them."""
    if not _is_move(move):
        return ()
    legs = _suboperations(play, view)
    taken = {one.uid for one in facts.stores(legs) if one.taken}
    begun, ended = move.exchange.request.seq, _end(move)
    return tuple(
        (leg, one.carrier.exchange)
        for leg in legs
        for one in facts.stores([leg])
        if one.uid not in taken and begun < one.carrier.seq and (ended is None or one.carrier.seq < ended)
    )


def _end(move: ExchangeView) -> int | None:
    """The place of the final response in the recording; None when there is none."""
    final = move.exchange.final
    return None if final is None or move.status is None or is_pending(move.status) else final.seq


def _suboperations(play: PlayView, view: LegView) -> list[LegView]:
    """The legs by which an archive sends what a step retrieves."""
    return [
        leg
        for leg in play.legs
        if leg.step is view.step and leg.planned.leg.reaction and leg.initiator == view.responder
    ]


def _is_move(exchange: ExchangeView) -> bool:
    command = exchange.exchange.request.command
    return command is not None and command.service is Service.C_MOVE


def _counters(exchange: ExchangeView) -> Mapping[str, int]:
    """The counters of the final response; nothing when it has none of those done."""
    final = exchange.exchange.final
    if final is None or final.command is None or final.command.status is None or is_pending(final.command.status):
        return {}
    fields = final.command.fields
    if _DONE[0] not in fields:
        return {}
    return {
        name: int(fields.get(name, "0").strip() or 0) for name in (*_DONE, _FAILED) if _number(fields.get(name, "0"))
    }


def _number(text: str) -> bool:
    return text.strip().isdigit() or not text.strip()


def _judge(
    play: PlayView, view: LegView, moves: list[ExchangeView], counters: list[Mapping[str, int]], stores: list[LegView]
) -> Iterator[Finding]:
    sent = facts.stores(stores)
    done_at_last = {one.uid for one in sent if one.taken}
    accepted = sum(one.taken is True for one in sent)
    unanswered = sum(one.taken is None for one in sent)
    refused = sum(one.taken is False and one.uid not in done_at_last for one in sent)
    done = sum(one.get(name, 0) for one in counters for name in _DONE)
    failed = sum(one.get(_FAILED, 0) for one in counters)
    holds = accepted <= done <= accepted + unanswered and failed >= refused
    yield from play.ruled(
        RULE if view.step.transaction.id == "RAD-16" else OF_REPORTS,
        view,
        Outcome.MET if holds else Outcome.VIOLATED,
        view.responder,
        final_evidence(moves[-1] if holds else _miscounted(moves, counters, sent)),
        expected=f"{accepted} completed, {refused} failed",
        received=f"{done} completed, {failed} failed",
    )


def _miscounted(
    moves: list[ExchangeView], counters: list[Mapping[str, int]], sent: tuple[Instance, ...]
) -> ExchangeView:
    """The first retrieve whose counters are not those of the C-STOREs before the next one; the last if none is alone
    at fault."""
    begun = [move.exchange.request.seq for move in moves]
    for number, (move, said) in enumerate(zip(moves, counters, strict=True)):
        end = begun[number + 1] if number + 1 < len(begun) else None
        own = [one for one in sent if begun[number] < one.carrier.seq and (end is None or one.carrier.seq < end)]
        if sum(said.get(name, 0) for name in _DONE) != sum(one.taken is True for one in own):
            return move
    return moves[-1]
