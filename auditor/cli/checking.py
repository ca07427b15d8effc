"""`auditor check` and `auditor baseline`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from auditor.cli.options import (
    accepting_options,
    read,
    reading_options,
    report_options,
    request_of,
    say_what_lacks,
    stopping,
    with_flows,
    write,
)

if TYPE_CHECKING:
    from auditor.audit import Reading, Request
    from auditor.model.findings import Run

FORMATS = ("text", "json", "sarif", "junit", "github", "gitlab", "markdown", "html")
LEVELS = ("error", "warning", "note", "never")


@click.command()
@reading_options
@accepting_options
@click.option("-f", "--format", "format_", type=click.Choice(FORMATS), help="How to report on standard output (default: text).")
@click.option("-o", "--output", "outputs", multiple=True, metavar="[FORMAT=]FILE", help="Write a report to a file (repeatable).")
@click.option("--fail-on", type=click.Choice(LEVELS), default="error", show_default=True, help="Exit with 1 from this level on.")
@click.option("--strict", is_flag=True, help="What the configuration does not decide fails, too, and so does a run that checked nothing.")
@click.option("--show-passed", is_flag=True, help="Report what holds, too.")
@click.option("--fixes", is_flag=True, help="Try fixes, and put those that work into the reports; each takes a run of its own.")
@click.option("--no-cache", is_flag=True, hidden=True, help="Read everything afresh: as it always is, at present.")
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
    """Check configurations against what is required of them.

    Without PATHS the working directory is read; without a ruleset those whose signs are seen, and firewall-hygiene.
    """
    del no_cache
    with stopping():
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
        from auditor.report.verdict import figures

        click.echo(f"auditor: {figures(run)}", err=True)
    context.exit(1 if fails(run, fail_on, strict) else 0)


def mended(reading: Reading, request: Request, run: Run) -> Run:
    """The run, with fixes that were tried."""
    from auditor import audit
    from auditor.fixing.attach import with_fixes
    from auditor.fixing.state import State

    _, inputs = audit.tree_of(request.paths)
    return with_fixes(State(reading.tree, inputs, request, reading, [run]))


def fails(run: Run, fail_on: str, strict: bool) -> bool:
    """Whether anything broken is at or above the level; when strict what is open, too, and a run that checked nothing."""
    from auditor.model.findings import LEVELS as ORDER
    from auditor.model.findings import Outcome
    from auditor.model.source import Level
    from auditor.report.verdict import nothing_checked

    if fail_on == "never":
        return False
    if strict and nothing_checked(run):
        return True
    least = ORDER.index(Level(fail_on))
    counted = {Outcome.BROKEN, Outcome.OPEN} if strict else {Outcome.BROKEN}
    return any(finding.outcome in counted and ORDER.index(finding.level) >= least for finding in run.findings)


@click.command()
@reading_options
@click.option(
    "-o", "--output", default="auditor-baseline.json", show_default=True, metavar="FILE", help="Where to write it; - to print it."
)
def baseline(paths: tuple[str, ...], output: str, **wishes: Any) -> None:
    """Write down today's findings, to be told only new ones.

    `auditor check --baseline FILE` then leaves out what FILE lists.

    An entry is known by its requirement, endpoints and flow: it survives moved lines and renamed files.
    """
    with stopping():
        from auditor import audit
        from auditor.policy.baseline import baseline_text

        request = request_of(paths, wishes)
        reading = read(request)
        say_what_lacks(reading)
        run = audit.run_of(reading, request)
        text = baseline_text(run.findings)
        if output == "-":
            click.echo(text, nl=False)
            return
        write(output, text)
    click.echo(f"Wrote {output}: {sum(finding.fails for finding in run.findings)} findings.")
