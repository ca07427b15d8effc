"""Hosts onto the graph: a host zone with its hooks, and, where interfaces are told apart, a device with a zone behind each.

NixOS's character: inbound is closed but for what is listed, outbound and forwarding are open unless newer options of the nftables backend
say otherwise. Replies pass by themselves. `enable = false` opens everything. A port in a list is open from everywhere, in both families.
What is not known to be all there is (.nix files) is never closed: another module may open it. The reverse path filter is not judged:
packets are taken to come from where their source is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from auditor.formats.base import Embedded, NftReader
from auditor.formats.nixos import iptables_backend, nftables_backend, rules
from auditor.formats.nixos.commands import Commands, read_commands
from auditor.formats.nixos.firewall import FIREWALL, NFTABLES, Backend, Firewall, read_firewall
from auditor.formats.nixos.host import Host
from auditor.formats.nixos.nftables_backend import Texts, embedded
from auditor.formats.nixos.values import Words
from auditor.model.filters import ANY, Call, Chain, Fact, Filter, Rule, Side, Undecided, Verdict, all_rules, both, predicates
from auditor.model.graph import Device, Graph, Hook, Place, Zone, ZoneKind
from auditor.model.record import dataclass, field, replace
from auditor.model.source import Note, Span, Unknown

OTHER_INTERFACES = "other interfaces"
_OF_THE_PRODUCT = re.compile(
    r'^(?:icmpv6 type|icmp type echo-|ip6 daddr fe80::/64 udp dport 54[67]|ip protocol icmpv6|iifname "?lo"? |ct state)'
)


@dataclass(slots=True, eq=False)
class _Draft:
    """A host being converted."""

    host: Host
    firewall: Firewall
    texts: Texts
    commands: Commands
    hooks: list[Hook] = field(default_factory=list)
    filters: list[Filter] = field(default_factory=list)

    def hook(self, place: Place, filter_: Filter, label: str) -> None:
        transit = place is Place.TRANSIT
        zone, device = (None, self.host.id) if transit else (self.host.id, None)
        self.filters.append(filter_)
        self.hooks.append(Hook(f"{self.host.id}/{place}", place, filter_, filter_.span, f"{label} of {self.host.name}", zone, device))


def to_graph(hosts: Iterable[Host], reader: NftReader | None) -> Graph:
    """The graph of all hosts, with what was remarked on the way."""
    graph = Graph()
    known = tuple(hosts)
    for host in known:
        graph += _of_host(host, reader, sole=len(known) == 1)
    return graph


def _of_host(host: Host, reader: NftReader | None, sole: bool) -> Graph:
    firewall = read_firewall(host.settings)
    doubt = None
    if firewall.backend is None:
        doubt = Unknown("which backend the firewall has: networking.nftables.enable is not set here", host.span)
    draft = _Draft(host, firewall, Texts(reader, tuple(_own_items(host)), doubt), read_commands(firewall.commands))
    described = any(path_ in host.settings for path_ in ((*FIREWALL, "enable"), (*FIREWALL, "allowedTCPPorts"))) or not host.settings.final
    if described:
        _inbound(draft)
        _outbound(draft)
        _forward_filter(draft)
    notes = _tables(draft, reader, described)
    interfaces = _interfaces(draft)
    if described:
        _switched_off(draft)
    if described and all(hook.id != f"{host.id}/{Place.TRANSIT}" for hook in draft.hooks):
        _unfiltered(draft, bool(interfaces))
    zones, devices = _zones(draft, interfaces, sole)
    return Graph(zones, tuple(draft.hooks), devices, (*draft.texts.notes, *draft.commands.notes, *notes), (), tuple(draft.filters))


# -- hooks


def _inbound(draft: _Draft) -> None:
    firewall, span = draft.firewall, draft.host.span
    name = f"NixOS firewall of {draft.host.name}"
    if firewall.enable.value is False:
        return
    found = list(_published(firewall))
    if firewall.enable.unknown is not None:
        found.append(rules.undecided(firewall.enable.unknown, firewall.enable.span or span))
    failing = next((each for each in firewall.inbound.openings if each.reversed and each.unknown is None), None)
    if failing is not None and firewall.backend is Backend.IPTABLES:
        text = f"the script stops at {failing.option}, before the firewall is in place"
        found.append(rules.product(ANY, Verdict.PERMIT, failing.span, text))
    elif failing is not None:
        why = Unknown("what is in place, since a range that runs backwards keeps this firewall from being made", failing.span)
        found += nftables_backend.anything(why, failing.span)
    if firewall.backend is Backend.FIREWALLD:
        found += nftables_backend.anything(Unknown("what firewalld lets in: it has zones of its own, which are not read", span), span)
    elif firewall.backend is Backend.IPTABLES:
        found += iptables_backend.inbound(firewall, draft.commands, span)
    else:
        found += _doubted(draft, [*draft.commands.chains["INPUT"], *draft.commands.first, *draft.commands.last])
        found += nftables_backend.inbound(firewall, draft.texts, span)
    default = Verdict.REJECT if firewall.reject.value else Verdict.DENY
    draft.hook(Place.INBOUND, Filter(name, tuple(found), default, span), "the firewall")


def _switched_off(draft: _Draft) -> None:
    """A firewall that is off lets everything in, unless other tables filter, or may."""
    firewall, host = draft.firewall, draft.host
    filtered = any(hook.place is Place.INBOUND and hook.filter.default.denies for hook in draft.hooks)
    undecided = firewall.own_tables and host.settings.switch(*NFTABLES, "enable").value is not True
    if firewall.enable.value is False and not filtered and not undecided:
        off = firewall.enable.span or host.span
        name = f"NixOS firewall of {host.name}"
        draft.hook(Place.INBOUND, Filter(name, (), Verdict.PERMIT, off, off), "the firewall, which is off,")


def _doubted(draft: _Draft, found: list[Rule]) -> list[Rule]:
    """The rules of commands where the backend is not known to be the one that runs them."""
    doubt = draft.texts.doubt
    return [replace(rule, condition=both(rule.condition, Undecided(doubt))) for rule in found] if doubt is not None else []


def _published(firewall: Firewall) -> Iterator[Rule]:
    for each in firewall.published:
        yield rules.opening(each, Side.SOURCE)


def _outbound(draft: _Draft) -> None:
    firewall, span = draft.firewall, draft.host.span
    if firewall.enable.value is False:
        return
    name = f"NixOS output filter of {draft.host.name}"
    policy = draft.commands.policies.get("OUTPUT")
    written = draft.commands.chains["OUTPUT"]
    if firewall.backend is Backend.IPTABLES and (policy or written):
        default = policy[0] if policy else Verdict.PERMIT
        draft.hook(Place.OUTBOUND, Filter(name, tuple(written), default, span, policy[1] if policy else None), "OUTPUT")
    elif firewall.backend in (Backend.NFTABLES, None) and firewall.filters_output.value is not False:
        place = firewall.filters_output.span or span
        found = _undecided(place, firewall.enable.unknown, firewall.filters_output.unknown, draft.texts.doubt)
        found += nftables_backend.outbound(firewall, draft.texts, span)
        draft.hook(Place.OUTBOUND, Filter(name, tuple(found), Verdict.DENY, place), "the output filter")


def _undecided(place: Span, *reasons: Unknown | None) -> list[Rule]:
    return [rules.undecided(why, place) for why in reasons if why is not None]


def _forward_filter(draft: _Draft) -> None:
    firewall, span = draft.firewall, draft.host.span
    if firewall.backend in (Backend.NFTABLES, None) and firewall.filters_forward.value is not False and firewall.enable.value is not False:
        place = firewall.filters_forward.span or span
        found = _undecided(place, firewall.enable.unknown, firewall.filters_forward.unknown, draft.texts.doubt)
        found += nftables_backend.forward(firewall, draft.texts, span)
        name = f"NixOS forward filter of {draft.host.name}"
        draft.hook(Place.TRANSIT, Filter(name, tuple(found), Verdict.DENY, place), "the forward filter")


def _unfiltered(draft: _Draft, routes: bool) -> None:
    """What passes through a host without a filter of NixOS: everything, if it forwards at all, but for what commands do."""
    firewall, span = draft.firewall, draft.host.span
    name = f"NixOS forwarding of {draft.host.name}"
    policy = draft.commands.policies.get("FORWARD") if firewall.backend is Backend.IPTABLES else None
    written = draft.commands.chains["FORWARD"] if firewall.backend is Backend.IPTABLES else []
    if not routes and firewall.routes.value is not True and not written and policy is None:
        return
    place = firewall.routes.span or firewall.filters_forward.span or span
    default = policy[0] if policy else Verdict.PERMIT
    if firewall.routes.value is not True:
        why = firewall.routes.unknown or Unknown("whether the host forwards at all (net.ipv4.ip_forward)", place)
        if default is Verdict.PERMIT:
            written, default = [*written, rules.undecided(why, place)], Verdict.DENY
    draft.hook(Place.TRANSIT, Filter(name, tuple(written), default, place, policy[1] if policy else None), "forwarding")


# -- nftables' tables beside the firewall's own


def _own_items(host: Host) -> Iterator[Embedded]:
    """What is added to the table of the firewall itself: sets, further chains."""
    if not host.settings.final:
        for item in host.settings.items(*NFTABLES, "tables", "nixos-fw", "content"):
            if isinstance(item.value, Words):
                yield embedded(item.value)


def _tables(draft: _Draft, reader: NftReader | None, described: bool) -> tuple[Note, ...]:
    """Hooks of the other tables, and of the firewall's own where nothing but its text describes it."""
    settings, host = draft.host.settings, draft.host
    if reader is None or settings.switch(*NFTABLES, "enable").value is not True:
        return ()
    texts = [embedded(item.value) for item in settings.items(*NFTABLES, "ruleset") if isinstance(item.value, Words)]
    for name in settings.names(*NFTABLES, "tables"):
        at = (*NFTABLES, "tables", name)
        if (name == "nixos-fw" and described) or settings.switch(*at, "enable", default=True).value is False:
            continue
        family, called = settings.text(*at, "family"), settings.text(*at, "name")
        head = f"table {family.text if family else 'inet'} {called.text if called else name} {{\n"
        texts += [_wrapped(item.value, head) for item in settings.items(*at, "content") if isinstance(item.value, Words)]
    draft.hooks += _ruleset_file(draft)
    if not texts:
        return ()
    graph = reader.tables(texts, host.id, host.id)
    hooks = [hook for hook in graph.hooks if "nixos-fw rpfilter" not in hook.filter.name]
    own = [replace(hook, filter=replace(hook.filter, rules=_marked(hook.filter.rules, {}))) for hook in hooks]
    draft.hooks[:0] = own  # the firewall itself comes last, so that what gets through everything is blamed on it
    draft.filters += [hook.filter for hook in own]
    return graph.notes


