"""Hetzner Cloud firewalls: permits only, stateful; several on a server unite.

Inbound is denied unless permitted, even without any rule. Outbound is open until the first outbound rule, and closed from then on. Private
networks are not filtered at all.
"""

from __future__ import annotations

from auditor.formats.terraform.clouds.context import Context
from auditor.formats.terraform.clouds.reading import (
    address_peers,
    doubt_of,
    elements,
    ports_of,
    protocol_of,
    report_unresolved,
    tags_of,
    unknown_of,
)
from auditor.formats.terraform.conditions import LOCAL, PRIVATE_TRAFFIC
from auditor.formats.terraform.records import Carrier, Defaults, Direction, Family, Group, Peer, PeerKind, Record, Traffic
from auditor.formats.terraform.resources import Arguments, Resource
from auditor.formats.terraform.selectors import matches
from auditor.formats.terraform.values import text_of
from auditor.model.headers import address_interval, subtract_intervals
from auditor.model.record import replace
from auditor.model.source import Effect

FIREWALL, ATTACHMENT, SERVER = "hcloud_firewall", "hcloud_firewall_attachment", "hcloud_server"
DIRECTIONS = {"in": Direction.IN, "out": Direction.OUT}
OPEN_ARGUMENTS = ("direction", "protocol", "port", "source_ips", "destination_ips")


def read(context: Context) -> None:
    """Every firewall, and the servers behind it."""
    attached: dict[str, list[str]] = {}
    selectors: list[tuple[str, str]] = []
    for resource in context.root.resources((FIREWALL,)):
        _firewall(context, resource)
        for block in resource.blocks("apply_to"):
            selectors += [(text, resource.address) for text in [text_of(block.get("label_selector"))] if text]
            attached.setdefault(context.identity(block.get("server")) or "", []).append(resource.address)
    for resource in context.root.resources((ATTACHMENT,)):
        firewall = context.identity(resource.get("firewall_id")) or ""
        selectors += [(text, firewall) for value, _ in elements(resource.get("label_selectors")) if (text := text_of(value))]
        for value, _ in elements(resource.get("server_ids")):
            attached.setdefault(context.identity(value) or "", []).append(firewall)
    for resource in context.root.resources((SERVER,)):
        labels = tags_of(resource.get("labels"))
        groups: list[str | None] = [context.identity(value) for value, _ in elements(resource.get("firewall_ids"))]
        groups += attached.get(resource.address, [])
        groups += [firewall for selector, firewall in selectors if matches(selector, labels)]
        if groups:
            context.estate.carriers.append(Carrier(resource.address, SERVER, resource.span, list(dict.fromkeys(groups)), tags=labels))


def _firewall(context: Context, resource: Resource) -> None:
    group = context.group(resource)
    group.name, group.tags = text_of(resource.get("name")), tags_of(resource.get("labels"))
    entries = resource.entries("rule")
    for entry in entries.items:
        _rule(context, group, resource, entry)
    group.beyond += [unknown_of(rest, resource.span) for rest in entries.rest]
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
    why = unknown_of(word, block.span_of("direction")) if word.is_unknown else None
    protocol = protocol_of(block.get("protocol"), block.span_of("protocol"))
    traffic = Traffic(protocol, ports_of(block.get("port"), block.span_of("port")))
    for each in [direction] if direction else list(Direction):
        name = "source_ips" if each is Direction.IN else "destination_ips"
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
