"""Evidence on disk: what was written is read back, and what was changed afterwards is noticed."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from harness.engine.recording import TranscriptRecorder
from harness.engine.storage import Evidence, EvidenceWriter, adapter
from harness.errors import InputError, RecordingError
from harness.identifiers import SystemClock
from harness.model.deviation import Change, Deviation
from harness.model.names import ActorName, ExchangeId, LinkId, PlayId, StepId, TransactionId
from harness.model.plan import Plan, StepRef
from harness.model.profile import LinkKind, Service
from harness.model.scenario import Answer, Expectation
from harness.model.system import Hook, SystemActor
from harness.model.transcript import (
    Capture,
    DimseCommand,
    Direction,
    Event,
    EventKind,
    Half,
    Link,
    Payload,
    PayloadKind,
    SocketAddress,
)

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Build, Say, Wire

HOSTILE = [
    "",
    "\x00\x01\x1f\x7f\x9b",
    'quote " and backslash \\ and \\u0000',
    "line\nbreak\r\n and \u2028\u2029\x85",
    "</script><script>alert(1)</script>",
    '"},"is":{"',
    "Müller^Jörg 山田^太郎 \U0001f9b4",
    "\ufeff\ufffe\uffff",
    "lone \udcff surrogate",
    "x" * 100_000,
]


def _link(text: str = "x") -> Link:
    return Link(
        seq=1,
        time=1715928000.125,
        id=LinkId(1),
        kind=LinkKind.DIMSE,
        actor=ActorName("Modality"),
        ours=True,
        local=SocketAddress("::1", 50000),
        peer=SocketAddress(text, 104),
        peer_actor=ActorName("Image Manager"),
        cause=StepRef(PlayId("swf.test@2.3.1"), StepId("stored")),
        facts={"called_ae": text, text: "key"},
    )


def _capture(text: str = "x", half: Half = Half.REQUEST) -> Capture:
    return Capture(
        seq=2,
        time=1.5,
        link=LinkId(1),
        exchange=ExchangeId(1),
        half=half,
        direction=Direction.SENT,
        payload=Payload("ab" * 32, PayloadKind.DICOM, 12),
        command=DimseCommand(
            service=Service.C_STORE,
            message_id=7,
            sop_class=text,
            sop_instance="1.2.3",
            status=None if half is Half.REQUEST else 0xB007,
            transfer_syntax="1.2.840.10008.1.2",
            fields={"ErrorComment": text},
        ),
    )


def _event(text: str = "x", kind: EventKind = EventKind.NOISE) -> Event:
    return Event(
        seq=3,
        time=2.0,
        kind=kind,
        text=text,
        link=LinkId(1),
        actor=ActorName("Modality"),
        peer_actor=ActorName("Image Manager"),
        step=StepRef(PlayId("swf.test@2.3.1"), StepId("stored")),
        play=PlayId("swf.test@2.3.1"),
        leg=text,
        facts={"output": text},
    )


def _readable(text: str) -> str:
    """What a file can hold of a text: a lone surrogate becomes a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")


@pytest.mark.parametrize("kind", list(EventKind))
def test_every_kind_of_event_comes_back_as_it_was(tmp_path: Path, kind: EventKind) -> None:
    writer = EvidenceWriter(tmp_path)
    writer.append(_event(kind=kind))
    writer.append(Event(seq=4, time=0.0, kind=kind))
    writer.seal()
    assert Evidence(tmp_path).transcript().events == (_event(kind=kind), Event(seq=4, time=0.0, kind=kind))


