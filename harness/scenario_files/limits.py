"""What single values of a system file may be, beyond their kind: for the loader, and for the schema of editors."""

from __future__ import annotations

MOST_PORT = 65535
"""The highest TCP port; 0 stands for none, or for a free one."""

AE_TITLE = r"^(?=.*[^ ])[ -\[\]-~]{1,16}$"
"""An application entity title: 1 to 16 characters, no backslash, not blank alone (PS3.5 6.2)."""

DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
"""A day; that it exists is for the loader to see."""

SHORT = 16
"""Characters of a short string, VR SH (PS3.5 6.2): what a code value and a station's name may have."""
