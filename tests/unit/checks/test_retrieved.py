from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGBaseline8Bit

from harness.checks import move_results, retrieved, stored
from harness.dicom import edit
from harness.model.profile import Service

MOVE = "StudyRootQueryRetrieveInformationModelMove"
PIXELS = np.arange(4, dtype="<u2") * 300


class Archive:
    """Records an image that is stored and retrieved, perhaps in another transfer syntax."""

    def __init__(self, recording: Any, tools: Any) -> None:
        self.rec = recording()
        self.tools = tools

    def image(self, pixels: Any = PIXELS, **more: object) -> Dataset:
        made = self.tools.dataset(
            SOPInstanceUID="1.7.1",
            StudyInstanceUID="1.2",
            SeriesInstanceUID="1.2.1",
            PatientName="LINDGREN^ASTA",
            SamplesPerPixel=1,
            PhotometricInterpretation="MONOCHROME2",
            Rows=2,
            Columns=2,
            BitsAllocated=16,
            BitsStored=16,
            HighBit=15,
            PixelRepresentation=0,
            PixelData=pixels.tobytes(),
            **more,
        )
        made["PixelData"].VR = "OW"
        return made

    def send(self, transaction: str, leg: str, image: Dataset, syntax: str, status: int = 0) -> None:
        known = next((one for one in self.rec.legs if (one.transaction, one.leg) == (transaction, leg)), None)
        opened = known or self.rec.leg(transaction, leg, transaction.lower())
        view = self.rec.dimse(
            opened, Service.C_STORE, image, [(status, None)], sop_class="CTImageStorage", instance="1.7.1"
        )
        command = replace(view.exchange.request.command, transfer_syntax=syntax)
        payload = self.rec._dicom(image, command)
        request = replace(view.exchange.request, command=command, payload=payload)
        opened.exchanges[-1] = replace(view, exchange=replace(view.exchange, request=request))

    def play(
        self, copy: Dataset, syntax: str = ExplicitVRLittleEndian, original: Dataset | None = None, **of_copy: Any
    ) -> Any:
        self.send("RAD-8", "store", original or self.image(), ExplicitVRLittleEndian)
        keys = self.tools.dataset(QueryRetrieveLevel="STUDY", StudyInstanceUID="1.2")
        counters = {"NumberOfCompletedSuboperations": "1"}
        move = self.rec.leg("RAD-16", "move", "rad-16")
        self.rec.dimse(move, Service.C_MOVE, keys, [(0, None, counters)], sop_class=MOVE)
        self.send("RAD-16", "store", copy, syntax, **of_copy)
        return self.rec.play()


def outcomes(play: Any) -> set[str]:
    return {one.outcome.value for one in retrieved.judge(play, stored.stored(play))}


@pytest.fixture
def archive(recording: Callable[..., Any], tools: Any) -> Archive:
    return Archive(recording, tools)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_the_same_pixels_in_any_native_syntax(archive: Archive, syntax: str) -> None:
    pixels = PIXELS.astype(">u2") if syntax == ExplicitVRBigEndian else PIXELS
    assert outcomes(archive.play(archive.image(pixels), syntax)) == {"met"}


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_another_pixel_in_any_native_syntax(archive: Archive, syntax: str) -> None:
    pixels = PIXELS.copy()
    pixels[3] += 1
    pixels = pixels.astype(">u2") if syntax == ExplicitVRBigEndian else pixels
    assert "violated" in outcomes(archive.play(archive.image(pixels), syntax))


def test_lossy_pixels_cannot_be_compared_but_attributes_can(archive: Archive) -> None:
    play = archive.play(archive.image(), JPEGBaseline8Bit)
    assert outcomes(play) == {"met", "undecided"}


def test_attributes_are_compared_across_syntaxes(archive: Archive) -> None:
    copy = edit.set_value(archive.image(), "PatientName", "OAKES^ASTA")
    assert "violated" in outcomes(archive.play(copy, ImplicitVRLittleEndian))


