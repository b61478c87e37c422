"""What the DCMTK hooks share: the facts on standard input, and running a tool by its absolute path.

Python packages install tools of the same names (`storescu`, `findscu`), so the folder is explicit: the environment
variable DCMTK_BIN, or /usr/bin.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

TIME_LIMIT = 50.0
"""Seconds that one tool may take; less than the time limit of a hook."""

_FAULT = re.compile(r"^[EF]: ", re.MULTILINE)
"""How DCMTK marks errors. The tools end with exit code 0 even when the peer aborts the association."""


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

    @property
    def archive(self) -> Peer:
        """Who plays the Image Manager."""
        return self.peers["Image Manager"]

    def call(self, peer: Peer) -> list[str]:
        """The arguments that secure an association where that is wanted, and name both of its ends."""
        return [*_secured(), "-aet", self.own.ae_title, "-aec", peer.ae_title, peer.host, str(peer.port)]


def _secured() -> list[str]:
    """The product's side of TLS, with the folder of `swf pki` that the variable DCMTK_PKI names."""
    folder = os.environ.get("DCMTK_PKI", "")
    if not folder:
        return []
    pki = Path(folder)
    return ["+tls", str(pki / "product.key"), str(pki / "product.pem"), "+cf", str(pki / "ca.pem")]


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


def run_tool(name: str, *arguments: str, folder: str | None = None) -> None:
    """Run a DCMTK tool, in `folder` if it is one that writes where it stands.

    Ends the hook with a code other than 0, and what the tool said, when it did not succeed.
    """
    tool = Path(os.environ.get("DCMTK_BIN", "/usr/bin")) / name
    if not tool.exists():
        sys.exit(f"{tool} is not installed; DCMTK_BIN names the folder of DCMTK's tools")
    done = subprocess.run(
        [str(tool), *arguments], capture_output=True, text=True, timeout=TIME_LIMIT, check=False, cwd=folder
    )
    said = done.stdout + done.stderr
    if done.returncode != 0 or _FAULT.search(said):
        sys.exit(f"{name} ended with exit code {done.returncode}\n{said}")
