"""Two runs held against each other, as lines for a person: what is new first, what is only other last.

Decides nothing. Every value is shown escaped and bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console

from harness.dicom import statuses
from harness.model.comparison import (
    Comparison,
    Count,
    FieldChange,
    FindingChange,
    Latency,
    Level,
    Moved,
    News,
    RuleChange,
    Said,
    Side,
    Timing,
    Way,
)
from harness.model.names import PlayId
from harness.model.transcript import Half
from harness.model.verdict import Outcome, Verdict
from reports.printable import printable
from reports.terminal import STYLES, line
from reports.wording import player_words

_PLACES = 4
_VALUE = 120
_MANY = 100
_DIGITS = 12
_STATUS = re.compile("[0-9A-F]{4}")
_HEADS = {
    News.NEW: "New",
    News.FIXED: "Fixed",
    News.GONE: "Not decided any more",
    News.CHANGED: "Changed",
}
_NEWS_STYLES = {
    News.NEW: STYLES[Verdict.FAIL],
    News.FIXED: STYLES[Verdict.PASS],
    News.GONE: STYLES[Verdict.INCONCLUSIVE],
    News.CHANGED: STYLES[Verdict.INCONCLUSIVE],
}


@dataclass(frozen=True)
class FindingGroup:
    """Changes of one requirement at one place of one step, in whatever scenario or form."""

    members: tuple[FindingChange, ...]

    @property
    def first(self) -> FindingChange:
        """The one that is told in full."""
        return self.members[0]

    @property
    def head(self) -> str:
        """The step, the verdicts before and after, and who is charged."""
        one = self.first
        return (
            f"{printable(one.step)} [{printable(one.transaction)}]  {said_word(one.before)} -> {said_word(one.after)}  "
            f"{printable(one.actor)} ({player_words(one.player)})"
        )

    @property
    def what(self) -> str:
        """The requirement with the place that it is about."""
        one = self.first
        place = f"{printable(one.path)}: " if one.path else ""
        return f"{place}{printable(one.requirement.text)}"

    @property
    def citation(self) -> str:
        """The clause, our confidence, and the requirement's id."""
        cited = self.first.requirement.citation
        return (
            f"{printable(cited.text)} ({cited.confidence.value}) ; requirement {printable(self.first.requirement.id)}"
        )

    @property
    def before(self) -> str:
        """What the first run says."""
        return said_words(self.first.before)

    @property
    def after(self) -> str:
        """What the second run says."""
        return said_words(self.first.after)

    @property
    def where(self) -> str:
        """The scenarios."""
        return _listed(dict.fromkeys(printable(one.play) for one in self.members))


def finding_groups(found: Iterable[FindingChange]) -> tuple[FindingGroup, ...]:
    """Changes that say the same, told once; the gravest first."""
    groups: dict[tuple[object, ...], list[FindingChange]] = {}
    for one in found:
        key = one.step, one.requirement.id, one.path, one.actor, said_word(one.before), said_word(one.after)
        groups.setdefault(key, []).append(one)
    return tuple(FindingGroup(tuple(members)) for members in sorted(groups.values(), key=lambda m: -_gravity(m[0])))


def _gravity(change: FindingChange) -> int:
    return max(said.verdict.rank for said in (change.before, change.after) if said is not None)


def said_word(said: Said | None) -> str:
    """The verdict of one run at a place, as one word."""
    if said is None:
        return "not judged"
    if said.verdict.rank > Verdict.PASS.rank:
        return ("known " if said.known else "") + said.verdict.value
    return {Outcome.VIOLATED: "warning", Outcome.UNDECIDED: "undecided", Outcome.NOT_APPLICABLE: "not applicable"}.get(
        said.outcome, said.verdict.value
    )


def said_words(said: Said | None) -> str:
    """What one run says at a place: expected, received, and in which exchange."""
    if said is None:
        return "not judged"
    parts = [f"expected {printable(said.expected, _VALUE)}"] if said.expected else []
    if said.received or said.outcome is Outcome.VIOLATED:
        parts.append(f"received {printable(said.received, _VALUE) or 'absent'}")
    if said.violated > 1:
        parts.append(f"{said.violated} times")
    if said.exchange is not None:
        parts.append(f"exchange {said.exchange}")
    return f"{said_word(said)}: {', '.join(parts)}" if parts else said_word(said)


