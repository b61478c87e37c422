"""Code maps and a site's procedure plan in system files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import SourceError
from harness.model.scenario import Code
from harness.scenario_files import ScenarioFiles

Write = Callable[..., Path]
NAME = "name: A system"


def mapped(write: Write, text: str) -> Path:
    """A system file whose code map says that of the service CT, beside the shipped plan."""
    write("procedures", name="default")
    return write("system", old=NAME, new=f"{NAME}\ncodes:\n  services:\n    {text}")


def test_a_code_map_is_read(write: Write, library: ScenarioFiles) -> None:
    text = "CT: {code: {value: 71250, scheme: C4, meaning: CT thorax}, station: CT_1, station_name: Room 1}"
    codes = library.system(str(mapped(write, text))).codes.services["CT"]
    assert codes.code == Code(value="71250", scheme="C4", meaning="CT thorax")
    assert (codes.station, codes.station_name, codes.protocol) == ("CT_1", "Room 1", ())


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("CTS: {modality: CT}", "4:10: unknown service `CTS`; did you mean `CT`?"),
        ("CT: {}", "nothing is said of it; leave the service out"),
        ("CT: {code: {value: '', scheme: C4, meaning: X}}", "value: `` does not have 1 to 16 characters"),
        ("CT: {code: {value: 1, meaning: X}}", "`scheme` is missing"),
        ("CT: {procedure: {value: 12345678901234567, scheme: C4, meaning: X}}", "does not have 1 to 16 characters"),
        ("CT: {modality: ct}", "4:20: modality: `ct` is not a modality code"),
        ("CT: {station: 'CT\\1'}", "station: `CT\\1` is not an AE title"),
        ("CT: {station_name: A room with a long name}", "station_name: `A room with a long name` has more than 16"),
        ("CT: {protocols: []}", "unknown key `protocols`; did you mean `protocol`?"),
    ],
)
def test_faults_of_a_code_map(write: Write, library: ScenarioFiles, text: str, fault: str) -> None:
    with pytest.raises(SourceError) as raised:
        library.system(str(mapped(write, text)))
    assert fault in str(raised.value)


SITE = """\
id: ours
default: CT
services:
  MR:
    service: {value: M1, scheme: 99OUR, meaning: MR}
    procedure: {value: M1, scheme: 99OUR, meaning: MR}
    description: MR
    with: [CT]
    steps:
      - {protocol: [], description: A, modality: MR, station_name: MR room}
      - {protocol: [], description: B, modality: MR}
"""


def site(write: Write, root: Path, text: str = SITE, more: str = "") -> Path:
    """A system file with a procedure plan of its own beside it, which leans on the shipped one."""
    write("procedures", name="default")
    path = write("system", old=NAME, new=f"{NAME}\nprocedures: ours.procedures.yaml\n{more}")
    (path.parent / "ours.procedures.yaml").write_text(text, encoding="utf-8")
    return path


def test_a_site_has_a_plan_of_its_own(write: Write, library: ScenarioFiles, root: Path) -> None:
    system = library.system(str(site(write, root)))
    assert system.site_plan is not None
    assert set(system.site_plan.services) == {"MR"}
    assert system.site_plan.services["MR"].steps[0].station_name == "MR room"


def test_a_code_map_may_name_a_service_of_the_sites_plan(write: Write, library: ScenarioFiles, root: Path) -> None:
    path = site(write, root, more="codes: {services: {MR: {station: MR_1}}}")
    assert library.system(str(path)).codes.services["MR"].station == "MR_1"


@pytest.mark.parametrize(
    ("text", "more", "fault"),
    [
        (SITE.replace("[CT]", "[CTX]"), "", "ours.procedures.yaml:8:12: unknown service `CTX`; did you mean `CT`?"),
        (SITE.replace("default: CT", "default: US"), "", "ours.procedures.yaml:2:10: unknown service `US`"),
        (SITE.replace("MR room", "A room with a long name"), "", "station_name: more than 16 characters"),
        (
            SITE,
            "codes: {services: {MR: {protocol: [{value: P, scheme: S, meaning: M}]}}}",
            "protocol: MR has 2 steps; say what each has in a plan of yours",
        ),
        (
            SITE,
            "codes: {services: {MR: {code: &a {value: P, scheme: S, meaning: M}}}}",
            "anchor",
        ),
        (
            SITE,
            "codes: {services: {MR: {code: {value: P, scheme: S, meaning: M}}, CT: {code: {value: P, scheme: S, "
            "meaning: N}}}}",
            "code: MR has the code `P`, too: an order of it could be either",
        ),
    ],
)
def test_faults_of_a_sites_plan(
    write: Write, library: ScenarioFiles, root: Path, text: str, more: str, fault: str
) -> None:
    with pytest.raises(SourceError) as raised:
        library.system(str(site(write, root, text, more)))
    assert fault in str(raised.value)


def test_what_only_the_harness_says_is_refused(write: Write, library: ScenarioFiles) -> None:
    path = write("system", old=NAME, new=f"{NAME}\nsite_plan: {{}}")
    with pytest.raises(SourceError, match=r"unknown key `site_plan`; did you mean `procedures`\?"):
        library.system(str(path))
    path = write("system", old=NAME, new=f"{NAME}\nprocedures: nowhere.yaml")
    write("procedures", name="default")
    with pytest.raises(SourceError, match="2:13: procedures: there is no file"):
        library.system(str(path))
