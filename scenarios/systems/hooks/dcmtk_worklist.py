"""Feed DCMTK's wlmscpfs: put the stand-in's worklist entries into the folder that it serves (the first argument)."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from dcmtk_tools import read_facts

facts = read_facts()
target = Path(sys.argv[1])
target.mkdir(parents=True, exist_ok=True)
(target / "lockfile").touch()
for entry in sorted(facts.folder.glob("*.wl")):
    content = entry.read_bytes()
    name = hashlib.sha256(content).hexdigest()[:24]
    partial = target / f"{name}.part"
    partial.write_bytes(content)
    partial.rename(target / f"{name}.wl")
    print(f"{name}.wl")
