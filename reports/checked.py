"""What `swf check` found, as text for a person: one line for each message, what is wrong with it in full below.

Decides nothing. Values from files are shown as text, escaped and bounded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from pydicom.datadict import tag_for_keyword
from rich.cells import cell_len
from rich.console import Console

from harness.model.checked import CheckedFile, CheckedFiles, CheckedFinding, CheckedMessage, Excerpt, Recognition
from harness.model.transcript import Half
from harness.model.verdict import Outcome, Verdict
from reports.overriding import use_texts
from reports.printable import printable
from reports.terminal import STYLES, line
from reports.wording import citation_words, compared, statement, verdict_words

_FULL = 3
"""How often a requirement is told in full; then one line has to do."""

_SHOWN = 20
_NARROW = 40
_LOG_WIDTH = 160
_OTHERS = 4
_NAME = 300


def checked_text(found: CheckedFiles, console: Console, *, everything: bool = False, quiet: bool = False) -> None:
    """Print the files with what is wrong, and a total. `everything`: what is met, too; `quiet`: only what is wrong."""
    told: Counter[str] = Counter()
    for file in found.files:
        for message in file.messages:
            if not quiet or _wrong(message):
                _print_message(file, message, console, told, everything)
        if not quiet or file.named:
            for unread in file.unread:
                text = f"{_name(file)}: not read at offset {unread.offset}: {printable(unread.why)}"
                line(console, text, STYLES[Verdict.INCONCLUSIVE])
    for case in found.cases:
        if not quiet:
            patient = f" of patient {printable(case.patient)}" if case.patient else ""
            text = f"{_counted(len(case.files), 'file')}{patient} held against each other: "
            line(console, f"{text}{_counted(case.checks, 'check')}")
    for told_of in use_texts(found.overrides):
        style = STYLES[Verdict.INCONCLUSIVE] if told_of.expired else ""
        line(console, f"override {told_of.place}: {told_of.says}: {told_of.did}; {told_of.reason}", style)
    line(console, total(found), STYLES[found.verdict])


def _name(file: CheckedFile) -> str:
    return printable(file.name, _NAME)


def _wrong(message: CheckedMessage) -> list[CheckedFinding]:
    return [one for one in message.findings if one.judged.verdict.rank > Verdict.PASS.rank]


def _warned(message: CheckedMessage) -> list[CheckedFinding]:
    return [one for one in message.findings if one.judged.warning]


def _print_message(
    file: CheckedFile, message: CheckedMessage, console: Console, told: Counter[str], everything: bool
) -> None:
    place = f"{_name(file)}:{message.line}" if message.line > 1 else _name(file)
    line(
        console,
        f"{place}: {printable(message.what)}: {_recognised(message)}: {_summary(message)}",
        STYLES[message.verdict],
    )
    for text in (*_about(message), *(printable(note) for note in file.notes)):
        line(console, f"  {text}")
    wrong = sorted(_wrong(message), key=lambda one: (-one.judged.verdict.rank, one.line))
    for one in wrong[:_SHOWN]:
        told[one.judged.requirement.id] += 1
        brief = told[one.judged.requirement.id] > _FULL
        for number, text in enumerate(_finding(file, one, console, brief=brief)):
            line(console, text, STYLES[one.judged.verdict] if number == 0 else "")
    if len(wrong) > _SHOWN:
        line(console, f"  ... and {len(wrong) - _SHOWN} more; --json has them all")
    if wrong and message.recognitions:
        line(console, f"  {_next(message.recognitions[0], message)}")
    _print_warnings(file, message, console)
    if everything:
        _print_rest(message, console)


def _recognised(message: CheckedMessage) -> str:
    if not message.recognitions:
        return "no known transaction"
    first = message.recognitions[0]
    answer = ", answer" if first.half is Half.RESPONSE else ""
    return f"{first.transaction} {printable(first.title)}{answer} [{first.initiator} -> {first.responder}]"


def _about(message: CheckedMessage) -> Iterator[str]:
    """Why it is taken for that transaction, and what else it may be."""
    if message.note:
        yield printable(message.note)
    if not message.recognitions:
        return
    first, *rest = message.recognitions
    others = [name for name in dict.fromkeys(one.transaction for one in rest) if name != first.transaction]
    why = "as you say" if message.forced else ", ".join(printable(reason) for reason in first.why)
    parts = [f"taken for {first.name}: {why}"] if why else []
    if others and not message.forced:
        more = f" and {len(others) - _OTHERS} more" if len(others) > _OTHERS else ""
        parts.append(f"may also be {', '.join(others[:_OTHERS])}{more}")
    if parts:
        yield "; ".join(parts)


def _summary(message: CheckedMessage) -> str:
    outcomes = Counter(one.judged.finding.outcome for one in message.findings)
    wrong = Counter(one.judged.verdict for one in _wrong(message))
    parts = [f"{wrong[Verdict.FAIL]} violated"] if wrong[Verdict.FAIL] else []
    parts += [f"{wrong[Verdict.INCONCLUSIVE]} undecided"] if wrong[Verdict.INCONCLUSIVE] else []
    warned = len(_warned(message))
    parts += [_counted(warned, "warning")] if warned else []
    parts.append(f"{outcomes[Outcome.MET]} met")
    return ", ".join(parts)


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _finding(file: CheckedFile, one: CheckedFinding, console: Console, *, brief: bool) -> Iterator[str]:
    """Where, expected and received, the segment or item, the citation."""
    judged = one.judged
    place = f"{_name(file)}:{one.line}" if one.line else _name(file)
    path = judged.finding.evidence.path if judged.finding.evidence else ""
    head = f"{place}  {printable(path) or 'the message'}{_tag(path)}  {verdict_words(judged)}"
    head += f" ({printable(judged.finding.actor)})"
    if brief:
        yield f"{head}: {_compared(one)}; {printable(judged.requirement.id)}"
        return
    yield head
    yield f"  {statement(judged)}"
    if one.excerpt is not None:
        yield from _marked(one.excerpt, console)
    if one.together:
        yield "  decided by the files of one case together"
    yield f"  {printable(judged.requirement.text)}"
    yield f"  {citation_words(judged)}"


def _compared(one: CheckedFinding) -> str:
    return ", ".join(f"{name} {value}" for name, value in compared(one.judged))


def _tag(path: str) -> str:
    """The tag of the attribute that a path ends in."""
    if "-" in path or not path:
        return ""
    tag = tag_for_keyword(path.rpartition(".")[2].partition("[")[0])
    return "" if tag is None else f" ({tag >> 16:04X},{tag & 0xFFFF:04X})"


def _marked(excerpt: Excerpt, console: Console) -> Iterator[str]:
    """The segment, as much as fits around the value, and a mark below the value."""
    width = (console.width if console.is_terminal else _LOG_WIDTH) - 4
    if width < _NARROW:
        return
    start, end = excerpt.start, max(excerpt.end, excerpt.start)
    first = max(0, min(start - width // 3, len(excerpt.text) - width))
    last = first + width
    before = printable(excerpt.text[first:start], width)
    value = printable(excerpt.text[start : min(end, last)], width)
    behind = printable(excerpt.text[min(end, last) : last], width)
    head = "..." if first else ""
    tail = "..." if last < len(excerpt.text) else ""
    yield f"  {head}{before}{value}{behind}{tail}"
    yield f"  {' ' * cell_len(head + before)}{'^' * max(1, cell_len(value))}"


def _next(first: Recognition, message: CheckedMessage) -> str:
    rules = f"all rules: swf requirements --transaction {first.transaction}"
    others = {one.transaction for one in message.recognitions} - {first.transaction}
    return f"{rules} ; another transaction: --as {min(others)}" if others and not message.forced else rules


def _print_warnings(file: CheckedFile, message: CheckedMessage, console: Console) -> None:
    for one in _warned(message)[:_SHOWN]:
        judged = one.judged
        place = f"line {one.line}: " if one.line else ""
        why = f"{judged.requirement.strength.value}, {judged.requirement.citation.confidence.value}"
        line(console, f"  warning: {place}{statement(judged)} ({why}; {printable(judged.requirement.id)})")


def _print_rest(message: CheckedMessage, console: Console) -> None:
    shown: Iterable[CheckedFinding] = (
        one for one in message.findings if one.judged.verdict.rank <= Verdict.PASS.rank and not one.judged.warning
    )
    for one in shown:
        judged = one.judged
        text = f"  {judged.finding.outcome.value}: {statement(judged)}"
        line(console, f"{text} ({printable(judged.requirement.id)})")


def total(found: CheckedFiles) -> str:
    """How many files, messages and checks there were, and what came of them, in one line."""
    messages = [message for file in found.files for message in file.messages]
    checks = sum(message.checks for message in messages)
    violated = sum(one.judged.verdict is Verdict.FAIL for message in messages for one in _wrong(message))
    undecided = sum(one.judged.verdict is Verdict.INCONCLUSIVE for message in messages for one in _wrong(message))
    warned = sum(len(_warned(message)) for message in messages)
    unread = sum(bool(file.unread) for file in found.files)
    parts = [_counted(len(found.files), "file"), _counted(len(messages), "message"), _counted(checks, "check")]
    parts += [f"{violated} violated"] + ([f"{undecided} undecided"] if undecided else [])
    parts += [_counted(warned, "warning")] if warned else []
    parts += [f"{_counted(unread, 'file')} not read, or not to its end"] if unread else []
    return f"{', '.join(parts)}; exit code {found.exit_code}"
