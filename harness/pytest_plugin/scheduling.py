"""How pytest-xdist distributes items when scenarios are among them; imported only where pytest-xdist is installed."""

from __future__ import annotations

from xdist.scheduler import LoadGroupScheduling

from harness.pytest_plugin import SUFFIX


class DepartmentScheduling(LoadGroupScheduling):  # type: ignore[misc]  # pytest-xdist has no types
    """Groups items as `--dist loadgroup` does, and all scenarios as one: one process owns a simulated department."""

    def _split_scope(self, nodeid: str) -> str:
        """The group of an item: pytest-xdist's own way for a scheduler to say so."""
        scope: str = "swf-department" if f"{SUFFIX}::" in nodeid else super()._split_scope(nodeid)
        return scope
