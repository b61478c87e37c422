"""A run that no scenario drives: it is told, let go of, ended in several ways, sealed and judged."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.engine.judging import Strictness
from harness.engine.runs import Setting, judge_again
from harness.engine.storage import Evidence
from harness.engine.watching import WATCHED, Until, WatchedSession, watched_plan
from harness.errors import InputError
from harness.model.hop import Hop, HopSide, Watching
from harness.model.names import PlayerName
from harness.model.plan import Plan
from harness.model.profile import LinkKind
from harness.model.scenario import ProcedurePlan
from harness.model.system import System
from harness.model.transcript import Event, EventKind, Exchange
from harness.model.verdict import Verdict
from harness.profiles import Knowledge, knowledge
from harness.transports.mllp import wrap
from harness.transports.relay import Crossing, Ending, How, Side, Wire
from harness.transports.relay.mllp import MllpTap
from tests.unit.transports.relay.crossings import HERE, PACS, RIS, THERE

HOP = Hop(
    name="orders",
    kind=LinkKind.MLLP,
    accepts=HopSide(player=PlayerName("RIS"), host="127.0.0.1", port=0),
    leads_to=HopSide(player=PlayerName("PACS"), host="pacs.example.org", port=2575),
)
REQUEST = b"MSH|^~\\&|RIS|H|PACS|H|20260101||ADT^A04^ADT_A01|M1|P|2.5.1\rEVN||20260101\rPID|1||P1^^^H^PI||DOE^JANE\r"
ANSWER = b"MSH|^~\\&|PACS|H|RIS|H|20260101||ACK^A04^ACK|A1|P|2.5.1\rMSA|AA|M1\r"


class Told:
    """What the session says while it watches."""

    def __init__(self, then: Callable[[], None] = lambda: None) -> None:
        self.exchanges: list[Exchange] = []
        self.events: list[EventKind] = []
        self.order: list[str] = []
        self._then = then

    def exchanged(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)
        self.order.append("exchange")
        self._then()

    def happened(self, event: Event) -> None:
        self.events.append(event.kind)
        self.order.append(event.kind.value)


@pytest.fixture(scope="module")
def rules() -> Knowledge:
    return knowledge()


@pytest.fixture
def plan(rules: Knowledge) -> Plan:
    return watched_plan(
        run="run",
        seed=1,
        version="0",
        knowledge=rules,
        watching=Watching(hops=(HOP,)),
        systems=(System(name=PlayerName("RIS"), claims=()), System(name=PlayerName("PACS"), claims=())),
    )


@pytest.fixture
def session(rules: Knowledge, plan: Plan, tmp_path: Path) -> Callable[..., WatchedSession]:
    def open_session(told: Told | None = None) -> WatchedSession:
        procedures = ProcedurePlan(id="none", default="", services={})
        setting = Setting(knowledge=rules, procedures=procedures)
        return WatchedSession(setting, plan, tmp_path / "run", told or Told())

    return open_session


def relayed(session: WatchedSession, answer: bytes | None = ANSWER) -> None:
    """A message, and its answer, through a relay."""
    at = session.clock.seconds()
    accepted, opened = Wire(local=HERE, peer=RIS, at=at), Wire(local=THERE, peer=PACS, at=at)
    tap = MllpTap(Crossing(hop=HOP, accepted=accepted, opened=opened, recorder=session.recorder))
    tap.passed(Side.ACCEPTED, wrap(REQUEST), at, at)
    if answer is not None:
        tap.passed(Side.OPENED, wrap(answer), at + 0.01, at + 0.01)
    for side in Side:
        tap.ended(side, Ending(How.CLOSED, "closed by the peer", at + 0.02))


Open = Callable[..., WatchedSession]


def test_a_plan_of_a_watched_run_has_no_play(plan: Plan) -> None:
    (assignment,) = plan.assignments
    assert (assignment.id, assignment.plays, assignment.ours) == (WATCHED, (), {})
    assert plan.watching == Watching(hops=(HOP,))


def test_what_passes_is_told_in_order_and_kept_on_disk_alone(session: Open, tmp_path: Path) -> None:
    told = Told()
    with session(told) as opened:
        relayed(opened)
        opened.end("enough")
        opened.watch()
    assert told.order == ["exchange", "link closed", "link closed"]
    assert opened.exchanges == 1
    assert opened.recorder.transcript().captures == ()
    assert len(Evidence(tmp_path / "run").transcript().captures) == 4


def test_what_came_last_is_told_when_it_is_left(session: Open) -> None:
    told = Told()
    with session(told) as opened:
        opened.end("enough")
        opened.watch()
        relayed(opened)
    assert len(told.exchanges) == 1


def test_a_message_without_an_answer_is_told_with_the_end_of_its_link(session: Open) -> None:
    told = Told()
    with session(told) as opened:
        relayed(opened, answer=None)
        opened.end("enough")
        opened.watch()
    assert [one.responses for one in told.exchanges] == [()]


@pytest.mark.parametrize(
    ("until", "why"),
    [
        (Until(seconds=0.05), "0.05 s have passed"),
        (Until(exchanges=1), "1 exchanges have passed"),
        (Until(quiet=0.05), "nothing came for 0.05 s"),
    ],
)
def test_it_may_end_by_itself(session: Open, until: Until, why: str) -> None:
    with session() as opened:
        relayed(opened)
        assert opened.watch(until) == why


def test_silence_counts_from_the_first_message_on(session: Open) -> None:
    with session() as opened:
        timer = threading.Timer(0.5, opened.end, ("somebody ended it",))
        timer.start()
        assert opened.watch(Until(quiet=0.01)) == "somebody ended it"
        timer.join()


def test_ctrl_c_is_the_ordinary_end(session: Open) -> None:
    def press() -> None:
        raise KeyboardInterrupt

    with session(Told(press)) as opened:
        relayed(opened)
        assert opened.watch() == "stopped by hand"
    assert not opened.judged().interrupted


def test_what_was_judged_is_judged_so_again(session: Open, rules: Knowledge, tmp_path: Path) -> None:
    with session() as opened:
        relayed(opened)
        opened.end("enough")
        opened.watch()
    run = opened.judged()
    assert len(run.plays) == 1
    assert run.checks > 0
    again, _, altered = judge_again(tmp_path / "run", rules, Strictness(), {})
    assert altered == ()
    assert again == run


def test_nothing_seen_is_no_pass(session: Open) -> None:
    with session() as opened:
        opened.end("enough")
        opened.watch()
    run = opened.judged()
    assert (run.plays, run.verdict, run.exit_code) == ((), Verdict.NONE, 2)


def test_ports_that_are_known_later_are_noted(session: Open, tmp_path: Path) -> None:
    moved = Watching(hops=(Hop(name="moved", kind=HOP.kind, accepts=HOP.accepts, leads_to=HOP.leads_to),))
    with session() as opened:
        opened.note_watching(moved)
        assert Evidence(tmp_path / "run").plan().watching == moved
    assert opened.plan.watching == moved


def test_a_folder_that_is_in_use_is_refused(session: Open) -> None:
    with session(), pytest.raises(InputError):
        session()
