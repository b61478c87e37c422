"""Orthanc as a display and as a modality: its REST API is driven by the shipped hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.model.transcript import EventKind

if TYPE_CHECKING:
    from tests.products.conftest import Compare, Product, Runner

pytestmark = pytest.mark.product


def test_orthanc_as_an_image_display(driven_orthanc: Product, run: Runner, compare: Compare) -> None:
    scenarios = ["swf.scheduled", "pir.case-1", "swf.performed-differs"]
    compare(run(driven_orthanc.system_file(), scenarios=scenarios), "orthanc-display")


def test_orthanc_as_the_storage_of_a_modality(driven_orthanc: Product, run: Runner, compare: Compare) -> None:
    scenarios = ["swf.scheduled", "swf.commitment", "pir.merge-both-sides"]
    judged = run(driven_orthanc.system_file("orthanc-modality"), scenarios=scenarios)
    compare(judged, "orthanc-modality")
    assert judged.transcript is not None
    said = [event.facts["output"] for event in judged.transcript.events if event.kind is EventKind.HOOK]
    assert "4 images sent\n" in said
    assert "4 images asked for: Success\n" in said
