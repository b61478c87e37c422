"""The JSON Schema of system and relay files, made from the dataclasses that the loaders fill and the names they know.

Nothing is listed here that the loader does not know: a key of the model is a key of the schema. What a key means, in a
sentence, is in `system_keys`.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from importlib.resources import files
from importlib.resources.abc import Traversable

from harness.model.names import ActorName, TransactionId
from harness.model.system import SIMULATED, Endpoints, System
from harness.scenario_files.hooks import METHODS, REQUEST_KEYS
from harness.scenario_files.limits import AE_TITLE, DAY, MOST_PORT, SHORT
from harness.scenario_files.names import Names
from harness.scenario_files.relays import WRITTEN_AS, RelayFile
from harness.scenario_files.system_keys import MEANINGS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
IDENTIFIER = "urn:swf-harness:system-file"
RELAY_IDENTIFIER = "urn:swf-harness:relay-file"
GIVEN_BY_THE_HARNESS = frozenset({"path", "tls_files", "site_plan"})
"""Fields that the loader sets, and refuses in a file."""

Schema = dict[str, object]
_TEXT: Schema = {"type": ["string", "number", "boolean", "null"]}
"""The loader takes every scalar for a text, also one that other readers of YAML take for a number; none is empty."""


def shipped_schema() -> Traversable:
    """The schema that ships with the package."""
    return files("harness.scenario_files") / "system.schema.json"


def schema_text(names: Names) -> str:
    """The schema as JSON, ready to be written."""
    return json.dumps(system_schema(names), indent=1) + "\n"


def system_schema(names: Names) -> Mapping[str, object]:
    """The schema of a system file in which the names may be used."""
    made = _Schema(names)
    body = made.body(System)
    return {"$schema": DIALECT, "$id": IDENTIFIER, "title": "System file", **body, "$defs": made.definitions}


def relay_schema(names: Names) -> Mapping[str, object]:
    """The schema of a relay file in which the names may be used."""
    made = _Schema(names)
    body = made.body(RelayFile)
    used = {name: one for name, one in made.definitions.items() if name != "transaction"}
    return {"$schema": DIALECT, "$id": RELAY_IDENTIFIER, "title": "Relay file", **body, "$defs": used}


class _Schema:
    """Walks the types of the model; `definitions` fills up on the way."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._limits = _limits(names)
        self.definitions: dict[str, Schema] = {
            "actor": {"enum": sorted(names.actors)},
            "transaction": {"enum": sorted(names.transactions, key=_number)},
        }

    def body(self, kind: type, *, partial: bool = False) -> Schema:
        """The object that a dataclass is; `partial`: what it lacks is filled in from elsewhere."""
        hints = typing.get_type_hints(kind)
        fields = [one for one in dataclasses.fields(kind) if one.name not in GIVEN_BY_THE_HARNESS]
        required = [_written(one) for one in fields if _is_required(one)]
        body: Schema = {
            "type": "object",
            "properties": {_written(one): self._property(kind, one, hints[one.name], partial) for one in fields},
            "additionalProperties": False,
        }
        if required and not partial:
            body["required"] = required
        return body | dict(self._limits.get(kind.__name__, {}))

    def _property(self, owner: type, one: dataclasses.Field[typing.Any], hint: object, partial: bool) -> Schema:
        name = f"{owner.__name__}.{one.name}"
        schema = self._of(_bare(hint), partial=owner is Endpoints) | dict(self._limits.get(name, {}))
        if name in MEANINGS:
            schema["description"] = MEANINGS[name]
        default = one.default.value if isinstance(one.default, Enum) else one.default
        if isinstance(default, str | int | float) and default not in ("", False) and not partial:
            schema["default"] = default
        return schema

    def _of(self, kind: object, *, partial: bool = False) -> Schema:
        if kind == ActorName:
            return {"$ref": "#/$defs/actor"}
        if kind == TransactionId:
            return {"$ref": "#/$defs/transaction"}
        kind = getattr(kind, "__supertype__", kind)
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
        if isinstance(origin, type) and issubclass(origin, Mapping):
            named = {"propertyNames": self._of(arguments[0])} if arguments[0] is not str else {}
            return {"type": "object", **named, "additionalProperties": self._of(_bare(arguments[1]))}
        if isinstance(origin, type) and issubclass(origin, Sequence):
            return {"type": "array", "items": self._of(_bare(arguments[0]))}
        if kind is object:
            return {}
        if isinstance(kind, type):
            return self._class(kind, partial)
        raise TypeError(f"the schema of a system file has no words for {kind}")

    def _class(self, kind: type, partial: bool) -> Schema:
        if dataclasses.is_dataclass(kind):
            name = f"{kind.__name__}{'OfLink' if partial else ''}"
            if name not in self.definitions:
                self.definitions[name] = {}  # it may hold itself
                self.definitions[name] = self.body(kind, partial=partial)
            return {"$ref": f"#/$defs/{name}"}
        if issubclass(kind, Enum):
            return {"enum": [member.value for member in kind]}
        simple: Mapping[type, Schema] = {
            str: _TEXT,
            bool: {"type": "boolean"},
            int: {"type": "integer"},
            float: {"type": "number"},
        }
        return dict(simple[kind])


