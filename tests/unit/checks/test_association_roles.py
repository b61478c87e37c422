"""Role selection before a report on an association of the archive."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.checks import association_roles
from harness.model.profile import Service
from harness.model.verdict import Outcome

PUSH = "StorageCommitmentPushModel"


@pytest.mark.parametrize(
    ("facts", "opened_by_peer", "expected"),
    [
        ({"scp_roles": PUSH}, False, {"role-selection": {Outcome.MET}}),
        ({"scp_roles": f"CTImageStorage; {PUSH}"}, False, {"role-selection": {Outcome.MET}}),
        ({"scp_roles": ""}, False, {"role-selection": {Outcome.VIOLATED}}),
        ({"scp_roles": ""}, True, {}),  # on the association of the request
        ({}, False, {}),  # recorded before roles were
    ],
)
def test_the_archive_takes_the_scp_role(
    facts: dict[str, str], opened_by_peer: bool, expected: Any, recording: Any, tools: Any, by_row: Any
) -> None:
    rec = recording()
    leg = rec.leg("RAD-10", "report", "committed")
    sent = rec.dimse(leg, Service.N_EVENT_REPORT, tools.dataset(), sop_class=PUSH, opened_by_peer=opened_by_peer)
    link = replace(sent.exchange.link, facts=facts)
    leg.exchanges[-1] = replace(sent, exchange=replace(sent.exchange, link=link))
    assert by_row(association_roles.check(rec.view(leg))) == expected
