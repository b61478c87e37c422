"""Hops as the command line gives them."""

from __future__ import annotations

import pytest

from harness.cli._hops import hops_of
from harness.errors import InputError
from harness.model.profile import LinkKind


def test_hops_have_names_and_systems() -> None:
    first, second, third = hops_of(["2575=pacs:2575", "2576=pacs:2576"], ["11112=pacs:104"], "RIS", "PACS")
    assert [hop.name for hop in (first, second, third)] == ["hl7", "hl7-2", "dicom"]
    assert [hop.kind for hop in (first, third)] == [LinkKind.MLLP, LinkKind.DIMSE]
    assert (first.accepts.player, first.accepts.host, first.accepts.port) == ("RIS", "127.0.0.1", 2575)
    assert (third.leads_to.player, third.leads_to.host, third.leads_to.port) == ("PACS", "pacs", 104)


def test_systems_without_names_have_one_all_the_same() -> None:
    (hop,) = hops_of(["0=pacs:2575"], [], "", "")
    assert (hop.accepts.player, hop.leads_to.player, hop.accepts.port) == ("initiator", "responder", 0)


@pytest.mark.parametrize(
    ("text", "bind", "host"),
    [
        ("0.0.0.0:2575=192.0.2.1:2575", "0.0.0.0", "192.0.2.1"),
        ("[::1]:2575=[2001:db8::1]:2575", "::1", "2001:db8::1"),
        (" 2575=pacs.example.org:2575 ", "127.0.0.1", "pacs.example.org"),
    ],
)
def test_hosts_may_be_names_or_addresses(text: str, bind: str, host: str) -> None:
    (hop,) = hops_of([text], [], "RIS", "PACS")
    assert (hop.accepts.host, hop.leads_to.host) == (bind, host)


@pytest.mark.parametrize(
    "text", ["", "2575", "2575=pacs", "pacs:2575", "x=pacs:1", "1=:2", "1=a b:2", "1=pacs:2=3", "-1=pacs:2", "٣=pacs:2"]
)
def test_what_cannot_be_read_is_told_with_an_example(text: str) -> None:
    with pytest.raises(InputError, match=r"write PORT=HOST:PORT, as 2575=pacs\.example\.org:2575"):
        hops_of([text], [], "RIS", "PACS")


@pytest.mark.parametrize("text", ["70000=pacs:1", "1=pacs:0", "1=pacs:65536"])
def test_ports_are_ports(text: str) -> None:
    with pytest.raises(InputError, match="ports are between 1 and 65535"):
        hops_of([], [text], "RIS", "PACS")


@pytest.mark.parametrize(
    ("hl7", "sender", "receiver", "fault"),
    [
        (["1=pacs:2"], "PACS", "PACS", "a relay stands between two systems"),
        (["1=pacs:2"], "harness", "PACS", "--from: `harness` is the harness itself"),
        (["1=pacs:2"], "RIS", "harness", "--to: `harness` is the harness itself"),
        (["1=pacs:2", "1=pacs:3"], "RIS", "PACS", "something else listens at 1 already"),
        (["1=127.0.0.1:2", "2=pacs:3"], "RIS", "PACS", "127.0.0.1:2 leads back to the relay itself"),
    ],
)
def test_ways_that_lead_nowhere(hl7: list[str], sender: str, receiver: str, fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        hops_of(hl7, [], sender, receiver)
