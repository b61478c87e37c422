"""`swf verify`: is a bundle what was put together, and do the rules here come to the same verdicts?"""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from harness.archive import Bounds, read_signers
from harness.bundles import VerifyRequest, verify
from reports.bundle import verified_json, verified_text


@click.command("verify", short_help="Check a bundle, and judge its evidence again.")
@click.argument("bundle", metavar="BUNDLE", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--signer",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    metavar="FILE",
    help="Public keys, one of which has to have signed it: KEY.pub, or a file of allowed signers.",
)
@click.option(
    "--unpack",
    "folder",
    type=click.Path(path_type=Path),
    default=None,
    metavar="DIR",
    help="Keep what is in it in this new folder.",
)
@click.option("--most", default=16, show_default=True, type=click.IntRange(1, 4096), help="GiB that it may hold.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(bundle: Path, signer: Path | None, folder: Path | None, most: int, as_json: bool) -> int:
    """Check that BUNDLE is as its manifest says, and signed as it should be; judge its evidence by the rules here.

    \b
    Exit codes:
      0  it is intact, and every verdict and finding is the same
      1  it is intact, and the judgement here is another one
      2  it was altered, or the signature is not good, or not of a key that was given
      3  it is no bundle, or holds what no bundle does
    """
    request = VerifyRequest(
        bundle=bundle,
        signers=read_signers(signer) if signer is not None else None,
        folder=folder,
        bounds=Bounds(size=most << 30),
    )
    found, code = verify(request)
    if as_json:
        click.echo(verified_json(found))
    else:
        verified_text(found, Console())
    return code
