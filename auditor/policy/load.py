"""Ruleset files: YAML in, a `Ruleset` out, or every mistake with its line.

Invariant: what comes out names only roles and parameters that are declared. Built-in rulesets skip the JSON Schema, which a test holds
them to: its library costs more than the whole load. A user's file passes it first.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from auditor.files import DirectoryTree, Tree, Unreadable, normalise, read_text
from auditor.model.record import replace
from auditor.model.source import Level, Source, Span
from auditor.policy import nodes
from auditor.policy.conditions import Asks, Condition, Value, parse_condition, parts
from auditor.policy.digest import FILE, digest_node
from auditor.policy.parameters import default_of, read_value
from auditor.policy.problems import Problem, RulesetError, did_you_mean
from auditor.policy.ruleset import (
    BUILTIN_ROLES,
    Choice,
    Document,
    Kind,
    Parameter,
    Remedy,
    Requirement,
    Role,
    Ruleset,
    Scope,
    Sign,
    SignKind,
    Term,
    TermKind,
    Type,
    Who,
    term_of,
)
from auditor.policy.services import ANY_SERVICE, Protocol, Service, parse_service
from auditor.yamlspan import Mapping, Node, Scalar, Sequence, YamlError, read_one

SCHEMA = "ruleset.schema.json"
OPEN_ADMIN, ADMIN_PORTS = "world-open-admin", "admin_ports"
BUILTIN = ("talos", "thymis-device", "thymis-controller", "disruptive-gen2", "disruptive-legacy", "firewall-hygiene")


def builtin_rulesets() -> tuple[str, ...]:
    """The names of the rulesets that come with the program."""
    return BUILTIN


def load_ruleset(name: str, tree: Tree | None = None, span: Span | None = None) -> Ruleset:
    """The built-in ruleset of that name, or the one in a file: of `tree`, or where there is none, of the disk. `span` is where it is named.

    Raises `RulesetError`.
    """
    if name in BUILTIN:
        return _builtin(name)
    if not is_path(name):
        files = " (a file's name ends in .yaml or has a slash)"
        raise RulesetError([Problem(f"there is no ruleset {name!r}{did_you_mean(name, BUILTIN)}{files}", span)])
    try:
        source = read_text(tree, normalise(name)) if tree is not None else _on_disk(name)
    except Unreadable as error:
        raise RulesetError([Problem(f"the ruleset {name} {error}", span)]) from None
    return read_ruleset(source)


def read_ruleset(source: Source) -> Ruleset:
    """The ruleset that `source` writes, checked against the schema. Raises `RulesetError` with every mistake."""
    from auditor.policy.schema import check

    root = _yaml(source)
    problems = check(root, SCHEMA)
    if problems:
        raise RulesetError(problems)
    return _Reader().ruleset(root)


def builtin_source(name: str) -> Source:
    """The text of a built-in ruleset."""
    return read_text(DirectoryTree(_directory()), f"{name}.yaml")


@cache
def _builtin(name: str) -> Ruleset:
    return _Reader().ruleset(_digested(name) or builtin_tree(name))


def builtin_tree(name: str) -> Node:
    """The YAML of a built-in ruleset, as a tree."""
    return _yaml(builtin_source(name))


def _digested(name: str) -> Node | None:
    """The same tree out of the digest; None where the YAML is newer."""
    digest, source = _directory() / FILE, _directory() / f"{name}.yaml"
    if not digest.is_file() or digest.stat().st_mtime < source.stat().st_mtime:
        return None
    return digest_node(_digest(), name)


@cache
def _digest() -> str:
    return (_directory() / FILE).read_text(encoding="utf-8")


def _directory() -> Path:
    """`rulesets/` beside the package in a checkout, inside it when installed."""
    package = Path(__file__).parent.parent
    return next(path for path in (package / "rulesets", package.parent / "rulesets") if path.is_dir())


def is_path(name: str) -> bool:
    """Whether a ruleset's name is that of a file."""
    return "/" in name or os.sep in name or name.endswith((".yaml", ".yml"))


def _on_disk(name: str) -> Source:
    path = Path(name)
    found = read_text(DirectoryTree(path.parent), path.name)
    return Source(path.as_posix(), found.text)


def _yaml(source: Source) -> Node:
    try:
        return read_one(source)
    except YamlError as error:
        raise RulesetError([Problem(error.message, error.span)]) from None


