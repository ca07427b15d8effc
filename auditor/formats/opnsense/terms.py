"""What a word of a rule becomes in a pf line: an address term or a port term. What does not resolve takes its line out of the ruleset."""

from __future__ import annotations

import json
from enum import Enum, auto

from auditor.formats.opnsense.aliases import Aliases
from auditor.formats.opnsense.interfaces import LINK_LOCAL, Interfaces
from auditor.formats.pf.addresses import ANY, NONE, Addresses, is_v6, known, literal
from auditor.formats.pf.bogons import OPNSENSE as BOGONS
from auditor.formats.pf.matching import Peer
from auditor.formats.pf.names import SERVICES
from auditor.formats.pf.ports import EVERY, Ports, entry, may_be_service
from auditor.model.packets import Interval
from auditor.model.record import dataclass
from auditor.model.source import Unknown

_WELL_KNOWN = {
    "afs3-fileserver": 7000,
    "avt-profile-1": 5004,
    "hbci": 3000,
    "igmpv3lite": 465,
    "ipsec-msft": 10000,
    "ms-streaming": 1755,
    "msnp": 1863,
    "nat-stun-port": 3478,
    "submissions": 465,
} | {
    name: SERVICES[name]
    for name in [
        "aol",
        "auth",
        "cvsup",
        "domain",
        "domain-s",
        "ftp",
        "http",
        "https",
        "imap",
        "imaps",
        "ipsec-nat-t",
        "isakmp",
        "l2f",
        "ldap",
        "ldaps",
        "microsoft-ds",
        "ms-wbt-server",
        "netbios-dgm",
        "netbios-ns",
        "netbios-ssn",
        "nntp",
        "ntp",
        "openvpn",
        "pop3",
        "pop3s",
        "pptp",
        "radius",
        "radius-acct",
        "rfb",
        "sip",
        "sip-tls",
        "smtp",
        "snmp",
        "snmptrap",
        "ssh",
        "submission",
        "telnet",
        "teredo",
        "tftp",
        "urd",
        "wins",
    ]
}
"""The services the product knows by itself; here alone a name may hold a hyphen."""


class Kind(Enum):
    """What an address term is."""

    ANY = auto()
    SELF = auto()
    NETWORK = auto()  # an interface's or a group's networks
    ADDRESS = auto()  # an interface's addresses
    TABLE = auto()  # an alias
    RUN_TIME = auto()  # a table the firewall fills itself: the list of bogons, or one that is taken as empty
    LITERAL = auto()
    LOST = auto()  # does not resolve


@dataclass(frozen=True, slots=True)
class Term:
    """One address of a line. `linked`: an interface network in an IPv6 line, which link-local addresses are part of.

    `span` are the addresses of a literal.
    """

    kind: Kind
    name: str = ""
    text: str = "any"
    negated: bool = False
    linked: bool = False
    span: Interval | None = None

    @property
    def v6(self) -> bool | None:
        """The family of a literal; None for what holds both."""
        return None if self.span is None else is_v6(self.span)

    def written(self) -> str:
        """The term as the product writes it."""
        body = ("!" if self.negated and self.text != "any" else "") + self.text + (",fe80::/10" if self.linked else "")
        return body if "$" in body else "{" + body + "}"


ANYWHERE = Term(Kind.ANY)


