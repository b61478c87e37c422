"""`swf replay`: send the bytes of a recorded request again."""

from __future__ import annotations

from pathlib import Path

import click

from harness.engine.replaying import parse_target, replay
from harness.engine.storage import Evidence
from harness.model.names import ExchangeId


@click.command("replay", short_help="Send a recorded request again, and print the answer.")
@click.argument("out", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("exchange", type=int)
@click.option("--to", "address", required=True, metavar="ADDRESS", help="HOST:PORT, or AE@HOST:PORT for DICOM.")
def command(out: Path, exchange: int, address: str) -> int:
    """Send the request of EXCHANGE from the run in DIR to ADDRESS, and print the answer."""
    click.echo(replay(Evidence(out), ExchangeId(exchange), parse_target(address)))
    return 0
