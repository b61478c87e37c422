"""What the sheet, the procurement view and the draft statement show, as data: words and links, nothing decided here.

The claims of one run, or of several put together; the runs are kept to say what stands behind a claim.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from harness.model.claimed import (
    LEAST_PARTNERS,
    ClaimedPart,
    ClaimedTransaction,
    ClaimState,
    Observation,
    Showing,
    put_together,
)
from harness.model.names import HARNESS, LegId, PlayerName, PlayId, StepId
from harness.model.run import LegResult, PlayResult, Run, StepResult
from harness.model.system import Attestation
from harness.model.verdict import Verdict
from reports.grouping import Group, groups
from reports.printable import printable
from reports.reproduction import Reproduction
from reports.wording import HTML_REPORT, by_number, exchange_anchor, href, player_words, statement, step_anchor

_LINKS = 6
_FINDINGS = 40
_REASONS = 6

_Place = tuple[PlayId, StepId, LegId]
_Leg = tuple[PlayResult, StepResult, LegResult]


@dataclass(frozen=True, kw_only=True)
class ToldRun:
    """A run with the address of its report, as seen from the page, and with the commands that show a finding again."""

    run: Run
    name: str
    base: str
    again: Reproduction


@dataclass(frozen=True, kw_only=True)
class Link:
    """A place in a report."""

    text: str
    url: str
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class Opposite:
    """Who was at the other end of a transaction, and what came of it there; `counts` of legs, worst verdict first.

    `known` of the failures are known deviations.
    """

    name: str
    simulated: bool
    counts: tuple[tuple[Verdict, int], ...]
    known: int = 0

    @property
    def words(self) -> str:
        """`Acme MR: 2 fail (1 known), 3 pass`."""
        known = f" ({self.known} known)" if self.known else ""
        parts = (f"{count} {verdict.value}{known if verdict is Verdict.FAIL else ''}" for verdict, count in self.counts)
        return f"{self.name}: {', '.join(parts)}"


@dataclass(frozen=True, kw_only=True)
class TransactionView:
    """One transaction of a claim: what was shown, with whom, and where that is seen."""

    one: ClaimedTransaction
    state: ClaimState
    opposites: tuple[Opposite, ...]
    links: tuple[Link, ...]
    more: int
    remark: str


@dataclass(frozen=True, kw_only=True)
class FindingRow:
    """Violations of one requirement behind a claim, with a link to the first of them."""

    group: Group
    told: ToldRun
    url: str


@dataclass(frozen=True, kw_only=True)
class ClaimView:
    """One claim with everything behind it."""

    part: ClaimedPart
    anchor: str
    state: ClaimState
    transactions: tuple[TransactionView, ...]
    findings: tuple[FindingRow, ...]
    more_findings: int
    undecided: tuple[str, ...]
    partners: tuple[str, ...]

    @property
    def title(self) -> str:
        """`SWF.b Image Manager`, with the option where it is one."""
        option = f", option {self.part.option}" if self.part.option else ""
        return printable(f"{self.part.profile} {self.part.actor}{option}")

    @property
    def shown(self) -> int:
        """How many of its transactions were observed whole."""
        return sum(one.one.observation is Observation.OBSERVED for one in self.transactions)


@dataclass(frozen=True, kw_only=True)
class SystemView:
    """A product with its claims, and what was seen of it beside them."""

    name: str
    version: str
    claims: tuple[ClaimView, ...]
    unclaimed: tuple[ClaimView, ...]
    attestations: tuple[Attestation, ...]
    counts: tuple[tuple[ClaimState, int], ...]

    @property
    def title(self) -> str:
        """Name and version."""
        return printable(f"{self.name} {self.version}".strip())

    @property
    def partners(self) -> tuple[str, ...]:
        """Every other product with which something of it was shown."""
        return tuple(sorted({partner for claim in self.claims for partner in claim.partners}))


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """Every product of one or several runs; `partners` so many are wanted for each transaction."""

    systems: tuple[SystemView, ...]
    runs: tuple[ToldRun, ...]
    partners: int

    def of(self, names: Sequence[PlayerName]) -> Sheet:
        """The sheet of those systems; of all when none is named."""
        chosen = tuple(system for system in self.systems if system.name in names)
        return replace(self, systems=chosen) if names else self

    @property
    def interrupted(self) -> bool:
        """Whether a run ended early."""
        return any(told.run.interrupted for told in self.runs)

    @property
    def defects(self) -> tuple[str, ...]:
        """Faults that the bundled reference system was given on purpose."""
        return tuple(dict.fromkeys(told.run.plan.defect for told in self.runs if told.run.plan.defect))


def told_run(run: Run, place: Path, folder: str = "") -> ToldRun:
    """A run of the folder `place`, which, seen from the page, is `folder`; empty: the page's own."""
    base = f"{quote(folder, safe='/.-_')}/" if folder else ""
    return ToldRun(run=run, name=run.plan.run, base=f"{base}{HTML_REPORT}", again=Reproduction(place, run))


