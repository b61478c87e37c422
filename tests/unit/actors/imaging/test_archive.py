"""What the archive keeps, and where: in memory while there is little, in files of its own afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from actors.image_manager import archive as module
from actors.image_manager.archive import Archive


@pytest.fixture
def archive() -> Iterator[Archive]:
    made = Archive()
    yield made
    made.close()


def _index(number: int, **more: str) -> Dataset:
    index = Dataset()
    index.PatientName, index.PatientID = "DOE^JANE", "P1"
    index.StudyInstanceUID, index.SeriesInstanceUID = "1.2", "1.2.1"
    index.SOPClassUID, index.SOPInstanceUID, index.InstanceNumber = "1.9", f"1.2.1.{number}", str(number)
    for keyword, value in more.items():
        setattr(index, keyword, value)
    return index


def test_when_memory_is_used_up_objects_go_into_files(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IN_MEMORY", 100)
    for number in range(3):
        assert archive.add(_index(number), bytes([number]) * 40)
    kept = [archive.find(f"1.2.1.{number}").payload for number in range(3)]
    assert kept[:2] == [bytes(40), bytes([1]) * 40]
    assert isinstance(kept[2], Path)
    assert kept[2].read_bytes() == bytes([2]) * 40
    archive.close()
    assert not kept[2].exists()


def test_what_the_objects_of_a_series_say_alike_is_there_once(archive: Archive) -> None:
    for number in range(2):
        archive.add(_index(number), b"object")
    one, other = (archive.find(f"1.2.1.{number}").index for number in range(2))
    assert one["PatientName"] is other["PatientName"]
    assert (one.InstanceNumber, other.InstanceNumber) == (0, 1)


def test_what_differs_within_a_series_stays_different(archive: Archive) -> None:
    archive.add(_index(1), b"object")
    archive.add(_index(2, PatientName="DOE^JOHN"), b"object")
    assert [str(archive.find(f"1.2.1.{number}").index.PatientName) for number in (1, 2)] == ["DOE^JANE", "DOE^JOHN"]


def test_an_instance_that_is_known_changes_nothing(archive: Archive) -> None:
    assert archive.add(_index(1), b"object")
    assert not archive.add(_index(1, PatientName="DOE^JOHN"), b"another")
    assert archive.find("1.2.1.1").payload == b"object"
    assert len(archive.study("1.2")["1.2.1"]) == 1
