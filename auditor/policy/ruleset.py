"""A ruleset: what one document requires of the firewalls in front of its roles, as data.

Invariant: a `Ruleset` names no role, parameter or value it does not declare, and every requirement's flow can be settled:
`settle` turns parameters and facts into concrete flows, and what comes out holds neither conditions nor parameter references.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from auditor.model.record import dataclass, field
from auditor.model.source import Level, Span
from auditor.policy.conditions import Condition, Facts, Value, holds, text_of
from auditor.policy.services import Service

ANY = "any"
"""The built-in role of everybody: every bound zone, and elsewhere."""
INTERNET = "internet"
"""The built-in role of the public unicast addresses outside every bound role."""
BUILTIN_ROLES = {
    ANY: "everybody: every role that is bound, and every address elsewhere",
    INTERNET: "the public unicast addresses outside every bound role",
}


class Kind(StrEnum):
    """What a requirement asks."""

    ALLOW = "allow"  # every packet of the flow gets through, and its replies get back
    DENY = "deny"  # no new flow of these gets through
    ONLY = "only"  # of these new flows nothing gets through but what the ruleset's own allows require
    REPLIES = "replies"  # what the flow sends out is answered: the reply half of an allow
    ENFORCED = "enforced"  # some filter stands in front of every member of the destinations
    FACT = "fact"  # the configuration says so, e.g. a time server is configured
    HYGIENE = "hygiene"  # a property of rules as such, answered by analysis.hygiene


class Scope(StrEnum):
    """Which filters a requirement is about."""

    PATH = "path"  # all of them, together
    NETWORK = "network"  # only firewalls between networks; without one on the path the requirement is not asked


class TermKind(StrEnum):
    """What a term of a flow's end is."""

    ROLE = "role"
    NAME = "name"  # a domain name of the internet, `ghcr.io`, or a wildcard over its subdomains, `*.docker.com`; lower case
    HOST = "host"  # a domain name that the user gave: it may be inside
    ADDRESS = "address"  # an address or CIDR block
    PARAMETER = "parameter"  # each value of a parameter: names or addresses; gone after `settle`


@dataclass(frozen=True, slots=True)
class Term:
    kind: TermKind
    text: str

    def __str__(self) -> str:
        return f"${self.text}" if self.kind is TermKind.PARAMETER else self.text


@dataclass(frozen=True, slots=True)
class Who:
    """One end of a flow: every one of `terms`, without those of `but`. All that miss are told in one finding."""

    terms: tuple[Term, ...]
    but: tuple[Term, ...] = ()

    def __str__(self) -> str:
        but = f" but {_spoken(self.but)}" if self.but else ""
        return _spoken(self.terms) + but

    def roles(self) -> tuple[str, ...]:
        """The roles named on either side of `but`, in order."""
        return tuple(term.text for term in (*self.terms, *self.but) if term.kind is TermKind.ROLE)


@dataclass(frozen=True, slots=True)
class Choice:
    """One end of a flow, under a condition; of several choices the first whose condition is true counts."""

    who: Who
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class Flow:
    """What is asked about, settled: no condition, no parameter, union roles expanded."""

    sources: Who
    destinations: Who
    services: tuple[Service, ...]

    def __str__(self) -> str:
        return f"{self.sources} → {self.destinations} {', '.join(map(str, self.services))}"


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to do: in words, and per dialect where generated snippets would not do (format name → text of that dialect)."""

    text: str
    snippets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line of the document. `id` is `<prefix>/<name>` as users, SARIF and tests see it.

    `name` of FACT and HYGIENE requirements, the part after the slash, is what the evaluating code knows it by.
    """

    id: str
    kind: Kind
    title: str
    because: str
    fix: Remedy
    span: Span
    sources: tuple[Choice, ...] = ()
    destinations: tuple[Choice, ...] = ()
    services: tuple[Service, ...] = ()
    fact: str = ""
    when: Condition | None = None
    level: Level = Level.ERROR
    scope: Scope = Scope.PATH
    section: str = ""
    reading: str = ""  # where the document contradicts itself or the product: the reading chosen, and why
    tags: tuple[str, ...] = ()
    security_severity: float = 5.0
    precision: str = "high"
    optional: bool = False  # the document calls it optional
    beyond: bool = False  # true of the product today, but not in the document

    @property
    def name(self) -> str:
        return self.id.partition("/")[2]


