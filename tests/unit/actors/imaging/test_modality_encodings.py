"""In which transfer syntax the modality sends what it made."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset
from pydicom.pixels.encoders.base import get_encoder
from pydicom.uid import UID, RLELossless

from actors.modality import encodings
from actors.modality.kinds import Shot, kind_of
from harness.actor import CannotAct
from harness.dicom.encoding import decode, encode
from harness.dicom.pixel_values import same_pixels
from harness.dicom.uids import keyword_of, uid_of
from harness.model.scenario import TransferSyntax
from harness.transports.dimse.storing import load

EXPLICIT = "1.2.840.10008.1.2.1"


def image(modality: str = "US", frames: int = 3, matrix: int = 64) -> Dataset:
    made, kind = Dataset(), kind_of(modality, frames)
    made.SOPClassUID, made.SOPInstanceUID = kind.sop_class, "1.2.3"
    shot = Shot(number=1, frame_of_reference="1.2.4", date="", time="", frames=frames, rows=matrix, columns=matrix)
    kind.describe(made, shot)
    return made


def anything(sop_class: str, transfer_syntax: str) -> bool:
    return True


@pytest.mark.parametrize(
    ("wanted", "proposed"),
    [
        (None, []),
        (TransferSyntax.IMPLICIT, ["ImplicitVRLittleEndian"]),
        (TransferSyntax.EXPLICIT, ["ExplicitVRLittleEndian", "ImplicitVRLittleEndian"]),
        (TransferSyntax.RLE, ["RLELossless", "ExplicitVRLittleEndian", "ImplicitVRLittleEndian"]),
    ],
)
def test_uncompressed_ones_are_proposed_to_fall_back_to(wanted, proposed):
    assert [keyword_of(uid) for uid in encodings.proposed(wanted)] == proposed


@pytest.mark.parametrize("modality", ["US", "NM"])
def test_run_lengths_hold_the_same_pixels(modality):
    made = image(modality, 2)
    sent = encodings.encoded(made, TransferSyntax.RLE, anything)
    assert load(sent).transfer_syntax == RLELossless
    received = decode(encode(sent, RLELossless), RLELossless)
    assert same_pixels(made, EXPLICIT, received, RLELossless) is True
    assert received.PixelData != made.PixelData
    assert received.SOPInstanceUID == "1.2.3"
    assert not hasattr(made, "file_meta")


@pytest.mark.parametrize("wanted", [TransferSyntax.IMPLICIT, TransferSyntax.DEFLATED])
def test_native_ones_change_the_encoding_alone(wanted):
    made = image()
    sent = load(encodings.encoded(made, wanted, anything))
    assert keyword_of(sent.transfer_syntax) == wanted.value
    assert decode(sent.content, sent.transfer_syntax).PixelData == made.PixelData


def test_what_is_not_taken_is_sent_uncompressed():
    made = image()
    assert encodings.encoded(made, TransferSyntax.RLE, lambda sop_class, syntax: False) is made


def test_an_object_without_pixels_is_not_compressed():
    document = Dataset()
    document.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.11"
    assert encodings.encoded(document, TransferSyntax.RLE, anything) is document


def test_an_image_that_is_too_large_for_memory_is_not_compressed():
    with pytest.raises(CannotAct, match="too large"):
        encodings.encoded(image(frames=600, matrix=512), TransferSyntax.RLE, anything)


@pytest.mark.parametrize("wanted", [TransferSyntax.JPEG_LS, TransferSyntax.JPEG_2000])
def test_jpeg_needs_an_encoder(wanted):
    made = image()
    if not get_encoder(UID(uid_of(wanted.value))).is_available:
        with pytest.raises(CannotAct, match=r"swf-harness\[jpeg\]"):
            encodings.encoded(made, wanted, anything)
        return
    sent = encodings.encoded(made, wanted, anything)
    syntax = load(sent).transfer_syntax
    assert same_pixels(made, EXPLICIT, decode(encode(sent, syntax), syntax), syntax) is True


def test_the_modality_sends_what_the_step_says(department, entry):
    department.peer.entries = [entry()]
    department.examine("RAD-5", "RAD-6")
    department.act(department.modality, "RAD-8", instances=1, transfer_syntax=TransferSyntax.RLE)
    (sent,) = department.wire.of("C_STORE")
    assert sent.dataset["PixelData"].is_undefined_length
    department.wire.refused_syntaxes.add(RLELossless)
    department.act(department.modality, "RAD-8", instances=1, transfer_syntax=TransferSyntax.RLE)
    assert not department.wire.of("C_STORE")[-1].dataset["PixelData"].is_undefined_length