def sheet_of(runs: Sequence[ToldRun], partners: int = LEAST_PARTNERS) -> Sheet:
    """The claims of all the runs, with what stands behind each."""
    named = {_run_key(number, told): told for number, told in enumerate(runs)}
    legs = {name: _legs_of(told.run) for name, told in named.items()}
    parts = put_together({name: told.run.claimed for name, told in named.items()})
    views = [_claim(part, partners, named, legs) for part in parts]
    systems = dict.fromkeys((part.system, part.version) for part in parts)
    return Sheet(
        systems=tuple(_system(name, version, views, runs) for name, version in systems),
        runs=tuple(runs),
        partners=partners,
    )


def _run_key(number: int, told: ToldRun) -> str:
    return f"{number}:{told.name}"


def _legs_of(run: Run) -> Mapping[_Place, _Leg]:
    return {
        (play.play, step.step, leg.leg): (play, step, leg)
        for play in run.plays
        for step in play.steps
        for leg in step.legs
    }


def _system(name: str, version: str, views: Iterable[ClaimView], runs: Iterable[ToldRun]) -> SystemView:
    own = [view for view in views if (view.part.system, view.part.version) == (name, version)]
    claims = tuple(view for view in own if view.part.claimed)
    counts = [(state, sum(view.state is state for view in claims)) for state in ClaimState]
    attested = dict.fromkeys(
        one for told in runs for system in told.run.plan.systems if system.name == name for one in system.attestations
    )
    return SystemView(
        name=name,
        version=version,
        claims=claims,
        unclaimed=tuple(view for view in own if not view.part.claimed),
        attestations=tuple(attested),
        counts=tuple((state, count) for state, count in counts if count),
    )


def _claim(
    part: ClaimedPart, partners: int, runs: Mapping[str, ToldRun], legs: Mapping[str, Mapping[_Place, _Leg]]
) -> ClaimView:
    ordered = [transaction for transaction, _ in by_number({one.transaction: one.verdict for one in part.transactions})]
    by_id = {one.transaction: one for one in part.transactions}
    found = tuple(_findings(part, runs, legs))
    reasons = dict.fromkeys(_undecided(part, legs))
    return ClaimView(
        part=part,
        anchor="c/" + "/".join(printable(word, 80).replace(" ", "_") for word in part.key if word),
        state=part.state(partners),
        transactions=tuple(_transaction(by_id[one], partners, runs, legs) for one in ordered),
        findings=found[:_FINDINGS],
        more_findings=max(0, len(found) - _FINDINGS),
        undecided=tuple(reasons)[:_REASONS],
        partners=tuple(player_words(partner) for partner in part.partners),
    )


# one transaction


def _transaction(
    one: ClaimedTransaction,
    partners: int,
    runs: Mapping[str, ToldRun],
    legs: Mapping[str, Mapping[_Place, _Leg]],
) -> TransactionView:
    chosen = _telling(one.showings)
    return TransactionView(
        one=one,
        state=one.state(partners),
        opposites=tuple(_opposites(one.showings)),
        links=tuple(_link(showing, runs[showing.run], legs[showing.run]) for showing in chosen),
        more=len(one.showings) - len(chosen),
        remark=printable(one.reason) if not one.showings else "",
    )


