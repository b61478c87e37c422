"""`swf bundle`: a run in one file, to be given away."""

from __future__ import annotations

from pathlib import Path

import click

from harness.bundles import BundleRequest, bundle
from reports.bundle import facts_lines


@click.command("bundle", short_help="Put a run into one file: evidence, judgement, versions, manifest.")
@click.argument("run", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), default=None, metavar="FILE", help="The bundle."
)
@click.option(
    "--sign",
    "key",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    metavar="KEY",
    help="Sign it with this Ed25519 key (`ssh-keygen -t ed25519` makes one).",
)
@click.option("--no-reports", is_flag=True, help="Evidence and judgement alone.")
@click.option("--force", is_flag=True, help="Write over a bundle that is there.")
def command(run: Path, out: Path | None, key: Path | None, no_reports: bool, force: bool) -> int:
    """Put the run in DIR, or each run in a folder of DIR, into one file: DIR.swf.tar.gz beside it.

    The same run gives the same bytes. `swf verify` checks it on any machine, and judges it again there.
    """
    request = BundleRequest(run=run, out=out, key=key, passphrase=_ask, reports=not no_reports, force=force)
    packed, digest, facts = bundle(request)
    for text in facts_lines(facts):
        click.echo(text)
    signed = ", signed" if key is not None else ""
    click.echo(f"{packed.path}: {packed.files} files, {packed.content} bytes in {packed.size}{signed}")
    click.echo(f"manifest {digest}")
    return 0


def _ask() -> str:
    answer: str = click.prompt("Passphrase of the key", hide_input=True, err=True)
    return answer
