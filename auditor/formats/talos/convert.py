"""A machine onto the graph: a host zone with its facts, and the ingress firewall as one inbound hook.

Talos's character: without a default action `block` and without rules there is no chain, and nothing is filtered: where a configuration
states that, the hook is there and lets everything in. `block` is stateful,
denies by default, and each rule permits its sources to its ports. `accept` permits by default, is not stateful before 1.15, and each rule
denies its ports to everybody but its sources. Order never matters. ICMP passes at a limited rate, which leaves it undecided. Nothing that
leaves the node, or passes through it, is filtered: there is no outbound hook.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.formats.talos.facts import Facts
from auditor.formats.talos.firewall import FirewallRule, adjacent, interval_of, touching, up_to_the_last
from auditor.formats.talos.machine import Machine
from auditor.formats.talos.version import NODEPORTS_FILTERED, PORTS_JOINED, TIMESTAMPS_DROPPED, TOP_OF_RANGE, Version
from auditor.model.filters import ANY, Condition, Exactly, Fact, Filter, Predicate, Rule, Side, Test, Undecided, Verdict, both, either
from auditor.model.graph import Graph, Hook, Place, Zone, ZoneKind
from auditor.model.headers import (
    Protocol,
    address_interval,
    destinations,
    icmp,
    merge_intervals,
    ports,
    protocol_set,
    sources,
    state_set,
    subtract_intervals,
)
from auditor.model.packets import EVERYTHING, NOTHING, Interval, PacketSet, State, union
from auditor.model.source import Span, Unknown

PROTOCOLS = {"tcp": Protocol.TCP, "udp": Protocol.UDP, "icmp": Protocol.ICMP, "icmpv6": Protocol.ICMPV6}
STATEFUL_ACCEPT = Version(1, 15, 0, 0)
NODEPORTS: Interval = (30000, 32767)
_HOST_DNS = ("169.254.116.108/32",)
_HOST_DNS_V6 = ("fd54:616c:6f73::204f:5320:444e:531/128",)


def to_graph(machines: tuple[Machine, ...]) -> Graph:
    """Zones and hooks of all machines; their notes are the caller's."""
    groups: dict[str, set[str]] = {}
    for machine in machines:
        groups.setdefault(machine.plan.group, set()).add(machine.plan.id)
    zones = tuple(_zone(machine) for machine in machines)
    hooks = tuple(_hook(machine, frozenset(groups[machine.plan.group])) for machine in machines if machine.firewall.written)
    return Graph(zones=zones, hooks=hooks, filters=tuple(hook.filter for hook in hooks))


def _zone(machine: Machine) -> Zone:
    plan, facts = machine.plan, machine.facts
    exact = tuple(map(address_interval, plan.addresses))
    written = tuple(map(address_interval, (*facts.addresses, *facts.node_networks))) if not facts.others or facts.node_networks else ()
    networks = exact or tuple(map(address_interval, facts.node_networks)) or written
    roles: tuple[str, ...] = (machine.role,) if machine.role else ("control-plane", "worker")
    if not machine.firewall.filters and not exact:
        roles = ()  # it says nothing about who may reach the node, and is not to stand in the way of what does
    mode = {True: "block", False: "accept", None: "unknown"}[machine.firewall.block] if machine.firewall.filters else "none"
    cluster = dict(plan.attributes).get("cluster") or facts.cluster or ""
    named = () if not facts.cluster or "cluster" in dict(plan.attributes) else (("cluster", facts.cluster),)
    attributes = (*(("role", role) for role in roles), ("host-firewall", mode), *plan.attributes, *named, *facts.attributes())
    return Zone(
        plan.id,
        ZoneKind.HOST,
        plan.label,
        plan.span,
        networks=merge_intervals(networks) if networks else None,
        exact=bool(exact),
        aliases=plan.aliases,
        attributes=attributes,
        site=cluster or plan.site,
    )


def _hook(machine: Machine, members: frozenset[str]) -> Hook:
    plan, firewall = machine.plan, machine.firewall
    stateful = firewall.block is not False or machine.version >= STATEFUL_ACCEPT
    return Hook(
        f"{plan.id}:ingress",
        Place.INBOUND,
        _filter(machine, members),
        firewall.span or plan.span,
        f"Talos ingress firewall of {plan.label}",
        zone=plan.id,
        stateful=stateful,
    )


