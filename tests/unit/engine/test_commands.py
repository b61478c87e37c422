"""What can be typed while a simulation runs: words, arguments, and what is said of those that cannot be used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from harness.actor import Bedside
from harness.engine.commands import Commands, Done
from harness.errors import CannotAct
from harness.model.scenario import PersonName, QueryLevel
from harness.wiring import workshop


@dataclass
class Population:
    """Two cases."""

    def kinds(self) -> dict[str, str]:
        return {"one": "First", "two": "Second"}


@dataclass
class Stage:
    """A simulation that only notes what it is asked."""

    ours: set[str] = field(default_factory=set)
    asked: list[tuple[object, ...]] = field(default_factory=list)
    population: Population = field(default_factory=Population)

    def plays(self, actors: object) -> bool:
        return set(actors) <= self.ours

    def carry_out(self, routine: object, what: str) -> Iterator[str]:
        self.asked.append((routine.word, what))
        yield "begun"
        if what == "nobody":
            raise CannotAct("told of nobody\nof that name")

    def next_entry(self, words: list[str], images: int | None) -> Iterator[str]:
        self.asked.append(("next", tuple(words), images))
        yield "performed"

    def person(self, text: str = "") -> Bedside:
        return Bedside(name=PersonName(family="DOE"), patient_id=text or "latest", authority="", service="")

    def do(self, act: object, person: Bedside, step: object) -> Iterator[str]:
        self.asked.append(("do", act.actor, act.transaction, person.patient_id, step))
        yield "done"


@pytest.fixture
def stage() -> Stage:
    return Stage(ours={"ADT", "Order Placer", "Order Filler", "Modality"})


@pytest.fixture
def ended() -> list[str]:
    return []


@pytest.fixture
def commands(stage: Stage, ended: list[str]) -> Commands:
    return Commands(
        stage,
        workshop().knowledge.transactions,
        stop=lambda: ended.append("stopped"),
        status=lambda: ("all is well",),
        introduce=ended.append,
    )


def test_what_can_be_said_depends_on_who_is_simulated(commands: Commands, ended: list[str]) -> None:
    assert [one.word for one in commands.known()] == [
        *("next", "order", "cancel", "update", "do", "peer", "cases", "status", "help", "stop")
    ]
    archive = Commands(
        Stage(ours={"Image Manager"}),
        workshop().knowledge.transactions,
        stop=lambda: None,
        status=tuple,
        introduce=ended.append,
    )
    assert [one.word for one in archive.known()] == ["do", "peer", "cases", "status", "help", "stop"]
    assert "`next`" in archive.run("next").lines[0]


def test_help_lists_every_command_with_its_arguments(commands: Commands) -> None:
    lines = commands.run("help").lines
    assert len(lines) == len(commands.known())
    assert any(line.startswith("next [today] [mine] [WHAT] [images=N]") for line in lines)


def test_a_word_is_done_for_what_it_names(commands: Commands, stage: Stage) -> None:
    assert commands.run('order "outpatient-mr-brain"') == Done(lines=("begun",))
    assert commands.run("cancel") == Done(lines=("begun",))
    assert stage.asked == [("order", "outpatient-mr-brain"), ("cancel", "")]


def test_each_line_is_told_as_soon_as_it_is_there_and_what_fails_is_told_too(commands: Commands) -> None:
    heard: list[str] = []
    done = commands.run("order nobody", heard.append)
    assert heard == ["begun", "told of nobody", "of that name"]
    assert done == Done(lines=("begun", "told of nobody", "of that name"), done=False)


def test_next_takes_words_and_a_number_of_images(commands: Commands, stage: Stage) -> None:
    assert commands.run("next today CT images=20").done
    assert commands.run("next").done
    assert stage.asked == [("next", ("today", "CT"), 20), ("next", (), None)]


@pytest.mark.parametrize("line", ["next images=0", "next images=many", "next images=5000", "next copies=2"])
def test_next_takes_nothing_else(commands: Commands, stage: Stage, line: str) -> None:
    assert not commands.run(line).done
    assert not stage.asked


def test_do_begins_any_transaction_of_an_actor_of_ours(commands: Commands, stage: Stage) -> None:
    assert commands.run("do RAD-12 P1 trigger=A08 patient=identified").done
    _, actor, transaction, patient, step = stage.asked[0]
    assert (actor, transaction, patient) == ("ADT", "RAD-12", "P1")
    assert (step.trigger, step.patient, step.initiator) == ("A08", "identified", "ADT")
    assert commands.run("do RAD-7 status='DISCONTINUED 110514' instances=3").done
    assert (stage.asked[1][4].status, stage.asked[1][4].instances) == ("DISCONTINUED 110514", 3)


def test_values_of_do_are_those_of_a_step(commands: Commands, stage: Stage) -> None:
    stage.ours.add("Image Display")
    assert commands.run("do RAD-14 P1 level=series").done
    assert stage.asked[0][4].level is QueryLevel.SERIES
    assert "study or series or image" in commands.run("do RAD-14 P1 level=patient").lines[0]
    assert "minutes" in commands.run("do RAD-13 P1 delay=soon").lines[0]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("do", "which transaction?"),
        ("do RAD-99", "no transaction"),
        ("do RAD-14 P1", "not simulated here"),
        ("do RAD-7 P1 P2", "one patient"),
        ("do RAD-7 P1 colour=red", "`colour` cannot be said"),
        ("do RAD-12 P1 trigger=A08 from=Modality", "not simulated here"),
        ("sing", "no command `sing`"),
        ("nxt", "`next`"),
        ('order "', "quote"),
        ("order one two", "too much"),
        ("peer", "AE_TITLE@HOST:PORT"),
    ],
)
def test_what_cannot_be_said_is_told_and_does_nothing(commands: Commands, stage: Stage, line: str, told: str) -> None:
    done = commands.run(line)
    assert not done.done
    assert told in "\n".join(done.lines)
    assert not stage.asked


def test_where_several_of_ours_begin_a_transaction_one_is_named(commands: Commands, stage: Stage) -> None:
    stage.ours.add("Evidence Creator")
    assert "from=ACTOR" in commands.run("do RAD-10 P1").lines[0]
    assert commands.run('do RAD-10 P1 "from=Evidence Creator"').done
    assert stage.asked[0][1] == "Evidence Creator"


def test_what_the_simulation_tells_of_itself(commands: Commands, ended: list[str]) -> None:
    assert [line.split() for line in commands.run("cases").lines] == [["one", "First"], ["two", "Second"]]
    assert commands.run("status").lines == ("all is well",)
    assert commands.run("peer CT@localhost:104").done
    assert commands.run("stop") == Done(lines=("ending",))
    assert ended == ["CT@localhost:104", "stopped"]


def test_nothing_typed_is_nothing_done(commands: Commands) -> None:
    assert commands.run("  ") == Done(lines=())
