"""What came of trying links, for people and as JSON. Renders finished results and decides nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from harness.model.ping import PingResult, State
from reports.printable import printable

SCHEMA = "swf-ping/1"
_LONGEST = 2000


def result_lines(result: PingResult) -> Iterator[str]:
    """Which link, what was seen, and of a broken one whose side it is and what to do: a line each."""
    yield f"{result.state.value:4}  {ends(result)}, {printable(result.what)}{_in(result)}"
    yield f"      {_sentence(result.seen)}"
    if result.state is State.BROKEN and (result.side or result.advice):
        side = f"{_sentence(result.side.value)}: " if result.side else ""
        yield f"      {side}{_shown(result.advice)}"
    yield from (f"      note: {_shown(note)}" for note in result.notes)


def ends(result: PingResult) -> str:
    """`our Modality -> Image Manager of Orthanc`."""
    theirs = f"{', '.join(result.theirs)} of {printable(result.system)}"
    if result.ours is None:
        return theirs
    return f"{theirs} -> our {result.ours}" if result.inward else f"our {result.ours} -> {theirs}"


def _in(result: PingResult) -> str:
    return f" [{', '.join(result.transactions)}]" if result.transactions else ""


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{_shown(text[1:])}"


def _shown(text: str) -> str:
    return printable(text, _LONGEST)


def ping_json(results: Iterable[PingResult]) -> str:
    """The results as JSON (schema swf-ping/1)."""
    return json.dumps(
        {
            "schema": SCHEMA,
            "links": [
                {
                    "system": result.system,
                    "direction": "inward" if result.inward else "outward",
                    "protocol": result.kind.value if result.kind else None,
                    "theirs": list(result.theirs),
                    "ours": result.ours,
                    "what": result.what,
                    "state": {State.WORKS: "works", State.BROKEN: "broken", State.UNTRIED: "untried"}[result.state],
                    "seen": result.seen,
                    "side": result.side.name.lower() if result.side else None,
                    "advice": result.advice,
                    "notes": list(result.notes),
                    "transactions": list(result.transactions),
                    "accepted": {name: list(classes) for name, classes in result.accepted.items()},
                    "refused": {name: list(classes) for name, classes in result.refused.items()},
                }
                for result in results
            ],
        },
        indent=2,
    )
