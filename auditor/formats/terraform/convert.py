"""An estate as a rule graph: groups become zones with their rules as hooks, networks and carriers zones that groups lie in.

Groups on one interface unite: their hooks share a union. What may be hidden from this configuration, rules of a group made elsewhere or
by a module that is not here, is a rule that may permit anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Set

from auditor.formats.terraform.conditions import condition_of
from auditor.formats.terraform.records import (
    Carrier,
    Direction,
    Estate,
    Family,
    Group,
    Icmp,
    Label,
    Network,
    Peer,
    PeerKind,
    Range,
    Record,
    Traffic,
)
from auditor.model.filters import ANY, Call, Chain, Filter, Rule, Undecided, Verdict
from auditor.model.graph import Graph, Hook, Place, Zone, ZoneKind
from auditor.model.headers import address_interval, merge_intervals
from auditor.model.packets import Interval
from auditor.model.record import replace
from auditor.model.source import Unknown

PUBLIC_IPV6 = address_interval("2000::/3")
INSTANCE_KEY = re.compile(r"\[(?:\d+|\?|\"(?:[^\"\\]|\\.)*\")\]$")
ROLE_WORDS = {
    **dict.fromkeys(("controlplane", "control-plane", "control_plane", "cp", "master", "masters"), "control-plane"),
    **dict.fromkeys(("worker", "workers"), "worker"),
}
ROLE_TAGS = frozenset({"nodetype", "node_type", "node-type", "role", "noderole", "node_role", "talos_role", "kubernetes.io/role"})
PLACES = {Direction.IN: Place.INBOUND, Direction.OUT: Place.OUTBOUND}


class Names:
    """The ids of zones. `prefix` tells root modules apart at the addresses that several use, at all if `shared` is None."""

    def __init__(self, prefix: str = "", shared: Set[str] | None = frozenset()) -> None:
        self.prefix = prefix
        self.shared = shared

    def zone(self, address: str) -> str:
        """The zone of the resource at `address`."""
        prefix = self.prefix if self.shared is None or address in self.shared else ""
        return f"terraform:{prefix}{address.removeprefix('id:')}"

    def peer(self, peer: Peer) -> str:
        """The zone of what a peer names."""
        if peer.kind is PeerKind.OTHER:
            return self.zone(peer.text.partition(":")[2])
        return self.zone(peer.text if peer.kind in (PeerKind.GROUP, PeerKind.ASG) else f"{peer.kind}:{peer.text}")


def graph_of(estate: Estate, names: Names) -> Graph:
    """The graph of one root module."""
    estate = replace(estate, carriers=merged(estate.carriers))
    groups = [*(group for group in estate.groups.values() if group.whole is None), *map(_joined(estate), estate.wholes.values())]
    zones = [
        *(_group_zone(group, estate, names) for group in groups if group.guards is None),
        *(_network_zone(network, names) for network in estate.networks.values()),
        *(_label_zone(label, estate, names) for label in estate.labels.values()),
        *(_carrier_zone(carrier, estate, names) for carrier in estate.carriers),
    ]
    hooks = [hook for group in groups if not group.disabled for hook in _hooks(group, estate, names)]
    hooks += [hook for carrier in estate.carriers for hook in _unseen_hooks(carrier, estate, names)]
    members = [names.zone(group.address) for group in groups if group.guards is None]
    hooks += [
        hook for group in groups if group.elsewhere is not None for hook in _perhaps_hooks(group, group.elsewhere, members, estate, names)
    ]
    filters = dict.fromkeys(hook.filter for hook in hooks)
    return Graph(tuple(zones), tuple(hooks), notes=tuple(estate.notes), filters=tuple(filters))


def _joined(estate: Estate) -> Callable[[Group], Group]:
    """A whole with the rules of all its parts."""

    def join(whole: Group) -> Group:
        parts = [part for part in estate.groups.values() if part.whole == whole.address and not part.disabled]
        return replace(whole, rules=[*whole.rules, *(record for part in parts for record in part.rules)])

    return join


# -- zones


def _group_zone(group: Group, estate: Estate, names: Names) -> Zone:
    network = estate.networks.get(group.network or "")
    carriers = [names.zone(carrier.address) for carrier in estate.carriers if group.address in carrier.groups]
    return Zone(
        names.zone(group.address),
        ZoneKind.GROUP,
        group.address.removeprefix("id:"),
        group.span,
        networks_of([network]) if network else None,
        references_of(network) if network else frozenset(),
        attributes=_signs(group.name, group.tags),
        aliases=_aliases(group),
        foreign=group.foreign is not None,
        inside=tuple(carriers) or ((names.zone(network.address),) if network else ()),
    )


def _aliases(group: Group) -> tuple[str, ...]:
    return (f"terraform:{group.name}",) if group.name else ()


def _signs(name: str | None, tags: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """What says who the members are: names, tags, and the values of tags that name a role."""
    signs = [("name", name)] if name else []
    signs += [(f"tag:{key}", text) for key, text in sorted(tags.items())]
    signs += [("role", ROLE_WORDS.get(text.lower(), text)) for key, text in sorted(tags.items()) if key.lower() in ROLE_TAGS]
    return tuple(signs)


def _network_zone(network: Network, names: Names) -> Zone:
    signs = (*_signs(network.name, {}), ("type", network.type))
    parent = (names.zone(network.parent),) if network.parent else ()
    id_, label = names.zone(network.address), network.address
    return Zone(id_, ZoneKind.SUBNET, label, network.span, networks_of([network]), references_of(network), attributes=signs, inside=parent)


def merged(carriers: Iterable[Carrier]) -> list[Carrier]:
    """The instances of one resource as one carrier, where they carry the same groups: they differ in nothing a firewall sees but place."""
    blocks: dict[str, list[Carrier]] = {}
    for carrier in carriers:
        blocks.setdefault(INSTANCE_KEY.sub("", carrier.address), []).append(carrier)
    found: list[Carrier] = []
    for address, same in blocks.items():
        if len(same) > 1 and len({frozenset(each.groups) for each in same}) == 1:
            tags = dict(set.intersection(*(set(each.tags.items()) for each in same)))
            subnets = list(dict.fromkeys(subnet for each in same for subnet in each.subnets))
            found.append(replace(same[0], address=address, subnets=subnets, tags=tags))
        else:
            found += same
    return found


def _label_zone(label: Label, estate: Estate, names: Names) -> Zone:
    carriers = [carrier.address for carrier in estate.carriers if label.address in carrier.groups]
    inside = tuple(names.zone(address) for address in (*carriers, *label.inside))
    return Zone(names.zone(label.address), ZoneKind.GROUP, label.address, label.span, inside=inside)


def _carrier_zone(carrier: Carrier, estate: Estate, names: Names) -> Zone:
    known_groups = estate.groups | estate.wholes
    groups = [known_groups[address] for address in carrier.groups if address in known_groups]
    labels = [address for address in carrier.groups if address in estate.labels]
    subnets = [estate.networks[address] for address in carrier.subnets if address in estate.networks]
    known = len(subnets) == len(carrier.subnets) and subnets
    vpcs = [estate.networks[group.network] for group in groups if group.network in estate.networks]
    guarded = {network for group in estate.groups.values() for network in group.guards or ()}
    filtered = guarded & {subnet.address for subnet in subnets}
    places = subnets if filtered else vpcs[:1]
    inside = [names.zone(address) for address in (*(group.address for group in groups), *labels, *(place.address for place in places))]
    return Zone(
        names.zone(carrier.address),
        ZoneKind.HOST,
        carrier.address,
        carrier.span,
        (networks_of(subnets) if known else None) or networks_of(vpcs[:1]),
        references_of(vpcs[0]) if vpcs else frozenset(),
        aliases=(names.zone(carrier.of),) if carrier.of else (),
        attributes=(*_signs(None, carrier.tags), *((("service", carrier.type),) if not carrier.is_machine else ())),
        inside=tuple(dict.fromkeys(inside)),
    )


def networks_of(networks: Iterable[Network]) -> tuple[Interval, ...] | None:
    """The addresses of all of them; None if an IPv4 block is not known. IPv6 that is not known is somewhere in its public space."""
    blocks = [block for network in networks for block in network.blocks]
    if not blocks or any(block.kind is not PeerKind.ADDRESSES and block.family is not Family.IPV6 for block in blocks):
        return None
    return merge_intervals(address_interval(block.text) if block.kind is PeerKind.ADDRESSES else PUBLIC_IPV6 for block in blocks)


def references_of(network: Network) -> frozenset[str]:
    """The symbols that stand for the whole of a network: where it has a single block of a family, that block's."""
    found: set[str] = {network.symbol} if network.symbol else set()
    for family in (Family.IPV4, Family.IPV6):
        blocks = [block for block in network.blocks if block.family is family]
        if len(blocks) == 1 and blocks[0].unknown is not None and blocks[0].text:
            found.add(blocks[0].text)
    return frozenset(found)


