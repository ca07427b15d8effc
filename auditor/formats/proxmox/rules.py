"""The written rules of a file as rules of the model, for one direction, one network device and one backend."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.formats.proxmox.lookup import Names
from auditor.formats.proxmox.matching import condition
from auditor.formats.proxmox.record import Backend, Document, Line, Scope
from auditor.formats.proxmox.site import BOTH, Judged, Site
from auditor.formats.proxmox.written import Written
from auditor.model.filters import ANY, Call, Chain, Condition, Rule, Undecided, Verdict, both
from auditor.model.record import dataclass, field
from auditor.model.source import Span, Unknown
from auditor.redact import quoted

VERDICTS = {"ACCEPT": Verdict.PERMIT, "DROP": Verdict.DENY, "REJECT": Verdict.REJECT}


@dataclass(slots=True)
class Writer:
    """Makes rules of a site's files. Groups become chains, one a direction; one for both backends where they agree."""

    site: Site
    _chains: dict[tuple[str, str, Backend], Chain] = field(default_factory=dict)
    _names: dict[tuple[int, Backend], Names] = field(default_factory=dict)

    def names(self, document: Document, backend: Backend) -> Names:
        """Where the names of a file are looked up."""
        key = (id(document), backend)
        if key not in self._names:
            self._names[key] = Names(document, self.site.cluster, backend)
        return self._names[key]

    def rules(self, document: Document, direction: str, backend: Backend, nic: str | None = None) -> Iterator[Rule]:
        """The rules of a file in order. `nic` is the guest's device they are for; None: it is not known which it has."""
        for judged in self.site.judged(document, document.rules):
            words = judged.words
            if words is None or not words.enabled or not judged.read_by(backend):
                continue
            where = _interface(words, document.scope, nic)
            if where is None:
                continue
            if words.direction == "GROUP":
                yield from self._called(words, direction, backend, where)
            elif words.direction == direction:
                yield self._rule(words, document, backend, where)

    def _rule(self, words: Written, document: Document, backend: Backend, where: Condition = ANY) -> Rule:
        line = words.line
        asked = both(where, condition(words, self.names(document, backend)), *map(Undecided, line.doubts))
        verdict, name = VERDICTS[words.action.text.upper()], quoted(words.comment[:80])
        return Rule(asked, verdict, words.span, words.text, name, line.address, trail=line.trail)

    def _called(self, words: Written, direction: str, backend: Backend, where: Condition) -> Iterator[Rule]:
        cluster, name = self.site.cluster, words.action.text
        where = both(where, *map(Undecided, words.line.doubts))
        groups = cluster.groups if cluster is not None else ()
        group = next((each for each in groups if _known_as(each.name, backend) == name), None)
        if cluster is None or (cluster.partial and group is None):
            unknown = Unknown(f"the group {name} is in cluster.fw, which was not read", words.span, f"proxmox:group/{name.lower()}")
            for verdict in (Verdict.DENY, Verdict.PERMIT):
                yield Rule(both(where, Undecided(unknown)), verdict, words.span, words.text, quoted(words.comment[:80]))
            return
        if group is not None:
            chain = self._chain(group.name, group.rules, group.span, direction, backend)
            if chain.rules:
                yield Rule(where, Call(chain), words.span, words.text, quoted(words.comment[:80]))

    def _chain(self, name: str, lines: tuple[Line, ...], span: Span, direction: str, backend: Backend) -> Chain:
        key = (name, direction, backend)
        if key not in self._chains:
            made = [self._group_rules(lines, direction, each) for each in BOTH]
            shared = Chain(f"group {name}", made[0], span)
            self._chains[name, direction, BOTH[0]] = shared
            self._chains[name, direction, BOTH[1]] = shared if made[0] == made[1] else Chain(f"group {name}", made[1], span)
        return self._chains[key]

    def _group_rules(self, lines: tuple[Line, ...], direction: str, backend: Backend) -> tuple[Rule, ...]:
        cluster = self.site.cluster
        assert cluster is not None, "its groups are called"
        judged = self.site.judged(cluster, lines, in_group=True)
        return tuple(self._rule(words, cluster, backend) for words in _readable(judged, backend) if words.direction == direction)


def _readable(judged: tuple[Judged, ...], backend: Backend) -> Iterator[Written]:
    return (each.words for each in judged if each.words is not None and each.words.enabled and each.read_by(backend))


def _known_as(name: str, backend: Backend) -> str:
    """What a reference to a group has to say: groups are kept in lower case, and looked up as written."""
    return name.lower() if backend is Backend.CLASSIC else name


def _interface(words: Written, scope: Scope, nic: str | None) -> Condition | None:
    """What `-i` asks; None where the rule is for another device."""
    iface = words.option("iface")
    if iface is None:
        return ANY
    if scope is Scope.GUEST and nic is not None:
        return ANY if iface.text == nic else None
    return Undecided(
        Unknown(f"whether the packet comes or goes by {iface.text} is not known", iface.span, f"proxmox:interface/{iface.text}")
    )
