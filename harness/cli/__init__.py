"""The `swf` command: one module per verb, each thin. Verbs are found by their file names."""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
import traceback

import click

from harness.cli._interruption import Interruption
from harness.engine.claims import EXIT_PASS, EXIT_UNDECIDED, EXIT_UNUSABLE
from harness.errors import HarnessError, InputError, PortInUse, RecordingError
from harness.yaml_source import nearest


class _Verbs(click.Group):
    """Finds verbs as modules of this package, and imports only the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every module whose name does not start with an underscore."""
        return sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The `command` of the module with that name; a name that is none is told with the nearest one."""
        known = self.list_commands(ctx)
        if cmd_name not in known:
            raise InputError(f"there is no command `{cmd_name}`{nearest(cmd_name, known)}; see `swf --help`")
        command = importlib.import_module(f"harness.cli.{cmd_name}").command
        return command if isinstance(command, click.Command) else None


@click.command(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="swf-harness", prog_name="swf")
def swf() -> None:
    """Test systems against IHE Radiology Scheduled Workflow: HL7 v2 and DICOM on the wire, a verdict per transaction.

    \b
    Examples:
      swf run                                   test the bundled reference system, in each of its roles
      swf run --sut none swf.scheduled          one scenario, every actor simulated
      swf ping --sut my-pacs.system.yaml        do the links of a product work?
      swf plan --sut my-pacs.system.yaml        who will play whom, and what is judged
      swf run --sut my-pacs.system.yaml         test the product

    \b
    Exit codes:
      0  passed
      1  a system under test failed
      2  undecided, interrupted, or an error of the harness itself
      3  an argument, a name or a file cannot be used
    """


def main() -> None:
    """Entry point: unusable input ends with code 3 and one clear message, never a traceback."""
    with Interruption() as interruption:
        code = _run()
        interruption.exit(code)


def _run() -> int:
    """Run the verb; the exit code."""
    try:
        code = swf.main(prog_name="swf", standalone_mode=False)
    except (InputError, PortInUse, RecordingError) as error:
        return _told(str(error), EXIT_UNUSABLE)
    except HarnessError as error:
        return _told(str(error), EXIT_UNDECIDED)
    except click.ClickException as error:
        error.show()
        return EXIT_UNUSABLE
    except (KeyboardInterrupt, click.Abort):
        return _told("interrupted, and nothing more was written", EXIT_UNDECIDED)
    except BrokenPipeError:  # whoever read our output has left; the interpreter must not trip over it again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_UNDECIDED
    except Exception:  # a fault of ours is an ERROR, and never to be taken for a system's FAIL, which is code 1
        return _told(f"a fault of the harness, please report it:\n{traceback.format_exc()}", EXIT_UNDECIDED)
    return code if isinstance(code, int) else EXIT_PASS


def _told(text: str, code: int) -> int:
    click.echo(f"swf: {text}", err=True)
    return code
