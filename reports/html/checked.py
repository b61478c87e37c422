"""What `swf check` found, as one HTML page: what is wrong first, then every message with its fields and its bytes.

The same cards and message views as in the report of a run; nothing is decided here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from harness.model.checked import CheckedFile, CheckedFiles, CheckedFinding, CheckedMessage, Recognition
from harness.model.names import RequirementId
from harness.model.transcript import Half, PayloadKind
from harness.model.verdict import Outcome, Verdict
from reports.checked import total
from reports.exchanges import WIRE_LIMIT, MessageView
from reports.html.excerpts import Line, around, is_at
from reports.html.findings import FindingView, Other, compared_parts
from reports.html.packing import BLOCK_TYPE, Packing
from reports.html.render import STYLES, joined, policy_of, templates
from reports.html.wire import Json, judged_json, message_json, text_of
from reports.marking import Mark, MarkedRow, marked_rows
from reports.messages import rows_of, wire_bytes
from reports.overriding import OverrideText, overruled_words, use_texts
from reports.printable import printable
from reports.wording import comparison, statement, subject, verdict_words

CARDS: Final = 100
OTHERS: Final = 40
LINES: Final = 10_000
"""Messages that have a line on the page."""

BUDGET: Final = 12_000_000
"""Bytes of the page that messages may take up."""

_CHUNK: Final = 16
_NAME: Final = 300
_SCRIPTS: Final = ("parts.js", "messages.js", "checked.js")


@dataclass(frozen=True, kw_only=True)
class MessageLine:
    """A message in the list. `part` is the block that holds it, empty where there was no room; `key` its name there."""

    anchor: str
    verdict: Verdict
    place: str
    what: str
    recognised: str
    counts: tuple[tuple[str, str], ...]
    about: tuple[str, ...]
    part: str
    key: str


@dataclass(frozen=True, kw_only=True)
class _Placed:
    """A message with its file, its anchor, and its rows with what was decided at them."""

    file: CheckedFile
    message: CheckedMessage
    anchor: str
    rows: tuple[MarkedRow, ...]
    marks: tuple[Mark, ...]


@dataclass(frozen=True, kw_only=True)
class CheckedPage:
    """Everything the template lays out."""

    found: CheckedFiles
    title: str
    total: str
    figures: tuple[tuple[str, int], ...]
    cards: tuple[FindingView, ...]
    warnings: tuple[FindingView, ...]
    kinds: int
    lines: tuple[MessageLine, ...]
    omitted: int
    unread: tuple[tuple[str, str], ...]
    cases: tuple[str, ...]
    overrides: tuple[OverrideText, ...]


def checked_html(found: CheckedFiles) -> str:
    """The page as text."""
    packing = Packing()
    page = _page(found, packing)
    style, script = joined(STYLES), joined(_SCRIPTS)
    return (
        templates()
        .get_template("checked.html")
        .render(
            page=page,
            blocks=packing.blocks,
            block_type=BLOCK_TYPE,
            policy=policy_of(style, script),
            style=Markup(style),  # noqa: S704 - our own file, not data
            script=Markup(script),  # noqa: S704 - our own file, not data
        )
    )


def _page(found: CheckedFiles, packing: Packing) -> CheckedPage:
    placed = _placed(found)
    wrong = _cards(placed, warned=False)
    messages = [one.message for one in placed]
    findings = [one.judged for message in messages for one in message.findings]
    return CheckedPage(
        found=found,
        title=printable(found.files[0].name, _NAME) if len(found.files) == 1 else f"{len(found.files)} files",
        total=total(found),
        figures=(
            ("files", len(found.files)),
            ("messages", len(messages)),
            ("checks executed", sum(message.checks for message in messages)),
            ("of believed requirements", sum(_is_believed(one) for message in messages for one in message.findings)),
            ("violated", sum(one.verdict is Verdict.FAIL for one in findings)),
            ("undecided", sum(one.verdict is Verdict.INCONCLUSIVE for one in findings)),
            ("warnings", sum(one.warning for one in findings)),
        ),
        cards=wrong[:CARDS],
        warnings=_cards(placed, warned=True)[:CARDS],
        kinds=len(wrong),
        lines=_lines(placed[:LINES], packing),
        omitted=max(len(placed) - LINES, 0),
        unread=tuple(
            (printable(file.name, _NAME), f"not read at offset {one.offset}: {printable(one.why)}")
            for file in found.files
            for one in file.unread
        ),
        cases=tuple(
            f"{', '.join(printable(name, 80) for name in case.files)}: {case.checks} checks" for case in found.cases
        ),
        overrides=use_texts(found.overrides),
    )


def _is_believed(one: CheckedFinding) -> bool:
    judged = one.judged
    decided = judged.finding.outcome in (Outcome.MET, Outcome.VIOLATED)
    return decided and judged.requirement.citation.confidence.value == "believed"


def _placed(found: CheckedFiles) -> list[_Placed]:
    """Every message with its anchor; cards are named after the requirement and the message."""
    placed: list[_Placed] = []
    for file in found.files:
        for message in file.messages:
            anchor = f"m{len(placed) + 1}"
            marks = tuple(
                Mark(
                    one.judged,
                    f"{anchor}/{printable(one.judged.requirement.id).replace(' ', '_')}",
                    _where(file, one.line),
                )
                for one in message.findings
            )
            kind = PayloadKind.DICOM if message.dicom else PayloadKind.HL7
            rows = marked_rows(rows_of(message.content, kind), marks) if message.content and _told(message) else ()
            placed.append(_Placed(file=file, message=message, anchor=anchor, rows=rows, marks=marks))
    return placed


def _told(message: CheckedMessage) -> bool:
    """Whether rows are needed for cards; the others are made one by one when they are packed."""
    return any(one.judged.verdict.rank > Verdict.PASS.rank or one.judged.warning for one in message.findings)


def _where(file: CheckedFile, line: int) -> str:
    name = printable(file.name, _NAME)
    return f"{name}:{line}" if line > 0 else name


_Key = tuple[RequirementId, str, Verdict]
_Member = tuple[_Placed, CheckedFinding]


def _cards(placed: Sequence[_Placed], *, warned: bool) -> tuple[FindingView, ...]:
    """One card for each requirement, actor and verdict, gravest first."""
    groups: dict[_Key, list[_Member]] = defaultdict(list)
    for one in placed:
        for finding in one.message.findings:
            judged = finding.judged
            if judged.warning if warned else judged.verdict.rank > Verdict.PASS.rank:
                groups[judged.requirement.id, judged.finding.actor, judged.verdict].append((one, finding))
    ranked = sorted(groups.values(), key=lambda members: -members[0][1].judged.verdict.rank)
    return tuple(_card(members) for members in ranked)


def _card(members: Sequence[_Member]) -> FindingView:
    placed, one = members[0]
    judged, requirement = one.judged, one.judged.requirement
    excerpt = _excerpt(placed, one)
    place = _where(placed.file, one.line)
    path = judged.finding.evidence.path if judged.finding.evidence else ""
    known = placed.message.recognitions
    transaction = printable(known[0].transaction, 20) if known else ""
    return FindingView(
        id=_anchor(placed, one),
        word=verdict_words(judged).lower(),
        css="note" if judged.quiet else judged.verdict.value,
        verdict="warning" if judged.quiet else judged.verdict.value,
        actor=printable(judged.finding.actor, 60),
        transaction=transaction,
        subject=subject(judged),
        name=next((line.row.row.name for line in excerpt if line.here), ""),
        compared=compared_parts(judged),
        excerpt=excerpt,
        text=printable(requirement.text),
        blame=printable(judged.finding.actor, 60),
        evidence=f"{place}, {printable(path)}" if path else place,
        anchor=placed.anchor,
        citation=printable(requirement.citation.text),
        confidence=requirement.citation.confidence.value,
        site=" ; ".join(words for words in (overruled_words(judged), _TOGETHER if one.together else "") if words),
        requirement=printable(requirement.id),
        requirement_anchor="",
        condition=printable(requirement.condition),
        source=printable(requirement.citation.source),
        reproduce=f"swf requirements --transaction {transaction}" if transaction else "swf requirements",
        reproduced="read all of its rules",
        look="the message",
        where=place,
        step=place,
        play=printable(placed.message.what, 120),
        where_anchor=placed.anchor,
        count=len(members),
        others=tuple(_other(*member) for member in members[1 : OTHERS + 1]),
    )


_TOGETHER: Final = "decided by the files of one case together"


def _anchor(placed: _Placed, one: CheckedFinding) -> str:
    return next(mark.anchor for mark in placed.marks if mark.judged is one.judged)


def _excerpt(placed: _Placed, one: CheckedFinding) -> tuple[Line, ...]:
    at = next((at for at, row in enumerate(placed.rows) if is_at(row, one.judged)), None)
    return around(placed.rows, at) if at is not None else ()


def _other(placed: _Placed, one: CheckedFinding) -> Other:
    judged = one.judged
    return Other("", _where(placed.file, one.line), placed.anchor, comparison(judged) or statement(judged))


def _lines(placed: Sequence[_Placed], packing: Packing) -> tuple[MessageLine, ...]:
    """The list; messages are packed, those with a complaint first, until there is no room left."""
    ranked = sorted(placed, key=lambda one: -one.message.verdict.rank)
    parts: dict[str, str] = {}
    for number, first in enumerate(range(0, len(ranked), _CHUNK)):
        if packing.size > BUDGET:
            break
        chunk = ranked[first : first + _CHUNK]
        block = packing.add(f"m{number}", text_of({one.anchor: _detail(one) for one in chunk}))
        parts |= dict.fromkeys((one.anchor for one in chunk), block)
    return tuple(_line(one, parts) for one in placed)


def _detail(one: _Placed) -> Json:
    judged = sorted((mark for mark in one.marks if mark.violated), key=lambda mark: -mark.judged.verdict.rank)
    content, kind = one.message.content, PayloadKind.DICOM if one.message.dicom else PayloadKind.HL7
    found = rows_of(content, kind)
    wire = wire_bytes(content, kind)
    view = MessageView(
        heading=printable(one.message.what),
        time="",
        facts=(),
        rows=one.rows or marked_rows(found, one.marks),
        notes=found.notes,
        wire=wire[:WIRE_LIMIT],
        file_name="",
        size=len(wire),
    )
    return {
        "j": [judged_json(mark) for mark in judged[:OTHERS]],
        "met": sum(mark.judged.finding.outcome is Outcome.MET for mark in one.marks),
        "m": [message_json(view)],
    }


def _line(one: _Placed, parts: Mapping[str, str]) -> MessageLine:
    message = one.message
    outcomes = (
        ("fail", "violated", sum(finding.judged.verdict is Verdict.FAIL for finding in message.findings)),
        (
            "inconclusive",
            "undecided",
            sum(finding.judged.verdict is Verdict.INCONCLUSIVE for finding in message.findings),
        ),
        ("note", "warned", sum(finding.judged.warning for finding in message.findings)),
        ("", "met", sum(finding.judged.finding.outcome is Outcome.MET for finding in message.findings)),
    )
    return MessageLine(
        anchor=one.anchor,
        verdict=message.verdict,
        place=_where(one.file, message.line if message.line > 1 else 0),
        what=printable(message.what),
        recognised=_recognised(message.recognitions),
        counts=tuple((css, f"{count} {word}") for css, word, count in outcomes if count),
        about=_about(one),
        part=parts.get(one.anchor, ""),
        key=one.anchor,
    )


def _recognised(found: Sequence[Recognition]) -> str:
    if not found:
        return "no known transaction"
    first = found[0]
    answer = ", answer" if first.half is Half.RESPONSE else ""
    return printable(f"{first.transaction} {first.title}{answer}: {first.initiator} \u2192 {first.responder}")


def _about(one: _Placed) -> tuple[str, ...]:
    """Why it is taken for its transaction, what else it may be, and how it was read."""
    message = one.message
    lines = [printable(message.note)] if message.note else []
    if message.recognitions:
        first, *rest = message.recognitions
        why = "as you say" if message.forced else ", ".join(map(printable, first.why))
        lines += [f"taken for {printable(first.name)}: {why}"] if why else []
        others = list(dict.fromkeys(other.transaction for other in rest if other.transaction != first.transaction))
        lines += [f"may also be {printable(', '.join(others))}"] if others and not message.forced else []
    return (*lines, *map(printable, one.file.notes))
