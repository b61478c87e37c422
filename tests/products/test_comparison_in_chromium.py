"""The page of `swf diff` in a real Chromium: opened from a file, without a network, narrow and wide, in both themes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.model.comparison import Comparison
from reports.html.comparison import comparison_html
from tests.chromium import Page, browser, is_installed
from tests.unit.reports.test_comparison import HOSTILE, everything

pytestmark = pytest.mark.product


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """A tab."""
    if not is_installed():
        pytest.skip("chromium is not installed")
    with browser() as opened:
        yield opened


def shown(page: Page, folder: Path, found: Comparison) -> None:
    """Open the page of a comparison."""
    file = folder / "diff.html"
    file.write_text(comparison_html(found), encoding="utf-8", errors="backslashreplace")
    page.asked.clear()
    page.errors.clear()
    page.call("Page.navigate", url=file.resolve().as_uri())
    page.until("document.readyState === 'complete' && document.querySelector('h1') !== null")


@pytest.mark.parametrize("text", [*HOSTILE, "javascript:pwned()", "plain"], ids=range(len(HOSTILE) + 2))
def test_it_asks_nobody_for_anything_whatever_is_in_it(page: Page, tmp_path: Path, text: str) -> None:
    shown(page, tmp_path, everything(text))
    assert len(page.asked) == 1
    assert page.errors == []
    assert page.run("document.querySelectorAll('script, img, svg, a, iframe').length") == 0
    assert page.run("document.querySelectorAll('.card').length") == 4


@pytest.mark.parametrize("width", [480, 900, 1400])
def test_it_fits_the_window(page: Page, tmp_path: Path, width: int) -> None:
    page.size(width, 900)
    for text in ("plain", "x" * 400, "swf.scheduled@2.5.1[Order Filler]/worklist"):
        shown(page, tmp_path, everything(text))
        assert page.run("document.documentElement.scrollWidth") <= width


def test_it_follows_the_theme_of_the_system(page: Page, tmp_path: Path) -> None:
    shown(page, tmp_path, everything("plain"))
    colours = []
    for name in ("light", "dark"):
        page.theme(name)
        colours.append(page.run("getComputedStyle(document.body).backgroundColor"))
    assert colours[0] != colours[1]
    page.theme("light")


def test_it_prints(page: Page, tmp_path: Path) -> None:
    shown(page, tmp_path, everything("plain"))
    assert page.pdf().startswith(b"%PDF")
