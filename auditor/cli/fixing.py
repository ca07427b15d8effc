"""`auditor fix`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from auditor.cli.options import (
    Stop,
    accepting_options,
    reading_options,
    request_of,
    say_what_is_left_above,
    say_what_lacks,
    stopping,
    write,
)

if TYPE_CHECKING:
    from auditor.audit import Reading


@click.command()
@reading_options
@accepting_options
@click.option("--rule", "only", multiple=True, metavar="ID", help="Only these requirements (repeatable).")
@click.option("--write", "write_", is_flag=True, help="Change the files.")
@click.option("--patch", is_flag=True, help="Print a patch and nothing else, for git apply.")
@click.option("--unsafe", is_flag=True, help="Also changes that open more than was required, or close more than was forbidden.")
@click.pass_context
def fix(
    context: click.Context,
    /,
    paths: tuple[str, ...],
    only: tuple[str, ...],
    write_: bool,
    patch: bool,
    unsafe: bool,
    **wishes: Any,
) -> None:
    """Offer changes that make broken requirements hold.

    They are in the file's own dialect, and every one was tried: the files were read again with it, the requirement held and no other got
    worse. A safe one opens nothing but what was required. Exits with 1 if something broken is left.
    """
    if write_ and patch:
        raise click.UsageError("--write and --patch exclude each other", context)
    with stopping():
        from auditor import audit, deliver
        from auditor.fixing.patch import patch_of
        from auditor.fixing.prove import Proven, fixes
        from auditor.fixing.state import State
        from auditor.waiting import waiting

        request = request_of(paths, wishes)
        _no_ids(paths)
        tree, inputs = audit.tree_of(request.paths)
        say_what_is_left_above(tree, request)
        with waiting("trying fixes", patch):
            state = State.of(tree, inputs, request)
            say_what_lacks(state.reading)
            _no_strangers(only, state.reading)
            told = list(fixes(state, frozenset(only), unsafe))
        taken = [each for each in told if isinstance(each, Proven) and (each.safe or unsafe)]
        texts = {path: text for each in taken for path, text in each.texts.items()}
        if not patch:
            click.echo("".join(f"{line}\n" for line in map(_told_fix, told)) or "Nothing is broken that a change could mend.\n", nl=False)
        base = deliver.base_of(tree)
        if not write_ and texts:
            click.echo(("" if patch else "\n") + patch_of(tree, texts, base), nl=False)
        if not write_ and texts and not patch:
            click.echo("\nNothing is changed yet: --write changes the files, --patch prints the patch alone.")
        for path, text in texts.items() if write_ else ():
            write(path if base == "." else f"{base}/{path}", text)
            click.echo(f"Wrote {path if base == '.' else f'{base}/{path}'}.")
    context.exit(1 if len(taken) < len(told) else 0)


def _no_ids(paths: tuple[str, ...]) -> None:
    """A requirement where a path is expected was meant for --rule."""
    from auditor.policy.load import builtin_rulesets

    for path in paths:
        if path.partition("/")[0] in builtin_rulesets() and not os.path.exists(path):
            raise Stop(f"{path}: there is no such file or directory; a requirement is named with --rule {path}")


def _no_strangers(only: tuple[str, ...], reading: Reading) -> None:
    """An id that no ruleset of the run has would find nothing to mend."""
    from auditor.policy.problems import did_you_mean

    known = [each.id for ruleset, _ in reading.rulesets for each in ruleset.requirements]
    for each in only:
        if each not in known:
            raise Stop(f"--rule {each}: no ruleset of this run asks for that{did_you_mean(each, known)}")


def _told_fix(found: object) -> str:
    from auditor.fixing.prove import Proven, Unmended

    if isinstance(found, Unmended):
        return f"✕ {found.rule}: no change is offered: {found.why}; what to do: auditor explain {found.rule}"
    assert isinstance(found, Proven)
    excess = "opens more than was required" if found.permits else "closes more than was forbidden"
    warning = "" if found.safe else f" ({excess}: --unsafe takes it)"
    return f"{'✓' if found.safe else '?'} {found.rule}: {found.title}{warning}"