@pytest.mark.parametrize("half", list(Half))
def test_links_and_captures_come_back_as_they_were(tmp_path: Path, half: Half) -> None:
    bare = replace(_capture(half=half), seq=9, payload=None, command=None)
    writer = EvidenceWriter(tmp_path)
    for record in (_link(), _capture(half=half), bare):
        writer.append(record)
    writer.seal()
    transcript = Evidence(tmp_path).transcript()
    assert transcript.links == (_link(),)
    assert transcript.captures == (_capture(half=half), bare)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_was_on_the_wire_is_one_line_and_comes_back(tmp_path: Path, text: str) -> None:
    writer = EvidenceWriter(tmp_path)
    for record in (_link(text), _capture(text), _event(text)):
        writer.append(record)
    writer.seal()
    assert (tmp_path / "evidence" / "transcript.jsonl").read_bytes().count(b"\n") == 3
    transcript = Evidence(tmp_path).transcript()
    assert transcript.links[0].facts["called_ae"] == _readable(text)
    assert transcript.captures[0].command is not None
    assert transcript.captures[0].command.fields == {"ErrorComment": _readable(text)}
    assert transcript.events[0].text == _readable(text)


@pytest.mark.parametrize("content", [b"", b"MSH|^~\\&|\r", bytes(range(256)) * 300])
def test_payloads_come_back_byte_for_byte(
    tmp_path: Path, wire_to: Callable[[EvidenceWriter], Wire], content: bytes
) -> None:
    writer = EvidenceWriter(tmp_path)
    wire_to(writer).hl7(content, "ADT", "Order Filler")
    writer.seal()
    evidence = Evidence(tmp_path)
    payload = evidence.transcript().exchanges[0].request.payload
    assert payload is not None
    assert evidence.read(payload) == content
    assert payload.sha256 == hashlib.sha256(content).hexdigest()


def _full_plan(build: Build) -> Plan:
    steps = (
        build.step("register", "RAD-1", "ADT", trigger="A04", line=9),
        build.step(
            "worklist",
            "RAD-5",
            "Modality",
            until=True,
            expect=Expectation(matches=1, answer=Answer.REFUSED, status="0110"),
            deviation=Deviation(
                actor=ActorName("Modality"),
                change=Change.LATE,
                transaction=TransactionId("RAD-5"),
                seconds=0.25,
                value="</script>",
            ),
        ),
    )
    plan = build.plan([build.scenario(*steps, forms=("2.3.1", "2.5.1"))], [build.system("RIS", "Order Filler")])
    acting = SystemActor(acts={TransactionId("RAD-2"): Hook(command=("run", "it"), timeout=1.5)})
    return replace(plan, systems=(replace(plan.systems[0], actors={ActorName("Order Filler"): acting}),))


def test_a_plan_comes_back_as_it_was(tmp_path: Path, build: Build) -> None:
    plan = _full_plan(build)
    writer = EvidenceWriter(tmp_path)
    writer.plan(replace(plan, run="before"))
    writer.plan(plan)
    writer.seal()
    assert Evidence(tmp_path).plan() == plan
    assert Evidence(tmp_path).altered() == ()


def test_a_plan_of_another_format_is_refused(tmp_path: Path, build: Build) -> None:
    writer = EvidenceWriter(tmp_path)
    writer.plan(_full_plan(build))
    path = tmp_path / "evidence" / "plan.json"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"harness_version"', '"harness_release"'), encoding="utf-8")
    with pytest.raises(RecordingError, match=r"plan\.json cannot be read"):
        Evidence(tmp_path).plan()
    writer.seal()


def test_a_run_without_a_plan_or_transcript_is_a_recording_error(tmp_path: Path) -> None:
    EvidenceWriter(tmp_path).seal()
    with pytest.raises(RecordingError, match=r"plan\.json cannot be read"):
        Evidence(tmp_path).plan()
    (tmp_path / "evidence" / "transcript.jsonl").unlink()
    with pytest.raises(RecordingError, match=r"transcript\.jsonl cannot be read"):
        Evidence(tmp_path).transcript()
    with pytest.raises(RecordingError, match="cannot be read"):
        Evidence(tmp_path).read(Payload("ab" * 32, PayloadKind.HL7, 1))


def test_a_folder_without_evidence_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="give the --out folder of a run"):
        Evidence(tmp_path)


