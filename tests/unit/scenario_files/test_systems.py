"""Systems under test from files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import InputError, SourceError
from harness.scenario_files import Kind, ScenarioFiles, find

Write = Callable[..., Path]


def test_a_system_is_found_by_name_and_by_path(write: Write, library: ScenarioFiles) -> None:
    path = write("system", name="archive")
    system = library.system("archive")
    assert system == library.system(str(path))
    assert system.path == str(path)
    assert system.actors["Image Manager"].dimse is not None  # type: ignore[index]
    assert library.systems() == (system,)


def test_the_nearest_system_is_named(write: Write, library: ScenarioFiles) -> None:
    write("system", name="archive")
    with pytest.raises(InputError, match=r"no system is called `archiv`; did you mean `archive`\?"):
        library.system("archiv")
    with pytest.raises(InputError, match="there is no such file"):
        library.system("folder/archive.system.yaml")


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("profile: SWF", "profile: SFW", "2:20: unknown profile `SFW`; did you mean `SWF`?"),
        ("[Image Manager]", "[Image Manger]", "unknown actor `Image Manger`; did you mean `Image Manager`?"),
        ("[Image Manager]", "[Order Placer]", "unknown actor of SWF `Order Placer`"),
        ("[Image Manager]", "[]", "a claim names at least one actor"),
        ("[{profile: SWF, actors: [Image Manager]}]", "[]", "a system claims at least one actor"),
        ("[Image Manager]}", "[Image Manager], transactions: [RAD-99]}", "unknown transaction `RAD-99`"),
        ("  Image Manager:", "  Image Manager of ours:", "unknown actor `Image Manager of ours`; did you mean"),
        ("offers: [RAD-8]", "offers: [RAD-88]", "6:14: unknown transaction `RAD-88`; did you mean `RAD-8`?"),
        ("RAD-10: {command", "RAD-100: {command", "unknown transaction `RAD-100`; did you mean `RAD-10`?"),
        ("{command: [do, it]}", "{}", "a hook has either a command or an http address"),
        ("command: [do, it]", 'command: [do], http: "http://x"', "a hook has either a command or an http address"),
        ("port: 4242", "port: 99999", "99999 is not a TCP port"),
        ("port: 11112", "port: -1", "-1 is not a TCP port"),
        ("ARCHIVE", "ARCHIVE-OF-EVERYTHING", "is not 1 to 16 ASCII characters"),
        ("SWF_MOD", '"  "', "is not 1 to 16 ASCII characters"),
        ("  Modality:", "  Modalities:", "unknown actor `Modalities`; did you mean `Modality`?"),
        ("name: A system", "name: A system\ntimes: {answer: 0}", "answer: 0.0 is not a time in seconds"),
        ("name: A system", "name: A system\ntimes: {act: nan}", "act: nan is not a time in seconds"),
        ("name: A system", "name: A system\ntimes: {settle: -1}", "settle: -1.0 is not a time in seconds"),
        ("name: A system", "name: A system\npath: x", "unknown key `path`"),
        ("name: A system", "name: A system\nversion: 1.10\nlaunch: me", "`me` is not a valid value; known: reference"),
    ],
)
def test_faults_of_a_system(write: Write, library: ScenarioFiles, old: str, new: str, text: str) -> None:
    path = write("system", old=old, new=new)
    with pytest.raises(SourceError) as caught:
        library.system(str(path))
    assert text in str(caught.value)


def test_versions_stay_texts(write: Write, library: ScenarioFiles) -> None:
    write("system", old="name: A system", new="name: A system\nversion: 1.10")
    assert library.system("plain").version == "1.10"


def test_two_files_of_one_name_are_refused(write: Write, root: Path) -> None:
    write("system")
    write("system", folder="swf")
    with pytest.raises(InputError, match=r"two files are called plain\.system\.yaml"):
        find(Kind.SYSTEM, "plain", root)
