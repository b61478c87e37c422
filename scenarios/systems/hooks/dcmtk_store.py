"""RAD-8 by DCMTK: send the image files that the stand-in modality wrote, with storescu."""

from __future__ import annotations

from dcmtk_tools import read_facts, run_tool

facts = read_facts()
archive = facts.peers["Image Manager"]
files = sorted(str(path) for path in facts.folder.rglob("*.dcm"))
output = run_tool(
    "storescu", "-v", "-R", "-nh", "-aet", facts.own.ae_title, "-aec", archive.ae_title, archive.host, str(archive.port),
    *files,
)
print(f"{len(files)} files sent")
