"""How a side of ours behaves at TLS where it should not, and how that is recorded.

A listener may be careless, or show on purpose what nobody should take; a caller may try what should be refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from harness.model.deviation import Change
from harness.model.plan import StepRef
from harness.model.tls import Laxity, Taken
from harness.model.transcript import EventKind
from harness.transports.recorder import LinkOwner, Recorder
from harness.transports.tls.failures import TlsFailure
from harness.transports.tls.misusing import Tried, taken_as


@dataclass(frozen=True, kw_only=True)
class Conduct:
    """What passes that should not, and what is `shown` to whoever calls, for the step `cause`."""

    lax: frozenset[Laxity] = frozenset()
    shown: Change | None = None
    cause: StepRef | None = None

    @property
    def facts(self) -> Mapping[str, str]:
        """What a link says of it."""
        return {} if self.shown is None else {"misuse": self.shown.value}


PROPER = Conduct()
"""As it should be."""

Conducting = Callable[[], Conduct]
"""Asked anew for each connection that comes."""


def properly() -> Conduct:
    """How everybody behaves unless told otherwise."""
    return PROPER


def tell_shown(
    conduct: Conduct, failure: TlsFailure | None, peer: str, *, owner: LinkOwner, recorder: Recorder
) -> None:
    """Record how a caller took what was shown to it; `failure` is why TLS was not agreed, None when it was."""
    if conduct.shown is None:
        return
    taken = Taken.AGREED if failure is None else taken_as(failure, conduct.shown)
    how = "it agreed on TLS" if failure is None else failure.text
    _tell(conduct.shown, conduct.cause, taken, how, owner=owner, recorder=recorder, facts={"peer": peer})


def tell_impossible(shown: Change, cause: StepRef | None, why: str, *, owner: LinkOwner, recorder: Recorder) -> None:
    """Record that our side cannot show to a caller what it should."""
    _tell(shown, cause, Taken.IMPOSSIBLE, why, owner=owner, recorder=recorder, facts={})


def tell_tried(change: Change, tried: Tried, peer: str, *, owner: LinkOwner, recorder: Recorder) -> None:
    """Record how a call that should be refused was taken, with every byte above TLS."""
    facts = {"peer": peer, "sent": tried.sent.hex(), "received": tried.received.hex(), "tls": tried.version}
    how = f"{tried.how}, over {tried.version}" if tried.version and tried.taken is Taken.LET_IN else tried.how
    _tell(change, owner.cause, tried.taken, how, owner=owner, recorder=recorder, facts=facts)


def _tell(
    shown: Change,
    cause: StepRef | None,
    taken: Taken,
    how: str,
    *,
    owner: LinkOwner,
    recorder: Recorder,
    facts: Mapping[str, str],
) -> None:
    told = {"misuse": shown.value, "outcome": taken.value, "how": how, **facts}
    text = f"{shown.value}: {taken.value}: {how}"
    recorder.happened(EventKind.MISUSED, text, owner=replace(owner, cause=cause), facts=told)
