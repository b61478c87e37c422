"""RAD-8 by Orthanc: give it the image files that the stand-in modality wrote, and have it send them on
(`/instances`, `/modalities/{id}/store`)."""

from __future__ import annotations

import sys

from orthanc_rest import Orthanc, read_facts


def main() -> None:
    """All images of one call, over one association."""
    facts, orthanc = read_facts(), Orthanc()
    files = sorted(facts.folder.glob("*.dcm"))
    if not files:
        sys.exit("the stand-in modality wrote no image: there is nothing to store")
    archive = orthanc.knows(facts.peers["Image Manager"])
    instances = [orthanc.call("POST", "/instances", file.read_bytes())["ID"] for file in files]
    done = orthanc.call("POST", f"/modalities/{archive}/store", {"Resources": instances, "Synchronous": True})
    if done["FailedInstancesCount"]:
        sys.exit(f"{done['FailedInstancesCount']} of {done['InstancesCount']} images were not taken")
    print(f"{done['InstancesCount']} images sent")


if __name__ == "__main__":
    main()
