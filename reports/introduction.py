"""What is simulated, and what whoever has the other side enters there: in lines, before anything passes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from harness.model.connection import Peer
from harness.model.names import TransactionId
from harness.model.profile import LinkKind
from harness.model.scenario import Case
from harness.model.system import Party
from reports.printable import printable
from reports.sheet import address_of, name_of

_WIDTH = 110
_SHOWN = 12
"""Patients that are listed."""


def introduction(listening: Sequence[Peer], titles: Mapping[TransactionId, str]) -> Iterator[str]:
    """An entry for each listener: what to enter, and below it what it is called for."""
    yield ""
    width = max((len(peer.actor) for peer in listening), default=0)
    called = max((len(name_of(peer)) for peer in listening), default=0)
    before = ""
    for peer in listening:
        actor = "" if peer.actor == before else peer.actor
        before = peer.actor
        yield f"  {actor:{width}}  {_word(peer):16} {printable(name_of(peer)):{called}}  host {address_of(peer)}"
        indent = " " * (width + 4)
        purposes = "; ".join(f"{titles.get(one, '')} [{one}]".strip() for one in peer.called)
        yield from textwrap.wrap(purposes, _WIDTH, initial_indent=indent, subsequent_indent=indent)


def patients(cases: Sequence[Case]) -> Iterator[str]:
    """Those who were registered and ordered for, the latest of many."""
    if not cases:
        return
    yield ""
    people = "1 patient" if len(cases) == 1 else f"{len(cases)} patients"
    yield f"Ordered for {people}{f', the last {_SHOWN} of them' if len(cases) > _SHOWN else ''}:"
    for case in cases[-_SHOWN:]:
        patient = next(iter(case.patients.values()))
        name = "^".join(filter(None, (patient.name.family, patient.name.given)))
        yield f"  {patient.id:10} {name:24} {patient.birth_date} {patient.sex}  {case.order.service}"


def peers(known: Sequence[Party]) -> Iterator[str]:
    """Who can be called by our actors, and how somebody becomes known who is not."""
    yield ""
    yield "Whoever calls is served, under any name. Our actors can call:"
    for party in known:
        addresses = list(_addresses(party))
        named = "" if party.actor in addresses else f"{printable(party.actor)}: "
        yield f"  {named}{' and '.join(addresses)}"
    if not known:
        yield "  each other only; for a C-MOVE, a commitment report or orders of their own: --peer [ACTOR=]AE@HOST:PORT"


def _addresses(party: Party) -> Iterator[str]:
    if party.dimse is not None:
        yield f"{printable(party.dimse.ae_title)} at {printable(party.dimse.host)}:{party.dimse.port}"
    if party.hl7 is not None:
        yield f"{printable(party.hl7.application)} at {printable(party.hl7.host)}:{party.hl7.port} (HL7)"


def _word(peer: Peer) -> str:
    return "DICOM AE title" if peer.kind is LinkKind.DIMSE else "HL7 app|facility"
