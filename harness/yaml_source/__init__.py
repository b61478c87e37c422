"""The one reader of YAML files: closed schema, every fault at file:line:column with the nearest valid name.

Owns the subset of YAML that the harness reads (one mapping per file; no tags, anchors, aliases or merge keys; every
scalar is a string) and the way from such a file to a dataclass of the model. It must not know what the data mean.
"""

from __future__ import annotations

from harness.yaml_source.reading import NESTING_LIMIT, SIZE_LIMIT, read
from harness.yaml_source.tree import Faults, SourceMapping, SourceSequence, fits, nearest
from harness.yaml_source.validating import load, validate

__all__ = [
    "NESTING_LIMIT",
    "SIZE_LIMIT",
    "Faults",
    "SourceMapping",
    "SourceSequence",
    "fits",
    "load",
    "nearest",
    "read",
    "validate",
]
