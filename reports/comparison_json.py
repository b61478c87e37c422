"""Two runs held against each other as data, for programs: the comparison as it is, and the exit code."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Final

from pydantic import TypeAdapter

from harness.model.comparison import Comparison

FORMAT: Final = "swf-diff-json/1"
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def comparison_json(found: Comparison, code: int) -> str:
    """The comparison as JSON text; lone surrogates, which no UTF-8 can hold, become visible escapes."""
    data = {"format": FORMAT, "exit_code": code, **_codec().dump_python(found, mode="json")}
    text = json.dumps(data, ensure_ascii=False, indent=1)
    return _SURROGATE.sub(lambda one: f"\\\\u{ord(one.group()):04x}", text)


@cache
def _codec() -> TypeAdapter[Comparison]:
    return TypeAdapter(Comparison)
