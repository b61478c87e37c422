"""The colours of the pages: words can be read in light, in dark and in print; and what styles and scripts may not do.

A contrast of 4.5 is what WCAG 2.1 asks for (1.4.3).
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

STYLE = Path(__file__).parents[3] / "reports" / "html" / "templates"
PAIRS = [
    ("ink", "bg"), ("ink", "card"), ("ink", "tint"), ("soft", "bg"), ("soft", "card"), ("soft", "tint"),
    ("link", "bg"), ("link", "card"), ("link", "tint"),
    ("pass", "card"), ("fail", "card"), ("error", "card"), ("inconclusive", "card"), ("note", "card"), ("none", "card"),
    ("pass", "pass-bg"), ("fail", "fail-bg"), ("error", "error-bg"), ("inconclusive", "inconclusive-bg"),
    ("note", "note-bg"), ("none", "none-bg"), ("fail", "mark"), ("pass", "good"), ("ink", "fail-bg"),
]  # fmt: skip


def themes() -> dict[str, dict[str, str]]:
    """The colours of each theme by name."""
    base = (STYLE / "base.css").read_text()
    light, system_dark, dark = re.findall(r":root[^{]*\{([^}]*)\}", base)[:3]
    (paper,) = re.findall(r":root[^{]*\{([^}]*)\}", (STYLE / "print.css").read_text())
    found = {"light": light, "dark by the system": system_dark, "dark": dark, "print": paper}
    return {name: dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})", text)) for name, text in found.items()}


def luminance(colour: str) -> float:
    """Relative luminance of a colour."""
    digits = colour.removeprefix("#")
    digits = "".join(one * 2 for one in digits) if len(digits) == 3 else digits
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark", "print"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_words_can_be_read(theme: str, text: str, ground: str) -> None:
    colours = themes()[theme]
    assert contrast(colours[text], colours[ground]) >= 4.5


def test_dark_is_the_same_whether_the_system_or_the_reader_wants_it() -> None:
    assert themes()["dark"] == themes()["dark by the system"]
    assert set(themes()["dark"]) == set(themes()["light"])


def test_the_pages_fetch_no_font_and_no_picture() -> None:
    for file in STYLE.glob("*.css"):
        assert "url(" not in file.read_text(), file.name
        assert "@import" not in file.read_text(), file.name


def test_values_from_the_wire_never_become_markup_in_a_script() -> None:
    forbidden = (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
        "fetch(",
        "XMLHttp",
    )
    for file in STYLE.glob("*.js"):
        text = file.read_text()
        assert not [word for word in forbidden if word in text], file.name
        assert "http" not in text.replace("http://www.w3.org/2000/svg", ""), file.name
