"""The page of `swf check` in a real Chromium: messages open with fields and bytes, and hostile files do nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.model.verdict import Verdict
from reports.html.checked import checked_html
from tests.chromium import Page, browser, is_installed
from tests.unit.reports.conftest import order
from tests.unit.reports.test_html_checked import WRONG, files, finding, message

pytestmark = pytest.mark.product

HOSTILE = [
    "<script>window.pwned=1</script>",
    "<img src=x onerror=pwned()>",
    "\"'><svg onload=pwned()>",
    "javascript:pwned()",
    "\x1b[31m\x00]]>\u202e",
]


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """A tab."""
    if not is_installed():
        pytest.skip("chromium is not installed")
    with browser() as opened:
        yield opened


def written(folder: Path, text: str) -> Path:
    """The page in a file."""
    file = folder / "checked.html"
    file.write_text(text, encoding="utf-8", errors="backslashreplace")
    return file


def test_a_message_opens_with_its_fields_its_marks_and_its_bytes(page: Page, tmp_path: Path) -> None:
    page.open(written(tmp_path, checked_html(files(message(WRONG), message()))), "m1")
    page.until("document.querySelector('#m1 tr.violated')")
    assert page.run("document.querySelector('#m1 tr.violated').cells[0].textContent") == "ORC-1"
    page.run("document.querySelector('#m1 [data-do=raw]').click()")
    assert page.run("document.querySelector('#m1 .bytes pre').textContent").startswith("00000000  4d 53 48")
    assert page.run("document.querySelector('#m2').open") is False


def test_a_mark_leads_to_its_card_and_the_card_to_its_message(page: Page, tmp_path: Path) -> None:
    page.open(written(tmp_path, checked_html(files(message(WRONG)))), "m1")
    page.until("document.querySelector('#m1 .said')")
    page.run("document.querySelector('#m1 .said').click()")
    page.until("location.hash === '#m1%2Frad-2.omg-o19%2FORC-1'")
    card = "document.getElementById('m1/rad-2.omg-o19/ORC-1').getBoundingClientRect()"
    assert page.run(f"{card}.top >= 0 && {card}.top < innerHeight")
    page.run("document.querySelector('.finding a[href=\"#m1\"]').click()")
    page.until("location.hash === '#m1'")


def test_the_list_is_filtered_by_verdict(page: Page, tmp_path: Path) -> None:
    page.open(written(tmp_path, checked_html(files(message(WRONG), message(finding("PID-3", Verdict.PASS))))))
    page.run("document.querySelector('.toggle.pass').click()")
    seen = "[...document.querySelectorAll('details.play, .finding')].filter((one) => one.checkVisibility()).length"
    assert page.run(seen) == 1
    page.run("document.querySelector('.toggle.pass').click()")
    assert page.run(seen) == 3


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_files_do_nothing(page: Page, tmp_path: Path, hostile: str) -> None:
    wrong = finding("ORC-1", Verdict.FAIL, expected=hostile, received=hostile)
    file = written(
        tmp_path, checked_html(files(message(wrong, hostile=hostile, content=order(hostile)), hostile=hostile))
    )
    page.asked.clear()
    page.errors.clear()
    page.open(file)
    page.run("location.hash = 'm1'")
    page.until("document.querySelector('#m1 .message')")
    page.run("document.querySelector('#m1 [data-do=raw]').click()")
    assert page.run("typeof window.pwned") == "undefined"
    assert page.run("document.querySelectorAll('img, iframe, object, embed, [onload], [onerror]').length") == 0
    assert [one for one in page.asked if one != "about:blank"] == [file.as_uri()]
    assert page.errors == []