# -- hooks


def _hooks(group: Group, estate: Estate, names: Names) -> Iterable[Hook]:
    for direction, place in PLACES.items():
        records = _of(group.rules, direction)
        head, own, tail = (
            [_rule(record, estate, names) for record in part]
            for part in (_of(group.head, direction), _in_order(group, records), _of(group.tail, direction))
        )
        rules = [*head, *_with_unseen(group, [*own, *tail])]
        permit = group.defaults.inbound if direction is Direction.IN else group.defaults.outbound
        default = Verdict.PERMIT if permit else Verdict.DENY
        label = _label(group, direction)
        filter_ = Filter(label, tuple(rules), default, group.span, group.defaults.span)
        union = None if group.ordered else union_of(group.type)
        for address in [group.address] if group.guards is None else group.guards:
            id_, zone = f"{names.zone(group.address)}/{direction}", names.zone(address)
            id_ += f"@{address}" if group.guards is not None else ""
            yield Hook(
                id_,
                place,
                filter_,
                group.span,
                label,
                zone,
                stateful=group.stateful,
                union=union,
                blind=not group.stateful,
                standing=group.switch,
            )


def _label(group: Group, direction: Direction) -> str:
    return f"{group.address.removeprefix('id:')}, {'inbound' if direction is Direction.IN else 'outbound'}"


