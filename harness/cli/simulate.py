"""`swf simulate`: our actors as stand-ins that serve until they are stopped, and what they saw is judged."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from harness.cli._interruption import ends_by_hand
from harness.cli._options import judging_options, known_option, overrides_option, strictness
from harness.engine.stand_ins import DICOM_PORT, HL7_PORT, StandIns, hl7_peer_of, named_of, peer_of
from harness.engine.watching import Until
from harness.simulating import SimulateRequest, actors_of, simulate, systems_of
from harness.transports.probing import own_address


@click.command("simulate", short_help="Stand in for any actors, until stopped; then judge what was seen.")
@click.option("--sut", "suts", multiple=True, metavar="FILE", help="System file that says who the peers are.")
@click.option(
    "--peer",
    "peers",
    multiple=True,
    metavar="[ACTOR=]AE@HOST:PORT",
    help="A DICOM peer that our actors may call: the archive, or just somebody who is to be called back.",
)
@click.option(
    "--hl7-peer",
    "hl7_peers",
    multiple=True,
    metavar="ACTOR=APPLICATION@HOST:PORT",
    help="An HL7 peer that our actors may call.",
)
@click.option(
    "--as",
    "named",
    multiple=True,
    metavar="ACTOR=AE_TITLE[:PORT]",
    help="Another name, and port, for one of the simulated actors.",
)
@click.option(
    "--worklist",
    default=None,
    type=click.IntRange(0, 10000),
    metavar="N",
    help="Patients on the worklist of a simulated Order Filler (default: 8).",
)
@click.option(
    "--listen",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Where our actors listen; 0.0.0.0 for other machines.",
)
@click.option(
    "--dicom-port", default=DICOM_PORT, show_default=True, type=click.IntRange(0, 65535), help="First of the ports."
)
@click.option("--hl7-port", default=HL7_PORT, show_default=True, type=click.IntRange(0, 65535), help="First of them.")
@click.option("--hl7-version", "form", type=click.Choice(["2.5.1", "2.3.1"]), default="2.5.1", show_default=True)
@click.option("--for", "seconds", default=None, type=click.FloatRange(0), metavar="SECONDS", help="Stop after so long.")
@click.option("--seed", default=None, type=int, help="Repeat the identifiers of an earlier simulation.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder for evidence and reports (default: a new one below swf-out/).",
)
@judging_options
@overrides_option
@known_option
@click.argument("actors", nargs=-1, required=True)
def command(
    suts: tuple[str, ...],
    peers: tuple[str, ...],
    hl7_peers: tuple[str, ...],
    named: tuple[str, ...],
    worklist: int | None,
    listen: str,
    dicom_port: int,
    hl7_port: int,
    form: str,
    seconds: float | None,
    seed: int | None,
    out: Path | None,
    strict: bool,
    confidence: str,
    overrides: tuple[Path, ...],
    known: tuple[Path, ...],
    actors: tuple[str, ...],
) -> int:
    """Stand in for ACTORs: names of actors ("Order Filler"), or of kinds of products (ris, pacs, modality, display).

    Every peer is served, whatever it calls itself. Ctrl-C, `stop` or --for ends it; what was seen is judged then.

    \b
    Examples:
      swf simulate ris pacs                      a RIS with a worklist, and an archive
      swf simulate modality --peer "Order Filler=RIS@localhost:104"
                                                 type `next`: it performs the next entry of that worklist
      swf tell next                              the same, from a script
    """
    ends_by_hand()
    request = SimulateRequest(
        stand_ins=StandIns(
            actors=actors_of(actors),
            named=tuple(named_of(text) for text in named),
            peers=(*(peer_of(text) for text in peers), *(hl7_peer_of(text) for text in hl7_peers)),
            systems=systems_of(suts),
            bind=listen,
            advertise=own_address(listen),
            dicom_port=dicom_port,
            hl7_port=hl7_port,
        ),
        worklist=worklist,
        form=form,
        seed=seed,
        out=out,
        until=Until(seconds=seconds),
        strictness=strictness(strict, confidence),
        overrides=overrides,
        known=known,
    )
    return simulate(request, Console())
