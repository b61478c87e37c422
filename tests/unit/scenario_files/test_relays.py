"""Relay files: ways through the relay, with every fault at its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from harness.errors import InputError, SourceError
from harness.model.profile import LinkKind
from harness.model.tls import AUTHORITY, OURS, Badness, TlsFiles, TlsMode
from harness.scenario_files import ScenarioFiles
from harness.scenario_files.relays import RelayPlan, load_relay
from harness.scenario_files.schema import keys_of, relay_schema

RELAY = """\
hops:
  orders:
    protocol: hl7
    from: {system: RIS, port: 2575, actors: [Order Filler]}
    to: {system: A system, host: pacs.example.org, port: 2576}
  images:
    protocol: dicom
    from: {system: CT, bind: 0.0.0.0, port: 11112}
    to: {system: A system, host: pacs.example.org, port: 104}
"""
FILES = "tls: {certificate: own.pem, key: own.key, authorities: ca.pem}\n"

Load = Callable[..., RelayPlan]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    for name in ("own.pem", "own.key", "ca.pem"):
        (tmp_path / name).write_text("made for a test\n", encoding="utf-8")
    return tmp_path / "our.relay.yaml"


@pytest.fixture
def load(path: Path, library: ScenarioFiles) -> Load:
    """Load the file, with one text replaced by another and more at its end."""

    def load_file(old: str = "", new: str = "", more: str = "") -> RelayPlan:
        assert old in RELAY
        path.write_text((RELAY.replace(old, new, 1) if old else RELAY) + more, encoding="utf-8")
        return load_relay(path, library, library.system)

    return load_file


def test_a_hop_has_two_sides(load: Load) -> None:
    orders, images = load().hops
    assert (orders.name, orders.kind, images.name, images.kind) == ("orders", LinkKind.MLLP, "images", LinkKind.DIMSE)
    assert (orders.accepts.player, orders.accepts.host, orders.accepts.port) == ("RIS", "127.0.0.1", 2575)
    assert orders.accepts.actors == ("Order Filler",)
    assert (orders.leads_to.player, orders.leads_to.host, orders.leads_to.port) == (
        "A system",
        "pacs.example.org",
        2576,
    )
    assert (images.accepts.host, images.accepts.tls, images.accepts.tls_files) == ("0.0.0.0", TlsMode.NONE, None)


def test_a_listener_may_take_any_port(load: Load) -> None:
    assert load("port: 2575, ", "").hops[0].accepts.port == 0


def test_each_side_may_be_secured_with_the_files_beside(load: Load, path: Path) -> None:
    orders, images = load("port: 2576", "port: 2576, tls: mutual", FILES).hops
    files = {key: str(path.parent / name) for key, name in _NAMES.items()}
    assert (orders.leads_to.tls, orders.leads_to.tls_files) == (TlsMode.MUTUAL, TlsFiles(**files))
    assert (orders.accepts.tls, orders.accepts.tls_files) == (TlsMode.NONE, None)
    assert images.leads_to.tls_files is None


def test_a_pki_stands_for_every_file(load: Load, path: Path) -> None:
    pki = path.parent / "certs"
    for names in (OURS, AUTHORITY, *(badness.names for badness in Badness)):
        for name in (names.certificate, names.key):
            (pki / name).parent.mkdir(parents=True, exist_ok=True)
            (pki / name).write_text("made for a test\n", encoding="utf-8")
    orders, _ = load("port: 2576", "port: 2576, tls: mutual", "tls: {pki: certs}\n").hops
    assert orders.leads_to.tls_files == TlsFiles(
        certificate=str(pki / "harness.pem"),
        key=str(pki / "harness.key"),
        authorities=str(pki / "ca.pem"),
        pki=str(pki),
    )


def test_systems_with_files_are_described(load: Load, write: Callable[..., Path]) -> None:
    file = write("system")
    (system,) = load(more=f"systems: [{file}]\n").systems
    assert system.name == "A system"
    assert [claim.actors for claim in system.claims] == [("Image Manager",)]


def test_a_shipped_system_goes_by_its_name(load: Load, write: Callable[..., Path]) -> None:
    write("system", name="ours")
    assert [system.name for system in load(more="systems: [ours]\n").systems] == ["A system"]


@pytest.mark.parametrize(
    ("old", "new", "more", "fault"),
    [
        (
            "protocol: hl7",
            "protocol: http",
            "",
            "3:15: hops.orders.protocol: `http` is not a valid value",
        ),
        ("from: {system: RIS", "from: {sytem: RIS", "", "4:12: unknown key `sytem`; did you mean `system`?"),
        ("from: {", "accepts: {", "", "unknown key `accepts`"),
        ("[Order Filler]", "[Order Filer]", "", "unknown actor `Order Filer`; did you mean `Order Filler`?"),
        ("port: 2576", "port: 0", "", "5:58: port: 0 is not between 1 and 65535"),
        ("port: 2575", "port: 70000", "", "4:31: port: 70000 is not between 0 and 65535"),
        ("host: pacs.example.org", 'host: " "', "", "host: a host name or an address is needed"),
        ("system: RIS", 'system: ""', "", "system: a name is needed"),
        ("system: RIS", "system: harness", "", "system: `harness` is the harness itself"),
        ("system: RIS", "system: A system", "", "A system is on both sides of the hop"),
        ("port: 11112", "port: 11112, tls: mutual", "", "tls: with what?"),
        ("port: 2576", "port: 2576, tls: mutual", "tls: {authorities: ca.pem}\n", "mutual needs a `certificate`"),
        ("port: 11112", "port: 11112, tls: server", "tls: {authorities: ca.pem}\n", "server needs a `certificate`"),
        ("", "", "tls: {certificate: own.pem, authorities: ca.pem}\n", "`certificate` and `key` belong together"),
        ("", "", "tls: {authorities: gone.pem}\n", "authorities: there is no file"),
        ("bind: 0.0.0.0, port: 11112", "port: 2575", "", "port: 2575 is where `orders` listens already"),
        (
            "host: pacs.example.org, port: 2576",
            "port: 11112",
            "",
            "`orders` leads back to the relay, where `images` listens",
        ),
        ("", "", "systems: [no-such]\n", "no system is called `no-such`"),
        ("", "", "systems: [gone.system.yaml]\n", "gone.system.yaml: there is no such file"),
        (RELAY, "hops: {}\n", "", "a relay has at least one way through it"),
    ],
)
def test_faults_are_told_at_their_place(load: Load, path: Path, old: str, new: str, more: str, fault: str) -> None:
    with pytest.raises(SourceError) as raised:
        load(old, new, more)
    assert f"{path}:" in str(raised.value)
    assert fault in str(raised.value)


def test_a_system_that_no_hop_leads_to(load: Load, write: Callable[..., Path]) -> None:
    file = write("system", old="name: A system", new="name: Another")
    with pytest.raises(SourceError, match="unknown system of a hop `Another`"):
        load(more=f"systems: [{file}]\n")


def test_a_system_that_is_described_twice(load: Load, write: Callable[..., Path]) -> None:
    file = write("system")
    with pytest.raises(SourceError, match="A system is described twice"):
        load(more=f"systems: [{file}, {file}]\n")


def test_every_fault_is_told_at_once(load: Load) -> None:
    text = "port: 70000, actors: [Nobody]"
    with pytest.raises(SourceError) as raised:
        load("port: 2575, actors: [Order Filler]", text)
    assert len(raised.value.faults) == 2


def test_a_file_that_is_not_there(library: ScenarioFiles, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load_relay(tmp_path / "gone.relay.yaml", library, library.system)


@pytest.mark.parametrize(
    ("old", "new", "fits"),
    [
        ("", "", True),
        ("protocol: hl7", "protocol: http", False),
        ("from: {", "accepts: {", False),
        ("port: 2576", "port: 0", False),
        ("port: 2575, ", "", True),
        ("[Order Filler]", "[Nobody]", False),
        (RELAY, "hops: {}", False),
    ],
)
def test_editors_are_told_the_same(library: ScenarioFiles, old: str, new: str, fits: bool) -> None:
    schema = relay_schema(library)
    Draft202012Validator.check_schema(schema)
    content = yaml.safe_load(RELAY.replace(old, new, 1) if old else RELAY)
    assert Draft202012Validator(schema).is_valid(content) is fits


def test_every_key_has_a_meaning_for_editors(library: ScenarioFiles) -> None:
    missing = [
        f"{owner}.{name}"
        for owner, name, one in keys_of(relay_schema(library))
        if owner.startswith("Relay") and "description" not in one
    ]
    assert missing == []


_NAMES = {"certificate": "own.pem", "key": "own.key", "authorities": "ca.pem"}