def _ruleset_file(draft: _Draft) -> Iterator[Hook]:
    """A ruleset in a file of its own: it is read where it is, and what it does to this host is not known here."""
    host = draft.host
    for item in host.settings.items(*NFTABLES, "rulesetFile"):
        span = item.value.span
        why = Unknown("what the file of networking.nftables.rulesetFile says: it is read as a host of its own", span)
        for place in (Place.INBOUND, Place.OUTBOUND):
            filter_ = Filter("networking.nftables.rulesetFile", (rules.undecided(why, span),), Verdict.DENY, span)
            yield Hook(f"{host.id}/{place}/file", place, filter_, span, f"the ruleset file of {host.name}", host.id)


def _wrapped(words: Words, head: str) -> Embedded:
    """The content of a table, as a table."""
    size = len(head)
    return Embedded(f"{head}{words.text}\n}}", lambda start, end: _placed(words, start - size, end - size), words.gaps)


def _placed(words: Words, start: int, end: int) -> Span:
    last = max(len(words.text) - 1, 0)
    return words.place(min(max(start, 0), last), min(max(end, 1), last + 1))


def _marked(found: tuple[Rule, ...], seen: dict[int, Chain]) -> tuple[Rule, ...]:
    """Rules with those marked that NixOS adds to its own table."""
    made = []
    for rule in found:
        action = rule.action
        if isinstance(action, Call):
            if id(action.chain) not in seen:
                seen[id(action.chain)] = Chain(action.chain.name, _marked(action.chain.rules, seen), action.chain.span)
            action = Call(seen[id(action.chain)], action.goto)
        made.append(replace(rule, action=action, synthetic=rule.synthetic or _OF_THE_PRODUCT.match(rule.text) is not None))
    return tuple(made)


