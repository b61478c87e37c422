"""`swf reference`: the bundled reference system, alone in its process. `swf run` starts it; a person rarely does."""

from __future__ import annotations

import json
import sys

import click

from harness.model.system import Strain
from harness.model.tls import TlsFiles
from harness.wiring import reference_system


@click.command("reference", hidden=True)
@click.option("--seed", default=1, type=int)
@click.option("--defect", default="")
@click.option("--delay", default=0.0, type=float, help="Seconds that each answer and each message takes longer.")
@click.option("--noise", is_flag=True, help="Foreign patients, repeated messages and unrelated associations.")
@click.option(
    "--tls",
    nargs=3,
    default=None,
    metavar="CERTIFICATE KEY AUTHORITIES",
    help="Secure every listener, and show the certificate to whoever is called.",
)
@click.option("--pki", default="", metavar="DIR", help="Whose unknown authority it trusts that has this defect.")
def command(seed: int, defect: str, delay: float, noise: bool, tls: tuple[str, str, str] | None, pki: str) -> int:
    """Serve until standard input is closed."""
    files = TlsFiles(certificate=tls[0], key=tls[1], authorities=tls[2], pki=pki) if tls else None
    with reference_system(seed, defect, Strain(delay=delay, noise=noise), files) as system:
        click.echo(json.dumps(system.introduction()))
        sys.stdout.flush()
        sys.stdin.read()
    return 0
