"""Whether TLS can be tested on a leg: only where the system file says that its link is secured, and how."""

from __future__ import annotations

from harness.engine.roles import Roles
from harness.model.deviation import TLS_CHANGES, Change, Deviation
from harness.model.names import HARNESS, ActorName, PlayerName, TransactionId
from harness.model.plan import PlannedLeg
from harness.model.profile import Leg, LinkKind
from harness.model.scenario import Scenario, Step
from harness.model.system import Launch, System
from harness.model.tls import TlsFiles, TlsMode
from harness.transports.tls import BAD_CERTIFICATES

_OF_CALLERS = frozenset(
    {
        Change.EXPIRED_CERTIFICATE,
        Change.FUTURE_CERTIFICATE,
        Change.UNKNOWN_AUTHORITY,
        Change.NO_CERTIFICATE,
        Change.OTHER_HOST,
    }
)
"""What matters of a caller only where the listener asks for its certificate."""


def is_about_tls(scenario: Scenario) -> bool:
    """Whether a scenario tests TLS: what it does besides only leads there."""
    return any(_of_tls(step) is not None for step in scenario.steps)


def tests_tls(step: Step, leg: Leg) -> bool:
    """Whether a step tests TLS on one of its legs."""
    deviation = _of_tls(step)
    return deviation is not None and deviation.secures(step.transaction, leg.id, leg.initiator, leg.responder)


def why_not_secured(roles: Roles, step: Step, planned: PlannedLeg) -> str:
    """Why a step cannot test TLS on the leg; empty when it can, or does not mean to."""
    deviation, leg = _of_tls(step), planned.leg
    if deviation is None or not tests_tls(step, leg):
        return ""
    caller, listener = planned.initiator, planned.responder
    whose = listener if deviation.of_listener else caller
    if whose != HARNESS:
        return f"{deviation.actor} would have to misbehave, which a system under test is never asked to"
    mode, files = _link(roles, leg, step.transaction, listener)
    protocol = "HL7" if leg.link is LinkKind.MLLP else "DICOM"
    if mode is TlsMode.NONE:
        return f"{protocol} from {leg.initiator} to {leg.responder} is not secured with TLS: it is not tested for it"
    if not deviation.of_listener and deviation.change in _OF_CALLERS and mode is TlsMode.SERVER:
        return f"{leg.responder} asks for no client certificate (`tls: server`)"
    if deviation.change in BAD_CERTIFICATES and files is not None and not files.pki:
        return "there is no bad certificate to show: `pki` under `tls` names no folder (see `swf pki`)"
    return ""


def _of_tls(step: Step) -> Deviation | None:
    return step.deviation if step.deviation is not None and step.deviation.change in TLS_CHANGES else None


def _link(roles: Roles, leg: Leg, transaction: TransactionId, listener: PlayerName) -> tuple[TlsMode, TlsFiles | None]:
    """How calls to the responder are secured, and with which files of ours."""
    if listener == HARNESS:
        return _ours(roles, leg.responder)
    system = next((one for one in roles.systems if one.name == listener), None)
    return _theirs(system, leg, transaction) if system is not None else (TlsMode.NONE, None)


def _ours(roles: Roles, actor: ActorName) -> tuple[TlsMode, TlsFiles | None]:
    told = next((one for one in roles.systems if actor in one.department), None)
    return (told.department[actor].tls, told.tls) if told is not None else (TlsMode.NONE, None)


def _theirs(system: System, leg: Leg, transaction: TransactionId) -> tuple[TlsMode, TlsFiles | None]:
    party = system.party(leg.responder)
    if party is None:
        secured = system.launch is Launch.REFERENCE and system.tls is not None
        return (TlsMode.MUTUAL if secured else TlsMode.NONE), system.tls
    at = party.at(transaction)
    address = at.hl7 if leg.link is LinkKind.MLLP else at.dimse
    return (address.tls if address is not None else TlsMode.NONE), system.tls
