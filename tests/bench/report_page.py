"""How large report.html is, and how fast it is written and opened in Chromium, at 10, 1,000 and 10,000 exchanges.

The recording is that of a reference system with a fault, again and again, each time with identifiers of its own.
Give a folder to keep the pages in, or nothing.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from judging import Silent
from recordings import Multiplied

from harness.engine.judging import judge
from harness.engine.storage import Evidence
from harness.model.run import Run
from harness.wiring import RunRequest, execute, workshop
from reports.html.render import render
from tests.chromium import Page, browser

WANTED = (10, 1_000, 10_000)
"""Exchanges of the pages."""

_ROUNDS = 5
_SCENARIOS = ("swf.scheduled", "swf.two-steps", "pir.case-1", "swf.commitment")
_MEGABYTE = 1_000_000


def recorded(out: Path) -> None:
    """A run of the reference system in each of its roles, with a fault."""
    execute(RunRequest(suts=("reference",), scenarios=_SCENARIOS, out=out, seed=1, defect="obr2-differs"), Silent())


def judged(out: Path, wanted: int) -> tuple[Run, Multiplied]:
    """A run with as many exchanges, or a few more."""
    times = -(-wanted // len(Evidence(out).transcript().exchanges))
    large = Multiplied(out, times)
    return judge(large.plan, large.transcript, large.read, workshop().knowledge), large


def cut(run: Run, wanted: int) -> Run:
    """The first plays of a run, until there are enough exchanges."""
    plays, numbers = [], set()
    for play in run.plays:
        if len(numbers) >= wanted:
            break
        plays.append(play)
        numbers |= {number for step in play.steps for leg in step.legs for number in leg.exchanges}
    transcript = run.transcript
    assert transcript is not None
    kept = tuple(exchange for exchange in transcript.exchanges if exchange.id in numbers)
    return replace(run, plays=tuple(plays), transcript=replace(transcript, exchanges=kept))


def measured(page: Page, file: Path) -> tuple[float, float, float]:
    """Seconds until the page is ready, until one exchange of its middle is open, and until a filter is applied."""
    ready = sorted(page.open(file) for _ in range(_ROUNDS))[_ROUNDS // 2]
    begin = time.perf_counter()
    page.run("location.hash = `x${exchanges.all[exchanges.all.length >> 1][0]}`")
    page.until("!drawer.hidden && drawer.querySelector('.message')")
    opened = time.perf_counter() - begin
    begin = time.perf_counter()
    page.run("document.querySelector('[data-verdict=fail].toggle').click()")
    return ready, opened, time.perf_counter() - begin


def main(folder: Path) -> None:
    """Record once; judge, write and open each size."""
    out = folder / "run"
    if not out.exists():
        recorded(out)
    with browser() as page:
        for wanted in WANTED:
            run, large = judged(out, wanted)
            begin = time.perf_counter()
            text = render(cut(run, wanted), out, large.read)
            seconds = time.perf_counter() - begin
            file = folder / f"report-{wanted}.html"
            file.write_text(text, encoding="utf-8")
            ready, opened, filtered = measured(page, file)
            plays = len(cut(run, wanted).plays)
            print(
                f"{wanted:6} exchanges, {plays:4} plays: {len(text.encode()) / _MEGABYTE:5.2f} MB, written in "
                f"{seconds:5.1f} s; ready in {ready:.2f} s, an exchange open in {opened:.2f} s, "
                f"filtered in {filtered:.2f} s",
                flush=True,
            )
            assert not page.errors, page.errors


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(Path(temporary))