def _filter(machine: Machine, members: frozenset[str]) -> Filter:
    plan, firewall = machine.plan, machine.firewall
    name, span = f"ingress firewall of {plan.label}", firewall.span or plan.span
    if not firewall.filters:
        return Filter(name, (), Verdict.PERMIT, span, firewall.span)
    rules: list[Rule] = [_to_itself(span)]
    if firewall.unknown is not None or firewall.block is None:
        unknown = firewall.unknown or Unknown("the default action is not known", span)
        rules.append(_product(Undecided(unknown), Verdict.PERMIT, unknown.span or span, f"undecided: {unknown.reason}"))
        return Filter(name, tuple(rules), Verdict.DENY, span, firewall.span)
    rules += _not_loaded(machine)
    rules += _over_tunnels(machine.facts, members, span)
    rules += _node_ports(machine, span)
    if firewall.block:
        rules += _states(span)
        rules += _implicit(machine, span)
        rules += [rule for each in firewall.rules for rule in permits(each, machine.version)]
        return Filter(name, tuple(rules), Verdict.DENY, span, firewall.span)
    if machine.version >= STATEFUL_ACCEPT:
        rules += _states(span)
    rules += [rule for each in firewall.rules for rule in denials(each, machine.version)]
    return Filter(name, tuple(rules), Verdict.PERMIT, span, firewall.span)


def _product(condition: Condition, verdict: Verdict, span: Span, text: str) -> Rule:
    return Rule(condition, verdict, span, text, synthetic=True)


def _to_itself(span: Span) -> Rule:
    condition = Test(Predicate(Fact.ITSELF, Side.SOURCE, frozenset()), Unknown("whether both ends are the same node", span))
    return _product(condition, Verdict.PERMIT, span, "Talos accepts what a node sends to itself (lo)")


def _not_loaded(machine: Machine) -> Iterator[Rule]:
    """Sources that keep the whole filter from being loaded: everything is open then."""
    if machine.version >= TOP_OF_RANGE:
        return
    for rule in machine.firewall.rules:
        text = f"sources of {rule.name} that end at the last address do not load before Talos 1.12.5, and no rules are left"
        if up_to_the_last(rule.surely):
            yield _product(ANY, Verdict.PERMIT, rule.ingress_span, text)
        elif rule.surely != rule.maybe:
            yield _product(Undecided(Unknown(text, rule.ingress_span)), Verdict.PERMIT, rule.ingress_span, text)


def _states(span: Span) -> Iterator[Rule]:
    replies = Exactly(state_set(State.ESTABLISHED, State.RELATED))
    yield _product(replies, Verdict.PERMIT, span, "Talos accepts established and related packets")
    yield _product(Exactly(state_set(State.INVALID)), Verdict.DENY, span, "Talos drops invalid packets")


def _over_tunnels(facts: Facts, members: frozenset[str], span: Span) -> Iterator[Rule]:
    if facts.kubespan is not False:
        place = facts.kubespan_span or span
        unknown = Unknown("members of the cluster may come over the kubespan interface, which is not filtered", place)
        member = Test(Predicate(Fact.MEMBER, Side.SOURCE, members, place), unknown)
        yield _product(both(member, Undecided(unknown)), Verdict.PERMIT, place, "Talos accepts what comes over kubespan")


def _node_ports(machine: Machine, span: Span) -> Iterator[Rule]:
    """NodePorts that never reach the filter."""
    if machine.version < NODEPORTS_FILTERED:
        reason = f"NodePorts are not filtered before Talos 1.10, and this is {machine.version}"
    elif not machine.facts.kube_proxy:
        reason = "kube-proxy is off: what replaces it may answer NodePorts before the filter sees them"
    else:
        return
    packets = ports(Protocol.TCP, (NODEPORTS,)) | ports(Protocol.UDP, (NODEPORTS,))
    yield _product(Undecided(Unknown(reason, span), packets), Verdict.PERMIT, span, reason)


def _implicit(machine: Machine, span: Span) -> Iterator[Rule]:
    """What block mode lets through, or drops, before any rule."""
    if machine.version >= TIMESTAMPS_DROPPED:
        dropped = union(icmp(Protocol.ICMP, type_) for type_ in (13, 14, 17, 18))
        yield _product(Exactly(dropped), Verdict.DENY, span, "Talos drops ICMP timestamp and address mask messages")
    reason = "Talos lets in 5 ICMP packets a second for all senders together, and more only by a rule for icmp with ports 0-65535"
    limited = Undecided(Unknown(reason, span, lapses=True, recurs=True), protocol_set(Protocol.ICMP, Protocol.ICMPV6))
    yield _product(limited, Verdict.PERMIT, span, "Talos accepts 5 ICMP packets a second")
    cluster = machine.facts.networks.intervals()
    inside = sources(cluster)
    place = machine.facts.networks.span or span
    if machine.facts.host_dns:
        v6 = machine.version >= Version(1, 14, 0, 0) and any(":" in text for text in machine.facts.networks.pods)
        servers = destinations(map(address_interval, _HOST_DNS + (_HOST_DNS_V6 if v6 else ())))
        dns = ports(Protocol.UDP, ((53, 53),)) | ports(Protocol.TCP, ((53, 53),))
        yield _product(Exactly(inside & servers & dns), Verdict.PERMIT, place, "Talos accepts pods' questions to the host's DNS")
    if cluster:
        yield _product(Exactly(inside & destinations(cluster)), Verdict.PERMIT, place, "Talos accepts packets between pods and services")


