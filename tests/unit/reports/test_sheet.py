"""The sheet as text, CSV and HTML: complete, escaped, and no cell a formula."""

from __future__ import annotations

import csv
import io
import re

import pytest

from harness.model.connection import Peer, Sheet, Told
from harness.model.names import ActorName, PlayerName, TransactionId
from harness.model.profile import LinkKind
from reports.html.sheet import sheet_html
from reports.sheet import COLUMNS, harmless, sheet_csv, sheet_text

SHEET = Sheet(
    system=PlayerName("<b>PACS</b>"),
    version="1",
    scenarios=2,
    peers=(
        Peer(
            actor=ActorName("Modality"),
            kind=LinkKind.DIMSE,
            ae_title="=CT",
            host="192.0.2.20",
            port=11112,
            calls=(TransactionId("RAD-8"),),
            called=(TransactionId("RAD-10"),),
            contents=("C-STORE Storage",),
        ),
        Peer(
            actor=ActorName("ADT"),
            kind=LinkKind.MLLP,
            application="HIS",
            facility="H",
            host="192.0.2.20",
            calls=(TransactionId("RAD-1"),),
            contents=("ADT^A04 (2.5.1)",),
            tls=True,
        ),
    ),
    told=(Told(actor=ActorName("Image Manager"), kind=LinkKind.DIMSE, ae_title="PACS", host="192.0.2.10", port=104),),
    problems=("port 1 <is> wrong",),
)


def test_the_text_says_what_to_enter() -> None:
    text = "\n".join(sheet_text([SHEET]))
    for line in (
        "  =CT  192.0.2.20  port 11112   TLS no",
        "our Modality; calls the product, and is called by it",
        "calls in RAD-8",
        "called in RAD-10",
        "  HIS|H  192.0.2.20  no port: only calls   TLS yes",
        "  Image Manager: DICOM PACS  192.0.2.10  port 104",
        "  ! port 1 <is> wrong",
    ):
        assert line in text


def test_the_table_has_a_row_for_each_entry() -> None:
    rows = list(csv.DictReader(io.StringIO(sheet_csv([SHEET]))))
    assert list(rows[0]) == list(COLUMNS)
    assert [row["row"] for row in rows] == [
        "enter on the product",
        "enter on the product",
        "told of the product",
        "to be mended",
    ]
    assert (rows[0]["AE title"], rows[0]["port"], rows[1]["TLS"]) == ("'=CT", "11112", "yes")


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_no_cell_is_a_formula(cell: str) -> None:
    assert harmless(cell).startswith("'")
    assert harmless("PACS") == "PACS"


def test_the_page_is_escaped_and_needs_nothing_from_elsewhere() -> None:
    page = sheet_html([SHEET])
    assert "<b>PACS" not in page
    assert "&lt;b&gt;PACS&lt;/b&gt;" in page
    assert "port 1 &lt;is&gt; wrong" in page
    assert "default-src &#39;none&#39;; style-src &#39;sha256-" in page
    assert re.findall(r'(?:src|href)="', page) == []
    assert "@media print" in page
