"""`swf check` as people use it: on files, folders and standard input, for reading and for machines."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Swf = Callable[..., Any]
ORDER = "\n".join(
    (
        r"MSH|^~\&|OF|SWF|IM|SWF|20240102101500||ORM^O01|OF1|P|2.3.1",
        "PID|||P1001^^^SWF||LINDGREN^ASTA||19580714|F||||||||||ACC77^^^SWF",
        "PV1||O|RADOPD^^^SWF|||||3004^HOLM^PETER",
        "ORC|NW|A1^OP|F1^OF||SC||1^once^^202401021100^^R||20240102101400|||3004^HOLM^PETER|||||RADOPD^Radiology^L",
        "OBR|1|A1^OP|F1^OF|P1^CT chest^99SWF^X1^CT chest plain^99SWF||||||||||||3004^HOLM^PETER||ACC1|RP1|SPS1||||CT"
        "|||1^once^^202401021100^^R|||||||||||||||||P1^CT chest^99SWF",
        "ZDS|1.2.3.4.5^OF^Application^DICOM",
        "",
    )
)


@pytest.fixture
def order(tmp_path: Path) -> Path:
    """A faultless RAD-4 in a text file."""
    path = tmp_path / "order.hl7"
    path.write_text(ORDER)
    return path


def test_a_good_file_in_one_line(swf: Swf, order: Path) -> None:
    ended = swf("check", str(order))
    assert ended.code == 0
    assert "RAD-4 Procedure Scheduled [Order Filler -> Image Manager]" in ended.out
    assert "0 violated; exit code 0" in ended.out.splitlines()[-1]


def test_a_fault_in_full(swf: Swf, order: Path) -> None:
    order.write_text(ORDER.replace("||SC||", "||XX||"))
    ended = swf("check", str(order))
    lines = ended.out.splitlines()
    assert ended.code == 1
    at = next(number for number, line in enumerate(lines) if line.endswith("order.hl7:4  ORC-5  FAIL (Order Filler)"))
    assert lines[at + 1] == "  ORC-5: expected SC, received XX"
    assert lines[at + 3].index("^^") == lines[at + 2].index("XX")
    assert "rad-4.orm-o01/ORC-5" in lines[at + 5]


def test_quiet_shows_what_is_wrong_alone(swf: Swf, order: Path) -> None:
    assert len(swf("check", "--quiet", str(order)).out.splitlines()) == 1
    assert "met: ORC-1" in swf("check", "--all", str(order)).out


def test_a_warning_changes_nothing_unless_strict(swf: Swf, order: Path) -> None:
    order.write_bytes(b"\x0b" + ORDER.encode().replace(b"\n", b"\r\n") + b"\x1c\r")
    ended = swf("check", str(order))
    assert ended.code == 0
    assert re.search(r"warning: .*segment-end\)", ended.out)
    assert swf("check", "--strict", str(order)).code == 1


def test_json_is_json(swf: Swf, order: Path) -> None:
    order.write_text(ORDER.replace("||SC||", "||\x1b[2JX\x07||"))
    ended = swf("check", "--json", str(order))
    data = json.loads(ended.out)
    assert ended.code == data["exit_code"] == 1
    assert data["schema"] == "swf-check-json/1"
    (message,) = data["files"][0]["messages"]
    assert message["recognised"][0]["transaction"] == "RAD-4"
    assert "rad-4.orm-o01/ORC-5" in {finding["requirement"] for finding in message["findings"]}
    assert set(message["findings"][0]) >= {"path", "line", "expected", "received", "citation", "confidence", "verdict"}
    everything = json.loads(swf("check", "--json", "--all", str(order)).out)
    assert len(everything["files"][0]["messages"][0]["findings"]) > len(message["findings"])


def test_standard_input(swf: Swf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(ORDER.encode())))
    ended = swf("check", "-")
    assert ended.code == 0
    assert ended.out.startswith("standard input: ORM^O01 NW")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("no-such-file",), "does not exist"),
        (("--as", "RAD-4711", "{order}"), "no transaction"),
        (("--as", "RAD-5", "{order}"), "carried by DICOM"),
    ],
)
def test_what_cannot_be_used(swf: Swf, order: Path, arguments: tuple[str, ...], said: str) -> None:
    ended = swf("check", *(one.format(order=order) for one in arguments))
    assert ended.code == 3
    assert said in ended.err
    assert "Traceback" not in ended.err


def test_a_file_that_is_neither(swf: Swf, tmp_path: Path, order: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    ended = swf("check", str(tmp_path / "notes.txt"))
    assert ended.code == 3
    assert "neither HL7 nor DICOM: it begins with `hello`; an HL7 message begins with MSH" in ended.out
    assert swf("check", str(tmp_path)).code == 0
    (tmp_path / "notes.txt").write_bytes(b" " + order.read_bytes())
    assert "MSH is not at the beginning of a line" in swf("check", str(tmp_path / "notes.txt")).out
    (tmp_path / "notes.txt").write_bytes(b"hello\xff\x01")
    assert "it begins with 68 65 6c 6c 6f ff 01" in swf("check", str(tmp_path / "notes.txt")).out


def test_nothing_from_a_file_moves_the_cursor(swf: Swf, tmp_path: Path) -> None:
    path = tmp_path / "bad\x1b[31m\nname.hl7"
    path.write_text(ORDER.replace("LINDGREN", "L\x1b[2J\u202eN").replace("||SC||", "||\x1b[5m||"), encoding="utf-8")
    ended = swf("check", "--all", str(path))
    assert ended.code == 1
    assert "\x1b" not in ended.out
    assert "\u202e" not in ended.out
    assert "\\x1b[31m" in ended.out


def test_a_large_sparse_file_and_garbage(swf: Swf, tmp_path: Path) -> None:
    with (tmp_path / "sparse.dcm").open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    (tmp_path / "garbage.dcm").write_bytes(bytes(range(256)) * 64)
    ended = swf("check", str(tmp_path))
    assert ended.code == 2
    assert ended.out.count("not read at offset 0") == 2


def test_a_folder_of_a_run_is_clean(swf: Swf, tmp_path: Path) -> None:
    assert swf("run", "--sut", "none", "--out", str(tmp_path / "out"), "swf.scheduled").code == 0
    ended = swf("check", str(tmp_path / "out" / "evidence" / "payload"))
    assert ended.code == 0, ended.out
    assert "no known transaction" not in ended.out
    assert "held against each other" in ended.out


def test_a_page_is_written_beside_what_is_printed(swf: Swf, order: Path, tmp_path: Path) -> None:
    order.write_text(ORDER.replace("||SC||", "||XX||"))
    page = tmp_path / "checked.html"
    ended = swf("check", "--html", str(page), str(order))
    assert ended.code == 1
    assert "1 violated" in ended.out.splitlines()[-1]
    text = page.read_text()
    assert "<strong>ORC-5</strong>" in text
    assert "rad-4.orm-o01/ORC-5" in text


def test_a_page_that_cannot_be_written_is_said_in_a_line(swf: Swf, order: Path, tmp_path: Path) -> None:
    ended = swf("check", "--html", str(tmp_path / "no" / "folder.html"), str(order))
    assert ended.code == 3
    assert "cannot be written" in ended.err
