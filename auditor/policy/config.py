"""auditor.yaml: what is read, which rulesets count, who is who, what is accepted. Every mistake is told at its line."""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping
from datetime import date

from auditor.files import Tree, Unreadable, read_text
from auditor.model.record import dataclass, field
from auditor.model.source import Source, Span
from auditor.policy import nodes
from auditor.policy.binding import claim_of, is_address, is_mistaken_address
from auditor.policy.load import builtin_rulesets, is_path
from auditor.policy.parameters import Given
from auditor.policy.problems import ConfigError, Problem, did_you_mean
from auditor.policy.schema import check
from auditor.yamlspan import Mapping, Node, Scalar, Sequence, YamlError, read, read_one

SCHEMA = "config.schema.json"
FILENAMES = ("auditor.yaml", "auditor.yml", ".auditor.yaml")


@dataclass(frozen=True, slots=True)
class Input:
    """A file or directory to read. `format` names its dialect where it is not to be recognised; the rest is for Terraform."""

    path: str
    span: Span | None = None
    format: str | None = None
    var_files: tuple[str, ...] = ()
    variables: AbstractMapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ignore:
    """An accepted finding: `rule` and `path` are shell patterns, no path means everywhere; `until` is the last day it counts."""

    rule: str
    reason: str
    span: Span
    path: str | None = None
    until: date | None = None
    tracker: str = ""


@dataclass(frozen=True, slots=True)
class Played:
    """Who a role is here: zones by id, alias or label, addresses, domain names."""

    name: str
    zones: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """One auditor.yaml; the empty one where there is none. Paths are relative to its directory, as written.

    `rulesets` has where each is named.
    """

    path: str = ""
    rulesets: AbstractMapping[str, Span] = field(default_factory=dict)
    parameters: AbstractMapping[str, Given] = field(default_factory=dict)
    inputs: tuple[Input, ...] = ()
    roles: tuple[Played, ...] = ()
    ignores: tuple[Ignore, ...] = ()


def find_config(tree: Tree) -> Config:
    """The configuration at the root of `tree`; an empty one where there is none. Raises `ConfigError`."""
    return next((load_config(tree, name) for name in FILENAMES if tree.exists(name)), Config())


def load_config(tree: Tree, path: str, called: str = "") -> Config:
    """The configuration in the file `path`, which is `called` so where it is told. Raises `ConfigError`."""
    try:
        return read_config(Source(called or path, read_text(tree, path).text))
    except Unreadable as error:
        raise ConfigError([Problem(f"the configuration {called or path} {error}")]) from None


def read_config(source: Source) -> Config:
    """The configuration that `source` writes. Raises `ConfigError` with every mistake."""
    try:
        empty = not read(source).documents
        root = Scalar(Span.of_file(source.path), "", None) if empty else read_one(source)
    except YamlError as error:
        raise ConfigError([Problem(error.message, error.span)]) from None
    if isinstance(root, Scalar) and root.value is None:
        return Config(source.path)
    problems = list(check(root, SCHEMA))
    if problems:
        raise ConfigError(problems)
    config = Config(
        source.path,
        {_ruleset(each, problems): each.span for each in nodes.items(root, "rulesets")},
        {name: Given(value, value.key) for name, value in nodes.entries(root, "parameters").items()},
        tuple(map(_input, nodes.items(root, "inputs"))),
        tuple(_played(name, value, problems) for name, value in nodes.entries(root, "roles").items()),
        tuple(_ignore(each, problems) for each in nodes.items(root, "ignore")),
    )
    if problems:
        raise ConfigError(problems)
    return config


def _input(node: Node) -> Input:
    if not isinstance(node, Mapping):
        return Input(nodes.content(node), node.span)
    variables = {name: nodes.content(value) for name, value in nodes.entries(node, "vars").items()}
    return Input(
        nodes.text(node, "path"),
        nodes.child(node, "path").span,
        nodes.text(node, "format") or None,
        nodes.texts(node, "var_files"),
        variables,
    )


def _ruleset(node: Node, problems: list[Problem]) -> str:
    name = nodes.content(node).strip()
    if not is_path(name) and name not in builtin_rulesets():
        problems.append(Problem(f"there is no ruleset {name!r}{did_you_mean(name, builtin_rulesets())}", node.span))
    return name


def _played(role: str, node: Node, problems: list[Problem]) -> Played:
    if isinstance(node, Mapping):
        zones = (*nodes.texts(node, "behind"), *nodes.texts(node, "zone"))
        names = tuple(name.casefold() for name in nodes.texts(node, "names"))
        wrong = [each for each in nodes.texts(node, "addresses") if not is_address(each)]
        problems += [
            Problem(f"role {role}: {each!r} is no address, network or range", nodes.child(node, "addresses").span) for each in wrong
        ]
        return Played(role, zones, nodes.texts(node, "addresses"), names, node.key)
    parts = [nodes.content(each) for each in node.items] if isinstance(node, Sequence) else [nodes.content(node)]
    try:
        claim = claim_of(f"{role}={','.join(parts)}", "")
    except ValueError:
        wrong = [each.strip() for part in parts for each in part.split(",") if is_mistaken_address(each.strip())]
        what = [f"{each!r} is no address, network or range" for each in wrong] or ["name a zone, an address or a domain name"]
        problems += [Problem(f"role {role}: {each}", node.span) for each in what]
        return Played(role)
    return Played(role, claim.zones, claim.addresses, tuple(map(str.casefold, claim.names)), node.key)


def _ignore(node: Node, problems: list[Problem]) -> Ignore:
    until = None
    if nodes.text(node, "until"):
        try:
            until = date.fromisoformat(nodes.text(node, "until"))
        except ValueError:
            problems.append(Problem(f"{nodes.text(node, 'until')!r} is no date: write YYYY-MM-DD", nodes.child(node, "until").span))
    return Ignore(
        nodes.text(node, "rule"),
        nodes.text(node, "reason"),
        node.span,
        nodes.text(node, "path") or None,
        until,
        nodes.text(node, "tracker"),
    )
