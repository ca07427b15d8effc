"""Google's firewall rules: on a network, stateful, ordered by priority (1000 unless said), at equal priority denials first; then everything
inbound is denied and everything outbound permitted.

A rule applies to the machines with one of its target tags or accounts, to all without. Sources of all kinds add up; an empty list of
sources that passes the provider's check is everyone. The network `default` comes with rules that no code shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product

from auditor.formats.terraform.clouds.bare import remark
from auditor.formats.terraform.clouds.context import Context
from auditor.formats.terraform.clouds.interfaces import Interface, carry
from auditor.formats.terraform.clouds.reading import (
    address_peer_of,
    address_peers,
    alternatives,
    doubt_about,
    doubt_of,
    elements,
    flag,
    name_of,
    number_or_unknown,
    place_of,
    ports_of,
    protocol_of,
    report_unresolved,
    set_here,
)
from auditor.formats.terraform.records import (
    UNTOLD,
    Defaults,
    Direction,
    Family,
    Group,
    Label,
    Network,
    Numbers,
    Peer,
    PeerKind,
    Record,
    Traffic,
)
from auditor.formats.terraform.resources import Arguments, Resource
from auditor.formats.terraform.values import Value, text_of
from auditor.model.record import replace
from auditor.model.source import Effect, Unknown

RULE, NETWORK, SUBNET = "google_compute_firewall", "google_compute_network", "google_compute_subnetwork"
MACHINES = ("google_compute_instance", "google_compute_instance_template", "google_compute_region_instance_template")
POLICIES = ("google_compute_network_firewall_policy_association", "google_compute_region_network_firewall_policy_association")
HIERARCHICAL = ("google_compute_firewall_policy_association", "google_compute_organization_security_policy_association")
ELSEWHERE = "id:?"
OPEN_ARGUMENTS = (
    "direction", "priority", "source_ranges", "destination_ranges", "source_tags", "source_service_accounts", "target_tags",
    "target_service_accounts", "disabled",
)  # fmt: skip

Peers = Iterator[tuple[Peer, Unknown | None]]


def read(context: Context) -> None:
    """Every rule, joined by network, and the machines with their tags."""
    by_name = {name: each for each in context.root.resources((NETWORK,)) if (name := name_of(each.get("name")))}
    for resource in context.root.resources((SUBNET,)):
        _subnet(context, resource, by_name)
    for resource in context.root.resources((RULE,)):
        _rule(context, resource, _whole(context, resource.get("network"), by_name, resource))
    machines = list(context.root.resources(MACHINES))
    for resource in machines:
        _machine(context, resource, by_name)
    _by_rules_of_the_product(context, machines, by_name)
    _spread(context)
    for resource in context.root.resources(POLICIES):
        _policy(_whole(context, resource.get("attachment_target"), by_name, resource), resource)
    for resource in context.root.resources(HIERARCHICAL):
        for whole in context.estate.wholes.values():
            _policy(whole, resource)


def _spread(context: Context) -> None:
    """Rules of a network nobody knows may be any network's."""
    unplaced = [group for group in context.estate.groups.values() if group.whole == ELSEWHERE and not group.disabled]
    for whole in context.estate.wholes.values():
        if whole.address != ELSEWHERE:
            for record in (record for group in unplaced for record in group.rules):
                why = Unknown(f"which network {record.resource} belongs to is not known", record.span)
                whole.rules.append(replace(record, doubt=record.doubt or why))


def _policy(whole: Group, resource: Resource) -> None:
    """A policy comes before the rules, and may permit or deny whatever they are about."""
    unknown = Unknown(f"{resource.address} puts a firewall policy before these rules, which is not modelled", resource.span)
    peer = Peer(PeerKind.ANY, "", resource.span)
    for direction, permit in product(Direction, (True, False)):
        whole.head.append(Record(direction, permit, Traffic(), peer, resource.address, resource.span, doubt=unknown))


def _whole(context: Context, value: Value, by_name: dict[str, Resource], resource: Resource) -> Group:
    """The network whose rules these are."""
    name = (text_of(value) or "").rpartition("/")[2]
    made = by_name.get(name or value.reference or "")
    reference = context.identity(value) or ""
    address = made.address if made else reference.removesuffix(".name") if reference else f"id:{name or '?'}"
    span = made.span if made else resource.span
    known = address in context.estate.wholes
    whole = context.estate.wholes.setdefault(address, Group(address, NETWORK, span, name=name or None, ordered=True, joint=True))
    whole.defaults = Defaults(inbound=False, outbound=True)
    if not known and made is None and not address.startswith(f"{NETWORK}.") and f".{NETWORK}." not in address:
        whole.foreign = Unknown(f"the network {name or reference} is made elsewhere, with rules that are not seen here", span)
    return whole


