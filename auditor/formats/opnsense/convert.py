"""From a ruleset to the rule graph: each active line becomes a line of pf with its condition, each interface a zone with its filters.

What goes out by an interface that translates is matched by the source it was sent with. Before the rules stand what port forwards pass
without asking them, and what they send elsewhere. A ruleset that will not load decides nothing: what was loaded before stays in force.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.formats.opnsense.aliases import shown
from auditor.formats.opnsense.automatic import administered
from auditor.formats.opnsense.forwards import Redirect, all_ports, reflection_interfaces
from auditor.formats.opnsense.interfaces import Interfaces
from auditor.formats.opnsense.lines import NOWHERE, Line, protocols_of, routes, types_of
from auditor.formats.opnsense.outbound import mapped, outbound
from auditor.formats.opnsense.render import written
from auditor.formats.opnsense.ruleset import Ruleset
from auditor.formats.opnsense.terms import Kind, peer
from auditor.formats.opnsense.values import at, flag, text
from auditor.formats.pf import device, ruleset
from auditor.formats.pf.addresses import NONE, complement, known, literal, meet, union
from auditor.formats.pf.bridges import bridges
from auditor.formats.pf.ipsec import met
from auditor.formats.pf.matching import Peer, Selector, condition
from auditor.formats.pf.ruleset import EITHER_WAY, Direction
from auditor.formats.pf.translation import Translation, before, foreign
from auditor.model.filters import Condition, Undecided, Verdict, both
from auditor.model.graph import Graph
from auditor.model.headers import destinations
from auditor.model.packets import NOTHING, PacketSet
from auditor.model.record import dataclass, replace
from auditor.model.source import Span, Unknown

_VERDICTS = {"pass": Verdict.PERMIT, "block": Verdict.DENY, "reject": Verdict.REJECT, "match": Verdict.CONTINUE}
_DIRECTIONS = {"in": frozenset({Direction.IN}), "out": frozenset({Direction.OUT})}


@dataclass(frozen=True, slots=True)
class Converted:
    """The pf lines of a ruleset in order, each with the line of the file's rules it comes from; None: what stands before the rules."""

    lines: tuple[tuple[Line | None, ruleset.Line], ...]

    @property
    def pf(self) -> tuple[ruleset.Line, ...]:
        """The lines alone."""
        return tuple(line for _, line in self.lines)


def convert(rules: Ruleset) -> Converted:
    """The lines that decide, in order."""
    if not rules.filters:
        return Converted(())
    translations = outbound(rules.root, rules.settings)
    ahead: list[tuple[Line | None, ruleset.Line]] = [(None, line) for line in (*_unloaded(rules), *_forwarded(rules), *_exposed(rules))]
    kept = [line for line in rules.lines if line.active and not line.refused]
    made = [(line, each) for line in kept for each in _lines(line, rules, translations)]
    found = [(line if each.rule.action is _VERDICTS[line.record.action] else None, each) for line, each in made]
    return Converted((*ahead, *found))


def graph_of(rules: Ruleset, converted: Converted, id_: str) -> Graph:
    """The graph of one firewall; `id_` is the prefix of its zones' ids."""
    host = at(rules.root, "system/hostname") or "firewall"
    ports = tuple(
        device.Port(
            interface.name,
            interface.label,
            interface.element.head,
            union([interface.networks, known((*interface.beyond, *_routed(rules, interface.name)))]),
            interface.upstream or (interface.name == "wan" and not any(other.upstream for other in rules.interfaces.real())),
        )
        for interface in rules.interfaces.real()
        if not interface.hollow
    )
    joined = bridges(rules.root, {interface.name: interface.device for interface in rules.interfaces.real()}) if rules.filters else ()
    pages = administered(rules.root)
    firewall = device.Firewall(id_, f"OPNsense {host}", rules.root.head, rules.interfaces.own, ports, tuple(joined), pages)
    return device.graph(firewall, converted.pf)


def _routed(rules: Ruleset, name: str) -> list[tuple[int, int]]:
    """The networks that static routes send behind an interface."""
    gateways = rules.interfaces.gateways
    routes = [route for route in rules.root.every("staticroutes/route") if not flag(route, "disabled")]
    here = [route for route in routes if (gateway := gateways.get(text(route, "gateway"))) is not None and gateway.interface == name]
    return [found for route in here if (found := literal(text(route, "network"))) is not None]


# -- lines


def _lines(line: Line, rules: Ruleset, translations: dict[str, Translation]) -> Iterator[ruleset.Line]:
    """The line wherever packets meet it, each time behind what may become of them instead."""
    instead = _instead(line, rules)
    for asked, ways, where in _places(line, rules, translations):
        for directions, names in met(ways, where, rules.interfaces.deaf):
            for verdict, narrowed in instead:
                yield _made(line, rules, both(asked, narrowed), directions, names, verdict)
            yield _made(line, rules, asked, directions, names)


