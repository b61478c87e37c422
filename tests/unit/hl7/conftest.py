"""Messages of the profiles, built field by field; every person in them is made up."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

_HEADER = "MSH|^~\\&|RIS|RAD|PACS|RAD|20240102101500||{}|RIS000123|P|{}"
_PATIENT = "PID|||P1001^^^HOSP||DOE^JANE||19700101|F||||||||||ACC77^^^HOSP"
_PATIENT_251 = "PID|||P1001^^^HOSP&1.2.3&ISO^MR||DOE^JANE||19700101|F||||||||||ACC77^^^HOSP"
_VISIT = "PV1||O||||||88^REFER^RAY|||||||||||V900^^^HOSP" + "|" * 32 + "V"
_ORDER = "ORC|NW|A1^OP|F1^RIS||SC||1^once^^202401021100^^R||20240102101400|^CLERK^C||77^ORDER^DOC||555|||ORG^Ward^L"
_REQUEST = (
    "OBR|1|A1^OP|F1^RIS|P1^CT head^L^X1^CT head plain^DSS||||||||||||77^ORDER^DOC||ACC1|RP1|SPS1||||CT|||"
    "1^once^^202401021100^^R|||WALK|^headache|||||||||||||P1^CT head^L"
)
_ORDER_251 = "ORC|NW|A1^OP|F1^RIS||SC||||20240102101400|||77^ORDER^DOC|||||ORG^Ward^L"
_TIMING = "TQ1|1||||||20240102110000||R"
_REQUEST_251 = "OBR|1|A1^OP|F1^RIS|P1^CT head^L||||||||||||77^ORDER^DOC"
_IMAGING = "IPC|ACC1^RIS|RP1^RIS|1.2.3.4.5|SPS1^RIS|CT|X1^CT head plain^DSS|||CT1"
_EVENT = "EVN||20240102120000"
_MERGE = "MRG|TMP55^^^HOSP||||||UNKNOWN^TRAUMA"
_STUDY = "ZDS|1.2.3.4.5^RIS^Application^DICOM"


def _message(kind: str, version: str, *segments: str) -> bytes:
    return "".join(f"{line}\r" for line in (_HEADER.format(kind, version), *segments)).encode("ascii")


@pytest.fixture(scope="session")
def samples() -> Mapping[str, bytes]:
    """One valid message of each kind, by event, control code and version."""
    return {
        "O01": _message("ORM^O01", "2.3.1", _PATIENT, _VISIT, _ORDER, _REQUEST, _STUDY),
        "O01 two steps": _message(
            "ORM^O01",
            "2.3.1",
            _PATIENT,
            _VISIT,
            _ORDER,
            _REQUEST,
            _ORDER,
            _REQUEST.replace("OBR|1", "OBR|2").replace("SPS1", "SPS2"),
            _STUDY,
        ),
        "O01 cancel": _message("ORM^O01", "2.3.1", "ORC|OC|A1^OP"),
        "O02": _message("ORR^O02", "2.3.1", "MSA|AA|RIS000122", _PATIENT, "ORC|NA|A1^OP|F1^RIS", _REQUEST),
        "A04": _message("ADT^A04", "2.3.1", _EVENT, _PATIENT, _VISIT),
        "A08": _message("ADT^A08", "2.3.1", _EVENT, _PATIENT, _VISIT),
        "A05": _message("ADT^A05^ADT_A05", "2.5.1", _EVENT, _PATIENT_251, _VISIT),
        "A40": _message("ADT^A40", "2.3.1", _EVENT, _PATIENT, _MERGE),
        "A40 2.5.1": _message("ADT^A40^ADT_A39", "2.5.1", _EVENT, _PATIENT_251, _MERGE),
        "O19": _message("OMG^O19^OMG_O19", "2.5.1", _PATIENT_251, _VISIT, _ORDER_251, _TIMING, _REQUEST_251),
        "O20": _message(
            "ORG^O20^ORG_O20", "2.5.1", "MSA|AA|RIS000122", _PATIENT_251, _ORDER_251, _TIMING, _REQUEST_251
        ),
        "O23": _message("OMI^O23^OMI_O23", "2.5.1", _PATIENT_251, _VISIT, _ORDER_251, _TIMING, _REQUEST_251, _IMAGING),
        "O23 two steps": _message(
            "OMI^O23^OMI_O23",
            "2.5.1",
            _PATIENT_251,
            _VISIT,
            _ORDER_251,
            _TIMING,
            _REQUEST_251,
            _IMAGING,
            _ORDER_251,
            _TIMING,
            _REQUEST_251,
            _IMAGING.replace("SPS1", "SPS2"),
            _IMAGING.replace("SPS1", "SPS3"),
        ),
        "R01": _message(
            "ORU^R01",
            "2.3.1",
            _PATIENT,
            _VISIT,
            _REQUEST,
            "OBX|1|HD|^SR Instance UID||1.2.3.4.6||||||F",
            "OBX|2|TX|^Report||No finding||||||F",
        ),
        "S12": _message(
            "SIU^S12^SIU_S12",
            "2.5.1",
            "SCH||F1^RIS||||R^Routine|||||1^^^202401021100||||||||C^CLERK||||C^CLERK",
            "RGS|1|A",
            "AIS|1|A|P1^CT head^L|202401021100",
        ),
        "ACK": _message(
            "ACK^O23^ACK",
            "2.5.1",
            "MSA|AE|RIS000124",
            "ERR||IPC^1^3^1^1|101^Required field missing^HL70357|E||||Study Instance UID missing",
        ),
    }
