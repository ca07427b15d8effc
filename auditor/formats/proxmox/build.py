"""The filters of hosts and guests: the product's rules around the user's, for the backend of the node.

Where the backend is not known, what only one of the two does is undecided; where the nftables backend refuses a file, what it enforces
is what was there before, and nobody knows that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from auditor.formats.proxmox import product
from auditor.formats.proxmox.lookup import members
from auditor.formats.proxmox.machines import Machine, Nic
from auditor.formats.proxmox.matching import within
from auditor.formats.proxmox.product import added, place
from auditor.formats.proxmox.record import Backend, Document
from auditor.formats.proxmox.rules import VERDICTS, Writer
from auditor.model.filters import Condition, Filter, Rule, Undecided, Verdict, both
from auditor.model.headers import sources
from auditor.model.packets import EVERYTHING
from auditor.model.record import replace
from auditor.model.source import Span, Unknown

Make = Callable[[Backend], Iterator[Rule]]


def policy(document: Document | None, option: str) -> Verdict:
    """What becomes of a packet that no rule decides."""
    default = "DROP" if option == "policy_in" else "ACCEPT"
    if document is not None and unsettled(document, option) is not None:
        return Verdict.DENY
    return VERDICTS[(document.value(option, default) if document is not None else default).upper()]


def unsettled(document: Document | None, option: str) -> Unknown | None:
    """Why a policy is not known."""
    if document is None:
        return None
    if document.partial and document.setting(option) is None:
        return Unknown(f"{option} is not in these files", document.span, f"proxmox:{document.scope}/{document.name}/{option}")
    return document.doubt(option)


def _at_the_end(document: Document | None, option: str, span: Span) -> Iterator[Rule]:
    """What a policy that is not known may let through."""
    unknown = unsettled(document, option)
    if unknown is not None:
        yield added(Undecided(unknown), Verdict.PERMIT, place(document, option, span), f"undecided: {unknown.reason}")


def host_filter(writer: Writer, host: Document | None, name: str, inward: bool) -> Filter:
    """What a node receives, or sends."""
    site = writer.site
    span = (host or site.cluster or _nothing()).span
    option = "policy_in" if inward else "policy_out"
    default = policy(site.cluster, option)

    def make(backend: Backend) -> Iterator[Rule]:
        names = writer.names(site.cluster, backend) if site.cluster is not None else None
        strict = backend is Backend.CLASSIC
        yield product.to_itself(span)
        yield from product.states(host, span)
        if not strict and inward:
            yield from product.management(site, names, span, migration=False)
            yield from product.corosync(site, backend, span, inward)
            yield from product.nft_noise(span)
        yield from product.discovery(host, span)
        if inward:
            yield from product.hostile(site, names, host, span)
        yield product.igmp(span)
        for document in (host, site.cluster):
            if document is not None:
                yield from writer.rules(document, "IN" if inward else "OUT", backend)
        if inward and strict:
            yield from product.management(site, names, span, migration=True)
        elif not inward:
            yield product.to_local(site, span)
        if strict or not inward:
            yield from product.corosync(site, backend, span, inward)
        if default is not Verdict.PERMIT and strict:
            yield product.errors(span)
        yield from _at_the_end(site.cluster, option, span)

    backends = site.backends(host) if host is not None else site.usual
    label = f"firewall of {name}, {'inbound' if inward else 'outbound'}"
    return _filter(writer, label, make, default, span, place(site.cluster, option, span), backends)


def guest_filter(writer: Writer, guest: Document, machine: Machine, nic: Nic | None, name: str, inward: bool) -> Filter:
    """What a guest's device receives, or sends. `nic` None: it is not known which it has."""
    site = writer.site
    host = site.hosts.get(machine.node) or (next(iter(site.hosts.values())) if len(site.hosts) == 1 else None)
    option = "policy_in" if inward else "policy_out"
    default = policy(guest, option)
    device = nic.name if nic is not None else None

    def make(backend: Backend) -> Iterator[Rule]:
        names = writer.names(site.cluster, backend) if site.cluster is not None else None
        if backend is Backend.NFT and inward:
            yield product.errors(guest.span)
        yield from product.states(host, guest.span)
        if inward:
            yield from product.hostile(site, names, host, guest.span)
            yield from product.dhcp(guest, inward)
        else:
            yield from product.dhcp(guest, inward)
            yield from product.advertisements(guest)
            yield from _own_addresses(writer, guest, machine, nic, backend)
        yield from product.discovery(guest, place(guest, "ndp", guest.span))
        ips = guest.setting("ips")
        rules = writer.rules(guest, "IN" if inward else "OUT", backend, device)
        if ips is not None and ips.value == "1" and inward:
            yield from (_questioned(rule, ips.span) for rule in rules)
        else:
            yield from rules
        if default is not Verdict.PERMIT and backend is Backend.CLASSIC:
            yield product.errors(guest.span)
        yield from _at_the_end(guest, option, guest.span)

    label = f"firewall of {name}, {'inbound' if inward else 'outbound'}"
    return _filter(writer, label, make, default, guest.span, place(guest, option, guest.span), site.backends(guest))


