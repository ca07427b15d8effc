"""Scaleway security groups: ordered, first match, stateful; the default policy of both directions is accept. One group a server.

Rules stand in `inbound_rule` and `outbound_rule` blocks, or in `scaleway_instance_security_group_rules`. Private networks are not filtered.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from auditor.formats.terraform.clouds.aws_groups import owners
from auditor.formats.terraform.clouds.bare import remark
from auditor.formats.terraform.clouds.context import Context
from auditor.formats.terraform.clouds.reading import (
    address_peer,
    doubt_about,
    doubt_of,
    elements,
    flag,
    ports_of,
    protocol_of,
    report_unresolved,
    set_here,
    tags_of,
)
from auditor.formats.terraform.conditions import PRIVATE_TRAFFIC
from auditor.formats.terraform.records import Carrier, Defaults, Direction, Family, Group, Peer, PeerKind, Range, Record, Traffic
from auditor.formats.terraform.resources import Arguments, Resource
from auditor.formats.terraform.values import text_of
from auditor.model.source import Effect, Unknown

GROUP, RULES, SERVER = "scaleway_instance_security_group", "scaleway_instance_security_group_rules", "scaleway_instance_server"
MAIL = (25, 465, 587)
SIDES = {"inbound_rule": Direction.IN, "outbound_rule": Direction.OUT}


def read(context: Context) -> None:
    """Every group with its rules, and the servers behind it."""
    for resource in context.root.resources((GROUP,)):
        group = _group(context, resource)
        _rules(context, group, resource, None)
    for resource in context.root.resources((RULES,)):
        for group, doubt in owners(context, resource, "security_group_id", GROUP):
            _rules(context, group, resource, doubt)
    bare: list[Resource] = []
    for resource in context.root.resources((SERVER,)):
        if set_here(resource.get("security_group_id")):
            groups = [context.address(resource.get("security_group_id"))]
            tags = tags_of(resource.get("tags"))
            context.estate.carriers.append(Carrier(resource.address, SERVER, resource.span, groups, tags=tags, certain=resource.certain))
        elif _is_public(resource):
            bare.append(resource)
    if not any(flag(group.get("project_default")) is not False for group in context.root.resources((GROUP,))):
        what = "the project's default security group, which lets everything in unless it was changed"
        remark(context, bare, lambda name: f"{name} names no security group and has {what}")


def _is_public(server: Resource) -> bool:
    """Whether a server has a public address, or may."""
    return set_here(server.get("ip_id")) or bool(elements(server.get("ip_ids"))) or flag(server.get("enable_dynamic_ip")) is not False


def _group(context: Context, resource: Resource) -> Group:
    group = context.group(resource)
    group.ordered, group.name = True, text_of(resource.get("name"))
    group.stateful = not set_here(resource.get("stateful")) or flag(resource.get("stateful")) is True
    if doubt := doubt_of(context, resource):
        group.beyond.append(doubt)
    accepts = {direction: _accepts(group, resource, direction) for direction in Direction}
    group.defaults = Defaults(accepts[Direction.IN], accepts[Direction.OUT], stated=True, span=resource.span_of("inbound_default_policy"))
    if accepts[Direction.IN]:
        message = f"what no rule of {group.address} matches is let in: the default policy is accept"
        context.note("default-permit", message, group.defaults.span or resource.span, Effect.DANGEROUS)
    for direction in Direction:
        private = Peer(PeerKind.NAMED, PRIVATE_TRAFFIC, resource.span)
        group.head.append(Record(direction, True, Traffic(), private, resource.address, resource.span, implicit=True))
    group.head += _mail(resource)
    return group


def _mail(resource: Resource) -> Iterator[Record]:
    """Scaleway keeps mail from being sent unless `enable_default_security` is off, and may do so even then."""
    blocked, span = resource.get("enable_default_security"), resource.span_of("enable_default_security")
    doubt = None
    if blocked.is_unknown:
        doubt = doubt_about(blocked, span)
    elif set_here(blocked) and flag(blocked) is False:
        doubt = Unknown("whether Scaleway lets the account send mail is not known", span)
    for port in MAIL:
        everyone, traffic = Peer(PeerKind.ANY, "", span), Traffic("tcp", Range(port, port))
        yield Record(Direction.OUT, False, traffic, everyone, resource.address, span, implicit=True, doubt=doubt)


def _accepts(group: Group, resource: Resource, direction: Direction) -> bool:
    """Whether the default is accept. One that is not known is drop here, behind a last rule that may permit the rest."""
    name = f"{direction}bound_default_policy"
    value, span = resource.get(name), resource.span_of(name)
    if value.is_unknown:
        everyone, why = Peer(PeerKind.ANY, "", span), doubt_about(value, span)
        group.tail.append(Record(direction, True, Traffic(), everyone, resource.address, span, implicit=True, doubt=why))
        return False
    return (text_of(value) or "accept").lower() == "accept"


def _rules(context: Context, group: Group, resource: Resource, doubt: Unknown | None) -> None:
    for name, direction in SIDES.items():
        places = count(sum(record.direction is direction for record in group.rules))
        entries = resource.entries(name)
        for entry, order in zip(entries.items, places, strict=False):
            _rule(context, group, resource, entry, direction, order, doubt)
        for rest in entries.rest:
            unknown = doubt_about(rest, resource.span)
            peer = Peer(PeerKind.UNKNOWN, "", resource.span, unknown=unknown)
            for permit in (True, False):
                record = Record(direction, permit, Traffic(), peer, resource.address, resource.span, order=unknown, doubt=unknown)
                group.rules.append(record)


def _rule(
    context: Context, group: Group, resource: Resource, block: Arguments, direction: Direction, order: int, doubt: Unknown | None
) -> None:
    action = block.get("action")
    why = doubt_about(action, block.span_of("action")) if action.is_unknown else None
    permits = (True, False) if why else ((text_of(action) or "").lower() == "accept",)
    protocol = protocol_of(block.get("protocol"), block.span_of("protocol")) if set_here(block.get("protocol")) else "tcp"
    port = "port" if set_here(block.get("port")) else "port_range"
    peer = Peer(PeerKind.ANY, "", block.span)
    for name in ("ip_range", "ip"):
        if set_here(block.get(name)):
            peer = address_peer(context, block.get(name), block, name, Family.BOTH)
            break
    traffic = Traffic(protocol, None if block.get(port).raw == 0 else ports_of(block.get(port), block.span_of(port)))
    because = doubt or doubt_of(context, resource, block) or why
    for permit in permits:
        group.rules.append(
            Record(direction, permit, traffic, peer, resource.address, peer.span, order=order, doubt=because, trail=peer.trail)
        )
    report_unresolved(context, resource, block, ("action", "protocol", "port", "port_range", "ip_range", "ip"))
