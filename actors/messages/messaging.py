"""How our HIS and RIS actors send HL7 messages and answer them (RAD TF-2: 2.4; HL7 v2.5.1 2.9).

Composes headers and acknowledgements. Knows no message content beyond MSH, MSA and ERR.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from actors.messages.segments import MessageKind, Segment, form_of, msa, msh
from harness.actor import World
from harness.errors import CannotAct, LinkError
from harness.hl7 import AckError, Message, acknowledgement, compose, set_value
from harness.model.names import ActorName, TransactionId
from harness.model.plan import StepRef
from harness.model.system import Hl7Address, Party

Write = Callable[[str], tuple[MessageKind, Sequence[Segment]]]
"""Kind and body of a message in an HL7 version."""


def deliver(
    world: World,
    transaction: str,
    to: ActorName,
    kind: MessageKind,
    body: Iterable[Segment],
    *,
    version: str,
    cause: StepRef | None = None,
    characters: Sequence[str] = (),
) -> Message:
    """Send a message under a fresh control ID and return the answer; CannotAct or LinkError when it cannot be sent.

    `characters` is MSH-18 where the text is not plain ASCII, and serves; else UTF-8 is declared.
    """
    receiver = _address(world.party(to, TransactionId(transaction)))
    message = written(_header(world, receiver, kind, version), body, characters)
    return world.send(TransactionId(transaction), to, message, cause)


def written(header: Segment, body: Iterable[Segment], characters: Sequence[str]) -> bytes:
    """The message in the character sets of whom it is about, as far as they hold its text."""
    name, fields = header
    segments = [*body]
    plain = compose([header, *segments])
    if plain.isascii() or not any(characters):
        return plain
    try:
        return compose([(name, {**fields, 18: list(characters)}), *segments])
    except ValueError:  # the sets lack a character, or are none that we know
        return plain


def deliver_to_all(
    world: World,
    transaction: str,
    receivers: Iterable[ActorName],
    write: Write,
    *,
    form: str,
    cause: StepRef | None = None,
    characters: Sequence[str] = (),
) -> tuple[Message, ...]:
    """Send the same content to several, to each in the version of its link, which is `form` for most; their answers.
    One that cannot be reached keeps it from none; then LinkError."""
    failures: list[LinkError] = []
    answers: list[Message] = []
    for receiver in receivers:
        version = world.version(TransactionId(transaction), receiver, form, cause)
        kind, body = write(version)
        try:
            answers.append(
                deliver(world, transaction, receiver, kind, body, version=version, cause=cause, characters=characters)
            )
        except LinkError as failure:
            failures.append(failure)
    if failures:
        raise failures[0]
    return tuple(answers)


def was_taken(answer: Message) -> bool:
    """Whether an answer accepts its message; one that refuses says that nothing was changed (HL7 v2.5.1 2.9)."""
    return answer.first("MSA-1") in ("AA", "CA")


def listening(world: World, transaction: str, actors: Iterable[ActorName]) -> list[ActorName]:
    """Those of the actors whom somebody plays in the transaction."""
    found = []
    for actor in actors:
        try:
            world.party(actor, TransactionId(transaction))
        except CannotAct:
            continue
        found.append(actor)
    return found


def accept(world: World, message: Message) -> bytes:
    """AA: the message was taken and processed."""
    return acknowledgement(message, "AA", control_id=_control_id(world), now=world.clock.now())


def refuse(world: World, message: Message, error: AckError) -> bytes:
    """AE: the content is at fault, and nothing was changed."""
    if not world.decide("fault-is-refused", True):
        return accept(world, message)
    answer = acknowledgement(message, "AE", control_id=_control_id(world), now=world.clock.now(), error=error)
    return answer if world.decide("refusal-names-its-message", True) else set_value(answer, "MSA-2", _control_id(world))


def refuse_unknown(world: World, message: Message, types: Iterable[str] = ()) -> bytes:
    """AR for a message type or trigger event that the actor does not take; `types` are those it knows (table 0357)."""
    known = message.type.partition("^")[0] in set(types)
    error = (
        AckError(location="MSH^1^9^1^2", code="201", text="Unsupported event code")
        if known
        else AckError(location="MSH^1^9^1^1", code="200", text="Unsupported message type")
    )
    return acknowledgement(message, "AR", control_id=_control_id(world), now=world.clock.now(), error=error)


def respond(world: World, message: Message, kind: MessageKind, body: Iterable[Segment]) -> bytes:
    """An application response that accepts the message: MSH and MSA with the parties exchanged, then the body."""
    name, fields = _header(world, _address(world.me), kind, form_of(message.version))
    exchanged = {3: "MSH-5", 4: "MSH-6", 5: "MSH-3", 6: "MSH-4"}
    parties = {number: message.field_value(path) for number, path in exchanged.items()}
    return compose([(name, {**fields, **parties}), msa("AA", message.control_id), *body])


def _header(world: World, receiver: Hl7Address, kind: MessageKind, version: str) -> Segment:
    return msh(
        _address(world.me),
        receiver,
        kind,
        version=version,
        control_id=_control_id(world),
        now=world.clock.now(),
    )


def _address(party: Party) -> Hl7Address:
    if party.hl7 is None:
        raise CannotAct(f"{party.actor} has no HL7 address")
    return party.hl7


def _control_id(world: World) -> str:
    return world.identifiers.number("M", 12)
