"""What to write in each dialect so that a requirement is met: examples for its documentation page, made from its flow.

Roles become names in the dialect (alias, set, group, variable); the reader fills in who they are. `auditor fix` writes the real change.
"""

from __future__ import annotations

from collections.abc import Callable

from auditor.model.record import dataclass
from auditor.policy.ruleset import INTERNET, Kind, Parameter, Requirement, Ruleset, Term, TermKind, Who, endpoint_of
from auditor.policy.services import Ports, Protocol, Service, ports_text

Line = tuple[Term | None, Term | None, Service]
"""One rule to write: source and destination, None for anybody, and one service."""

TITLES = {
    "terraform": "Terraform (AWS security groups)",
    "talos": "Talos ingress firewall",
    "nftables": "nftables",
    "nixos": "NixOS",
    "pfsense": "pfSense",
    "opnsense": "OPNsense",
    "proxmox": "Proxmox VE firewall",
    "switch": "Switch ACL (Cisco IOS)",
}


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be written. `own` are the roles that a firewall of their own protects; the others are peers, known by address."""

    name: str
    lines: tuple[Line, ...]
    permit: bool
    own: frozenset[str]

    @property
    def identifier(self) -> str:
        return self.name.replace("-", "_")

    def inbound(self, line: Line) -> bool:
        """Whether the rule belongs to the destination's firewall."""
        return line[1] is not None and line[1].text in self.own


def snippets(ruleset: Ruleset, requirement: Requirement) -> dict[str, str]:
    """Per dialect that can say it, what to write; a ruleset's own snippets come first."""
    permit = requirement.kind in (Kind.ALLOW, Kind.REPLIES)
    task = Task(requirement.name, _lines(ruleset, requirement), permit, _protected(ruleset))
    made = {name: text for name, write in _WRITERS.items() if task.lines and (text := write(task))}
    return {name: text.strip() for name in TITLES if (text := requirement.fix.snippets.get(name) or made.get(name, ""))}


def _protected(ruleset: Ruleset) -> frozenset[str]:
    """The roles the ruleset is about: they send what is allowed, and are sent to."""
    allows = [each for each in ruleset.requirements if each.kind is Kind.ALLOW]
    senders = {role for each in allows for choice in each.sources for role in choice.who.roles()}
    receivers = {role for each in ruleset.requirements for choice in each.destinations for role in choice.who.roles()}
    return frozenset(member for role in senders for member in ruleset.members(role)) & {
        member for role in receivers for member in ruleset.members(role)
    }


def _lines(ruleset: Ruleset, requirement: Requirement) -> tuple[Line, ...]:
    if requirement.kind not in (Kind.ALLOW, Kind.DENY, Kind.REPLIES):
        return ()
    sources = _ends(ruleset, requirement.sources[-1].who)
    destinations = _ends(ruleset, requirement.destinations[-1].who)
    return tuple((source, destination, service) for source in sources for destination in destinations for service in requirement.services)


def _ends(ruleset: Ruleset, who: Who) -> list[Term | None]:
    terms: list[Term | None] = []
    for term in who.terms:
        if term.text in ("any", INTERNET):
            terms.append(None)
        elif term.kind is TermKind.ROLE:
            terms += [Term(term.kind, each) for each in ruleset.members(term.text)]
        else:
            terms += _values(ruleset.parameters[term.text]) if term.kind is TermKind.PARAMETER else [term]
    return list(dict.fromkeys(terms))


def _values(parameter: Parameter) -> list[Term]:
    default = parameter.default
    texts = default if isinstance(default, tuple) else (default,) if isinstance(default, str) and default else ()
    return list(map(endpoint_of, texts))


def _is_role(term: Term | None) -> bool:
    return term is not None and term.kind is TermKind.ROLE


def _word(term: Term) -> str:
    return term.text.replace("-", "_")


# -- Terraform


def _terraform(task: Task) -> str:
    """Security groups only permit; what is a name, or nobody in particular, becomes the world."""
    if not task.permit:
        return ""
    lines = dict.fromkeys((s if _is_role(s) else None, d if _is_role(d) else None, service) for s, d, service in task.lines)
    number = "_{}" if len(lines) > 1 else ""
    return "\n\n".join(_group_rule(task, task.identifier + number.format(index), line) for index, line in enumerate(lines, 1))


