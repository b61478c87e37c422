"""From what a link did to plain words: what was seen, whose side it likely is, and what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from harness.errors import ContextRefused, LinkError, NoResponse, Rejected, TlsFailed, Unreachable
from harness.model.names import PlayerName
from harness.model.ping import Side
from harness.model.profile import LinkKind
from harness.transports.probing import Reach, reach

LOOK = 3.0
"""Seconds at most for asking the network why a connection was not to be had."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """What was tried: `called` and `calling` are AE titles, empty for HL7; `timeout` in seconds."""

    system: PlayerName
    kind: LinkKind
    host: str
    port: int
    called: str = ""
    calling: str = ""
    timeout: float = LOOK


@dataclass(frozen=True)
class Diagnosis:
    """What was seen, whose side it likely is, and what to do about it."""

    seen: str
    side: Side
    advice: str


def diagnose(error: LinkError, target: Target) -> Diagnosis:
    """Why a link did not work."""
    if isinstance(error, Unreachable):
        return _unreachable(str(error), target)
    if isinstance(error, TlsFailed):
        seen, _, advice = str(error).partition(". ")
        return Diagnosis(f"TLS: {seen}", Side.SETTINGS, f"{advice[:1].lower()}{advice[1:]}")
    if isinstance(error, Rejected):
        return _rejected(str(error), target)
    if isinstance(error, ContextRefused):
        return Diagnosis(
            f"{target.called} accepts associations, and none of the services that are needed",
            Side.PRODUCT,
            f"enable these services in {target.system}, or leave the transactions out of `claims`",
        )
    if isinstance(error, NoResponse):
        return _silent(str(error), target)
    return _closed(str(error), target)


def _unreachable(text: str, target: Target) -> Diagnosis:
    found = reach(target.host, target.port, min(target.timeout, LOOK))
    if found.reach is Reach.OPEN:
        return Diagnosis(
            f"{text}; a moment later the port could be opened",
            Side.PRODUCT,
            f"try again: {target.system} was just starting, or takes only so many connections at a time",
        )
    side, advice = _UNREACHABLE[found.reach]
    words = {"system": target.system, "host": target.host, "port": target.port}
    return Diagnosis(f"{found.reach.value}: {found.text}", side, advice.format_map(words))


_UNREACHABLE: Mapping[Reach, tuple[Side, str]] = MappingProxyType(
    {
        Reach.REFUSED: (
            Side.PRODUCT,
            "nothing listens there: is {system} running, is this listener enabled, and does it listen on more than "
            "127.0.0.1? Else host or port in the system file is not its own",
        ),
        Reach.SILENT: (
            Side.NETWORK,
            "nothing comes back: a firewall drops the connection to port {port}, or {host} is not the address of "
            "{system}",
        ),
        Reach.UNKNOWN_HOST: (
            Side.OURS,
            "no name server knows {host}: mend `host` in the system file, or write the address as numbers",
        ),
        Reach.NO_ROUTE: (
            Side.NETWORK,
            "{host} cannot be reached from here: nobody has that address, a firewall turns it away, or this "
            "machine lacks the network or VPN",
        ),
        Reach.FAILED: (Side.SETTINGS, "check `host` and `port` in the system file"),
    }
)


def _rejected(text: str, target: Target) -> Diagnosis:
    seen = f"rejects the association: {text.rsplit(': ', 1)[-1]}"
    lower = text.lower()
    if "called ae title not recognised" in lower:
        return Diagnosis(
            seen,
            Side.SETTINGS,
            f"{target.system} does not call itself {target.called}: write its own AE title as `ae_title` in the system "
            "file (upper and lower case differ)",
        )
    if "calling ae title not recognised" in lower:
        return Diagnosis(
            seen,
            Side.PRODUCT,
            f"{target.system} does not know who calls: enter {target.calling} and this machine's address in it, as "
            "`swf sheet` prints them",
        )
    if "limit" in lower or "congestion" in lower:
        return Diagnosis(seen, Side.PRODUCT, f"{target.system} has no free association: try again when it is idle")
    return Diagnosis(
        seen,
        Side.PRODUCT,
        f"check in {target.system} that {target.calling} may call it from this machine's address; its log says why",
    )


def _silent(text: str, target: Target) -> Diagnosis:
    protocol = _protocol(target.kind)
    return Diagnosis(
        f"accepts the connection and says nothing: {text}",
        Side.SETTINGS,
        f"what listens at port {target.port} does not speak {protocol} (a port of another protocol, or one that wants "
        f"TLS), or {target.system} is too slow for `times: answer`",
    )


_OTHERS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "0b": ("HL7 over MLLP", "this is a port for HL7: take the one for DICOM as `dimse: port`"),
        "15 03": ("TLS", "it takes TLS alone: give the address its `tls`, or take the port without"),
        "48 54 54 50": ("HTTP", "this is a web server: take the port for DICOM as `dimse: port`"),
        "53 53 48": ("SSH", "this is a login server: take the port for DICOM as `dimse: port`"),
    }
)
"""What answers an association request with these first bytes, and what to do."""
_NO_PDU = re.compile(r"begin no PDU: ([0-9a-f ]+)")


def _closed(text: str, target: Target) -> Diagnosis:
    answer = _NO_PDU.search(text)
    for begin, (protocol, advice) in _OTHERS.items():
        if answer is not None and answer[1].startswith(begin):
            return Diagnosis(f"{protocol} answers at port {target.port}, and not DICOM", Side.SETTINGS, advice)
    if target.kind is LinkKind.MLLP:
        advice = (
            f"what listens at port {target.port} is not HL7 over MLLP, or {target.system} drops whom it does not know: "
            "enter our application, facility and address in it, and look into its log"
        )
    else:
        advice = (
            f"what listens at port {target.port} is not DICOM or wants TLS, or {target.system} drops whom it does not "
            f"know without a word: enter {target.calling} and this machine's address in it, and look into its log"
        )
    return Diagnosis(f"accepts the connection and closes it: {text}", Side.SETTINGS, advice)


def _protocol(kind: LinkKind) -> str:
    return "HL7 over MLLP" if kind is LinkKind.MLLP else "DICOM"
