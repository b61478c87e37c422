"""Links of single transactions over real sockets: other ports, another AE title, another HL7 version."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import pytest

from harness.engine.runs import RunSession, Setting
from harness.hl7 import Message
from harness.model.names import ActorName, PlayerName, TransactionId
from harness.model.run import PlayResult, Run, StepResult
from harness.model.system import Claim, Endpoints, Launch, System, SystemActor, Times
from harness.model.transcript import Exchange
from harness.model.verdict import Verdict
from harness.wiring import RunRequest, launched_systems, make_plan, workshop

FILLER = ActorName("Order Filler")
CALLED = slice(10, 26)
"""Where an A-ASSOCIATE-RQ has the called AE title (PS3.8 Table 9-11)."""


class Silent:
    """Wants to hear of nothing."""

    def play_started(self, play: object) -> None: ...

    def waiting(self, play: object, step: object, seconds: float) -> None: ...

    def step_ended(self, play: object, step: object, state: str, seconds: float) -> None: ...

    def play_judged(self, result: PlayResult) -> None: ...


@dataclass
class Forwarder:
    """Another endpoint of a product: it hands on to the product's own, which it calls by its own AE title."""

    to: int
    ae_title: str = ""
    calls: list[bytes] = field(default_factory=list)

    def __enter__(self) -> Forwarder:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._open:
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.to), 5)
            self._open += [near, far]
            threading.Thread(target=self._pump, args=(near, far, True), daemon=True).start()
            threading.Thread(target=self._pump, args=(far, near, False), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, first: bool) -> None:
        try:
            while data := source.recv(1 << 16):
                if first:
                    self.calls.append(data)
                if first and self.ae_title:
                    data = data[: CALLED.start] + self.ae_title.encode().ljust(16) + data[CALLED.stop :]
                first = False
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            return


@contextmanager
def closed_port() -> Iterator[int]:
    """A port on which nobody listens, held so that nobody else gets it."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


SWF_B = Claim(profile="SWF.b", actors=(FILLER,))


@dataclass
class Product:
    """The reference system's Order Filler with links of its own."""

    system: System
    launched: Mapping[PlayerName, object]
    seeds: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def filler(self) -> SystemActor:
        return self.system.actors[FILLER]

    def run(self, out: Path, links: Mapping[str, Endpoints], *claims: Claim) -> tuple[Run, RunSession]:
        links_ = {TransactionId(name): link for name, link in links.items()}
        system = replace(self.system, claims=claims or (SWF_B,), actors={FILLER: replace(self.filler, links=links_)})
        request = RunRequest(scenarios=("swf.scheduled",), forms=("2.5.1",))
        plan = make_plan(request, (system,), next(self.seeds), "links")
        shop = workshop()
        setting = Setting(knowledge=shop.knowledge, procedures=shop.procedures(), launched=self.launched)  # type: ignore[arg-type]
        with RunSession(setting, plan, out, Silent()) as session:
            session.run(1)
        return session.judged(), session


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    described = System(
        name=PlayerName("RIS"), claims=(SWF_B,), launch=Launch.REFERENCE, times=Times(answer=20, act=20, show=10)
    )
    with launched_systems((described,), 1, "") as (ready, launched):
        yield Product(ready[0], launched)


def _step(run: Run, name: str) -> StepResult:
    return next(step for step in run.plays[0].steps if step.step == name)


def _exchanges(run: Run, step: StepResult) -> list[Exchange]:
    assert run.transcript is not None
    wanted = {exchange for leg in step.legs for exchange in leg.exchanges}
    return [exchange for exchange in run.transcript.exchanges if exchange.id in wanted]


def _ports(run: Run, step: str) -> set[int]:
    """The ports of the filler that were dialled in a step."""
    return {one.link.peer.port for one in _exchanges(run, _step(run, step)) if one.link.peer_actor == FILLER}


