"""C-STORE: the object that is sent is the one that the command names."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.recording import LegView
from harness.checks.registry import Scope, leg_check
from harness.dicom.paths import first
from harness.dicom.uids import keyword_of
from harness.model.finding import Finding
from harness.model.profile import Service
from harness.model.verdict import Outcome

CHECK = "store.identity"


@leg_check(CHECK, rows=("same-instance",), scope=Scope.MESSAGE)
def identity(view: LegView) -> Iterator[Finding]:
    """SOP Class and SOP Instance UID of each stored object, in the command and in the data set (PS3.7 9.1.1)."""
    for exchange in view.exchanges:
        command = exchange.exchange.request.command
        if command is None or command.service is not Service.C_STORE:
            continue
        dataset = exchange.request_dataset
        for keyword, named in (("SOPClassUID", command.sop_class), ("SOPInstanceUID", command.sop_instance)):
            found = first(dataset, keyword) if dataset is not None else ""
            same = bool(found) and keyword_of(found) == keyword_of(named)
            yield from view.ruled(
                CHECK,
                "same-instance",
                Outcome.MET if same else Outcome.VIOLATED,
                exchange.evidence(keyword),
                expected=named,
                received=found or "absent",
            )