def test_the_evidence_of_an_earlier_run_is_never_overwritten(tmp_path: Path) -> None:
    EvidenceWriter(tmp_path).seal()
    before = (tmp_path / "evidence" / "manifest.sha256").read_bytes()
    with pytest.raises(InputError, match="earlier run; give another --out folder"):
        EvidenceWriter(tmp_path)
    assert (tmp_path / "evidence" / "manifest.sha256").read_bytes() == before


def test_a_folder_that_cannot_be_made_is_the_users_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(InputError, match="cannot write into"):
        EvidenceWriter(tmp_path / "file")


def _sealed(tmp_path: Path, wire_to: Callable[[EvidenceWriter], Wire], say: Say) -> Path:
    writer = EvidenceWriter(tmp_path)
    wire = wire_to(writer)
    for patient in ("P1", "P2"):
        wire.hl7(say.adt(patient), "ADT", "Order Filler")
    writer.seal()
    return tmp_path / "evidence"


def test_a_sealed_run_is_unaltered_and_its_manifest_is_that_of_sha256sum(
    tmp_path: Path, wire_to: Callable[[EvidenceWriter], Wire], say: Say
) -> None:
    folder = _sealed(tmp_path, wire_to, say)
    assert Evidence(tmp_path).sealed
    assert Evidence(tmp_path).altered() == ()
    lines = (folder / "manifest.sha256").read_text(encoding="utf-8").splitlines()
    listed = {line[66:]: line[:64] for line in lines}
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    assert set(listed) == set(files) - {"manifest.sha256"}
    assert all(hashlib.sha256(files[name].read_bytes()).hexdigest() == digest for name, digest in listed.items())


def test_one_changed_byte_is_noticed_and_named(
    tmp_path: Path, wire_to: Callable[[EvidenceWriter], Wire], say: Say
) -> None:
    folder = _sealed(tmp_path, wire_to, say)
    path = sorted((folder / "payload").iterdir())[0]
    path.write_bytes(path.read_bytes().replace(b"P1", b"P9") + b" ")
    assert Evidence(tmp_path).altered() == (f"payload/{path.name}",)


def test_a_missing_file_is_noticed_and_named(
    tmp_path: Path, wire_to: Callable[[EvidenceWriter], Wire], say: Say
) -> None:
    folder = _sealed(tmp_path, wire_to, say)
    (folder / "transcript.jsonl").unlink()
    assert Evidence(tmp_path).altered() == ("transcript.jsonl",)


def test_an_interrupted_run_is_readable_up_to_its_last_line(
    tmp_path: Path, wire_to: Callable[[EvidenceWriter], Wire], say: Say
) -> None:
    writer = EvidenceWriter(tmp_path)
    wire = wire_to(writer)
    wire.hl7(say.adt("P1"), "ADT", "Order Filler")
    evidence = Evidence(tmp_path)
    assert not evidence.sealed
    assert evidence.altered() == ()
    assert evidence.transcript() == wire.transcript()
    payload = evidence.transcript().exchanges[0].request.payload
    assert payload is not None
    assert evidence.read(payload) == say.adt("P1")
    writer.seal()


def test_an_unfinished_last_line_is_left_out_wherever_it_was_cut(tmp_path: Path) -> None:
    writer = EvidenceWriter(tmp_path)
    writer.append(_link())
    writer.append(_event())
    writer.seal()
    path = tmp_path / "evidence" / "transcript.jsonl"
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for cut in range(first, len(whole) - 1):
        path.write_bytes(whole[:cut])
        transcript = Evidence(tmp_path).transcript()
        assert transcript.links == (_link(),), cut
        assert transcript.events == (), cut
    path.write_bytes(whole[:-1])
    assert Evidence(tmp_path).transcript().events == (_event(),)


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense",
        b'{"record":"link","is":{}}',
        b'{"record":"verdict","is":{"seq":1}}',
        b'{"record":"event","is":{"seq":1,"time":0.0,"kind":"listening","surplus":1}}',
        b'{"record":"event","is":{"seq":1,"time":0.0,"kind":"imagined"}}',
        b"\xff\xfe",
    ],
)
def test_a_damaged_line_elsewhere_is_an_error_with_its_number(tmp_path: Path, line: bytes) -> None:
    writer = EvidenceWriter(tmp_path)
    writer.append(_link())
    writer.append(_event())
    writer.seal()
    path = tmp_path / "evidence" / "transcript.jsonl"
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + line + b"\n" + second)
    with pytest.raises(RecordingError, match=r"transcript\.jsonl:2: "):
        Evidence(tmp_path).transcript()


