"""Who a peer says it is."""

from __future__ import annotations

import pytest

from harness.transports.tls.peers import names_host, peer_facts

SHOWN = {
    "subject": ((("countryName", "DE"),), (("commonName", "pacs"),)),
    "issuer": ((("commonName", "Hospital CA"),),),
    "notAfter": "Nov 25 15:59:29 2026 GMT",
    "subjectAltName": (("DNS", "pacs.example"), ("IP Address", "192.0.2.10"), ("URI", "urn:x")),
}


@pytest.mark.parametrize(
    ("name", "host", "fits"),
    [
        ("pacs.example", "PACS.example.", True),
        ("*.example", "pacs.example", True),
        ("*.example", "a.pacs.example", False),
        ("*", "pacs", False),
        ("192.0.2.10", "192.0.2.10", True),
        ("2001:db8::1", "2001:DB8:0::1", True),
        ("pacs.example", "192.0.2.10", False),
    ],
)
def test_names(name: str, host: str, fits: bool) -> None:
    assert names_host(name, host) is fits


def test_facts_of_a_certificate() -> None:
    assert peer_facts(SHOWN, "192.0.2.10") == {
        "tls_peer": "C=DE, CN=pacs",
        "tls_issuer": "CN=Hospital CA",
        "tls_until": "Nov 25 15:59:29 2026 GMT",
        "tls_names": "pacs.example, 192.0.2.10",
        "tls_host_named": "yes",
    }
    assert peer_facts(SHOWN, "other.example")["tls_host_named"] == "no"
    assert "tls_host_named" not in peer_facts(SHOWN, "")
    assert peer_facts({}, "pacs.example") == {}
