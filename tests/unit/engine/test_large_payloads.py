"""Payloads that are too large for memory: linked or copied into the evidence, hashed in pieces, read as files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.dicom.bulk import LARGE, Bulk, FilePart
from harness.engine.recording import TranscriptRecorder
from harness.engine.storage import Evidence, EvidenceWriter
from harness.identifiers import SystemClock
from harness.model.names import ActorName, LinkId
from harness.model.profile import LinkKind
from harness.model.transcript import Direction, Half, Payload, PayloadKind, SocketAddress
from harness.transports.recorder import HashedFile, LinkOwner, Passage

CONTENT = bytes(range(256)) * (LARGE // 256 + 1)
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[EvidenceWriter]:
    made = EvidenceWriter(tmp_path / "out")
    yield made
    made.seal()


def pass_on(recorder: TranscriptRecorder, content: Bulk, file: HashedFile | None = None) -> Payload:
    """Record a message; its payload."""
    here = SocketAddress("127.0.0.1", 1)
    owner = LinkOwner(actor=ActorName("Modality"))
    link: LinkId = recorder.link_opened(kind=LinkKind.DIMSE, owner=owner, ours=True, local=here, peer=here, facts={})
    exchange = recorder.exchange_opened()
    recorder.passed(
        Passage(
            link=link,
            exchange=exchange,
            half=Half.REQUEST,
            direction=Direction.RECEIVED,
            content=content,
            kind=PayloadKind.DICOM,
            file=file,
        )
    )
    payload = recorder.exchanges()[-1].request.payload
    assert payload is not None
    return payload


def received(recorder: TranscriptRecorder) -> tuple[Bulk, HashedFile]:
    """A message as the transport leaves it in the spool."""
    path = recorder.spool() / "received.part"
    path.write_bytes(CONTENT)
    return Bulk(FilePart(path, 0, len(CONTENT))), HashedFile(path, DIGEST)


def test_a_received_file_becomes_evidence_by_a_link(writer: EvidenceWriter, tmp_path: Path) -> None:
    recorder = TranscriptRecorder(SystemClock(), writer)
    content, file = received(recorder)
    payload = pass_on(recorder, content, file)
    kept = recorder.read(payload)
    assert isinstance(kept, Path)
    assert kept.samefile(file.path)
    file.path.unlink()
    assert kept.read_bytes() == CONTENT
    assert (payload.sha256, payload.size) == (DIGEST, len(CONTENT))
    assert Evidence(tmp_path / "out").read(payload) == kept


def test_where_no_link_can_be_made_the_content_is_copied(
    writer: EvidenceWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise OSError("another file system")

    recorder = TranscriptRecorder(SystemClock(), writer)
    content, file = received(recorder)
    monkeypatch.setattr(Path, "hardlink_to", refuse)
    kept = recorder.read(pass_on(recorder, content, file))
    assert isinstance(kept, Path)
    assert not kept.samefile(file.path)
    assert kept.read_bytes() == CONTENT


def test_what_we_send_is_hashed_and_written_in_pieces(writer: EvidenceWriter) -> None:
    recorder = TranscriptRecorder(SystemClock(), writer)
    payload = pass_on(recorder, Bulk(CONTENT[:1000], CONTENT[1000:]))
    kept = recorder.read(payload)
    assert isinstance(kept, Path)
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == payload.sha256 == DIGEST


def test_a_record_in_memory_alone_keeps_large_payloads_in_files_of_its_own() -> None:
    recorder = TranscriptRecorder(SystemClock(), None)
    content, file = received(recorder)
    kept = recorder.read(pass_on(recorder, content, file))
    file.path.unlink()
    assert isinstance(kept, Path)
    assert kept.read_bytes() == CONTENT
    folder = recorder.spool()
    del recorder
    assert not folder.exists()


def test_the_spool_is_no_evidence_and_goes_with_the_seal(tmp_path: Path) -> None:
    writer = EvidenceWriter(tmp_path / "out")
    spool = TranscriptRecorder(SystemClock(), writer).spool()
    assert spool.is_dir()
    assert not spool.is_relative_to(writer.folder)
    writer.seal()
    assert not spool.exists()
