"""`auditor init`."""

from __future__ import annotations

import click

from auditor.cli.options import Stop, read, say_what_lacks, stopping, write

CONFIG_NAME = "auditor.yaml"


@click.command()
@click.argument("paths", nargs=-1, type=click.Path())
@click.option("-r", "--ruleset", "rulesets", multiple=True, metavar="NAME|FILE", help="Write it for this ruleset (repeatable).")
@click.option("--print", "print_", is_flag=True, help="Print the file instead of writing it.")
@click.option("--force", is_flag=True, help="Write over an auditor.yaml that is there.")
def init(paths: tuple[str, ...], rulesets: tuple[str, ...], print_: bool, force: bool) -> None:
    """Write an auditor.yaml to begin with.

    It has the rulesets and roles that are recognised here, and says what can be said of the others.
    """
    import os

    with stopping():
        from auditor.audit import Request
        from auditor.start import starting_config

        if os.path.exists(CONFIG_NAME) and not (force or print_):
            raise Stop(f"{CONFIG_NAME} is there already; --force writes over it, --print shows what would be written")
        reading = read(Request(paths=paths or (".",), rulesets=rulesets))
        say_what_lacks(reading)
        text = starting_config(reading)
    if print_:
        click.echo(text, nl=False)
        return
    write(CONFIG_NAME, text)
    click.echo(f"Wrote {CONFIG_NAME}: look at the roles, then run auditor check.")
