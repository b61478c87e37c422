"""Messages as carriers of values: where a value stands, and which identifiers stand beside it.

Both protocols look the same from here. Nothing is judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import NamedTuple

from pydicom.dataset import Dataset

from harness.checks.compare import Syntax, Term
from harness.checks.items import Spot, spots
from harness.checks.recording import ExchangeView, LegView, PlayView
from harness.dicom.paths import parse_path as attribute_path
from harness.dicom.paths import value_text
from harness.hl7 import Located, Message, parse_path
from harness.hl7.delimiters import DEFAULT
from harness.hl7.standard import field_definition
from harness.model.finding import Evidence
from harness.model.names import StepId
from harness.model.profile import Service
from harness.model.transcript import Half

_HL7_PATH = re.compile(r"[A-Z][A-Z0-9]{2}(\[\d+\])?-\d")
_WITH_INSTANCE = (Service.N_CREATE, Service.N_SET, Service.C_STORE)
_COMMAND_INSTANCE = "SOPInstanceUID"
_INSTANCE_NAMES = frozenset({_COMMAND_INSTANCE, "AffectedSOPInstanceUID", "RequestedSOPInstanceUID"})
"""Names under which a path may mean the SOP instance that the command names (PS3.7 E.1)."""

_HL7_IDENTIFIERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "patient": ("PID-3.1",),
        "placer": ("ORC-2.1", "OBR-2.1"),
        "filler": ("ORC-3.1", "OBR-3.1"),
        "accession": ("IPC-1.1", "OBR-18.1"),
        "procedure": ("IPC-2.1", "OBR-19.1"),
        "step": ("IPC-4.1", "OBR-20.1"),
        "study": ("IPC-3.1", "ZDS-1.1"),
    }
)
_BEFORE_IPC = frozenset({"OBR-18.1", "OBR-19.1", "OBR-20.1"})
"""Fields that hold these identifiers in the 2.3.1 form only (RAD TF-2: 4.4)."""

_PLACES = ("", "ScheduledStepAttributesSequence[*].", "RequestAttributesSequence[*].", "ReferencedRequestSequence[*].")
_DICOM_IDENTIFIERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "patient": ("PatientID",),
        "placer": tuple(f"{place}PlacerOrderNumberImagingServiceRequest" for place in _PLACES),
        "filler": tuple(f"{place}FillerOrderNumberImagingServiceRequest" for place in _PLACES),
        "accession": tuple(f"{place}AccessionNumber" for place in _PLACES),
        "procedure": tuple(f"{place}RequestedProcedureID" for place in _PLACES),
        "step": (
            "ScheduledProcedureStepSequence[*].ScheduledProcedureStepID",
            *(f"{place}ScheduledProcedureStepID" for place in _PLACES[1:]),
        ),
        "study": tuple(f"{place}StudyInstanceUID" for place in _PLACES),
        "mpps": ("ReferencedPerformedProcedureStepSequence[*].ReferencedSOPInstanceUID",),
        "series": ("SeriesInstanceUID", "PerformedSeriesSequence[*].SeriesInstanceUID"),
        "instance": (
            "SOPInstanceUID",
            "PerformedSeriesSequence[*].ReferencedImageSequence[*].ReferencedSOPInstanceUID",
            "PerformedSeriesSequence[*].ReferencedNonImageCompositeSOPInstanceSequence[*].ReferencedSOPInstanceUID",
            "ReferencedSOPSequence[*].ReferencedSOPInstanceUID",
            "FailedSOPSequence[*].ReferencedSOPInstanceUID",
        ),
        "transaction": ("TransactionUID",),
    }
)
KINDS = (
    "instance",
    "mpps",
    "step",
    "series",
    "transaction",
    "procedure",
    "study",
    "placer",
    "filler",
    "accession",
    "patient",
)
"""Kinds of identifiers, the most specific first."""


_HL7_PLACES = tuple((kind, path, path[:3]) for kind in KINDS for path in _HL7_IDENTIFIERS.get(kind, ()))
_DICOM_PLACES = tuple(
    (kind, path, attribute_path(path)[0].tag) for kind in KINDS for path in _DICOM_IDENTIFIERS.get(kind, ())
)
"""Each kind with a path, and the segment or attribute without which nothing is there."""


class Identifier(NamedTuple):
    """One identifier in a message."""

    kind: str
    value: str
    path: str


class Seen(NamedTuple):
    """One place of a message and what stands there; `present` is False where an item lacks the attribute."""

    path: str
    term: Term
    present: bool = True


@dataclass(frozen=True, eq=False)
class Carrier:
    """One message: a request, an acknowledgement, or one response of a query. Equal to itself only."""

    leg: LegView
    exchange: ExchangeView
    half: Half
    response: int
    content: Message | Dataset

    @cached_property
    def seq(self) -> int:
        """Its place in the order of the recording."""
        capture = self.exchange.exchange.request
        return capture.seq if self.half is Half.REQUEST else self.exchange.exchange.responses[self.response].seq

    @property
    def step(self) -> StepId:
        """The step it belongs to."""
        return self.leg.step.step.id

    @property
    def transaction(self) -> str:
        """The transaction it belongs to."""
        return self.leg.step.transaction.id

    @property
    def digest(self) -> str:
        """SHA-256 of its payload as recorded; empty when it has none."""
        exchange = self.exchange.exchange
        capture = exchange.request if self.half is Half.REQUEST else exchange.responses[self.response]
        return capture.payload.sha256 if capture.payload is not None else ""

    @cached_property
    def instance(self) -> str:
        """The SOP instance that the command names; empty for other services."""
        command = self.exchange.exchange.request.command
        if command is None or command.service not in _WITH_INSTANCE or self.half is Half.RESPONSE:
            return ""
        return command.sop_instance

    def evidence(self, path: str = "") -> Evidence:
        """A pointer at a place of it."""
        return self.exchange.evidence(path, self.half, self.response)

    def seen(self, path: str, *, code: bool = False) -> tuple[Seen, ...]:
        """Every place that a path names, places that lack the value included; nothing for a path of the other protocol.

        `code`: a sequence is read as its items' codes, `value^meaning^scheme`; an HL7 path names the code's component.
        """
        key = (path, code)
        if key not in self._seen:
            self._seen[key] = self._look(path, code)
        return self._seen[key]

    @cached_property
    def _seen(self) -> dict[tuple[str, bool], tuple[Seen, ...]]:
        return {}

    def _look(self, path: str, code: bool) -> tuple[Seen, ...]:
        if isinstance(self.content, Message):
            return tuple(_seen_hl7(self.content, path, code)) if _HL7_PATH.match(path) else ()
        if _HL7_PATH.match(path):
            return ()
        if path in _INSTANCE_NAMES and self.instance:
            return (Seen(path, Term(self.instance)),)
        return tuple(seen for spot in spots(self.content, path) for seen in _seen_dicom(spot, code))

    @cached_property
    def identifiers(self) -> tuple[Identifier, ...]:
        """Every identifier that stands in it, in the order of `KINDS`."""
        found: list[Identifier] = []
        for kind, path in self._identifying():
            for seen in self.seen(path):
                value = seen.term.text.strip()
                if value and value != '""':
                    found.append(Identifier(kind, value, seen.path))
        return tuple(found + self._of_command(found))

    def _identifying(self) -> Iterator[tuple[str, str]]:
        """Kinds and paths of the identifiers that the message may have, in the order of `KINDS`."""
        if isinstance(self.content, Message):
            there = frozenset(self.content.segment_names())
            for kind, path, segment in _HL7_PLACES:
                if segment in there and not (path in _BEFORE_IPC and "IPC" in there):
                    yield kind, path
            return
        tags = frozenset(self.content.keys())
        for kind, path, tag in _DICOM_PLACES:
            if tag in tags or path == _COMMAND_INSTANCE:
                yield kind, path

    def _of_command(self, found: list[Identifier]) -> list[Identifier]:
        command = self.exchange.exchange.request.command
        if not self.instance or command is None or command.service is Service.C_STORE:
            return []
        own = Identifier("mpps", self.instance, _COMMAND_INSTANCE)
        found[:] = [one for one in found if one.path != _COMMAND_INSTANCE]
        return [own]

    def beside(self, path: str) -> Mapping[str, frozenset[str]]:
        """The identifiers, by kind, of the item or segment that a path lies in, and of the message as a whole."""
        hl7 = isinstance(self.content, Message)
        group = str(parse_path(path).occurrence) if hl7 else path.rpartition(".")[0]
        if group not in self._groups:
            scope: dict[str, set[str]] = {}
            for one in self.identifiers:
                if self._together(one.path, path):
                    scope.setdefault(one.kind, set()).add(one.value)
            self._groups[group] = {kind: frozenset(values) for kind, values in scope.items()}
        return self._groups[group]

    @cached_property
    def _groups(self) -> dict[str, Mapping[str, frozenset[str]]]:
        return {}

    def kinds_at(self, path: str) -> frozenset[str]:
        """The kinds of identifier that a path itself holds."""
        bare = _bare(path)
        if bare in _INSTANCE_NAMES and self.instance:
            command = self.exchange.exchange.request.command
            store = command is not None and command.service is Service.C_STORE
            return frozenset({"instance" if store else "mpps"})
        return (_HL7_KINDS if isinstance(self.content, Message) else _DICOM_KINDS).get(bare, frozenset())

    def _together(self, one: str, other: str) -> bool:
        if isinstance(self.content, Message):
            return self._same_group(one, other)
        mine, theirs = one.split(".")[:-1], other.split(".")[:-1]
        return all(a == b or _bare(a) != _bare(b) for a, b in zip(mine, theirs, strict=False))

    def _same_group(self, one: str, other: str) -> bool:
        """Segments with equal occurrence belong together; one that occurs once belongs to all."""
        left, right = parse_path(one).occurrence, parse_path(other).occurrence
        return not left or not right or left == right


@lru_cache(maxsize=4096)
def _bare(path: str) -> str:
    return re.sub(r"\[(\d+|\*)\]", "", path) if "[" in path else path


def _kinds_by_path(table: Mapping[str, tuple[str, ...]]) -> Mapping[str, frozenset[str]]:
    kinds: dict[str, set[str]] = {}
    for kind, paths in table.items():
        for path in paths:
            kinds.setdefault(_bare(path), set()).add(kind)
    return MappingProxyType({path: frozenset(found) for path, found in kinds.items()})


_HL7_KINDS = _kinds_by_path(_HL7_IDENTIFIERS)
_DICOM_KINDS = _kinds_by_path(_DICOM_IDENTIFIERS)


def _seen_hl7(message: Message, path: str, code: bool) -> Iterator[Seen]:
    target = parse_path(path)
    several = message.segment_names().count(target.segment) > 1
    for occurrence in range(1, message.segment_names().count(target.segment) + 1):
        if target.occurrence not in (0, occurrence):
            continue
        bound = path if target.occurrence else path.replace(target.segment, f"{target.segment}[{occurrence}]", 1)
        hits = message.all(bound)
        syntax = _syntax(target.segment, target.field, target.component, message.version)
        for hit in hits:
            text = _triple(message, hit.path) if code else _with_usual_separators(message, hit)
            yield Seen(hit.path, Term(text, syntax))
        if not hits:
            yield Seen(bound if several else path, Term("", syntax), present=False)


def _with_usual_separators(message: Message, hit: Located) -> str:
    """A value whose parts are separated as they are recommended to be, whichever separators its message declares."""
    marks = message.delimiters
    if marks.component == DEFAULT.component and marks.subcomponent == DEFAULT.subcomponent:
        return hit.value
    value = message.field_value(hit.path)
    parts = value if isinstance(value, tuple) else (value,)
    if parse_path(hit.path).component:
        return "&".join(map(str, parts))
    return "^".join(part if isinstance(part, str) else "&".join(map(str, part)) for part in parts)


def _triple(message: Message, path: str) -> str:
    """A code with its text and coding scheme, where the path names the component that the code stands in."""
    target = parse_path(path)
    if not target.component:
        return message.first(path)
    parts = (str(replace(target, component=target.component + step)) for step in range(3))
    return "^".join(message.first(part) for part in parts).rstrip("^")


def _syntax(segment: str, field: int, component: int, version: str) -> Syntax:
    definition = None if component else field_definition(segment, field, version)
    return Syntax.XCN if definition is not None and definition.datatype in ("XCN", "CN") else Syntax.HL7


def _seen_dicom(spot: Spot, code: bool) -> Iterator[Seen]:
    element = spot.element
    if element is None:
        yield Seen(spot.path, Term(""), present=False)
    elif element.VR != "SQ":
        yield Seen(spot.path, Term(value_text(element)))
    elif not element.value:
        yield Seen(spot.path, Term(""))
    elif code:
        for index, item in enumerate(element.value):
            yield Seen(f"{spot.path}[{index}]", Term(_code_of(item)))


def _code_of(item: Dataset) -> str:
    value = next((str(item[name].value) for name in ("CodeValue", "LongCodeValue", "URNCodeValue") if name in item), "")
    parts = [str(item[name].value or "") if name in item else "" for name in ("CodeMeaning", "CodingSchemeDesignator")]
    return "^".join([value, *parts]).rstrip("^")


def requests(view: LegView) -> tuple[Carrier, ...]:
    """The requests of a leg that can be read; the same objects each time, because they keep what they found out."""
    return view.once(_requests)


def answers(view: LegView) -> tuple[Carrier, ...]:
    """The answers of a leg that can be read: acknowledgements, and each data set that a response carries."""
    return view.once(_answers)


def _requests(view: LegView) -> tuple[Carrier, ...]:
    return tuple(_read_requests(view))


def _answers(view: LegView) -> tuple[Carrier, ...]:
    return tuple(_read_answers(view))


def _read_requests(view: LegView) -> Iterator[Carrier]:
    for exchange in view.exchanges:
        message, dataset = exchange.request_message, exchange.request_dataset
        if message is not None:
            yield Carrier(view, exchange, Half.REQUEST, 0, message)
        elif dataset is not None:
            yield Carrier(view, exchange, Half.REQUEST, 0, dataset)
        elif exchange.exchange.request.payload is None and exchange.exchange.request.command is not None:
            yield Carrier(view, exchange, Half.REQUEST, 0, Dataset())


def _read_answers(view: LegView) -> Iterator[Carrier]:
    for exchange in view.exchanges:
        if exchange.answer_message is not None:
            last = len(exchange.exchange.responses) - 1
            yield Carrier(view, exchange, Half.RESPONSE, last, exchange.answer_message)
            continue
        for index, dataset in enumerate(exchange.response_datasets):
            if dataset is not None:
                yield Carrier(view, exchange, Half.RESPONSE, index, dataset)


def of_play(play: PlayView) -> tuple[Carrier, ...]:
    """Every readable message of a play in the order of the recording."""
    found = [carrier for view in play.legs for carrier in (*requests(view), *answers(view))]
    return tuple(sorted(found, key=lambda carrier: carrier.seq))
