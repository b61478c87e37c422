"""Hops as the command line gives them: `2575=pacs.example.org:2575`, with an address to bind before the port."""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.errors import InputError
from harness.model.hop import Hop, HopSide
from harness.model.names import HARNESS, PlayerName
from harness.model.profile import LinkKind

_LOOPBACK = "127.0.0.1"
_MOST_PORT = 65535
_HOST = r"(?:\[(?P<{0}6>[0-9A-Fa-f:.]+)\]|(?P<{0}>[^:=\[\]\s]+))"
_FORM = re.compile(
    rf"(?:{_HOST.format('bind')}:)?(?P<listen>\d{{1,6}})={_HOST.format('host')}:(?P<port>\d{{1,6}})", re.ASCII
)


def hops_of(hl7: Sequence[str], dicom: Sequence[str], sender: str, receiver: str) -> tuple[Hop, ...]:
    """The hops of the options; InputError, which says what is wrong with which."""
    names = sender or "initiator", receiver or "responder"
    for option, name in zip(("--from", "--to"), names, strict=True):
        if name == HARNESS:
            raise InputError(f"{option}: `{HARNESS}` is the harness itself; give the product's name")
    if names[0] == names[1]:
        raise InputError(f"--from and --to are both `{names[0]}`: a relay stands between two systems")
    told = [("--hl7", LinkKind.MLLP, text) for text in hl7] + [("--dicom", LinkKind.DIMSE, text) for text in dicom]
    hops: list[Hop] = []
    for option, kind, text in told:
        hop = _hop(option, kind, text, PlayerName(names[0]), PlayerName(names[1]), {one.name for one in hops})
        if hop.accepts.port and any((one.accepts.host, one.accepts.port) == _at(hop.accepts) for one in hops):
            raise InputError(f"{option} {text}: something else listens at {hop.accepts.port} already")
        hops.append(hop)
    circle = next((one for one in hops for other in hops if _at(one.leads_to) == _at(other.accepts)), None)
    if circle is not None:
        raise InputError(f"{circle.leads_to.host}:{circle.leads_to.port} leads back to the relay itself")
    return tuple(hops)


def _at(side: HopSide) -> tuple[str, int]:
    return side.host, side.port


def _hop(option: str, kind: LinkKind, text: str, sender: PlayerName, receiver: PlayerName, taken: set[str]) -> Hop:
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise InputError(f"{option} {text}: write PORT=HOST:PORT, as 2575=pacs.example.org:2575")
    listen, port = int(found["listen"]), int(found["port"])
    if listen > _MOST_PORT or not 0 < port <= _MOST_PORT:
        raise InputError(f"{option} {text}: ports are between 1 and {_MOST_PORT}; 0 before the = is a free one")
    word = option.removeprefix("--")
    name = next(
        one for number in range(1, len(taken) + 2) if (one := word + (f"-{number}" * (number > 1))) not in taken
    )
    return Hop(
        name=name,
        kind=kind,
        accepts=HopSide(player=sender, host=found["bind6"] or found["bind"] or _LOOPBACK, port=listen),
        leads_to=HopSide(player=receiver, host=found["host6"] or found["host"], port=port),
    )
