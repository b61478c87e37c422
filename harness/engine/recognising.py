"""Which transaction a message of unknown origin is, best reading first, and why.

Candidates come from `profiles.recognition`; where several are left, the tables of their messages are held against
what the message has. Nothing here judges.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian

from harness.dicom.encoding import unwrap_payload
from harness.dicom.paths import first, present
from harness.dicom.scan import skeleton
from harness.engine.data_set_kinds import Guess, commands_of
from harness.engine.unscripted import UnscriptedExchange, UnscriptedResponse
from harness.hl7 import Message
from harness.model.names import ActorName, LegId, TransactionId
from harness.model.profile import Leg, MessageForm, Service, Transaction
from harness.model.tables import Hl7Table, Usage
from harness.model.transcript import DimseCommand, Half
from harness.profiles import Knowledge, form_of
from harness.profiles.recognition import recognise_dimse, recognise_hl7
from harness.profiles.sop_classes import IMAGE_STORAGE, STORAGE, is_in

_DEMANDED = frozenset({Usage.REQUIRED, Usage.REQUIRED_BY_IHE})
_SEGMENT, _VALUE, _FIELD = 4, 3, 1
"""How much a segment, a value and a field tell two transactions apart."""
_AGAINST = 4
"""What a message lacks tells so much more than what it has: it may well carry more than its transaction demands."""

_REASONS = 4
_CREATOR = ActorName("Evidence Creator")


@dataclass(frozen=True, kw_only=True)
class Loose:
    """A message of which nothing is known but itself.

    `content` is an HL7 message or a Part 10 file. `command`: the DIMSE command, where it was recorded; without it
    `sop_class` and `sop_instance` are what the file says, and the command is told from the data set.
    """

    content: bytes
    dicom: bool = False
    dataset: Dataset | None = None
    sop_class: str = ""
    sop_instance: str = ""
    transfer_syntax: str = ""
    command: DimseCommand | None = None

    @cached_property
    def message(self) -> Message:
        """The content as an HL7 message."""
        return Message.parse(self.content)

    def without_pixels(self) -> Loose:
        """The same message, an object without its pixel data and what stands behind it."""
        if not self.dicom or self.transfer_syntax == DeflatedExplicitVRLittleEndian:
            return self
        data, _ = unwrap_payload(self.content)
        pixels = skeleton(data, self.transfer_syntax).pixels
        if pixels is None:
            return self
        return replace(self, content=self.content[: len(self.content) - len(data) + pixels], dataset=None)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One transaction that a message may be. `half` says whether it is its request or an answer; `why` what speaks
    for it, empty where nothing else is possible. `form` is the HL7 form, `command` the DIMSE command."""

    transaction: Transaction
    leg: Leg
    half: Half = Half.REQUEST
    form: MessageForm | None = None
    command: DimseCommand | None = None
    why: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """`RAD-4/to-image-manager`."""
        return f"{self.transaction.id}/{self.leg.id}"


def recognised(messages: Iterable[Loose], knowledge: Knowledge) -> tuple[UnscriptedExchange | None, ...]:
    """Each message at the leg that it looks most like, whoever sent it; None where it is of no known transaction."""
    found: list[UnscriptedExchange | None] = []
    for message in messages:
        candidates = readings(message, knowledge)
        found.append(as_exchange(message, candidates[0]) if candidates else None)
    return tuple(found)


def as_exchange(message: Loose, reading: Reading, *, step: str = "", answer: bytes | None = None) -> UnscriptedExchange:
    """The message as an exchange of the transaction that it is read as.

    An answer of a query stands for the query, too: it names what was asked for.
    """
    transaction, leg = TransactionId(reading.transaction.id), LegId(reading.leg.id)
    command = reading.command
    if command is None:
        return UnscriptedExchange(transaction=transaction, leg=leg, step=step, request=message.content, answer=answer)
    responses: tuple[UnscriptedResponse, ...] = ()
    if reading.half is Half.RESPONSE:
        pending = DimseCommand(
            service=command.service,
            message_id=1,
            sop_class=command.sop_class,
            status=0xFF00,
            transfer_syntax=command.transfer_syntax,
        )
        responses = (UnscriptedResponse(command=pending, content=message.content),)
    return UnscriptedExchange(
        transaction=transaction, leg=leg, step=step, request=message.content, command=command, responses=responses
    )


