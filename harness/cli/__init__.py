"""The `swf` command: one module per verb, each thin. Verbs are found by their file names."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import click

from harness.engine.claims import EXIT_UNDECIDED, EXIT_UNUSABLE
from harness.errors import HarnessError, InputError


class _Verbs(click.Group):
    """Finds verbs as modules of this package, and imports only the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every module whose name does not start with an underscore."""
        return sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The `command` of the module with that name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command = importlib.import_module(f"harness.cli.{cmd_name}").command
        return command if isinstance(command, click.Command) else None


@click.command(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="swf-harness", prog_name="swf")
def swf() -> None:
    """Test systems against IHE Radiology Scheduled Workflow."""


def main() -> None:
    """Entry point: unusable input ends with code 3 and one clear message, never a traceback."""
    try:
        code = swf.main(standalone_mode=False)
    except InputError as error:
        click.echo(f"swf: {error}", err=True)
        sys.exit(EXIT_UNUSABLE)
    except HarnessError as error:
        click.echo(f"swf: {error}", err=True)
        sys.exit(EXIT_UNDECIDED)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_UNUSABLE)
    except (KeyboardInterrupt, click.Abort):
        click.echo("swf: interrupted", err=True)
        sys.exit(EXIT_UNDECIDED)
    sys.exit(code if isinstance(code, int) else 0)
