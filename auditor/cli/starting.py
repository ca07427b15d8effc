"""`auditor init`."""

from __future__ import annotations

import click

from auditor.cli.options import Stop, read, say_what_lacks, stopping, write


@click.command()
@click.argument("paths", nargs=-1, type=click.Path())
@click.option("-r", "--ruleset", "rulesets", multiple=True, metavar="NAME|FILE", help="Write it for this ruleset (repeatable).")
@click.option("--print", "print_", is_flag=True, help="Print the file instead of writing it.")
@click.option("--force", is_flag=True, help="Write over an auditor.yaml that is there.")
def init(paths: tuple[str, ...], rulesets: tuple[str, ...], print_: bool, force: bool) -> None:
    """Write an auditor.yaml to begin with.

    It has the rulesets and roles that are recognised here, and says what can be said of the others. It is written at the root of PATHS,
    where a check of them looks for it.
    """
    import shlex

    with stopping():
        from auditor.audit import Request, tree_of
        from auditor.deliver import base_of
        from auditor.policy.config import FILENAMES
        from auditor.start import starting_config

        tree, _ = tree_of(paths or (".",))
        name = next(filter(tree.exists, FILENAMES), FILENAMES[0])
        file = name if base_of(tree) == "." else f"{base_of(tree)}/{name}"
        if tree.exists(name) and not (force or print_):
            raise Stop(f"{file} is there already; --force writes over it, --print shows what would be written")
        reading = read(Request(paths=paths or (".",), rulesets=rulesets))
        say_what_lacks(reading)
        text = starting_config(reading)
    if print_:
        click.echo(text, nl=False)
        return
    write(file, text)
    click.echo(f"Wrote {file}: look at the roles, then run {shlex.join(('auditor', 'check', *paths))}.")
