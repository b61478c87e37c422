"""Order and patient numbers over a whole play: who uses a number for what (RAD TF-2: 4.2 to 4.4, 4.12)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from harness.checks.carriers import Carrier, answers, requests
from harness.checks.control_ids import content
from harness.checks.recording import PlayView
from harness.checks.registry import play_check
from harness.hl7 import FieldPath, Message, parse_path
from harness.model.finding import Finding
from harness.model.transcript import Half
from harness.model.verdict import Outcome

CHECK = "orders.numbers"
PLACER = "orders/placer-number-unique"
FILLER = "orders/filler-number-unique"
ECHOED = "orders/filler-number-echoed"
STUDY = "orders/one-study-per-procedure"
KEPT = "orders/filler-number-kept"
KNOWN = "orders/update-of-registered-patient"
ONCE = "orders/study-announced-once"

_ACCEPTING = frozenset({"AA", "CA"})
_VISIT = ("PID-18", "PV1-19")


@play_check(CHECK, rules=(PLACER, FILLER, ECHOED, STUDY, KEPT, KNOWN, ONCE), partial=(PLACER, FILLER, STUDY))
def check(play: PlayView) -> Iterator[Finding]:
    """Every order, every scheduled procedure of the play."""
    yield from _placer_numbers(play)
    yield from _filler_numbers(play)
    yield from _filler_numbers_echoed(play)
    yield from _studies(play)
    yield from _filler_numbers_kept(play)
    yield from _known_patients(play)
    yield from _announced_once(play)


def _messages(play: PlayView, transaction: str, control: str = "") -> Iterator[tuple[Carrier, Message]]:
    """The HL7 requests of a transaction in order, retransmissions left out."""
    seen: set[tuple[str, bytes]] = set()
    carriers = [carrier for view in play.of(transaction) for carrier in requests(view)]
    for carrier in sorted(carriers, key=lambda one: one.seq):
        message = carrier.content
        if not isinstance(message, Message) or (same := (carrier.leg.responder, content(message))) in seen:
            continue
        seen.add(same)
        if not control or message.first("ORC-1") == control:
            yield carrier, message


def _number(message: Message, field: str) -> str:
    """Number and namespace of an EI field."""
    return "^".join(part for part in (message.first(f"{field}.1"), message.first(f"{field}.2")) if part)


def _placer_numbers(play: PlayView) -> Iterator[Finding]:
    """Two new orders never have one placer order number, not even after a cancel; an order that was refused is none."""
    used: dict[str, Carrier] = {}
    for carrier, message in _messages(play, "RAD-2"):
        new = [parse_path(hit.path) for hit in message.all("ORC-1") if hit.value.strip() == "NW"]
        places = dict.fromkeys(str(FieldPath("ORC", one.occurrence, 2)) for one in new)
        numbers = {number: path for path in places if (number := _number(message, path))}
        for number, path in numbers.items():
            first = used.get(number, carrier)
            if first is carrier or not _is_again(first, carrier):
                yield from _unique(play, PLACER, carrier, path, "a new placer order number", number, first)
            if _taken(carrier):
                used.setdefault(number, carrier)


def _taken(carrier: Carrier) -> bool:
    """Whether a message was not refused."""
    answer = carrier.exchange.answer_message
    return answer is None or answer.first("MSA-1") in _ACCEPTING


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
    """One Requested Procedure has one Study Instance UID, in every message about it, and shares it with no other.

    Where scheduling was not observed, the worklist shows it.
    """
    if not any(view.exchanges for view in play.of("RAD-4")):
        yield from _studies_of_worklist(play)
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


def _announced_once(play: PlayView) -> Iterator[Finding]:
    """A receiver that took one RAD-4 about a study is told of what follows by RAD-13; that another procedure has the
    study is another rule's business."""
    announced: dict[tuple[str, str], Carrier] = {}
    for carrier, _ in _messages(play, "RAD-4"):
        for study, path in {one.value: one.path for one in carrier.identifiers if one.kind == "study"}.items():
            key = (carrier.leg.responder, study)
            first = announced.get(key, carrier)
            if _procedure_ids(first) == _procedure_ids(carrier) and (first is carrier or not _is_again(first, carrier)):
                yield from _unique(play, ONCE, carrier, path, "a study that was not announced yet", study, first)
            if _taken(carrier):
                announced.setdefault(key, carrier)


