"""What the archive holds: every object's bytes as they came, and an index of what a query may ask for.

Small objects stay in memory as long as there are few of them; the others are in files of the actor's own directory, by
number and never by anything from the wire. Safe for threads. Knows nothing of patients' updates.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset

from harness.dicom.bulk import Bulk
from harness.dicom.paths import first

SPILL = 1 << 20
"""Bytes above which an object is kept in a file; those above `LARGE` come in one."""

IN_MEMORY = 64 << 20
"""Bytes of all objects together that stay in memory; what comes later is kept in files."""


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """One stored instance: its identity, its indexed attributes, and its Part 10 form in memory or in a file."""

    sop_class: str
    sop_instance: str
    study: str
    series: str
    patient_id: str
    issuer: str
    index: Dataset
    payload: bytes | Path


Series = Mapping[str, StoredObject]
"""The instances of a series by SOP Instance UID, in the order in which they came."""

Study = Mapping[str, Series]
"""The series of a study by Series Instance UID."""


def indexed(dataset: Dataset, keywords: Iterable[str]) -> Dataset:
    """The attributes of a data set that queries may ask for; pixel data is never among them."""
    index = Dataset()
    for keyword in ("SpecificCharacterSet", *keywords):
        tag = tag_for_keyword(keyword)
        if tag is not None and tag in dataset:
            index[tag] = dataset[tag]
    return index


def _share(index: Dataset, other: StoredObject | None) -> None:
    """Have what two objects of a series say alike in memory once: nobody alters an index, but a copy of it."""
    if other is None:
        return
    for element in list(index):
        if element.tag in other.index and other.index[element.tag] == element:
            index[element.tag] = other.index[element.tag]


def _link_or_copy(file: Path, path: Path) -> None:
    try:
        path.hardlink_to(file)
    except OSError:
        shutil.copyfile(file, path)


class Archive:
    """Stored objects by study, series and instance."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._objects: dict[str, StoredObject] = {}
        self._studies: dict[str, dict[str, dict[str, StoredObject]]] = {}
        self._hidden: set[str] = set()
        self._directory: Path | None = None
        self._remove: Callable[[], object] = lambda: None
        self._files = 0
        self._in_memory = 0

    def close(self) -> None:
        """Remove the directory of large objects, if there is one."""
        self._remove()

    def add(self, index: Dataset, payload: bytes | Bulk | Path) -> bool:
        """Keep an object; one with a known SOP Instance UID is left as it was. Whether it was new.

        A file is linked, or copied where that cannot be; it stays its owner's.
        """
        sop_instance = first(index, "SOPInstanceUID")
        with self._lock:
            if sop_instance in self._objects:
                return False
            study = self._studies.setdefault(first(index, "StudyInstanceUID"), {})
            series = study.setdefault(first(index, "SeriesInstanceUID"), {})
            _share(index, next(iter(series.values()), None))
            stored = StoredObject(
                sop_class=first(index, "SOPClassUID"),
                sop_instance=sop_instance,
                study=first(index, "StudyInstanceUID"),
                series=first(index, "SeriesInstanceUID"),
                patient_id=first(index, "PatientID"),
                issuer=first(index, "IssuerOfPatientID"),
                index=index,
                payload=self._kept(payload),
            )
            self._objects[sop_instance] = stored
            series[sop_instance] = stored
            return True

    def _kept(self, payload: bytes | Bulk | Path) -> bytes | Path:
        """In memory while there is room for it, else in a file."""
        if isinstance(payload, bytes) and len(payload) <= min(SPILL, IN_MEMORY - self._in_memory):
            self._in_memory += len(payload)
            return payload
        return self._spill(payload)

    def _spill(self, payload: bytes | Bulk | Path) -> Path:
        if self._directory is None:
            self._directory = Path(tempfile.mkdtemp(prefix="swf-archive-"))
            self._remove = weakref.finalize(self, shutil.rmtree, self._directory, ignore_errors=True)
        self._files += 1
        path = self._directory / f"{self._files:08d}.dcm"
        if isinstance(payload, Path):
            _link_or_copy(payload, path)
        else:
            Bulk(payload).write(path)
        return path

    def find(self, sop_instance: str) -> StoredObject | None:
        """The object with that SOP Instance UID, hidden or not."""
        with self._lock:
            return self._objects.get(sop_instance)

    def holds_study(self, study: str) -> bool:
        """Whether any object of the study is here."""
        with self._lock:
            return study in self._studies

    def patients_of(self, study: str) -> frozenset[str]:
        """The Patient IDs that the objects of a study came with."""
        with self._lock:
            return frozenset(
                one.patient_id for series in self._studies.get(study, {}).values() for one in series.values()
            )

    def hide(self, sop_instances: Collection[str]) -> None:
        """Hand these instances out no more (RAD TF-1: 3.3.4, wrongly identified images)."""
        with self._lock:
            self._hidden.update(sop_instances)

    def study(self, uid: str) -> Study:
        """The visible series of a study; empty when it has none."""
        with self._lock:
            return self._visible(self._studies.get(uid, {}))

    def studies(self) -> Mapping[str, Study]:
        """Every study with its visible series; studies without any are left out."""
        with self._lock:
            visible = {uid: self._visible(series) for uid, series in self._studies.items()}
        return MappingProxyType({uid: study for uid, study in visible.items() if study})

    def _visible(self, study: Mapping[str, Series]) -> Study:
        found = {
            uid: {name: each for name, each in series.items() if name not in self._hidden}
            for uid, series in study.items()
        }
        return MappingProxyType({uid: MappingProxyType(series) for uid, series in found.items() if series})
