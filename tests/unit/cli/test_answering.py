"""The questions of `swf init`: never more than told, for any kind of product and any place of it."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field

import click
import pytest
from rich.console import Console

from harness.cli._answering import MOST, Given, interview
from harness.cli._questions import Questions
from harness.errors import InputError
from harness.model.plan import Plan
from harness.model.product_kind import Answers
from harness.model.system import System
from harness.transports.probing import Reach, Reached
from harness.wiring import RunRequest, plan_only, workshop

KINDS = workshop().files.kinds()


def plan(system: System) -> Plan:
    """A plan with every shipped scenario."""
    return plan_only(RunRequest(systems=(system,), seed=0))


@dataclass
class Person:
    """Answers by a word of their question; else Enter is pressed."""

    answers: dict[str, str] = field(default_factory=dict)
    console: Console = field(default_factory=lambda: Console(record=True, width=200, file=io.StringIO()))

    def prompt(self, text: str, *, default: str | None, **_: object) -> str:
        """In the place of `click.prompt`."""
        shown = self.console.export_text(clear=False)
        question = re.findall(r"^\d+\. (.+)$", shown, re.MULTILINE)[-1]
        chosen = next((typed for word, typed in self.answers.items() if word in question), default)
        assert chosen is not None, question
        return chosen

    def asked(self, given: Given | None = None) -> tuple[Answers, int]:
        """What was answered, and how many questions it took."""
        questions = Questions(self.console, ask=True)
        found = interview(questions, given or Given(), KINDS, workshop().knowledge, plan, lambda name: None)
        return found, questions.asked


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> Person:
    """Somebody who takes every default, on a machine without a network."""
    someone = Person()
    monkeypatch.setattr("harness.cli._answering.reach", lambda *_: Reached(Reach.REFUSED, "refused"))
    monkeypatch.setattr("harness.cli._answering.address_towards", lambda _: "192.0.2.20")
    monkeypatch.setattr(click, "prompt", someone.prompt)
    return someone


@pytest.mark.parametrize("kind", KINDS)
def test_no_kind_of_product_elsewhere_takes_more_questions_than_told(person: Person, kind: str) -> None:
    person.answers |= {"What is under test": kind, "which host": "192.0.2.10", "Which profile": "both"}
    answers, questions = person.asked()
    assert questions <= MOST
    assert answers.advertise in ("192.0.2.20", "127.0.0.1")


@pytest.mark.parametrize(
    ("kind", "questions"), [("archive", 7), ("worklist", 8), ("pacs", 10), ("ris", 11), ("adt", 8)]
)
def test_a_product_on_this_machine(person: Person, kind: str, questions: int) -> None:
    person.answers["What is under test"] = kind
    assert person.asked()[1] == questions


def test_what_was_given_is_not_asked(person: Person) -> None:
    given = Given(
        kind="archive", transactions="RAD-8", name="A", version="1", host="127.0.0.1", ae_title="A", port="104"
    )
    answers, questions = person.asked(given)
    assert questions == 0
    assert (answers.transactions, answers.dimse_port) == (("RAD-8",), 104)


def test_transactions_that_nothing_tests_are_told(person: Person) -> None:
    with pytest.raises(InputError, match="there is nothing to test"):
        person.asked(Given(kind="pacs", profile="SWF.b", transactions="RAD-11"))
