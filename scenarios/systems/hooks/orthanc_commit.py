"""RAD-10 by Orthanc: ask for the commitment of what it stored (`/modalities/{id}/storage-commitment`), and wait for the
report. Which images those are the harness tells from the wire: they passed there when they were stored."""

from __future__ import annotations

import signal
import sys
import threading
import time

from orthanc_rest import TIME_LIMIT, Orthanc, read_facts

PAUSE = 0.2
"""Seconds between two looks at the report."""


def main() -> None:
    """One request for all images that passed; the hook ends when the report has come."""
    facts, orthanc = read_facts(), Orthanc()
    passed = [orthanc.find("SOPInstanceUID", uid) for uid in facts.seen("sop_instance_uid")]
    instances = [instance for found in passed for instance in found]
    if not instances:
        sys.exit("no image of Orthanc's has passed on the wire so far: there is nothing to commit")
    archive = orthanc.knows(facts.peers["Image Manager"])
    asked = orthanc.call("POST", f"/modalities/{archive}/storage-commitment", {"Resources": instances})
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    deadline = time.monotonic() + TIME_LIMIT
    while (report := orthanc.call("GET", asked["Path"]))["Status"] == "Pending":
        if time.monotonic() > deadline:
            sys.exit(f"no report on {len(instances)} images within {TIME_LIMIT:g} s")
        if ended.wait(PAUSE):
            sys.exit("ended before the report came")
    print(f"{len(instances)} images asked for: {report['Status']}")


if __name__ == "__main__":
    main()
