"""Addresses, versions and times of single transactions, and the active PPS Manager, from files."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import SourceError
from harness.model.names import ActorName, TransactionId
from harness.model.system import DimseAddress, Hl7Address, Party, System
from harness.scenario_files import ScenarioFiles

TEXT = """\
name: RIS
claims: [{profile: SWF.b, actors: [Order Filler]}]
actors:
  Order Filler:
    dimse: {ae_title: RIS, host: ris.example, port: 104}
    hl7: {application: RIS, facility: RAD, host: ris.example, port: 2575}
    links:
      RAD-1: {hl7: {port: 2576, version: 2.3.1}}
      RAD-5: {dimse: {ae_title: RIS_MWL, port: 105}}
times: {answer: 5, transactions: {RAD-1: {act: 300}}}
pps_manager: simulated
"""
FILLER, PATIENTS, WORKLIST = ActorName("Order Filler"), TransactionId("RAD-1"), TransactionId("RAD-5")


def _load(library: ScenarioFiles, folder: Path, old: str = "", new: str = "") -> System:
    assert old in TEXT
    path = folder / "ris.system.yaml"
    path.write_text(TEXT.replace(old, new, 1) if old else TEXT, encoding="utf-8")
    return library.system(str(path))


def _party(system: System) -> Party:
    party = system.party(FILLER)
    assert party is not None
    return party


def test_what_a_link_leaves_out_is_the_actors_own(library: ScenarioFiles, tmp_path: Path) -> None:
    party = _party(_load(library, tmp_path))
    assert party.at(WORKLIST).dimse == DimseAddress(ae_title="RIS_MWL", host="ris.example", port=105)
    assert party.at(WORKLIST).hl7 == party.hl7
    patients = Hl7Address(application="RIS", facility="RAD", host="ris.example", port=2576, version="2.3.1")
    assert party.at(PATIENTS).hl7 == patients
    assert party.at(PATIENTS).dimse == party.dimse
    assert party.at(TransactionId("RAD-6")) == Party(
        actor=FILLER, player=party.player, dimse=party.dimse, hl7=party.hl7
    )


def test_a_party_is_known_by_each_of_its_titles(library: ScenarioFiles, tmp_path: Path) -> None:
    party = _party(_load(library, tmp_path))
    called = party.called("RIS_MWL")
    assert called is not None
    assert called.dimse is not None
    assert called.dimse.port == 105
    assert party.called("RIS") is party
    assert party.called("OTHER") is None


def test_a_link_may_have_an_address_that_the_actor_has_not(library: ScenarioFiles, tmp_path: Path) -> None:
    system = _load(library, tmp_path, "    dimse: {ae_title: RIS, host: ris.example, port: 104}\n", "")
    assert _party(system).dimse is None
    assert _party(system).at(WORKLIST).dimse == DimseAddress(ae_title="RIS_MWL", host="127.0.0.1", port=105)


def test_times_of_a_transaction_go_before_the_general_ones(library: ScenarioFiles, tmp_path: Path) -> None:
    times = _load(library, tmp_path).times
    assert (times.of(PATIENTS).act, times.of(PATIENTS).answer) == (300, 5)
    assert times.of(WORKLIST).act == times.act == 20


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("RAD-5: {dimse", "RAD-55: {dimse", "9:15: unknown transaction `RAD-55`; did you mean `RAD-5`?"),
        ("RAD-5: {dimse", "RAD-8: {dimse", "9:14: Order Filler takes no part in RAD-8; those who do: Modality, Image"),
        (
            "RAD-1: {hl7: {port: 2576, version: 2.3.1}}",
            "RAD-1: {dimse: {port: 1}}",
            "has no DICOM link in RAD-1",
        ),
        ("{dimse: {ae_title: RIS_MWL, port: 105}}", "{}", "9:14: a link of RAD-5 has another `dimse` or `hl7` address"),
        ("{ae_title: RIS_MWL, port: 105}", "{prot: 105}", "unknown key `prot`; did you mean `port`?"),
        ("port: 105", "port: 70000", "9:48: port: 70000 is not a TCP port"),
        ("RIS_MWL", "RIS_MODALITY_WORKLIST", "9:33: ae_title: `RIS_MODALITY_WORKLIST` is not 1 to 16 ASCII"),
        ("version: 2.3.1", "version: 2.31", "8:42: unknown HL7 version `2.31`; did you mean `2.3.1`?"),
        ("port: 2575}", 'port: 2575, version: "2.5"}', "unknown HL7 version `2.5`; did you mean `2.5.1`?"),
        ("{act: 300}", "{act: 0}", "10:48: act: 0.0 is not a time in seconds"),
        ("{act: 300}", "{settle: 1}", "unknown key `settle`"),
        ("{RAD-1: {act", "{RAD-11: {act", "unknown transaction `RAD-11`; did you mean `RAD-1`?"),
        ("simulated", "Simulated", "11:14: unknown actor of this system `Simulated`; did you mean `simulated`?"),
        (
            "simulated",
            "Order Filler",
            "11:14: pps_manager: no claim names the PPS Manager; claim it, or say `simulated`",
        ),
    ],
)
def test_faults(library: ScenarioFiles, tmp_path: Path, old: str, new: str, text: str) -> None:
    with pytest.raises(SourceError) as caught:
        _load(library, tmp_path, old, new)
    assert text in str(caught.value)


def test_a_fault_of_the_actors_address_is_told_once(library: ScenarioFiles, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        _load(library, tmp_path, "host: ris.example, port: 104", "host: , port: 104")
    assert str(caught.value).count("an address has a host") == 1
