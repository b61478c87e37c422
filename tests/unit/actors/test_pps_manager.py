"""The PPS Manager relays what it accepted, unchanged, in order, to both receivers, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from pydicom.dataset import Dataset

from actors.objects.copying import put
from actors.pps_manager import PpsManager
from harness.errors import NoResponse, Unreachable
from harness.model.profile import Service


def dataset(status: str) -> Dataset:
    ds = Dataset()
    put(ds, "PerformedProcedureStepStatus", status)
    put(ds, "PatientID", "P1")
    return ds


def relayed(department: Any) -> list[tuple[str, str, str, str]]:
    return [(one.transaction, one.to, one.service.value, one.sop_instance) for one in department.asked]


def test_accepted_steps_are_relayed_after_the_answer(department: Any, dimse: Any) -> None:
    manager = department.play(PpsManager)
    create, change = dataset("IN PROGRESS"), dataset("COMPLETED")
    assert manager.n_create(dimse(Service.N_CREATE, create, "1.1", calling_ae="MODALITY")).status == 0
    assert manager.n_set(dimse(Service.N_SET, change, "1.1", calling_ae="MODALITY")).status == 0
    assert relayed(department) == []
    department.settle()
    assert relayed(department) == [
        ("RAD-6", "Order Filler", "N-CREATE", "1.1"),
        ("RAD-6", "Image Manager", "N-CREATE", "1.1"),
        ("RAD-7", "Order Filler", "N-SET", "1.1"),
        ("RAD-7", "Image Manager", "N-SET", "1.1"),
    ]
    assert [one.dataset for one in department.asked] == [create, create, change, change]


def test_refused_steps_are_not_relayed(department: Any, dimse: Any) -> None:
    manager = department.play(PpsManager)
    assert manager.n_create(dimse(Service.N_CREATE, dataset("COMPLETED"), "1.1")).status == 0x0106
    assert manager.n_set(dimse(Service.N_SET, dataset("COMPLETED"), "1.1")).status == 0x0112
    department.settle()
    assert relayed(department) == []


def test_an_evidence_creators_steps_are_other_transactions(department: Any, dimse: Any) -> None:
    manager = department.play(PpsManager)
    manager.n_create(dimse(Service.N_CREATE, dataset("IN PROGRESS"), "1.1", calling_ae="EVIDENCE_CREATOR"))
    manager.n_set(dimse(Service.N_SET, dataset("COMPLETED"), "1.1", calling_ae="EVIDENCE_CREATOR"))
    department.settle()
    assert [one.transaction for one in department.asked] == ["RAD-20", "RAD-20", "RAD-21", "RAD-21"]


def test_one_receiver_that_is_down_does_not_keep_it_from_the_other(department: Any, dimse: Any) -> None:
    manager = department.play(PpsManager)
    department.failing["Order Filler"] = Unreachable("down")
    manager.n_create(dimse(Service.N_CREATE, dataset("IN PROGRESS"), "1.1"))
    first, second = department.worlds["PPS Manager"].reactions
    with pytest.raises(Unreachable):
        first()
    second()
    assert relayed(department) == [("RAD-6", "Image Manager", "N-CREATE", "1.1")]


def test_what_a_receiver_missed_while_it_was_down_goes_before_what_comes_later(department: Any, dimse: Any) -> None:
    manager = department.play(PpsManager)
    department.failing["Order Filler"] = Unreachable("down")
    manager.n_create(dimse(Service.N_CREATE, dataset("IN PROGRESS"), "1.1"))
    with pytest.raises(Unreachable):
        department.worlds["PPS Manager"].reactions.pop(0)()
    del department.failing["Order Filler"]
    manager.n_set(dimse(Service.N_SET, dataset("COMPLETED"), "1.1"))
    department.settle()
    assert [one for one in relayed(department) if one[1] == "Order Filler"] == [
        ("RAD-6", "Order Filler", "N-CREATE", "1.1"),
        ("RAD-7", "Order Filler", "N-SET", "1.1"),
    ]


def test_what_may_have_come_is_not_sent_again(department: Any, dimse: Any) -> None:
    manager = department.play(PpsManager)
    department.failing["Order Filler"] = NoResponse("no answer")
    manager.n_create(dimse(Service.N_CREATE, dataset("IN PROGRESS"), "1.1"))
    with pytest.raises(NoResponse):
        department.worlds["PPS Manager"].reactions.pop(0)()
    del department.failing["Order Filler"]
    manager.n_set(dimse(Service.N_SET, dataset("COMPLETED"), "1.1"))
    department.settle()
    assert [one[2] for one in relayed(department) if one[1] == "Order Filler"] == ["N-SET"]


def test_who_is_not_there_is_left_out(department: Any, dimse: Any) -> None:
    manager = department.play(PpsManager)
    department.present = ("PPS Manager", "Image Manager")
    manager.n_create(dimse(Service.N_CREATE, dataset("IN PROGRESS"), "1.1"))
    department.settle()
    assert relayed(department) == [("RAD-6", "Image Manager", "N-CREATE", "1.1")]
