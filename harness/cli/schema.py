"""`swf schema`: print the JSON Schema of system files, or of relay files, for editors."""

from __future__ import annotations

import json

import click

from harness.scenario_files.schema import relay_schema, schema_text, shipped_schema
from harness.wiring import workshop


@click.command("schema", short_help="Print the JSON Schema of system or relay files, for editors.")
@click.argument("kind", type=click.Choice(["system", "relay"]), default="system", required=False)
@click.option("--generate", is_flag=True, help="Make it anew from the loader; for whoever changes the keys.")
def command(kind: str, generate: bool) -> int:
    """Print the JSON Schema (draft 2020-12) of system files, or of relay files.

    \b
    Let an editor with a YAML language server complete and check a system file:
      swf schema > system.schema.json
    and as its first line:
      # yaml-language-server: $schema=system.schema.json
    """
    if kind == "relay":
        click.echo(json.dumps(relay_schema(workshop().files), indent=1))
        return 0
    text = schema_text(workshop().files) if generate else shipped_schema().read_text(encoding="utf-8")
    click.echo(text, nl=False)
    return 0