def services(rule: FirewallRule, version: Version) -> Condition:
    """The packets of a rule's protocol and ports. What is open about them becomes undecided."""
    unknown = next(iter(rule.unknowns), Unknown("the rule's protocol or ports are not known", rule.span))
    spans = [(each.low, each.high) for each, _ in rule.ports if each.low <= each.high]
    if rule.protocol is None:
        any_protocol = ports(Protocol.TCP, spans) | ports(Protocol.UDP, spans) | protocol_set(Protocol.ICMP, Protocol.ICMPV6)
        return Undecided(unknown, any_protocol if rule.ports_known else EVERYTHING)
    number = PROTOCOLS[rule.protocol]
    if number in (Protocol.ICMP, Protocol.ICMPV6):
        return _icmp_services(rule, number, spans)
    lost = [(each.low, each.high) for _, each, _ in adjacent(rule)] if version < PORTS_JOINED else []
    known: Condition = Exactly(ports(number, sure) if (sure := [span for span in spans if span not in lost]) else NOTHING)
    if lost:
        reason = "of ports that follow each other, Talos before 1.7.6 loses some"
        known = either(known, Undecided(Unknown(reason, rule.span), ports(number, lost)))
    return known if rule.ports_known else either(known, Undecided(unknown, ports(number)))


def _icmp_services(rule: FirewallRule, number: Protocol, spans: list[Interval]) -> Condition:
    """The port of an ICMP packet is its checksum: a rule means something only for all of them."""
    packets: PacketSet = protocol_set(number)
    if covers_all_ports(spans):
        return Exactly(packets)
    return Undecided(Unknown("for ICMP the ports are compared with the checksum: only 0-65535 means something", rule.span), packets)


def covers_all_ports(spans: list[Interval]) -> bool:
    """Whether the ranges together are 0-65535."""
    reached = 0
    for low, high in sorted(spans):
        if low > reached:
            return False
        reached = max(reached, high + 1)
    return reached == 65536


def permits(rule: FirewallRule, version: Version) -> Iterator[Rule]:
    """Block mode: what each subnet of the rule lets in; every except of the rule is taken from all of them."""
    service = services(rule, version)
    excepts = merge_intervals(interval_of(entry.except_) for entry in rule.entries if entry.except_)
    open_except = next((entry.unknown_except for entry in rule.entries if entry.unknown_except), None)
    for entry in rule.entries:
        if entry.unknown_subnet is not None:
            who: Condition = Undecided(entry.unknown_subnet, ~sources(excepts))
            text = "somebody"
        elif entry.subnet is None:
            continue
        else:
            subnet = interval_of(entry.subnet)
            packets = sources(subtract_intervals((subnet,), touching(excepts, subnet)))
            who = Undecided(open_except, packets) if open_except else Exactly(packets)
            text = str(entry.subnet)
        condition = _disputed(both(who, service), rule)
        yield Rule(condition, Verdict.PERMIT, entry.subnet_span, _text(rule, f"from {text}"), rule.name, _address(rule))


def denials(rule: FirewallRule, version: Version) -> Iterator[Rule]:
    """Accept mode: everybody but the sources is denied the ports, in either family."""
    sure: Condition = Exactly(sources(rule.surely))
    if rule.surely != rule.maybe:
        unknown = next(iter(rule.unknowns), Unknown("the sources are not known", rule.ingress_span))
        sure = either(sure, Undecided(unknown, sources(rule.maybe)))
    text = _text(rule, "for all but its sources")
    yield Rule(_disputed(both(~sure, services(rule, version)), rule), Verdict.DENY, rule.ingress_span, text, rule.name, _address(rule))


def _disputed(condition: Condition, rule: FirewallRule) -> Condition:
    return both(condition, Undecided(rule.dispute)) if rule.dispute else condition


def _text(rule: FirewallRule, who: str) -> str:
    listed = ", ".join(str(each) for each, _ in rule.ports[:8]) + (", …" if len(rule.ports) > 8 else "")
    return f"{rule.name}: {rule.protocol or 'unknown protocol'} {listed} {who}"


def _address(rule: FirewallRule) -> str:
    return f"NetworkRuleConfig/{rule.name}"
