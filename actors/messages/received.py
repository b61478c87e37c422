"""What our HIS and RIS actors read out of the HL7 messages they receive: patient, visit, order.

Reading never fails: what is missing is empty. Accepts both versions, whichever fields carry the value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from actors.messages.imaging_order import EntityIdentifier, Order
from harness.hl7 import AckError, Message
from harness.hl7.person import IDEOGRAPHIC, PHONETIC
from harness.model.scenario import Code, Patient, PersonName, Practitioner, Visit

Known = Callable[[str, str], bool]
"""Whether a patient ID of an assigning authority is known."""

_WRITINGS = 10
"""How many repetitions of a name are looked at."""

NULL = '""'
"""The HL7 null: the value is to be deleted (HL7 v2.5.1 2.5.3)."""


def missing_identity(message: Message) -> AckError | None:
    """The fault of a message that does not say whom it is about (HL7 table 0357: 101)."""
    if not identifiers(message):
        return AckError(location="PID^1^3^1^1", code="101", text="Patient identifier missing")
    if not _text(message, "PID-5[1].1.1"):
        return AckError(location="PID^1^5^1^1", code="101", text="Patient name missing")
    return None


def study(message: Message) -> str:
    """The Study Instance UID of a scheduling message: IPC-3 in v2.5.1, ZDS-1 in v2.3.1 (RAD TF-2: 4.4)."""
    return message.first("IPC-3.1") or message.first("ZDS-1.1")


def missing_study(message: Message) -> AckError | None:
    """The fault of a scheduling message without Study Instance UID."""
    if study(message):
        return None
    return AckError(location=study_location(message), code="101", text="Study Instance UID missing")


def study_location(message: Message) -> str:
    """Where a scheduling message has its Study Instance UID, as ERR-2 names it."""
    return "IPC^1^3^1^1" if message.type.startswith("OMI") else "ZDS^1^1^1^1"


def patient(message: Message, known: Known | None = None) -> Patient:
    """The patient of PID by the first identifier that is known, else by the first; single values keep the HL7 null."""
    found = patients(message)
    return next((one for one in found if known is not None and known(one.id, one.authority)), found[0])


def patients(message: Message) -> tuple[Patient, ...]:
    """The patient of PID by each of its identifiers in order; one without an identifier when it has none."""
    return tuple(_patient(message, *pair) for pair in identifiers(message) or (("", ""),))


def _patient(message: Message, patient_id: str, of: str) -> Patient:
    return Patient(
        id=patient_id,
        authority=of,
        name=_written_names(message),
        birth_date=message.first("PID-7.1")[:8],
        sex=message.first("PID-8"),
        race=message.first("PID-10[1].1"),
        address=_components(message, "PID-11[1]", 6),
        characters=tuple(one.value.strip() for one in message.all("MSH-18")) if message.has("MSH-18") else (),
    )


def identifiers(message: Message) -> tuple[tuple[str, str], ...]:
    """Every (ID, assigning authority) of PID-3, in order."""
    count = max(1, min(len(message.all("PID-3.1")), 50))
    pairs = ((_text(message, f"PID-3[{n}].1"), authority(message, n)) for n in range(1, count + 1))
    return tuple(pair for pair in pairs if pair[0])


def authority(message: Message, repetition: int) -> str:
    """PID-3.4 of a repetition: the namespace, or namespace, universal ID and type joined by `&`."""
    return "&".join(_parts(message, f"PID-3[{repetition}].4", 3))


def visit(message: Message) -> Visit:
    """The visit of PV1; its number is PV1-19, or else the account number PID-18."""
    return Visit(
        patient_class=_text(message, "PV1-2"),
        location=_components(message, "PV1-3[1]", 4),
        attending=practitioner(message, "PV1-7[1]"),
        referring=practitioner(message, "PV1-8[1]"),
        admitting=practitioner(message, "PV1-17[1]"),
        hospital_service=_text(message, "PV1-10"),
        number=_text(message, "PV1-19[1].1") or _text(message, "PID-18[1].1"),
    )


def order(message: Message, occurrence: int = 1) -> Order:
    """The order of the nth ORC and OBR; timing from ORC-7, OBR-27 or TQ1."""
    orc, obr, tq1 = (f"{name}[{occurrence}]" for name in ("ORC", "OBR", "TQ1"))
    return Order(
        service=_code(message, f"{obr}-4[1]"),
        placer=_number(message, f"{orc}-2[1]", f"{obr}-2[1]"),
        filler=_number(message, f"{orc}-3[1]", f"{obr}-3[1]"),
        priority=_either(message, f"{orc}-7[1].6", f"{obr}-27[1].6", f"{tq1}-9[1].1", f"{obr}-5") or "R",
        start=_either(message, f"{orc}-7[1].4.1", f"{obr}-27[1].4.1", f"{tq1}-7.1"),
        reason=_code(message, f"{obr}-31[1]"),
        orderer=practitioner(message, f"{orc}-12[1]") or practitioner(message, f"{obr}-16[1]"),
        entered_by=practitioner(message, f"{orc}-10[1]"),
        organization=_code(message, f"{orc}-17[1]"),
        callback=_text(message, f"{orc}-14[1].1"),
        transport=_text(message, f"{obr}-30"),
        danger=_either(message, f"{obr}-12.2", f"{obr}-12.1"),
        clinical=_text(message, f"{obr}-13"),
    )


def practitioner(message: Message, path: str) -> Practitioner | None:
    """The person of an XCN repetition; None when it is empty."""
    identifier = _text(message, f"{path}.1")
    family, given, middle, suffix, prefix = (
        _text(message, f"{path}.{component}") for component in ("2.1", "3", "4", "5", "6")
    )
    if not identifier and not family:
        return None
    name = PersonName(family=family, given=given, middle=middle, suffix=suffix, prefix=prefix)
    return Practitioner(id=identifier, name=name)


def _name(message: Message, path: str) -> PersonName:
    family, given, middle, suffix, prefix = (
        _text(message, f"{path}.{component}") for component in ("1.1", "2", "3", "4", "5")
    )
    return PersonName(family=family, given=given, middle=middle, suffix=suffix, prefix=prefix)


def _written_names(message: Message) -> PersonName:
    """The first repetition of PID-5, with the ideographic and phonetic writing that others bring (XPN.8)."""
    name = _name(message, "PID-5[1]")
    count = min(len(message.all("PID-5")), _WRITINGS)
    codes = {_text(message, f"PID-5[{place}].8"): f"PID-5[{place}]" for place in range(2, count + 1)}
    ideographic, phonetic = (
        _components(message, codes[code], 5) if code in codes else () for code in (IDEOGRAPHIC, PHONETIC)
    )
    return replace(name, ideographic=ideographic, phonetic=phonetic)


def _number(message: Message, *paths: str) -> EntityIdentifier:
    for path in paths:
        parts = [_text(message, f"{path}.{component}") for component in (1, 2, 3, 4)]
        if parts[0]:
            return EntityIdentifier(*parts)
    return EntityIdentifier("")


def _code(message: Message, path: str) -> Code:
    value, meaning, scheme = (_text(message, f"{path}.{component}") for component in (1, 2, 3))
    return Code(value=value, scheme=scheme, meaning=meaning)


def _components(message: Message, path: str, count: int) -> tuple[str, ...]:
    return _parts(message, path, count, first_subcomponent=".1")


def _parts(message: Message, path: str, count: int, first_subcomponent: str = "") -> tuple[str, ...]:
    parts = [_text(message, f"{path}.{number}{first_subcomponent}") for number in range(1, count + 1)]
    while parts and not parts[-1]:
        parts.pop()
    return tuple(parts)


def _either(message: Message, *paths: str) -> str:
    return next((value for path in paths if (value := _text(message, path))), "")


def _text(message: Message, path: str) -> str:
    value = message.first(path)
    return "" if value == NULL else value
