"""`auditor trace`, `diff` and `graph`: what happens to flows, what a change does to them, and all of them."""

from __future__ import annotations

from typing import Any

import click

from auditor.cli.options import (
    choosing_options,
    read,
    reading_options,
    report_options,
    request_of,
    say_what_lacks,
    stopping,
    telling_option,
    with_flows,
)


@click.command()
@reading_options
@click.option("--from", "source", required=True, metavar="ROLE|ADDRESS", help="Who sends: a role, a zone, an address, internet, any.")
@click.option("--to", "destination", required=True, metavar="ROLE|ADDRESS|NAME", help="Who receives; a domain name, too.")
@click.option("--service", required=True, metavar="SERVICE", help="What is sent: tcp/2379-2380, udp/53, icmp/echo-request, any.")
@telling_option(("text", "json"))
def trace(paths: tuple[str, ...], source: str, destination: str, service: str, format_: str, **wishes: Any) -> None:
    """Tell what happens to a flow, line by line."""
    with stopping():
        from auditor import deliver, tell
        from auditor.policy.trace import trace as parts_of

        reading = read(request_of(paths, wishes))
        say_what_lacks(reading)
        parts = deliver.from_here(parts_of(reading.graph, reading.cast, source, destination, service), reading.tree)
        colour = report_options(False, False, False).colour
        click.echo(tell.trace_json(parts) if format_ == "json" else tell.trace_text(parts, colour), nl=False, color=True)


@click.command()
@click.argument("base")
@click.argument("head")
@choosing_options
@telling_option(("text", "json", "markdown"))
@click.option("--fail-on-opened", is_flag=True, help="Exit with 1 if a flow was opened, or may have been.")
@click.pass_context
def diff(
    context: click.Context,
    /,
    base: str,
    head: str,
    format_: str,
    fail_on_opened: bool,
    **wishes: Any,
) -> None:
    """Tell which flows a change opens and closes.

    Of each the line that made the difference is told, and which requirements the change decides anew.

    BASE and HEAD are directories, or revisions of this directory's repository as rev:main or rev:HEAD~1, read without checking them out.
    """
    with stopping():
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


@click.command()
@reading_options
@click.option(
    "-f",
    "--format",
    "format_",
    type=click.Choice(("text", "json", "mermaid", "svg")),
    default="text",
    show_default=True,
    help="How to tell it.",
)
def graph(paths: tuple[str, ...], format_: str, **wishes: Any) -> None:
    """Show who reaches whom, through which filters."""
    with stopping():
        from auditor import deliver, flowchart

        request = request_of(paths, wishes)
        reading = read(request)
        say_what_lacks(reading)
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