def side_words(side: Side) -> str:
    """A run in one line."""
    systems = ", ".join(printable(name, 60) for name in side.systems) or "no system"
    more = [
        counted(side.plays, "scenario"),
        systems,
        f"seed {side.seed}",
        f"rules {printable(side.rule_set)[:_DIGITS]}",
    ]
    more += ["interrupted"] if side.interrupted else []
    return f"{printable(side.name)}  {printable(side.started)}  {side.verdict.value.upper()}  ({'; '.join(more)})"


def verdict_pair(before: Verdict | None, after: Verdict | None) -> str:
    """A verdict before and after."""
    return f"{before.value if before else 'not there'} -> {after.value if after else 'not there'}"


def moved_words(one: Moved) -> str:
    """A verdict that moved."""
    transaction = f" [{printable(one.transaction)}]" if one.transaction else ""
    reason = f": {printable(one.reason)}" if one.reason else ""
    return f"{printable(one.id)}{transaction}  {verdict_pair(one.before, one.after)}{reason}"


def message_words(one: FieldChange) -> str:
    """Which messages a difference is in."""
    half = "response to " if one.half is Half.RESPONSE else ""
    return (
        f"{printable(one.transaction)} {printable(one.leg)}  {half}{printable(one.message)}, "
        f"{printable(one.sender)} to {printable(one.receiver)}"
    )


def value_words(one: FieldChange) -> tuple[str, str]:
    """The value in the first run and in the second one."""
    return _value(one.path, one.before, one.way is Way.ADDED), _value(one.path, one.after, one.way is Way.ABSENT)


def _value(path: str, value: str, absent: bool) -> str:
    if absent:
        return "absent"
    if path == "Status" and _STATUS.fullmatch(value):
        named = statuses.name(int(value, 16))
        return f"{printable(value)} {printable(named)}".strip()
    return printable(value, _VALUE) or "there"


def field_words(one: FieldChange) -> str:
    """A difference in one line."""
    before, after = value_words(one)
    name = f" {printable(one.name)}" if one.name else ""
    same = f" ; it was the same as {printable(one.same_as)}" if one.same_as else ""
    way = f" ({one.way.value})" if one.way in (Way.RELATION, Way.FORM) else ""
    return f"{printable(one.path)}{name}: {before} -> {after}{way}{same}"


def places_words(one: FieldChange) -> str:
    """Where a difference is seen."""
    first = one.places[0]
    where = f"{printable(first.play)}/{printable(first.step)}, exchange {first.before} and {first.after}"
    plays = dict.fromkeys(place.play for place in one.places)
    many = f"{len(one.places)} messages of {counted(len(plays), 'scenario')}, first "
    return many + where if len(one.places) > 1 else where


def count_lines(counts: Iterable[Count]) -> list[str]:
    """How often something was sent; what is the same in several scenarios is told once."""
    groups: dict[tuple[object, ...], list[Count]] = {}
    for one in counts:
        groups.setdefault((one.step, one.transaction, one.leg, one.what, one.before, one.after), []).append(one)
    return [_count_line(members) for members in groups.values()]


def _count_line(members: Sequence[Count]) -> str:
    one = members[0]
    where = f"{printable(one.step)} [{printable(one.transaction)} {printable(one.leg)}]"
    plays = _listed(dict.fromkeys(printable(member.play) for member in members))
    return f"{where}  {printable(one.what)}: {one.before} -> {one.after}  in {plays}"


def timing_words(one: Timing) -> str:
    """How long a responder took."""
    pace = "  SLOWER" if one.slower else "  faster" if one.faster else ""
    return (
        f"{printable(one.transaction)} {printable(one.leg)}  {printable(one.responder)} ({player_words(one.player)})  "
        f"{latency_words(one.before)} -> {latency_words(one.after)}{pace}"
    )


def latency_words(one: Latency) -> str:
    """Median and 95th percentile in milliseconds."""
    return f"{one.median * 1000:.1f} ms (95 % {one.high * 1000:.1f}, {one.count} times)"


def rule_words(one: RuleChange) -> str:
    """What became of a requirement between two rule sets."""
    if one.before is None:
        return f"{printable(one.id)}: only judged by the second rules"
    if one.after is None:
        return f"{printable(one.id)}: only judged by the first rules"
    told = "; ".join(f"{word} {_wording(one, word)}" for word in one.what)
    return f"{printable(one.id)}: {told}"