def _subnet(context: Context, resource: Resource, by_name: dict[str, Resource]) -> None:
    parent = _whole(context, resource.get("network"), by_name, resource).address if set_here(resource.get("network")) else None
    network = Network(resource.address, SUBNET, resource.span, parent=parent)
    network.blocks += [peer for peer, _ in address_peer_of(context, resource, "ip_cidr_range", Family.IPV4)]
    context.estate.networks[resource.address] = network


def _rule(context: Context, resource: Resource, whole: Group) -> None:
    group = context.group(resource)
    group.whole, group.ordered, group.name = whole.address, True, text_of(resource.get("name"))
    disabled = flag(resource.get("disabled"))
    group.disabled = disabled is True
    if group.disabled:
        message = f"{resource.address} is disabled: the rule does not exist"
        context.note("gcp-disabled", message, resource.span_of("disabled"), Effect.DROPPED)
    order = number_or_unknown(resource.get("priority"), resource.span_of("priority"), "priority")
    doubt = doubt_of(context, resource) or (disabled if isinstance(disabled, Unknown) else None)
    targets = tuple(_targets(context, resource, whole))
    for direction, why in _directions(resource):
        peers = list(_peers(context, resource, direction, whole))
        local = _local(context, resource, direction)
        for permit, block in ((name == "allow", block) for name in ("allow", "deny") for block in resource.blocks(name)):
            for traffic, (peer, why_peer), near in product(_traffic(block), peers, local):
                record = Record(
                    direction,
                    permit,
                    traffic,
                    peer,
                    resource.address,
                    peer.span if peer.kind is not PeerKind.ANY else block.span,
                    local=near,
                    order=1000 if order is None else order,
                    targets=targets,
                    doubt=doubt or why or why_peer or (block.doubt if not block.certain else None),
                    description=text_of(resource.get("description")) or "",
                    trail=peer.trail,
                )
                group.add(record)
    report_unresolved(context, resource, resource, OPEN_ARGUMENTS)


def _local(context: Context, resource: Resource, direction: Direction) -> list[Peer | None]:
    """The addresses of this end, where a rule inbound names destinations."""
    if direction is Direction.OUT:
        return [None]
    return [peer for peer, _ in address_peers(context, resource, "destination_ranges", Family.BOTH)] or [None]


def _directions(resource: Resource) -> tuple[tuple[Direction, Unknown | None], ...]:
    value = resource.get("direction")
    if value.is_unknown:
        why = doubt_about(value, resource.span_of("direction"))
        return ((Direction.IN, why), (Direction.OUT, why))
    return ((Direction.OUT if (text_of(value) or "").upper() == "EGRESS" else Direction.IN, None),)


def _peers(context: Context, resource: Resource, direction: Direction, whole: Group) -> Peers:
    if direction is Direction.OUT:
        found = list(address_peers(context, resource, "destination_ranges", Family.BOTH))
    else:
        found = [*address_peers(context, resource, "source_ranges", Family.BOTH), *_labels(context, resource, "source", whole)]
        if not found:
            _open_to_everyone(context, resource)
    everyone = Peer(PeerKind.ADDRESSES, "0.0.0.0/0", resource.span, Family.IPV4)
    yield from found
    if all(why is not None for _, why in found):  # with none of them the rule is open to everyone
        yield everyone, found[0][1] if found else None


def _open_to_everyone(context: Context, resource: Resource) -> None:
    if set_here(resource.get("source_ranges")):
        message = "source_ranges is empty, and so the rule is open to 0.0.0.0/0"
        context.note("gcp-empty-source", message, resource.span_of("source_ranges"), Effect.WIDENED)


