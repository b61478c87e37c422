"""RAD-8 by DCMTK: send the image files that the stand-in modality wrote, with storescu."""

from __future__ import annotations

import sys

from dcmtk_tools import read_facts, run_tool


def main() -> None:
    """All files over one association; `-R` proposes only what they need, `-nh` goes on after a refused one."""
    facts = read_facts()
    files = sorted(str(path) for path in facts.folder.glob("*.dcm"))
    if not files:
        sys.exit("the stand-in modality wrote no image: there is nothing to store")
    run_tool("storescu", "-R", "-nh", *facts.call(facts.archive), *files)
    print(f"{len(files)} images sent")


if __name__ == "__main__":
    main()
