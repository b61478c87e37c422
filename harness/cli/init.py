"""`swf init`: ask the few questions that matter, and write a commented system file."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click
from rich.console import Console

from harness.cli._answering import MOST, Given, interview
from harness.cli._questions import Questions
from harness.engine.drafting import FIRST_PORT, Draft, draft
from harness.engine.roles import claimed_transactions
from harness.errors import InputError
from harness.model.connection import Connection, in_order
from harness.model.names import ActorName, TransactionId
from harness.model.plan import Plan
from harness.model.profile import LinkKind
from harness.model.system import System
from harness.profiles import Knowledge
from harness.scenario_files.schema import shipped_schema
from harness.scenario_files.writing import SCHEMA, Remarks, system_text
from harness.transports.probing import can_listen
from harness.wiring import RunRequest, plan_only, workshop

_ENDING = ".system.yaml"


@click.command("init", short_help="Write a system file for a product: a few questions, or options.")
@click.option("--kind", default=None, metavar="KIND", help="What it is: archive, pacs, ris, modality, ...")
@click.option("--transactions", default=None, metavar="LIST", help="Which it has: RAD-8,RAD-10; `all`.")
@click.option("--profile", default=None, metavar="PROFILE", help="SWF.b (HL7 2.5.1), SWF (HL7 2.3.1), or both.")
@click.option("--name", default=None, help="What it is called.")
@click.option("--version", default=None, help="Its version.")
@click.option("--host", default=None, help="Where it runs.")
@click.option("--ae-title", default=None, help="Its AE title.")
@click.option("--port", default=None, help="Where it listens for DICOM; 0: it only calls.")
@click.option("--hl7", default=None, metavar="APP|FACILITY", help="What it calls itself in MSH-3 and MSH-4.")
@click.option("--hl7-port", default=None, help="Where it listens for HL7.")
@click.option("--our-address", default=None, metavar="HOST", help="This machine, as the product dials it.")
@click.option("--acts", default=None, metavar="HOW", help="How it is made to act: itself, person, or a command line.")
@click.option("--feeds", default=None, metavar="COMMAND", help="Loads into it what it is to answer.")
@click.option(
    "--first-port",
    default=FIRST_PORT,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="Where the ports of our listeners begin.",
)
@click.option("--yes", is_flag=True, help="Ask nothing: what is not given has its default.")
@click.option("--force", is_flag=True, help="Overwrite the file.")
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
def command(file: Path | None, first_port: int, yes: bool, force: bool, **given: str | None) -> int:
    """Write FILE (default: named after the product) with what is under test, where it listens, and what it has to know
    of us.

    Only what matters for the kind of product is asked, at most twelve questions. Each can be answered by an option
    instead; with --yes nothing is asked.
    """
    ask = not yes and sys.stdin.isatty()
    if not ask and not yes:
        raise InputError(
            "nobody is there to be asked (standard input is no terminal): give --kind and whatever differs from its "
            "default, and --yes; `swf init --help` lists the options"
        )
    if file is not None:
        _must_be_free(file, force)
    knowledge = workshop().knowledge
    questions = Questions(Console(), ask=ask)
    questions.say(f"At most {MOST} questions; Enter takes what stands in brackets, Ctrl-C leaves without a trace.")
    answers = interview(
        questions,
        Given(**given),
        workshop().files.kinds(),
        knowledge,
        _plan,
        lambda name: _must_be_free(file or _file_of(name), force),
    )
    found = draft(answers, _plan, knowledge, first_port=first_port, is_taken=lambda port: bool(can_listen("", port)))
    path = file or _file_of(answers.name)
    _write(path, system_text(found.system, _remarks(found, knowledge)), force)
    _write_schema(path.parent / SCHEMA, force)
    workshop().files.system(str(path))
    click.echo(f"\n{path} is written ({questions.asked} questions). Next:\n" if ask else f"{path} is written. Next:\n")
    for line in _next(path):
        click.echo(line)
    return 0


def _plan(system: System) -> Plan:
    return plan_only(RunRequest(systems=(system,), seed=0))


def _file_of(name: str) -> Path:
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower().encode("ascii", "ignore").decode()).strip("-")
    return Path(f"{slug or 'product'}{_ENDING}")


def _must_be_free(path: Path, force: bool) -> None:
    if path.exists() and not force:
        raise InputError(f"{path} exists already: choose another name, or overwrite it with --force")


def _write(path: Path, text: str, force: bool) -> None:
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InputError(f"{path} exists already: choose another name, or overwrite it with --force") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error


def _write_schema(path: Path, force: bool) -> None:
    """The schema beside the file, by which an editor completes it; one that is there already stays, unless forced."""
    if not path.exists() or force:
        _write(path, shipped_schema().read_text(encoding="utf-8"), force)


def _remarks(found: Draft, knowledge: Knowledge) -> Remarks:
    begins: dict[ActorName, set[TransactionId]] = {}
    for one in found.connections:
        if one.inward:
            own = {need.transaction for need in one.needs if not need.reaction}
            begins.setdefault(one.theirs.actor, set()).update(own)
    return Remarks(
        titles={name: transaction.title for name, transaction in knowledge.transactions.items()},
        options={
            claim.profile: [
                name
                for name, option in knowledge.profiles[claim.profile].options.items()
                if set(option.actors) & set(claim.actors)
            ]
            for claim in found.system.claims
        },
        claimed={
            actor: claimed_transactions(claim, actor, knowledge)
            for claim in found.system.claims
            for actor in claim.actors
        },
        asked={
            one.theirs.actor: one.transactions
            for one in found.connections
            if one.kind is LinkKind.DIMSE and not one.inward
        },
        begins={actor: [one for one in knowledge.transactions if one in own] for actor, own in begins.items()},
        meetings={
            actor: _meeting([one for one in found.connections if one.ours.actor == actor])
            for actor in found.system.department
        },
    )


def _meeting(met: list[Connection]) -> str:
    """`calls it in RAD-8, RAD-10; is called by it in RAD-10`."""
    calls = in_order(name for one in met if not one.inward for name in one.transactions)
    called = in_order(name for one in met if one.inward for name in one.transactions)
    parts = (("calls it in", calls), ("is called by it in", called))
    return "; ".join(f"{words} {', '.join(names)}" for words, names in parts if names)


def _next(path: Path) -> list[str]:
    name = str(path) if "/" in str(path) or " " not in str(path) else f'"{path}"'
    return [
        f"  swf sheet --sut {name}   # what the product's administrator enters of us",
        f"  swf ping --sut {name}    # does each link work, and if not, whose side is it",
        f"  swf run --sut {name}     # test it",
    ]