# -- zones


def _zones(draft: _Draft, interfaces: dict[str, Span], sole: bool) -> tuple[tuple[Zone, ...], tuple[Device, ...]]:
    host = draft.host
    aliases = tuple(dict.fromkeys((*((f"nixos:{host.path}",) if host.path != host.name else ()), *(("nixos",) if sole else ()))))
    label = host.name if host.name != host.path else f"the host of {host.path}"
    zones = [Zone(host.id, ZoneKind.HOST, label, host.span, aliases=aliases)]
    routes = any(hook.place is Place.TRANSIT for hook in draft.hooks)
    if not interfaces and not routes:
        return tuple(zones), ()
    out = _ways_out(host)
    for name, span in interfaces.items():
        also = (f"nixos:{name}",) if sole else ()
        signs = (("interface", name), *((("way-out", out[name]),) if name in out else ()))
        zones.append(Zone(f"{host.id}:{name}", ZoneKind.INTERFACE, f"behind {name}", span, aliases=also, attributes=signs, device=host.id))
    if interfaces:
        others = Zone(f"{host.id}:{OTHER_INTERFACES}", ZoneKind.INTERFACE, "behind another interface", host.span, device=host.id)
        zones.append(others)
    return tuple(zones), (Device(host.id, label, host.span, host.id),)


def _ways_out(host: Host) -> dict[str, str]:
    """The interfaces that options say lead to the internet, each with the option."""
    options = (("nat", "externalInterface"), ("defaultGateway", "interface"), ("defaultGateway6", "interface"))
    said = {".".join(("networking", *each)): host.settings.text("networking", *each) for each in options}
    return {name.text: f"{option} is {name.text}" for option, name in said.items() if name is not None and name.text}


def _interfaces(draft: _Draft) -> dict[str, Span]:
    """The interfaces that the configuration names, each with the first place."""
    found: dict[str, Span] = {}
    settings = draft.host.settings
    for at in (FIREWALL, (*FIREWALL, "filterOutput"), ("networking",)):
        for name in settings.names(*at, "interfaces"):
            found.setdefault(name, settings.span(*at, "interfaces", name) or draft.host.span)
    for filter_ in draft.filters:
        for predicate in predicates(all_rules(filter_.rules)):
            for name in sorted(predicate.values) if predicate.fact is Fact.INTERFACE else ():
                found.setdefault(name, predicate.span or draft.host.span)
    for name in _ways_out(draft.host):
        found.setdefault(name, draft.host.span)
    odd = ("default", "lo")
    return {name: span for name, span in found.items() if name not in odd and "*" not in name and "${" not in name}
