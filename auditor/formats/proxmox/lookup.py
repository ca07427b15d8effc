"""What a name in a rule or set stands for: aliases and sets of the file itself and of the cluster's file.

A name is looked up in its place: the iptables reader goes through a file once and does not know what stands further down. Where the
cluster's file is not at hand, a name that may be in it is not known, which is not the same as not defined.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor import lazyre
from auditor.formats.proxmox.document import network
from auditor.formats.proxmox.record import Alias, Backend, Document, Entry, Fate, IpSet, Scope, Trouble
from auditor.model.headers import merge_intervals, subtract_intervals
from auditor.model.packets import Interval
from auditor.model.record import dataclass, field
from auditor.model.source import Effect, Level, Span, Unknown

REFERENCE = lazyre.compile(r"(?:(dc|guest|sdn)/)?([A-Za-z][A-Za-z0-9_-]+)")
_BY_PRODUCT = ("local_network", "management")  # there may be such without a definition


@dataclass(frozen=True, slots=True)
class Held:
    """The addresses that a name stands for; with `unknown`, others may be among them."""

    intervals: tuple[Interval, ...] = ()
    unknown: Unknown | None = None
    one_family: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """Why a name stands for nothing. `late`: the reader accepts it, and the rule is left out when filters are made."""

    trap: str
    message: str
    late: bool = False


@dataclass(frozen=True, slots=True)
class Names:
    """Where names are looked up: the file they stand in, the cluster's file (None: not at hand), and the reader's ways."""

    own: Document
    cluster: Document | None
    backend: Backend
    sets: dict[int, Held] = field(default_factory=dict)

    @property
    def strict(self) -> bool:
        """Whether what stands further down is not known yet, and names of sets are lower case."""
        return self.backend is Backend.CLASSIC

    def scopes(self, scope: str | None) -> tuple[Document | None, ...]:
        """The documents a reference can mean, the first that has the name; None stands for a cluster's file that is not at hand."""
        has_own = self.own.scope in (Scope.GUEST, Scope.CLUSTER)
        if scope == "guest":
            return (self.own,) if self.own.scope is Scope.GUEST else ()
        if scope == "dc" or not has_own or self.own.scope is Scope.CLUSTER:
            return (self.cluster,)
        return (self.own, self.cluster)

    def may_be_elsewhere(self, scope: str | None) -> bool:
        """Whether a name that is not found may be defined where nobody looked."""
        return any(document is not None and document.partial for document in self.scopes(scope))


def find_alias(names: Names, text: str, at: Span) -> Held | Missing:
    """The address of an alias that is named in this line."""
    found = REFERENCE.fullmatch(text)
    if found is None or found.group(1) == "sdn":
        return Missing("undefined-reference", f"{text} is no alias")
    name = found.group(2).lower()
    below: Span | None = None
    for document in names.scopes(found.group(1)):
        if document is None:
            return Held(unknown=_not_here(text))
        alias = _alias(document, name)
        if alias is None:
            continue
        if _is_below(names, document, alias.span, at):
            below = alias.span
            continue
        return Held((), alias.unknown) if alias.unknown is not None else Held((alias.interval,), one_family=True)
    if below is not None:
        return Missing("forward-reference", f"the alias {text} is defined further down, in line {below.line}")
    if names.may_be_elsewhere(found.group(1)):
        return Held(unknown=_not_here(text))
    if name in _BY_PRODUCT:
        return Held(unknown=Unknown(f"{name} is the network the node finds itself in", reference=f"proxmox:{name}"))
    if _known_as_set(names, found.group(2)):
        return Missing("undefined-reference", f"there is no alias {text}: a set is named with a plus, +{text}")
    return Missing("undefined-reference", f"there is no alias {text}", late=_anywhere(names, name))


def find_set(names: Names, text: str, at: Span) -> Held | Missing:
    """The members of a set; `text` is without the plus."""
    found = REFERENCE.fullmatch(text)
    if found is None:
        return Missing("undefined-reference", f"+{text} is no name of a set")
    if found.group(1) == "sdn":
        return Held(unknown=Unknown(f"the addresses of +{text} are not in these files", reference=f"proxmox:+{text}"))
    name = found.group(2)
    other: IpSet | None = None
    for document in names.scopes(found.group(1)):
        if document is None:
            return Held(unknown=_not_here(f"+{text}"))
        same = next((each for each in document.sets if each.name.lower() == name.lower()), None)
        if same is None:
            continue
        if name != (same.name.lower() if names.strict else same.name):
            other = same
        elif _is_below(names, document, same.span, at):
            return Missing("forward-reference", f"the set +{text} is defined further down, in line {same.span.line}")
        else:
            return members(names, document, same)
    if other is not None:
        held = other.name.lower() if names.strict else other.name
        return Missing("name-case", f"there is no set +{text}: it is known as +{held}")
    if names.may_be_elsewhere(found.group(1)):
        return Held(unknown=_not_here(f"+{text}"))
    if name.lower() in _BY_PRODUCT:
        return Held(unknown=Unknown(f"the set {name} is made by the product", reference=f"proxmox:+{name}"))
    return Missing("undefined-reference", f"there is no set +{text}")


