"""badge.svg: the verdict of a run in one small picture that needs no network. It says tested, never certified."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from markupsafe import escape

from harness.model.run import Run
from harness.model.verdict import Verdict
from reports import ReadPayload
from reports.printable import printable

BADGE_FILE: Final = "badge.svg"
LABEL: Final = "SWF tested"

_KNOWN: Final = "#b8860b"
_COLOURS: Mapping[Verdict, str] = MappingProxyType(
    {
        Verdict.PASS: "#1d7a46",
        Verdict.FAIL: "#b3261e",
        Verdict.ERROR: "#7d2fa0",
        Verdict.INCONCLUSIVE: "#8a5a00",
        Verdict.NONE: "#66727f",
    }
)
_NARROW: Final = frozenset("fijlrtI1,.:; ")
_CHARACTER, _NARROW_CHARACTER, _PAD = 6.8, 4.2, 12
_HEIGHT = 20


class Badge:
    """Writes badge.svg."""

    name = "badge"
    order = 55

    def write(self, run: Run, out: Path, payload: ReadPayload) -> None:
        """Write the picture."""
        (out / BADGE_FILE).write_text(badge(run), encoding="utf-8", errors="backslashreplace")


def badge(run: Run) -> str:
    """The picture as text. What is in it are words of ours and counts; the systems are in its title alone."""
    words = badge_words(run)
    colour = _KNOWN if _all_known(run) else _COLOURS[run.verdict]
    left, right = _width(LABEL), _width(words)
    systems = ", ".join(printable(f"{one.name} {one.version}".strip(), 60) for one in run.plan.systems[:4])
    title = escape(f"{systems or 'simulated department'}: {LABEL}, {words}, {printable(run.plan.started, 40)}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="{_HEIGHT}" role="img" '
        f'aria-label="{escape(LABEL)}: {escape(words)}">\n'
        f"<title>{title}</title>\n"
        f'<clipPath id="r"><rect width="{left + right}" height="{_HEIGHT}" rx="3"/></clipPath>\n'
        f'<g clip-path="url(#r)"><rect width="{left}" height="{_HEIGHT}" fill="#3b4754"/>'
        f'<rect x="{left}" width="{right}" height="{_HEIGHT}" fill="{colour}"/></g>\n'
        f'<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">'
        f"{_text(LABEL, left / 2, left)}{_text(words, left + right / 2, right)}</g>\n"
        "</svg>\n"
    )


def badge_words(run: Run) -> str:
    """`pass, 12 scenarios`; `fail, 2 of 12`."""
    count = len(run.plays)
    if run.interrupted:
        return f"interrupted, {run.verdict.value}"
    if run.verdict.rank <= Verdict.PASS.rank:
        return f"{run.verdict.value}, {count} scenario{'' if count == 1 else 's'}"
    found = sum(play.verdict is run.verdict for play in run.plays)
    known = ", all known" if _all_known(run) else ""
    return f"{run.verdict.value}, {found} of {count}{known}"


def _all_known(run: Run) -> bool:
    """Whether a run is worse than pass, and nothing in it is news."""
    return run.verdict.rank > Verdict.PASS.rank and run.exit_code == 0


def _width(text: str) -> int:
    return round(sum(_NARROW_CHARACTER if letter in _NARROW else _CHARACTER for letter in text)) + _PAD


def _text(text: str, middle: float, width: int) -> str:
    return f'<text x="{middle:g}" y="14" textLength="{width - _PAD}">{escape(text)}</text>'


REPORT = Badge()
