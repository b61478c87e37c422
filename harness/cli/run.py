"""`swf run`: run scenarios against systems under test, and write every report."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from harness.cli._options import judging_options, known_option, overrides_option, strictness
from harness.errors import InputError
from harness.operating import WAYS
from harness.resuming import ResumeRequest
from harness.resuming import resume as resume_run
from harness.wiring import RunRequest, run


@click.command("run", short_help="Run scenarios, judge what crossed the wire, write every report.")
@click.option(
    "--sut",
    "suts",
    multiple=True,
    metavar="FILE",
    help="System file, or name of a shipped one; `none` for the box alone.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder for evidence and reports (default: a new one below swf-out/).",
)
@click.option(
    "--defect",
    default="",
    metavar="NAME",
    help="Give the reference system a known fault; see `swf list --defects`.",
)
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(1, 64), help="Scenarios at the same time.")
@click.option("--seed", default=None, type=int, help="Repeat the identifiers of an earlier run.")
@click.option("--pairwise", is_flag=True, help="Play a selection: each pair of scenario, role and form at least once.")
@click.option(
    "--operator",
    type=click.Choice(WAYS),
    default=None,
    help="How a person is asked to operate a system (default: at the terminal; without one, by files).",
)
@click.option("--operator-name", default="", metavar="NAME", help="Who that person is, for the evidence.")
@click.option(
    "--resume",
    type=click.Path(path_type=Path),
    default=None,
    metavar="DIR",
    help="Go on with the run in DIR, which was ended before its end; nothing else about it can be chosen.",
)
@judging_options
@overrides_option
@known_option
@click.argument("scenarios", nargs=-1)
def command(
    suts: tuple[str, ...],
    out: Path | None,
    defect: str,
    jobs: int,
    seed: int | None,
    pairwise: bool,
    operator: str | None,
    operator_name: str,
    resume: Path | None,
    strict: bool,
    confidence: str,
    overrides: tuple[Path, ...],
    known: tuple[Path, ...],
    scenarios: tuple[str, ...],
) -> int:
    """Run SCENARIOs (ids or files; default: all that apply) and judge what crossed the wire.

    Without --sut the bundled reference system is started and tested in each role that it claims.
    """
    if resume is not None:
        if scenarios or out or defect or seed is not None or pairwise or overrides or known:
            raise InputError(
                "--resume goes on with a run as it was planned: only --sut, --jobs, --operator, "
                "--operator-name and how it is judged can be given again"
            )
        return resume_run(
            ResumeRequest(
                out=resume,
                suts=suts,
                jobs=jobs,
                operator=operator or "",
                operator_name=operator_name,
                strictness=strictness(strict, confidence),
            ),
            Console(),
        )
    request = RunRequest(
        suts=suts,
        scenarios=scenarios,
        out=out,
        defect=defect,
        jobs=jobs,
        seed=seed,
        pairwise=pairwise,
        operator=operator or "",
        operator_name=operator_name,
        strictness=strictness(strict, confidence),
        overrides=overrides,
        known=known,
    )
    return run(request, Console())