def _labels(context: Context, resource: Resource, side: str, whole: Group) -> Peers:
    for name, kind in ((f"{side}_tags", PeerKind.TAG), (f"{side}_service_accounts", PeerKind.ACCOUNT)):
        for value, doubt in elements(resource.get(name)):
            span, text = place_of(value, resource, name), name_of(value)
            if text is not None:
                label = context.estate.labels.setdefault(f"{kind}:{text}", Label(f"{kind}:{text}", span))
                if whole.address not in label.inside:
                    label.inside.append(whole.address)
                yield Peer(kind, text, span), doubt
            if value.is_unknown:  # it may be a label that anyone in the network has
                yield Peer(PeerKind.GROUP, whole.address, span), doubt_about(value, span)


def _targets(context: Context, resource: Resource, whole: Group) -> Iterator[Peer]:
    """Whom a rule applies to. Without any of them it applies to all, so one that may not be there leaves that open."""
    for peer, doubt in _labels(context, resource, "target", whole):
        if doubt is None or peer.kind is not PeerKind.GROUP:
            yield peer
        if doubt is not None:
            yield Peer(PeerKind.UNKNOWN, "", peer.span, unknown=doubt)


def _traffic(block: Arguments) -> Iterator[Traffic]:
    protocol = protocol_of(block.get("protocol"), block.span_of("protocol"))
    listed = [value for value, _ in elements(block.get("ports")) if set_here(value)]
    ports: list[Numbers] = [ports_of(value, place_of(value, block, "ports")) for value in listed]
    yield from (Traffic(protocol, each) for each in ports or [None])


def _machine(context: Context, resource: Resource, by_name: dict[str, Resource]) -> None:
    labels = list(_worn(PeerKind.TAG, elements(resource.get("tags"))))
    emails = [account.get("email") for account in resource.blocks("service_account")]
    labels += _worn(PeerKind.ACCOUNT, [choice for email in emails for choice in alternatives(email)])
    for label in labels:
        context.estate.labels.setdefault(label, Label(label, resource.span))
    carry(context, resource, _interfaces(context, resource, by_name, labels))


def _interfaces(context: Context, resource: Resource, by_name: dict[str, Resource], labels: list[str]) -> Iterator[Interface]:
    """The interfaces of a machine, each with its network and the labels of all; with nothing where it is not known."""
    for number, block in enumerate(resource.blocks("network_interface")):
        networks: list[str | None] = []
        subnets: list[str | None] = []
        if set_here(block.get("network")):
            networks.append(_whole(context, block.get("network"), by_name, resource).address)
        if set_here(block.get("subnetwork")):
            subnets.append(context.identity(block.get("subnetwork")))
            subnet = context.estate.networks.get(subnets[-1] or "")
            networks += [subnet.parent] if subnet is not None else []
        yield Interface(f"{resource.address}.network_interface[{number}]", [*networks, *labels] if networks else [], subnets)


def _by_rules_of_the_product(context: Context, machines: Iterable[Resource], by_name: Mapping[str, Resource]) -> None:
    """Remark on machines with public addresses in the network `default`, where its own rules are not managed here."""
    managed = any(text_of(rule.get("name")) == "default-allow-ssh" for rule in context.root.resources((RULE,)))
    if "default" in by_name or managed:
        return
    reached = (machine for machine in machines if any(_is_public_default(context, each) for each in machine.blocks("network_interface")))
    what = "is in the network default, whose own rules let SSH and RDP in from everywhere unless somebody took them away"
    remark(context, reached, lambda name: f"{name} {what}", "default-rules")


def _is_public_default(context: Context, interface: Arguments) -> bool:
    """Whether an interface with a public address is in the network `default`, or in a subnet of its: those have the same name."""
    kind = NETWORK if set_here(interface.get("network")) else SUBNET
    value = interface.get(kind.rpartition("_")[2])
    text = text_of(value)
    if text is not None:
        made = text in (text_of(each.get("name")) for each in context.root.resources((kind,)))
        name = "" if made else text.rpartition("/")[2]
    else:
        place = (context.identity(value) or "").removesuffix(".name")
        name = next((text_of(each.get("name")) or "" for each in context.root.data((kind,)) if each.address == place), "")
    return name == "default" and bool(interface.blocks("access_config") or interface.blocks("ipv6_access_config"))


def _worn(kind: PeerKind, values: Iterable[tuple[Value, Unknown | None]]) -> Iterator[str]:
    """The labels of a machine, that for what is not known among them where one is not."""
    for value, doubt in values:
        if doubt is None and (text := name_of(value)) is not None:
            yield f"{kind}:{text}"
        if doubt is not None or value.is_unknown:
            yield f"{kind}:{UNTOLD}"
