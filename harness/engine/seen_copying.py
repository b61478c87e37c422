"""Whether a record proves that a value was copied wrongly: who copied had it from where the record says.

A target counts only where the copying system itself got, or sent, the message that it is held against, where everything
that the target names is known from the record, and, of what may change, where the order began in the record.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.checks.archive_changes import COERCIBLE
from harness.checks.carriers import Carrier
from harness.checks.dimse_reply import accepted
from harness.checks.recording import PlayView
from harness.dicom.paths import name_of
from harness.engine.seen_beginnings import Beginnings, Group
from harness.engine.sides import alike
from harness.hl7 import Message
from harness.model.finding import Finding
from harness.model.names import ExchangeId
from harness.model.profile import Service
from harness.model.transcript import Half

OF_OTHERS = "it may be of an order that the record does not have"
_NOT_TOLD = "the record does not show that it was told so"
_CHANGED = "it may have been changed before the record began"
UNSEEN = "what it is a part of is not in the record"

_OF_ORDER = ("step", "procedure", "placer", "filler", "accession", "study")
_MANY = frozenset({"instance", "series", "mpps", "transaction"})
"""Identifiers of which one order may have any number."""
_LISTED = frozenset({"ReferencedSOPInstanceUID", "SeriesInstanceUID"})
"""Attributes by which lists name objects."""
_FIXED = frozenset({"AccessionNumber"})
"""What an archive may change, and nobody changes in the worklist."""
_CHANGEABLE = frozenset(name_of(tag) for tag in COERCIBLE) - _FIXED
_PATIENT = ("PID-", "MRG-", "PV1-")


class Copying:
    """The copied values of one play."""

    def __init__(self, view: PlayView, beginnings: Beginnings, stations: Mapping[ExchangeId, str]) -> None:
        self._view = view
        self._beginnings = beginnings
        self._stations = stations

    def doubt(self, finding: Finding) -> str:
        """Why it is not proven that a value was copied wrongly; empty when it is."""
        target, source = self._beginnings.at(finding.evidence), self._beginnings.at(finding.given)
        if target is None or source is None or finding.evidence is None:
            return _NOT_TOLD
        group = self._beginnings.group(target)
        if not self._knows(finding, target, source):
            return _NOT_TOLD
        if not self._is_of_one(target, source) or self._speaks_of_others(finding.evidence.path, target, group):
            return OF_OTHERS
        if not self._is_whole(target, group):
            return UNSEEN
        return (
            _CHANGED
            if _may_change(finding.evidence.path) and not self._is_settled(finding, target, source, group)
            else ""
        )

    def _knows(self, finding: Finding, target: Carrier, source: Carrier) -> bool:
        """Whether who copied took part in the message that it is held against, before, and it was taken."""
        charged = self._player(target, finding)
        ends = (source.leg.planned.initiator, source.leg.planned.responder)
        answered = max((one.seq for one in source.exchange.exchange.responses), default=source.seq)
        before = source.seq if source.half is Half.RESPONSE else answered
        return charged in ends and before < target.seq and _taken(source) and self._same_station(target, source)

    @staticmethod
    def _player(target: Carrier, finding: Finding) -> str:
        planned = target.leg.planned
        return planned.initiator if finding.actor == target.leg.initiator else planned.responder

    def _same_station(self, target: Carrier, source: Carrier) -> bool:
        """Whether the device that copied is the one that was told: a worklist is read by many."""
        if source.half is Half.REQUEST or target.half is Half.RESPONSE:
            return True
        one, other = (self._stations.get(each.exchange.exchange.id, "") for each in (target, source))
        return alike(one, other)

    def _is_settled(self, finding: Finding, target: Carrier, source: Carrier, group: Group | None) -> bool:
        """Whether the record has all that could have changed what stands there: from the order on, or from the step on
        that a modality made, and of what is in an archive the messages that it is updated by."""
        own_step = group is not None and source.instance in group.created
        if group is None or not (group.ordered or own_step):
            return False
        if target.half is Half.REQUEST or target.transaction == "RAD-5":
            return True
        charged = self._player(target, finding)
        return any(isinstance(one.content, Message) and one.leg.planned.responder == charged for one in group.carriers)

    def _is_of_one(self, target: Carrier, source: Carrier) -> bool:
        """Whether two messages are about the same order, step or object; where one is of none, the same patient."""
        one, other = self._beginnings.group(target), self._beginnings.group(source)
        if one is not None and other is not None:
            return one is other
        mine, theirs = ({each.value for each in it.identifiers if each.kind == "patient"} for it in (target, source))
        return not mine or not theirs or not mine.isdisjoint(theirs)

    def _speaks_of_others(self, path: str, target: Carrier, group: Group | None) -> bool:
        """Whether a message is, or may be, of an order, a step or an object that the record does not have."""
        own = target.kinds_at(path)
        ordered = group is not None and any(isinstance(one.content, Message) for one in group.carriers)
        if path.rpartition(".")[2] in _LISTED or own & _MANY or ("step" in own and not ordered):
            return True  # of steps only an order lists all, and lists may name what is not in the record
        known = group.announced(target) if group is not None else {}
        beside = target.beside(path)
        return any(
            kind in beside and kind not in own and known.get(kind) and not beside[kind] <= known[kind]
            for kind in _OF_ORDER
        )

    def _is_whole(self, target: Carrier, group: Group | None) -> bool:
        """Whether the performed step that a message is of, and the object that an item names, are in the record."""
        command = target.exchange.exchange.request.command
        named = {one.value for one in target.identifiers if one.kind == "mpps"}
        created = group.created if group is not None else frozenset()
        if named and command is not None and command.service is Service.C_STORE:
            return named <= created
        return True


def _taken(carrier: Carrier) -> bool:
    """Whether the message was accepted; an answer always is."""
    if carrier.half is Half.RESPONSE:
        return True
    if isinstance(carrier.content, Message):
        answer = carrier.exchange.answer_message
        return answer is not None and answer.first("MSA-1") in ("AA", "CA")
    return accepted(carrier.exchange.status)


def _may_change(path: str) -> bool:
    """Whether an update may change what stands at a path: of a patient, or a visit."""
    if path.startswith(_PATIENT):
        return True
    return not _CHANGEABLE.isdisjoint(part.partition("[")[0] for part in path.split("."))
