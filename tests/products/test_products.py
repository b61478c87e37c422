"""Every scenario against the products that are installed here, compared with verdicts written by hand.

`expected/*.yaml` says for each step what the product deserves, and why. Such a file is changed by a person who has
looked at the recording, or not at all.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.model.names import PlayerName
from harness.model.transcript import EventKind
from harness.model.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.products.conftest import Compare, Product, Runner

pytestmark = pytest.mark.product


def test_orthanc_claimed_for_what_it_offers(orthanc: Product, run: Runner, compare: Compare) -> None:
    judged = run(orthanc.system_file())
    compare(judged, "orthanc")
    scheduled = next(step for play in judged.plays for step in play.steps if step.step == "scheduled")
    assert scheduled.reason == "Orthanc does not claim RAD-4 of Image Manager: not tested, a stand-in plays it"


def test_orthanc_claimed_as_a_whole_image_manager(orthanc: Product, run: Runner, compare: Compare) -> None:
    compare(run(orthanc.system_file("orthanc-full")), "orthanc-full")


def test_orthanc_is_asked_at_every_level_and_by_an_evidence_creator(
    orthanc: Product, run: Runner, compare: Compare
) -> None:
    scenarios = ["swf.query-levels", "swf.retrieve", "swf.evidence"]
    compare(run(orthanc.system_file(), scenarios=scenarios), "orthanc-queries")


def test_orthanc_that_does_not_know_where_to_move(open_orthanc: Product, run: Runner, compare: Compare) -> None:
    compare(run(open_orthanc.system_file(), scenarios=["swf.scheduled"]), "orthanc-unknown-destination")


def test_orthanc_keeps_objects_of_every_kind(orthanc: Product, run: Runner, compare: Compare) -> None:
    compare(run(orthanc.system_file(), scenarios=["swf.sop-classes"]), "orthanc-objects")


def test_dcmqrscp_as_an_archive(archive: Product, run: Runner, compare: Compare) -> None:
    compare(
        run(archive.system_file(), scenarios=["swf.scheduled", "swf.retrieve", "pir.case-1", "swf.evidence"]),
        "dcmtk-archive",
    )


def test_storescp_as_the_receiver_of_an_image_manager(receiver: Product, run: Runner, compare: Compare) -> None:
    compare(run(receiver.system_file(), scenarios=["swf.scheduled", "swf.sop-classes"]), "dcmtk-receiver")


def test_a_bridge_as_the_hl7_side_of_an_archive_and_a_repository(
    bridge: Product, run: Runner, compare: Compare
) -> None:
    scenarios = ["swf.changed-by-placer", "pir.case-1", "rep.basic", "neg.hl7-malformed"]
    compare(run(bridge.system_file(), scenarios=scenarios), "hl7v2-fhir-bridge")


def test_wlmscpfs_as_the_worklist_of_an_order_filler(worklist: Product, run: Runner, compare: Compare) -> None:
    compare(run(worklist.system_file()), "dcmtk-worklist")


def test_the_worklist_of_orthanc(orthanc_worklist: Product, run: Runner, compare: Compare) -> None:
    compare(run(orthanc_worklist.system_file(), scenarios=["swf.scheduled", "swf.mpps-states"]), "orthanc-worklist")


def test_wlmscpfs_is_asked_with_every_combination_of_keys(worklist: Product, run: Runner, compare: Compare) -> None:
    scenarios = ["swf.worklist-patient-based", "swf.worklist-broad"]
    compare(run(worklist.system_file(), scenarios=scenarios), "dcmtk-worklist-queries")


def test_orthanc_over_tls(secured_orthanc: Product, run: Runner, compare: Compare) -> None:
    judged = run(
        secured_orthanc.system_file(), scenarios=["swf.scheduled", "sec.tls-dicom-callers", "sec.tls-dicom-reports"]
    )
    compare(judged, "orthanc-tls")
    assert judged.transcript is not None
    links = [link for link in judged.transcript.links if link.peer.port == secured_orthanc_port(secured_orthanc)]
    assert {link.facts.get("tls") for link in links if not link.facts.get("misuse")} == {"TLSv1.3"}


def secured_orthanc_port(product: Product) -> int:
    return int(product.changes["port: 4242"].partition("port: ")[2].partition(",")[0])


def test_storescp_over_tls(secured_receiver: Product, run: Runner, compare: Compare) -> None:
    compare(run(secured_receiver.system_file(), scenarios=["sec.tls-dicom-callers"]), "dcmtk-receiver-tls")


def test_storescu_sends_nothing_to_a_bad_listener(
    storescu: Product, secured_tools: Callable[[Product], Product], run: Runner, compare: Compare
) -> None:
    product = secured_tools(storescu)
    compare(run(product.system_file(), scenarios=["sec.tls-dicom-listeners"]), "dcmtk-modality-tls")


def test_findscu_asks_nothing_of_a_bad_listener(
    display: Product, secured_tools: Callable[[Product], Product], run: Runner, compare: Compare
) -> None:
    product = secured_tools(display)
    compare(run(product.system_file(), scenarios=["sec.tls-dicom-listeners"]), "dcmtk-display-tls")


def test_pylantir_as_the_worklist_of_an_order_filler(
    pylantir: Product, run: Runner, compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(pylantir.folder)
    compare(run(pylantir.system_file(), scenarios=["swf.scheduled"]), "pylantir")


def test_pylantir_takes_performed_steps(pylantir: Product, run: Runner, compare: Compare) -> None:
    compare(
        run(pylantir.system_file("pylantir-steps"), scenarios=["swf.scheduled", "swf.mpps-states"]), "pylantir-steps"
    )


def test_storescu_as_the_storage_of_a_modality(storescu: Product, run: Runner, compare: Compare) -> None:
    compare(run(storescu.system_file()), "dcmtk-modality")


def test_findscu_and_movescu_as_an_image_display(display: Product, run: Runner, compare: Compare) -> None:
    compare(run(display.system_file(), scenarios=["swf.scheduled", "pir.case-1"]), "dcmtk-display")


def test_what_passes_between_two_products_is_not_observable(
    orthanc: Product, display: Product, run: Runner, compare: Compare
) -> None:
    judged = run(orthanc.system_file(), display.system_file(), scenarios=["swf.scheduled", "pir.case-1"])
    compare(judged, "orthanc+dcmtk-display")
    assert judged.plan.lost == (
        "RAD-14 Image Display -> Image Manager: not observable, between DCMTK display and Orthanc",
        "RAD-16 Image Display -> Image Manager: not observable, between DCMTK display and Orthanc",
        "RAD-16 Image Manager -> Image Display: not observable, between Orthanc and DCMTK display",
    )
    assert judged.transcript is not None
    assert [event.facts["output"].strip() for event in judged.transcript.events if event.kind is EventKind.HOOK] == [
        "4 images found",
        "1 studies retrieved",
        "2 images found",
        "2 images found",
        "1 studies retrieved",
    ]


def test_what_one_product_stores_in_the_other_is_not_observable(
    storescu: Product, orthanc: Product, run: Runner, compare: Compare
) -> None:
    judged = run(storescu.system_file(), orthanc.system_file(), scenarios=["swf.scheduled", "swf.commitment"])
    compare(judged, "dcmtk-modality+orthanc")
    assert judged.plan.lost == ("RAD-8 Modality -> Image Manager: not observable, between DCMTK storescu and Orthanc",)


def test_two_products_that_never_meet(worklist: Product, orthanc: Product, run: Runner, compare: Compare) -> None:
    suts = (worklist.system_file(), orthanc.system_file())
    compare(run(*suts, scenarios=["swf.scheduled"]), "dcmtk-worklist+orthanc")


def test_steps_are_taken_beside_an_archive(pylantir: Product, orthanc: Product, run: Runner, compare: Compare) -> None:
    suts = (pylantir.system_file("pylantir-steps"), orthanc.system_file())
    compare(run(*suts, scenarios=["swf.scheduled"]), "pylantir-steps+orthanc")


def test_a_display_of_dcmtk_uses_its_archive(archive: Product, display: Product, run: Runner, compare: Compare) -> None:
    suts = (archive.system_file(), display.system_file())
    compare(run(*suts, scenarios=["swf.scheduled"]), "dcmtk-archive+dcmtk-display")


def test_a_display_without_its_tools_is_inconclusive(
    display: Product, run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DCMTK_BIN", str(tmp_path))
    judged = run(display.system_file(), scenarios=["swf.scheduled"])
    verdicts = {str(step.step): step.verdicts.get(PlayerName("DCMTK display")) for step in judged.plays[0].steps}
    assert (verdicts["found"], verdicts["retrieved"]) == (Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE)
    assert judged.exit_code == 2


def test_the_command_that_the_guide_gives(orthanc: Product, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "harness.cli", "run", "--sut", str(orthanc.system_file()), "swf.scheduled"]
    done = subprocess.run(
        [*command, "--out", "report"],
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for said in ("Orthanc", "SWF.b Image Manager", "RAD-8", "RAD-10", "RAD-14", "RAD-16", "exit code 0"):
        assert said in done.stdout
    assert (tmp_path / "report" / "report.html").is_file()
