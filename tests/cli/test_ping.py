"""`swf ping`: for each link in plain words whether it works, and whose side it is on when it does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Swf = Any


def archive(tmp_path: Path, *, title: str, dimse: int, hl7: int = 0) -> str:
    """A system file of an archive with different ports for its links."""
    path = tmp_path / "archive.system.yaml"
    hl7_line = f"    hl7: {{application: PACS, facility: HOSP, port: {hl7}}}\n" if hl7 else ""
    path.write_text(
        f"""\
name: Archive
claims:
  - {{profile: SWF.b, actors: [Image Manager]}}
actors:
  Image Manager:
    dimse: {{ae_title: {title}, port: {dimse}}}
{hl7_line}times: {{answer: 1}}
""",
        encoding="utf-8",
    )
    return str(path)


def test_a_system_that_works(swf: Swf) -> None:
    ended = swf("ping", "--sut", "reference")
    assert ended.code == 0
    assert "FAIL" not in ended.out
    assert "Image Manager: DICOM REF_IMAG_MANA at 127.0.0.1:" in ended.out
    assert "C-ECHO answered with 0000" in ended.out
    assert "accepts connections (no message was sent)" in ended.out
    assert "-     reference: ADT: DICOM REF_ADT: only calls, is never called: nothing to try" in ended.out


def test_nothing_listens(swf: Swf, system_file: Callable[..., str], free_port: int) -> None:
    ended = swf("ping", "--sut", system_file("Image Manager", free_port))
    assert ended.code == 2
    lines = ended.out.splitlines()
    assert len(lines) == 2
    for line in lines:
        assert line.startswith("FAIL  Product: Image Manager: ")
        assert f"127.0.0.1:{free_port}" in line
        assert "Nothing listens there: is Product running, and are host and port in the system file right?" in line


def test_another_ae_title_than_its_own(swf: Swf, standalone: Any, tmp_path: Path) -> None:
    port = standalone.actors["Image Manager"]["dimse"]["port"]
    ended = swf("ping", "--sut", archive(tmp_path, title="NOT_ITS_OWN", dimse=port))
    assert ended.code == 2
    assert "Called AE title not recognised" in ended.out
    assert "check that it knows the calling AE title SWF_MODALITY" in ended.out


def test_a_port_that_does_not_speak_dicom(swf: Swf, standalone: Any, tmp_path: Path) -> None:
    addresses = standalone.actors["Image Manager"]
    path = archive(tmp_path, title="PACS", dimse=addresses["hl7"]["port"], hl7=addresses["dimse"]["port"])
    ended = swf("ping", "--sut", path)
    assert ended.code == 2
    assert "does not speak this protocol, or is too slow: check the port" in ended.out


def test_a_system_that_says_nothing(swf: Swf, mute: Any, tmp_path: Path) -> None:
    ended = swf("ping", "--sut", archive(tmp_path, title="PACS", dimse=mute.port))
    assert ended.code == 2
    assert "no answer to the association request within 1 s" in ended.out
    assert "Traceback" not in ended.out + ended.err


def test_a_system_with_nothing_to_try_says_so(swf: Swf) -> None:
    ended = swf("ping", "--sut", "dcmtk-modality")
    assert ended.code == 0
    assert "nothing to try" in ended.out
