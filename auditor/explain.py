"""What is checked, told at the terminal: one id in full, or all of them in a list."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from shutil import get_terminal_size
from textwrap import fill, indent

from auditor.model.findings import RuleInfo
from auditor.policy.describe import OWN, info_of, lint_info, lints, requirement_info, statement
from auditor.policy.load import builtin_rulesets, load_ruleset
from auditor.policy.problems import PolicyError, Problem, nearest
from auditor.policy.ruleset import Requirement, Ruleset
from auditor.policy.snippets import TITLES, snippets

WIDTH = 100
MOST_MEANT = 4


def explain(identifier: str) -> str:
    """Everything known about a requirement, lint, or ruleset. Raises `PolicyError` naming the nearest id where there is none."""
    if identifier in builtin_rulesets():
        return _ruleset(load_ruleset(identifier))
    for ruleset in map(load_ruleset, builtin_rulesets()):
        requirement = ruleset.requirement(identifier)
        if requirement is not None:
            return _info(requirement_info(ruleset, requirement), statement(requirement)) + _snippets(ruleset, requirement)
    info = info_of(identifier)
    if info is not None:
        return _info(info, "")
    known = [*(info.id for info in all_infos()), *builtin_rulesets()]
    raise PolicyError([Problem(f"nothing is called {identifier!r}{_perhaps(identifier, known)}")])


def _perhaps(word: str, known: Sequence[str]) -> str:
    """The ids that end in the word, or else have it in them, or else look like it."""
    wanted = word.casefold().strip("/")
    ending = [each for each in known if each.rpartition("/")[2] == wanted]
    part = f"{wanted}/" if "/" in wanted else wanted
    found = ending or [each for each in known if part and part in each]
    if not found:
        close = nearest(word, known)
        return f"; did you mean {close!r}?" if close else "; `auditor rules` lists every id"
    if len(found) > MOST_MEANT:
        return f"; {len(found)} ids have that in them: `auditor rules {word}` lists them"
    return f"; did you mean {' or '.join(map(repr, found))}?"


def all_infos() -> Iterator[RuleInfo]:
    """Every requirement of the built-in rulesets, every lint, and the program's own ids."""
    for ruleset in map(load_ruleset, builtin_rulesets()):
        yield from (requirement_info(ruleset, requirement) for requirement in ruleset.requirements)
    yield from (lint_info(format_, lint) for format_, lint in lints())
    yield from OWN


def listing(format_: str, parts: Sequence[str] = ()) -> str:
    """Every id, or those with one of `parts` in them, with its level and title, as a table or as JSON. Raises `PolicyError` for none."""
    infos = [info for info in all_infos() if not parts or any(part.casefold() in info.id for part in parts)]
    if not infos:
        raise PolicyError([Problem(f"no id has {' or '.join(map(repr, parts))} in it; `auditor rules` lists them all")])
    if format_ == "json":
        rows = [
            {"id": info.id, "level": info.level.value, "title": info.title, "document": info.document, "section": info.section}
            for info in infos
        ]
        return json.dumps(rows, ensure_ascii=False, indent=2) + "\n"
    width = max(len(info.id) for info in infos)
    return "".join(f"{info.id:{width}}  {info.level.value:7}  {info.title}\n" for info in infos)


def ruleset_listing() -> str:
    """The built-in rulesets, a line each."""
    found = [load_ruleset(name) for name in builtin_rulesets()]
    width = max(len(ruleset.name) for ruleset in found)
    return "".join(f"{ruleset.name:{width}}  {len(ruleset.requirements):3} requirements  {ruleset.title}\n" for ruleset in found)


def _info(info: RuleInfo, asks: str) -> str:
    lines = [f"{info.id} ({info.level.value})", info.title, ""]
    if asks:
        lines += [f"Asks: {asks}", ""]
    if info.help:
        lines += [*_filled(info.help.replace("**", "")), ""]
    if info.document:
        lines.append(f"Source: {info.document}{', ' + info.section if info.section else ''}")
    return "\n".join(lines).rstrip() + "\n"


def _snippets(ruleset: Ruleset, requirement: Requirement) -> str:
    """What to write, in every dialect that can say it."""
    made = snippets(ruleset, requirement).items()
    return "".join(f"\n{TITLES[name]}:\n\n{indent(text, '    ')}\n" for name, text in made)


def _filled(text: str) -> Iterator[str]:
    """`text` wrapped to the terminal, paragraph by paragraph; what is indented stays as it is."""
    width = min(WIDTH, get_terminal_size((WIDTH, 24)).columns)
    for line in text.splitlines():
        yield line if line.startswith((" ", "\t")) else fill(line, width)


def _ruleset(ruleset: Ruleset) -> str:
    lines = [f"{ruleset.name}: {ruleset.title}", "", *_filled(ruleset.description), "", f"Source: {ruleset.source.document}", ""]
    lines += ["Roles:", *(f"  {role.name}: {role.description}" for role in ruleset.roles.values()), ""] if ruleset.roles else []
    lines += (
        [
            "Parameters:",
            *(f"  {each.name} (default {_value(each.default)}): {each.description}" for each in ruleset.parameters.values()),
            "",
        ]
        if ruleset.parameters
        else []
    )
    lines += ["Requirements:", *(f"  {each.id} ({each.level.value}): {each.title}" for each in ruleset.requirements)]
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value)
