"""Who a peer says it is: the names of its certificate, as facts for the record. One that does not fit is only told."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

_NAME_PARTS: Mapping[str, str] = MappingProxyType(
    {
        "commonName": "CN",
        "organizationName": "O",
        "organizationalUnitName": "OU",
        "countryName": "C",
        "localityName": "L",
        "stateOrProvinceName": "ST",
    }
)


def peer_facts(shown: Mapping[str, Any], host: str) -> Mapping[str, str]:
    """Facts of a certificate as Python's ssl module gives it; `host` (or empty) is what we called the peer."""
    if not shown:
        return {}
    names = [str(value) for kind, value in shown.get("subjectAltName", ()) if kind in ("DNS", "IP Address")]
    facts = {
        "tls_peer": _spelled(shown.get("subject", ())),
        "tls_issuer": _spelled(shown.get("issuer", ())),
        "tls_until": str(shown.get("notAfter", "")),
        "tls_names": ", ".join(names),
    }
    if host:
        facts["tls_host_named"] = "yes" if any(names_host(name, host) for name in names) else "no"
    return facts


def names_host(name: str, host: str) -> bool:
    """Whether a name of a certificate is that of a host: equal, or with a wildcard in place of its first label."""
    name, host = name.casefold().rstrip("."), host.casefold().rstrip(".")
    if is_ip(host):
        return is_ip(name) and ipaddress.ip_address(name) == ipaddress.ip_address(host)
    wild, _, rest = name.partition(".")
    return name == host or (wild == "*" and bool(rest) and host.partition(".")[2] == rest)


def is_ip(host: str) -> bool:
    """Whether a host is written as an IP address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _spelled(name: Any) -> str:
    """A distinguished name: `CN=pacs, O=Hospital`."""
    return ", ".join(f"{_NAME_PARTS.get(kind, kind)}={value}" for group in name for kind, value in group)
