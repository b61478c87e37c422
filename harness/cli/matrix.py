"""`swf matrix`: scenario by role by form, each cell with its verdict and how many core checks decided something."""

from __future__ import annotations

from pathlib import Path

import click

from harness.matrix import MatrixRequest, matrix
from harness.proofs import Unheard


@click.command("matrix", short_help="Play every scenario in every role and form, and show what was decided in each.")
@click.option("--sut", "suts", multiple=True, metavar="FILE", help="System file (default: the reference system).")
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(1, 64), help="Scenarios at the same time.")
@click.option("--seed", default=None, type=int, help="Repeat the identifiers of an earlier run.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=None, help="Keep evidence and reports of the runs in this folder."
)
@click.option("--pairwise", is_flag=True, help="Play a selection: each pair of scenario, role and form at least once.")
@click.option(
    "--bounds", type=click.Path(path_type=Path), default=None, help="Lower bounds instead of the shipped ones."
)
@click.option("--update", is_flag=True, help="Record what was decided as the new lower bounds.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.argument("scenarios", nargs=-1)
def command(
    suts: tuple[str, ...],
    jobs: int,
    seed: int | None,
    out: Path | None,
    pairwise: bool,
    bounds: Path | None,
    update: bool,
    as_json: bool,
    scenarios: tuple[str, ...],
) -> int:
    """Play SCENARIOs (default: all) with the system in each of its roles, and with the box alone.

    A cell is green when the play passed and core checks decided at least as much as was recorded for it. Exit codes are
    those of a run; 2 also when a bound is missing or has fallen.
    """
    request = MatrixRequest(
        suts=suts,
        scenarios=scenarios,
        jobs=jobs,
        seed=seed,
        out=out,
        bounds=bounds,
        pairwise=pairwise,
        update=update,
        as_json=as_json,
    )
    return matrix(request, Unheard(), click.echo)