@dataclass(frozen=True, slots=True)
class Role:
    """Somebody the document speaks of. `union_of` names the roles it is made of (then it is never bound itself).

    `somewhere`: unbound, it may be at any address, and one that is reached is enough ("any resolver"). Unbound, it is, in this order:
    what zones state by the attribute `stated_by`; the networks that the role `network_of` is in; `usually`, names or addresses.
    """

    name: str
    description: str
    union_of: tuple[str, ...] = ()
    somewhere: bool = False
    network_of: str = ""
    stated_by: str = ""
    usually: tuple[str, ...] = ()


class Type(StrEnum):
    """What a parameter takes."""

    BOOLEAN = "boolean"
    STRING = "string"
    ENUM = "enum"
    LIST = "list"
    NETWORKS = "networks"
    PORTS = "ports"
    INTEGER = "integer"
    VERSION = "version"


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    type: Type
    default: Value
    description: str
    values: tuple[str, ...] = ()
    stated_by: str = ""


class SignKind(StrEnum):
    """Where a sign is looked for."""

    ZONE = "zone"  # the name of a zone, group, interface, VLAN or machine type
    NAME = "name"  # a domain name some rule or alias lists
    PATH = "path"  # a file's path
    TEXT = "text"  # a word in a file that was read
    SERVICE = "service"  # a service some rule is about


@dataclass(frozen=True, slots=True)
class Sign:
    """`pattern` is a shell pattern, matched without regard to case, `-` and `_`; `formats` limits it to dialects.

    A sign with a `role` proposes what it matches for the role, of a union for each member. One that `recognises` is enough to choose the
    ruleset, one that `excludes` not to; of these the first that is seen decides.
    """

    kind: SignKind
    pattern: str
    role: str | None = None
    formats: tuple[str, ...] = ()
    recognises: bool = False
    excludes: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """Where requirements come from; `section` is the ruleset's default."""

    document: str
    section: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Ruleset:
    """`prefix` starts the requirements' ids; it is the name unless the file says otherwise."""

    name: str
    title: str
    prefix: str
    description: str
    source: Document
    roles: Mapping[str, Role]
    parameters: Mapping[str, Parameter]
    signs: tuple[Sign, ...]
    requirements: tuple[Requirement, ...]
    span: Span

    def requirement(self, identifier: str) -> Requirement | None:
        """The requirement of that id."""
        return next((each for each in self.requirements if each.id == identifier), None)

    def members(self, role: str) -> tuple[str, ...]:
        """The bindable roles `role` is made of: itself, or its union's."""
        known = self.roles.get(role)
        if known is None or not known.union_of:
            return (role,)
        return tuple(dict.fromkeys(name for each in known.union_of for name in self.members(each)))


@dataclass(frozen=True, slots=True)
class Settled:
    """A requirement under the parameters of this run. `flow` is None for kinds without one.

    `skipped` says why it is not asked; `undecided` why it cannot be answered before the user says more: its outcome is open.
    """

    requirement: Requirement
    flow: Flow | None = None
    skipped: str | None = None
    undecided: str | None = None


def settle(ruleset: Ruleset, values: Mapping[str, Value], facts: Facts) -> tuple[Settled, ...]:
    """Every requirement of the ruleset, in order, with its concrete flow or the reason it is not asked.

    `values` come from `parameters_of`: every parameter has one.
    """
    members = _Members(ruleset, facts)
    return tuple(_settled(ruleset, each, values, members) for each in ruleset.requirements)