def _group_rule(task: Task, name: str, line: Line) -> str:
    inbound = task.inbound(line)
    own, peer = (line[1], line[0]) if inbound else (line[0], line[1])
    assert own is not None
    if peer is not None and peer.text in task.own:
        other = ("referenced_security_group_id", f"aws_security_group.{_word(peer)}.id")
    else:
        other = ("cidr_ipv4", f"var.{_word(peer)}_cidr" if peer else '"0.0.0.0/0"')
    pairs = [("security_group_id", f"aws_security_group.{_word(own)}.id"), other, *_terraform_service(line[2])]
    width = max(len(key) for key, _ in pairs)
    body = "\n".join(f"  {key.ljust(width)} = {value}" for key, value in pairs)
    return f'resource "aws_vpc_security_group_{"ingress" if inbound else "egress"}_rule" "{name}" {{\n{body}\n}}'


def _terraform_service(service: Service) -> list[tuple[str, str]]:
    if service.protocol is Protocol.ANY:
        return [("ip_protocol", '"-1"')]
    if service.icmp_type is not None:
        return [("ip_protocol", f'"{service.protocol}"'), ("from_port", str(service.icmp_type)), ("to_port", "-1")]
    low, high = (service.ports or ((0, 65535),))[0]
    return [("ip_protocol", f'"{service.protocol}"'), ("from_port", str(low)), ("to_port", str(high))]


# -- Talos


def _talos(task: Task) -> str:
    """Its ingress firewall permits sources to ports of the node itself, TCP and UDP only."""
    lines = [line for line in task.lines if task.inbound(line) and line[2].ports]
    if not task.permit or task.own != {"control-plane", "worker"}:
        return ""
    services = dict.fromkeys(line[2] for line in lines)
    name = task.name + ("-{}" if len(services) > 1 else "")
    return "\n---\n".join(
        _talos_rule(name.format(service.protocol), service, dict.fromkeys(line[0] for line in lines if line[2] == service))
        for service in services
    )


def _talos_rule(name: str, service: Service, sources: dict[Term | None, None]) -> str:
    ports = [f"    - {ports_text((each,))}" for each in service.ports]
    subnets = [f"  - subnet: 10.0.{number}.0/24 # {source or 'anybody'}" for number, source in enumerate(sources, 1)]
    head = ["apiVersion: v1alpha1", "kind: NetworkRuleConfig", f"name: {name}", "portSelector:", "  ports:"]
    return "\n".join([*head, *ports, f"  protocol: {service.protocol}", "ingress:", *subnets])


# -- nftables and NixOS


def _nftables(task: Task) -> str:
    return "\n".join(f'{rule} comment "{task.name}"' for rule in dict.fromkeys(_nft_rule(line, task.permit) for line in task.lines))


def _nft_rule(line: Line, permit: bool) -> str:
    source, destination, service = line
    parts = [
        f"ip saddr ${_word(source)}" if source and _is_role(source) else "",
        f"ip daddr ${_word(destination)}" if destination and _is_role(destination) else "",
        _nft_service(service),
        "accept" if permit else "ct state new drop",
    ]
    return " ".join(filter(None, parts))


def _nft_service(service: Service) -> str:
    if service.protocol is Protocol.ANY:
        return ""
    if service.icmp_type is not None:
        return f"{service.protocol} type {str(service).partition('/')[2]}"
    origin = f"{service.protocol} sport {_nft_ports(service.source_ports)} " if service.source_ports else ""
    return origin + (f"{service.protocol} dport {_nft_ports(service.ports)}" if service.ports else f"meta l4proto {service.protocol}")


def _nft_ports(ports: Ports) -> str:
    text = ports_text(ports).replace(",", ", ")
    return f"{{ {text} }}" if len(ports) > 1 else text


def _nixos(task: Task) -> str:
    """What comes in to the host itself; what it sends is not filtered unless filterOutput is set."""
    lines = [line for line in task.lines if task.inbound(line)] if task.permit and task.own != {"control-plane", "worker"} else []
    ports = {each: dict.fromkeys(low for line in lines if line[2].protocol is each for low, _ in line[2].ports) for each in Protocol}
    return "\n".join(
        f"networking.firewall.allowed{protocol.upper()}Ports = [ {' '.join(map(str, found))} ]; # {task.name}"
        for protocol, found in ports.items()
        if found
    )


# -- pfSense and OPNsense


def _pf(task: Task) -> str:
    """One rule a service on the source's interface; several names or roles go into one alias."""
    sources, destinations = dict.fromkeys(line[0] for line in task.lines), dict.fromkeys(line[1] for line in task.lines)
    names = [term.text for term in destinations if term is not None and not _is_role(term)]
    alias = f"<alias>\n  <name>{task.identifier}</name>\n  <type>host</type>\n  <address>{' '.join(names)}</address>\n</alias>\n"
    source, destination = _pf_end(task, sources), _pf_end(task, destinations)
    rules = (_pf_rule(task, source, destination, service) for service in dict.fromkeys(line[2] for line in task.lines))
    return (alias if names else "") + "\n".join(rules)


