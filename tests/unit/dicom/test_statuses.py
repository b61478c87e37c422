from __future__ import annotations

import pytest
from pynetdicom import status as theirs

from harness.dicom import statuses
from harness.dicom.statuses import StatusClass
from harness.model.profile import Service


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (0x0000, StatusClass.SUCCESS),
        (0xFF00, StatusClass.PENDING),
        (0xFF01, StatusClass.PENDING),
        (0xFE00, StatusClass.CANCEL),
        (0xB000, StatusClass.WARNING),
        (0xB007, StatusClass.WARNING),
        (0x0001, StatusClass.WARNING),
        (0x0107, StatusClass.WARNING),
        (0x0116, StatusClass.WARNING),
        (0x0110, StatusClass.FAILURE),
        (0x0112, StatusClass.FAILURE),
        (0xA700, StatusClass.FAILURE),
        (0xA801, StatusClass.FAILURE),
        (0xC123, StatusClass.FAILURE),
        (0x1234, StatusClass.FAILURE),
    ],
)
def test_classes(code: int, expected: StatusClass) -> None:
    assert statuses.status_class(code) is expected
    answers = [
        statuses.is_success(code),
        statuses.is_pending(code),
        statuses.is_warning(code),
        statuses.is_failure(code),
    ]
    order = [StatusClass.SUCCESS, StatusClass.PENDING, StatusClass.WARNING, StatusClass.FAILURE]
    assert answers == [one is expected for one in order]


@pytest.mark.parametrize("service", list(Service))
def test_the_tables_agree_with_the_classes_of_every_code(service: Service) -> None:
    for code, entry in statuses.STATUSES[service].items():
        assert entry.code == code
        assert entry.status_class is statuses.status_class(code), hex(code)
        assert entry.citation.startswith("PS3.")


@pytest.mark.parametrize("code", sorted(theirs.GENERAL_STATUS))
def test_the_general_table_agrees_with_the_one_of_pynetdicom(code: int) -> None:
    assert theirs.GENERAL_STATUS[code][0].casefold() == statuses.STATUSES[Service.C_ECHO][code].status_class.value


def test_names() -> None:
    assert statuses.name(0xA801) == "Refused: move destination unknown"
    assert statuses.name(0xA712, Service.C_STORE) == "Refused: out of resources"
    assert statuses.name(0xC999, Service.C_FIND) == "Unable to process"
    assert statuses.name(0x9999) == "9999H"
    assert statuses.lookup(0xA801, Service.C_GET) is None
