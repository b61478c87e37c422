"""Composite objects against their information object definitions, offline (PS3.3).

Owns the tables of the IODs (`tables.json`, made by `generate`), the hand-written rules beside them (`rules.yaml`), and
the judgement of one data set. It must not know where the data set came from, or who is charged.
"""

from __future__ import annotations

from harness.dicom.iod.faults import NEED_TABLES, IodFault, Kind
from harness.dicom.iod.judging import judge
from harness.dicom.iod.tables import iod_of, sop_classes, source

__all__ = ["NEED_TABLES", "IodFault", "Kind", "iod_of", "judge", "sop_classes", "source"]
