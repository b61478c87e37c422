"""`swf sheet`: what a product's administrator enters, on the terminal and in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

Swf = Any


def test_what_orthanc_has_to_know(swf: Swf) -> None:
    ended = swf("sheet", "--sut", "orthanc")
    assert ended.code == 0
    for known in ("SWF_MODALITY", "SWF_DISPLAY", "SWF_CREATOR", "SWF_REPORTER"):
        assert f"  {known} " in ended.out
    assert "port 11112" in ended.out
    assert "Image Manager: DICOM ORTHANC  127.0.0.1  port 4242" in ended.out


def test_a_scenario_narrows_the_sheet(swf: Swf) -> None:
    ended = swf("sheet", "--sut", "orthanc", "swf.commitment")
    assert "SWF_MODALITY" in ended.out
    assert "SWF_REPORTER" not in ended.out


def test_the_name_of_the_file_says_the_form(swf: Swf, tmp_path: Path) -> None:
    for name, first in (("a.csv", "product,row,actor"), ("a.html", "<!doctype html>"), ("a.txt", "For the")):
        ended = swf("sheet", "--sut", "orthanc", "--out", name)
        assert ended.code == 0
        assert ended.out == f"{name}: what to enter for Orthanc\n"
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(first)
    assert swf("sheet", "--sut", "orthanc", "--format", "csv").out.startswith("product,row,actor")


def test_what_does_not_fit_together_is_told(swf: Swf, system_file: Any, free_port: int) -> None:
    ended = swf("sheet", "--sut", system_file("Image Manager", free_port))
    assert ended.code == 2
    assert "! Product calls our Modality (RAD-10)" in ended.out
    ended = swf("sheet", "--sut", system_file("Image Manager", free_port), "--out", "a.html")
    assert ended.code == 2
    assert "to be mended first: Product calls our Modality (RAD-10)" in ended.err


def test_nobody_to_tell(swf: Swf, tmp_path: Path) -> None:
    assert swf("sheet", "--sut", "none").code == 3
    ended = swf("sheet", "--sut", "orthanc", "--out", str(tmp_path / "no" / "a.csv"))
    assert ended.code == 3
    assert "No such file or directory" in ended.err