def readings(message: Loose, knowledge: Knowledge) -> tuple[Reading, ...]:
    """Every transaction that the message may be, the likeliest first; nothing when it is none that is known."""
    return tuple(_dimse(message, knowledge) if message.dicom else _hl7(message.message, knowledge))


def named_reading(message: Loose, transaction: Transaction, leg: Leg, knowledge: Knowledge) -> Reading | None:
    """The message as the leg that somebody says it is; None where the protocols differ."""
    if message.dicom is (leg.dimse is None):
        return None
    if not message.dicom:
        text = message.message
        return Reading(
            transaction=transaction, leg=leg, form=form_of(leg, text.type, text.version, text.first("ORC-1"))
        )
    guesses = list(_guesses(message, knowledge))
    service = leg.dimse.service if leg.dimse is not None else None
    own = [guess for guess in guesses if guess.command.service is service]
    if own:
        return Reading(transaction=transaction, leg=leg, half=own[0].half, command=own[0].command)
    if service is None:
        return None
    command = DimseCommand(
        service=service,
        message_id=1,
        sop_class=message.sop_class,
        sop_instance=message.sop_instance,
        transfer_syntax=message.transfer_syntax,
    )
    return Reading(transaction=transaction, leg=leg, command=command)


@dataclass(frozen=True)
class _Trait:
    """Something that the messages of one transaction have and those of another need not."""

    weight: int
    text: str
    holds: bool


# DICOM


def _guesses(message: Loose, knowledge: Knowledge) -> Iterator[Guess]:
    if message.command is not None:
        yield Guess(message.command, Half.REQUEST, "")
    elif message.dataset is not None:
        others = {} if is_in(message.sop_class, (STORAGE,)) else {message.sop_class: _services(message, knowledge)}
        yield from commands_of(
            message.dataset, message.sop_class, message.sop_instance, message.transfer_syntax, others
        )


def _services(message: Loose, knowledge: Knowledge) -> Sequence[Service]:
    """The services that any leg has for the SOP class."""
    forms = [leg.dimse for one in knowledge.transactions.values() for leg in one.legs if leg.dimse is not None]
    return tuple(dict.fromkeys(form.service for form in forms if is_in(message.sop_class, form.sop_classes)))


def _dimse(message: Loose, knowledge: Knowledge) -> Iterator[Reading]:
    transactions = tuple(knowledge.transactions.values())
    for guess in _guesses(message, knowledge):
        hits = recognise_dimse(guess.command.service, guess.command.sop_class, None, None, transactions)
        told = (guess.why,) if guess.why else ()
        traits = _attribute_traits([leg for _, leg in hits], guess, message.dataset, knowledge)
        scored = []
        for (transaction, leg), own in zip(hits, traits, strict=True):
            score = sum(trait.weight if trait.holds else -trait.weight for trait in own)
            why = tuple(trait.text for trait in own if trait.holds)[:_REASONS]
            reading = Reading(
                transaction=transaction,
                leg=leg,
                half=guess.half,
                command=guess.command,
                why=tuple(dict.fromkeys((*told, *why))),
            )
            derived = leg.initiator == _CREATOR and _is_derived(message)
            scored.append((not derived, -score, *_fit(transaction, leg, knowledge), reading))
        yield from (one[-1] for one in sorted(scored, key=lambda one: one[:-1]))


def _is_derived(message: Loose) -> bool:
    """Whether an object was made from others, which is what an Evidence Creator does."""
    dataset = message.dataset
    return dataset is not None and first(dataset, "ImageType").startswith("DERIVED")


def _attribute_traits(
    legs: Sequence[Leg], guess: Guess, dataset: Dataset | None, knowledge: Knowledge
) -> list[list[_Trait]]:
    """For each leg the attributes that its table demands or forbids and that not every leg's table does."""
    rows: list[dict[tuple[str, bool], None]] = []
    for leg in legs:
        form = leg.dimse
        name = "" if form is None else form.request_table if guess.half is Half.REQUEST else form.response_table
        table = knowledge.attribute_tables.get(name)
        demanded = table.rows.items() if table is not None else ()
        rows.append(
            {
                (path, row.type != "-"): None
                for path, row in demanded
                if row.type in ("1", "2", "-") and not (row.when or row.condition or row.when_requested or "[" in path)
            }
        )
    shared = set(rows[0]).intersection(*rows) if rows else set()
    return [
        [
            _Trait(_FIELD, f"{path} is {'there' if wanted else 'absent'}", present(dataset, path) is wanted)
            for path, wanted in of_leg
            if (path, wanted) not in shared and dataset is not None
        ]
        for of_leg in rows
    ]