def _is_again(first: Carrier, later: Carrier) -> bool:
    """Whether a message says of itself that it is an earlier one; that it is changed is a fault of its control ID."""
    one, other = first.content, later.content
    return (
        isinstance(one, Message)
        and isinstance(other, Message)
        and bool(one.control_id)
        and all(one.first(path) == other.first(path) for path in ("MSH-3", "MSH-4", "MSH-10"))
    )


def _procedure_ids(carrier: Carrier) -> set[str]:
    return {one.value for one in carrier.identifiers if one.kind == "procedure"}


def _studies_of_worklist(play: PlayView) -> Iterator[Finding]:
    """The entries of a worklist for the patients of the play."""
    patients = {patient.id for patient in play.play.case.patients.values()}
    owners: dict[str, str] = {}
    for view in play.of("RAD-5"):
        for carrier in answers(view):
            kinds = {one.kind: one for one in carrier.identifiers}
            if not {"patient", "procedure", "study"} <= set(kinds) or kinds["patient"].value not in patients:
                continue
            study, procedure = kinds["study"].value, kinds["procedure"].value
            owner = owners.setdefault(study, procedure)
            yield from play.ruled(
                STUDY,
                view,
                Outcome.MET if owner == procedure else Outcome.VIOLATED,
                view.responder,
                carrier.evidence(kinds["study"].path),
                expected=f"a study of {procedure} alone",
                received=study if owner == procedure else f"{study}, the study of {owner}",
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


def _filler_numbers_kept(play: PlayView) -> Iterator[Finding]:
    """What the placer is told of an order (RAD-3) names it by the filler number that was announced for it."""
    announced: dict[str, set[str]] = defaultdict(set)
    of_filler = [*_messages(play, "RAD-3"), *_messages(play, "RAD-4"), *_messages(play, "RAD-13")]
    for carrier, message in sorted(of_filler, key=lambda one: one[0].seq):
        answer = carrier.exchange.answer_message
        new = carrier.transaction == "RAD-3" and message.first("ORC-1") == "SN"
        placer = _number(answer if new and answer is not None else message, "ORC-2")
        filler = _number(message, "ORC-3")
        known = announced[placer]
        if placer and filler and known and carrier.transaction == "RAD-3" and not new:
            yield from play.ruled(
                KEPT,
                carrier.leg,
                Outcome.MET if filler in known else Outcome.VIOLATED,
                carrier.leg.initiator,
                carrier.evidence("ORC-3"),
                expected=" | ".join(sorted(known)),
                received=filler,
            )
        elif placer and filler:
            known.add(filler)


def _known_patients(play: PlayView) -> Iterator[Finding]:
    """What ADT tells of a visit or account is of the patient whose it is; a merge may give it to another one.

    Of a visit or account that no message of the play registered nothing is known: the patient is older than the play.
    """
    holders: dict[tuple[str, str], set[str]] = defaultdict(set)
    for carrier, message in sorted([*_messages(play, "RAD-1"), *_messages(play, "RAD-12")], key=lambda one: one[0].seq):
        view = carrier.leg
        identifiers = {one.value for one in message.all("PID-3.1") if one.value}
        visits = [(view.responder, number) for path in _VISIT if (number := _visit(message, path))]
        merged = {one.value for one in message.all("MRG-1.1") if one.value} if message.type == "ADT^A40" else set()
        known: set[str] = set().union(*(holders.get(visit, ()) for visit in visits))
        if merged:
            for owners in [owners for owners in holders.values() if owners & merged]:
                owners |= identifiers
        elif carrier.transaction == "RAD-12" and known and identifiers and not view.planned.leg.reaction:
            yield from play.ruled(
                KNOWN,
                view,
                Outcome.MET if identifiers & known else Outcome.VIOLATED,
                view.initiator,
                carrier.evidence("PID-3"),
                expected=" | ".join(sorted(known)),
                received=" | ".join(sorted(identifiers)),
            )
            continue
        for visit in visits:
            holders[visit] |= identifiers


def _visit(message: Message, path: str) -> str:
    """A visit or account by its number and authority; empty when the message names none."""
    number, authority = message.first(f"{path}.1").strip(), message.first(f"{path}.4.1").strip()
    return f"{path} {number} {authority}" if number.strip('"') else ""
