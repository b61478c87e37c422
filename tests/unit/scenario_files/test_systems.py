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
        ("{command: [do, it]}", "{}", "a hook has exactly one of a command, an http address and an operator"),
        (
            "command: [do, it]",
            'command: [do], http: "http://x"',
            "a hook has exactly one of a command, an http address and an operator",
        ),
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


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("PPS Exception Management", ""),
        ("PPS Exceptions Management", "2:60: unknown option of SWF `PPS Exceptions Management`; did you mean `PPS Exc"),
        ("Broad Query", "2:60: `Broad Query` is an option of Modality, and of no actor of this claim"),
    ],
)
def test_an_option_is_one_of_the_profile_and_of_a_claimed_actor(
    write: Write, library: ScenarioFiles, option: str, text: str
) -> None:
    path = write("system", old="[Image Manager]}", new=f"[Image Manager], options: [{option}]}}")
    if not text:
        assert library.system(str(path)).claims[0].options == (option,)
        return
    with pytest.raises(SourceError) as caught:
        library.system(str(path))
    assert text in str(caught.value)


ATTESTED = """name: A system
attestations:
  - requirement: "rad-8.store/*"
    statement: The disk is emptied by hand
    by: HIS team
    date: "2026-05-04"
"""


def test_what_no_recording_can_show_is_attested(write: Write, library: ScenarioFiles) -> None:
    (stated,) = library.system(str(write("system", old="name: A system\n", new=ATTESTED))).attestations
    assert (stated.requirement, stated.by, stated.date) == ("rad-8.store/*", "HIS team", "2026-05-04")


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("rad-8.store/*", "rad-8.store/keep", "3:18: no requirement is called `rad-8.store/keep`; did you mean"),
        ("rad-8.store/*", "mwl-request/*", "3:18: `mwl-request/PatientID` is tested by a check: only what no"),
        ("HIS team", '""', "5:9: by: an attestation has a statement, and somebody who makes it"),
        ("The disk is emptied by hand", '" "', "4:16: statement: an attestation has a statement"),
        ("2026-05-04", "4.5.2026", "6:11: date: `4.5.2026` is not a day written YYYY-MM-DD"),
        ("statement:", "statment:", "unknown key `statment`; did you mean `statement`?"),
    ],
)
def test_faults_of_an_attestation(write: Write, library: ScenarioFiles, old: str, new: str, text: str) -> None:
    assert old in ATTESTED
    path = write("system", old="name: A system\n", new=ATTESTED.replace(old, new))
    with pytest.raises(SourceError) as caught:
        library.system(str(path))
    assert text in str(caught.value)
