"""HL7 v2: reading, writing, acknowledging and editing messages, and the base standard's grammar. No
sockets."""

from harness.hl7.acknowledgement import AckError, acknowledgement
from harness.hl7.compose import compose
from harness.hl7.datatypes import datatype_fault
from harness.hl7.edit import duplicate, remove, reorder, set_value
from harness.hl7.field_path import FieldPath, parse_path
from harness.hl7.field_value import FieldValue
from harness.hl7.grammar import StructureFault, StructureFaultKind, structure_faults
from harness.hl7.message import Message
from harness.hl7.message_faults import Fault
from harness.hl7.names import component_name, field_name, path_name, segment_name
from harness.hl7.person import xcn, xpn
from harness.hl7.readable import unreadable
from harness.hl7.segment import Located, Segment
from harness.hl7.standard import field_definition, has_structure, table_codes
from harness.hl7.time import ts

__all__ = [
    "AckError",
    "Fault",
    "FieldPath",
    "FieldValue",
    "Located",
    "Message",
    "Segment",
    "StructureFault",
    "StructureFaultKind",
    "acknowledgement",
    "component_name",
    "compose",
    "datatype_fault",
    "duplicate",
    "field_definition",
    "field_name",
    "has_structure",
    "parse_path",
    "path_name",
    "remove",
    "reorder",
    "segment_name",
    "set_value",
    "structure_faults",
    "table_codes",
    "ts",
    "unreadable",
    "xcn",
    "xpn",
]
