"""What the Orthanc hooks share: the facts on standard input, and the REST API at the address that the hook is given.

ORTHANC_AUTHORIZATION, when it is set, is the value of the Authorization header (`Basic ...`). No proxy is used.
"""

from __future__ import annotations

import json
import os
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STUDY = ("StudyInstanceUID", "PatientName", "StudyDate", "StudyTime", "AccessionNumber", "StudyID", "StudyDescription")
"""What a work list of a reading room shows of a study."""
TIME_LIMIT = 40.0
"""Seconds that one call may take; less than the time limit of a hook."""


@dataclass(frozen=True)
class Facts:
    """What the harness tells a hook. `sightings` are identifiers that this actor has seen on the wire, in order."""

    folder: Path
    patient_id: str
    own: dict[str, Any]
    peers: dict[str, dict[str, Any]]
    sightings: list[dict[str, Any]]

    def seen(self, name: str) -> list[str]:
        """The values of an identifier that passed on the wire."""
        return [one["value"] for one in self.sightings if one["name"] == name]


def read_facts() -> Facts:
    """The facts of this call."""
    facts = json.load(sys.stdin)
    return Facts(
        folder=Path(facts["folder"]),
        patient_id=facts["patient"]["id"],
        own=facts["own"]["dimse"],
        peers={actor: party["dimse"] for actor, party in facts["peers"].items() if party.get("dimse")},
        sightings=facts["sightings"],
    )


class Orthanc:
    """One Orthanc, by the address of its REST API: the hook's argument."""

    def __init__(self) -> None:
        self._address = sys.argv[1].rstrip("/")
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def call(self, method: str, path: str, content: object = None) -> Any:
        """One request; ends the hook with what Orthanc says when it does not succeed."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode() if content is not None else None
        request = urllib.request.Request(f"{self._address}{path}", data=body, method=method)  # noqa: S310 - http, as told
        if "ORTHANC_AUTHORIZATION" in os.environ:
            request.add_header("Authorization", os.environ["ORTHANC_AUTHORIZATION"])
        try:
            with self._opener.open(request, timeout=TIME_LIMIT) as response:
                said = response.read()
        except urllib.error.HTTPError as error:
            sys.exit(f"{method} {path}: HTTP status {error.code}: {_details(error.read())}")
        except OSError as error:
            sys.exit(f"{method} {path}: Orthanc does not answer at {self._address}: {error}")
        return json.loads(said) if said.strip() else None

    def knows(self, peer: dict[str, Any]) -> str:
        """Tell Orthanc of a peer; the name by which its REST API calls it.

        It holds until Orthanc ends. Without it Orthanc neither calls the peer nor takes anything from it.
        """
        name = re.sub(r"[^a-z0-9-]+", "-", f"swf-{peer['ae_title']}-{peer['port']}".lower())
        where = {"AET": peer["ae_title"], "Host": peer["host"], "Port": peer["port"], "Timeout": int(TIME_LIMIT) - 5}
        self.call("PUT", f"/modalities/{name}", where)
        return name

    def find(self, keyword: str, value: str) -> list[str]:
        """The ids of Orthanc's own instances with that value."""
        return list(self.call("POST", "/tools/find", {"Level": "Instance", "Query": {keyword: value}}))

    def query(self, archive: str, level: str, keys: dict[str, str], wanted: Sequence[str]) -> str:
        """C-FIND; the id of the query, which keeps its answers. `wanted` are the return keys."""
        asked = {**dict.fromkeys(wanted, ""), **keys}
        return str(self.call("POST", f"/modalities/{archive}/query", {"Level": level, "Query": asked})["ID"])

    def answers(self, query: str) -> list[dict[str, str]]:
        """The answers of a query, by keyword."""
        found: list[dict[str, str]] = self.call("GET", f"/queries/{query}/answers?expand&simplify")
        return found


def _details(said: bytes) -> str:
    try:
        told = json.loads(said)
        return str(told.get("Details") or told.get("Message"))
    except (ValueError, AttributeError):
        return said[:200].decode("utf-8", "replace")
