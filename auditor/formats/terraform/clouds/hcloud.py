"""Hetzner Cloud firewalls: permits only, stateful; several on a server unite.

Inbound is denied unless permitted, even without any rule. Outbound is open until the first outbound rule, and closed from then on. Private
networks are not filtered at all.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.formats.terraform.clouds.attaching import machines_of, put
from auditor.formats.terraform.clouds.bare import remark
from auditor.formats.terraform.clouds.context import Context
from auditor.formats.terraform.clouds.reading import (
    address_peers,
    doubt_about,
    doubt_of,
    elements,
    flag,
    needed_ports,
    protocol_of,
    report_unresolved,
    set_here,
    tags_of,
)
from auditor.formats.terraform.conditions import LOCAL, PRIVATE_TRAFFIC
from auditor.formats.terraform.records import Carrier, Defaults, Direction, Family, Group, Peer, PeerKind, Record, Traffic
from auditor.formats.terraform.resources import Arguments, Resource
from auditor.formats.terraform.selectors import matches
from auditor.formats.terraform.values import Value, is_mapping, text_of
from auditor.model.headers import address_interval, subtract_intervals
from auditor.model.record import replace
from auditor.model.source import Effect, Unknown

FIREWALL, ATTACHMENT, SERVER = "hcloud_firewall", "hcloud_firewall_attachment", "hcloud_server"
DIRECTIONS = {"in": Direction.IN, "out": Direction.OUT}
OPEN_ARGUMENTS = ("direction", "protocol", "port", "source_ips", "destination_ips")


def read(context: Context) -> None:
    """Every firewall, and the servers behind it."""
    attached = machines_of(context, SERVER)
    selectors: list[tuple[Value, str | None]] = []
    for resource in context.root.resources((FIREWALL,)):
        _firewall(context, resource)
        for block in resource.blocks("apply_to"):
            firewall = resource.address if block.certain else None
            selectors += [(value, firewall) for value in [block.get("label_selector")] if not value.is_null]
            put(context, firewall, block.get("server"), attached)
    for resource in context.root.resources((ATTACHMENT,)):
        firewall = context.identity(resource.get("firewall_id")) if resource.certain else None
        selectors += [(value, firewall if why is None else None) for value, why in elements(resource.get("label_selectors"))]
        put(context, firewall, resource.get("server_ids"), attached)
    bare: list[Resource] = []
    for resource in context.root.resources((SERVER,)):
        groups = [context.address(value) for value, _ in elements(resource.get("firewall_ids"))]
        groups += attached[resource.address]
        groups += _selected(selectors, resource.get("labels"))
        if groups:
            labels = tags_of(resource.get("labels"))
            carrier = Carrier(resource.address, SERVER, resource.span, list(dict.fromkeys(groups)), tags=labels, certain=resource.certain)
            context.estate.carriers.append(carrier)
        elif _is_public(resource):
            bare.append(resource)
    remark(context, bare, lambda name: f"no firewall is put on {name}: everything is let in, unless the machine itself filters")
    for carrier in context.estate.carriers:
        _together([context.estate.groups[group] for group in carrier.groups if group in context.estate.groups])


def _is_public(server: Resource) -> bool:
    """Whether a server has, or may have, a public address, and nobody else looks after its firewalls."""
    public = [block for block in server.blocks("public_net") if block.certain]
    enabled = [each.get(name) for each in public for name in ("ipv4_enabled", "ipv6_enabled")]
    private = bool(public) and all(set_here(each) and flag(each) is False for each in enabled)
    return not private and not {"firewall_ids", "all"} & {*server.ignored_changes()}


def _together(groups: list[Group]) -> None:
    """Whether a firewall without outbound rules leaves a server open that another firewall closes, is not documented."""
    closing = [group for group in groups if group.type == FIREWALL and not group.defaults.outbound]
    for group in groups:
        if closing and group.type == FIREWALL and group.defaults.outbound:
            unknown = Unknown(f"{closing[0].address} stands at the same server and has outbound rules", group.span)
            everyone = Peer(PeerKind.ANY, "", group.span)
            group.tail.append(Record(Direction.OUT, True, Traffic(), everyone, group.address, group.span, implicit=True, doubt=unknown))
            group.defaults = Defaults()


def _selected(selectors: list[tuple[Value, str | None]], labels: Value) -> Iterator[str | None]:
    """The firewalls of the selectors that these labels meet, None for one whose selector they may."""
    known = {name: text_of(value) for name, value in labels.items.items()} if is_mapping(labels) else {}
    for selector, firewall in selectors:
        found = None if selector.is_unknown else matches(text_of(selector) or "", known, others=labels.is_unknown)
        if found is not False:
            yield firewall if found else None


def _firewall(context: Context, resource: Resource) -> None:
    group = context.group(resource)
    group.name, group.tags = text_of(resource.get("name")), tags_of(resource.get("labels"))
    entries = resource.entries("rule")
    for entry in entries.items:
        _rule(context, group, resource, entry)
    group.beyond += [doubt_about(rest, resource.span) for rest in entries.rest]
    if doubt := doubt_of(context, resource):
        group.beyond.append(doubt)
    outward = [record for record in group.rules if record.direction is Direction.OUT]
    group.defaults = Defaults(inbound=False, outbound=not outward)
    if outward:
        message = f"{group.address} has an outbound rule, so everything else outbound is closed"
        context.note("hcloud-first-outbound", message, outward[0].span, Effect.NARROWED)
    for direction in Direction:
        private = Peer(PeerKind.NAMED, PRIVATE_TRAFFIC, resource.span)
        group.head.append(Record(direction, True, Traffic(), private, resource.address, resource.span, implicit=True))


def _rule(context: Context, group: Group, resource: Resource, block: Arguments) -> None:
    word = block.get("direction")
    direction = DIRECTIONS.get(text_of(word) or "")
    why = doubt_about(word, block.span_of("direction")) if word.is_unknown else None
    protocol = protocol_of(block.get("protocol"), block.span_of("protocol"))
    traffic = Traffic(protocol, needed_ports(context, protocol, block, "port"))
    for each in [direction] if direction else list(Direction):
        name = "source_ips" if each is Direction.IN else "destination_ips"
        if direction and not elements(block.get(name)):
            context.note("evaluation-error", f"the rule has no {name}: Hetzner refuses it", block.span, Effect.REFUSED)
        for peer, why_peer in address_peers(context, block, name, Family.BOTH):
            doubt = doubt_of(context, resource, block) or why or why_peer
            record = Record(each, True, traffic, peer, resource.address, peer.span, doubt=doubt, trail=peer.trail)
            group.rules.append(replace(record, description=text_of(block.get("description")) or ""))
            _check_private(context, peer)
    report_unresolved(context, resource, block, OPEN_ARGUMENTS)


def _check_private(context: Context, peer: Peer) -> None:
    if peer.kind is PeerKind.ADDRESSES and not subtract_intervals([address_interval(peer.text)], LOCAL):
        message = f"{peer.text} is private, and Hetzner's firewalls do not filter private networks: the rule does nothing"
        context.note("hcloud-private-network", message, peer.span, Effect.IGNORED)
