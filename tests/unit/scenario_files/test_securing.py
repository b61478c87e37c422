"""TLS in system files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import SourceError
from harness.model.tls import TlsFiles, TlsMode
from harness.scenario_files import ScenarioFiles

Write = Callable[..., Path]
PORT, NAME, TOLD = "port: 4242", "name: A system", "port: 11112"
FILES = "tls: {certificate: own.pem, key: own.key, authorities: ca.pem}"


@pytest.fixture
def beside(root: Path) -> Path:
    """The folder of system files, with the files of our side in it."""
    folder = root / "systems"
    folder.mkdir()
    for name in ("own.pem", "own.key", "ca.pem"):
        (folder / name).write_text("made for a test\n", encoding="utf-8")
    return folder


def changed(path: Path, *changes: tuple[str, str]) -> Path:
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    return path


def test_files_lie_beside_the_system_file(write: Write, library: ScenarioFiles, beside: Path) -> None:
    path = changed(
        write("system"),
        (PORT, f"{PORT}, tls: mutual"),
        (NAME, f"{NAME}\n{FILES}"),
        (TOLD, f"{TOLD}, tls: server"),
    )
    system = library.system(str(path))
    files = TlsFiles(**{key: str(beside / name) for key, name in _NAMES.items()})
    address = system.actors["Image Manager"].dimse  # type: ignore[index]
    assert address is not None
    assert (address.tls, address.tls_files) == (TlsMode.MUTUAL, files)
    assert system.tls == files
    assert system.department["Modality"].tls is TlsMode.SERVER  # type: ignore[index]


_NAMES = {"certificate": "own.pem", "key": "own.key", "authorities": "ca.pem"}


def test_a_link_is_secured_as_its_actor_is(write: Write, library: ScenarioFiles, beside: Path) -> None:
    link = "offers: [RAD-8]\n    links: {RAD-8: {dimse: {port: 4243}}}"
    path = changed(
        write("system"), (PORT, f"{PORT}, tls: mutual"), (NAME, f"{NAME}\n{FILES}"), ("offers: [RAD-8]", link)
    )
    other = library.system(str(path)).actors["Image Manager"].links["RAD-8"].dimse  # type: ignore[index]
    assert other is not None
    assert (other.port, other.tls) == (4243, TlsMode.MUTUAL)
    assert other.tls_files is not None


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ([(PORT, f"{PORT}, tls: mutual")], "5:66: tls: with what?"),
        ([(PORT, f"{PORT}, tls: mutal")], "`mutal` is not a valid value; did you mean `mutual`?"),
        ([(PORT, f"{PORT}, tls: true")], "`true` is not a valid value; known: mutual, none, server"),
        ([(PORT, f"{PORT}, tls_files: {{}}")], "unknown key `tls_files`; did you mean `tls`?"),
        ([(NAME, f"{NAME}\n{FILES}")], "2:6: tls: nothing is secured with it"),
        (
            [(NAME, f"{NAME}\n{FILES.replace('ca.pem', 'co.pem')}"), (PORT, f"{PORT}, tls: mutual")],
            "2:56: authorities: there is no file",
        ),
        (
            [(NAME, f"{NAME}\ntls: {{authorities: ca.pem}}"), (PORT, f"{PORT}, tls: mutual")],
            "tls: mutual needs a `certificate` and a `key` of ours",
        ),
        (
            [(NAME, f"{NAME}\ntls: {{authorities: ca.pem}}"), (TOLD, f"{TOLD}, tls: server")],
            "tls: server needs a `certificate` and a `key` of ours",
        ),
        (
            [(NAME, f"{NAME}\ntls: {{authorities: ca.pem, key: own.key}}"), (PORT, f"{PORT}, tls: server")],
            "tls: `certificate` and `key` belong together",
        ),
        ([(NAME, f"{NAME}\ntls: {{certificate: own.pem}}")], "`authorities` is missing"),
    ],
)
def test_faults(write: Write, library: ScenarioFiles, beside: Path, changes: list[tuple[str, str]], text: str) -> None:
    path = changed(write("system"), *changes)
    with pytest.raises(SourceError) as fault:
        library.system(str(path))
    assert text in str(fault.value)


def test_one_side_alone_needs_authorities_alone(write: Write, library: ScenarioFiles, beside: Path) -> None:
    path = changed(write("system"), (NAME, f"{NAME}\ntls: {{authorities: ca.pem}}"), (PORT, f"{PORT}, tls: server"))
    system = library.system(str(path))
    assert system.tls == TlsFiles(authorities=str(beside / "ca.pem"))
