"""Lists as filters. A list speaks of one address family: what the other does at the same place is another list's business, or nobody's.

A list that is applied and does not exist, or has no entry, lets everything through on IOS; elsewhere that is not known.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.formats.switch.config import Clause, Config, VlanMap
from auditor.formats.switch.entry import Entry, everything
from auditor.formats.switch.flavour import Flavour
from auditor.formats.switch.interfaces import Applied
from auditor.formats.switch.lists import AccessList
from auditor.model.filters import ANY, Call, Chain, Condition, Exactly, Filter, Rule, Undecided, Verdict, either
from auditor.model.headers import Protocol, icmp, ports, protocol_set, state_set
from auditor.model.packets import NOTHING, Field, PacketSet, State, field_set, union
from auditor.model.record import dataclass, field, replace
from auditor.model.source import Span, Unknown

_SWAP = {
    Field.SOURCE: Field.DESTINATION,
    Field.DESTINATION: Field.SOURCE,
    Field.SOURCE_PORT: Field.DESTINATION_PORT,
    Field.DESTINATION_PORT: Field.SOURCE_PORT,
}
_NEIGHBOURS = {Flavour.IOS: (135, 136), Flavour.NXOS: (133, 134, 135, 136)}


@dataclass(slots=True)
class Compiled:
    """The filters of a file's lists, each made once for each use: `open_` lets the other family through."""

    config: Config
    _rules: dict[int, tuple[Rule, ...]] = field(default_factory=dict)
    _filters: dict[tuple[int, bool], Filter] = field(default_factory=dict)

    def rules(self, list_: AccessList) -> tuple[Rule, ...]:
        """The list's own lines."""
        known = self._rules.get(id(list_))
        if known is None:
            known = self._rules[id(list_)] = tuple(rule for entry in list_.entries for rule in _rules_of(entry))
        return known

    def filter(self, list_: AccessList, open_: bool) -> Filter:
        """The list with its implicit end."""
        known = self._filters.get((id(list_), open_))
        if known is None:
            ahead = (_aside(list_.six, list_.span),) if open_ else ()
            rules = (*ahead, *self.rules(list_), *self._end(list_))
            known = self._filters[id(list_), open_] = Filter(list_.label, rules, Verdict.DENY, list_.span)
        return known

    def _end(self, list_: AccessList) -> tuple[Rule, ...]:
        """What the system permits behind the last line: neighbour discovery, on IOS and, as releases have it, NX-OS."""
        kinds = _NEIGHBOURS.get(self.config.flavour, ())
        if not list_.six or not kinds:
            return ()
        packets = everything(True) & union(icmp(Protocol.ICMPV6, kind) for kind in kinds)
        condition: Condition = Exactly(packets)
        if self.config.flavour is not Flavour.IOS:
            condition = Undecided(Unknown("whether this release permits neighbour discovery behind a list", list_.span), packets)
        return (Rule(condition, Verdict.PERMIT, list_.span, "implicit permit of neighbour discovery", synthetic=True),)

    def applied(self, applied: Applied, open_: bool) -> Filter:
        """What a command at an interface makes the list of that name do."""
        list_ = self.config.lists.find(applied.name, applied.six)
        if list_ is not None and list_.entries:
            return self.filter(list_, open_)
        return self.nothing(applied.name, applied.span)

    def nothing(self, name: str, span: Span) -> Filter:
        """A list that is applied without entries."""
        if self.config.flavour is Flavour.IOS or builtin(name):
            rules: tuple[Rule, ...] = ()
            if builtin(name):
                rules = (Rule(Undecided(Unknown(f"what the built-in list {name} denies", span)), Verdict.DENY, span, synthetic=True),)
            return Filter(f"access list {name}", rules, Verdict.PERMIT, span)
        doubt = Unknown(f"what {self.config.flavour} does where the applied list {name} has no entries", span)
        return Filter(f"access list {name}", (Rule(Undecided(doubt), Verdict.DENY, span, synthetic=True),), Verdict.PERMIT, span)

    # -- VLAN maps

    def vlan_map(self, vlan_map: VlanMap) -> Filter:
        """The clauses in order: what a clause's list permits has its action, what it denies goes on to the next clause."""
        rules: list[Rule] = []
        covered: set[bool] = set()
        for clause in sorted(vlan_map.clauses, key=lambda clause: clause.sequence):
            covered.update(six for _, six, _ in clause.lists)
            rules += self._clause(clause, vlan_map.name)
        for six in sorted(covered):
            said = f"implicit end of the VLAN map {vlan_map.name}"
            rules.append(Rule(Exactly(everything(six)), Verdict.DENY, vlan_map.span, said, synthetic=True))
        return Filter(f"VLAN map {vlan_map.name}", tuple(rules), Verdict.PERMIT, vlan_map.span)

    def _clause(self, clause: Clause, name: str) -> list[Rule]:
        verdict = Verdict.DENY if clause.action == "drop" else Verdict.PERMIT
        text = f"VLAN map {name} {clause.sequence}, action {clause.action}"
        condition: Condition = ANY
        if clause.doubt is not None:
            return [Rule(Undecided(clause.doubt), each, clause.span, text) for each in (Verdict.DENY, Verdict.PERMIT)]
        if clause.action not in ("drop", "forward"):
            condition = Undecided(Unknown(f"what the action {clause.action} of a VLAN map does with a packet", clause.span))
        if clause.frames:
            doubt = Unknown("which frames a list of MAC addresses matches", clause.span)
            return [Rule(Undecided(doubt), verdict, clause.span, text)]
        if not clause.lists:
            return [Rule(condition, verdict, clause.span, text)]
        found = []
        for listed, six, span in clause.lists:
            list_ = self.config.lists.find(listed, six)
            if list_ is None or not list_.entries:
                doubt = Unknown(f"what a VLAN map does with the list {listed}, which has no entries", span)
                found.append(Rule(Undecided(doubt), verdict, span, text))
            else:
                chain = Chain(list_.label, tuple(_action(rule, verdict, condition) for rule in self.rules(list_)), list_.span)
                found.append(Rule(ANY, Call(chain), clause.span, text))
        return found


