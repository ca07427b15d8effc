"""What a cloud's resources say about packets: one record a port range and peer, the same for every provider, before it becomes a graph.

Nothing is lost here: what the configuration leaves undecided is an `Unknown` in the place it would have filled.
"""

from __future__ import annotations

import re
from enum import StrEnum

from auditor.model.record import dataclass, field
from auditor.model.source import Note, Span, Unknown

MACHINE = re.compile(r"(?<!db_)instance|server|droplet|vm|machine|interface|template|port|configuration|autoscaling|container|spot")
"""What in a carrier's type says that it is a machine, or makes machines, rather than a service in front of them."""

UNTOLD = "?"
"""The tag or account of machines of which it is not known what others they have."""

Trail = tuple[tuple[str, Span], ...]
"""The way a value took to where it is used: (phrase, place), the first mention first."""


class Direction(StrEnum):
    """Seen from the group's members."""

    IN = "in"
    OUT = "out"


class PeerKind(StrEnum):
    """What stands at the other end of a rule."""

    ANY = "any"
    ADDRESSES = "addresses"  # a CIDR or address, as written
    GROUP = "group"  # members of a security group, by its address
    PREFIX_LIST = "prefix-list"
    TAG = "tag"
    ACCOUNT = "account"
    ASG = "asg"
    NAMED = "named"  # a word of the provider's own, such as Azure's VirtualNetwork
    OTHER = "other"  # machines named in a way of the provider's own: droplets, load balancers
    UNKNOWN = "unknown"


class Family(StrEnum):
    """Which addresses a peer can have, where the attribute says so."""

    IPV4 = "ipv4"
    IPV6 = "ipv6"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Peer:
    """One end of a rule. `text` is the CIDR, the group's address, the name; `unknown` says why there is no better answer."""

    kind: PeerKind
    text: str
    span: Span
    family: Family = Family.BOTH
    unknown: Unknown | None = None
    trail: Trail = ()

    @property
    def label(self) -> str:
        """The peer in one word, e.g. "10.0.0.0/8", "group:aws_security_group.a", "unknown"."""
        if self.kind in (PeerKind.ADDRESSES, PeerKind.NAMED, PeerKind.OTHER):
            return self.text
        if self.kind in (PeerKind.ANY, PeerKind.UNKNOWN):
            return str(self.kind)
        return f"{self.kind}:{self.text}"


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from `first` to `last`, both included. With first > last there are none."""

    first: int
    last: int


Numbers = Range | Unknown | None
"""Ports; None: every port, or the protocol has none."""


@dataclass(frozen=True, slots=True)
class Icmp:
    """An ICMP type and code, None for any."""

    type: int | Unknown | None = None
    code: int | Unknown | None = None


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a rule is about beside its ends.

    `protocol` is "any", "tcp", "udp", "icmp", "icmpv6", or another name or number as text.
    """

    protocol: str | Unknown = "any"
    ports: Numbers = None
    icmp: Icmp = Icmp()
    source_ports: Numbers = None


@dataclass(frozen=True, slots=True)
class Record:
    """One rule of a group, with one port range and one peer.

    `resource` is the address of the resource that states it, `span` the narrowest text of that resource about it. `doubt` says why the
    rule may not exist. `order` decides among rules where order matters: the lowest first, denials before permits of the same order.
    """

    direction: Direction
    permit: bool
    traffic: Traffic
    peer: Peer
    resource: str
    span: Span
    local: Peer | None = None
    order: int | Unknown | None = None
    targets: tuple[Peer, ...] = ()
    stateless: bool = False
    implicit: bool = False
    doubt: Unknown | None = None
    description: str = ""
    trail: Trail = ()


@dataclass(frozen=True, slots=True)
class Defaults:
    """What becomes of a packet that no rule of a group matches: permitted or not. `stated`: the resource says so itself."""

    inbound: bool = False
    outbound: bool = False
    stated: bool = False
    span: Span | None = None


@dataclass(slots=True)
class Group:
    """A security group, network ACL, firewall: what rules belong to and machines are put into.

    `ordered`: the first matching rule decides. `foreign`: it is made elsewhere, and its rules there are not known. `beyond` says why
    there may be rules that cannot be seen here. `network` is the address of the network its members live in. `guards`: it stands at the
    edge of these networks instead of being carried; `elsewhere` says why it may stand at others too. `whole`: the group it is one part
    of, whose order it shares. `joint`: it is such a whole. `head` and `tail` are rules that the cloud puts before and behind all
    others. `switch`: why it may be off altogether.
    """

    address: str
    type: str
    span: Span
    rules: list[Record] = field(default_factory=list)
    name: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    network: str | None = None
    guards: list[str] | None = None
    elsewhere: Unknown | None = None
    whole: str | None = None
    head: list[Record] = field(default_factory=list)
    tail: list[Record] = field(default_factory=list)
    defaults: Defaults = Defaults()
    ordered: bool = False
    joint: bool = False
    stateful: bool = True
    disabled: bool = False
    foreign: Unknown | None = None
    beyond: list[Unknown] = field(default_factory=list)
    switch: Unknown | None = None
    _known: set[Record] = field(default_factory=set, init=False, repr=False, compare=False)
    _counted: int = field(default_factory=int, init=False, repr=False, compare=False)

    def add(self, record: Record) -> None:
        """One more rule, unless there is the same one already."""
        self._known.update(self.rules[self._counted :])
        if record not in self._known:
            self.rules.append(record)
        self._counted = len(self.rules)
        self._known.add(record)


@dataclass(slots=True)
class Label:
    """A tag, account or set of interfaces: what machines are in without rules of its own. `inside` are groups its members are in."""

    address: str
    span: Span
    inside: list[str] = field(default_factory=list)


@dataclass(slots=True)
class PrefixList:
    """Networks under one id. `rest` says why there may be more of them."""

    address: str
    entries: list[Peer] = field(default_factory=list)
    rest: Unknown | None = None


@dataclass(slots=True)
class Network:
    """A VPC or subnet. `parent` is the network it is part of; `blocks` are its address blocks; `foreign`: made elsewhere.

    `symbol` stands for the whole of it, whatever its blocks are.
    """

    address: str
    type: str
    span: Span
    blocks: list[Peer] = field(default_factory=list)
    name: str | None = None
    parent: str | None = None
    foreign: bool = False
    symbol: str | None = None


@dataclass(slots=True)
class Carrier:
    """A machine, interface, template or service that groups are put on: one instance.

    `groups` are the groups it carries, None among them for one that cannot be told; `subnets` where it stands, alternatives if several.
    `of`: the machine of which it is one interface of several.
    """

    address: str
    type: str
    span: Span
    groups: list[str | None] = field(default_factory=list)
    subnets: list[str | None] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    certain: bool = True
    of: str | None = None

    @property
    def is_machine(self) -> bool:
        """Whether it is a machine, or makes machines, rather than a service."""
        return MACHINE.search(self.type) is not None


@dataclass(slots=True)
class Estate:
    """Everything of one root module that decides about packets. `aliases`: symbols that mean the resource at an address.

    `wholes` are groups that others are parts of.
    """

    groups: dict[str, Group] = field(default_factory=dict)
    prefix_lists: dict[str, PrefixList] = field(default_factory=dict)
    networks: dict[str, Network] = field(default_factory=dict)
    carriers: list[Carrier] = field(default_factory=list)
    labels: dict[str, Label] = field(default_factory=dict)
    wholes: dict[str, Group] = field(default_factory=dict)
    notes: dict[Note, None] = field(default_factory=dict)  # each once
    aliases: dict[str, str] = field(default_factory=dict)
