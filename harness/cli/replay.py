"""`swf replay`: send recorded requests again."""

from __future__ import annotations

from pathlib import Path

import click

from harness.engine.replaying import parse_target
from harness.model.names import ExchangeId
from harness.replayed import ReplayRequest, replay


@click.command("replay", short_help="Send recorded requests again, and print the answers.")
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
@click.argument("exchanges", metavar="EXCHANGE...", nargs=-1, required=True, type=int)
@click.option("--to", "address", default=None, metavar="ADDRESS", help="HOST:PORT, or AE@HOST:PORT for DICOM.")
@click.option(
    "--wait",
    default=30.0,
    show_default=True,
    type=click.FloatRange(0, 86400),
    help="Seconds in which the report of a storage commitment may come.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), default=None, metavar="DIR", help="Keep record and reports of our actors."
)
def command(run: Path, exchanges: tuple[int, ...], address: str | None, wait: float, out: Path | None) -> int:
    """Send the requests of EXCHANGEs of RUN (a folder, or a bundle) again, byte for byte, and print the answers.

    Without --to, what we sent goes to where it went in that run. What a system sent goes to simulated actors that are
    started for it, and is judged: code 1 when it fails.
    """
    request = ReplayRequest(
        run=run,
        exchanges=[ExchangeId(number) for number in exchanges],
        target=parse_target(address) if address is not None else None,
        wait=wait,
        out=out,
    )
    return replay(request, click.echo)