def _perhaps_hooks(group: Group, why: Unknown, members: list[str], estate: Estate, names: Names) -> Iterable[Hook]:
    """The hooks of a list that stands at the edge of networks which are not known: before every member, as far as it may stand there."""
    for hook in _hooks(replace(group, guards=None), estate, names):
        rest = Rule(ANY, hook.filter.default, group.span, "the list's own end", synthetic=True)
        chain = Chain(hook.filter.name, (*hook.filter.rules, rest), group.span)
        first = Rule(Undecided(why), Call(chain), why.span or group.span, f"if {hook.label} stands here", synthetic=True)
        filter_ = Filter(hook.filter.name, (first,), Verdict.PERMIT, group.span)
        for zone in members:
            yield replace(hook, id=f"{hook.id}?{zone}", filter=filter_, zone=zone)


def _of(records: Iterable[Record], direction: Direction) -> list[Record]:
    return [record for record in records if record.direction is direction]


def union_of(type_: str) -> str:
    """What hooks of groups of one provider share: on one interface they add up."""
    return f"terraform:{type_.partition('_')[0]}"


def _in_order(group: Group, records: list[Record]) -> list[Record]:
    """In order of evaluation. A rule whose number is not known may come before every other, and comes after all of them at the latest."""
    if not group.ordered:
        return records
    placed = [record for record in records if not isinstance(record.order, Unknown)]
    unplaced = [record for record in records if isinstance(record.order, Unknown)]
    first = [replace(record, doubt=record.doubt or record.order) for record in unplaced if isinstance(record.order, Unknown)]
    return [*first, *sorted(placed, key=lambda record: (record.order or 0, record.permit)), *unplaced]


def _hidden(group: Group) -> list[Unknown]:
    return [*([group.foreign] if group.foreign is not None else []), *group.beyond]


