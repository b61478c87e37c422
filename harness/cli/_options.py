"""Options that several verbs share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from harness.engine.judging import Strictness
from harness.model.verdict import Confidence

_F = TypeVar("_F", bound=Callable[..., object])


def judging_options(function: _F) -> _F:
    """`--strict` and `--confidence`."""
    function = click.option("--strict", is_flag=True, help="A violated SHOULD fails.")(function)
    return click.option(
        "--confidence",
        type=click.Choice(["believed", "verified"]),
        default="believed",
        show_default=True,
        help="The weakest confidence that may fail a system.",
    )(function)


def overrides_option(function: _F) -> _F:
    """`--overrides`."""
    return click.option(
        "--overrides",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Rules that the site switches off, weakens or changes, each with a reason.",
    )(function)


def known_option(function: _F) -> _F:
    """`--known`."""
    return click.option(
        "--known",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Failures that are known, each with owner, reason and end: they fail no run; `swf baseline` writes it.",
    )(function)


def strictness(strict: bool, confidence: str) -> Strictness:
    """The judgement's severity from the options."""
    return Strictness(strict=strict, least=Confidence(confidence))
