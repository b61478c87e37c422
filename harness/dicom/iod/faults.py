"""What is said of a composite object: faults as data, sorted by kind. Knows no table and no data set."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from harness.model.verdict import Outcome


class Kind(Enum):
    """What a fault is about; the value is the name of the rule that it breaks."""

    SOP_CLASS = "iod-sop-class"
    """The object says which SOP class and instance it is, the same in its file meta information."""
    MODULE = "iod-module"
    """A module, or a functional group, that the IOD requires."""
    TYPE_1 = "iod-type-1"
    TYPE_2 = "iod-type-2"
    CONDITION = "iod-condition"
    """An attribute of type 1C or 2C whose condition holds."""
    OPTIONAL_MODULE = "iod-optional-module"
    """What a module requires that is there in part, though nothing says that it has to be."""
    OPEN = "iod-condition-open"
    """Conditions that the object alone does not decide."""
    UNSURE = "iod-unsure"
    """Rows of the rules that are a guess."""
    ENUMERATED = "iod-enumerated"
    VR = "iod-vr"
    LIMITS = "iod-limits"
    """Length and repertoire of values."""
    VM = "iod-vm"
    CHARACTERS = "iod-character-set"
    PIXELS = "iod-pixels"
    """How the attributes of the pixel data agree."""


NEED_TABLES = frozenset(
    {Kind.MODULE, Kind.TYPE_1, Kind.TYPE_2, Kind.CONDITION, Kind.OPTIONAL_MODULE, Kind.OPEN, Kind.UNSURE}
)
"""Kinds that are judged only where the SOP class has a table."""


@dataclass(frozen=True, slots=True)
class IodFault:
    """One fact that is not as it should be, or not decided; `module` names module or group with its section."""

    kind: Kind
    path: str
    outcome: Outcome
    expected: str
    received: str
    module: str = ""
    citation: str = ""
