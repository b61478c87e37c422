"""Parts of the page that are not needed before they are asked for: compressed text in blocks that no browser runs.

A block is an element `script` of a type of its own; what it holds is Base64 and so is the same whatever is in it.
"""

from __future__ import annotations

import base64
import gzip
from dataclasses import dataclass, field
from typing import Final

BLOCK_TYPE: Final = "application/x-swf-part"
"""Type of the elements that hold blocks: to a browser it is data."""

_LEVEL: Final = 9


@dataclass(frozen=True)
class Block:
    """One block: the id of its element, and its text in Base64."""

    id: str
    text: str


@dataclass
class Packing:
    """Takes texts and makes blocks of them; `size` is how much they add to the page, in bytes."""

    blocks: list[Block] = field(default_factory=list)
    size: int = 0

    def add(self, name: str, text: str) -> str:
        """The id of the block that now holds the text."""
        block = Block(f"part-{name}", base64.b64encode(gzip.compress(_bytes(text), _LEVEL, mtime=0)).decode("ascii"))
        self.blocks.append(block)
        self.size += len(block.text)
        return block.id


def unpacked(block: Block) -> str:
    """The text of a block."""
    return gzip.decompress(base64.b64decode(block.text)).decode("utf-8")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