def _action(rule: Rule, verdict: Verdict, condition: Condition) -> Rule:
    action = verdict if rule.action is Verdict.PERMIT else Verdict.RETURN
    return replace(rule, action=action, condition=rule.condition if condition is ANY else rule.condition & condition)


def _rules_of(entry: Entry) -> tuple[Rule, ...]:
    """The rule of a line; of one that cannot be read and may be either, both."""
    words = entry.line.words
    text = " ".join(words)
    rule = Rule(entry.condition, Verdict.PERMIT if entry.permits else Verdict.DENY, entry.line.span(), text)
    if entry.readable:
        return (rule,)
    from auditor.redact import redact  # what is no line of a list may be anything

    rule = replace(rule, text=redact(text))
    if {"permit", "deny"} & {word.lower() for word in words[:4]}:
        return (rule,)
    return rule, replace(rule, action=Verdict.DENY)


def _aside(six: bool, span: Span) -> Rule:
    """The other family's packets, which this list is not asked about."""
    said = "IPv4 is not filtered by this list" if six else "IPv6 is not filtered by this list"
    return Rule(Exactly(everything(not six)), Verdict.PERMIT, span, said, synthetic=True)


def builtin(name: str) -> bool:
    """Whether a list is one the system brings along, which no configuration shows."""
    return name.lower().startswith(
        ("preauth", "cisco-cwa-url-redirect", "system-cpp-", "implicit_", "copp-system", "default-control-plane")
    )


# -- reflexive lists


def let_back(config: Config, opposite: dict[int, list[AccessList | None]]) -> None:
    """Fill in what `evaluate` lets back: answers to what the list in the other direction let through and remembered.

    `opposite` are, by list, the lists applied in the other direction wherever it is applied.
    """
    for list_ in config.lists.named.values():
        if any(entry.evaluates for entry in list_.entries):
            others = opposite.get(id(list_), [])
            list_.entries = tuple(_evaluated(config, entry, others) if entry.evaluates else entry for entry in list_.entries)


def _evaluated(config: Config, entry: Entry, others: list[AccessList | None]) -> Entry:
    keeping = [list_ for list_ in config.lists.named.values() if any(each.reflects == entry.evaluates for each in list_.entries)]
    possible = union(_answers(each.packets) for list_ in keeping for each in list_.entries if each.reflects == entry.evaluates)
    span = entry.line.span()
    doubt = Undecided(Unknown(f"which connections the reflexive list {entry.evaluates} remembers", span), possible)
    if len(keeping) == 1 and others and all(other is keeping[0] for other in others):
        return replace(entry, condition=either(Exactly(_remembered(keeping[0], entry.evaluates)), doubt))
    return replace(entry, condition=doubt)