def _opposites(showings: Iterable[Showing]) -> Iterator[Opposite]:
    """Partners first, our simulator at the end."""
    showings = tuple(showings)
    counts: dict[str, dict[Verdict, int]] = {}
    for showing in showings:
        of_player = counts.setdefault(showing.counterpart, {})
        of_player[showing.verdict] = of_player.get(showing.verdict, 0) + 1
    for player in sorted(counts, key=lambda name: (name == HARNESS, name)):
        worst_first = sorted(counts[player].items(), key=lambda item: -item[0].rank)
        simulated = player == HARNESS
        yield Opposite(
            name="our simulator" if simulated else printable(player, 80),
            simulated=simulated,
            counts=tuple(worst_first),
            known=sum(showing.known and showing.counterpart == player for showing in showings),
        )


def _telling(showings: Sequence[Showing]) -> tuple[Showing, ...]:
    """The few that are linked: the gravest, and of those that passed one for each counterpart before any other."""
    ranked = sorted(showings, key=lambda showing: -showing.verdict.rank)
    first: dict[tuple[str, Verdict], Showing] = {}
    for showing in ranked:
        first.setdefault((showing.counterpart, showing.verdict), showing)
    chosen = list(dict.fromkeys([*first.values(), *ranked]))[:_LINKS]
    return tuple(sorted(chosen, key=lambda showing: -showing.verdict.rank))


def _link(showing: Showing, told: ToldRun, legs: Mapping[_Place, _Leg]) -> Link:
    play, step, _ = legs.get((showing.play, showing.step, showing.leg), (None, None, None))
    if play is None or step is None:
        anchor = exchange_anchor(showing.exchange) if showing.exchange is not None else ""
    else:
        anchor = step_anchor(play, step) if showing.exchange is None else exchange_anchor(showing.exchange)
    number = f" exchange {showing.exchange}" if showing.exchange is not None else ""
    text = f"{printable(showing.play, 80)} / {printable(showing.step, 60)}{number}"
    return Link(text=text, url=f"{told.base}{href(anchor)}", verdict=showing.verdict)


# what stands behind a claim


def _behind(
    part: ClaimedPart, legs: Mapping[str, Mapping[_Place, _Leg]], verdict: Verdict
) -> Iterator[tuple[str, _Leg]]:
    """The legs of the part's showings of a verdict."""
    for one in part.transactions:
        for showing in one.showings:
            leg = legs.get(showing.run, {}).get((showing.play, showing.step, showing.leg))
            if showing.verdict is verdict and leg is not None:
                yield showing.run, leg


def _findings(
    part: ClaimedPart, runs: Mapping[str, ToldRun], legs: Mapping[str, Mapping[_Place, _Leg]]
) -> Iterator[FindingRow]:
    """What the system violated in what the part rests on, by run and requirement."""
    placed: dict[str, list[tuple[PlayResult, StepResult, LegResult]]] = {}
    for name, leg in _behind(part, legs, Verdict.FAIL):
        placed.setdefault(name, []).append(leg)
    for name, members in placed.items():
        found = groups(
            (play, step, judged)
            for play, step, leg in members
            for judged in leg.findings
            if judged.player == part.system and judged.verdict is Verdict.FAIL
        )
        for group in found:
            evidence = group.judged.finding.evidence
            anchor = exchange_anchor(evidence.exchange) if evidence else step_anchor(group.play, group.step)
            yield FindingRow(group=group, told=runs[name], url=f"{runs[name].base}{href(anchor)}")


def _undecided(part: ClaimedPart, legs: Mapping[str, Mapping[_Place, _Leg]]) -> Iterator[str]:
    """Why something stayed undecided, or was not offered, where no finding says so."""
    for verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE):
        for _, (_, step, leg) in _behind(part, legs, verdict):
            place = f"{printable(step.transaction, 40)} {printable(leg.leg, 60)}"
            if leg.reason:
                yield f"{place}: {printable(leg.reason)}"
            elif verdict is Verdict.INCONCLUSIVE:
                told = [judged for judged in leg.findings if judged.verdict is verdict]
                yield from (f"{place}: {statement(judged)}" for judged in told[:1])
