"""Names that identify things across files, reports and time."""

from __future__ import annotations

from typing import NewType

ActorName = NewType("ActorName", str)
"""An IHE actor, spelled as its profile spells it: `Order Filler`."""

TransactionId = NewType("TransactionId", str)
"""`RAD-5`."""

LegId = NewType("LegId", str)
"""Name of one exchange of a transaction, unique within it: `to-image-manager`."""

StepId = NewType("StepId", str)
"""Name of a step, unique within its scenario: `worklist`."""

ScenarioId = NewType("ScenarioId", str)
"""`swf.scheduled`."""

PlayId = NewType("PlayId", str)
"""One scenario in one form, bound to players: `swf.scheduled@2.5.1`, `swf.scheduled@2.5.1[Order Filler]`."""

RequirementId = NewType("RequirementId", str)
"""Stable, readable, never an ordinal: `rad-4.omi-o23/IPC-3`."""

CheckName = NewType("CheckName", str)
"""Registered name of a check: `hl7.table`."""

LinkId = NewType("LinkId", int)
"""Number of a TCP connection or association within a run, from 1."""

ExchangeId = NewType("ExchangeId", int)
"""Number of an exchange within a run, from 1; what reports and `swf replay` call it."""

PlayerName = NewType("PlayerName", str)
"""Who plays an actor: the name of a system under test, or HARNESS."""

HARNESS = PlayerName("harness")
"""The player of every simulated actor."""
