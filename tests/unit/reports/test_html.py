"""report.html: complete, linked within itself, offline, and safe."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote

import pytest

from harness.model.names import ExchangeId, PlayId
from harness.model.run import LegResult
from harness.model.verdict import Verdict
from reports.html import page as page_module
from reports.html.ledger import ledger_of
from reports.html.packing import BLOCK_TYPE, Block, unpacked
from reports.html.render import render
from reports.html.requirements import requirement_tables
from reports.html.sequence import sequence_of

Sample = Any  # the fixture's class lives in conftest.py
VOID = {"meta", "br", "img", "link", "input", "hr"}


class Reader(HTMLParser):
    """Collects tags, attributes and text, and whether every element is closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.ids: Counter[str] = Counter()
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.classes: set[str] = set()
        self.policy = ""
        self.text: list[str] = []
        self.parts: dict[str, str] = {}
        self._part = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        values = {name: value or "" for name, value in attrs}
        self.attributes |= set(values)
        self.classes |= set(values.get("class", "").split())
        if "id" in values:
            self.ids[values["id"]] += 1
        if "href" in values:
            self.links.append(values["href"])
        if values.get("http-equiv") == "Content-Security-Policy":
            self.policy = values["content"]
        if values.get("type") == BLOCK_TYPE:
            self._part = values["id"]
            self.parts[self._part] = ""
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag
        self._part = ""

    def handle_data(self, data: str) -> None:
        if self._part:
            self.parts[self._part] += unpacked(Block(self._part, data))
        elif self.open and self.open[-1] not in ("script", "style"):
            self.text.append(data)


def read_text(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    return reader


def read(sample: Sample) -> Reader:
    return read_text(render(sample.run, sample.out, sample.payload))


def index_of(reader: Reader) -> dict[str, Any]:
    """The index of the exchanges."""
    return dict(json.loads(reader.parts["part-index"]))


def exchange_anchors(reader: Reader) -> set[str]:
    """Places that the list of exchanges gives to links."""
    return {f"x{row[0]}" for row in index_of(reader)["x"]}


def test_the_page_is_well_formed_and_every_link_ends_inside_it(sample: Sample) -> None:
    reader = read(sample)
    assert reader.open == []
    assert max(reader.ids.values()) == 1
    assert reader.links
    for link in reader.links:
        assert link.startswith("#")
        assert unquote(link[1:]) in {*reader.ids, *exchange_anchors(reader)}
    assert {"x1", "x2", "x3"} <= exchange_anchors(reader)
    assert "swf.scheduled@2.5.1[Order_Filler]/worklist" in reader.ids


def test_the_page_tells_what_a_reader_needs(sample: Sample) -> None:
    text = " ".join(" ".join(read(sample).text).split())
    for wanted in (
        "Acme RIS",
        "tested against",
        "seed 42",
        "9f2c" * 16,
        "StudyInstanceUID",
        "expected 2.25.181817384620471923847102938471029384 (announced in RAD-4) received absent",
        "Order Filler (Acme RIS, system under test)",
        "RAD TF-2: 4.5 ; PS3.4 Table K.6-1 (believed)",
        "next step look at the exchange , then send it again: swf replay",
        "Run it again: swf run --sut 'Acme RIS' --seed 42 scenarios/swf/scheduled.scenario.yaml",
        "RAD-6 to-order-filler: inside Acme RIS",
        "nothing arrived, and the link was never proven",
        "ScheduledProcedureStepSequence",
        "met: rad-2.omg-o19 PID-1, PID-2, PID-3, PID-4",
        "of believed requirements 21",
        "warnings 2",
        "to-order-filler: inside the product",
        "declared deviation",
    ):
        assert wanted in text, wanted
    assert "certif" not in text.lower()


def test_nothing_is_fetched_and_only_our_own_code_may_run(sample: Sample) -> None:
    reader = read(sample)
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'",
        reader.policy,
    )
    assert (reader.tags["script"] - len(reader.parts), reader.tags["style"]) == (1, 1)
    assert not {"src", "style", "srcset", "action", "formaction"} & reader.attributes
    assert not any(name.startswith("on") for name in reader.attributes)
    assert not {"link", "img", "iframe", "object", "embed", "base"} & set(reader.tags)
    assert reader.tags["form"] == 1  # the button that closes the table of keys; it sends nothing


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "</script></style><img src=x onerror=alert(1)>",
        '"><svg onload=alert(1)>',
        "javascript:alert(1)",
        "{{ 7*7 }}{% raw %}",
        "\x1b[31m\x00]]>\u202e",
        "\udc80\ufffe",
        "A" * 1_000_000,
    ],
)
def test_hostile_values_stay_text(sample_with: Callable[[str], Sample], sample: Sample, hostile: str) -> None:
    text = render(sample_with(hostile).run, sample.out, sample_with(hostile).payload)
    reader = read(sample_with(hostile))
    assert reader.open == []
    assert reader.tags["script"] == 1 + len(reader.parts)
    assert reader.tags["img"] == 0
    assert all(link.startswith("#") for link in reader.links)
    assert not any(name.startswith("on") for name in reader.attributes)
    assert text.encode("utf-8")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u202e]", text)
    assert hostile[:7] != "{{ 7*7 " or "{{ 7*7 }}" in " ".join(reader.text)
    assert len(text) < 350_000