@dataclass(frozen=True, slots=True)
class _Members:
    """Facts about roles that are unions: what is said of them is said of all their members."""

    ruleset: Ruleset
    facts: Facts

    def bound(self, role: str) -> bool:
        return all(map(self.facts.bound, self.ruleset.members(role)))

    def unfiltered(self, *roles: str) -> bool:
        return self.facts.unfiltered(*(member for role in roles for member in self.ruleset.members(role)))


def requirement_applies(requirement: Requirement, values: Mapping[str, Value], facts: Facts) -> bool:
    """Whether the requirement's own condition is met."""
    return holds(requirement.when, values, facts)


def _settled(ruleset: Ruleset, requirement: Requirement, values: Mapping[str, Value], facts: Facts) -> Settled:
    if requirement.when is not None and not holds(requirement.when, values, facts):
        return Settled(requirement, skipped=f"asked only when {text_of(requirement.when)}")
    if not requirement.destinations:
        return Settled(requirement)
    sources = _chosen(requirement.sources, values, facts)
    destinations = _chosen(requirement.destinations, values, facts)
    flow = Flow(_expanded(ruleset, sources, values), _expanded(ruleset, destinations, values), requirement.services)
    for end, written in ((flow.sources, sources), (flow.destinations, destinations)):
        unset = [term.text for term in written.terms if term.kind is TermKind.PARAMETER and not values[term.text]]
        if any(ruleset.parameters[name].type not in (Type.LIST, Type.NETWORKS, Type.PORTS) for name in unset):
            return Settled(requirement, flow, undecided=f"the parameter {unset[0]} is not set")
        if unset and not end.terms:
            return Settled(requirement, flow, skipped=f"the list {unset[0]} is empty")
    return Settled(requirement, flow)


def _chosen(choices: tuple[Choice, ...], values: Mapping[str, Value], facts: Facts) -> Who:
    return next((choice.who for choice in choices if holds(choice.when, values, facts)), Who(()))


def _expanded(ruleset: Ruleset, who: Who, values: Mapping[str, Value]) -> Who:
    return Who(_terms(ruleset, who.terms, values), _terms(ruleset, who.but, values))


def _terms(ruleset: Ruleset, terms: tuple[Term, ...], values: Mapping[str, Value]) -> tuple[Term, ...]:
    found: list[Term] = []
    for term in terms:
        if term.kind is TermKind.ROLE:
            found += [Term(TermKind.ROLE, name) for name in ruleset.members(term.text)]
        elif term.kind is TermKind.PARAMETER:
            value = values[term.text]
            usual = ruleset.parameters[term.text].default
            for each in value if isinstance(value, tuple) else [str(value)] if value else []:
                known = isinstance(usual, tuple) and each in usual
                found.append(term_of(each) if known else endpoint_of(each))
        else:
            found.append(term)
    return tuple(dict.fromkeys(found))


def term_of(text: str) -> Term:
    """`$git_hosts` a parameter's values, `10.0.0.0/8` an address, `*.docker.com` a name, `worker` a role."""
    text = text.strip()
    if text.startswith("$"):
        return Term(TermKind.PARAMETER, text[1:])
    endpoint = endpoint_of(text)
    if endpoint.kind is TermKind.ADDRESS:
        return endpoint
    return Term(TermKind.NAME, endpoint.text) if "." in text else Term(TermKind.ROLE, text)


def endpoint_of(text: str) -> Term:
    """A value that a user gave as an end of a flow: an address or, with or without a dot, a name."""
    text = text.strip()
    if "/" in text or ":" in text or text.replace(".", "").isdecimal():
        return Term(TermKind.ADDRESS, text)
    return Term(TermKind.HOST, text.rstrip(".").casefold())


def _spoken(terms: tuple[Term, ...]) -> str:
    words = [str(term) for term in terms]
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
