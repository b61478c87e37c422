"""What the DCMTK hooks share: the facts on standard input, and running a tool by its absolute path.

Python packages install tools of the same names (`storescu`, `findscu`), so the folder is explicit: DCMTK_BIN, or /usr/bin.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Peer:
    """An application entity to call."""

    ae_title: str
    host: str
    port: int


@dataclass(frozen=True)
class Facts:
    """What the harness tells a hook."""

    folder: Path
    patient_id: str
    own: Peer
    peers: dict[str, Peer]


def read_facts() -> Facts:
    """The facts of this call."""
    facts = json.load(sys.stdin)
    return Facts(
        folder=Path(facts["folder"]),
        patient_id=facts["patient"]["id"],
        own=_peer(facts["own"]),
        peers={actor: _peer(party) for actor, party in facts["peers"].items() if party.get("dimse")},
    )


def _peer(party: dict[str, dict[str, object]]) -> Peer:
    address = party["dimse"]
    return Peer(str(address["ae_title"]), str(address["host"]), int(str(address["port"])))


def run_tool(name: str, *arguments: str) -> str:
    """Run a DCMTK tool and return its output; end with its exit code when it fails."""
    tool = Path(os.environ.get("DCMTK_BIN", "/usr/bin")) / name
    if not tool.exists():
        sys.exit(f"{tool} is not installed; set DCMTK_BIN to the folder of DCMTK's tools")
    done = subprocess.run([str(tool), *arguments], capture_output=True, text=True, timeout=50, check=False)
    output = done.stdout + done.stderr
    if done.returncode != 0:
        print(output)
        sys.exit(done.returncode)
    return output
