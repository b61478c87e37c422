"""Asking a person, or taking what was given as options: each answer is checked, and nothing is asked twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import click
from rich.console import Console
from rich.text import Text

from harness.errors import InputError

T = TypeVar("T")

Parse = Callable[[str], T]
"""From what was typed to the answer; ValueError with a sentence for what cannot be one."""


@dataclass
class Questions:
    """One interview. `ask` says whether there is somebody to ask; else defaults hold, and what has none is an error."""

    console: Console
    ask: bool
    asked: int = field(default=0, init=False)

    def answer(
        self,
        option: str,
        question: str,
        parse: Parse[T],
        *,
        given: str | None,
        default: str | None,
        explained: str = "",
    ) -> T:
        """The answer given as `--option`, or typed; InputError when there is none, or it cannot be used."""
        if given is not None:
            return self._parsed(option, parse, given)
        if not self.ask:
            if default is None:
                raise InputError(f"--{option} is needed: {question}")
            return self._parsed(option, parse, default)
        self.asked += 1
        self.say()
        self.console.print(Text.assemble((f"{self.asked}. ", "bold cyan"), (question, "bold")), highlight=False)
        if explained:
            self.say(explained)
        while True:
            typed = click.prompt(" ", default=default, prompt_suffix="> ", show_default=bool(default))
            try:
                return parse(str(typed).strip())
            except ValueError as fault:
                self.say(f"  {fault}", style="red")

    def _parsed(self, option: str, parse: Parse[T], text: str) -> T:
        try:
            return parse(text.strip())
        except ValueError as fault:
            raise InputError(f"--{option}: {fault}") from None

    def say(self, text: str = "", style: str = "") -> None:
        """Tell the person something; nothing, when nobody is there."""
        if self.ask:
            self.console.print(Text(text, style=style), highlight=False, soft_wrap=True)
