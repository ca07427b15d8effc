"""What several commands share: their options, and how what a user got wrong ends a run."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from auditor.audit import Reading, Request
    from auditor.files import Tree
    from auditor.model.findings import Run
    from auditor.report.base import Options

F = TypeVar("F", bound=Callable[..., Any])


class Stop(click.ClickException):
    """The run could not be made."""

    exit_code = 2


def reading_options(command: F) -> F:
    """What is read, against what, and who is who."""
    paths: F = click.argument("paths", nargs=-1, type=click.Path())(choosing_options(command))
    return paths


def choosing_options(command: F) -> F:
    """Against what it is read, and who is who."""
    for option in reversed(
        (
            click.option("-r", "--ruleset", "rulesets", multiple=True, metavar="NAME|FILE", help="Check this ruleset (repeatable)."),
            click.option("-c", "--config", metavar="FILE", help="Read this file instead of auditor.yaml."),
            click.option(
                "--role",
                "roles",
                multiple=True,
                metavar="ROLE=BINDING",
                help="Say who a role is here: a zone, an address, a name (repeatable).",
            ),
            click.option("--param", "parameters", multiple=True, metavar="NAME=VALUE", help="Set a parameter of a ruleset (repeatable)."),
            click.option("--var", "variables", multiple=True, metavar="NAME=VALUE", help="Set a Terraform variable (repeatable)."),
            click.option(
                "--var-file", "var_files", multiple=True, metavar="FILE", help="Read Terraform variables from a file (repeatable)."
            ),
        )
    ):
        command = option(command)
    return command


def telling_option(formats: tuple[str, ...]) -> Callable[[F], F]:
    """In which format it is told, text unless said."""
    return click.option("-f", "--format", "format_", type=click.Choice(formats), default="text", show_default=True, help="How to tell it.")


def accepting_options(command: F) -> F:
    """What of the findings is set aside."""
    for option in reversed(
        (
            click.option("--baseline", metavar="FILE", help="Leave out the findings that this file lists (see: auditor baseline)."),
            click.option("--no-ignores", is_flag=True, help="Report what auditor.yaml and inline comments ignore, too."),
        )
    ):
        command = option(command)
    return command


def request_of(paths: tuple[str, ...], wishes: dict[str, Any]) -> Request:
    """The options of `reading_options` and `accepting_options` as a request."""
    from auditor.audit import Request

    ignores = not wishes.pop("no_ignores", False)
    return Request(paths=paths or (".",), ignores=ignores, **wishes)


@contextmanager
def stopping() -> Iterator[None]:
    """What a user got wrong ends the run with a message and exit code 2."""
    from auditor.audit import UsageError
    from auditor.deliver import Undeliverable
    from auditor.policy.problems import PolicyError

    try:
        yield
    except (UsageError, Undeliverable, PolicyError) as error:
        raise Stop(str(error)) from None


def read(request: Request) -> Reading:
    """Everything the request names, read once."""
    from auditor import audit
    from auditor.waiting import waiting

    tree, inputs = audit.tree_of(request.paths)
    say_what_is_left_above(tree, request)
    with waiting("reading"):
        return audit.read(tree, inputs, request)


def say_what_is_left_above(tree: Tree, request: Request) -> None:
    """That an auditor.yaml of the working directory is not that of the directory below which is checked."""
    from auditor.policy.config import FILENAMES

    above = next(filter(os.path.isfile, FILENAMES), None)
    if above is not None and request.config is None and not any(map(tree.exists, FILENAMES)):
        told = f"{above} is not read, as it is not at the root of what is checked"
        click.echo(f"{told}: check all of this directory, with `inputs` in {above}, or name it with -c {above}.", err=True)


def say_what_lacks(reading: Reading) -> None:
    """That nothing was there to look at, or that some of it could not be read: what follows is said without it."""
    if not reading.graph.read and not reading.graph.notes:
        click.echo("Nothing was read: no file here is of a kind auditor reads.", err=True)
    unread = [note for note in reading.graph.notes if note.trap.rpartition("/")[2] == "unparsable"]
    if unread:
        from auditor.deliver import base_of
        from auditor.report.base import place
        from auditor.report.text import clean

        where, others = place(unread[0].span, base_of(reading.tree)), f", nor {len(unread) - 1} more" if len(unread) > 1 else ""
        click.echo(f"{clean(where)} could not be read{others}, and what is said is said without it: {clean(unread[0].message)}", err=True)


def write(path: str, text: str) -> None:
    """Put `text` into a file of the user's."""
    try:
        with open(path, "w", encoding="utf-8", errors="replace", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise Stop(f"{path}: cannot be written: {error.strerror}") from None


def report_options(show_passed: bool, quiet: bool, verbose: bool) -> Options:
    """How to report on the terminal there is."""
    import shutil

    from auditor.report.base import Options

    terminal = sys.stdout.isatty()
    colour = (terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb") or bool(os.environ.get("FORCE_COLOR"))
    width = min(shutil.get_terminal_size((100, 24)).columns, 120) if terminal else 100
    return Options(show_passed=show_passed, colour=colour, width=width, whole=verbose, quiet=quiet)


def with_flows(reading: Reading, request: Request) -> Run:
    """The run, with who reaches whom."""
    from auditor import audit
    from auditor.model.record import replace
    from auditor.policy.matrix import flows, parties_of, shown

    more = len(parties_of(reading.graph, reading.cast)) - len(shown(reading.graph, reading.cast))
    labels = tuple((zone.id, zone.label) for zone in reading.graph.zones)
    return replace(audit.run_of(reading, request), flows=flows(reading.graph, reading.cast), labels=labels, unshown=more)
