"""What the order groups of one message say together: control and status, timing, procedure and steps.

Every group and every IPC is looked at (RAD TF-2: 4.4, 4.13). What several messages say of an order is in `orders`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.checks.hl7_groups import Groups
from harness.checks.recording import LegView, PlayView
from harness.checks.registry import Scope, play_check
from harness.hl7 import Message
from harness.model.finding import Finding
from harness.model.plan import LegState
from harness.model.verdict import Outcome

CHECK = "hl7.orders"

STATUS = "orders/rad-13-control-and-status"
_RULES = ("one-timing", "one-procedure", "one-study", "steps-differ")
_TRANSACTIONS = ("RAD-4", "RAD-13")
RULES = (STATUS, *(f"orders/{one.lower()}-{rule}" for one in _TRANSACTIONS for rule in _RULES))

_PAIRS = frozenset({("CA", "CA"), ("XO", "SC"), ("XO", "CM"), ("DC", "CA")})
"""ORC-1 and ORC-5 of a procedure update (RAD TF-2: Table 4.13-1)."""
_SHARED = ("ORC-2", "ORC-3", "OBR-18", "OBR-19")
"""What the pairs of one Requested Procedure have in common in version 2.3.1."""


@dataclass(frozen=True)
class _Fact:
    """One decision on a message: rule, where, and what was expected and met when it is a fault."""

    rule: str
    path: str
    expected: str = ""
    received: str = ""


@dataclass(frozen=True)
class _Step:
    """One Scheduled Procedure Step as a message has it."""

    path: str
    procedure: str
    study: str
    accession: str
    step: str
    protocol: str


@play_check(CHECK, rules=RULES, scope=Scope.MESSAGE)
def check(play: PlayView) -> Iterator[Finding]:
    """Each scheduled or updated procedure of the play."""
    for transaction in _TRANSACTIONS:
        for view in play.of(transaction):
            if view.planned.state is LegState.LIVE:
                yield from _of_leg(play, view)


def _of_leg(play: PlayView, view: LegView) -> Iterator[Finding]:
    transaction = view.step.transaction.id
    for exchange in view.exchanges:
        message = exchange.request_message
        if message is None or not message.has("ORC"):
            continue
        for fact in _facts(message, transaction):
            yield from play.ruled(
                fact.rule,
                view,
                Outcome.VIOLATED if fact.expected else Outcome.MET,
                view.initiator,
                exchange.evidence(fact.path),
                expected=fact.expected,
                received=fact.received,
            )


def _facts(message: Message, transaction: str) -> Iterator[_Fact]:
    """Each fault of each rule that has something to decide, or that there is none."""
    if transaction == "RAD-13":
        yield from _summed(STATUS, "ORC-1", _status(message))
    prefix = f"orders/{transaction.lower()}"
    if message.has("TQ1"):
        yield from _summed(f"{prefix}-one-timing", "TQ1", _timing(f"{prefix}-one-timing", message))
    steps = _steps(message)
    if not steps:
        return
    if not message.has("IPC"):
        yield from _summed(f"{prefix}-one-procedure", "OBR", _procedure(f"{prefix}-one-procedure", message))
    yield from _summed(f"{prefix}-one-study", steps[0].path, _studies(f"{prefix}-one-study", message, steps))
    yield from _summed(f"{prefix}-steps-differ", steps[0].path, _same_steps(f"{prefix}-steps-differ", steps))


def _summed(rule: str, path: str, faults: Iterator[_Fact]) -> Iterator[_Fact]:
    found = list(faults)
    yield from found or [_Fact(rule, path)]


def _status(message: Message) -> Iterator[_Fact]:
    for number in range(1, message.once(Groups).count("ORC") + 1):
        pair = (message.first(f"ORC[{number}]-1"), message.first(f"ORC[{number}]-5"))
        if all(pair) and pair not in _PAIRS:
            wanted = " | ".join(status for control, status in sorted(_PAIRS) if control == pair[0])
            yield _Fact(
                STATUS, f"ORC[{number}]-5", f"{pair[0]} with {wanted or 'no status at all'}", " with ".join(pair)
            )


def _timing(rule: str, message: Message) -> Iterator[_Fact]:
    """One TQ1 for each ORC; that there is none is a fault of structure."""
    for number, counts in enumerate(message.once(Groups).led_by("ORC"), 1):
        if counts.get("TQ1", 0) > 1:
            yield _Fact(rule, f"ORC[{number}]", "one TQ1 for the order", f"{counts['TQ1']} TQ1")


def _procedure(rule: str, message: Message) -> Iterator[_Fact]:
    """Every pair of version 2.3.1 is a step of the one Requested Procedure."""
    for path in _SHARED:
        values = [hit for hit in message.all(f"{path}.1" if path.startswith("ORC") else path) if hit.value.strip()]
        for hit in values[1:]:
            if hit.value.strip() != values[0].value.strip():
                yield _Fact(rule, hit.path, f"{values[0].value} as in {values[0].path}", hit.value)


def _studies(rule: str, message: Message, steps: list[_Step]) -> Iterator[_Fact]:
    """One Study Instance UID and one accession number for a Requested Procedure."""
    studies = [hit for hit in message.all("ZDS-1.1") if hit.value.strip()]
    for hit in studies[1:]:
        if hit.value.strip() != studies[0].value.strip():
            yield _Fact(rule, hit.path, f"{studies[0].value} as in {studies[0].path}", hit.value)
    first: dict[str, _Step] = {}
    for step in steps:
        earlier = first.setdefault(step.procedure, step)
        if step.study != earlier.study:
            yield _Fact(rule, f"{step.path}-3.1", f"{earlier.study} as in {earlier.path}", step.study)
        if step.accession != earlier.accession and step.path.startswith("IPC"):
            yield _Fact(rule, f"{step.path}-1.1", f"{earlier.accession} as in {earlier.path}", step.accession)


def _same_steps(rule: str, steps: list[_Step]) -> Iterator[_Fact]:
    """No step twice; a step that comes again with another protocol code is the same step with two codes."""
    first: dict[tuple[str, str, str], str] = {}
    for step in steps:
        earlier = first.setdefault((step.procedure, step.step, step.protocol), step.path)
        if earlier != step.path and step.step:
            field = "4.1" if step.path.startswith("IPC") else "20"
            yield _Fact(rule, f"{step.path}-{field}", f"another step than {earlier}", step.step)


def _steps(message: Message) -> list[_Step]:
    """The steps with a procedure, from IPC or from OBR and ZDS."""
    groups = message.once(Groups)
    study = message.first("ZDS-1.1").strip()
    found = []
    for number in range(1, groups.count("IPC") + 1):
        path = f"IPC[{number}]"
        values = [message.first(f"{path}-{one}").strip() for one in ("2.1", "3.1", "1.1", "4.1", "6.1")]
        found.append(_Step(path, *values))
    if not found:
        for number in range(1, groups.count("OBR") + 1):
            path = f"OBR[{number}]"
            procedure, accession, step, protocol = (
                message.first(f"{path}-{one}").strip() for one in ("19", "18", "20", "4.4")
            )
            found.append(_Step(path, procedure, study, accession, step, protocol))
    return [one for one in found if one.procedure]
