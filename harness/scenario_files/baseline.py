"""Writes files of known deviations from failures, and adds to those that exist without touching what somebody wrote.

An entry is a block of lines with the comments above it. Blocks of an existing file are kept word for word; they and the
new ones are put in one order, so that a later baseline differs only where something changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, repeat
from pathlib import Path
from typing import Final

from harness.errors import InputError
from harness.model.failing import Failure
from harness.model.hop import step_kind
from harness.model.known import NOT_OFFERED, UNDECIDED, KnownDeviation
from harness.model.record import Record
from harness.model.verdict import Verdict

_WIDTH = 100
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./ ()+-]*")
_WORDS_OF_YAML: Final = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
HEAD: Final = """\
# Known deviations: failures that fail no run until they expire. They stay failures in every report.
# `swf baseline` adds to this file and removes nothing; owner, reason and ticket are yours to write.
known:
"""


@dataclass(frozen=True, kw_only=True)
class Signature(Record):
    """Whose the entries of a new baseline are, why, and until when."""

    owner: str
    reason: str
    expires: str
    ticket: str = ""


@dataclass(frozen=True)
class Block:
    """One entry of a file: what it says, and its lines."""

    entry: KnownDeviation
    text: str


def entries_for(failures: Iterable[Failure], signature: Signature) -> dict[KnownDeviation, Failure]:
    """One entry for each kind of failure, with the first failure of the kind, in the order of the file.

    A kind is a requirement at a place of one leg in one form: what came there is not pinned, because identifiers differ
    from run to run.
    """
    found: dict[KnownDeviation, Failure] = {}
    for failure in failures:
        entry = KnownDeviation(
            scenario=failure.scenario,
            form=failure.form,
            step=step_kind(failure.scenario, failure.step),
            leg=failure.leg,
            system=failure.player,
            requirement=failure.requirement,
            path=failure.any_path,
            verdict=failure.verdict,
            owner=signature.owner,
            reason=signature.reason,
            expires=signature.expires,
            ticket=signature.ticket,
        )
        found.setdefault(entry, failure)
    return dict(sorted(found.items(), key=lambda pair: order(pair[0])))


def order(entry: KnownDeviation) -> tuple[str, ...]:
    """Where an entry stands in a file."""
    where = (entry.scenario, entry.form, entry.step, entry.leg, entry.requirement, entry.path, entry.received)
    return (*where, entry.system or "", entry.verdict.value)


def blocks_of(path: Path, entries: Sequence[KnownDeviation]) -> tuple[str, list[Block]]:
    """The head of a file, and its entries with their lines; InputError for one that cannot be added to."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    starts = [int(entry.place.rpartition(":")[2]) - 1 for entry in entries]
    flow = any(not re.match(r"\s*- \S", lines[start]) for start in starts) or len(set(starts)) < len(starts)
    if flow or (not entries and "[" in "".join(lines).partition("known:")[2].partition("\n")[0].replace("[]", "")):
        raise InputError(f"{path}: an entry does not begin on a line of its own (`- scenario: ...`): nothing is added")
    begins = [_with_comments(lines, start) for start in starts]
    head = "".join(lines[: begins[0]] if begins else lines)
    ends = [*begins[1:], len(lines)]
    texts = ("".join(lines[begin:end]) for begin, end in zip(begins, ends, strict=True))
    return head, [Block(entry, _ended(text)) for entry, text in zip(entries, texts, strict=True)]


def _with_comments(lines: Sequence[str], start: int) -> int:
    """The first of the comment lines directly above an entry."""
    while start > 0 and lines[start - 1].lstrip().startswith("#") and lines[start - 1].startswith((" ", "\t")):
        start -= 1
    return start


def _ended(text: str) -> str:
    return text if text.endswith("\n") else f"{text}\n"


def file_text(head: str, blocks: Iterable[Block]) -> str:
    """The file with all its entries in order."""
    ordered = sorted(blocks, key=lambda block: order(block.entry))
    if not ordered:
        return head if head != HEAD else f"{HEAD.rstrip()} []\n"
    return re.sub(r"^known:\s*\[\]\s*$", "known:\n", _ended(head), flags=re.MULTILINE) + "".join(
        block.text for block in ordered
    )


def block(entry: KnownDeviation, failure: Failure, indent: str) -> Block:
    """A new entry with a comment that says what is violated."""
    lines = [f"{indent}# {line}" for line in _comment(failure)]
    for mark, (key, value) in zip(chain("-", repeat(" ")), _keys(entry), strict=False):
        lines.append(f"{indent}{mark} {key}: {_scalar(value)}")
    return Block(entry, "".join(f"{line}\n" for line in lines))


def indent_of(blocks: Sequence[Block]) -> str:
    """How far the entries of a file are indented."""
    for one in blocks:
        found = re.search(r"^(\s*)- ", one.text, re.MULTILINE)
        if found:
            return found[1]
    return "  "


def renewed(one: Block, expires: str) -> Block:
    """The same entry with another last day."""
    text = re.sub(r"(?m)^(\s*(?:- )?expires:\s*).*$", lambda found: f'{found[1]}"{expires}"', one.text, count=1)
    return Block(replace(one.entry, expires=expires), text)


def _comment(failure: Failure) -> Iterator[str]:
    what = {
        NOT_OFFERED: "claimed, and not offered",
        UNDECIDED: f"nothing was decided by {failure.received}",
    }.get(failure.requirement, failure.text)
    text = " ".join(f"{failure.transaction}: {what}".split())
    while len(text) > _WIDTH and " " in text[:_WIDTH]:
        cut = text.rindex(" ", 0, _WIDTH)
        yield text[:cut]
        text = text[cut + 1 :]
    yield text


def _keys(entry: KnownDeviation) -> Iterator[tuple[str, str]]:
    verdict = entry.verdict.value if entry.verdict is not Verdict.FAIL else ""
    keys = {
        "scenario": entry.scenario,
        "form": entry.form,
        "step": entry.step,
        "leg": entry.leg,
        "system": entry.system or "",
        "requirement": entry.requirement,
        "path": entry.path,
        "received": entry.received,
        "verdict": verdict,
        "owner": entry.owner,
        "reason": entry.reason,
        "expires": entry.expires,
        "ticket": entry.ticket,
    }
    yield from ((key, value) for key, value in keys.items() if value)


def _scalar(value: str) -> str:
    """A value as YAML writes it; a JSON string is one, too."""
    plain = _PLAIN.fullmatch(value) is not None and value.lower() not in _WORDS_OF_YAML and value == value.strip()
    return value if plain else json.dumps(value, ensure_ascii=False)
