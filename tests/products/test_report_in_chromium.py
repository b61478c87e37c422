"""report.html as a person uses it, in a real Chromium: opened from a file, without a network, by mouse and by keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reports.html import render as render_module
from reports.html.render import render
from tests.chromium import Page, browser, is_installed
from tests.unit.reports.conftest import Recording, make_run

pytestmark = pytest.mark.product

FAILING = "swf.scheduled@2.5.1[Order_Filler]/worklist/consistency/study-instance-uid@x2"
HOSTILE = [
    "<script>window.pwned=1</script>",
    "<img src=x onerror=pwned()>",
    "\"'><svg onload=pwned()>",
    "javascript:pwned()",
    "</script><script>window.pwned=1</script>",
    "\x1b[31m\x00]]>\u202e\udc80\ufffe",
]


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """A tab."""
    if not is_installed():
        pytest.skip("chromium is not installed")
    with browser() as opened:
        yield opened


def written(folder: Path, hostile: str = "") -> Path:
    """The report of the run that is made by hand."""
    recording = Recording()
    run = make_run(recording, hostile)
    file = folder / "report.html"
    file.write_text(render(run, folder, recording.payload), encoding="utf-8", errors="backslashreplace")
    return file


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """The report of a run with every verdict."""
    return written(tmp_path)


@pytest.fixture
def folded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, with every play and table packed, as in a large run."""
    monkeypatch.setattr(render_module, "AT_ONCE", 0)
    return written(tmp_path)


def drawer(page: Page) -> str:
    """The text of the open exchange."""
    page.until("!drawer.hidden")
    return str(page.run("drawer.innerText"))


def shown(page: Page, selector: str) -> int:
    """How many elements can be seen."""
    return int(page.run(f"[...document.querySelectorAll({selector!r})].filter((one) => one.checkVisibility()).length"))


def test_it_opens_from_a_file_and_asks_nobody_for_anything(page: Page, report: Path) -> None:
    page.asked.clear()
    page.errors.clear()
    page.open(report)
    assert [one for one in page.asked if one != "about:blank"] == [report.as_uri()]
    assert page.errors == []
    assert shown(page, ".line") == 4


def test_a_link_to_an_exchange_opens_it_with_its_findings_and_fields(page: Page, report: Path) -> None:
    page.open(report, "x2")
    text = drawer(page)
    assert "2 · C-FIND ModalityWorklistInformationModelFind" in text
    assert "StudyInstanceUID: expected 2.25.181817384620471923847102938471029384" in text
    assert "RequestedProcedureID" in text
    assert page.run("drawer.querySelectorAll('tr.violated').length") == 2
    assert page.run("document.querySelectorAll('.arrow.open').length") == 1


def test_bytes_are_one_click_away(page: Page, report: Path) -> None:
    page.open(report, "x1")
    drawer(page)
    page.run("drawer.querySelector('.message [data-do=raw]').click()")
    dump = page.run("drawer.querySelector('.bytes pre').textContent")
    assert dump.startswith("00000000  4d 53 48 7c 5e 7e 5c 26")
    assert "MSH|^~\\&" in dump
    assert page.run("drawer.querySelector('.bytes a').getAttribute('href')").startswith("evidence/payload/")
    page.key("b")
    assert page.run("drawer.querySelectorAll('.bytes').length") == 0
    page.key("b")
    assert page.run("drawer.querySelectorAll('.bytes').length") == 2  # all messages of the exchange


def test_keys_walk_through_the_exchanges_and_close(page: Page, report: Path) -> None:
    page.open(report, "x1")
    drawer(page)
    page.key("j")
    page.until("exchanges.open === 2 && drawer.textContent.includes('C-FIND')")
    page.key("k")
    page.until("exchanges.open === 1 && drawer.textContent.includes('OMG^O19')")
    page.key("Escape")
    assert page.run("drawer.hidden && location.hash === ''")


def test_only_the_judged_places_can_be_shown(page: Page, report: Path) -> None:
    page.open(report, "x2")
    drawer(page)
    rows = shown(page, "#drawer .rows tr")
    page.key("m")
    assert 0 < shown(page, "#drawer .rows tr") < rows
    assert shown(page, "#drawer .rows tr.violated") == 2
    page.key("m")


def test_the_place_of_a_finding_is_shown_and_links_back_to_its_card(page: Page, report: Path) -> None:
    page.open(report, "x2")
    drawer(page)
    page.run("drawer.querySelector('[data-do=place]').click()")
    place = "drawer.querySelector('tr.absent').getBoundingClientRect()"
    assert page.run(f"{place}.top > 0 && {place}.bottom < innerHeight")
    page.run("drawer.querySelector('tr.absent .said').click()")
    page.until(f"decodeURIComponent(location.hash) === '#{FAILING}'")
    card = f"document.getElementById('{FAILING}')"
    page.until(f"{card} && {card}.getBoundingClientRect().top < innerHeight")


