"""What is typed, or told by a script, while a simulation runs: read word by word, checked, and done.

A command line is a word and its arguments; quotes hold together what has blanks. Every answer is lines of text.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from harness.engine.routines import MODALITY, ROUTINES, Act, Routine
from harness.engine.simulation import Simulation, step_of
from harness.errors import HarnessError, InputError
from harness.model.names import ActorName, TransactionId
from harness.model.profile import Transaction
from harness.model.scenario import QueryLevel, Step
from harness.yaml_source import nearest

STOP = "stop"
MOST = 1000
"""How often one command can be repeated."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """What came of a command: its lines, and whether all of it was done."""

    lines: tuple[str, ...]
    done: bool = True


@dataclass(frozen=True, kw_only=True)
class Command:
    """A word that can be said now, its arguments and what it does."""

    word: str
    usage: str
    meaning: str

    @property
    def form(self) -> str:
        """How it is typed."""
        return f"{self.word} {self.usage}".strip()


Say = Callable[[str], None]


class Commands:
    """Everything that one simulation can be told. `stop` ends it, `status` tells how it stands, and `introduce` makes a
    peer known that is written `[ACTOR=]AE_TITLE@HOST:PORT`."""

    def __init__(
        self,
        simulation: Simulation,
        transactions: Mapping[TransactionId, Transaction],
        *,
        stop: Callable[[], None],
        status: Callable[[], Sequence[str]],
        introduce: Callable[[str], None],
    ) -> None:
        self._simulation = simulation
        self._transactions = transactions
        self._stop = stop
        self._status = status
        self._introduce = introduce
        self._routines: Mapping[str, Routine] = MappingProxyType(
            {one.word: one for one in ROUTINES if simulation.plays(act.actor for act in one.acts)}
        )

    def known(self) -> tuple[Command, ...]:
        """The commands, with what they do."""
        own = []
        if self._simulation.plays([MODALITY]):
            own.append(
                Command(
                    word="next",
                    usage="[today] [mine] [WHAT] [images=N]",
                    meaning="performs the next worklist entry; WHAT is its modality, patient, accession or station",
                )
            )
        own += [Command(word=one.word, usage=one.usage, meaning=one.meaning) for one in self._routines.values()]
        return (
            *own,
            Command(
                word="do",
                usage="TRANSACTION [PATIENT] [WORD=VALUE ...]",
                meaning="begins any transaction of a simulated actor, as a step of a scenario would",
            ),
            Command(
                word="peer",
                usage="[ACTOR=]AE_TITLE@HOST:PORT",
                meaning="makes a peer known, who can be called from now on",
            ),
            Command(word="cases", usage="", meaning="lists the cases that new patients are made of"),
            Command(word="status", usage="", meaning="tells what is simulated, where it listens and what came so far"),
            Command(word="help", usage="", meaning="lists these commands"),
            Command(word=STOP, usage="", meaning="ends the simulation, judges what was seen and writes the reports"),
        )

    def run(self, line: str, say: Say = lambda text: None) -> Done:
        """Do what a line says; `say` hears each line as soon as it is there. What goes wrong is a line, too."""
        lines: list[str] = []

        def told(text: str) -> None:
            lines.append(text)
            say(text)

        try:
            for text in self._lines(_words(line)):
                told(text)
        except HarnessError as why:
            for text in str(why).splitlines():
                told(text)
            return Done(lines=tuple(lines), done=False)
        return Done(lines=tuple(lines))

    def _lines(self, words: Sequence[str]) -> Iterator[str]:
        if not words:
            return
        word, *rest = words
        names = [one.word for one in self.known()]
        if word not in names:
            raise InputError(f"there is no command `{word}`{nearest(word, names)}; `help` lists them all")
        if word in self._routines:
            yield from self._simulation.carry_out(self._routines[word], _one(rest, self._routines[word]))
        elif word == "next":
            yield from self._next(rest)
        elif word == "do":
            yield from self._do(rest)
        elif word == "peer":
            yield self._peer(rest)
        else:
            yield from self._about(word)

    def _about(self, word: str) -> Iterator[str]:
        """What the simulation tells of itself, and its end."""
        if word == STOP:
            yield "ending"
            self._stop()
        elif word == "cases":
            yield from (f"{name:28}{title}" for name, title in self._simulation.population.kinds().items())
        elif word == "status":
            yield from self._status()
        else:
            width = max(len(one.form) for one in self.known())
            yield from (f"{one.form:{width}}  {one.meaning}" for one in self.known())

    def _next(self, rest: Sequence[str]) -> Iterator[str]:
        named = _named([text for text in rest if "=" in text], {"images": _count})
        images = named.get("images")
        words = [text for text in rest if "=" not in text]
        yield from self._simulation.next_entry(words, images if isinstance(images, int) else None)

    def _peer(self, rest: Sequence[str]) -> str:
        if len(rest) != 1:
            raise InputError("peer [ACTOR=]AE_TITLE@HOST:PORT")
        self._introduce(rest[0])
        return f"{rest[0]} is known"

    def _do(self, rest: Sequence[str]) -> Iterator[str]:
        if not rest:
            raise InputError("do TRANSACTION [PATIENT] [WORD=VALUE ...]: which transaction?")
        values = _named([text for text in rest[1:] if "=" in text], _VALUES)
        plain = [text for text in rest[1:] if "=" not in text]
        if len(plain) > 1:
            raise InputError(f"do: one patient, and not {', '.join(plain)}")
        act = Act(actor=self._initiator(rest[0], str(values.pop("from", ""))), transaction=TransactionId(rest[0]))
        step: Step = replace(step_of(act), **values)  # type: ignore[arg-type]
        yield from self._simulation.do(act, self._simulation.person(*plain), step)

    def _initiator(self, transaction: str, named: str) -> ActorName:
        """Which of our actors begins the transaction."""
        known = self._transactions.get(TransactionId(transaction))
        if known is None:
            raise InputError(f"there is no transaction `{transaction}`{nearest(transaction, self._transactions)}")
        every = dict.fromkeys(leg.initiator for leg in known.legs if not leg.reaction)
        ours = [actor for actor in every if self._simulation.plays([actor])]
        if named:
            ours = [actor for actor in ours if actor == named]
        if not ours:
            raise InputError(f"{transaction} is begun by {' or '.join(every)}, which is not simulated here")
        if len(ours) > 1:
            raise InputError(f"{transaction} is begun by {' or '.join(ours)}: say from=ACTOR")
        return ours[0]


def _words(line: str) -> Sequence[str]:
    try:
        return shlex.split(line)
    except ValueError as fault:
        raise InputError(f"a quote without its end ({fault})") from None


def _one(rest: Sequence[str], routine: Routine) -> str:
    """The one argument of a routine."""
    if len(rest) > 1:
        raise InputError(f"{routine.word} {routine.usage}: that is too much")
    return rest[0] if rest else ""


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= MOST:
        raise ValueError(f"a number from 1 to {MOST}")
    return int(text)


def _level(text: str) -> QueryLevel:
    try:
        return QueryLevel(text)
    except ValueError:
        raise ValueError(" or ".join(one.value for one in QueryLevel)) from None


def _minutes(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError("a number of minutes") from None


def _text(text: str) -> str:
    return text


_VALUES: Mapping[str, Callable[[str], object]] = MappingProxyType(
    {
        "from": _text,
        "trigger": _text,
        "control": _text,
        "status": _text,
        "patient": _text,
        "prior": _text,
        "service": _text,
        "performed": _text,
        "visit": _text,
        "instances": _count,
        "copies": _count,
        "frames": _count,
        "delay": _minutes,
        "level": _level,
    }
)
"""What `do` can say of a step, by the words of scenarios; `from` is the actor."""


def _named(texts: Sequence[str], known: Mapping[str, Callable[[str], object]]) -> dict[str, object]:
    """`WORD=VALUE` each; InputError for a word or a value that cannot be used."""
    found: dict[str, object] = {}
    for text in texts:
        word, _, value = text.partition("=")
        if word not in known:
            raise InputError(f"`{word}` cannot be said here{nearest(word, known)}")
        try:
            found[word] = known[word](value)
        except ValueError as fault:
            raise InputError(f"{word}={value}: {fault}") from None
    return found