def _fit(transaction: Transaction, leg: Leg, knowledge: Knowledge) -> tuple[bool, bool, bool]:
    """How well a leg fits, the best first: asked for by somebody, for few SOP classes, with a table of its own."""
    form = leg.dimse
    broad = form is not None and bool({STORAGE, IMAGE_STORAGE} & set(form.sop_classes))
    table = knowledge.attribute_tables.get(form.request_table) if form is not None else None
    return leg.reaction, broad, table is not None and table.transaction != transaction.id


# HL7


def _hl7(message: Message, knowledge: Knowledge) -> Sequence[Reading]:
    transactions = tuple(knowledge.transactions.values())
    control = message.first("ORC-1")
    hits = recognise_hl7(message.type, message.version, control, None, None, transactions)
    found = [Reading(transaction=one, leg=leg, form=form) for one, leg, form in hits]
    if not found:
        found = [
            Reading(transaction=one, leg=leg, form=form, why=(f"ORC-1 {control or 'empty'} is of none of its forms",))
            for one in transactions
            for leg in one.legs
            for form in leg.messages
            if form.type == message.type and form == _nearest(leg, message)
        ]
    rivals = {reading.transaction.id for reading in found}
    if len(rivals) < 2:
        return sorted(found, key=lambda reading: reading.leg.reaction)
    return _ranked(found, message, knowledge)


def _nearest(leg: Leg, message: Message) -> MessageForm | None:
    fitting = [form for form in leg.messages if form.type == message.type]
    return next((form for form in fitting if form.version == message.version), fitting[0] if fitting else None)


def _ranked(found: list[Reading], message: Message, knowledge: Knowledge) -> list[Reading]:
    """The readings in the order of what speaks for each, with the traits that only some of them have as reasons."""
    tables = {reading.name: _table(reading, knowledge) for reading in found}
    traits = {name: dict(_traits(message, table)) for name, table in tables.items()}
    shared = set.intersection(*(set(of) for of in traits.values()))
    same = {key for key in shared if len({(of[key].text, of[key].holds) for of in traits.values()}) == 1}
    scored = []
    for reading in found:
        own = {key: trait for key, trait in traits[reading.name].items() if key not in same}
        score = sum(trait.weight if trait.holds else -_AGAINST * trait.weight for trait in own.values())
        speaks = sorted((trait for trait in own.values() if trait.holds), key=lambda trait: -trait.weight)
        why = tuple(trait.text for trait in speaks[:_REASONS])
        scored.append((-score, reading.leg.reaction, reading, why))
    scored.sort(key=lambda one: one[:2])
    return [
        Reading(transaction=one.transaction, leg=one.leg, form=one.form, why=(*one.why, *why))
        for _, _, one, why in scored
    ]


def _table(reading: Reading, knowledge: Knowledge) -> Hl7Table | None:
    return knowledge.table_of(reading.form) if reading.form is not None else None


def _traits(message: Message, table: Hl7Table | None) -> Iterator[tuple[str, _Trait]]:
    """What a table demands, and whether the message has it."""
    if table is None:
        return
    names = message.segment_names()
    for segment in table.segments:
        yield segment, _Trait(_SEGMENT, f"{segment} is there", segment in names)
    for path, row in table.rows.items():
        if path.startswith("MSH") or "." in path or path[:3] not in names:
            continue
        value = message.first(path).strip()
        if row.values and value:
            yield f"{path}=", _Trait(_VALUE, f"{path} is {value}", value in row.values)
        elif row.use is Usage.NOT_SUPPORTED and not row.when:
            yield f"{path}-", _Trait(_FIELD, f"{path} is empty", not value)
        elif row.use in _DEMANDED:
            yield path, _Trait(_FIELD, f"{path} has a value", bool(value))
