"""DigitalOcean firewalls: permits only, stateful, default deny both ways; several on a droplet unite.

Without an outbound rule nothing may leave.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from auditor.formats.terraform.clouds.attaching import machines_of, put
from auditor.formats.terraform.clouds.bare import remark
from auditor.formats.terraform.clouds.context import Context
from auditor.formats.terraform.clouds.reading import (
    address_peers,
    doubt_about,
    doubt_of,
    elements,
    name_of,
    needed_ports,
    place_of,
    protocol_of,
    report_unresolved,
    set_here,
)
from auditor.formats.terraform.records import (
    UNTOLD,
    Carrier,
    Direction,
    Family,
    Group,
    Label,
    Numbers,
    Peer,
    PeerKind,
    Range,
    Record,
    Traffic,
)
from auditor.formats.terraform.resources import Arguments, Resource
from auditor.formats.terraform.values import Value, text_of
from auditor.model.source import Effect, Unknown

FIREWALL, DROPLET, TAG = "digitalocean_firewall", "digitalocean_droplet", "digitalocean_tag"
SIDES = {"inbound_rule": (Direction.IN, "source"), "outbound_rule": (Direction.OUT, "destination")}
MACHINES = {"droplet_ids": "droplet", "load_balancer_uids": "load-balancer", "kubernetes_ids": "kubernetes"}


def read(context: Context) -> None:
    """Every firewall, and the droplets behind it."""
    names = {each.address: name for each in context.root.resources((TAG,)) if (name := name_of(each.get("name")))}
    tagged: list[tuple[str | None, str]] = []
    attached = machines_of(context, DROPLET)
    for resource in context.root.resources((FIREWALL,)):
        _firewall(context, resource, names)
        for tag in _tags(context, resource.get("tags"), names):
            tagged.append((tag, resource.address))
            if tag is not None:
                _label(context, f"tag:{tag}", resource).inside.append(resource.address)
        put(context, resource.address if resource.certain else None, resource.get("droplet_ids"), attached)
    bare: list[Resource] = []
    for resource in context.root.resources((DROPLET,)):
        tags = list(_tags(context, resource.get("tags"), names))
        groups = [*attached[resource.address], *(found for tag, group in tagged for found in _by_tag(tag, group, tags))]
        labels = [_label(context, f"tag:{tag or UNTOLD}", resource).address for tag in tags]
        if groups:
            told = {tag: "" for tag in tags if tag is not None}
            every = [*dict.fromkeys(groups), *labels]
            context.estate.carriers.append(Carrier(resource.address, DROPLET, resource.span, every, tags=told, certain=resource.certain))
        else:
            bare.append(resource)
    remark(context, bare, lambda name: f"no firewall is put on {name}: everything is let in, unless the machine itself filters")


def _tags(context: Context, value: Value, names: Mapping[str, str]) -> Iterator[str | None]:
    """The names of tags, None for one that cannot be told."""
    for element, doubt in elements(value):
        if doubt is None and set_here(element):
            yield _tag(context, element, names)
        if doubt is not None or (element.is_unknown and context.identity(element) not in names):
            yield None


def _tag(context: Context, value: Value, names: Mapping[str, str]) -> str | None:
    """A tag by its name: the id of one is its name as well."""
    return names.get(context.identity(value) or "") or name_of(value)


def _by_tag(tag: str | None, group: str, tags: Sequence[str | None]) -> Iterator[str | None]:
    """The group that is put on whatever has the tag: on a droplet of these tags, or perhaps."""
    if tag is not None and tag in tags:
        yield group
    elif tag is None or None in tags:
        yield None


def _label(context: Context, address: str, resource: Resource) -> Label:
    return context.estate.labels.setdefault(address, Label(address, resource.span))


def _firewall(context: Context, resource: Resource, names: Mapping[str, str]) -> None:
    group = context.group(resource)
    group.name = text_of(resource.get("name"))
    if doubt := doubt_of(context, resource):
        group.beyond.append(doubt)
    for name, (direction, side) in SIDES.items():
        entries = resource.entries(name)
        for entry in entries.items:
            _rule(context, group, resource, entry, direction, side, names)
        group.beyond += [doubt_about(rest, resource.span) for rest in entries.rest]


def _rule(
    context: Context, group: Group, resource: Resource, block: Arguments, direction: Direction, side: str, names: Mapping[str, str]
) -> None:
    protocol = protocol_of(block.get("protocol"), block.span_of("protocol"))
    traffic = Traffic(protocol, _ports(context, protocol, block))
    peers = list(_peers(context, resource, block, side, names))
    if not peers:
        context.note("evaluation-error", f"the rule names no {side}: DigitalOcean refuses it", block.span, Effect.REFUSED)
    for peer, why in peers:
        doubt = doubt_of(context, resource, block) or why
        record = Record(direction, True, traffic, peer, resource.address, peer.span, doubt=doubt, trail=peer.trail)
        group.add(record)
    report_unresolved(context, resource, block, ("protocol", "port_range", f"{side}_addresses", f"{side}_tags"))


def _ports(context: Context, protocol: str | Unknown, block: Arguments) -> Numbers:
    found = needed_ports(context, protocol, block, "port_range")
    return None if found in (Range(0, 0), Range(1, 65535)) else found


def _peers(
    context: Context, resource: Resource, block: Arguments, side: str, names: Mapping[str, str]
) -> Iterator[tuple[Peer, Unknown | None]]:
    yield from address_peers(context, block, f"{side}_addresses", Family.BOTH)
    for value, doubt in elements(block.get(f"{side}_tags")):
        span = place_of(value, block, f"{side}_tags")
        text = _tag(context, value, names)
        if text is None:
            yield Peer(PeerKind.UNKNOWN, "", span, unknown=doubt_about(value, span)), doubt
            continue
        _label(context, f"tag:{text}", resource)
        yield Peer(PeerKind.TAG, text, span), doubt
    for argument, kind in MACHINES.items():
        name = f"{side}_{argument}"
        for value, doubt in elements(block.get(name)):
            if set_here(value):
                address = context.address(value)
                yield Peer(PeerKind.OTHER, f"{kind}:{address}", place_of(value, block, name)), doubt
