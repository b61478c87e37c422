"""Specimens: recordings by hand, as data. From a YAML file to what `unscripted_play` takes.

Owns the form of `*.specimen.yaml`. It must not know what a rule demands of a specimen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from harness.dicom.edit import set_value
from harness.dicom.encoding import quiet
from harness.dicom.paths import parse_path
from harness.dicom.uids import uid_of
from harness.engine.unscripted import UnscriptedExchange, dimse_exchange, hl7_exchange
from harness.errors import Place, RecordingError
from harness.hl7 import Message, acknowledgement
from harness.model.profile import Service
from harness.model.record import Record
from harness.yaml_source import Faults, SourceMapping, SourceSequence, read, validate

SUFFIX = ".specimen.yaml"
_ANSWERED = datetime(2024, 1, 2, 10, 15, 1)
"""When a plain acknowledgement says that it was written."""


@dataclass(frozen=True, kw_only=True)
class ResponseEntry(Record):
    """One DIMSE response: status in hexadecimal, and perhaps optional command elements and a data set."""

    status: str = "0000"
    fields: Mapping[str, str] | None = None
    dataset: object = None


@dataclass(frozen=True, kw_only=True)
class ExchangeEntry(Record):
    """One exchange as written: an HL7 `request` with its `answer`, or a DIMSE service with data set and responses.

    `illegal`: no conforming initiator makes the request; what becomes of it is what counts.
    """

    transaction: str
    leg: str
    step: str = ""
    request: str = ""
    answer: str = ""
    service: Service | None = None
    sop_class: str = ""
    sop_instance: str = ""
    fields: Mapping[str, str] | None = None
    dataset: object = None
    responses: tuple[ResponseEntry, ...] = (ResponseEntry(),)
    opened_by_peer: bool = False
    illegal: bool = False


@dataclass(frozen=True, kw_only=True)
class SpecimenFile(Record):
    """A specimen as written."""

    id: str
    title: str
    form: str
    exchanges: tuple[ExchangeEntry, ...]


@dataclass(frozen=True, kw_only=True)
class Specimen:
    """A recording by hand: its exchanges in order, in one form of the messages."""

    id: str
    title: str
    form: str
    exchanges: tuple[UnscriptedExchange, ...]


def shipped_specimens(folder: Traversable | None = None) -> tuple[Specimen, ...]:
    """Every specimen of a folder (the shipped one) by file name; SourceError tells every fault of every file."""
    root = folder if folder is not None else files("harness.selftest") / "specimens"
    found = sorted((one for one in root.iterdir() if one.name.endswith(SUFFIX)), key=lambda one: one.name)
    return tuple(load_specimen(one) for one in found)


def load_specimen(path: Path | Traversable) -> Specimen:
    """Read one specimen; SourceError lists every fault with its place."""
    source = read(path)
    written = validate(source, SpecimenFile)
    faults = Faults()
    if written.id != path.name.removesuffix(SUFFIX):
        faults.add(source.place_of("id"), f"`{written.id}` is not the name of the file")
    reader = _Reader(source, faults)
    exchanges = [reader.exchange(index, entry) for index, entry in enumerate(written.exchanges)]
    faults.raise_if_any()
    return Specimen(
        id=written.id, title=written.title, form=written.form, exchanges=tuple(one for one in exchanges if one)
    )


class _Reader:
    """Turns what is written into bytes; notes what cannot be turned, at its place."""

    def __init__(self, source: SourceMapping, faults: Faults) -> None:
        self._source = source
        self._faults = faults

    def exchange(self, index: int, entry: ExchangeEntry) -> UnscriptedExchange | None:
        at = ("exchanges", index)
        if (entry.service is None) == (not entry.request):
            self._faults.add(self._source.place_of(*at), "an exchange has an HL7 `request` or a DIMSE `service`")
            return None
        made = self._hl7(entry) if entry.service is None else self._dimse(entry, entry.service, at)
        return replace(made, illegal=entry.illegal) if made is not None else None

    def _hl7(self, entry: ExchangeEntry) -> UnscriptedExchange:
        request = _message(entry.request)
        answer: bytes | None = None
        if entry.answer and "|" in entry.answer:
            answer = _message(entry.answer)
        elif entry.answer:
            asked = Message.parse(request)
            answer = acknowledgement(asked, entry.answer, control_id=f"ACK{asked.control_id}", now=_ANSWERED)
        return hl7_exchange(entry.transaction, entry.leg, request, answer, step=entry.step)

    def _dimse(self, entry: ExchangeEntry, service: Service, at: tuple[str | int, ...]) -> UnscriptedExchange | None:
        dataset = self._dataset(entry.dataset, (*at, "dataset"))
        responses = [
            (self._status(one.status, (*at, "responses", index)), self._dataset(one.dataset, (*at, "responses", index)))
            for index, one in enumerate(entry.responses)
        ]
        try:
            made = dimse_exchange(
                entry.transaction,
                entry.leg,
                service,
                dataset,
                sop_class=uid_of(entry.sop_class),
                sop_instance=entry.sop_instance,
                fields=entry.fields,
                responses=responses,
                step=entry.step,
                opened_by_peer=entry.opened_by_peer,
            )
        except (ValueError, RecordingError) as fault:
            self._faults.add(self._source.place_of(*at), str(fault))
            return None
        said = zip(made.responses, entry.responses, strict=True)
        answered = (replace(one, command=replace(one.command, fields=dict(of.fields or {}))) for one, of in said)
        return replace(made, responses=tuple(answered))

    def _status(self, text: str, at: tuple[str | int, ...]) -> int:
        try:
            return int(text, 16)
        except ValueError:
            self._faults.add(self._source.place_of(*at, "status"), f"`{text}` is not a status in hexadecimal")
            return 0

    def _dataset(self, written: object, at: tuple[str | int, ...]) -> Dataset | None:
        if written is None:
            return None
        if isinstance(written, SourceMapping):
            return self._item(written)
        self._faults.add(self._source.place_of(*at), "a data set is a mapping of keywords to values")
        return None

    def _item(self, written: SourceMapping) -> Dataset:
        made = Dataset()
        for keyword, value in written.items():
            if tag_for_keyword(keyword) is None:
                self._fault(written.keys_at[keyword], keyword)
            elif dictionary_VR(keyword) == "SQ":
                items = [self._item(one) for one in self._items(written, keyword, value)]
                with quiet():
                    made[keyword] = DataElement(keyword, "SQ", Sequence(items))
            else:
                made = self._valued(made, keyword, value, written.values_at[keyword])
        return made

    def _fault(self, place: Place, keyword: str) -> None:
        try:
            parse_path(keyword)
        except ValueError as fault:
            self._faults.add(place, str(fault))

    def _items(self, written: SourceMapping, keyword: str, value: object) -> Iterator[SourceMapping]:
        given = value if isinstance(value, SourceSequence) else () if value in (None, "") else (value,)
        for one in given:
            if isinstance(one, SourceMapping):
                yield one
            else:
                self._faults.add(written.values_at[keyword], f"an item of {keyword} is a mapping")

    def _valued(self, made: Dataset, keyword: str, value: object, place: Place) -> Dataset:
        texts = list(value) if isinstance(value, SourceSequence) else [value]
        if not all(one is None or isinstance(one, str) for one in texts):
            self._faults.add(place, f"{keyword} takes a value or a list of values")
            return made
        try:
            return set_value(made, keyword, "\\".join(str(one or "") for one in texts))
        except ValueError as fault:
            self._faults.add(place, str(fault))
            return made


def _message(text: str) -> bytes:
    """An HL7 message, a segment to a line, in the character set that its MSH-18 declares."""
    lines = "".join(f"{line.strip()}\r" for line in text.splitlines() if line.strip())
    charset = Message.parse(lines.encode("ascii", "replace")).charset
    return charset.encode(lines)