def vnet_filter(writer: Writer, network: Document, members_: frozenset[str], inward: bool) -> Filter:
    """What passes inside a virtual network; what the node routes into it from outside may not be asked."""
    from auditor.model.filters import Fact, Predicate, Side, Test

    side = Side.SOURCE if inward else Side.DESTINATION
    unknown = Unknown(f"whether the packet stays inside the network {network.name} is not known", network.span)
    inside = Test(Predicate(Fact.MEMBER, side, members_), unknown)

    def make(backend: Backend) -> Iterator[Rule]:
        yield added(both(~inside, Undecided(unknown)), Verdict.PERMIT, network.span, "what comes from outside the network may be routed")
        yield from product.states(None, network.span)
        yield from writer.rules(network, "FORWARD", backend)

    default = VERDICTS[network.value("policy_forward", "ACCEPT").upper()]
    where = place(network, "policy_forward", network.span)
    return _filter(writer, f"network {network.name}", make, default, network.span, where, writer.site.backends(network))


def doubtful(filter_: Filter, doubts: tuple[Unknown, ...], span: Span) -> Filter:
    """The filter with what may switch it off put first."""
    ahead = [added(Undecided(doubt), Verdict.PERMIT, doubt.span or span, f"undecided: {doubt.reason}") for doubt in doubts]
    return filter_.with_rules(*ahead) if ahead else filter_


def _nothing() -> Document:
    raise AssertionError("a host has a file of its own, or the cluster's")


def _questioned(rule: Rule, span: Span) -> Rule:
    """With an intrusion prevention program behind it, what is accepted may still be dropped."""
    if rule.action is not Verdict.PERMIT:
        return rule
    return replace(rule, condition=both(rule.condition, Undecided(Unknown("accepted packets go to a program first (ips)", span))))


def _own_addresses(writer: Writer, guest: Document, machine: Machine, nic: Nic | None, backend: Backend) -> Iterator[Rule]:
    """The set ipfilter-netN, or what `ipfilter: 1` makes of the device's addresses."""
    names = writer.names(guest, backend)
    for each in guest.sets:
        device = each.name.lower().removeprefix("ipfilter-")
        if device == each.name.lower() or (nic is not None and device != nic.name):
            continue
        asked: Condition = ~within(members(names, guest, each), True, each.span)
        if nic is None:
            asked = both(asked, Undecided(Unknown(f"whether packets leave by {device} is not known", each.span)))
        yield added(asked, Verdict.DENY, each.span, f"Proxmox drops sources outside the set {each.name}")
        return
    if product.on(guest, "ipfilter", "0"):
        span = place(guest, "ipfilter", guest.span)
        unknown = guest.doubt("ipfilter") or Unknown("the source addresses that ipfilter leaves the device are not all known here", span)
        own = sources(nic.addresses) if nic is not None and machine.container else ~EVERYTHING
        yield added(Undecided(unknown, ~own), Verdict.DENY, span, "Proxmox drops sources that are not the device's (ipfilter)")


# -- two backends


def _filter(
    writer: Writer, label: str, make: Make, default: Verdict, span: Span, default_span: Span, backends: tuple[Backend, ...]
) -> Filter:
    found = [list(make(backend)) for backend in backends]
    rules = found[0] if len(found) == 1 else merged(found[0], found[1], span)
    refused = writer.site.refusal() if Backend.NFT in backends else None
    if refused is not None:
        unknown = Unknown(
            "the nftables backend refuses a line, so the rules that were there before stay in force", refused.span, "proxmox:refused"
        )
        ahead = [added(Undecided(unknown), verdict, refused.span, unknown.reason) for verdict in (Verdict.DENY, Verdict.PERMIT)]
        rules = [*ahead, *rules]
    return Filter(label, tuple(rules), default, span, default_span)


def merged(classic: list[Rule], nft: list[Rule], span: Span) -> list[Rule]:
    """One list for two: what is only in one of them may match or not."""
    if classic == nft:
        return classic
    from difflib import SequenceMatcher

    unknown = Unknown("which backend the node runs (nftables in host.fw) is not known", span, "proxmox:backend")
    numbers: dict[Rule, int] = {}
    lists = [[numbers.setdefault(rule, len(numbers)) for rule in rules] for rules in (classic, nft)]
    result: list[Rule] = []
    for tag, a, b, c, d in SequenceMatcher(None, lists[0], lists[1], autojunk=False).get_opcodes():
        if tag == "equal":
            result += classic[a:b]
            continue
        only = [*classic[a:b], *nft[c:d]]
        result += [replace(rule, condition=both(rule.condition, Undecided(unknown))) for rule in only]
    return result
