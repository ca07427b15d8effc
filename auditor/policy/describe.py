"""What every id in a report stands for: requirements of rulesets, lints of dialects, and the program's own findings, as `RuleInfo`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from auditor.formats.base import Lint
from auditor.model.findings import RuleInfo
from auditor.model.source import Level
from auditor.policy.conditions import text_of
from auditor.policy.ruleset import Choice, Kind, Requirement, Ruleset


def _own(identifier: str, title: str, **said: Any) -> RuleInfo:
    """One of the program's own ids; all the help there is with it is what to do."""
    return RuleInfo(identifier, title, help=said["fix"], **said)


OWN = (
    _own(
        "auditor/unparsable",
        "A file could not be read",
        description="Nothing is skipped in silence: what could not be read was not checked.",
        fix="Correct the file at the line named, or leave it out: `inputs` in auditor.yaml says what is read.",
        level=Level.ERROR,
        tags=("auditor", "coverage"),
        precision="very-high",
        because="A rule in a part that was not read could open or close anything.",
    ),
    _own(
        "auditor/address-outside",
        "An address is not where its role is said to be",
        description="auditor.yaml gives a role addresses that are in no network of the zones it names for it.",
        fix="Correct the address or the zone. Where a router behind the zone leads to the address, the warning may be ignored.",
        level=Level.WARNING,
        tags=("auditor", "coverage"),
        precision="high",
        because="Rules about the zone's network say nothing of such an address: what holds for it may not hold for the machine meant.",
    ),
    _own(
        "auditor/firewall-left-out",
        "A firewall takes no part",
        description="A role was given addresses alone, and the rules of a machine or group that looks like it are not asked about.",
        fix="Name it beside the addresses: `behind` in auditor.yaml, or by a comma in `--role`. Ignore this where it is another machine.",
        level=Level.WARNING,
        tags=("auditor", "coverage"),
        precision="high",
        because="What it blocks is not seen: what holds of the addresses may be broken on the machine.",
    ),
    _own(
        "auditor/shared-address",
        "An address plays two parts",
        description="Two roles that exclude each other, such as control plane and worker, were both given the address.",
        fix="Give each address to one of the roles, or bind the role that is both.",
        level=Level.WARNING,
        tags=("auditor", "coverage"),
        precision="high",
        because="What only one of the two may do cannot be told from what the other may, so neither is checked as it is meant.",
    ),
    _own(
        "auditor/unused-ignore",
        "An ignore matches nothing any more",
        description="An entry that ignores findings, in auditor.yaml or inline, no longer matches one.",
        fix="Take the entry away.",
        level=Level.WARNING,
        tags=("auditor", "maintainability"),
        precision="very-high",
        because="A stale entry would hide the finding when it comes back.",
    ),
    _own(
        "auditor/expired-ignore",
        "An ignore has ended",
        description="The last day of an entry in auditor.yaml has passed, and what it accepted counts again.",
        fix="Correct what was accepted, or give the entry a new date and the reason that holds now.",
        level=Level.WARNING,
        tags=("auditor", "maintainability"),
        precision="very-high",
        because="What was accepted for a time is to be looked at when the time is over.",
    ),
    _own(
        "auditor/ignore-without-reason",
        "An ignore has no effect",
        description="An inline ignore names no rule, or gives no reason.",
        fix="Write `auditor: ignore[RULE] reason` in a comment.",
        level=Level.ERROR,
        tags=("auditor", "maintainability"),
        precision="very-high",
        because="Whoever reads the configuration next year must be able to judge whether the reason still holds.",
    ),
)


def infos_of(rulesets: Iterable[Ruleset], ids: Iterable[str]) -> tuple[RuleInfo, ...]:
    """Every requirement of the rulesets, in order, then what other `ids` stand for, sorted."""
    requirements = tuple(requirement_info(ruleset, each) for ruleset in rulesets for each in ruleset.requirements)
    known = {info.id for info in requirements}
    others = sorted(set(ids) - known)
    return (*dict.fromkeys(requirements), *(info for info in map(info_of, others) if info is not None))


def info_of(identifier: str) -> RuleInfo | None:
    """What a lint or one of the program's own ids stands for."""
    own = next((info for info in OWN if info.id == identifier), None)
    if own is not None or not identifier.startswith("lint/"):
        return own
    _, format_, trap = (*identifier.split("/", 2), "", "")[:3]
    return next((lint_info(format_, lint) for name, lint in lints() if name == format_ and lint.trap == trap), None)


def lints() -> Iterator[tuple[str, Lint]]:
    """Every lint with the name of its dialect."""
    from auditor.formats import FORMATS

    for format_ in FORMATS:
        for lint in format_.lints():
            yield format_.name, lint


def lint_info(format_: str, lint: Lint) -> RuleInfo:
    """A dialect's lint as reports show it."""
    return RuleInfo(
        f"lint/{format_}/{lint.trap}",
        lint.title,
        description=lint.why,
        help=f"{lint.why}\n\n**What to do:** {lint.fix}",
        level=lint.level,
        tags=("lint", format_),
        document=f"Known traps of {format_}",
        because=lint.why,
        fix=lint.fix,
    )


def requirement_info(ruleset: Ruleset, requirement: Requirement) -> RuleInfo:
    """A requirement as reports show it."""
    return RuleInfo(
        requirement.id,
        requirement.title,
        description=f"{requirement.title}. {requirement.because}",
        help=_help(requirement),
        level=requirement.level,
        tags=requirement.tags,
        precision=requirement.precision,
        security_severity=requirement.security_severity,
        document=ruleset.source.document,
        section=requirement.section,
        because=requirement.because,
    )


def statement(requirement: Requirement) -> str:
    """What the requirement asks, in one line: `node → control-plane: tcp/6443`; empty for hygiene."""
    ends = choices_text(requirement.destinations)
    match requirement.kind:
        case Kind.HYGIENE:
            return ""
        case Kind.ENFORCED:
            return f"a filter stands in front of {ends}"
        case Kind.FACT:
            return f"{ends}: {requirement.fact}"
    services = ", ".join(map(str, requirement.services))
    return f"{requirement.kind} {choices_text(requirement.sources)} → {ends}: {services}"


def choices_text(choices: tuple[Choice, ...]) -> str:
    """One end of a flow with its conditions."""
    if len(choices) == 1:
        return str(choices[0].who)
    return "; ".join(f"{each.who} (when {text_of(each.when)})" if each.when else f"else {each.who}" for each in choices)


def _help(requirement: Requirement) -> str:
    parts = [f"**Why:** {requirement.because}", f"**What to do:** {requirement.fix.text}"]
    if requirement.reading:
        parts.append(f"**How the document is read:** {requirement.reading}")
    return "\n\n".join(parts)