def test_each_transaction_goes_to_its_own_endpoint(product: Product, tmp_path: Path) -> None:
    filler = product.filler
    assert filler.dimse is not None
    assert filler.hl7 is not None
    with ExitStack() as stack:
        worklist = stack.enter_context(Forwarder(filler.dimse.port, filler.dimse.ae_title))
        patients = stack.enter_context(Forwarder(filler.hl7.port))
        run, _ = product.run(
            tmp_path / "run",
            {
                "RAD-1": Endpoints(hl7=replace(filler.hl7, port=patients.port, application="REF_ADT")),
                "RAD-5": Endpoints(dimse=replace(filler.dimse, port=worklist.port, ae_title="REF_WORKLIST")),
            },
        )
        assert run.verdict is Verdict.PASS
        assert _ports(run, "register") == {patients.port}
        assert _ports(run, "order") == {filler.hl7.port}
        assert _ports(run, "worklist") == {worklist.port}
        assert _ports(run, "started") == {filler.dimse.port}
        assert {call[CALLED].strip() for call in worklist.calls} == {b"REF_WORKLIST"}
        assert all(Message.parse(call.strip(b"\x0b\x1c\r")).first("MSH-5") == "REF_ADT" for call in patients.calls)
    assert run.orphans == ()


def test_a_wrong_port_of_one_transaction_is_no_failure_of_the_product(product: Product, tmp_path: Path) -> None:
    filler = product.filler
    assert filler.dimse is not None
    with closed_port() as port:
        run, _ = product.run(tmp_path / "run", {"RAD-5": Endpoints(dimse=replace(filler.dimse, port=port))})
    step = _step(run, "worklist")
    assert step.verdict is Verdict.INCONCLUSIVE
    (told,) = [one.finding for one in step.legs[0].findings if one.finding.requirement.endswith("/reachable")]
    assert f"127.0.0.1:{port}" in told.received
    assert "nothing was ever heard at this address, which is that of RAD-5 alone" in told.received
    assert _step(run, "order").verdict is Verdict.PASS


def _versions(run: Run, session: RunSession, step: str) -> dict[str, str]:
    """The HL7 version of the requests of a step, by receiver."""
    found = {}
    for exchange in _exchanges(run, _step(run, step)):
        payload = exchange.request.payload
        assert payload is not None
        content = session.read(payload)
        assert isinstance(content, bytes)
        found[str(exchange.link.peer_actor)] = Message.parse(content).version
    return found


def _old(product: Product) -> dict[str, Endpoints]:
    assert product.filler.hl7 is not None
    link = Endpoints(hl7=replace(product.filler.hl7, version="2.3.1"))
    return {"RAD-1": link, "RAD-12": link}


def test_a_link_speaks_its_own_version_and_shows_nothing_of_the_claimed_one(product: Product, tmp_path: Path) -> None:
    run, session = product.run(tmp_path / "run", _old(product))
    assert _versions(run, session, "register") == {"Order Filler": "2.3.1", "Order Placer": "2.5.1"}
    assert _versions(run, session, "order") == {"Order Filler": "2.5.1"}
    step = _step(run, "register")
    assert step.verdict is Verdict.INCONCLUSIVE
    assert "RIS speaks HL7 2.3.1 in RAD-1, and Order Filler is claimed in SWF.b with 2.5.1" in step.reason
    (claim,) = run.claims
    assert claim.transactions["RAD-1"] is Verdict.INCONCLUSIVE  # type: ignore[index]
    assert claim.transactions["RAD-2"] is Verdict.PASS  # type: ignore[index]
    assert run.exit_code == 2


def test_a_claim_of_the_version_that_the_link_speaks_passes(product: Product, tmp_path: Path) -> None:
    new = ("RAD-2", "RAD-3", "RAD-4", "RAD-5", "RAD-6", "RAD-7", "RAD-13")
    run, session = product.run(
        tmp_path / "run",
        _old(product),
        Claim(profile="SWF", actors=(FILLER,), transactions=(TransactionId("RAD-1"), TransactionId("RAD-12"))),
        Claim(profile="SWF.b", actors=(FILLER,), transactions=tuple(map(TransactionId, new))),
    )
    assert _versions(run, session, "register")["Order Filler"] == "2.3.1"
    assert run.verdict is Verdict.PASS
    by_profile = {claim.profile: claim.transactions for claim in run.claims}
    assert by_profile["SWF"] == {"RAD-1": Verdict.PASS}
    assert "RAD-1" not in by_profile["SWF.b"]
