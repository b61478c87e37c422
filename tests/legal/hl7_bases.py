"""Legal HL7 messages to start from: one of every form that a transaction has. Nothing is varied here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from harness.engine.unscripted import UnscriptedExchange, hl7_exchange
from harness.hl7 import Message
from harness.selftest.specimens import shipped_specimens
from tests.legal.hl7_text import Text
from tests.legal.judged import KNOWLEDGE

ORDERS = """
MSH|^~\\&|OP|SWF|OF|SWF|20240102101500||{type}|OP{number}|P|{version}
PID|||P1001^^^SWF{kind}||LINDGREN^ASTA||19580714|F||||||||||ACC77^^^SWF
PV1||O|RADOPD^^^SWF|||||3004^HOLM^PETER
ORC|{control}|A1^OP|||||{timing}||20240102101400|||3004^HOLM^PETER|||||RADOPD^Radiology^L
{tq1}OBR||A1^OP||CT-CHEST^CT chest^99SWF||||||||||||3004^HOLM^PETER|||||||||||{timing}
"""
REPORTS = """
MSH|^~\\&|RM|SWF|EHR|SWF|20240102101500||{type}|RM{number}|P|{version}
PID|||P1001^^^SWF{kind}||LINDGREN^ASTA||19580714|F
PV1||O
OBR|1|A1^OP|F1^OF|P1^CT chest^99SWF|||20240102111500||||||||||||||||||F
OBX|1|HD|SR Instance UID||1.2.3.4.8.1||||||F
OBX|2|TX|SR Text||Nothing to be seen||||||F
"""
OLD_TIMING = "1^once^^202401021100^^R"


@dataclass(frozen=True)
class Base:
    """A legal message of one form, and the leg that it crosses."""

    name: str
    transaction: str
    leg: str
    form: str
    text: Text
    answer: bytes | None

    @property
    def kind(self) -> str:
        """Type and event of the message."""
        return "^".join(self.text.value(0, 9).split("^")[:2])

    @property
    def initiator(self) -> str:
        """The actor that sends it."""
        return KNOWLEDGE.transactions[self.transaction].leg(self.leg).initiator

    def exchange(self, text: Text, answer: bytes | None) -> UnscriptedExchange:
        """The message, changed, with its answer."""
        return hl7_exchange(self.transaction, self.leg, text.bytes(), answer)


@cache
def bases() -> tuple[Base, ...]:
    """One base for every form; of the leg where a specimen shows it first."""
    found: dict[tuple[str, ...], Base] = {}
    for specimen in shipped_specimens():
        for one in specimen.exchanges:
            if one.command is None and one.request is not None and one.request.isascii():
                message = Message.parse(one.request)
                controls = dict.fromkeys(hit.value for hit in message.all("ORC-1"))
                key = (one.transaction, message.type, *controls, message.version)
                text = Text.of(one.request)
                found.setdefault(key, Base(" ".join(key), one.transaction, one.leg, specimen.form, text, one.answer))
    written = [*_orders(), *_reports()]
    return (*found.values(), *written)


def _orders() -> list[Base]:
    made = []
    for number, (version, control) in enumerate(
        (version, control) for version in ("2.3.1", "2.5.1") for control in ("NW", "CA", "DC")
    ):
        new = version == "2.5.1"
        content = ORDERS.format(
            type="OMG^O19^OMG_O19" if new else "ORM^O01",
            number=number,
            version=version,
            kind="^PI" if new else "",
            control=control,
            timing="" if new else OLD_TIMING,
            tq1="TQ1|1||||||20240102110000||R\n" if new else "",
        )
        made.append(_base(f"RAD-2 {control} {version}", "RAD-2", "to-order-filler", version, content))
    return made


def _reports() -> list[Base]:
    made = []
    for number, version in enumerate(("2.3.1", "2.5.1")):
        new = version == "2.5.1"
        content = REPORTS.format(
            type="ORU^R01^ORU_R01" if new else "ORU^R01", number=number, version=version, kind="^PI" if new else ""
        )
        made.append(_base(f"RAD-28 {version}", "RAD-28", "export", version, content))
    return made


def _base(name: str, transaction: str, leg: str, version: str, content: str) -> Base:
    raw = "".join(f"{line}\r" for line in content.splitlines() if line).encode("ascii")
    return Base(name, transaction, leg, version, Text.of(raw), None)