def _pf_end(task: Task, terms: dict[Term | None, None]) -> str:
    known = [term for term in terms if term is not None]
    if len(known) < len(terms) or not known:
        return "<any/>"
    return f"<address>{'_or_'.join(map(_word, known)) if _is_role(known[0]) else task.identifier}</address>"


def _pf_rule(task: Task, source: str, destination: str, service: Service) -> str:
    port = f"<port>{ports_text(service.ports)}</port>" if service.ports else ""
    origin = f"<port>{ports_text(service.source_ports)}</port>" if service.source_ports else ""
    fields = [
        f"<type>{'pass' if task.permit else 'block'}</type>",
        "<interface>opt1</interface>",
        "<ipprotocol>inet</ipprotocol>",
        "" if service.protocol is Protocol.ANY else f"<protocol>{service.protocol}</protocol>",
        "<icmptype>echoreq</icmptype>" if service.icmp_type == 8 else "",
        f"<source>{source}{origin}</source>",
        f"<destination>{destination}{port}</destination>",
        f"<descr>{task.name}</descr>",
    ]
    return "\n  ".join(["<rule>", *filter(None, fields)]) + "\n</rule>"


# -- Proxmox


def _proxmox(task: Task) -> str:
    """In the guest's own file; sets hold the other side's addresses."""
    return "\n".join(["[RULES]", *dict.fromkeys(_proxmox_rule(task, line) for line in task.lines)])


def _proxmox_rule(task: Task, line: Line) -> str:
    inbound, service = task.inbound(line), line[2]
    peer = line[0] if inbound else line[1]
    parts = ["IN" if inbound else "OUT", "ACCEPT" if task.permit else "DROP"]
    parts += ["-source" if inbound else "-dest", f"+{peer.text}"] if peer is not None and _is_role(peer) else []
    parts += ["-p", str(service.protocol)] if service.protocol is not Protocol.ANY else []
    parts += ["-dport", ports_text(service.ports).replace("-", ":")] if service.ports else []
    parts += ["-sport", ports_text(service.source_ports).replace("-", ":")] if service.source_ports else []
    parts += ["-icmp-type", "echo-request"] if service.icmp_type == 8 else []
    return " ".join(parts)


# -- Switches


def _switch(task: Task) -> str:
    """On the source's VLAN inbound; what is permitted needs its replies in the list of the other side."""
    rules = dict.fromkeys(_switch_rule("permit" if task.permit else "deny", line) for line in task.lines)
    back = dict.fromkeys(_switch_reply(line) for line in task.lines) if task.permit else {}
    head = "\n ".join(["ip access-list extended FROM_SOURCE", *rules])
    return head + ("\n" + "\n ".join(["ip access-list extended FROM_DESTINATION", *back]) if back else "")


def _switch_rule(word: str, line: Line) -> str:
    source, destination, service = line
    protocol = "ip" if service.protocol is Protocol.ANY else str(service.protocol)
    kind = "echo" if service.icmp_type == 8 else ""
    parts = (
        word,
        protocol,
        _switch_end(source),
        _switch_ports(service.source_ports),
        _switch_end(destination),
        _switch_ports(service.ports),
        kind,
    )
    return " ".join(filter(None, parts))


def _switch_reply(line: Line) -> str:
    source, destination, service = line
    protocol = "ip" if service.protocol is Protocol.ANY else str(service.protocol)
    kind = {Protocol.TCP: "established", Protocol.ICMP: "echo-reply"}.get(service.protocol, "")
    parts = (
        "permit",
        protocol,
        _switch_end(destination),
        _switch_ports(service.ports),
        _switch_end(source),
        _switch_ports(service.source_ports),
        kind,
    )
    return " ".join(filter(None, parts))


def _switch_end(term: Term | None) -> str:
    return f"object-group {_word(term).upper()}" if term is not None and _is_role(term) else "any"


def _switch_ports(ports: Ports) -> str:
    if not ports:
        return ""
    low, high = ports[0]
    return f"eq {low}" if low == high else f"range {low} {high}"


_WRITERS: dict[str, Callable[[Task], str]] = {
    "terraform": _terraform,
    "talos": _talos,
    "nftables": _nftables,
    "nixos": _nixos,
    "pfsense": _pf,
    "opnsense": _pf,
    "proxmox": _proxmox,
    "switch": _switch,
}