def _instead(line: Line, rules: Ruleset) -> tuple[tuple[Verdict, Condition], ...]:
    """What may become of the line's packets instead: a quick `match` may end the evaluation, a gateway may take them elsewhere."""
    if line.record.action == "match" and line.record.quick:
        doubt = Undecided(Unknown("whether this release stops at a quick match rule", line.record.place("type")))
        return (Verdict.PERMIT, doubt), (Verdict.DENY, doubt)
    inside = _taken_along(line, rules)
    return ((Verdict.DENY, inside),) if inside is not None else ()


def _taken_along(line: Line, rules: Ruleset) -> Condition | None:
    """Packets that pass by a gateway and may not arrive: those for other networks behind the firewall, or all of them."""
    name = line.record.gateway
    if line.record.action != "pass" or name in ("", "0") or not routes(name, rules.settings):
        return None
    why = Unknown(f"whether gateway {shown(name)} carries off what is for an internal network", line.record.place("gateway"))
    if name in NOWHERE:
        return Undecided(why)
    gateway = rules.interfaces.gateways.get(name)
    beyond = gateway.interface if gateway is not None else ""
    inner = [each.networks for each in rules.interfaces.real() if not each.upstream and each.name != beyond]
    networks = union(inner).surely
    return Undecided(why, destinations(networks)) if networks else None


def _places(
    line: Line, rules: Ruleset, translations: dict[str, Translation]
) -> Iterator[tuple[Condition, frozenset[Direction], frozenset[str] | None]]:
    """The line as it is, and once more for each interface where what goes out is translated, if its source matters."""
    names = interfaces_of(line, rules.interfaces)
    directions = _DIRECTIONS.get(line.record.direction, EITHER_WAY)
    selector = _selector(line, rules)
    everywhere = frozenset(interface.name for interface in rules.interfaces.real())
    apart = (everywhere if names is None else names) & translations.keys() if Direction.OUT in directions else frozenset[str]()
    if selector.source.anyone and selector.source.ports is None:
        apart = frozenset()
    plain = condition(selector)
    if not apart:
        yield plain, directions, names
        return
    yield plain, directions - {Direction.OUT}, names
    yield plain, frozenset({Direction.OUT}), (everywhere if names is None else names) - apart
    for name in sorted(apart):
        seen = replace(selector, source=before(selector.source, translations[name]))
        if selector.source.ports is not None:
            seen = replace(seen, source=replace(seen.source, ports=None), doubts=(*seen.doubts, _new_port(line)))
        yield condition(seen), frozenset({Direction.OUT}), frozenset({name})


def _new_port(line: Line) -> Unknown:
    return Unknown("the source port is chosen anew by translation", line.record.place(line.record.source.port_path))


def _made(
    line: Line,
    rules: Ruleset,
    asked: Condition,
    directions: frozenset[Direction],
    names: frozenset[str] | None,
    verdict: Verdict | None = None,
) -> ruleset.Line:
    """The line of pf; with a `verdict`, what becomes of its packets instead."""
    record = line.record
    return ruleset.line(
        _VERDICTS[record.action] if verdict is None else verdict,
        asked,
        record.element.head if record.synthetic else record.element.span,
        text=written(line, rules.interfaces),
        name=shown(record.title, 80),
        quick=record.quick,
        directions=directions,
        interfaces=names,
        address=record.uuid,
        synthetic=record.synthetic or verdict is not None,
        stateless=record.state == "no state" and verdict is None,
    )


def interfaces_of(line: Line, interfaces: Interfaces) -> frozenset[str] | None:
    """The interfaces on whose packets a line looks; None: all. It names a device, so interfaces of one device go together."""
    if not line.interface:
        return None
    devices = {interfaces.table[name].device for name in interfaces.members(line.interface) if name in interfaces.table}
    named = frozenset(interface.name for interface in interfaces.real() if interface.device in devices)
    return frozenset(interface.name for interface in interfaces.real()) - named if line.record.interface_not else named


def _selector(line: Line, rules: Ruleset) -> Selector:
    record = line.record
    known_here = (rules.interfaces, rules.aliases)
    keeps = record.action == "pass" and record.state != "no state" and record.flags in ("", "S/SA")
    doubts = (*record.doubts, *(port.doubt for port in (line.source_port, line.destination_port) if port.doubt is not None))
    return Selector(
        line.family,
        protocols_of(line),
        peer(line.source, line.source_port, *known_here),
        peer(line.destination, line.destination_port, *known_here),
        types_of(line),
        first_only=keeps,
        doubts=doubts,
    )


# -- before the rules


