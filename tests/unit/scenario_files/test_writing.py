"""Writing a system file: every text survives, whatever it holds."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from harness.model.names import ActorName, PlayerName, TransactionId
from harness.model.system import Claim, DepartmentActor, DimseAddress, Hl7Address, Hook, System, SystemActor
from harness.scenario_files.writing import Remarks, scalar, system_text
from harness.wiring import workshop


@given(st.text(st.characters(exclude_categories=("Cs",)), min_size=0, max_size=40))
def test_a_text_is_read_as_it_was_written(text: str) -> None:
    assert yaml.safe_load(f"a: {scalar(text)}")["a"] == text


@pytest.mark.parametrize(
    "text", ["yes", "No", "null", "7.2", "0x10", "1e3", "2026-01-01", "~", "", "a: b", "[a]", " a"]
)
def test_no_text_becomes_something_else(text: str) -> None:
    assert yaml.safe_load(f"a: {scalar(text)}")["a"] == text


def test_what_needs_no_quotes_has_none() -> None:
    assert [scalar(text) for text in ("Our archive", "SWF.b", "192.0.2.10")] == ["Our archive", "SWF.b", "192.0.2.10"]


def test_a_system_is_read_as_it_was_written(tmp_path: Path) -> None:
    manager = ActorName("Image Manager")
    system = System(
        name=PlayerName("A # b"),
        version="1.0",
        claims=(Claim(profile="SWF.b", actors=(manager,), transactions=(TransactionId("RAD-8"),)),),
        actors={
            manager: SystemActor(
                dimse=DimseAddress(ae_title="A B", host="::1", port=104),
                hl7=Hl7Address(application="yes", facility="F}", port=2575),
                acts={
                    TransactionId("RAD-8"): Hook(command=("a.py", "b, c"), timeout=20.0),
                    TransactionId("RAD-10"): Hook(operator=""),
                    TransactionId("RAD-14"): Hook(http="http://127.0.0.1/a#b"),
                },
            )
        },
        department={
            ActorName("Modality"): DepartmentActor(ae_title="CT", port=11112, bind="0.0.0.0", advertise="192.0.2.20")
        },
    )
    path = tmp_path / "a.system.yaml"
    remarks = Remarks(
        titles={TransactionId("RAD-8"): "Stored"},
        options={"SWF.b": ["Modality Group Case"]},
        claimed={manager: [TransactionId("RAD-8")]},
        meetings={ActorName("Modality"): "calls it in RAD-8"},
    )
    path.write_text(system_text(system, remarks), encoding="utf-8")
    read = workshop().files.system(str(path))
    assert read.actors == system.actors
    assert read.department == system.department
    assert (read.name, read.version, read.claims, read.times) == (
        system.name,
        system.version,
        system.claims,
        system.times,
    )