def test_a_message_on_a_link_that_nobody_recorded_is_an_error(tmp_path: Path) -> None:
    writer = EvidenceWriter(tmp_path)
    writer.append(_capture())
    writer.seal()
    with pytest.raises(RecordingError, match="link 1"):
        Evidence(tmp_path).transcript()


def test_nothing_is_added_to_a_sealed_run(tmp_path: Path) -> None:
    writer = EvidenceWriter(tmp_path)
    writer.append(_link())
    writer.seal()
    writer.append(_event())
    writer.seal()
    assert Evidence(tmp_path).altered() == ()
    assert Evidence(tmp_path).transcript().events == ()


def test_a_payload_is_complete_before_its_second_sender_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both ends of a link of ours store the same bytes at the same time; neither may name a file that is not whole."""
    writer = EvidenceWriter(tmp_path)
    content = b"0123456789"
    payload = Payload(hashlib.sha256(content).hexdigest(), PayloadKind.BYTES, len(content))
    writing, go_on = threading.Event(), threading.Event()
    write_bytes = Path.write_bytes

    def slowly(path: Path, data: bytes) -> int:
        if threading.current_thread() is first:
            writing.set()
            go_on.wait(timeout=10)
        return write_bytes(path, data)

    first = threading.Thread(target=lambda: writer.store(payload, content), daemon=True)
    monkeypatch.setattr(Path, "write_bytes", slowly)
    first.start()
    assert writing.wait(timeout=10)
    release = threading.Timer(0.05, go_on.set)
    release.start()
    writer.store(payload, content)
    assert writer.read(payload) == content
    first.join(timeout=10)
    release.join(timeout=10)
    writer.seal()
    assert [path.name for path in (tmp_path / "evidence" / "payload").iterdir()] == [payload.file_name]


@pytest.mark.parametrize("name", ["../../../secret", "/etc/passwd", "a/b", "AB" * 32, "ab" * 31, ""])
def test_a_payloads_name_is_a_hash_and_nothing_else(tmp_path: Path, name: str) -> None:
    EvidenceWriter(tmp_path).seal()
    with pytest.raises(RecordingError, match="no payload"):
        Evidence(tmp_path).read(Payload(name, PayloadKind.HL7, 1))


def test_the_schema_of_a_record_is_closed() -> None:
    with pytest.raises(ValidationError):
        adapter(SocketAddress).validate_python({"host": "127.0.0.1", "port": 1, "surplus": True})


def test_a_run_is_gone_on_with_behind_its_last_whole_record(tmp_path: Path) -> None:
    first = EvidenceWriter(tmp_path)
    recorder = TranscriptRecorder(SystemClock(), first)
    recorder.happened(EventKind.HOOK, "before")
    with pytest.raises(InputError, match="in use"):
        EvidenceWriter(tmp_path, resumed=True)
    first.seal()
    with (tmp_path / "evidence" / "transcript.jsonl").open("ab") as file:
        file.write(b'{"record":"event","is":{"seq":9')
    (tmp_path / "evidence" / "payload" / f"{'0' * 64}.140").write_bytes(b"half")
    again = EvidenceWriter(tmp_path, resumed=True)
    assert again.cut == 31
    assert list((tmp_path / "evidence" / "payload").iterdir()) == []
    before = Evidence(tmp_path).transcript()
    last = before.events[-1].time
    TranscriptRecorder(SystemClock(last + 3600), again, before).happened(EventKind.HOOK, "after")
    again.seal()
    told = Evidence(tmp_path).transcript().events
    assert [(event.seq, event.text) for event in told] == [(1, "before"), (2, "after")]
    assert told[1].time >= told[0].time + 3600