def _is_below(names: Names, document: Document, definition: Span, at: Span) -> bool:
    """Whether a name is used before it is defined, by a reader who goes through the file once."""
    return names.strict and document is names.own and definition.path == at.path == document.path and definition.line > at.line


def members(names: Names, document: Document, ipset: IpSet) -> Held:
    """The addresses of a set: the most specific entry decides, and one with `!` takes out."""
    known = names.sets.get(id(ipset))
    if known is None:
        known = names.sets[id(ipset)] = _members(names, document, ipset)
    return known


def _members(names: Names, document: Document, ipset: IpSet) -> Held:
    inner = names if document is names.own else Names(document, document, names.backend)
    unknown: Unknown | None = None
    certain = True
    sized: list[tuple[int, Interval, bool]] = []
    for entry in ipset.entries:
        found = resolve_entry(inner, entry)
        if entry.unknown is not None:
            found = Held(unknown=entry.unknown)
        if isinstance(found, Held):
            unknown = unknown or found.unknown
            certain = certain and not (entry.nomatch and found.unknown)
            sized += [(low - high, (low, high), entry.nomatch) for low, high in found.intervals]
    return Held(_by_specificity(sized) if certain else (), unknown)


def _by_specificity(sized: list[tuple[int, Interval, bool]]) -> tuple[Interval, ...]:
    """The wider first, in stretches of what is added and what is taken out."""
    result: tuple[Interval, ...] = ()
    batch: list[Interval] = []
    taken = False
    for _, interval, nomatch in sorted(sized, key=lambda each: (each[0], each[2])):
        if nomatch is not taken and batch:
            result = _applied(result, batch, taken)
            batch = []
        taken = nomatch
        batch.append(interval)
    return _applied(result, batch, taken)


def _applied(result: tuple[Interval, ...], batch: list[Interval], taken: bool) -> tuple[Interval, ...]:
    return subtract_intervals(result, batch) if taken else merge_intervals([*result, *batch])


def resolve_entry(names: Names, entry: Entry) -> Held | Missing:
    """What one entry of a set stands for."""
    interval = network(entry.text)
    if interval is not None:
        if entry.text.endswith("/0"):
            return Missing("set-entry-dropped", f"{entry.text}: a set takes no network of length 0")
        return Held((interval,))
    if REFERENCE.fullmatch(entry.text):
        found = find_alias(names, entry.text, entry.span)
        if isinstance(found, Missing) and found.trap == "undefined-reference":
            return Missing("set-entry-dropped", f"{entry.text} is no alias; a set takes no names of hosts or other sets")
        return found
    return Missing("set-entry-dropped", f"{entry.text[:60]!r} is no address, network or alias")


def set_troubles(document: Document, cluster: Document | None) -> Iterator[Trouble]:
    """The entries of a document's sets that are not there."""
    names = Names(document, cluster, Backend.CLASSIC)
    for ipset in document.sets:
        seen: set[tuple[str, bool]] = set()
        for entry in ipset.entries:
            if entry.unknown is not None:
                continue
            found = resolve_entry(names, entry)
            if isinstance(found, Missing):
                nft = Fate.READ if found.trap == "forward-reference" else Fate.REFUSED
                level = Level.ERROR if ipset.name.lower() == "blacklist" or entry.nomatch else Level.WARNING
                yield Trouble(found.trap, f"{found.message}: the set {ipset.name} is without it", entry.span, Fate.SKIPPED, nft, level)
            elif (entry.text, entry.nomatch) in seen:
                message = f"{entry.text} is in the set {ipset.name} already"
                yield Trouble("set-entry-dropped", message, entry.span, Fate.SKIPPED, Fate.READ, Level.NOTE, Effect.IGNORED)
            seen.add((entry.text, entry.nomatch))


def _alias(document: Document, name: str) -> Alias | None:
    return next((each for each in reversed(document.aliases) if each.name.lower() == name), None)


def _known_as_set(names: Names, name: str) -> bool:
    documents = (names.own, names.cluster)
    return any(each.name.lower() == name.lower() for document in documents if document is not None for each in document.sets)


def _anywhere(names: Names, name: str) -> bool:
    return any(_alias(document, name) is not None for document in (names.own, names.cluster) if document is not None)


def _not_here(text: str) -> Unknown:
    plain = text.removeprefix("+").removeprefix("dc/")
    sign = "+" if text.startswith("+") else ""
    return Unknown(f"{text} is defined in cluster.fw, which was not read", reference=f"proxmox:{sign}{plain.lower()}")