def _with_unseen(group: Group, rules: list[Rule]) -> list[Rule]:
    """The rules with those that are not seen: where order decides they may come first, and deny as well; a network's only permit."""
    first = group.ordered and not group.joint
    verdicts = (Verdict.PERMIT, Verdict.DENY) if first else (Verdict.PERMIT,)
    unseen = [_unseen(unknown, group, verdict) for unknown in _hidden(group) for verdict in verdicts]
    return [*unseen, *rules] if first else [*rules, *unseen]


def _unseen(unknown: Unknown, group: Group, verdict: Verdict) -> Rule:
    text = f"whatever is not seen here: {unknown.reason}"
    return Rule(Undecided(unknown), verdict, unknown.span or group.span, text, synthetic=True)


def _unseen_hooks(carrier: Carrier, estate: Estate, names: Names) -> Iterable[Hook]:
    """For a machine that carries a group whose rules nobody can tell: they may permit anything."""
    seen = estate.groups.keys() | estate.wholes.keys() | estate.labels.keys()
    unseen = [group.removeprefix("id:") if group else "a group that is not known" for group in carrier.groups if group not in seen]
    if not unseen:
        return
    zone = names.zone(carrier.address)
    unknown = Unknown(f"{carrier.address} carries {', '.join(dict.fromkeys(unseen))} too, whose rules are not seen here", carrier.span)
    for direction, place in PLACES.items():
        rule = Rule(Undecided(unknown), Verdict.PERMIT, carrier.span, "a group that is not known here", synthetic=True)
        filter_ = Filter(f"further groups of {carrier.address}", (rule,), Verdict.DENY, carrier.span)
        yield Hook(f"{zone}/{direction}", place, filter_, carrier.span, filter_.name, zone, union=union_of(carrier.type))


# -- rules


def _rule(record: Record, estate: Estate, names: Names) -> Rule:
    return Rule(
        condition_of(record, estate, names.peer),
        Verdict.PERMIT if record.permit else Verdict.DENY,
        record.span,
        rule_text(record),
        record.description or record.resource,
        record.resource,
        synthetic=record.implicit,
        stateless=record.stateless,
        trail=record.trail,
    )


def rule_text(record: Record) -> str:
    """The rule in a line: "permit tcp/2379-2380 from group aws_security_group.control_plane"."""
    word = "permit" if record.permit else "deny"
    preposition = "from" if record.direction is Direction.IN else "to"
    maybe = " (may not exist)" if record.doubt is not None else ""
    order = f"{record.order}: " if isinstance(record.order, int) else ""
    return f"{order}{word} {_traffic_text(record.traffic)} {preposition} {_peer_text(record.peer)}{maybe}"


def _traffic_text(traffic: Traffic) -> str:
    if isinstance(traffic.protocol, Unknown):
        return "an unknown protocol"
    if traffic.protocol == "any" and traffic.ports is None:
        return "everything"
    if traffic.protocol in ("icmp", "icmpv6"):
        return traffic.protocol + _icmp_text(traffic.icmp)
    if isinstance(traffic.ports, Unknown):
        return f"{traffic.protocol}, unknown ports"
    if isinstance(traffic.ports, Range):
        first, last = traffic.ports.first, traffic.ports.last
        return f"{traffic.protocol}/{first}" + (f"-{last}" if last != first else "")
    return traffic.protocol


def _icmp_text(wanted: Icmp) -> str:
    if isinstance(wanted.type, int):
        return f" type {wanted.type}" + (f" code {wanted.code}" if isinstance(wanted.code, int) else "")
    return ""


def _peer_text(peer: Peer) -> str:
    if peer.kind is PeerKind.ANY:
        return "anywhere"
    if peer.kind is PeerKind.UNKNOWN:
        return peer.text or "somewhere unknown"
    if peer.kind in (PeerKind.ADDRESSES, PeerKind.NAMED, PeerKind.OTHER):
        return peer.text
    return f"{peer.kind} {peer.text}".replace("-", " ", 1) if peer.kind is PeerKind.PREFIX_LIST else f"{peer.kind} {peer.text}"
