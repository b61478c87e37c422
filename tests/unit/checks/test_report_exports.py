from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.checks import report_exports
from harness.dicom.uids import uid_of
from harness.model.profile import Service

CT = uid_of("CTImageStorage")
GROUPS = (
    (
        ("Study Instance UID", "1.2"),
        ("Series Instance UID", "1.2.1"),
        ("SOP Instance UID", "1.7.1"),
        ("SOP Class UID", CT),
    ),
    (
        ("Study Instance UID", "1.2"),
        ("Series Instance UID", "1.2.2"),
        ("SOP Instance UID", "1.7.2"),
        ("SOP Class UID", CT),
    ),
)


def broken(
    recording: Callable[..., Any],
    tools: Any,
    *,
    groups: Any = GROUPS,
    status: str = "F",
    verified: str = "VERIFIED",
    report: str = "1.8.1",
) -> set[str]:
    """Record a report on two images, and its export; the rules that are broken."""
    rec, make = recording(form="2.3.1"), tools.dataset
    series = [
        make(
            SeriesInstanceUID=f"1.2.{number}",
            ReferencedSOPSequence=[make(ReferencedSOPClassUID=CT, ReferencedSOPInstanceUID=f"1.7.{number}")],
        )
        for number in (1, 2)
    ]
    evidence = make(StudyInstanceUID="1.2", ReferencedSeriesSequence=series)
    content = make(
        SOPInstanceUID="1.8.1",
        CompletionFlag="COMPLETE",
        VerificationFlag=verified,
        CurrentRequestedProcedureEvidenceSequence=[evidence],
    )
    leg = rec.leg("RAD-24", "submit", "submitted")
    rec.dimse(leg, Service.C_STORE, content, sop_class="BasicTextSRStorage", instance="1.8.1")
    lines = [f"OBX||HD|^SR Instance UID||{report}||||||F"]
    lines += [f"OBX||HD|^{name}|{n}|{uid}||||||F" for n, group in enumerate(groups, 1) for name, uid in group]
    head = f"MSH|^~\\&|RM|S|ER|S|2024||ORU^R01|1|P|2.3.1\rOBR|{'|' * 24}{status}\r"
    rec.hl7(rec.leg("RAD-28", "export", "exported"), (head + "\r".join(lines) + "\r").encode())
    found = report_exports.check(rec.play())
    return {one.requirement.partition("/")[2] for one in found if one.outcome.value == "violated"}


@pytest.mark.parametrize("groups", [GROUPS, GROUPS[1:], (GROUPS[0][:1],), ()])
def test_images_of_the_report(recording: Callable[..., Any], tools: Any, groups: Any) -> None:
    assert broken(recording, tools, groups=groups) == set()


@pytest.mark.parametrize(
    "second",
    [
        (("Study Instance UID", "1.3"), *GROUPS[1][1:]),
        (("Study Instance UID", "1.2"), ("Series Instance UID", "1.2.1"), *GROUPS[1][2:]),
        (*GROUPS[1][:2], ("SOP Instance UID", "1.7.9"), GROUPS[1][3]),
        (*GROUPS[1][:3], ("SOP Class UID", uid_of("MRImageStorage"))),
    ],
)
def test_an_image_that_the_report_does_not_refer_to(recording: Callable[..., Any], tools: Any, second: Any) -> None:
    assert broken(recording, tools, groups=(GROUPS[0], second)) == {"export-names-images"}


@pytest.mark.parametrize(
    ("status", "verified", "faults"),
    [
        ("F", "UNVERIFIED", {"export-of-final-report"}),
        ("C", "UNVERIFIED", set()),
        ("P", "UNVERIFIED", set()),
        ("C", "VERIFIED", set()),
    ],
)
def test_a_final_result_is_of_a_final_report(
    recording: Callable[..., Any], tools: Any, status: str, verified: str, faults: set[str]
) -> None:
    assert broken(recording, tools, status=status, verified=verified) == faults


def test_the_export_of_an_unknown_report_is_not_compared(recording: Callable[..., Any], tools: Any) -> None:
    assert broken(recording, tools, report="9.9", verified="UNVERIFIED") == set()
