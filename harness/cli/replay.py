"""`swf replay`: send the bytes of a recorded request again."""

from __future__ import annotations

from pathlib import Path

import click

from harness.bundles import opened_run
from harness.engine.replaying import parse_target, replay
from harness.engine.storage import Evidence
from harness.model.names import ExchangeId


@click.command("replay", short_help="Send a recorded request again, and print the answer.")
@click.argument("out", metavar="RUN", type=click.Path(path_type=Path))
@click.argument("exchange", type=int)
@click.option("--to", "address", required=True, metavar="ADDRESS", help="HOST:PORT, or AE@HOST:PORT for DICOM.")
def command(out: Path, exchange: int, address: str) -> int:
    """Send the request of EXCHANGE of the run (a folder, or a bundle) to ADDRESS, and print the answer."""
    with opened_run(out) as folder:
        click.echo(replay(Evidence(folder), ExchangeId(exchange), parse_target(address)))
    return 0
