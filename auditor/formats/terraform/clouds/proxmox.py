"""Proxmox VE through the bpg provider: ordered rules, first match, stateful, on virtual machines and containers.

A machine is filtered only if three switches are on: the cluster's firewall, the machine's own (`firewall_options`, off by default), and
`firewall` of the interface (off by default). Inbound is then dropped and outbound accepted unless the options say otherwise. A rule that
names a security group stands for that group's rules, one that names a macro for the macro's services. Rules without a machine are for the
nodes, and never reach one. Each resource has a long name and a short one.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from auditor.formats.proxmox.macros import MACROS, Part
from auditor.formats.terraform.clouds.context import Context
from auditor.formats.terraform.clouds.reading import doubt_of, flag, ports_of, protocol_of, set_here, trail_of, unknown_of
from auditor.formats.terraform.records import (
    Carrier,
    Defaults,
    Direction,
    Family,
    Group,
    Icmp,
    Numbers,
    Peer,
    PeerKind,
    Range,
    Record,
    Traffic,
)
from auditor.formats.terraform.resources import Arguments, Resource
from auditor.formats.terraform.values import Value, string, text_of
from auditor.model.headers import address_interval
from auditor.model.source import Effect, Unknown

PREFIXES = ("proxmox_virtual_environment_", "proxmox_")


def both_names(name: str) -> tuple[str, str]:
    """The long and the short type of a resource."""
    long, short = PREFIXES
    return f"{long}{name}", f"{short}{name}"


RULES, OPTIONS, CLUSTER = both_names("firewall_rules"), both_names("firewall_options"), both_names("cluster_firewall")
SECURITY_GROUP, IPSET, ALIAS = both_names("cluster_firewall_security_group"), both_names("firewall_ipset"), both_names("firewall_alias")
MACHINES = {
    **dict.fromkeys(both_names("vm"), "network_device"),
    **dict.fromkeys(both_names("container"), "network_interface"),
}
DIRECTIONS = {"in": Direction.IN, "out": Direction.OUT}
MAX_DEPTH = 8

Key = str
Named = dict[str, Resource]


def read(context: Context) -> None:
    """Every machine with its rules, if they are enforced."""
    named = {text_of(each.get("name")) or "": each for each in context.root.resources((*SECURITY_GROUP, *IPSET, *ALIAS))}
    options = {_key(each): each for each in context.root.resources(OPTIONS) if _key(each)}
    rules: dict[Key, list[Resource]] = {}
    for each in context.root.resources(RULES):
        rules.setdefault(_key(each), []).append(each)
    cluster = next(iter(context.root.resources(CLUSTER)), None)
    of_nodes = rules.pop("", [])
    for machine in context.root.resources(tuple(MACHINES)):
        key = next((key for key in (_own_key(machine), f"{machine.address}.vm_id") if key in rules or key in options), "")
        carrier = Carrier(machine.address, machine.type, machine.span, certain=machine.certain)
        context.estate.carriers.append(carrier)
        stated, chosen = rules.pop(key, []), options.pop(key, None)
        off = _off(machine, chosen, cluster)
        if not stated and chosen is None:
            continue
        group = _group(context, stated or [chosen or machine], chosen, named)
        if isinstance(off, str):
            group.disabled = True
            message = f"{machine.address} is not filtered: {off}"
            context.note("proxmox-not-enforced", message, group.span, Effect.IGNORED, ("the machine", machine.span))
            continue
        if off is not None:
            group.beyond.append(off)
            group.switch = off
        carrier.groups.append(group.address)
    for resources in rules.values():
        _group(context, resources, None, named)
    _nodes(context, of_nodes, cluster, named)


def _nodes(context: Context, resources: list[Resource], cluster: Resource | None, named: Named) -> None:
    """The rules of the nodes themselves, by node; those that name none are for all."""
    by_node: dict[str, list[Resource]] = {}
    for each in resources:
        by_node.setdefault(text_of(each.get("node_name")) or "", []).append(each)
    for listed in by_node.values():
        group = _group(context, listed, cluster, named)
        group.disabled = cluster is not None and flag(cluster.get("enabled")) is False and set_here(cluster.get("enabled"))


def _key(resource: Resource) -> Key:
    """The machine that rules or options are for: its number, or the symbol of it."""
    for name in ("vm_id", "container_id"):
        value = resource.get(name)
        if set_here(value):
            return text_of(value) or value.reference or "?"
    return ""


def _own_key(machine: Resource) -> Key:
    return text_of(machine.get("vm_id")) or machine.get("vm_id").reference or ""


def _off(machine: Resource, options: Resource | None, cluster: Resource | None) -> str | Unknown | None:
    """Which of the three switches is off; the reason if that is not known; None if all are on."""
    switches: list[tuple[str, bool | Unknown]] = []
    if cluster is not None:
        on = not set_here(cluster.get("enabled")) or flag(cluster.get("enabled"))
        switches.append(("the cluster's firewall is off", on))
    else:
        switches.append(("", Unknown("whether the cluster's firewall is on is not in the configuration", machine.span)))
    switches.append(("its own firewall is off (firewall_options.enabled)", False if options is None else flag(options.get("enabled"))))
    interfaces = machine.blocks(MACHINES[machine.type])
    on_each = [flag(interface.get("firewall")) for interface in interfaces]
    all_on = next((each for each in on_each if isinstance(each, Unknown)), all(each is True for each in on_each) and bool(on_each))
    switches.append(("an interface has firewall = false", all_on))
    off = next((text for text, on in switches if on is False), None)
    return off or next((on for _, on in switches if isinstance(on, Unknown)), None)


def _group(context: Context, resources: list[Resource], options: Resource | None, named: Named) -> Group:
    """The rules of one machine, of however many resources."""
    group = context.group(resources[0])
    group.ordered = True
    group.beyond += [doubt for resource in resources if (doubt := doubt_of(context, resource))]
    inward, outward = (text_of(options.get(name)) if options else None for name in ("input_policy", "output_policy"))
    group.defaults = Defaults((inward or "DROP") == "ACCEPT", (outward or "ACCEPT") == "ACCEPT", stated=options is not None)
    if options is not None and options.type in OPTIONS:
        group.head = list(_added(options))
    blocks = [found for resource in resources if resource.type in RULES for found in _blocks(resource, named, 0)]
    for order, (owner, block) in enumerate(blocks):
        _rule(context, group, owner, block, order, named)
    return group


def _added(options: Resource) -> Iterator[Record]:
    """What the product lets through by itself, unless an option takes it away: DHCP, IPv6 neighbour discovery."""
    anybody = Peer(PeerKind.ANY, "", options.span)
    dhcp, ndp = (not set_here(options.get(name)) or flag(options.get(name)) is not False for name in ("dhcp", "ndp"))
    for direction in Direction:
        traffic: list[Traffic] = []
        for client, server in ((Range(68, 68), Range(67, 67)), (Range(546, 546), Range(547, 547))) if dhcp else ():
            to, from_ = (client, server) if direction is Direction.IN else (server, client)
            traffic.append(Traffic("udp", to, source_ports=from_))
        traffic += [Traffic("icmpv6", icmp=Icmp(type_)) for type_ in (133, 134, 135, 136)] if ndp else []
        for each in traffic:
            yield Record(direction, True, each, anybody, options.address, options.span, implicit=True, description="added by Proxmox")


def _blocks(resource: Resource, named: Named, depth: int) -> Iterator[tuple[Resource, Arguments]]:
    """The rules in order, those of security groups in the place where the group is named."""
    for block in resource.blocks("rule"):
        inserted = text_of(block.get("security_group"))
        if inserted is None or (flag(block.get("enabled")) is False and set_here(block.get("enabled"))):
            yield resource, block
        elif inserted in named and depth < MAX_DEPTH:
            yield from _blocks(named[inserted], named, depth + 1)
        else:
            yield resource, block


def _rule(context: Context, group: Group, resource: Resource, block: Arguments, order: int, named: Named) -> None:
    if set_here(block.get("enabled")) and flag(block.get("enabled")) is False:
        return
    doubt = doubt_of(context, resource, block) or _doubtful(block)
    direction = DIRECTIONS.get(text_of(block.get("type")) or "in")
    if direction is None:
        context.note("unresolved", "a forward rule is not for the machine itself, and not modelled", block.span, Effect.IGNORED)
        return
    far, near = ("source", "dest") if direction is Direction.IN else ("dest", "source")
    action = (text_of(block.get("action")) or "").upper()
    permits = (action == "ACCEPT",) if action else (True, False)
    for permit, traffic in product(permits, _traffic(block)):
        for peer, local in product(_ends(block, far, named), _ends(block, near, named)):
            record = Record(
                direction,
                permit,
                traffic,
                peer,
                resource.address,
                peer.span,
                local=None if local.kind is PeerKind.ANY else local,
                order=order,
                doubt=doubt,
                description=text_of(block.get("comment")) or "",
                trail=peer.trail,
            )
            group.rules.append(record)


def _doubtful(block: Arguments) -> Unknown | None:
    """Why a rule may not match what its other words say: a macro, a group that is not here, a single interface."""
    for name, why in (
        ("security_group", "the security group is not in the configuration"),
        ("iface", "the rule is for one interface"),
    ):
        if set_here(block.get(name)):
            return Unknown(f"{text_of(block.get(name)) or name}: {why}", block.span_of(name))
    macro = block.get("macro")
    if set_here(macro) and (text_of(macro) or "").lower() not in MACROS:
        return Unknown(f"{text_of(macro) or 'macro'}: what the macro stands for is not known here", block.span_of("macro"))
    action = block.get("action")
    return unknown_of(action, block.span_of("action")) if action.is_unknown else None


def _traffic(block: Arguments) -> Iterator[Traffic]:
    """Every protocol and port of a rule: what it says, in each part of its macro."""
    _, parts = MACROS.get((text_of(block.get("macro")) or "").lower(), ("", (Part(""),)))
    for part in parts:
        protocol = part.proto or protocol_of(block.get("proto"), block.span_of("proto"))
        if isinstance(protocol, str) and protocol.startswith("icmp") and part.dport:
            yield Traffic(protocol, icmp=Icmp(_ICMP_TYPES[protocol, part.dport]))
            continue
        span = block.span_of("macro")
        to, from_ = (
            [ports_of(string(each), span) for each in text.split(",")] if text else _ports(block, name)
            for text, name in ((part.dport, "dport"), (part.sport, "sport"))
        )
        for ports, source_ports in product(to, from_):
            yield Traffic(protocol, ports, source_ports=source_ports)


_ICMP_TYPES = {
    ("icmp", "echo-request"): 8,
    ("icmpv6", "echo-request"): 128,
    ("icmpv6", "router-solicitation"): 133,
    ("icmpv6", "router-advertisement"): 134,
    ("icmpv6", "neighbor-solicitation"): 135,
    ("icmpv6", "neighbor-advertisement"): 136,
}


def _ports(block: Arguments, name: str) -> list[Numbers]:
    value, span = block.get(name), block.span_of(name)
    if value.is_unknown:
        return [unknown_of(value, span)]
    return [ports_of(string(part.strip()), span) for part in (text_of(value) or "").split(",")]


def _ends(block: Arguments, name: str, named: Named) -> list[Peer]:
    value, span = block.get(name), block.span_of(name)
    if not set_here(value):
        return [Peer(PeerKind.ANY, "", block.span)]
    if value.is_unknown:
        return [Peer(PeerKind.UNKNOWN, value.reference or "", span, unknown=unknown_of(value, span))]
    texts = (part.strip() for part in (text_of(value) or "").split(","))
    return [peer for text in texts for peer in _end(text, value, block, name, named)]


def _end(text: str, value: Value, block: Arguments, name: str, named: Named) -> list[Peer]:
    span, trail = block.span_of(name), trail_of(value, block.span_of(name))
    try:
        address_interval(text)
        return [Peer(PeerKind.ADDRESSES, text, span, Family.BOTH, None, trail)]
    except ValueError:
        pass
    resource = named.get(text.removeprefix("+").rpartition("/")[2])
    listed = _networks(resource) if resource is not None else None
    if listed is None:
        unknown = Unknown(f"the addresses of {text} are not in the configuration", span, text)
        return [Peer(PeerKind.UNKNOWN, text, span, unknown=unknown)]
    return [Peer(PeerKind.ADDRESSES, each, span, Family.BOTH, None, trail) for each in listed]


def _networks(resource: Resource) -> list[str] | None:
    """The networks of an alias or a set; None if one is not known, or is left out of the set."""
    if resource.type in ALIAS:
        found = [text_of(resource.get("cidr"))]
    else:
        entries = resource.blocks("cidr")
        if any(flag(entry.get("nomatch")) is not False for entry in entries):
            return None
        found = [text_of(entry.get("name")) for entry in entries]
    texts = [text for text in found if text is not None]
    try:
        for text in texts:
            address_interval(text)
    except ValueError:
        return None
    return texts if len(texts) == len(found) else None
