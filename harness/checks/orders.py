"""Order and patient numbers over a whole play: who uses a number for what (RAD TF-2: 4.2 to 4.4, 4.12)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from harness.checks.carriers import Carrier, requests
from harness.checks.recording import PlayView
from harness.checks.registry import play_check
from harness.hl7 import Message
from harness.model.finding import Finding
from harness.model.transcript import Half
from harness.model.verdict import Outcome

CHECK = "orders.numbers"
PLACER = "orders/placer-number-unique"
FILLER = "orders/filler-number-unique"
ECHOED = "orders/filler-number-echoed"
STUDY = "orders/one-study-per-procedure"
MERGE = "orders/merge-identifiers-differ"

_ACCEPTING = frozenset({"AA", "CA"})


@play_check(CHECK, rules=(PLACER, FILLER, ECHOED, STUDY, MERGE))
def check(play: PlayView) -> Iterator[Finding]:
    """Every order, every scheduled procedure and every merge of the play."""
    yield from _placer_numbers(play)
    yield from _filler_numbers(play)
    yield from _filler_numbers_echoed(play)
    yield from _studies(play)
    yield from _merges(play)


def _messages(play: PlayView, transaction: str, control: str = "") -> Iterator[tuple[Carrier, Message]]:
    """The HL7 requests of a transaction in order, retransmissions left out."""
    seen: set[bytes] = set()
    carriers = [carrier for view in play.of(transaction) for carrier in requests(view)]
    for carrier in sorted(carriers, key=lambda one: one.seq):
        message = carrier.content
        if not isinstance(message, Message) or message.raw in seen:
            continue
        seen.add(message.raw)
        if not control or message.first("ORC-1") == control:
            yield carrier, message


def _number(message: Message, field: str) -> str:
    """Number and namespace of an EI field."""
    return "^".join(part for part in (message.first(f"{field}.1"), message.first(f"{field}.2")) if part)


def _placer_numbers(play: PlayView) -> Iterator[Finding]:
    """Two new orders never have one placer order number, not even after a cancel."""
    used: dict[str, Carrier] = {}
    for carrier, message in _messages(play, "RAD-2", "NW"):
        number = _number(message, "ORC-2")
        if number:
            first = used.setdefault(number, carrier)
            yield from _unique(play, PLACER, carrier, "ORC-2", "a new placer order number", number, first)


def _filler_numbers(play: PlayView) -> Iterator[Finding]:
    """One filler order number belongs to one placer order number."""
    used: dict[str, tuple[str, Carrier]] = {}
    for carrier, message in _messages(play, "RAD-4", "NW"):
        filler, placer = _number(message, "ORC-3"), _number(message, "ORC-2")
        if filler and placer:
            other, first = used.setdefault(filler, (placer, carrier))
            same = carrier if other == placer else first
            expected = "a new filler order number"
            yield from _unique(play, FILLER, carrier, "ORC-3", expected, filler, same)


def _unique(
    play: PlayView, rule: str, carrier: Carrier, path: str, expected: str, received: str, first: Carrier
) -> Iterator[Finding]:
    fresh = first is carrier
    yield from play.ruled(
        rule,
        carrier.leg,
        Outcome.MET if fresh else Outcome.VIOLATED,
        carrier.leg.initiator,
        carrier.evidence(path),
        expected=expected,
        received=received,
        origin="" if fresh else f"used in {first.transaction}, exchange {first.exchange.exchange.id}",
    )


def _filler_numbers_echoed(play: PlayView) -> Iterator[Finding]:
    """The answer to a new filler order repeats its filler order number."""
    for carrier, message in _messages(play, "RAD-3", "SN"):
        answer = carrier.exchange.answer_message
        if answer is None or answer.first("MSA-1") not in _ACCEPTING or not answer.has("ORC"):
            continue
        sent, echoed = _number(message, "ORC-3"), _number(answer, "ORC-3")
        if not sent:
            continue
        last = len(carrier.exchange.exchange.responses) - 1
        yield from play.ruled(
            ECHOED,
            carrier.leg,
            Outcome.MET if sent == echoed else Outcome.VIOLATED,
            carrier.leg.responder,
            carrier.exchange.evidence("ORC-3", Half.RESPONSE, last),
            expected=sent,
            received=echoed or "absent",
        )


def _studies(play: PlayView) -> Iterator[Finding]:
    """One Requested Procedure has one Study Instance UID, in every message about it, and shares it with no other."""
    studies: dict[str, tuple[str, Carrier]] = {}
    procedures: dict[str, str] = {}
    for transaction in ("RAD-4", "RAD-13"):
        for carrier, _ in _messages(play, transaction):
            for procedure, study, path in _procedures(carrier):
                first, origin = studies.setdefault(procedure, (study, carrier))
                owner = procedures.setdefault(study, procedure)
                same = first == study and owner == procedure
                yield from play.ruled(
                    STUDY,
                    carrier.leg,
                    Outcome.MET if same else Outcome.VIOLATED,
                    carrier.leg.initiator,
                    carrier.evidence(path),
                    expected=first if first != study else f"a study of {procedure} alone",
                    received=study if first != study else f"{study}, the study of {owner}",
                    origin="" if same else f"announced in {origin.transaction}",
                )


def _procedures(carrier: Carrier) -> Iterator[tuple[str, str, str]]:
    """Requested Procedure ID, Study Instance UID and its path, for each study that the message names."""
    named: dict[str, set[str]] = defaultdict(set)
    for one in carrier.identifiers:
        if one.kind == "study":
            for procedure in sorted(carrier.beside(one.path).get("procedure", ())):
                if one.value not in named[procedure]:
                    named[procedure].add(one.value)
                    yield procedure, one.value, one.path


def _merges(play: PlayView) -> Iterator[Finding]:
    """A merge names two patients: the surviving one in PID-3, the dissolved one in MRG-1."""
    for carrier, message in _messages(play, "RAD-12"):
        surviving, dissolved = message.first("PID-3.1"), message.first("MRG-1.1")
        if message.type != "ADT^A40" or not surviving or not dissolved:
            continue
        ours, theirs = message.first("PID-3.4"), message.first("MRG-1.4")
        fault = surviving == dissolved or (ours and theirs and ours != theirs)
        yield from play.ruled(
            MERGE,
            carrier.leg,
            Outcome.VIOLATED if fault else Outcome.MET,
            carrier.leg.initiator,
            carrier.evidence("MRG-1"),
            expected=f"another identifier than {surviving} of {ours or 'the same authority'}",
            received=f"{dissolved} of {theirs}" if theirs else dissolved,
        )
