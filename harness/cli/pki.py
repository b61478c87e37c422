"""`swf pki`: an authority and certificates to try TLS with, and the ones that a product should refuse."""

from __future__ import annotations

from pathlib import Path

import click

from harness.model.tls import AUTHORITY, OURS, THEIRS, Badness
from harness.pki import Pki

_MEANING = {
    Badness.EXPIRED: "expired a month ago",
    Badness.NOT_YET_VALID: "begins in ten years",
    Badness.UNKNOWN_AUTHORITY: "of an authority that nobody trusts, bad/unknown-ca.pem",
    Badness.OTHER_HOST: "good, but names a host that nobody calls",
}


@click.command("pki", short_help="Make certificates to test TLS with: an authority, both sides, and bad ones.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--host", "hosts", multiple=True, metavar="NAME", help="A host name or IP address of the product; may be repeated."
)
@click.option(
    "--our-host", "our_hosts", multiple=True, metavar="NAME", help="A host name or address of this machine, likewise."
)
@click.option("--days", type=click.IntRange(1, 3650), default=365, show_default=True, help="How long they are valid.")
@click.option("--ec", "elliptic", is_flag=True, help="Keys of an elliptic curve (P-256) instead of RSA.")
def command(folder: Path, hosts: tuple[str, ...], our_hosts: tuple[str, ...], days: int, elliptic: bool) -> int:
    """Write a test authority and what it certified into the new folder DIR, and say what goes where.

    For tests alone: the keys lie beside the certificates, without a password.

    \b
    Examples:
      swf pki certs --host pacs.hospital.example --host 192.0.2.10
      swf run --sut our-archive.system.yaml sec.tls-dicom-callers     # with `tls: {pki: certs}` in the file
    """
    Pki(folder, days=days, elliptic=elliptic).make(hosts, our_hosts)
    for line in _told(folder, days):
        click.echo(line)
    return 0


def _told(folder: Path, days: int) -> tuple[str, ...]:
    return (
        f"{folder}: a test authority and its certificates, valid for {days} days",
        "",
        "The product gets",
        f"  {folder / THEIRS.certificate} and {folder / THEIRS.key}",
        f"  {folder / AUTHORITY.certificate}, as the authority that it trusts",
        "",
        "In the system file, beside it:",
        f"  tls: {{pki: {folder}}}",
        f"which stands for {OURS.certificate}, {OURS.key} and {AUTHORITY.certificate} in it, and for the bad ones:",
        *(f"  {badness.names.certificate:<26} {_MEANING[badness]}" for badness in Badness),
        "",
        "Then `tls: mutual` at each address and department actor that is secured.",
    )
