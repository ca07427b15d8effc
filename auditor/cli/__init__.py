"""The command line. Each command imports what it needs when it runs: `--version` and a one-file run are where a commit feels the time.

Exit codes: 0 nothing at or above --fail-on, 1 findings, 2 the run could not be made.
"""

from __future__ import annotations

import gc
import os
import sys
from typing import Any, NoReturn

import click

from auditor import __version__

_HOMES = {
    "check": "checking",
    "baseline": "checking",
    "trace": "flows",
    "diff": "flows",
    "graph": "flows",
    "fix": "fixing",
    "explain": "catalogue",
    "rules": "catalogue",
    "rulesets": "catalogue",
    "init": "starting",
}
"""The module in which each command is."""


class Suggesting(click.Group):
    """Commands of which the nearest is named where one is mistyped."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from auditor.policy.problems import did_you_mean

            raise click.UsageError(f"{error.message.rstrip('.')}{did_you_mean(args[0], self.list_commands(ctx))}", ctx) from None


class Commands(Suggesting):
    """The commands, each loaded when it is named; when the reader of their output goes away, as with `| head`, they end without a word."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        return sorted(_HOMES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  (likewise)
        if cmd_name not in _HOMES:
            return None
        from importlib import import_module

        command: click.Command = getattr(import_module(f"auditor.cli.{_HOMES[cmd_name]}"), cmd_name)
        return command

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
    _open_streams()
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


def _open_streams() -> None:
    """Where a standard stream was closed before the start (`>&-`), what is said goes nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  (it is open to the end)


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
