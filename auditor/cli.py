"""The command line. Each command imports what it needs when it runs: `--version` and a one-file run are where a commit feels the time.

Exit codes: 0 nothing at or above --fail-on, 1 findings, 2 the run could not be made.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from auditor import __version__

if TYPE_CHECKING:
    from auditor.audit import Reading, Request
    from auditor.model.findings import Run
    from auditor.report.base import Options

FORMATS = ("text", "json", "sarif", "junit", "github", "gitlab", "markdown", "html")
LEVELS = ("error", "warning", "note", "never")
CONFIG_NAME = "auditor.yaml"
F = TypeVar("F", bound=Callable[..., Any])


class Stop(click.ClickException):
    """The run could not be made."""

    exit_code = 2


class Commands(click.Group):
    """The commands; when the reader of their output goes away, as with `| head`, they end without a word."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise click.exceptions.Exit(2) from None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="auditor")
def cli() -> None:
    """Prove what firewall configurations let through, and check it against what documents require.

    Reads Terraform, nftables, pfSense, OPNsense, Talos, Proxmox, switch ACLs and NixOS; runs nothing and asks no network.
    """


def main() -> None:
    """The entry point: every way out has its exit code."""
    gc.disable()  # a run is short and builds large trees without cycles: looking for garbage in them costs more than it finds
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    try:
        code = cli.main(prog_name="auditor", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except click.Abort:
        click.echo("interrupted", err=True)
        code = 2
    except OSError as error:  # a full disk behind standard output, for one
        click.echo(f"Error: {error.filename or 'the output'}: {error.strerror}", err=True)
        code = 2
    _leave(code if isinstance(code, int) else 0)


def _leave(code: int) -> NoReturn:
    """End at once: taking large trees apart, object by object, would take a seventh of the run."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        code = 2
    except OSError as error:
        if code != 2:
            os.write(2, f"Error: the output: {error.strerror}\n".encode())
        code = 2
    os._exit(code)


# -- options that several commands share


def reading_options(command: F) -> F:
    """What is read, against what, and who is who."""
    for option in reversed(
        (
            click.argument("paths", nargs=-1, type=click.Path()),
            click.option("-r", "--ruleset", "rulesets", multiple=True, metavar="NAME|FILE", help="Check this ruleset (repeatable)."),
            click.option("-c", "--config", metavar="FILE", help="Read this file instead of auditor.yaml."),
            click.option(
                "--role", "roles", multiple=True, metavar="ROLE=BINDING", help="Say who a role is here: a zone, an address, a name."
            ),
            click.option("--param", "parameters", multiple=True, metavar="NAME=VALUE", help="Set a parameter of a ruleset."),
            click.option("--var", "variables", multiple=True, metavar="NAME=VALUE", help="Set a Terraform variable."),
            click.option("--var-file", "var_files", multiple=True, metavar="FILE", help="Read Terraform variables from a file."),
        )
    ):
        command = option(command)
    return command


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
def _stopping() -> Iterator[None]:
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
    with waiting("reading"):
        return audit.read(tree, inputs, request)


def write(path: str, text: str) -> None:
    """Put `text` into a file of the user's."""
    try:
        with open(path, "w", encoding="utf-8", errors="replace", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise Stop(f"{path}: cannot be written: {error.strerror}") from None


# -- check


@cli.command()
@reading_options
@accepting_options
@click.option("-f", "--format", "format_", type=click.Choice(FORMATS), help="How to report on standard output (default: text).")
@click.option("-o", "--output", "outputs", multiple=True, metavar="[FORMAT=]FILE", help="Write a report to a file (repeatable).")
@click.option("--fail-on", type=click.Choice(LEVELS), default="error", show_default=True, help="Exit with 1 from this level on.")
@click.option("--strict", is_flag=True, help="What the configuration does not decide fails, too.")
@click.option("--show-passed", is_flag=True, help="Report what holds, too.")
@click.option("--fixes", is_flag=True, help="Try fixes, and put those that work into the reports; each takes a run of its own.")
@click.option("--no-cache", is_flag=True, help="Read everything afresh. Nothing is kept between runs at present.")
@click.option("-q", "--quiet", is_flag=True, help="Findings and figures only.")
@click.option("-v", "--verbose", is_flag=True, help="Every step of every trace.")
@click.pass_context
def check(
    context: click.Context,
    /,
    paths: tuple[str, ...],
    format_: str | None,
    outputs: tuple[str, ...],
    fail_on: str,
    strict: bool,
    show_passed: bool,
    fixes: bool,
    no_cache: bool,
    quiet: bool,
    verbose: bool,
    **wishes: Any,
) -> None:
    """Check configurations against what their documents require.

    Without PATHS the working directory is read; without a ruleset those whose signs are seen, and firewall-hygiene.
    """
    del no_cache
    with _stopping():
        from auditor import audit, deliver
        from auditor.waiting import waiting

        wanted = deliver.targets(format_, outputs)
        request = request_of(paths, wishes)
        reading = read(request)
        with waiting("checking", quiet):
            pictured = any(target.format == "html" for target in wanted)
            run = with_flows(reading, request) if pictured else audit.run_of(reading, request)
            if fixes:
                run = mended(reading, request, run)
        deliver.deliver(run, reading.tree, wanted, report_options(show_passed, quiet, verbose))
    if all(target.file is not None for target in wanted) and not quiet:
        click.echo(figures(run), err=True)
    context.exit(1 if fails(run, fail_on, strict) else 0)


def mended(reading: Reading, request: Request, run: Run) -> Run:
    """The run, with fixes that were tried."""
    from auditor import audit
    from auditor.fixing.attach import with_fixes
    from auditor.fixing.state import State

    _, inputs = audit.tree_of(request.paths)
    return with_fixes(State(reading.tree, inputs, request, reading, [run]))


def fails(run: Run, fail_on: str, strict: bool) -> bool:
    """Whether anything broken, and when strict open, is at or above the level."""
    from auditor.model.findings import LEVELS as ORDER
    from auditor.model.findings import Outcome
    from auditor.model.source import Level

    if fail_on == "never":
        return False
    least = ORDER.index(Level(fail_on))
    counted = {Outcome.BROKEN, Outcome.OPEN} if strict else {Outcome.BROKEN}
    return any(finding.outcome in counted and ORDER.index(finding.level) >= least for finding in run.findings)


def figures(run: Run) -> str:
    """The figures in one line."""
    from auditor.report.base import summary

    found = summary(run)
    return f"auditor: {found.broken} broken, {found.open} open, {found.holds} holding, {found.remarks} remarks, {found.ignored} ignored"


def report_options(show_passed: bool, quiet: bool, verbose: bool) -> Options:
    """How to report on the terminal there is."""
    import shutil

    from auditor.report.base import Options

    terminal = sys.stdout.isatty()
    colour = (terminal and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb") or bool(os.environ.get("FORCE_COLOR"))
    width = min(shutil.get_terminal_size((100, 24)).columns, 120) if terminal else 100
    return Options(show_passed=show_passed, colour=colour, width=width, whole=verbose, quiet=quiet)


@cli.command()
@reading_options
@click.option(
    "-o", "--output", default="auditor-baseline.json", show_default=True, metavar="FILE", help="Where to write it; - to print it."
)
def baseline(paths: tuple[str, ...], output: str, **wishes: Any) -> None:
    """Write down today's findings, so that `check --baseline` tells only new ones.

    An entry is known by its requirement, endpoints and flow: it survives moved lines and renamed files.
    """
    with _stopping():
        from auditor import audit
        from auditor.policy.baseline import baseline_text

        request = request_of(paths, wishes)
        run = audit.run_of(read(request), request)
        text = baseline_text(run.findings)
        if output == "-":
            click.echo(text, nl=False)
            return
        write(output, text)
    click.echo(f"Wrote {output}: {sum(finding.fails for finding in run.findings)} findings.")


# -- flows


@cli.command()
@reading_options
@click.option("--from", "source", required=True, metavar="ROLE|ADDRESS", help="Who sends: a role, a zone, an address, internet, any.")
@click.option("--to", "destination", required=True, metavar="ROLE|ADDRESS|NAME", help="Who receives; a domain name, too.")
@click.option("--service", required=True, metavar="SERVICE", help="What is sent: tcp/2379-2380, udp/53, icmp/echo-request, any.")
@click.option("-f", "--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True)
def trace(paths: tuple[str, ...], source: str, destination: str, service: str, format_: str, **wishes: Any) -> None:
    """Tell what happens to a flow, filter by filter and line by line."""
    with _stopping():
        from auditor import deliver, tell
        from auditor.policy.trace import trace as parts_of

        reading = read(request_of(paths, wishes))
        parts = deliver.from_here(parts_of(reading.graph, reading.cast, source, destination, service), reading.tree)
        colour = report_options(False, False, False).colour
        click.echo(tell.trace_json(parts) if format_ == "json" else tell.trace_text(parts, colour), nl=False, color=True)


@cli.command()
@click.argument("base")
@click.argument("head")
@reading_options
@click.option("-f", "--format", "format_", type=click.Choice(("text", "json", "markdown")), default="text", show_default=True)
@click.option("--fail-on-opened", is_flag=True, help="Exit with 1 if a flow was opened, or may have been.")
@click.pass_context
def diff(
    context: click.Context,
    /,
    base: str,
    head: str,
    paths: tuple[str, ...],
    format_: str,
    fail_on_opened: bool,
    **wishes: Any,
) -> None:
    """Tell which flows a change opens and closes, and which requirements it decides anew.

    BASE and HEAD are directories, or revisions of this directory's repository as rev:main or rev:HEAD~1, read without checking them out.
    """
    if paths:
        raise click.UsageError("diff takes two states, BASE and HEAD", context)
    with _stopping():
        from auditor import compare, tell

        before, after = compare.states(base, head, request_of((base,), wishes))
        changes = compare.changes_between(before, after)
        turns, unread = compare.turns_between(before, after), compare.unread_in(before, after)
        match format_:
            case "json":
                text = tell.changes_json(changes, turns, unread)
            case "markdown":
                text = tell.changes_markdown(changes, turns, unread)
            case _:
                text = tell.changes_text(changes, turns, unread, report_options(False, False, False).colour)
        click.echo(text, nl=False, color=True)
    context.exit(1 if fail_on_opened and tell.opens(changes, unread) else 0)


@cli.command()
@reading_options
@click.option("-f", "--format", "format_", type=click.Choice(("text", "json", "mermaid", "svg")), default="text", show_default=True)
def graph(paths: tuple[str, ...], format_: str, **wishes: Any) -> None:
    """Show who reaches whom, and which filters stand where."""
    with _stopping():
        from auditor import deliver, flowchart

        request = request_of(paths, wishes)
        reading = read(request)
        run = with_flows(reading, request)
        match format_:
            case "json":
                text = flowchart.json_of(run, reading.graph)
            case "mermaid":
                text = flowchart.mermaid_of(run)
            case "svg":
                try:
                    text = flowchart.svg_of(run)
                except ValueError as error:
                    raise deliver.Undeliverable(str(error)) from None
            case _:
                text = flowchart.text_of(run, reading.graph, deliver.base_of(reading.tree))
        click.echo(text, nl=False)


def with_flows(reading: Reading, request: Request) -> Run:
    """The run, with who reaches whom."""
    from auditor import audit
    from auditor.model.record import replace
    from auditor.policy.matrix import MOST_PARTIES, flows, parties_of

    more = max(0, len(parties_of(reading.graph, reading.cast)) - MOST_PARTIES)
    return replace(audit.run_of(reading, request), flows=flows(reading.graph, reading.cast), unshown=more)


@cli.command()
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
    """Offer changes that make broken requirements hold, in the file's own dialect.

    Every change was tried: the files were read again with it, the requirement held and no other got worse. A safe one opens nothing but
    what was required. Exits with 1 if something broken is left.
    """
    if write_ and patch:
        raise click.UsageError("--write and --patch exclude each other", context)
    with _stopping():
        from auditor import audit, deliver
        from auditor.fixing.patch import patch_of
        from auditor.fixing.prove import Proven, fixes
        from auditor.fixing.state import State
        from auditor.waiting import waiting

        request = request_of(paths, wishes)
        _no_ids(paths)
        tree, inputs = audit.tree_of(request.paths)
        with waiting("trying fixes", patch):
            state = State.of(tree, inputs, request)
            told = list(fixes(state, frozenset(only), unsafe))
        taken = [each for each in told if isinstance(each, Proven) and (each.safe or unsafe)]
        texts = {path: text for each in taken for path, text in each.texts.items()}
        if not patch:
            click.echo("".join(f"{line}\n" for line in map(_told_fix, told)) or "Nothing is broken that a change could mend.\n", nl=False)
        base = deliver.base_of(tree)
        if not write_ and texts:
            click.echo(("" if patch else "\n") + patch_of(tree, texts, base), nl=False)
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


def _told_fix(found: object) -> str:
    from auditor.fixing.prove import Proven, Unmended

    if isinstance(found, Unmended):
        return f"✕ {found.rule}: no change is offered: {found.why}"
    assert isinstance(found, Proven)
    excess = "opens more than was required" if found.permits else "closes more than was forbidden"
    warning = "" if found.safe else f" ({excess}: --unsafe takes it)"
    return f"{'✓' if found.safe else '?'} {found.rule}: {found.title}{warning}"


# -- what is checked


@cli.command()
@click.argument("identifier", metavar="ID")
def explain(identifier: str) -> None:
    """Tell what a requirement or lint asks for, why, and what to do."""
    with _stopping():
        from auditor.explain import explain as text_of

        click.echo(text_of(identifier), nl=False)


@cli.command()
@click.argument("parts", nargs=-1, metavar="[PART]...")
@click.option("-f", "--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True)
def rules(parts: tuple[str, ...], format_: str) -> None:
    """List every requirement and lint with its level and title; those whose id has PART in it, e.g. talos/ or lint/pfsense."""
    with _stopping():
        from auditor.explain import listing

        click.echo(listing(format_, parts), nl=False)


@cli.group(invoke_without_command=True)
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
    """Print the JSON Schema of ruleset files, or of auditor.yaml, for editors."""
    import json

    from auditor.policy.schema import schema_of

    click.echo(json.dumps(schema_of(f"{what}.schema.json"), indent=2))


# -- setting up


@cli.command()
@click.argument("paths", nargs=-1, type=click.Path())
@click.option("-r", "--ruleset", "rulesets", multiple=True, metavar="NAME|FILE", help="Write it for this ruleset (repeatable).")
@click.option("--print", "print_", is_flag=True, help="Print the file instead of writing it.")
@click.option("--force", is_flag=True, help="Write over an auditor.yaml that is there.")
def init(paths: tuple[str, ...], rulesets: tuple[str, ...], print_: bool, force: bool) -> None:
    """Write an auditor.yaml with the rulesets and roles that are recognised here, and what can be said of the others."""
    import os

    with _stopping():
        from auditor.audit import Request
        from auditor.start import starting_config

        if os.path.exists(CONFIG_NAME) and not (force or print_):
            raise Stop(f"{CONFIG_NAME} is there already; --force writes over it, --print shows what would be written")
        text = starting_config(read(Request(paths=paths or (".",), rulesets=rulesets)))
    if print_:
        click.echo(text, nl=False)
        return
    write(CONFIG_NAME, text)
    click.echo(f"Wrote {CONFIG_NAME}: look at the roles, then run auditor check.")
