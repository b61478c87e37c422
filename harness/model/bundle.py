"""A bundle: the evidence of one or several runs with its judgement in one file; and what a reader found about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from harness.model.comparison import Comparison
from harness.model.known import EntryUse
from harness.model.names import PlayId, StepId
from harness.model.override import OverrideUse
from harness.model.record import Record
from harness.model.verdict import Confidence, Verdict


@dataclass(frozen=True, kw_only=True)
class Attested(Record):
    """What an operator was asked at a step, and what was answered, in words."""

    play: PlayId
    step: StepId
    said: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class BundledRun(Record):
    """One run of a bundle. `folder` is its place within the bundle, empty where the bundle is the run's own folder.

    `judged_by` is the digest of the rules of the judgement, `planned_by` of those that the run was planned with;
    `strict` and `least` say how severe it was. `overrides` and `known` deviations stand with what they did.
    """

    folder: str
    run: str
    started: str
    seed: int
    defect: str
    watched: bool
    sealed: bool
    interrupted: bool
    systems: tuple[str, ...]
    plays: int
    exchanges: int
    verdict: Verdict
    exit_code: int
    checks: int
    believed: int
    strict: bool
    least: Confidence
    judged_by: str
    planned_by: str
    harness_version: str
    environment: Mapping[str, str] = field(default_factory=dict)
    overrides: tuple[OverrideUse, ...] = ()
    known: tuple[EntryUse, ...] = ()
    operator: tuple[Attested, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BundleFacts(Record):
    """What bundle.json says: how the bundle is laid out, who wrote it, and its runs."""

    format: str
    written_by: str
    runs: tuple[BundledRun, ...]


class Signed(Enum):
    """What is known of who made a bundle."""

    NOT = "not signed"
    BY_STRANGER = "signed with a key that is not among those given"
    BY_SOMEBODY = "signed; no keys were given to know the signer by"
    BY_KNOWN = "signed by"
    WRONGLY = "the signature is not good"


@dataclass(frozen=True, kw_only=True)
class SignatureFound(Record):
    """The signature of a bundle. `wanted`: the reader gave keys, so that one of them has to have signed."""

    state: Signed
    wanted: bool = False
    signer: str = ""
    fingerprint: str = ""
    why: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the reader may go on."""
        if self.state is Signed.WRONGLY:
            return False
        return self.state is Signed.BY_KNOWN or not self.wanted


@dataclass(frozen=True, kw_only=True)
class RunVerified(Record):
    """One run of a bundle, judged again: how its record differs from that."""

    folder: str
    altered: tuple[str, ...]
    sealed: bool
    comparison: Comparison

    @property
    def same(self) -> bool:
        """Whether every verdict and finding is the same."""
        return self.comparison.same_verdicts


@dataclass(frozen=True, kw_only=True)
class Verified(Record):
    """What became of a bundle: `digest` is the SHA-256 of its manifest, which names it on every machine.

    `altered` are files that are missing, too many or not as the manifest says. Where there are any, or the signature is
    not accepted, nothing was judged.
    """

    bundle: str
    digest: str
    files: int
    altered: tuple[str, ...]
    signature: SignatureFound
    facts: BundleFacts | None = None
    runs: tuple[RunVerified, ...] = ()

    @property
    def intact(self) -> bool:
        """Whether it is what its maker put together."""
        return not self.altered and self.signature.accepted and not any(run.altered for run in self.runs)