def _limits(names: Names) -> Mapping[str, Mapping[str, object]]:
    """What goes beyond the kind of a value, by dataclass or field."""
    text = ["string", "number"]
    port: Schema = {"minimum": 0, "maximum": MOST_PORT}
    positive: Schema = {"exclusiveMinimum": 0}
    filled: Schema = {"type": text, "minLength": 1}
    short: Schema = {"type": text, "minLength": 1, "maxLength": SHORT}
    title: Schema = {"type": text, "pattern": AE_TITLE}
    times = {f"{owner}.{key}": positive for owner in ("Times", "TransactionTimes") for key in ("answer", "act", "show")}
    return {
        "System": {"dependentRequired": {"strain": ["launch"]}},
        "System.claims": {"minItems": 1},
        "System.pps_manager": {"type": "string", "enum": [SIMULATED, *sorted(names.actors)]},
        "Claim": {"allOf": [_of_profile(names, profile) for profile in sorted(names.profiles)]},
        "Claim.profile": {"type": "string", "enum": sorted(names.profiles)},
        "Claim.actors": {"minItems": 1},
        "DimseAddress.ae_title": title,
        "DimseAddress.host": filled,
        "DimseAddress.port": port,
        "Hl7Address.host": filled,
        "Hl7Address.port": port,
        "Hl7Address.version": {"type": "string", "enum": sorted(names.forms)},
        "DepartmentActor.ae_title": {"type": text, "pattern": f"^$|{AE_TITLE}"},
        "DepartmentActor.port": port,
        "DepartmentActor.hl7_port": port,
        "Endpoints": {"minProperties": 1},
        "RelayFile.hops": {"minProperties": 1},
        "RelayEntrance.system": filled,
        "RelayEntrance.bind": filled,
        "RelayEntrance.port": port,
        "RelayTarget.system": filled,
        "RelayTarget.host": filled,
        "RelayTarget.port": {**port, "minimum": 1},
        "CharacterSets.hl7": _of_names(names.hl7_character_sets),
        "CharacterSets.dicom": _of_names(names.dicom_character_sets),
        "ServiceCodes": {"minProperties": 1},
        "ServiceCodes.station": {"type": text, "pattern": AE_TITLE},
        "ServiceCodes.station_name": {"type": text, "maxLength": SHORT},
        "Code.value": short,
        "Code.scheme": short,
        "Hook": {
            "oneOf": [{"required": [way]} for way in ("command", "http", "operator")],
            "dependentRequired": {key: ["http"] for key in REQUEST_KEYS},
        },
        "Hook.method": {"type": "string", "enum": list(METHODS)},
        "Hook.success": {"items": {"type": "integer", "minimum": 100, "maximum": 599}},
        "Hook.command": {"minItems": 1},
        "Hook.http": filled,
        "Hook.operator": {"type": ["string", "number", "boolean"]},
        "Hook.timeout": positive,
        "Times.settle": {"minimum": 0},
        "Strain.delay": {"minimum": 0},
        "Attestation.statement": {"type": text, "pattern": r"\S"},
        "Attestation.by": {"type": text, "pattern": r"\S"},
        "Attestation.date": {"type": "string", "pattern": DAY},
        **times,
    }


def _of_names(known: Collection[str]) -> Schema:
    return {"items": {"enum": sorted(known)}} if known else {}


def _of_profile(names: Names, profile: str) -> Schema:
    """Actors and options that may be claimed of one profile."""
    properties: Schema = {}
    if profile in names.actors_of:
        properties["actors"] = {"items": {"enum": sorted(names.actors_of[profile])}}
    if profile in names.options_of:
        properties["options"] = {"items": {"enum": sorted(names.options_of[profile])}}
    return {"if": {"properties": {"profile": {"const": profile}}}, "then": {"properties": properties}}


def _written(one: dataclasses.Field[typing.Any]) -> str:
    """The key of a field as files write it."""
    return WRITTEN_AS.get(one.name, one.name)


def _is_required(one: dataclasses.Field[typing.Any]) -> bool:
    return one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING


def _bare(kind: object) -> object:
    """Without `| None`: the key is left out then."""
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        (kind,) = (one for one in typing.get_args(kind) if one is not type(None))
    return kind


def _number(transaction: str) -> tuple[str, int]:
    head, _, number = transaction.rpartition("-")
    return (head, int(number)) if number.isdigit() else (transaction, 0)


def keys_of(schema: Mapping[str, object]) -> Collection[tuple[str, str, Mapping[str, object]]]:
    """Every key of a schema: the definition that has it, its name, and what is said of it."""
    definitions = typing.cast("Mapping[str, Schema]", schema["$defs"])
    bodies: Mapping[str, Schema] = {"System": dict(schema), **definitions}
    return [
        (owner, name, one)
        for owner, body in bodies.items()
        for name, one in typing.cast("Mapping[str, Mapping[str, object]]", body.get("properties", {})).items()
    ]