@pytest.mark.parametrize("anchor", [FAILING, f"{FAILING}~77", "swf.cancelled@2.3.1/order", "r/consistency"])
def test_a_link_reaches_what_is_packed(page: Page, folded: Path, anchor: str) -> None:
    page.open(folded, anchor.replace("[", "%5B").replace("]", "%5D"))
    known = anchor.partition("~")[0] if "~" in anchor else anchor
    target = f"document.getElementById('{known if '~' not in anchor else known.rpartition('/consistency')[0]}')"
    page.until(f"{target} && {target}.offsetParent && {target}.getBoundingClientRect().top < innerHeight")
    assert page.errors == []


def test_a_packed_play_is_filled_when_it_is_opened(page: Page, folded: Path) -> None:
    page.open(folded)
    assert page.run("document.querySelectorAll('.diagram').length") == 0
    page.run("document.querySelector('details.play > summary').click()")
    page.until("document.querySelector('.diagram svg .arrow')")
    assert shown(page, ".diagram .arrow") == 4
    assert shown(page, ".ledger .broken") == 1


@pytest.mark.parametrize(
    ("act", "cards", "plays", "lines"),
    [
        ("document.querySelector('.toggle.fail').click()", 1, 1, 1),
        ("document.querySelector('.toggle.pass').click()", 0, 2, 2),
        ("pick('actor', 'Image Manager')", 0, 1, 1),
        ("pick('transaction', 'RAD-2')", 0, 2, 2),
        ("type('studyinstanceuid')", 1, 0, 0),
        ("type('swf.cancelled')", 0, 1, 1),
        ("type('no such thing')", 0, 0, 0),
    ],
)
def test_filters(page: Page, report: Path, act: str, cards: int, plays: int, lines: int) -> None:
    page.open(report)
    page.run(
        "window.pick = (name, value) => { const field = document.getElementById(`by-${name}`);"
        " field.value = value; field.dispatchEvent(new Event('change')); };"
        "window.type = (text) => { const field = document.getElementById('find');"
        " field.value = text; field.dispatchEvent(new Event('input')); };"
        f"{act}"
    )
    page.until("!document.getElementById('clear').hidden")
    assert shown(page, "#attention > .finding") == cards
    assert shown(page, "details.play") == plays
    assert page.run("exchanges.shown.length") == lines
    assert page.run("document.getElementById('nothing').hidden") is (cards + plays + lines > 0)
    page.key("c")
    assert (shown(page, "#attention > .finding"), shown(page, "details.play"), shown(page, ".line")) == (3, 2, 4)


def test_slash_begins_to_search_and_question_mark_tells_the_keys(page: Page, report: Path) -> None:
    page.open(report)
    page.key("/")
    assert page.run("document.activeElement.id") == "find"
    page.key("Escape")
    page.key("?")
    assert page.run("document.getElementById('keys').open")


def test_n_and_p_go_from_finding_to_finding(page: Page, report: Path) -> None:
    page.open(report)
    page.size(1200, 500)
    tops = (
        "[...document.querySelectorAll('#attention > .finding')]"
        ".map((one) => Math.round(one.getBoundingClientRect().top))"
    )
    page.key("n")
    first = page.run(tops)
    page.key("n")
    second = page.run(tops)
    assert first[0] == second[1] > 0
    page.key("p")
    assert page.run(tops) == first
    page.size(1400, 900)


def test_light_and_dark_follow_the_system_until_one_is_chosen(page: Page, report: Path) -> None:
    page.open(report)
    colour = "getComputedStyle(document.body).backgroundColor"
    page.theme("dark")
    dark = page.run(colour)
    page.key("t")  # light, whatever the system has
    light = page.run(colour)
    page.theme("light")
    page.key("t")
    assert page.run(colour) == dark != light
    page.key("t")
    assert page.run(colour) == light


def test_printed_it_has_the_findings_and_not_the_tools(page: Page, report: Path) -> None:
    page.open(report)
    page.call("Emulation.setEmulatedMedia", media="print")
    assert shown(page, "#attention > .finding") == 3
    assert shown(page, ".finding .excerpt tr") > 5
    assert shown(page, ".diagram svg") == 1
    assert page.run("getComputedStyle(document.querySelector('.tools')).display") == "none"
    page.call("Emulation.setEmulatedMedia", media="")
    assert page.pdf().startswith(b"%PDF-")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_values_do_nothing_wherever_they_are_shown(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hostile: str
) -> None:
    monkeypatch.setattr(render_module, "AT_ONCE", 0)
    file = written(tmp_path, hostile)
    page.asked.clear()
    page.errors.clear()
    page.open(file)
    page.run(
        "Promise.all([...document.querySelectorAll('details')]"
        ".map(async (one) => { await filled(one); one.open = true; }))"
    )
    for number in (1, 2, 3, 4):
        page.run(f"location.hash = 'x{number}'")
        page.until(f"exchanges.open === {number} && !drawer.hidden")
        page.run("allBytes()")
        assert page.run("drawer.querySelectorAll('script, img, iframe, [onload], [onerror]').length") == 0
    assert page.run("typeof window.pwned") == "undefined"
    assert (
        page.run("document.querySelectorAll('img, iframe, object, embed, [onload], [onerror], [style*=url]').length")
        == 0
    )
    links = page.run("[...document.querySelectorAll('a')].map((one) => one.getAttribute('href') || '')")
    assert all(link.startswith(("#", "evidence/payload/")) for link in links)
    assert [one for one in page.asked if one != "about:blank"] == [file.as_uri()]
    assert page.errors == []