def _unloaded(rules: Ruleset) -> Iterator[ruleset.Line]:
    """Two lines that may take any packet, one either way, where the ruleset will not load."""
    if rules.loads:
        return
    why = Unknown("the ruleset will not load, so the rules loaded before it stay in force", rules.root.head, "opnsense:not-loaded")
    for verdict in (Verdict.DENY, Verdict.PERMIT):
        yield _ahead(verdict, Undecided(why), rules.root.head, "the rules that were loaded before", synthetic=False)


def _ahead(
    verdict: Verdict, asked: Condition, span: Span, name: str, interfaces: Iterable[str] | None = None, *, synthetic: bool = True
) -> ruleset.Line:
    directions = EITHER_WAY if interfaces is None else (Direction.IN,)
    return ruleset.line(verdict, asked, span, text=name, name=name, directions=directions, interfaces=interfaces, synthetic=synthetic)


def _forwarded(rules: Ruleset) -> Iterator[ruleset.Line]:
    """What port forwards do before a rule is asked: pass on, or send to another address than the one the packet names."""
    everywhere = frozenset(interface.name for interface in rules.interfaces.real())
    earlier = dict.fromkeys(everywhere, NOTHING)  # interface → what the forwards so far may take there
    for redirect in rules.redirects:
        if redirect.dropped:
            continue
        names = interfaces_of(redirect.line, rules.interfaces)
        here = everywhere if names is None else names
        taken = condition(_selector(redirect.line, rules)).settle(lambda _: None).maybe
        if redirect.passes:
            contested = any(taken.meets(earlier[name]) for name in here)
            reflected = reflection_interfaces(redirect, rules.interfaces)
            yield _passed(redirect, rules, contested, None if names is None else names | set(reflected))
        if not redirect.forward.exception:
            yield from _diverted(redirect, rules, names)
        earlier |= {name: earlier[name] | taken for name in here}


def _exposed(rules: Ruleset) -> Iterator[ruleset.Line]:
    """Packets to outside addresses that stand for a host behind the firewall: the rules are asked about that one instead."""
    for interface in rules.interfaces.real():
        for rule in mapped(rules.root, interface.name):
            external = literal(text(rule, "external"))
            others = meet((external,), complement(rules.interfaces.own.surely)) if external is not None else ()
            if others and text(rule, "type") != "nat":
                name = f"one-to-one translation of {text(rule, 'external')}"
                why = Unknown(f"{name}: rules are asked about the address that it stands for", rule.head)
                yield _ahead(Verdict.DENY, Undecided(why, destinations(others)), rule.head, name, {interface.name})


def _passed(redirect: Redirect, rules: Ruleset, contested: bool, names: frozenset[str] | None) -> ruleset.Line:
    record = redirect.line.record
    wanted = _selector(redirect.line, rules)
    doubts = wanted.doubts
    if contested:
        doubts = (*doubts, Unknown("an earlier port forward may take its packets", record.element.head))
    asked = condition(
        replace(wanted, destination=peer(redirect.target, all_ports(redirect), rules.interfaces, rules.aliases), doubts=doubts)
    )
    name = f"port forward {record.title}, passed without asking the rules"
    return ruleset.line(
        Verdict.PERMIT,
        asked,
        record.place("pass", "associated-rule-id"),
        text=name,
        name=record.title,
        directions=(Direction.IN,),
        interfaces=names,
        address=record.element.attributes.get("uuid", ""),
    )


def target_packets(redirect: Redirect, rules: Ruleset) -> PacketSet:
    """What a forward makes of the packets it takes: from their sources to its target and the port there."""
    end = peer(redirect.target, all_ports(redirect), rules.interfaces, rules.aliases)
    return condition(replace(_selector(redirect.line, rules), destination=end)).settle(lambda _: None).maybe


def _diverted(redirect: Redirect, rules: Ruleset, names: frozenset[str] | None) -> Iterator[ruleset.Line]:
    """Packets to addresses that are not the firewall's own, which a forward sends elsewhere: whether that serves them is open."""
    line = redirect.line
    if line.destination.kind in (Kind.SELF, Kind.ADDRESS) and not line.destination.negated:
        return
    selector = _selector(line, rules)
    target = union(part for part, _ in peer(redirect.target, all_ports(redirect), rules.interfaces, rules.aliases).parts)
    same = redirect.ports in (None, selector.destination.ports)
    others = foreign(selector.destination, rules.interfaces.own, target if same else NONE)
    if not others.maybe:
        return
    name = line.record.title
    why = Unknown(f"port forward {name} sends these packets to {redirect.target.text} instead", line.record.element.head)
    within = condition(replace(selector, destination=Peer(((others, False),), selector.destination.ports))).settle(lambda _: None).maybe
    if within:
        yield _ahead(Verdict.DENY, Undecided(why, within), line.record.element.head, f"port forward {name}", names)