def _remembered(list_: AccessList, name: str) -> PacketSet:
    """Answers to the packets that surely get as far as a line that remembers them."""
    taken, kept = NOTHING, NOTHING
    for entry in list_.entries:
        match = entry.condition.settle(lambda _: None)
        if entry.reflects == name and entry.permits:
            kept |= match.surely - taken
        taken |= match.maybe
    return _answers(kept)


def _answers(packets: PacketSet) -> PacketSet:
    """The answers to a set of packets, as connections that are remembered have them."""
    packets = packets.without(Field.TCP_FLAGS)
    pings = ((Protocol.ICMP, 8, 0), (Protocol.ICMPV6, 128, 129))
    rest = packets - protocol_set(Protocol.ICMP, Protocol.ICMPV6)
    answers = rest.renamed(_SWAP)
    for number, ping, pong in pings:
        part = packets & icmp(number, ping)
        if part:
            answers |= part.without(Field.DESTINATION_PORT).renamed(_SWAP) & icmp(number, pong)
    return answers & state_set(State.ESTABLISHED)


def vty(config: Config, compiled: Compiled, span: Span) -> Filter | None:
    """Who may connect to the switch itself; None where no list says so. What else it answers is not in its lists."""
    if not config.terminals or not all(terminal.guarded for terminal in config.terminals):
        return None
    login = ports(Protocol.TCP, ((22, 23),))
    classes = [applied for terminal in config.terminals for applied in terminal.classes if not applied.six]
    names = {applied.name for applied in classes}
    unread = next((terminal.doubt for terminal in config.terminals if terminal.doubt is not None), None)
    list_ = config.lists.find(next(iter(names)), False) if len(names) == 1 and unread is None else None
    doubt = Unknown("what the switch itself answers besides its terminal lines", span)
    rules = [Rule(Undecided(doubt, ~login), Verdict.PERMIT, span, "other services of the switch", synthetic=True)]
    if list_ is None or not list_.entries:
        unclear = unread or Unknown(
            "which of several lists decides about a terminal line, or whether it exists", classes[0].span if classes else span
        )
        rules.append(Rule(Undecided(unclear, login), Verdict.PERMIT, span, "access to the terminal lines", synthetic=True))
    else:
        for rule in compiled.rules(list_):
            sources = rule.condition.settle(lambda _: None)
            kept = _by_source(sources.maybe, login)
            undecided = sources.surely is not sources.maybe
            condition: Condition = Undecided(sources.unknowns[0], kept) if undecided and sources.unknowns else Exactly(kept)
            rules.append(replace(rule, condition=condition))
    return Filter("access to the terminal lines", tuple(rules), Verdict.DENY, span)


def control_plane(config: Config, compiled: Compiled, vrf: str, span: Span) -> Iterator[tuple[str, Filter]]:
    """What filters packets to the switch itself. EOS has a list of its own where none is named; policies may drop what they limit."""
    for six in (False, True):
        applied = config.plane.applied.get((vrf, six))
        if applied is not None:
            yield "control-plane6" if six else "control-plane", compiled.applied(applied, True)
        elif config.flavour is Flavour.EOS:
            doubt = Unknown("what the system's own list for the control plane denies", span)
            rule = Rule(Undecided(doubt, everything(six)), Verdict.DENY, span, synthetic=True)
            yield f"control-plane{'6' if six else ''}-default", Filter("default-control-plane-acl", (rule,), Verdict.PERMIT, span)
    for name, place in config.plane.policies:
        if not vrf and not builtin(name):
            doubt = Unknown(f"what the policy {name} drops of packets to the switch", place)
            rules = (Rule(Undecided(doubt), Verdict.DENY, place, synthetic=True),)
            yield f"policy-{name}", Filter(f"policy {name}", rules, Verdict.PERMIT, place)


def _by_source(packets: PacketSet, login: PacketSet) -> PacketSet:
    return field_set(Field.SOURCE, packets.values(Field.SOURCE)) & login