def test_the_diagram_has_a_lifeline_for_each_actor_and_an_arrow_for_each_exchange(sample: Sample) -> None:
    play = sample.run.plays[0]
    known = page_module.recorded_of(sample.run, sample.payload)
    sequence = sequence_of(play, known)
    assert sequence is not None
    assert [line.actor for line in sequence.lifelines] == [
        "Order Placer", "Order Filler", "Modality", "PPS Manager", "Image Manager",
    ]  # fmt: skip
    assert [line.actor for line in sequence.lifelines if line.under_test] == ["Order Filler"]
    assert [(arrow.label, arrow.answer, arrow.href) for arrow in sequence.arrows] == [
        ("OMG^O19", "AA", "#x1"),
        ("C-FIND", "1 pending, 0000", "#x2"),
        ("C-STORE", "no response", "#x3"),
        ("to-image-manager", "nothing recorded", "#swf.scheduled@2.5.1[Order_Filler]/rescheduled"),
    ]
    assert [(band.step, band.transaction, band.verdict) for band in sequence.bands] == [
        ("order", "RAD-2", Verdict.PASS),
        ("worklist", "RAD-5", Verdict.FAIL),
        ("stored", "RAD-8", Verdict.ERROR),
        ("rescheduled", "RAD-4", Verdict.INCONCLUSIVE),
    ]
    assert [arrow.direction for arrow in sequence.arrows] == [1, -1, 1, 1]
    assert [arrow.never for arrow in sequence.arrows] == [False, False, False, True]
    assert sequence.arrows[1].verdict is Verdict.FAIL
    assert sequence_of(replace(play, steps=()), known) is None


def test_the_ledger_has_a_row_for_each_value_and_marks_the_broken_copy(sample: Sample) -> None:
    ledger = ledger_of(sample.run.plays[0])
    assert ledger is not None
    assert ledger.steps == ("order", "worklist")
    assert [(row.name, row.first, row.changed) for row in ledger.rows] == [
        ("Placer Order Number", True, False),
        ("Study Instance UID", True, True),
        ("Study Instance UID", False, True),
    ]
    assert ledger.rows[2].value == "(empty)"
    assert ledger.rows[2].places[0].cells == ()
    assert ledger.rows[2].places[1].cells[0].broken
    broken = ledger.rows[2].places[1].cells[0]
    assert broken.first
    assert broken.title.endswith("; broken by Order Filler: consistency/study-instance-uid")
    assert [anchor for _, anchor in ledger.breaks] == ["#x2"]
    assert ledger.breaks[0][0] == (
        "Study Instance UID first broken at worklist: StudyInstanceUID: (empty) "
        "(exchange 2, charged to Order Filler, consistency/study-instance-uid)"
    )
    assert ledger_of(sample.run.plays[1]) is None


def test_several_values_of_an_identifier_are_no_fault_by_themselves(sample: Sample) -> None:
    play = sample.run.plays[0]
    intact = replace(play, ledger=tuple(replace(entry, broken=False) for entry in play.ledger))
    ledger = ledger_of(intact)
    assert ledger is not None
    assert not any(row.changed for row in ledger.rows)


