"""Proxmox VE through the bpg provider: ordered rules, first match, stateful, on virtual machines and containers.

A machine is filtered only if three switches are on: the cluster's firewall, the machine's own (`firewall_options`, off by default), and
`firewall` of the interface (off by default). Inbound is then dropped and outbound accepted unless the options say otherwise. A rule that
names a security group stands for that group's rules. What a macro stands for is Proxmox's to know: the rule may match anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from auditor.formats.terraform.clouds.context import Context
from auditor.formats.terraform.clouds.reading import doubt_of, flag, ports_of, protocol_of, set_here, trail_of, unknown_of
from auditor.formats.terraform.records import Carrier, Defaults, Direction, Family, Group, Numbers, Peer, PeerKind, Record, Traffic
from auditor.formats.terraform.resources import Arguments, Resource
from auditor.formats.terraform.values import Value, string, text_of
from auditor.model.headers import address_interval
from auditor.model.source import Effect, Unknown

PREFIX = "proxmox_virtual_environment_"
RULES, OPTIONS, CLUSTER = f"{PREFIX}firewall_rules", f"{PREFIX}firewall_options", f"{PREFIX}cluster_firewall"
SECURITY_GROUP, IPSET, ALIAS = f"{PREFIX}cluster_firewall_security_group", f"{PREFIX}firewall_ipset", f"{PREFIX}firewall_alias"
MACHINES = {f"{PREFIX}vm": "network_device", f"{PREFIX}container": "network_interface"}
DIRECTIONS = {"in": Direction.IN, "out": Direction.OUT}
MAX_DEPTH = 8

Key = str
Named = dict[str, Resource]


def read(context: Context) -> None:
    """Every machine with its rules, if they are enforced."""
    named = {text_of(each.get("name")) or "": each for each in context.root.resources((SECURITY_GROUP, IPSET, ALIAS))}
    options = {_key(each): each for each in context.root.resources((OPTIONS,)) if _key(each)}
    rules = {_key(each): each for each in context.root.resources((RULES,)) if _key(each)}
    cluster = next(iter(context.root.resources((CLUSTER,))), None)
    for machine in context.root.resources(tuple(MACHINES)):
        key = next((key for key in (_own_key(machine), f"{machine.address}.vm_id") if key in rules or key in options), "")
        carrier = Carrier(machine.address, machine.type, machine.span, certain=machine.certain)
        context.estate.carriers.append(carrier)
        stated, chosen = rules.pop(key, None), options.pop(key, None)
        off = _off(machine, chosen, cluster)
        if stated is None and chosen is None:
            continue
        group = _group(context, stated or chosen or machine, chosen, named)
        if isinstance(off, str):
            group.disabled = True
            message = f"{machine.address} is not filtered: {off}"
            context.note("proxmox-not-enforced", message, group.span, Effect.IGNORED, ("the machine", machine.span))
            continue
        if off is not None:
            group.beyond.append(off)
        carrier.groups.append(group.address)
    for resource in rules.values():
        _group(context, resource, None, named)


def _key(resource: Resource) -> Key:
    """The machine that rules or options are for: its number, or the symbol of it."""
    for name in ("vm_id", "container_id"):
        value = resource.get(name)
        if set_here(value):
            return text_of(value) or value.reference or ""
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


def _group(context: Context, resource: Resource, options: Resource | None, named: Named) -> Group:
    group = context.group(resource)
    group.ordered = True
    if doubt := doubt_of(context, resource):
        group.beyond.append(doubt)
    inward, outward = (text_of(options.get(name)) if options else None for name in ("input_policy", "output_policy"))
    group.defaults = Defaults((inward or "DROP") == "ACCEPT", (outward or "ACCEPT") == "ACCEPT", stated=options is not None)
    if resource.type == RULES:
        for order, (owner, block) in enumerate(_blocks(resource, named, 0)):
            _rule(context, group, owner, block, order, named)
    return group


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
    protocol = protocol_of(block.get("proto"), block.span_of("proto"))
    action = (text_of(block.get("action")) or "").upper()
    permits = (action == "ACCEPT",) if action else (True, False)
    for permit, ports, sources in product(permits, _ports(block, "dport"), _ports(block, "sport")):
        for peer, local in product(_ends(block, far, named), _ends(block, near, named)):
            record = Record(
                direction,
                permit,
                Traffic(protocol, ports, source_ports=sources),
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
        ("macro", "what the macro stands for is not known here"),
        ("security_group", "the security group is not in the configuration"),
        ("iface", "the rule is for one interface"),
    ):
        if set_here(block.get(name)):
            return Unknown(f"{text_of(block.get(name)) or name}: {why}", block.span_of(name))
    action = block.get("action")
    return unknown_of(action, block.span_of("action")) if action.is_unknown else None


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
    if resource.type == ALIAS:
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
