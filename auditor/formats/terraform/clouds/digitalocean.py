"""DigitalOcean firewalls: permits only, stateful, default deny both ways; several on a droplet unite.

Without an outbound rule nothing may leave.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.formats.terraform.clouds.context import Context
from auditor.formats.terraform.clouds.reading import (
    address_peers,
    doubt_of,
    elements,
    place_of,
    ports_of,
    protocol_of,
    report_unresolved,
    set_here,
    texts,
    unknown_of,
)
from auditor.formats.terraform.records import Carrier, Direction, Family, Group, Label, Numbers, Peer, PeerKind, Range, Record, Traffic
from auditor.formats.terraform.resources import Arguments, Resource
from auditor.formats.terraform.values import text_of
from auditor.model.source import Unknown

FIREWALL, DROPLET = "digitalocean_firewall", "digitalocean_droplet"
SIDES = {"inbound_rule": (Direction.IN, "source"), "outbound_rule": (Direction.OUT, "destination")}
MACHINES = {"droplet_ids": "droplet", "load_balancer_uids": "load-balancer", "kubernetes_ids": "kubernetes"}


def read(context: Context) -> None:
    """Every firewall, and the droplets behind it."""
    tagged: dict[str, list[str]] = {}
    attached: dict[str, list[str]] = {}
    for resource in context.root.resources((FIREWALL,)):
        _firewall(context, resource)
        for tag in texts(resource.get("tags")):
            tagged.setdefault(tag, []).append(resource.address)
            _label(context, f"tag:{tag}", resource).inside.append(resource.address)
        for value, _ in elements(resource.get("droplet_ids")):
            attached.setdefault(context.identity(value) or "", []).append(resource.address)
    for resource in context.root.resources((DROPLET,)):
        tags = texts(resource.get("tags"))
        groups: list[str | None] = [*attached.get(resource.address, ()), *(group for tag in tags for group in tagged.get(tag, ()))]
        labels = [_label(context, f"tag:{tag}", resource).address for tag in tags]
        if groups:
            every = [*dict.fromkeys(groups), *labels]
            context.estate.carriers.append(Carrier(resource.address, DROPLET, resource.span, every, tags=dict.fromkeys(tags, "")))


def _label(context: Context, address: str, resource: Resource) -> Label:
    return context.estate.labels.setdefault(address, Label(address, resource.span))


def _firewall(context: Context, resource: Resource) -> None:
    group = context.group(resource)
    group.name = text_of(resource.get("name"))
    if doubt := doubt_of(context, resource):
        group.beyond.append(doubt)
    for name, (direction, side) in SIDES.items():
        entries = resource.entries(name)
        for entry in entries.items:
            _rule(context, group, resource, entry, direction, side)
        group.beyond += [unknown_of(rest, resource.span) for rest in entries.rest]


def _rule(context: Context, group: Group, resource: Resource, block: Arguments, direction: Direction, side: str) -> None:
    protocol = protocol_of(block.get("protocol"), block.span_of("protocol"))
    traffic = Traffic(protocol, _ports(block))
    for peer, why in _peers(context, resource, block, side):
        doubt = doubt_of(context, resource, block) or why
        record = Record(direction, True, traffic, peer, resource.address, peer.span, doubt=doubt, trail=peer.trail)
        if record not in group.rules:
            group.rules.append(record)
    report_unresolved(context, resource, block, ("protocol", "port_range", f"{side}_addresses", f"{side}_tags"))


def _ports(block: Arguments) -> Numbers:
    found = ports_of(block.get("port_range"), block.span_of("port_range"))
    return None if found in (Range(0, 0), Range(1, 65535)) else found


def _peers(context: Context, resource: Resource, block: Arguments, side: str) -> Iterator[tuple[Peer, Unknown | None]]:
    yield from address_peers(context, block, f"{side}_addresses", Family.BOTH)
    for value, doubt in elements(block.get(f"{side}_tags")):
        span = place_of(value, block, f"{side}_tags")
        text = text_of(value) or value.reference
        if text is None:
            yield Peer(PeerKind.UNKNOWN, "", span, unknown=unknown_of(value, span)), doubt
            continue
        _label(context, f"tag:{text}", resource)
        yield Peer(PeerKind.TAG, text, span), doubt
    for argument, kind in MACHINES.items():
        name = f"{side}_{argument}"
        for value, doubt in elements(block.get(name)):
            if set_here(value):
                address = context.address(value)
                yield Peer(PeerKind.OTHER, f"{kind}:{address}", place_of(value, block, name)), doubt