def term(word: str, negated: bool, family: str, interfaces: Interfaces, aliases: Aliases, link: bool = True) -> Term:
    """The term for one item of a comma list. An alias beats an interface of its name."""
    linked = link and family == "inet6" and word in interfaces.table
    base = word.removesuffix("ip")
    if word in ("", "any"):
        return ANYWHERE
    if word == "(self)":
        return Term(Kind.SELF, word, word, negated)
    if word.startswith("<") and word.endswith(">"):
        return Term(Kind.RUN_TIME, word[1:-1], word, negated)
    if aliases.is_table(word):
        return Term(Kind.TABLE, word, f"${word}", negated, linked)
    if word in interfaces.table and interfaces.table[word].device:
        return Term(Kind.NETWORK, word, f"({interfaces.table[word].device}:network)", negated, linked)
    if word.endswith("ip") and base in interfaces.table and interfaces.table[base].numbered and interfaces.table[base].device:
        return Term(Kind.ADDRESS, base, f"({interfaces.table[base].device})", negated)
    found = literal(word) if "%" not in word else None
    if found is not None:
        return Term(Kind.LITERAL, word, word, negated, span=found)
    return Term(Kind.LOST, word, json.dumps(word).replace("/", "\\/"), negated)


def peer(item: Term, port: PortTerm, interfaces: Interfaces, aliases: Aliases) -> Peer:
    """One end of a line, as pf matches it. In IPv6 the complement of an interface's network keeps the link-local addresses."""
    parts = [(_inside(item, interfaces, aliases), item.negated and item.kind is not Kind.ANY)]
    if item.linked:
        parts.append((known(LINK_LOCAL), False))
    return Peer(tuple(parts), port.ports)


def _inside(item: Term, interfaces: Interfaces, aliases: Aliases) -> Addresses:
    match item.kind:
        case Kind.ANY:
            return ANY
        case Kind.SELF:
            return interfaces.own
        case Kind.NETWORK:
            return interfaces.networks_of(item.name)
        case Kind.ADDRESS:
            return interfaces.table[item.name].addresses
        case Kind.TABLE:
            return aliases.addresses(item.name)
        case Kind.RUN_TIME:
            return BOGONS.get(item.name, NONE)
        case Kind.LITERAL:
            return Addresses((item.span,), (item.span,)) if item.span else NONE
        case _:
            return NONE


@dataclass(frozen=True, slots=True)
class PortTerm:
    """The port of a line. `ports` None: no port is written. `lost` says why the line is left out, `table` that it is no port alias."""

    text: str = ""
    ports: Ports | None = None
    lost: str = ""
    table: bool = False
    doubt: Unknown | None = None

    def written(self) -> str:
        """The port as the product writes it, with its keyword."""
        return "" if not self.text else f" port {self.text}" if "$" in self.text else f" port {{{self.text}}}"


NO_PORT = PortTerm()


def port_term(word: str, aliases: Aliases) -> PortTerm:
    """The port term for a port as written: number, range, service, port alias."""
    port = word.replace("-", ":")
    if (":any" in port) != ("any:" in port):
        port = port.replace("any", "65535" if ":any" in port else "1")
    if port in ("", "any"):
        return NO_PORT
    found = entry(port)
    if found is not None:
        return PortTerm(port, found)
    if port in aliases.by_name:
        return _alias_port(port, aliases)
    if word in _WELL_KNOWN:
        return PortTerm(str(_WELL_KNOWN[word]), ((_WELL_KNOWN[word], _WELL_KNOWN[word]),))
    if word == "0":
        return PortTerm("0", ((0, 0),))
    if may_be_service(port) and "-" not in word:
        doubt = Unknown(
            f"whether {port} is a service the firewall knows; if not, the rule does not exist", None, f"opnsense:service:{port}"
        )
        return PortTerm(port, EVERY, doubt=doubt)
    return PortTerm(port, (), f"Unable to map port {port}, config error?")


def _alias_port(name: str, aliases: Aliases) -> PortTerm:
    alias = aliases.by_name[name]
    if alias.type in ("url_ports", "urltable_ports"):
        return PortTerm(f"${name}", ())
    if alias.type != "port":
        return PortTerm(f"${name}", EVERY, table=True)
    if not any(word for word, _ in alias.entries):
        return PortTerm(f"${name}", (), f"Unable to map port {name}, empty?")
    found = aliases.ports(name)
    return PortTerm(f"${name}", EVERY if found.doubt else found.ports, doubt=found.doubt)