def _wording(one: RuleChange, word: str) -> str:
    values = []
    for side in (one.before, one.after):
        if side is not None:
            held = {
                "strength": side.strength.value,
                "confidence": side.citation.confidence.value,
                "citation": side.citation.text,
                "text": side.text,
                "condition": side.condition,
                "actor": side.actor,
                "transaction": side.transaction,
            }
            values.append(f'"{printable(held.get(word, ""), _VALUE)}"')
    return " -> ".join(values)


def counted(number: int, word: str) -> str:
    """A number with its word."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def total_words(found: Comparison) -> str:
    """The whole in one line."""
    told = ((head, len(groups)) for head, _, groups in by_news(found))
    news = ", ".join(f"{count} {head.lower()}" for head, count in told)
    parts = [f"findings: {news or 'none differs'}"]
    if found.compared:
        parts.append(
            f"messages: {found.compared} compared, {counted(len(found.fields), 'difference')}; "
            f"{counted(found.renamed, 'identifier')} stand for others"
        )
    slower = sum(one.slower for one in found.timings)
    parts += [f"{slower} slower"] if slower else []
    return "; ".join(parts)


def comparison_text(found: Comparison, console: Console) -> None:
    """Print a comparison."""
    line(console, f"first   {side_words(found.before)}")
    line(console, f"second  {side_words(found.after)}")
    for note in found.notes:
        line(console, f"note    {printable(note)}", STYLES[Verdict.INCONCLUSIVE])
    _rules(found.rules, console)
    for head, news, groups in by_news(found):
        _findings(head, groups, console, _NEWS_STYLES[news])
    _listing("Verdicts", [moved_words(one) for one in told_verdicts(found.verdicts)], console)
    _messages(found.fields, console)
    _listing("Numbers of messages", count_lines(found.counts), console)
    _listing("Times", [timing_words(one) for one in found.timings if one.slower or one.faster], console)
    line(console, "")
    line(console, total_words(found), "bold")


def told_verdicts(verdicts: Sequence[Moved]) -> Sequence[Moved]:
    """The verdicts that moved, without the steps of a scenario that only one run has: they say nothing new."""
    gone = {one.id for one in verdicts if one.level is Level.PLAY and None in (one.before, one.after)}
    return [one for one in verdicts if one.level is not Level.STEP or PlayId(one.id.rpartition("/")[0]) not in gone]


def _rules(rules: Sequence[RuleChange], console: Console) -> None:
    _listing("Rules that differ", [rule_words(one) for one in rules], console)


def _findings(head: str, groups: Sequence[FindingGroup], console: Console, style: str) -> None:
    line(console, "")
    line(console, f"{head} ({len(groups)})", "bold")
    for group in groups[:_MANY]:
        line(console, f"  {group.head}", style)
        line(console, f"    {group.what}")
        line(console, f"    first  {group.before}")
        line(console, f"    second {group.after}")
        line(console, f"    {group.citation}")
        line(console, f"    in {group.where}")
    _rest(len(groups), console)


def _messages(fields: Sequence[FieldChange], console: Console) -> None:
    if not fields:
        return
    line(console, "")
    line(console, f"Messages that differ ({len(fields)})", "bold")
    for head, members in by_message(fields[:_MANY]):
        line(console, f"  {head}")
        for one in members:
            line(console, f"    {field_words(one)}")
            line(console, f"      {places_words(one)}", "dim")
    _rest(len(fields), console)


def _listing(head: str, texts: Sequence[str], console: Console) -> None:
    if not texts:
        return
    line(console, "")
    line(console, f"{head} ({len(texts)})", "bold")
    for text in texts[:_MANY]:
        line(console, f"  {text}")
    _rest(len(texts), console)


def _rest(count: int, console: Console) -> None:
    if count > _MANY:
        line(console, f"  ... and {count - _MANY} more; --json has them all")


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    more = f" and {len(every) - _PLACES} more" if len(every) > _PLACES else ""
    return ", ".join(every[:_PLACES]) + more


def by_message(fields: Sequence[FieldChange]) -> Iterator[tuple[str, list[FieldChange]]]:
    """The differences of each kind of message, with its heading."""
    groups: dict[str, list[FieldChange]] = {}
    for one in fields:
        groups.setdefault(message_words(one), []).append(one)
    yield from groups.items()


def by_news(found: Comparison) -> Iterator[tuple[str, News, tuple[FindingGroup, ...]]]:
    """The findings that differ, each kind of news with its heading."""
    for news in News:
        groups = finding_groups(found.of(news))
        if groups:
            yield _HEADS[news], news, groups