def test_an_archive_may_add_private_attributes_but_drop_none(archive: Archive) -> None:
    private = archive.image()
    private.private_block(0x0099, "MAKER", create=True).add_new(1, "LO", "kept")
    assert outcomes(archive.play(private)) == {"met"}


def test_a_private_attribute_that_is_lost(archive: Archive) -> None:
    private = archive.image()
    private.private_block(0x0099, "MAKER", create=True).add_new(1, "LO", "kept")
    assert "violated" in outcomes(archive.play(archive.image(), original=private))


def test_the_declared_character_set_is_not_compared_but_the_text_is(archive: Archive) -> None:
    original, copy = archive.image(), archive.image()
    original.SpecificCharacterSet, copy.SpecificCharacterSet = "ISO_IR 100", "ISO_IR 192"
    original.PatientName = copy.PatientName = "L\u00d6FGREN^ASTA"
    assert outcomes(archive.play(copy, original=original)) == {"met"}


@pytest.mark.parametrize(("status", "broken"), [(0, set()), (0xA700, {"violated"})])
def test_counters_are_those_of_the_c_stores(archive: Archive, status: int, broken: set[str]) -> None:
    play = archive.play(archive.image(), status=status)
    assert {one.outcome.value for one in move_results.check(play)} - {"met"} == broken


def test_an_object_that_is_sent_again_counts_once(archive: Archive) -> None:
    play = archive.play(archive.image(), status=0xA700)
    archive.send("RAD-16", "store", archive.image(), ExplicitVRLittleEndian)
    assert {one.outcome.value for one in move_results.check(play)} == {"violated"}
    assert {one.outcome.value for one in move_results.check(archive.rec.play())} == {"met"}


def test_private_numbers_are_unknown_behind_an_implicit_syntax(archive: Archive) -> None:
    private = archive.image()
    block = private.private_block(0x0099, "MAKER", create=True)
    block.add_new(1, "US", 7)
    block.add_new(2, "LO", "kept")
    assert outcomes(archive.play(private, ImplicitVRLittleEndian, private)) == {"met"}


def test_a_private_text_is_compared_across_syntaxes(archive: Archive) -> None:
    private, copy = archive.image(), archive.image()
    private.private_block(0x0099, "MAKER", create=True).add_new(1, "LO", "kept")
    copy.private_block(0x0099, "MAKER", create=True).add_new(1, "LO", "lost")
    assert "violated" in outcomes(archive.play(copy, ImplicitVRLittleEndian, private))


def test_the_retrieve_that_counts_wrong_is_the_one_that_is_shown(archive: Archive) -> None:
    archive.play(archive.image())
    move = next(leg for leg in archive.rec.legs if leg.leg == "move")
    keys = archive.tools.dataset(QueryRetrieveLevel="STUDY", StudyInstanceUID="1.2")
    archive.rec.dimse(move, Service.C_MOVE, keys, [(0, None, {"NumberOfCompletedSuboperations": "7"})], sop_class=MOVE)
    archive.send("RAD-16", "store", archive.image(), ExplicitVRLittleEndian)
    archive.rec.dimse(move, Service.C_MOVE, keys, [(0, None, {"NumberOfCompletedSuboperations": "1"})], sop_class=MOVE)
    archive.send("RAD-16", "store", archive.image(), ExplicitVRLittleEndian)
    (found,) = move_results.check(archive.rec.play())
    assert (found.outcome.value, found.received) == ("violated", "9 completed, 0 failed")
    assert found.evidence is not None
    assert found.evidence.exchange == 4


def test_what_is_stored_again_after_a_retrieve_was_there_before(archive: Archive) -> None:
    archive.play(archive.image())
    archive.send("RAD-8", "store", archive.image(), ExplicitVRLittleEndian)
    assert outcomes(archive.rec.play()) == {"met"}
