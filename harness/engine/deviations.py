"""Committing violations on purpose: the one mechanism for scenarios' steps and for a defective reference system.

Changes to messages are made on what an actor hands over, just before the transport sends it. Changes to behaviour are
made where the message would be sent, or where the actor asks for a decision.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from pydicom.dataset import Dataset

from harness.dicom import edit as dicom_edit
from harness.dicom.encoding import Truncated
from harness.hl7 import edit as hl7_edit
from harness.identifiers import Identifiers
from harness.model.deviation import MISUSES, Change, Deviation, Part
from harness.model.names import ActorName, LegId, PlayId, TransactionId
from harness.model.plan import StepRef

_BEHAVIOUR = MISUSES | {
    Change.NEVER,
    Change.LATE,
    Change.TWICE,
    Change.WRONG_ANSWER,
    Change.SILENCE,
    Change.DECIDE,
}
_ELSEWHERE = MISUSES | {Change.DECIDE}
"""Changes that meet no message."""


class DeviationBook:
    """The deviations in force, and how many messages each has met; thread-safe."""

    def __init__(self, deviations: Iterable[Deviation], identifiers: Identifiers) -> None:
        self._standing = tuple(deviations)
        self._temporary: list[tuple[Deviation, PlayId | None]] = []
        self._shown: list[tuple[Deviation, StepRef | None]] = []
        self._identifiers = identifiers
        self._met: Counter[tuple[int, str]] = Counter()
        self._fired: set[Deviation] = set()
        self._lock = threading.Lock()

    def stand(self, deviations: Iterable[Deviation]) -> None:
        """Put deviations in force from now on."""
        with self._lock:
            self._standing = (*self._standing, *deviations)

    def idle(self) -> tuple[Deviation, ...]:
        """Standing deviations that changed nothing so far: what they are about never came, or has no such path."""
        with self._lock:
            return tuple(deviation for deviation in self._standing if deviation not in self._fired)

    def _fire(self, deviation: Deviation) -> None:
        with self._lock:
            self._fired.add(deviation)

    @contextmanager
    def during(
        self, deviation: Deviation | None, play: PlayId | None = None, step: StepRef | None = None
    ) -> Iterator[None]:
        """Put a step's deviation in force while the step runs, for the messages of its play."""
        if deviation is not None:
            with self._lock:
                self._temporary.append((deviation, play))
                self._shown.append((deviation, step))
        try:
            yield
        finally:
            if deviation is not None:
                with self._lock:
                    self._temporary.remove((deviation, play))
                    self._shown.remove((deviation, step))

    def shown_by(self, actor: ActorName) -> tuple[Change, StepRef | None] | None:
        """What the actor's listeners show on purpose to whoever calls now, and for which step; None: what is proper."""
        with self._lock:
            for deviation, step in self._shown:
                if deviation.of_listener and deviation.actor == actor:
                    return deviation.change, step
            return None

    def concern(self, actor: ActorName) -> bool:
        """Whether any deviation in force is the actor's."""
        with self._lock:
            return any(one.actor == actor for one in (*self._standing, *(held for held, _ in self._temporary)))

    def decide(self, actor: ActorName, decision: str, answer: bool, play: PlayId | None = None) -> bool:
        """The actor's decision in a matter of the play, or what a deviation makes of it."""
        for deviation in self._in_force(play):
            if deviation.change is Change.DECIDE and (deviation.actor, deviation.decision) == (
                actor,
                decision,
            ):
                decided = deviation.value.lower() == "true"
                if decided is not answer:
                    self._fire(deviation)
                return decided
        return answer

    def meeting(
        self,
        actor: ActorName,
        transactions: Iterable[tuple[TransactionId, LegId]],
        part: Part,
        thread: str,
        play: PlayId | None = None,
    ) -> tuple[Deviation, ...]:
        """The deviations that apply to this message of the play; `thread` separates their counts within it."""
        candidates = set(transactions)
        applying = []
        for deviation in self._in_force(play):
            if deviation.actor != actor or deviation.part is not part or deviation.change in _ELSEWHERE:
                continue
            if not _is_about(deviation, candidates):
                continue
            if self._due(deviation, f"{play}/{thread}"):
                applying.append(deviation)
                if not changes_message(deviation):
                    self._fire(deviation)
        return tuple(applying)

    def misuse(
        self,
        actor: ActorName,
        transactions: Iterable[tuple[TransactionId, LegId]],
        thread: str,
        play: PlayId | None = None,
    ) -> Deviation | None:
        """How the actor misuses a link before it sends this message properly, if a deviation says so."""
        candidates = set(transactions)
        for deviation in self._in_force(play):
            mine = deviation.change in MISUSES and deviation.part is Part.REQUEST and deviation.actor == actor
            about = mine and _is_about(deviation, candidates)
            if about and self._due(deviation, f"{play}/{thread}"):
                self._fire(deviation)
                return deviation
        return None

    def in_place_of(
        self,
        actor: ActorName,
        transactions: Iterable[tuple[TransactionId, LegId]],
        dataset: Dataset,
        thread: str,
        stopping: threading.Event,
        play: PlayId | None = None,
    ) -> tuple[Dataset, ...]:
        """What is sent in place of a request's data set: itself, changed, late, twice, or nothing at all."""
        applying = self.meeting(actor, transactions, Part.REQUEST, thread, play)
        if behaviour(applying, Change.NEVER):
            return ()
        late = behaviour(applying, Change.LATE)
        if late is not None:
            stopping.wait(late.seconds)
        amended = self.amend_dataset(dataset, applying)
        return (amended, amended) if behaviour(applying, Change.TWICE) else (amended,)

    def amend_message(self, message: bytes, deviations: Iterable[Deviation]) -> bytes:
        """Apply changes to an HL7 message; one whose place the message does not have (another form) is passed over."""
        for deviation in deviations:
            try:
                changed = self._changed_message(message, deviation)
            except ValueError:
                continue
            if changed != message:
                self._fire(deviation)
            message = changed
        return message

    def _changed_message(self, message: bytes, deviation: Deviation) -> bytes:
        if deviation.change is Change.REMOVE:
            return hl7_edit.remove(message, deviation.path)
        if deviation.change is Change.SET:
            return hl7_edit.set_value(message, deviation.path, deviation.value)
        if deviation.change is Change.WRONG_IDENTIFIER:
            return hl7_edit.set_value(message, deviation.path, self._identifiers.number("WRONG", 8))
        if deviation.change is Change.DUPLICATE:
            return hl7_edit.duplicate(message, deviation.path)
        if deviation.change is Change.REORDER:
            return hl7_edit.reorder(message, deviation.path)
        if deviation.change is Change.TRUNCATE:
            return message[: len(message) // 2]
        return message

    def amend_dataset(self, dataset: Dataset, deviations: Iterable[Deviation]) -> Dataset:
        """Apply changes to a data set; the given one is left as it is."""
        for deviation in deviations:
            changed = self._changed_dataset(dataset, deviation)
            if changed is not dataset and (changed != dataset or isinstance(changed, Truncated)):
                self._fire(deviation)
            dataset = changed
        return dataset

    def _changed_dataset(self, dataset: Dataset, deviation: Deviation) -> Dataset:
        if deviation.change is Change.REMOVE:
            return dicom_edit.remove(dataset, deviation.path)
        if deviation.change is Change.SET:
            return dicom_edit.set_value(dataset, deviation.path, deviation.value)
        if deviation.change is Change.WRONG_IDENTIFIER:
            value = self._identifiers.uid() if deviation.path.endswith("UID") else self._identifiers.number("W", 8)
            return dicom_edit.set_value(dataset, deviation.path, value)
        if deviation.change is Change.DUPLICATE:
            return dicom_edit.duplicate(dataset, deviation.path)
        if deviation.change is Change.REORDER:
            return dicom_edit.reorder(dataset, deviation.path)
        if deviation.change is Change.TRUNCATE:
            return Truncated(dataset)
        return dataset

    def _in_force(self, play: PlayId | None) -> tuple[Deviation, ...]:
        """What holds for everybody, and what a step of the play put in force; each once."""
        with self._lock:
            own = (deviation for deviation, whose in self._temporary if whose in (None, play))
            return tuple(dict.fromkeys((*self._standing, *own)))

    def _due(self, deviation: Deviation, thread: str) -> bool:
        if deviation.occurrence == 0:
            return True
        with self._lock:
            key = (hash(deviation), thread)
            self._met[key] += 1
            return self._met[key] == deviation.occurrence


def _is_about(deviation: Deviation, candidates: Iterable[tuple[TransactionId, LegId]]) -> bool:
    """Whether a deviation names one of these legs, or none in particular."""
    return any(deviation.is_about(transaction, leg) for transaction, leg in candidates)


def behaviour(deviations: Iterable[Deviation], change: Change) -> Deviation | None:
    """The first deviation of that behaviour, if any."""
    return next((deviation for deviation in deviations if deviation.change is change), None)


def changes_message(deviation: Deviation) -> bool:
    """Whether a deviation changes content rather than behaviour."""
    return deviation.change not in _BEHAVIOUR
