"""What a hook of a system file may say: a request has a method, headers, secrets by name, and placeholders of facts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from harness.model.system import Hook
from harness.yaml_source import Faults, SourceMapping, nearest
from harness.yaml_source.placeholders import placeholders

METHODS: Final = ("POST", "PUT", "GET", "DELETE", "PATCH")
FACTS: Final = frozenset(
    {
        *("play", "form", "transaction", "actor", "step", "patient", "prior", "service"),
        *("peers", "own", "folder", "seen", "sightings", "case"),
    }
)
"""The facts that a hook is told, by the first word of their names."""

REQUEST_KEYS: Final = ("method", "headers", "secrets", "body", "success")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def check_hook(source: SourceMapping, hook: Hook, at: tuple[str | int, ...], faults: Faults) -> None:
    """Note what is wrong with a hook."""
    if not hook.http:
        plain = Hook(command=("-",))
        for key in REQUEST_KEYS:
            if getattr(hook, key) != getattr(plain, key):
                faults.add(source.place_of(*at, key), f"{key}: goes with `http`, and a command has none")
        return
    faults.name(source.place_of(*at, "method"), "method", hook.method, METHODS)
    for status in hook.success:
        if not 100 <= status <= 599:
            faults.add(source.place_of(*at, "success"), f"success: {status} is no HTTP status")
    for header in (*hook.headers, *hook.secrets):
        key = "headers" if header in hook.headers else "secrets"
        if not _HEADER.fullmatch(header) or (header in hook.headers and header in hook.secrets):
            faults.add(source.place_of(*at, key, header), f"{key}: `{header}` is no name of a header, or stands twice")
    for header, name in hook.secrets.items():
        if not _VARIABLE.fullmatch(name):
            text = f"secrets: `{name}` is no name of an environment variable; the value itself has no place in a file"
            faults.add(source.place_of(*at, "secrets", header), text)
    parts: Mapping[str, object] = {"http": hook.http, "headers": hook.headers, "body": hook.body}
    for key, value in parts.items():
        for name in placeholders(value):
            first = name.partition(".")[0]
            if first not in FACTS:
                faults.add(source.place_of(*at, key), f"{key}: `{{{name}}}` is no fact{nearest(first, FACTS)}")
