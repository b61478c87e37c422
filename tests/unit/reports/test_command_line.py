"""The line at the foot of the terminal: keys become a command, and everything else is printed above it."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from reports.command_line import CommandLine


class Keys:
    """A keyboard that a test types on."""

    def __init__(self) -> None:
        self.type: Callable[[str], None] = lambda keys: None
        self.stopped = False

    def listen(self, heard: Callable[[str], None], tick: Callable[[], None]) -> None:
        self.type = heard

    def stop(self) -> None:
        self.stopped = True


@pytest.fixture
def keys() -> Keys:
    return Keys()


def _typed(keys: Keys, *typed: str) -> tuple[list[str], str]:
    """The lines that were entered, and all that was written to the terminal."""
    entered: list[str] = []
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, width=80)
    with CommandLine(console, keys, entered.append):
        for text in typed:
            keys.type(text)
        console.print("something passed")
    return entered, written.getvalue()


def test_what_is_typed_is_entered_with_the_key_for_it(keys: Keys) -> None:
    entered, written = _typed(keys, "ne", "xt CT", "\r", "help\nsto")
    assert entered == ["next CT", "help"]
    assert "something passed" in written
    assert keys.stopped


def test_typing_can_be_corrected(keys: Keys) -> None:
    assert _typed(keys, "nexx\x7ft\r")[0] == ["next"]
    assert _typed(keys, "something else\x15next\r")[0] == ["next"]
    assert _typed(keys, "\x7f\x7fok\r")[0] == ["ok"]


def test_arrows_and_control_characters_are_no_text(keys: Keys) -> None:
    assert _typed(keys, "ne", "\x1b[A", "xt", "\x07", "\r")[0] == ["next"]


def test_a_line_has_an_end(keys: Keys) -> None:
    (line,) = _typed(keys, "x" * 5000, "\r")[0]
    assert len(line) == 1000