class _Reader:
    """One file being read. The schema has settled the shape; here are the names and the small languages, each problem at its value."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.roles: dict[str, Role] = {}
        self.parameters: dict[str, Parameter] = {}

    def ruleset(self, root: Node) -> Ruleset:
        assert isinstance(root, Mapping)
        name = nodes.text(root, "ruleset")
        prefix = nodes.text(root, "prefix", name)
        source = root.get("source")
        self.roles = {key: self.role(key, value) for key, value in nodes.entries(root, "roles").items()}
        self.unions(root)
        self.parameters = {key: self.parameter(key, value) for key, value in nodes.entries(root, "parameters").items()}
        document = Document(nodes.text(source, "document"), nodes.text(source, "section"), nodes.text(source, "url"))
        signs = tuple(self.sign(each) for each in nodes.items(root, "detect"))
        requirements = tuple(self.requirement(prefix, document.section, each) for each in nodes.items(root, "requirements"))
        self.unique(requirements)
        if self.problems:
            raise RulesetError(sorted(self.problems, key=lambda problem: problem.span or Span.of_file("")))
        return Ruleset(
            name,
            nodes.text(root, "title"),
            prefix,
            nodes.text(root, "description"),
            document,
            self.roles,
            self.parameters,
            signs,
            requirements,
            root.span,
        )

    def wrong(self, message: str, node: Node) -> None:
        self.problems.append(Problem(message, node.span))

    def role(self, name: str, node: Node) -> Role:
        if name in BUILTIN_ROLES:
            self.problems.append(Problem(f"the role {name!r} is built in: leave it out, or choose another name", node.key))
        if isinstance(node, Scalar):
            return Role(name, node.text)
        return Role(
            name,
            nodes.text(node, "is"),
            nodes.texts(node, "union"),
            nodes.flag(node, "somewhere"),
            nodes.text(node, "network_of"),
            nodes.text(node, "stated_by"),
            nodes.texts(node, "usually"),
        )

    def unions(self, root: Node) -> None:
        for name, node in nodes.entries(root, "roles").items():
            for each in nodes.items(node, "union") if isinstance(node, Mapping) else ():
                self.known_role(nodes.content(each), each)
                if name in self.reached(nodes.content(each)):
                    self.wrong(f"the role {name!r} is part of itself", each)
                    self.roles[name] = Role(name, self.roles[name].description)

    def reached(self, name: str) -> set[str]:
        seen: set[str] = set()
        waiting = [name]
        while waiting:
            each = waiting.pop()
            if each not in seen:
                seen.add(each)
                waiting += self.roles[each].union_of if each in self.roles else ()
        return seen

    def known_role(self, name: str, node: Node) -> None:
        if name not in self.roles and name not in BUILTIN_ROLES:
            self.wrong(f"the role {name!r} is not declared{did_you_mean(name, (*self.roles, *BUILTIN_ROLES))}", node)

    def parameter(self, name: str, node: Node) -> Parameter:
        assert isinstance(node, Mapping)
        kind, values = Type(nodes.text(node, "type")), nodes.texts(node, "values")
        if (kind is Type.ENUM) != bool(values):
            self.wrong("an enum needs its values" if not values else f"values are for an enum, not for a {kind}", node)
        given = node.get("default")
        draft = Parameter(name, kind, default_of(kind, values), nodes.text(node, "is"), values, nodes.text(node, "stated_by"))
        return replace(draft, default=self.value(draft, given)) if given is not None else draft

    def value(self, parameter: Parameter, node: Node) -> Value:
        try:
            return read_value(parameter, node)
        except ValueError as error:
            self.wrong(str(error), node)
            return parameter.default

    def sign(self, node: Node) -> Sign:
        kinds = [kind for kind in SignKind if isinstance(node, Mapping) and node.get(kind)]
        if len(kinds) != 1:
            self.wrong("a sign is exactly one of zone, name, path, text or service", node)
            return Sign(SignKind.PATH, "")
        role = nodes.text(node, "role") or None
        if role:
            self.known_role(role, nodes.child(node, "role"))
        if kinds[0] is SignKind.SERVICE:
            self.services(nodes.child(node, "service"))
        return Sign(
            kinds[0],
            nodes.text(node, kinds[0]),
            role,
            nodes.texts(node, "formats"),
            nodes.flag(node, "recognises"),
            nodes.flag(node, "excludes"),
        )

    def requirement(self, prefix: str, section: str, node: Node) -> Requirement:
        assert isinstance(node, Mapping)
        kinds = [kind for kind in Kind if node.get(kind)]
        if len(kinds) != 1:
            self.wrong(f"a requirement is exactly one of {', '.join(Kind)}", node.entries.get("id", node))
        kind = kinds[0] if kinds else Kind.HYGIENE
        sources, destinations, services, fact = self.flow(kind, node.get(kind))
        identifier = f"{prefix}/{nodes.text(node, 'id')}"
        when = node.get("when")
        return Requirement(
            id=identifier,
            kind=kind,
            title=nodes.text(node, "title") or identifier,
            because=_line(nodes.text(node, "because")),
            fix=self.remedy(nodes.child(node, "fix")),
            span=nodes.child(node, "id").span,
            sources=sources,
            destinations=destinations,
            services=services,
            fact=fact,
            when=self.condition(when) if when else None,
            level=Level(nodes.text(node, "level", Level.ERROR)),
            scope=Scope(nodes.text(node, "scope", Scope.PATH)),
            section=nodes.text(node, "section", section),
            reading=_line(nodes.text(node, "reading")),
            tags=nodes.texts(node, "tags"),
            security_severity=float(nodes.text(node, "severity", "5.0")),
            precision=nodes.text(node, "precision", "high"),
            optional=nodes.flag(node, "optional"),
            beyond=nodes.flag(node, "beyond"),
        )

    def flow(self, kind: Kind, node: Node | None) -> tuple[tuple[Choice, ...], tuple[Choice, ...], tuple[Service, ...], str]:
        if kind is Kind.HYGIENE and node is not None and nodes.content(node) == OPEN_ADMIN and ADMIN_PORTS not in self.parameters:
            self.wrong(f"{OPEN_ADMIN} asks about the parameter {ADMIN_PORTS!r}, which is not declared: its type is ports", node)
        if kind is Kind.HYGIENE or node is None:
            return (), (), (), nodes.content(node) if node else ""
        if kind is Kind.ENFORCED:
            return (), self.choices(node), (), ""
        if kind is Kind.FACT:
            return (), self.choices(nodes.child(node, "of")), (), nodes.text(node, "says")
        service = node.get("service") if isinstance(node, Mapping) else None
        services = self.services(service) if service else (ANY_SERVICE,)
        return self.choices(nodes.child(node, "from")), self.choices(nodes.child(node, "to")), services, ""

    def remedy(self, node: Node) -> Remedy:
        if isinstance(node, Scalar):
            return Remedy(_line(node.text))
        snippets = {key: nodes.content(value) for key, value in node.entries.items() if key != "text"} if isinstance(node, Mapping) else {}
        return Remedy(_line(nodes.text(node, "text")), snippets)

    def services(self, node: Node) -> tuple[Service, ...]:
        found: list[Service] = []
        for each in node.items if isinstance(node, Sequence) else (node,):
            try:
                found.append(parse_service(nodes.content(each)))
            except ValueError as error:
                self.wrong(str(error), each)
        return tuple(found) or (Service(Protocol.ANY),)

    def condition(self, node: Node) -> Condition | None:
        try:
            condition = parse_condition(nodes.content(node))
        except ValueError as error:
            self.wrong(str(error), node)
            return None
        for part in parts(condition):
            if isinstance(part, Asks):
                self.known_role(part.role, node)
            else:
                self.comparison(part.parameter, part.value, node)
        return condition

    def comparison(self, name: str, value: Value, node: Node) -> None:
        parameter = self.parameters.get(name)
        if parameter is None:
            self.wrong(f"the parameter {name!r} is not declared{did_you_mean(name, self.parameters)}", node)
            return
        if isinstance(value, bool) and parameter.type is not Type.BOOLEAN:
            self.wrong(f"the parameter {name!r} is no boolean: compare it with a value", node)
        elif parameter.type is Type.BOOLEAN and not isinstance(value, bool):
            self.wrong(f"the parameter {name!r} is a boolean: write {name} or not {name}", node)
        for each in value if isinstance(value, tuple) else (value,):
            if parameter.type is Type.ENUM and isinstance(each, str) and each not in parameter.values:
                self.wrong(f"{name} is never {each!r}{did_you_mean(each, parameter.values)}", node)

    def choices(self, node: Node) -> tuple[Choice, ...]:
        if isinstance(node, Sequence) and any(isinstance(each, Mapping) for each in node.items):
            return tuple(self.choice(each) for each in node.items)
        return (Choice(self.who(node)),)

    def choice(self, node: Node) -> Choice:
        if not isinstance(node, Mapping):
            self.wrong("a list holds either ends of the flow or choices (when, is), not both", node)
            return Choice(Who(()))
        when = node.get("when")
        return Choice(self.who(nodes.child(node, "is")), self.condition(when) if when else None)

    def who(self, node: Node) -> Who:
        if isinstance(node, Sequence):
            return Who(tuple(term for each in node.items for term in self.terms(nodes.content(each), each)))
        terms, _, but = nodes.content(node).partition(" but ")
        return Who(self.terms(terms, node), self.terms(but, node) if but else ())

    def terms(self, text: str, node: Node) -> tuple[Term, ...]:
        found = [term_of(each) for part in text.replace(",", " and ").split(" and ") if (each := part.strip())]
        for term in found:
            if term.kind is TermKind.ROLE:
                self.known_role(term.text, node)
            elif term.kind is TermKind.PARAMETER and term.text not in self.parameters:
                self.wrong(f"the parameter {term.text!r} is not declared{did_you_mean(term.text, self.parameters)}", node)
            elif term.kind is TermKind.ADDRESS and not _is_network(term.text):
                self.wrong(f"{term.text!r} is no address", node)
        return tuple(found)

    def unique(self, requirements: tuple[Requirement, ...]) -> None:
        first: dict[str, Requirement] = {}
        for each in requirements:
            earlier = first.setdefault(each.id, each)
            if earlier is not each:
                self.problems.append(Problem(f"the id {each.name!r} is already given on line {earlier.span.line}", each.span))


def _is_network(text: str) -> bool:
    from ipaddress import ip_network

    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _line(text: str) -> str:
    return " ".join(text.split())
