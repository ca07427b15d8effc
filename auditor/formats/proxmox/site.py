"""The files of one Proxmox cluster together: who is filtered by what, and on which node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.formats.proxmox.check import check, names_something
from auditor.formats.proxmox.lookup import Names, set_troubles
from auditor.formats.proxmox.machines import Machine
from auditor.formats.proxmox.record import Backend, Document, Fate, Line, Scope, Trouble
from auditor.formats.proxmox.written import Written, read_rule
from auditor.model.packets import Interval
from auditor.model.record import dataclass, field, replace
from auditor.model.source import Span, Unknown

BOTH = (Backend.CLASSIC, Backend.NFT)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is true of the nodes and not in the files, where somebody knows: the backend, the local network, the corosync peers."""

    backend: Backend | None = None
    local_network: tuple[Interval, ...] | None = None
    peers: tuple[Interval, ...] | None = None
    own: tuple[Interval, ...] | None = None


UNKNOWN = Surroundings()


@dataclass(frozen=True, slots=True)
class Judged:
    """A rule's words and its troubles. `words` None: there are none."""

    line: Line
    words: Written | None
    troubles: tuple[Trouble, ...]

    def read_by(self, backend: Backend) -> bool:
        """Whether the rule is there for this backend."""
        return self.words is not None and all(each.fate(backend) is Fate.READ for each in self.troubles)

    @property
    def active(self) -> bool:
        """Whether it is not switched off by a `|`."""
        return self.words is None or self.words.enabled


@dataclass(frozen=True, slots=True)
class Site:
    """One cluster. `folder` is where its files are; hosts are keyed by node ("" if not said), guests by number, networks by name."""

    folder: str
    prefix: str
    cluster: Document | None = None
    hosts: Mapping[str, Document] = field(default_factory=dict)
    guests: Mapping[str, Document] = field(default_factory=dict)
    networks: Mapping[str, Document] = field(default_factory=dict)
    machines: Mapping[str, Machine] = field(default_factory=dict)
    surroundings: Surroundings = UNKNOWN
    _judged: dict[int, tuple[Judged, ...]] = field(default_factory=dict, compare=False)
    _troubles: dict[int, tuple[Trouble, ...]] = field(default_factory=dict, compare=False)

    @property
    def documents(self) -> tuple[Document, ...]:
        """Every firewall file."""
        first = (self.cluster,) if self.cluster is not None else ()
        return (*first, *self.hosts.values(), *self.guests.values(), *self.networks.values())

    def backends(self, document: Document) -> tuple[Backend, ...]:
        """The backends that may read a file; one where it is known."""
        if document.scope is Scope.HOST:
            return backends_of(document)
        machine = self.machines.get(document.name) if document.scope is Scope.GUEST else None
        if machine is not None and machine.node in self.hosts:
            return backends_of(self.hosts[machine.node])
        return self.usual

    @property
    def usual(self) -> tuple[Backend, ...]:
        """The backends of the nodes."""
        if self.surroundings.backend is not None:
            return (self.surroundings.backend,)
        found = {backend for host in self.hosts.values() for backend in backends_of(host)}
        return tuple(each for each in BOTH if each in found) or BOTH

    def judged(self, document: Document, lines: tuple[Line, ...], in_group: bool = False) -> tuple[Judged, ...]:
        """The rules of a list, each with what is wrong with it in either reader's eyes."""
        known = self._judged.get(id(lines))
        if known is None:
            both = (Names(document, self.cluster, Backend.CLASSIC), Names(document, self.cluster, Backend.NFT))
            known = self._judged[id(lines)] = tuple(_judge(line, document, both, in_group) for line in lines)
        return known

    def troubles(self, document: Document) -> tuple[Trouble, ...]:
        """Everything about a file that is not as it looks."""
        known = self._troubles.get(id(document))
        if known is None:
            rules = [*self.judged(document, document.rules)]
            rules += [each for group in document.groups for each in self.judged(document, group.rules, in_group=True)]
            of_rules = [trouble for rule in rules for trouble in (rule.troubles if rule.active else _though_off(rule))]
            known = self._troubles[id(document)] = (*document.troubles, *set_troubles(document, self.cluster), *of_rules)
        return known

    def refusal(self) -> Trouble | None:
        """The first line that keeps the nftables backend from applying anything."""
        found = (each for document in self.documents for each in self.troubles(document) if each.nft is Fate.REFUSED)
        return next(found, None)


def backends_of(host: Document) -> tuple[Backend, ...]:
    """What a node runs: one of the two, or nobody says which."""
    if host.doubt("nftables") is not None or (host.partial and host.setting("nftables") is None):
        return BOTH
    return (Backend.NFT if host.value("nftables", "0") == "1" else Backend.CLASSIC,)


def switched_on(cluster: Document | None, place: Span) -> bool | Unknown:
    """The cluster's own switch. A number above 1 is a time: on for the minute that follows it."""
    if cluster is None:
        return Unknown("whether the firewall is on at all is said in cluster.fw, which was not read", place, "proxmox:enable")
    doubt = cluster.doubt("enable")
    if doubt is not None:
        return doubt
    if cluster.partial and cluster.setting("enable") is None:
        return Unknown("whether the firewall of the cluster is on at all is not in these files", place, "proxmox:enable")
    value = cluster.value("enable", "0")
    if len(value) > 9:
        found = cluster.setting("enable")
        return Unknown("the firewall is on for a minute after the time that is given", found.span if found else place, "proxmox:enable")
    return int(value) == 1


def _judge(line: Line, document: Document, names: tuple[Names, Names], in_group: bool) -> Judged:
    words, broken = read_rule(line)
    if words is None or any(each.part == "line" and each.nft is Fate.REFUSED for each in broken):
        return Judged(line, words, broken)
    strict, loose = names
    classic = tuple(check(words, strict, document.scope, in_group))
    nft = tuple(check(words, loose, document.scope, in_group)) if names_something(words) else classic
    later = tuple(_only_nft(each) for each in nft if all(each.trap != other.trap or each.part != other.part for other in classic))
    seen = tuple(_as_nft_has_it(each, nft) for each in classic)
    return Judged(line, words, (*broken, *seen, *later))


def _though_off(rule: Judged) -> Iterator[Trouble]:
    """What is wrong with a rule that is switched off: the nftables reader parses it all the same, and refuses the file for it."""
    for each in rule.troubles:
        unread = each.part == "line" or (each.part == "action" and rule.words is not None and not rule.words.denies)
        if each.nft is Fate.REFUSED and unread:
            message = f"this rule is switched off, and is read nevertheless: {each.message}"
            yield replace(each, message=message, classic=Fate.READ, only=Backend.NFT)


def _as_nft_has_it(trouble: Trouble, nft: tuple[Trouble, ...]) -> Trouble:
    """A name that only the strict reader does not find is no trouble for the other."""
    by_name = trouble.trap in ("forward-reference", "name-case", "undefined-reference")
    if by_name and not any(each.part == trouble.part for each in nft):
        return replace(trouble, nft=Fate.READ)
    return trouble


def _only_nft(trouble: Trouble) -> Trouble:
    return replace(trouble, classic=Fate.READ, only=Backend.NFT)
