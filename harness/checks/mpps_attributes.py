"""What an N-SET may set: attributes that its N-CREATE has created, in the same character set (PS3.4 F.7.2.2).

Judged where the maker of the step sent both; a relay answers for being unchanged alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.dataset import Dataset

from harness.checks.acquisition import first_hops
from harness.checks.carriers import Carrier
from harness.checks.mpps_states import rule_of
from harness.checks.recording import PlayView
from harness.checks.registry import play_check
from harness.dicom.paths import first, name_of
from harness.hl7 import Message
from harness.model.finding import Finding
from harness.model.profile import Service
from harness.model.verdict import Outcome

CHECK = "mpps.attributes"
CREATED = "mpps/set-was-created"
CHARACTER_SET = "mpps/same-character-set"
CREATOR_CREATED = "mpps/creator-set-was-created"
CREATOR_CHARACTER_SET = "mpps/creator-same-character-set"

_CHARACTERS = "SpecificCharacterSet"
_ACCOMPANYING = frozenset({_CHARACTERS, "TimezoneOffsetFromUTC"})
"""What only says how the other attributes are written."""


@play_check(CHECK, rules=(CREATED, CHARACTER_SET, CREATOR_CREATED, CREATOR_CHARACTER_SET))
def check(play: PlayView) -> Iterator[Finding]:
    """Each N-SET against the N-CREATE of its step; one whose N-CREATE was not seen is left alone."""
    created: dict[str, Dataset] = {}
    for carrier in first_hops(play):
        command, content = carrier.exchange.exchange.request.command, carrier.content
        if command is None or isinstance(content, Message):
            continue
        if command.service is Service.N_CREATE:
            created.setdefault(carrier.instance, content)
        elif command.service is Service.N_SET and carrier.instance in created:
            yield from _judge(play, carrier, content, created[carrier.instance])


def _judge(play: PlayView, carrier: Carrier, content: Dataset, begun: Dataset) -> Iterator[Finding]:
    new = [
        name for element in content if element.tag not in begun and (name := name_of(element.tag)) not in _ACCOMPANYING
    ]
    yield from play.ruled(
        rule_of(play, carrier, CREATED, CREATOR_CREATED),
        carrier.leg,
        Outcome.VIOLATED if new else Outcome.MET,
        carrier.leg.initiator,
        carrier.evidence(new[0] if new else ""),
        expected="attributes of the N-CREATE",
        received=", ".join(new),
    )
    if _CHARACTERS in content:
        wanted, named = first(begun, _CHARACTERS), first(content, _CHARACTERS)
        yield from play.ruled(
            rule_of(play, carrier, CHARACTER_SET, CREATOR_CHARACTER_SET),
            carrier.leg,
            Outcome.MET if named == wanted else Outcome.VIOLATED,
            carrier.leg.initiator,
            carrier.evidence(_CHARACTERS),
            expected=wanted or "none",
            received=named,
        )
