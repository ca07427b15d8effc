"""Google's firewall rules: on a network, stateful, ordered by priority (1000 unless said), at equal priority denials first; then everything
inbound is denied and everything outbound permitted.

A rule applies to the machines with one of its target tags or accounts, to all without. Sources of all kinds add up; an empty list of
sources that passes the provider's check is everyone. The network `default` comes with rules that no code shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from auditor.formats.terraform.clouds.context import Context
from auditor.formats.terraform.clouds.reading import (
    address_peer_of,
    address_peers,
    doubt_of,
    elements,
    flag,
    number_or_unknown,
    place_of,
    ports_of,
    protocol_of,
    report_unresolved,
    set_here,
    unknown_of,
)
from auditor.formats.terraform.records import (
    Carrier,
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
from auditor.model.source import Effect, Unknown

RULE, NETWORK, SUBNET = "google_compute_firewall", "google_compute_network", "google_compute_subnetwork"
MACHINES = ("google_compute_instance", "google_compute_instance_template", "google_compute_region_instance_template")
POLICY = "google_compute_network_firewall_policy_association"
OPEN_ARGUMENTS = (
    "direction", "priority", "source_ranges", "destination_ranges", "source_tags", "source_service_accounts", "target_tags",
    "target_service_accounts", "disabled",
)  # fmt: skip

Peers = Iterator[tuple[Peer, Unknown | None]]


def read(context: Context) -> None:
    """Every rule, joined by network, and the machines with their tags."""
    by_name = {text_of(each.get("name")): each for each in context.root.resources((NETWORK,))}
    for resource in context.root.resources((SUBNET,)):
        _subnet(context, resource)
    for resource in context.root.resources((RULE,)):
        _rule(context, resource, _whole(context, resource.get("network"), by_name, resource))
    for resource in context.root.resources(MACHINES):
        _machine(context, resource, by_name)
    for resource in context.root.resources((POLICY,)):
        whole = _whole(context, resource.get("attachment_target"), by_name, resource)
        whole.beyond.append(Unknown("a firewall policy of the network comes before these rules and is not modelled", resource.span))


def _whole(context: Context, value: Value, by_name: dict[str | None, Resource], resource: Resource) -> Group:
    """The network whose rules these are."""
    name = (text_of(value) or "").rpartition("/")[2]
    made = by_name.get(name) if name else None
    reference = context.identity(value) or ""
    address = made.address if made else reference.removesuffix(".name") if reference else f"id:{name or '?'}"
    span = made.span if made else resource.span
    known = address in context.estate.wholes
    whole = context.estate.wholes.setdefault(address, Group(address, NETWORK, span, name=name or None, ordered=True))
    whole.defaults = Defaults(inbound=False, outbound=True)
    if not known and made is None and not address.startswith(f"{NETWORK}.") and f".{NETWORK}." not in address:
        whole.foreign = Unknown(f"the network {name or reference} is made elsewhere, with rules that are not seen here", span)
    return whole


def _subnet(context: Context, resource: Resource) -> None:
    network = Network(resource.address, SUBNET, resource.span, parent=context.identity(resource.get("network")))
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
    targets = tuple(peer for peer, _ in _labels(context, resource, "target", whole))
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
                if record not in group.rules:
                    group.rules.append(record)
    report_unresolved(context, resource, resource, OPEN_ARGUMENTS)


def _local(context: Context, resource: Resource, direction: Direction) -> list[Peer | None]:
    """The addresses of this end, where a rule inbound names destinations."""
    if direction is Direction.OUT:
        return [None]
    return [peer for peer, _ in address_peers(context, resource, "destination_ranges", Family.BOTH)] or [None]


def _directions(resource: Resource) -> tuple[tuple[Direction, Unknown | None], ...]:
    value = resource.get("direction")
    if value.is_unknown:
        why = unknown_of(value, resource.span_of("direction"))
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
    yield from found or [(everyone, None)]


def _open_to_everyone(context: Context, resource: Resource) -> None:
    if set_here(resource.get("source_ranges")):
        message = "source_ranges is empty, and so the rule is open to 0.0.0.0/0"
        context.note("gcp-empty-source", message, resource.span_of("source_ranges"), Effect.WIDENED)


def _labels(context: Context, resource: Resource, side: str, whole: Group) -> Peers:
    for name, kind in ((f"{side}_tags", PeerKind.TAG), (f"{side}_service_accounts", PeerKind.ACCOUNT)):
        for value, doubt in elements(resource.get(name)):
            span = place_of(value, resource, name)
            text = text_of(value) if not value.is_unknown else value.reference
            if text is None:
                yield Peer(PeerKind.UNKNOWN, "", span, unknown=unknown_of(value, span)), doubt
                continue
            label = context.estate.labels.setdefault(f"{kind}:{text}", Label(f"{kind}:{text}", span))
            if whole.address not in label.inside:
                label.inside.append(whole.address)
            yield Peer(kind, text, span), doubt


def _traffic(block: Arguments) -> Iterator[Traffic]:
    protocol = protocol_of(block.get("protocol"), block.span_of("protocol"))
    listed = [value for value, _ in elements(block.get("ports")) if set_here(value)]
    ports: list[Numbers] = [ports_of(value, place_of(value, block, "ports")) for value in listed]
    yield from (Traffic(protocol, each) for each in ports or [None])


def _machine(context: Context, resource: Resource, by_name: dict[str | None, Resource]) -> None:
    groups: list[str | None] = []
    subnets: list[str | None] = []
    for interface in resource.blocks("network_interface"):
        if set_here(interface.get("network")):
            groups.append(_whole(context, interface.get("network"), by_name, resource).address)
        if set_here(interface.get("subnetwork")):
            subnets.append(context.identity(interface.get("subnetwork")))
            subnet = context.estate.networks.get(subnets[-1] or "")
            groups += [subnet.parent] if subnet is not None else []
    labels = [f"tag:{text_of(value) or value.reference}" for value, _ in elements(resource.get("tags"))]
    emails = [account.get("email") for account in resource.blocks("service_account")]
    labels += [f"account:{text_of(email) or email.reference}" for email in emails]
    for label in labels:
        context.estate.labels.setdefault(label, Label(label, resource.span))
    if groups:
        carrier = Carrier(resource.address, resource.type, resource.span, [*dict.fromkeys(groups), *labels], subnets)
        context.estate.carriers.append(carrier)
