"""What legal HL7 messages may have beyond what is demanded: values of optional fields, and segments of a structure.

Taken from the segment and structure definitions of the base standard (HL7 v2.3.1, v2.5.1), and not from its tables in
the harness.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

FILLINGS: Mapping[str, Mapping[int, tuple[str, ...]]] = MappingProxyType(
    {
        "MSH": {
            17: ("SWE", "DEU"),
            19: ("sv^Swedish^ISO639", "de"),
            21: ("PROF1^IHE",),
        },
        "EVN": {4: ("01", "zz"), 5: ("OP1^LIND^MARIA",)},
        "PID": {
            1: ("1", "0001"),
            6: ("BERG^EVA", "^EVA"),
            10: ("q", "2106-3^White^HL70005", "a\\T\\b^c"),
            11: ("12 ELM ST \\T\\ CO^^LUND^^22100^SWE^H~BOX 1^^LUND", "&ELM ST&12^^LUND", "^^LUND"),
            13: ("^PRN^PH^^46^8^5551234~^NET^Internet^a@b.example", "(46)8-5551234X12CHOME"),
            14: ("5551234",),
            15: ("sv^Swedish^99X",),
            16: ("q", "M^Married^HL70002"),
            17: ("zzz",),
            21: ("P900^^^SWF",),
            22: ("q",),
            23: ("ST. \\T\\ MARY",),
            24: ("N", "Y"),
            25: ("2",),
            30: ("N",),
        },
        "PV1": {
            1: ("1",),
            4: ("E", "q"),
            5: ("PRE1^^^SWF",),
            7: ("3001^ALM^BO~3002^ASK^ADA", "3001^van&ALM&van^BO^^^DR^MD^^SWF&1.2.3&ISO^L"),
            8: ("3004^HOLM^PETER~3005^BRANDT^EVA",),
            10: ("rad", "zzz"),
            14: ("q",),
            15: ("B6", "A0", "B6~A0"),
            17: ("3003^EK^IDA",),
            18: ("q",),
            20: ("q",),
            36: ("01",),
            39: ("X",),
            44: ("20240102", "202401021000"),
            50: ("ALT1^^^SWF",),
        },
        "ORC": {
            6: ("N", "E"),
            10: ("4001^LIND^MARIA",),
            11: ("4002^LIND^KARL",),
            13: ("RADOPD^1^2^SWF",),
            14: ("^WPN^PH^^46^8^5551234", "555 1234"),
            15: ("20240102", "20240102101400.5"),
            16: ("why^because \\T\\ so^99X", "^free text"),
            18: ("CT^Scanner^L",),
            19: ("4001^LIND^MARIA~4002^LIND^KARL",),
        },
        "TQ1": {10: ("if \\T\\ when",), 11: ("text",), 3: ("",), 12: ("S",)},
        "OBR": {
            11: ("G", "q"),
            12: ("HIGH^high risk \\T\\ more^99X", "^aneurysm"),
            13: ("a \\T\\ b", "\\X41\\", "fever \\.br\\ cough"),
            17: ("^WPN^PH^^46^8^5551234",),
            30: ("WALK", "CART"),
            31: ("^cough \\T\\ fever", "R05^Cough^I10~R50^Fever^I10"),
            33: ("3001&ALM&BO",),
            41: ("A", "N"),
            43: ("^note",),
        },
        "SCH": {8: ("NORMAL^Normal^HL70276", "^odd"), 9: ("30",), 12: ("4002^LIND^KARL",), 13: ("5551234",)},
        "AIS": {5: ("0",), 7: ("30",)},
        "MRG": {3: ("ACC66^^^SWF",)},
        "IPC": {7: ("CTROOM", "CT\\T\\1^SWF"), 8: ("ROOM1^Room 1^99X", "^Room"), 9: ("CT1",)},
        "OBX": {7: ("0-1", "a\\T\\b"), 9: ("0.5",), 13: ("q",), 15: ("LAB^Lab^99X",), 16: ("4001^LIND^MARIA",)},
    }
)
"""Values that optional fields may have, by segment and field."""

NOT_BEFORE_2_5 = (("MSH", 21),)
"""Fields that version 2.3.1 has otherwise, or does not have."""

_ADT = ("MSH", "SFT", "EVN", "PID", "PD1", "NK1", "PV1", "PV2", "DB1", "OBX", "AL1", "DG1")
_OMG = ("MSH", "SFT", "NTE", "PID", "PD1", "NK1", "PV1", "PV2", "GT1", "AL1", "ORC", "TQ1", "TQ2", "OBR", "DG1", "OBX")
ORDER: Mapping[tuple[str, bool], tuple[str, ...]] = MappingProxyType(
    {
        ("ADT_A01", False): ("MSH", "EVN", "PID", "PD1", "NK1", "PV1", "PV2", "DB1", "OBX", "AL1", "DG1"),
        ("ADT_A02", False): ("MSH", "EVN", "PID", "PD1", "PV1", "PV2", "DB1", "OBX"),
        ("ADT_A03", False): ("MSH", "EVN", "PID", "PD1", "PV1", "PV2", "DB1", "DG1", "OBX"),
        ("ADT_A06", False): ("MSH", "EVN", "PID", "PD1", "MRG", "NK1", "PV1", "PV2", "DB1", "OBX", "AL1", "DG1"),
        ("ADT_A09", False): ("MSH", "EVN", "PID", "PD1", "PV1", "PV2", "DB1", "OBX", "DG1"),
        ("ADT_A12", False): ("MSH", "EVN", "PID", "PD1", "PV1", "PV2", "DB1", "OBX"),
        ("ADT_A38", False): ("MSH", "EVN", "PID", "PD1", "PV1", "PV2", "DB1", "OBX", "DG1"),
        ("ADT_A39", False): ("MSH", "EVN", "PID", "PD1", "MRG", "PV1"),
        ("ORM_O01", False): ("MSH", "NTE", "PID", "PD1", "PV1", "PV2", "GT1", "AL1", "ORC", "OBR", "DG1", "OBX"),
        ("SIU_S12", False): ("MSH", "SCH", "NTE", "PID", "PV1", "PV2", "OBX", "DG1", "RGS", "AIS"),
        ("ORU_R01", False): ("MSH", "PID", "PD1", "PV1", "PV2", "ORC", "OBR", "NTE", "OBX"),
        ("ADT_A01", True): _ADT,
        ("ADT_A02", True): ("MSH", "SFT", "EVN", "PID", "PD1", "PV1", "PV2", "DB1", "OBX"),
        ("ADT_A03", True): ("MSH", "SFT", "EVN", "PID", "PD1", "NK1", "PV1", "PV2", "DB1", "AL1", "DG1", "OBX"),
        ("ADT_A05", True): _ADT,
        ("ADT_A06", True): (
            "MSH", "SFT", "EVN", "PID", "PD1", "MRG", "NK1", "PV1", "PV2", "DB1", "OBX", "AL1", "DG1",
        ),
        ("ADT_A09", True): ("MSH", "SFT", "EVN", "PID", "PD1", "PV1", "PV2", "DB1", "OBX", "DG1"),
        ("ADT_A12", True): ("MSH", "SFT", "EVN", "PID", "PD1", "PV1", "PV2", "DB1", "OBX", "DG1"),
        ("ADT_A38", True): ("MSH", "SFT", "EVN", "PID", "PD1", "PV1", "PV2", "DB1", "OBX", "DG1"),
        ("ADT_A39", True): ("MSH", "SFT", "EVN", "PID", "PD1", "MRG", "PV1"),
        ("OMG_O19", True): _OMG,
        ("OMI_O23", True): (
            "MSH", "SFT", "NTE", "PID", "PD1", "PV1", "PV2", "GT1", "AL1", "ORC", "TQ1", "TQ2", "OBR", "DG1",
            "OBX", "IPC",
        ),
        ("SIU_S12", True): ("MSH", "SCH", "TQ1", "NTE", "PID", "PD1", "PV1", "PV2", "OBX", "DG1", "RGS", "AIS"),
        ("ORU_R01", True): ("MSH", "SFT", "PID", "PD1", "NK1", "PV1", "PV2", "ORC", "OBR", "NTE", "OBX"),
    }
)  # fmt: skip
"""Segments in the order of their structure, up to version 2.4 and from 2.5 on, those of later groups left out."""

ADT_STRUCTURES: Mapping[str, str] = MappingProxyType(
    {
        "A04": "ADT_A01", "A05": "ADT_A01", "A08": "ADT_A01", "A13": "ADT_A01", "A11": "ADT_A09", "A07": "ADT_A06",
        "A40": "ADT_A39",
    }
)  # fmt: skip
"""Structures by event, where the message does not name its own."""

SEGMENTS: Mapping[str, str] = MappingProxyType(
    {
        "SFT": "SFT|SWF^L|1.0|PRODUCT|BIN1",
        "NTE": "NTE|1|L|a comment \\T\\ more",
        "PD1": "PD1|||SWF CLINIC^L",
        "NK1": "NK1|1|LINDGREN^KARL|SPO",
        "PV2": "PV2|||why^because^99X",
        "DB1": "DB1|1|PT",
        "OBX": "OBX|1|ST|WEIGHT^Weight^99X||70|kg^kilogram^99X|||||F",
        "AL1": "AL1|1|DA|IOD^Iodine^99X",
        "DG1": "DG1|1||R05^Cough^I10|||W",
        "GT1": "GT1|1||LINDGREN^KARL",
        "TQ2": "TQ2|1|S",
    }
)
"""Segments that may come in addition."""
