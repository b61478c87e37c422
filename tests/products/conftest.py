"""Real products, started on free ports in a temporary folder, and what a run against them is compared with."""

from __future__ import annotations

import difflib
import json
import os
import random
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.model.names import HARNESS, PlayerName
from harness.model.plan import PlannedStep, Play
from harness.model.run import Run, StepResult
from harness.model.verdict import Verdict
from harness.pki import Pki
from harness.wiring import RunRequest, execute
from harness.yaml_source import SourceMapping, read

SYSTEMS = Path(__file__).parents[2] / "scenarios" / "systems"
GUIDE = Path(__file__).parents[2] / "docs" / "products.md"
EXPECTED = Path(__file__).parent / "expected"
ORTHANC = Path("/usr/sbin/Orthanc")
DCMTK = Path(os.environ.get("DCMTK_BIN", "/usr/bin"))
PYTHON_PRODUCTS = Path(os.environ.get("SWF_PRODUCTS_BIN", "/opt/swf-products/bin"))
"""The programs of an environment with requirements.txt of this folder; products never share the project's own."""

START_TIME = 15.0
"""Seconds that a product may take to listen."""

SCENARIOS = (
    "swf.scheduled",
    "swf.commitment",
    "swf.mpps-states",
    "swf.order-status",
    "pir.case-1",
    "rep.basic",
)


def need(*programs: Path) -> None:
    """Skip unless the programs of a product are installed."""
    for program in programs:
        if not program.exists():
            pytest.skip(f"{program} is not installed")


def free_port() -> int:
    """A port that nobody listens on, below those that the operating system hands out by itself."""
    while True:
        port = random.randrange(15000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("", port))
            except OSError:
                continue
            return port