def test_an_arrow_has_the_verdict_of_its_own_exchange(sample: Sample) -> None:
    play = sample.run.plays[0]
    step = play.steps[1]
    leg = replace(step.legs[0], exchanges=(ExchangeId(2), ExchangeId(3)))
    known = page_module.recorded_of(sample.run, sample.payload)

    def verdicts(leg: LegResult) -> list[Verdict]:
        failing = replace(play, steps=(replace(step, legs=(leg,)),))
        sequence = sequence_of(failing, known)
        return [arrow.verdict for arrow in sequence.arrows] if sequence else []

    assert verdicts(leg) == [Verdict.FAIL, Verdict.PASS]
    assert verdicts(replace(leg, findings=())) == [Verdict.FAIL, Verdict.FAIL]


def test_one_requirement_is_one_card_however_often_it_is_violated(sample: Sample) -> None:
    play = sample.run.plays[0]
    step = play.steps[1]
    leg = replace(step.legs[0], findings=(step.legs[0].findings[-1],) * 300)
    run = replace(sample.run, plays=(replace(play, steps=(replace(step, legs=(leg,)),)), sample.run.plays[1]))
    reader = read(replace(sample, run=run))
    text = " ".join(" ".join(reader.text).split())
    assert text.count("300 times") == 2  # among what needs attention, and at the step
    assert "299 more of this requirement" in text
    assert "The first 40; all of them are in run.json." in text


def test_every_requirement_is_listed_once_with_what_became_of_it(sample: Sample) -> None:
    tables = {table.name: table for table in requirement_tables(sample.run)}
    assert [row.name for row in tables["rad-2.omg-o19"].rows] == [
        "OBR-16",
        *(f"PID-{number}" for number in range(1, 7)),
    ]
    assert tables["rad-2.omg-o19"].counts == (16, 2, 0, 0)
    assert tables["consistency"].rows[0].complaint
    assert not tables["rad-2.omg-o19"].rows[1].complaint


def test_several_roles_make_a_matrix_with_links(sample: Sample) -> None:
    play = sample.run.plays[0]
    other = replace(play, play=PlayId("swf.scheduled@2.5.1[Image Manager]"), verdict=Verdict.PASS)
    page = page_module.build_page(replace(sample.run, plays=(play, other)), sample.out, sample.payload)
    assert page.matrix is not None
    assert page.matrix.roles == ("Order Filler", "Image Manager")
    ((name, cells),) = page.matrix.rows
    assert name == "swf.scheduled@2.5.1"
    assert [cell.verdict for cell in cells if cell] == [Verdict.ERROR, Verdict.PASS]
    alone = replace(sample.run, plays=(play,))
    assert page_module.build_page(alone, sample.out, sample.payload).matrix is None


def test_orphans_and_late_messages_are_linked(sample: Sample) -> None:
    run = replace(sample.run, orphans=(ExchangeId(1),), late=(ExchangeId(3), ExchangeId(99)))
    reader = read(replace(sample, run=run))
    text = " ".join(" ".join(reader.text).split())
    assert "Messages that fit no step exchange 1" in text
    assert "Messages that came after their scenario was sealed exchange 3 exchange 99" in text
    assert "#x99" not in reader.links


def test_an_interrupted_run_says_so(sample: Sample) -> None:
    run = replace(sample.run, interrupted=True, plays=(replace(sample.run.plays[0], interrupted=True),))
    text = " ".join(read(replace(sample, run=run)).text)
    assert "interrupted: what is missing was not tested" in text


def test_each_option_that_is_claimed_says_what_was_observed_of_it(sample: Sample) -> None:
    (system,) = sample.run.plan.systems
    claim = replace(system.claims[0], options=("HL7 v2.5.1", "Instance Availability Notification"))
    plan = replace(sample.run.plan, systems=(replace(system, claims=(claim, claim)),))
    text = render(replace(sample.run, plan=plan), sample.out, sample.payload)
    assert '<span class="chip pass" title="observed">HL7 v2.5.1 (observed)</span>' in text
    assert '<span class="chip none" title="">Instance Availability Notification</span>' in text
    assert "1 of 1 observed" in text
