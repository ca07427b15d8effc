"""`auditor explain`, `rules` and `rulesets`: what is checked, and whether a ruleset of one's own is one."""

from __future__ import annotations

import click

from auditor.cli import Suggesting
from auditor.cli.options import Stop, stopping, telling_option


@click.command()
@click.argument("identifier", metavar="ID")
def explain(identifier: str) -> None:
    """Tell what an id asks for, why, and what to do.

    ID is that of a requirement or lint, as reports show it, or the name of a ruleset.
    """
    with stopping():
        from auditor.explain import explain as text_of

        click.echo(text_of(identifier), nl=False)


@click.command()
@click.argument("parts", nargs=-1, metavar="[PART]...")
@telling_option(("text", "json"))
def rules(parts: tuple[str, ...], format_: str) -> None:
    """List every requirement and lint, by id.

    With PARTs only those whose id has one of them in it: talos/ or lint/pfsense.
    """
    with stopping():
        from auditor.explain import listing

        click.echo(listing(format_, parts), nl=False)


@click.group(cls=Suggesting, invoke_without_command=True)
@click.pass_context
def rulesets(context: click.Context) -> None:
    """List the rulesets that come with auditor."""
    if context.invoked_subcommand is None:
        from auditor.explain import ruleset_listing

        click.echo(ruleset_listing(), nl=False)


@rulesets.command()
@click.argument("files", nargs=-1, required=True, type=click.Path())
def validate(files: tuple[str, ...]) -> None:
    """Check ruleset files, naming every mistake with its line."""
    from auditor.policy.load import load_ruleset
    from auditor.policy.problems import PolicyError

    mistaken = False
    for file in files:
        try:
            found = load_ruleset(file if "/" in file or file.endswith((".yaml", ".yml")) else f"./{file}")
        except PolicyError as error:
            mistaken = True
            click.echo(str(error), err=True)
        else:
            click.echo(f"{file}: {found.name}, {len(found.requirements)} requirements")
    if mistaken:
        raise Stop("a ruleset cannot be used")


@rulesets.command()
@click.argument("what", type=click.Choice(("ruleset", "config")), default="ruleset")
def schema(what: str) -> None:
    """Print a JSON Schema for editors.

    It is that of ruleset files, or of auditor.yaml.
    """
    import json

    from auditor.policy.schema import schema_of

    click.echo(json.dumps(schema_of(f"{what}.schema.json"), indent=2))
