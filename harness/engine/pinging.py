"""Tries each link of a product before anything is tested: from us to it, in the name of each of our actors that calls.

Whether it reaches us is heard by `listening`; why something does not work is told by `diagnosing`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from harness.dicom.uids import keyword_of, uids_of
from harness.engine.diagnosing import Diagnosis, Target, diagnose
from harness.engine.planning import ae_title
from harness.errors import ContextRefused, LinkError, Unreachable
from harness.hl7 import Message, compose, ts
from harness.identifiers import Clock, Identifiers
from harness.model.connection import Connection, in_order
from harness.model.names import HARNESS, ActorName, TransactionId
from harness.model.ping import PingResult, Side, State
from harness.model.profile import LinkKind, Service
from harness.model.system import DimseAddress, Hl7Address, Party, System
from harness.model.tls import TlsMode
from harness.transports.dimse import associate
from harness.transports.mllp import connect, send
from harness.transports.recorder import LinkOwner, Recorder
from harness.transports.tls import handshake

TESTER = ActorName("Modality")
"""The actor in whose name an address is tried that no scenario uses."""

VERIFICATION = "Verification"
_CONTEXTS = 120
"""SOP classes that are proposed on one association, beside the verification."""

_FEW = 3
"""SOP classes that are named; more are counted."""

_Place = tuple[LinkKind, str, int]


class Pinger:
    """Tries addresses. With `message` each HL7 receiver is sent one message: a network management query (NMQ^N01, HL7
    chapter 14), which names no patient and changes nothing; most receivers refuse it, and the refusal proves the link.
    """

    def __init__(self, recorder: Recorder, clock: Clock, *, seed: int = 0, message: bool = False) -> None:
        self._recorder = recorder
        self._clock = clock
        self._identifiers = Identifiers(seed, "ping")
        self._message = message
        self._unreachable: dict[_Place, Diagnosis] = {}

    def outward(self, system: System, found: Sequence[Connection]) -> Iterator[PingResult]:
        """Every address of a system that we would call, as each of our actors that would; then those that are left."""
        for one in found:
            if one.system == system.name and not one.inward:
                yield self._connection(system, one)
        tried = {one.their_address for one in found if one.system == system.name and not one.inward}
        for actor, described in system.actors.items():
            addresses = [
                (kind, address)
                for kind, address in ((LinkKind.DIMSE, described.dimse), (LinkKind.MLLP, described.hl7))
                if address is not None
            ]
            for kind, address in addresses:
                if address not in tried:
                    theirs = Party(actor=actor, player=system.name, dimse=described.dimse, hl7=described.hl7)
                    yield self._left(system, theirs, kind, address)
            if not addresses:
                yield _untried(system, actor, "no address", "nothing to try")

    def _left(self, system: System, theirs: Party, kind: LinkKind, address: DimseAddress | Hl7Address) -> PingResult:
        what = described_address(address)
        if not address.port:
            return _untried(system, theirs.actor, what, "only calls, is never called: nothing to try")
        told = system.department.get(TESTER)
        title = (told.ae_title if told else "") or ae_title(TESTER)
        ours = Party(
            actor=TESTER,
            player=HARNESS,
            dimse=DimseAddress(ae_title=title),
            hl7=Hl7Address(application=title, facility="SWF"),
        )
        return self._connection(
            system, Connection(system=system.name, kind=kind, inward=False, theirs=theirs, ours=ours)
        )

    def _connection(self, system: System, one: Connection) -> PingResult:
        address = one.their_address
        key = "hl7" if one.kind is LinkKind.MLLP else "dimse"
        if one.can_do_without and (address is None or not address.port) and one.needs:
            seen = "no port: a report comes back on the association of its request, or not at all"
            return _result(
                one, "no address" if address is None else described_address(address), State.UNTRIED, seen=seen
            )
        if address is None or not address.port:
            return _result(
                one,
                "no address",
                State.BROKEN,
                seen="we are to call it, and do not know where",
                side=Side.OURS,
                advice=f"give `actors: {one.theirs.actor}: {key}` a host and a port in the system file",
            )
        known = self._unreachable.get((one.kind, address.host, address.port))
        if known is not None:
            return self._unreached(system, one, address, known)
        secured = "" if address.tls is TlsMode.NONE else self._secured(system, address)
        if isinstance(secured, Diagnosis):
            return _broken(one, described_address(address), secured)
        try:
            tried = (
                self._dimse(system, one, address)
                if isinstance(address, DimseAddress)
                else self._hl7(system, one, address)
            )
        except LinkError as error:
            return self._broken(system, one, address, error)
        return replace(tried, notes=(*tried.notes, secured)) if secured else tried

    def _secured(self, system: System, address: DimseAddress | Hl7Address) -> str | Diagnosis:
        """A TLS handshake alone: who answered, or why it came to nothing."""
        found = handshake(address, timeout=system.times.answer)
        if found.works:
            return found.text
        return Diagnosis(f"TLS: {found.text}", Side.SETTINGS, f"{found.advice[:1].lower()}{found.advice[1:]}")

    def _broken(
        self, system: System, one: Connection, address: DimseAddress | Hl7Address, error: LinkError
    ) -> PingResult:
        diagnosis = diagnose(error, _target(system, one, address))
        if not isinstance(error, Unreachable):
            return _broken(one, described_address(address), diagnosis)
        self._unreachable[one.kind, address.host, address.port] = diagnosis
        return self._unreached(system, one, address, diagnosis)

    def _unreached(
        self, system: System, one: Connection, address: DimseAddress | Hl7Address, why: Diagnosis
    ) -> PingResult:
        """Nobody was there: it is not tried again, and no fault where a hook opens the port when it is needed."""
        acts = system.actors[one.theirs.actor].acts if one.theirs.actor in system.actors else {}
        if one.transactions and all(name in acts for name in one.transactions):
            names = ", ".join(one.transactions)
            seen = f"nothing listens there now; the hook for {names} may open it"
            return _result(one, described_address(address), State.UNTRIED, seen=seen)
        return _broken(one, described_address(address), why)

    # DICOM

    def _dimse(self, system: System, one: Connection, address: DimseAddress) -> PingResult:
        needed = sorted({uid for need in one.needs for name in need.sop_classes for uid in uids_of(name)})
        taken, echo = self._negotiated(system, one, address, needed)
        accepted, refused = _by_transaction(one, taken)
        lacking = {
            need.transaction: need for need in one.needs if need.sop_classes and not _any(need.sop_classes, taken)
        }
        words = ["C-ECHO is not accepted" if echo is None else f"C-ECHO answered with {echo:04X}"]
        if accepted:
            words += [f"{name} {_accepted(accepted[name], refused.get(name, ()))}" for name in in_order(accepted)]
        what = described_address(address)
        if lacking:
            names = ", ".join(f"{name} {_listed(refused[name])}" for name in in_order(lacking))
            return _result(
                one,
                what,
                State.BROKEN,
                seen=f"{'; '.join(words)}; refused: {names}",
                side=Side.PRODUCT,
                advice=f"enable what is refused in {system.name}, or leave {', '.join(lacking)} out of `claims`",
                accepted=accepted,
                refused=refused,
            )
        if echo:
            return _result(
                one,
                what,
                State.BROKEN,
                seen=words[0],
                side=Side.PRODUCT,
                advice=f"a verification succeeds or is not offered: look into the log of {system.name}",
            )
        return _result(one, what, State.WORKS, seen="; ".join(words), accepted=accepted, refused=refused)

    def _negotiated(
        self, system: System, one: Connection, address: DimseAddress, needed: Sequence[str]
    ) -> tuple[frozenset[str], int | None]:
        """The UIDs that are accepted, and the status of a C-ECHO (None: not accepted)."""
        taken: set[str] = set()
        status: int | None = None
        parts = [needed[start : start + _CONTEXTS] for start in range(0, len(needed), _CONTEXTS)] or [()]
        for number, part in enumerate(parts):
            try:
                with associate(
                    address,
                    calling_ae=_calling(one),
                    sop_classes=[*((VERIFICATION,) if number == 0 else ()), *part],
                    owner=LinkOwner(actor=one.ours.actor, peer_actor=one.theirs.actor),
                    recorder=self._recorder,
                    timeout=system.times.answer,
                ) as association:
                    taken.update(uid for uid in part if association.accepted(uid))
                    if number == 0 and association.accepted(VERIFICATION):
                        status = association.c_echo().status
            except ContextRefused:
                if number == 0 and len(parts) == 1:
                    raise
        return frozenset(taken), status

    # HL7

    def _hl7(self, system: System, one: Connection, address: Hl7Address) -> PingResult:
        owner = LinkOwner(actor=one.ours.actor, peer_actor=one.theirs.actor)
        what = described_address(address)
        if not self._message:
            connect(address, owner=owner, recorder=self._recorder, timeout=system.times.answer)
            return _result(one, what, State.WORKS, seen="accepts connections (no message was sent)")
        control = self._identifiers.number("PING", 10)
        request = self._query(one, address, control)
        answer = Message.parse(
            send(address, request, owner=owner, recorder=self._recorder, timeout=system.times.answer)
        )
        return _answered(one, what, answer, control)

    def _query(self, one: Connection, address: Hl7Address, control: str) -> bytes:
        """MSH and NST: whether there are statistics; a query that a receiver answers or refuses."""
        ours = one.ours.hl7
        version = next((text[-6:-1] for need in one.needs for text in need.messages), "2.5.1")
        return compose(
            [
                (
                    "MSH",
                    {
                        3: ours.application if ours else "SWF",
                        4: ours.facility if ours else "SWF",
                        5: address.application,
                        6: address.facility,
                        7: ts(self._clock.now()),
                        9: ("NMQ", "N01") if version == "2.3.1" else ("NMQ", "N01", "NMQ_N01"),
                        10: control,
                        11: "P",
                        12: version,
                    },
                ),
                ("NST", {1: "N"}),
            ]
        )


def _answered(one: Connection, what: str, answer: Message, control: str) -> PingResult:
    code, named = answer.first("MSA-1"), answer.first("MSA-2")
    text = answer.first("MSA-3") or answer.first("ERR-8") or answer.first("ERR-3.2")
    said = f"NMQ^N01 was answered with {code}{f' ({text})' if text else ''}"
    if code not in ("AA", "AE", "AR", "CA", "CE", "CR"):
        return _result(
            one,
            what,
            State.BROKEN,
            seen="an answer came that is no HL7 acknowledgement",
            side=Side.PRODUCT,
            advice=f"check that the port is that of an HL7 receiver of {one.system}",
        )
    if named != control:
        return _result(
            one,
            what,
            State.BROKEN,
            seen=f"{said}, which names message {named or 'none'} and not ours, {control}",
            side=Side.PRODUCT,
            advice=f"something between us and {one.system} answers in its place, or MSA-2 is not what it should be",
        )
    notes: tuple[str, ...] = ()
    if code in ("AE", "AR", "CE", "CR"):
        notes = ("a refusal proves the link as well: it need not know this query; read its text all the same",)
    return _result(one, what, State.WORKS, seen=said, notes=notes)


# words


def described_address(address: DimseAddress | Hl7Address) -> str:
    """`DICOM ORTHANC at 127.0.0.1:4242`."""
    if isinstance(address, DimseAddress):
        name = f"DICOM {address.ae_title}"
    else:
        name = f"HL7 {address.application}|{address.facility}"
    return f"{name} at {address.host}:{address.port}" if address.port else name


def _listed(classes: Sequence[str]) -> str:
    return ", ".join(classes) if len(classes) <= _FEW else f"{len(classes)} SOP classes"


def _accepted(accepted: Sequence[str], refused: Sequence[str]) -> str:
    """Which SOP classes are accepted; of many only how many."""
    if len(accepted) + len(refused) > _FEW:
        return f"{len(accepted)} of {len(accepted) + len(refused)} SOP classes accepted"
    return f"{_listed(accepted)} accepted{f', {_listed(refused)} refused' if refused else ''}"


def _any(names: Iterable[str], taken: frozenset[str]) -> bool:
    return any(uid in taken for name in names for uid in uids_of(name))


def _by_transaction(
    one: Connection, taken: frozenset[str]
) -> tuple[Mapping[TransactionId, tuple[str, ...]], Mapping[TransactionId, tuple[str, ...]]]:
    """The keywords of the SOP classes that each transaction could use, accepted and refused."""
    accepted: dict[TransactionId, tuple[str, ...]] = {}
    refused: dict[TransactionId, tuple[str, ...]] = {}
    for need in one.needs:
        if need.service == Service.C_CANCEL.value:
            continue
        for uid in dict.fromkeys(uid for name in need.sop_classes for uid in uids_of(name)):
            side = accepted if uid in taken else refused
            side[need.transaction] = tuple(dict.fromkeys((*side.get(need.transaction, ()), keyword_of(uid))))
    return accepted, refused


def _calling(one: Connection) -> str:
    return one.ours.dimse.ae_title if one.ours.dimse else ae_title(one.ours.actor)


def _target(system: System, one: Connection, address: DimseAddress | Hl7Address) -> Target:
    dimse = isinstance(address, DimseAddress)
    return Target(
        system=system.name,
        kind=one.kind,
        host=address.host,
        port=address.port,
        called=address.ae_title if isinstance(address, DimseAddress) else "",
        calling=_calling(one) if dimse else "",
        timeout=system.times.answer,
    )


def _untried(system: System, actor: ActorName, what: str, seen: str) -> PingResult:
    return PingResult(system=system.name, inward=False, theirs=(actor,), what=what, state=State.UNTRIED, seen=seen)


def _broken(one: Connection, what: str, why: Diagnosis) -> PingResult:
    return _result(one, what, State.BROKEN, seen=why.seen, side=why.side, advice=why.advice)


def _result(
    one: Connection,
    what: str,
    state: State,
    *,
    seen: str,
    side: Side | None = None,
    advice: str = "",
    notes: tuple[str, ...] = (),
    accepted: Mapping[TransactionId, tuple[str, ...]] | None = None,
    refused: Mapping[TransactionId, tuple[str, ...]] | None = None,
) -> PingResult:
    return PingResult(
        system=one.system,
        inward=False,
        kind=one.kind,
        theirs=(one.theirs.actor,),
        ours=one.ours.actor,
        what=what,
        state=state,
        seen=seen,
        side=side,
        advice=advice,
        notes=notes,
        transactions=one.transactions,
        accepted=accepted or {},
        refused=refused or {},
    )
