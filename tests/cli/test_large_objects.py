"""An object that is larger than the memory it may take, from the modality to the judgement."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).parents[1] / "bench" / "large_object.py"
MIB = 128


def test_memory_does_not_grow_with_the_size_of_an_object() -> None:
    done = subprocess.run(
        [sys.executable, str(BENCH), "--measure", str(MIB)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    assert measured["verdict"] == "pass"
    assert measured["growth"] < 64
