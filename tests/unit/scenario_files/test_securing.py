"""TLS in system files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import SourceError
from harness.model.tls import AUTHORITY, OURS, Badness, TlsFiles, TlsMode
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
        ([(NAME, f"{NAME}\ntls: {{certificate: own.pem}}")], "2:6: tls: `authorities` says whom we trust"),
    ],
)
def test_faults(write: Write, library: ScenarioFiles, beside: Path, changes: list[tuple[str, str]], text: str) -> None:
    path = changed(write("system"), *changes)
    with pytest.raises(SourceError) as fault:
        library.system(str(path))
    assert text in str(fault.value)


@pytest.fixture
def pki(beside: Path) -> Path:
    """A folder as `swf pki` makes it, as far as its names go."""
    names = [OURS, AUTHORITY, *(badness.names for badness in Badness)]
    for name in (name for one in names for name in (one.certificate, one.key)):
        (beside / "certs" / name).parent.mkdir(parents=True, exist_ok=True)
        (beside / "certs" / name).write_text("made for a test\n", encoding="utf-8")
    return beside / "certs"


def test_a_pki_stands_for_every_file(write: Write, library: ScenarioFiles, pki: Path) -> None:
    path = changed(write("system"), (PORT, f"{PORT}, tls: mutual"), (NAME, f"{NAME}\ntls: {{pki: certs}}"))
    assert library.system(str(path)).tls == TlsFiles(
        certificate=str(pki / "harness.pem"),
        key=str(pki / "harness.key"),
        authorities=str(pki / "ca.pem"),
        pki=str(pki),
    )


def test_what_is_named_beside_a_pki_comes_first(write: Write, library: ScenarioFiles, pki: Path) -> None:
    named = "tls: {pki: certs, certificate: own.pem, key: own.key, authorities: ca.pem}"
    path = changed(write("system"), (PORT, f"{PORT}, tls: mutual"), (NAME, f"{NAME}\n{named}"))
    files = library.system(str(path)).tls
    assert files == TlsFiles(**{key: str(pki.parent / name) for key, name in _NAMES.items()}, pki=str(pki))


@pytest.mark.parametrize("gone", ["bad/expired.pem", "bad/other-host.key", "harness.pem", "ca.pem"])
def test_a_pki_that_is_not_whole(write: Write, library: ScenarioFiles, pki: Path, gone: str) -> None:
    (pki / gone).unlink()
    path = changed(write("system"), (PORT, f"{PORT}, tls: mutual"), (NAME, f"{NAME}\ntls: {{pki: certs}}"))
    with pytest.raises(SourceError, match=r"2:12: .*there is no file") as fault:
        library.system(str(path))
    assert gone in str(fault.value)


def test_a_pki_of_a_hospital_has_no_files_of_ours(write: Write, library: ScenarioFiles, pki: Path) -> None:
    for name in ("harness.pem", "harness.key", "ca.pem"):
        (pki / name).unlink()
    named = "tls: {pki: certs, certificate: own.pem, key: own.key, authorities: ca.pem}"
    path = changed(write("system"), (PORT, f"{PORT}, tls: mutual"), (NAME, f"{NAME}\n{named}"))
    assert library.system(str(path)).tls is not None


def test_one_side_alone_needs_authorities_alone(write: Write, library: ScenarioFiles, beside: Path) -> None:
    path = changed(write("system"), (NAME, f"{NAME}\ntls: {{authorities: ca.pem}}"), (PORT, f"{PORT}, tls: server"))
    system = library.system(str(path))
    assert system.tls == TlsFiles(authorities=str(beside / "ca.pem"))