@contextmanager
def started(command: Sequence[str], port: int, folder: Path) -> Iterator[None]:
    """A server process that listens on the port, until the context is left."""
    log = folder / "output.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
    try:
        _await_listener(process, port, log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(10.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10.0)


def _await_listener(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_TIME
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
        except OSError:
            try:
                code = process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
            pytest.fail(f"{process.args!r} ended with code {code}:\n{log.read_text(errors='replace')}")
        else:
            return
    said = log.read_text(errors="replace")
    pytest.fail(f"{process.args!r} does not listen on {port} after {START_TIME:g} s:\n{said}")


@dataclass(frozen=True, kw_only=True)
class Product:
    """A product that can be tested: how its shipped system file has to be changed to reach it."""

    system: str
    changes: Mapping[str, str] = field(default_factory=dict)
    folder: Path

    def system_file(self, name: str = "") -> Path:
        """The shipped system file with the product's ports and folders, in the product's folder."""
        text = (SYSTEMS / f"{name or self.system}.system.yaml").read_text(encoding="utf-8")
        for shipped, changed in self.changes.items():
            assert shipped in text, f"{name or self.system}.system.yaml no longer says `{shipped}`"
            text = text.replace(shipped, changed)
        hooks = self.folder / "hooks"
        if not hooks.is_symlink():
            hooks.symlink_to(SYSTEMS / "hooks")
        path = self.folder / f"{name or self.system}.system.yaml"
        path.write_text(text, encoding="utf-8")
        return path


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Where the products of one module find our actors, and each other."""

    orthanc: int = field(default_factory=free_port)
    archive: int = field(default_factory=free_port)
    receiver: int = field(default_factory=free_port)
    pylantir: int = field(default_factory=free_port)
    bridge: int = field(default_factory=free_port)
    modality: int = field(default_factory=free_port)
    display: int = field(default_factory=free_port)
    dcmtk_display: int = field(default_factory=free_port)
    creator: int = field(default_factory=free_port)
    worklist: int = field(default_factory=free_port)


def guide(section: str, language: str) -> str:
    """The configuration that a section of docs/products.md tells to save: its first code block of that language."""
    text = GUIDE.read_text(encoding="utf-8").partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    block = re.search(rf"^```{language}\n(.+?)^```$", text, re.MULTILINE | re.DOTALL)
    assert block is not None, f"docs/products.md has lost the configuration of {section}"
    return block[1]


def on_ports(configuration: str, ports: Mapping[int, int]) -> str:
    """The same configuration with other ports than the documented ones."""
    for documented, port in ports.items():
        assert str(documented) in configuration, f"docs/products.md no longer names port {documented}"
        configuration = configuration.replace(str(documented), str(port))
    return configuration


@contextmanager
def running_orthanc(ports: Ports, folder: Path, *, without: str = "", **settings: object) -> Iterator[Product]:
    """Orthanc as docs/products.md configures it, on other ports; `without` leaves out a peer."""
    need(ORTHANC)
    configuration = json.loads(guide("Orthanc", "json"))
    own = {
        "modality": ports.modality,
        "display": ports.display,
        "dcmtk-display": ports.dcmtk_display,
        "creator": ports.creator,
    }
    peers = {
        name: [ae_title, host, own.get(name, port)]
        for name, (ae_title, host, port) in configuration["DicomModalities"].items()
        if name != without
    }
    file = folder / "orthanc.json"
    file.write_text(json.dumps({**configuration, "DicomPort": ports.orthanc, "DicomModalities": peers, **settings}))
    changes = {
        "port: 4242": f"port: {ports.orthanc}",
        "port: 11112": f"port: {ports.modality}",
        "port: 11113": f"port: {ports.display}",
        "port: 11117": f"port: {ports.creator}",
        "show: 10": "show: 1",
    }
    with started([str(ORTHANC), str(file)], ports.orthanc, folder):
        yield Product(system="orthanc", changes=changes, folder=folder)


@pytest.fixture(scope="module")
def ports() -> Ports:
    """Free ports for the products of the module."""
    return Ports()


@pytest.fixture(scope="module")
def orthanc(ports: Ports, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Orthanc, running, and knowing our actors."""
    with running_orthanc(ports, tmp_path_factory.mktemp("orthanc")) as product:
        yield product


@pytest.fixture(scope="module")
def open_orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Orthanc that lets everybody query and move, and does not know our display."""
    folder = tmp_path_factory.mktemp("open-orthanc")
    settings = {"DicomAlwaysAllowFind": True, "DicomAlwaysAllowMove": True}
    with running_orthanc(Ports(), folder, without="display", **settings) as product:
        yield product


@pytest.fixture(scope="module")
def driven_orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Orthanc with its REST API, which the hooks drive: a display, and with another system file a modality."""
    port, settings = free_port(), json.loads(guide("Orthanc, driven", "json"))
    assert settings["HttpPort"] == 8042
    folder = tmp_path_factory.mktemp("driven-orthanc")
    with running_orthanc(Ports(), folder, **{**settings, "HttpPort": port}) as product:
        dicom = "port: 4242"
        changes = {dicom: product.changes[dicom], "http://127.0.0.1:8042": f"http://127.0.0.1:{port}"}
        yield Product(system="orthanc-display", changes=changes, folder=folder)


@pytest.fixture(scope="module")
def archive(ports: Ports, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """DCMTK's dcmqrscp as docs/products.md configures it, on other ports."""
    need(DCMTK / "dcmqrscp")
    folder = tmp_path_factory.mktemp("archive")
    (folder / "archive").mkdir()
    own = {
        11120: ports.archive,
        11112: ports.modality,
        11113: ports.display,
        11117: ports.creator,
        11115: ports.dcmtk_display,
    }
    (folder / "dcmqrscp.cfg").write_text(on_ports(guide("DCMTK dcmqrscp", "ini"), own), encoding="ascii")
    changes = {
        "port: 11120": f"port: {ports.archive}",
        "port: 11112": f"port: {ports.modality}",
        "port: 11113": f"port: {ports.display}",
        "port: 11117": f"port: {ports.creator}",
        "show: 10": "show: 1",
    }
    with started([str(DCMTK / "dcmqrscp"), "-c", "dcmqrscp.cfg"], ports.archive, folder):
        yield Product(system="dcmtk-archive", changes=changes, folder=folder)


@pytest.fixture(scope="module")
def worklist(ports: Ports, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """DCMTK's wlmscpfs, serving a folder that is empty so far."""
    need(DCMTK / "wlmscpfs")
    folder = tmp_path_factory.mktemp("worklist")
    served = folder / "worklists" / "DCMTK_WL"
    served.mkdir(parents=True)
    (served / "lockfile").touch()
    changes = {"port: 11104": f"port: {ports.worklist}", "worklists/DCMTK_WL": str(served)}
    with started([str(DCMTK / "wlmscpfs"), "-dfp", "worklists", str(ports.worklist)], ports.worklist, folder):
        yield Product(system="dcmtk-worklist", changes=changes, folder=folder)


@pytest.fixture(scope="module")
def orthanc_worklist(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Orthanc with its worklist plugin, serving a folder that is empty so far."""
    folder, ports = tmp_path_factory.mktemp("orthanc-worklist"), Ports()
    served = folder / "worklists"
    served.mkdir()
    settings = json.loads(guide("Orthanc's worklist plugin", "json"))
    changes = {"port: 4242": f"port: {ports.orthanc}", "worklists]": f"{served}]"}
    with running_orthanc(ports, folder, **settings):
        yield Product(system="orthanc-worklist", changes=changes, folder=folder)


@pytest.fixture(scope="module")
def receiver(ports: Ports, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """DCMTK's storescp, with an empty folder."""
    need(DCMTK / "storescp")
    folder = tmp_path_factory.mktemp("receiver")
    (folder / "received").mkdir()
    command = [str(DCMTK / "storescp"), "-aet", "STORESCP", "-od", "received", str(ports.receiver)]
    with started(command, ports.receiver, folder):
        yield Product(system="dcmtk-receiver", changes={"port: 11123": f"port: {ports.receiver}"}, folder=folder)


@pytest.fixture(scope="module")
def bridge(ports: Ports, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """hl7v2-fhir-bridge as docs/products.md configures it, writing its resources to a folder."""
    need(PYTHON_PRODUCTS / "hl7v2-fhir-bridge")
    folder = tmp_path_factory.mktemp("bridge")
    configuration = on_ports(guide("hl7v2-fhir-bridge", "toml"), {11124: ports.bridge})
    (folder / "bridge.toml").write_text(configuration, encoding="utf-8")
    command = [str(PYTHON_PRODUCTS / "hl7v2-fhir-bridge"), "serve", "--config", "bridge.toml"]
    changes = {"port: 11124": f"port: {ports.bridge}"}
    with started(command, ports.bridge, folder):
        yield Product(system="hl7v2-fhir-bridge", changes=changes, folder=folder)


@pytest.fixture(scope="module")
def pylantir(ports: Ports, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Pylantir with an empty worklist and no source of its own."""
    need(PYTHON_PRODUCTS / "pylantir")
    folder = tmp_path_factory.mktemp("pylantir")
    (folder / "pylantir.json").write_text(guide("pylantir", "json"))
    address = ["--ip", "127.0.0.1", "--port", str(ports.pylantir), "--AEtitle", "PYLANTIR"]
    command = [str(PYTHON_PRODUCTS / "pylantir"), "start", *address, "--pylantir_config", "pylantir.json"]
    changes = {"port: 11121": f"port: {ports.pylantir}", "show: 10": "show: 1"}
    with started(command, ports.pylantir, folder):
        yield Product(system="pylantir", changes=changes, folder=folder)


# the same products over TLS


def with_tls(product: Product, shipped: Mapping[str, str], folder: Path) -> Product:
    """The product with every link secured: `shipped` are changes that say so of its addresses."""
    version = re.search(r'^version: ".+"$', (SYSTEMS / f"{product.system}.system.yaml").read_text(), re.MULTILINE)
    assert version is not None
    changes = {**product.changes, version[0]: f"{version[0]}\ntls: {{pki: certs}}", **shipped}
    return Product(system=product.system, changes=changes, folder=folder)


@pytest.fixture(scope="module")
def secured_orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Orthanc that wants TLS and the certificate of whoever calls, and calls with TLS."""
    folder, ports = tmp_path_factory.mktemp("secured-orthanc"), Ports()
    Pki(folder / "certs").make()
    own = {11112: ports.modality, 11113: ports.display}
    settings = json.loads(on_ports(guide("Orthanc over TLS", "json"), own))
    for key, name in settings.items():
        settings[key] = str(folder / name) if isinstance(name, str) else name
    with running_orthanc(ports, folder, **settings) as product:
        address = product.changes["port: 4242"]
        ours = {f"ae_title: {title}": f"ae_title: {title}, tls: mutual" for title in ("SWF_MODALITY", "SWF_DISPLAY")}
        yield with_tls(product, {address: f"{address}, tls: mutual", **ours}, folder)


@pytest.fixture(scope="module")
def secured_receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """DCMTK's storescp that wants TLS and the certificate of whoever calls."""
    need(DCMTK / "storescp")
    folder, port = tmp_path_factory.mktemp("secured-receiver"), free_port()
    (folder / "received").mkdir()
    files = Pki(folder / "certs").make()
    tls = ["+tls", str(folder / "certs/product.key"), str(folder / "certs/product.pem"), "+cf", files.authorities]
    command = [str(DCMTK / "storescp"), *tls, "-aet", "STORESCP", "-od", "received", str(port)]
    with started(command, port, folder):
        product = Product(system="dcmtk-receiver", folder=folder)
        yield with_tls(product, {"port: 11123": f"port: {port}, tls: mutual"}, folder)


@pytest.fixture
def secured_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Product], Product]:
    """DCMTK's storescu, findscu and movescu, called with TLS by their hooks, and our archive with it."""

    def secured(product: Product) -> Product:
        Pki(tmp_path / "certs").make()
        monkeypatch.setenv("DCMTK_PKI", str(tmp_path / "certs"))
        times = "times: {answer: 30"
        return with_tls(product, {times: f"department:\n  Image Manager: {{tls: mutual}}\n{times}"}, tmp_path)

    return secured


@pytest.fixture(scope="module")
def storescu(tmp_path_factory: pytest.TempPathFactory) -> Product:
    """DCMTK's storescu, started by its hook."""
    need(DCMTK / "storescu")
    return Product(system="dcmtk-modality", folder=tmp_path_factory.mktemp("storescu"))


@pytest.fixture(scope="module")
def display(ports: Ports, tmp_path_factory: pytest.TempPathFactory) -> Product:
    """DCMTK's findscu and movescu, started by their hooks."""
    need(DCMTK / "findscu", DCMTK / "movescu")
    changes = {"port: 11115": f"port: {ports.dcmtk_display}"}
    return Product(system="dcmtk-display", changes=changes, folder=tmp_path_factory.mktemp("display"))


# running, and comparing


class _Silent:
    """Nobody watches the run."""

    def play_started(self, play: Play) -> None:
        """A play begins."""

    def step_ended(self, play: Play, step: PlannedStep, state: str, seconds: float) -> None:
        """A step ended."""

    def play_judged(self, result: object) -> None:
        """A play has its verdict."""


Runner = Callable[..., Run]


@pytest.fixture
def run(tmp_path: Path) -> Runner:
    """Run scenarios against system files, and judge them."""

    def against(*suts: Path, scenarios: Sequence[str] = SCENARIOS) -> Run:
        request = RunRequest(suts=[str(sut) for sut in suts], scenarios=scenarios, out=tmp_path / "run")
        return execute(request, _Silent()).run

    return against


Compare = Callable[[Run, str], None]


@pytest.fixture
def compare() -> Compare:
    """Fail, and print both sides, when a run is not what the hand-written file of that name expects."""
    return _compare


def _compare(run: Run, name: str) -> None:
    wanted, got = sorted(_expected(EXPECTED / f"{name}.yaml")), sorted(_received(run))
    if wanted != got:
        both = difflib.unified_diff(wanted, got, f"expected/{name}.yaml", "received", lineterm="", n=len(wanted))
        pytest.fail("\n".join(both), pytrace=False)


def _received(run: Run) -> Iterator[str]:
    """One line for each step of a transaction that a system's actors have a part in, and for each fault of ours."""
    yield f"exit code {run.exit_code}"
    for play in run.plays:
        for step in play.steps:
            ends = {actor for leg in step.legs for actor in (leg.initiator, leg.responder)}
            for system in sorted({play.roles[actor] for actor in ends & play.roles.keys()}):
                yield f"{system}: {play.play}/{step.step}: {_verdict(step, system)}"
            if step.verdicts.get(HARNESS, Verdict.NONE) not in (Verdict.PASS, Verdict.NONE):
                yield f"{HARNESS}: {play.play}/{step.step}: {_verdict(step, HARNESS)}"


def _verdict(step: StepResult, player: PlayerName) -> str:
    verdict = step.verdicts.get(player, Verdict.NONE)
    findings = [finding for leg in step.legs for finding in leg.findings if finding.player == player]
    broken = {str(finding.requirement.id) for finding in findings if finding.verdict.rank > Verdict.PASS.rank}
    named = sorted(broken) or (["not offered"] if verdict is Verdict.FAIL else [])
    return " ".join((verdict.value, *named))


def _expected(path: Path) -> Iterator[str]:
    """The same lines from a file: `step: pass`, or `step: {verdict, broken, why}`."""
    content = read(path)
    yield f"exit code {content['exit_code']}"
    for system, plays in content.mappings("systems"):
        for play in plays:
            for step, verdict in (plays.mapping(play) or {}).items():
                yield f"{system}: {play}/{step}: {_wanted(verdict, f'{path.name}: {play}/{step}')}"


def _wanted(verdict: object, where: str) -> str:
    if not isinstance(verdict, SourceMapping):
        assert verdict == "pass", f"{where}: a verdict that is not pass says why"
        return verdict
    assert verdict.keys() <= {"verdict", "broken", "why"}, where
    assert str(verdict.get("why")).endswith("."), f"{where}: the reason is one sentence"
    return " ".join(str(verdict[key]) for key in ("verdict", "broken") if key in verdict)
