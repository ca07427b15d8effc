"""What values the fields take that are not modelled: whatever a packet holds, nft refuses a value that does not fit the field."""

from __future__ import annotations

import re
from functools import lru_cache

from auditor.formats.nftables.fields import Spec
from auditor.formats.nftables.values import PERIOD, Refused


def _fields(text: str) -> dict[str, str]:
    """`kind: field, field; …` as the kind of each field."""
    found = {}
    for line in text.split(";"):
        kind, _, names = line.partition(":")
        found.update({" ".join(name.split()): kind.strip() for name in names.split(",")})
    return found


_KINDS = _fields(
    """
    bit: vlan cfi, vlan dei, frag more-fragments, meta nftrace, socket transparent, socket wildcard;
    ecn: ip ecn, ip6 ecn;
    bits3: vlan pcp;
    bits4: ip hdrlength, tcp doff, tcp reserved;
    byte: ip ttl, ip6 hoplimit, ah hdrlength, comp flags, igmp mrt, rt hdrlength, rt type, rt seg-left, hbh hdrlength, dst hdrlength,
        frag reserved, mh hdrlength, mh reserved, srh flags, srh last-entry, arp hlen, arp plen;
    bits12: vlan id;
    bits13: frag frag-off;
    bits16: ip checksum, ip frag-off, ip id, ip length, ip6 length, tcp checksum, tcp urgptr, tcp window, udp checksum, udp length,
        udplite checksum, udplite csumcov,
        icmp checksum, icmp id, icmp mtu, icmp sequence, icmpv6 checksum, icmpv6 id, icmpv6 max-delay, icmpv6 sequence,
        ah reserved, comp cpi, igmp checksum, mh checksum, srh tag, arp htype, rt mtu, ct zone, ct original zone, ct reply zone;
    bits20: ip6 flowlabel;
    integer: tcp ackseq, tcp sequence, sctp checksum, sctp vtag, icmp gateway, icmpv6 mtu,
        ah sequence, ah spi, esp sequence, esp spi, igmp group,
        meta length, meta cpu, meta random, meta cgroup, frag id, ct id, ipsec in reqid, ipsec out reqid, ipsec in spi, ipsec out spi;
    bits64: ct bytes, ct packets, ct avgpkt, ct original bytes, ct original packets, ct reply bytes, ct reply packets;
    dscp: ip dscp, ip6 dscp;
    inet_proto: ah nexthdr, comp nexthdr, rt nexthdr, hbh nexthdr, dst nexthdr, frag nexthdr, mh nexthdr;
    igmp_type: igmp type; mh_type: mh type; dccp_pkttype: dccp type; arp_op: arp operation; iface_type: meta iiftype, meta oiftype;
    ether_type: ether type, vlan type, arp ptype;
    ether_addr: ether saddr, ether daddr, arp saddr ether, arp daddr ether;
    ipv4_addr: arp saddr ip, arp daddr ip, rt ip nexthop, ipsec in ip saddr, ipsec in ip daddr, ipsec out ip saddr, ipsec out ip daddr;
    ipv6_addr: rt ip6 nexthop, ipsec in ip6 saddr, ipsec in ip6 daddr, ipsec out ip6 saddr, ipsec out ip6 daddr;
    uid: meta skuid; gid: meta skgid; realm: meta rtclassid, rt classid; devgroup: meta iifgroup, meta oifgroup; mark: socket mark;
    ct_label: ct label; hour: meta hour; day: meta day; classid: meta priority;
    string: ct helper, osf name; date: meta time; period: ct expiration;
    ifname: meta ibrname, meta obrname, meta iifkind, meta oifkind, meta sdifname;
    bits16: tcp option maxseg size; boolean: meta secpath, meta ipsec, rt ipsec
    """
)

_VAGUE = frozenset(("integer", "payload", "byte", "time", "day"))
_ANY = re.compile(r".*", re.DOTALL)
_NUMBER = r"(?:0[xX][0-9a-fA-F]+|\d+)"
_CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]?\d"
_BARE_HOUR = rf"(?:{_NUMBER}|{PERIOD}|{_CLOCK})"
_HOUR = rf"(?:{_BARE_HOUR}|\"(?:\d*|{PERIOD}|\s*{_CLOCK}(?::(?:[0-5]?\d|6[01]))?)\")"
_DAY_NUMBER, _DAY_NAME = r"0*(?:0[xX]0*)?[0-6]", r"(?:Sun|Mon|Tues|Wednes|Thurs|Fri|Satur)day"
_DATE = r"\s*\d{1,4}-(?:0?[1-9]|1[0-2])-(?:0?[1-9]|[12]\d|3[01])(?!\d)[^\"]*"
_PERIOD = rf"(?:{_NUMBER}|{PERIOD})"

FORMS = {
    "hour": re.compile(rf"{_HOUR}|{_BARE_HOUR}-{_BARE_HOUR}"),
    "day": re.compile(rf'"?(?:{_DAY_NUMBER}|{_DAY_NAME})"?|{_DAY_NUMBER}-(?:{_DAY_NUMBER}|{_DAY_NAME})'),
    "date": re.compile(rf'{_NUMBER}|{_NUMBER}-{_NUMBER}|"(?:\d+|{_DATE})"'),
    "classid": _ANY,
    "string": re.compile(r'[^\d"-].*|\d[^-/]*|"[^"]{1,15}"'),
    "ifname": re.compile(r'[^\d"-].{0,14}|\d[^-/]*|"[^"]{1,15}"|"[^"]{1,15}\*"'),
    "period": re.compile(rf'{_PERIOD}|"(?:{_PERIOD})?"|{_PERIOD}-{_PERIOD}'),
}
"""Kinds of values that are not compared here, as regular expressions of their words."""

NUMBERS = frozenset(("integer", "payload", "byte", "bit", *(f"bits{size}" for size in (3, 4, 12, 13, 16, 20, 64))))
"""Kinds of plain numbers, which are one type to nft."""

CALLED = {
    "hour": "time of day",
    "day": "day of the week",
    "date": "date",
    "period": "span of time",
    **dict.fromkeys(("string", "ifname"), "name of at most 15 letters"),
}

_HEADERS = {
    "rt": frozenset(("nexthdr", "hdrlength", "type", "seg-left", "classid", "nexthop", "ip nexthop", "ip6 nexthop", "mtu", "ipsec")),
    "hbh": frozenset(("nexthdr", "hdrlength")),
    "dst": frozenset(("nexthdr", "hdrlength")),
    "frag": frozenset(("nexthdr", "reserved", "frag-off", "reserved2", "more-fragments", "id")),
    "mh": frozenset(("nexthdr", "hdrlength", "type", "reserved", "checksum")),
    "ether": frozenset(("saddr", "daddr", "type")),
    "vlan": frozenset(("id", "cfi", "dei", "pcp", "type")),
    "arp": frozenset(
        ("htype", "ptype", "hlen", "plen", "operation", "saddr ether", "daddr ether", "saddr ip", "daddr ip")
    ),
    "exthdr": frozenset(("hbh", "frag", "rt", "dst", "mh", "srh")),
}  # fmt: skip
_COMPUTED = ("numgen ", "jhash ", "symhash ")
_OF_IPV6 = frozenset(("hbh", "dst", "frag", "mh", "srh", "exthdr"))
_OF_ROUTING_HEADER = frozenset(("rt nexthdr", "rt hdrlength", "rt type", "rt seg-left"))
_TCP_OPTIONS = frozenset(
    ("echo", "eol", "fastopen", "md5sig", "mptcp", "maxseg", "mss", "nop", "noop", "sack", "sack0", "sack1", "sack2", "sack3",
     "sack-perm", "sack-permitted", "timestamp", "window")
)  # fmt: skip
_LAST_OPTION = 255
_IP_OPTIONS = frozenset(("lsrr", "rr", "ssrr", "ra"))


def kind_of(spec: Spec) -> str:
    """The kind of a field's values; nothing where any value is taken."""
    kind = _KINDS.get(spec.name) or _KINDS.get(f"meta {spec.name}")
    if spec.name.startswith(_COMPUTED):
        return "integer"
    return kind or ("" if spec.type in _VAGUE else spec.type)


def check(spec: Spec, family: str) -> None:
    """Raises `Refused` where nft has no such field, or none in tables of that family."""
    wrong = _wrong(spec.name, family)
    if wrong:
        raise Refused(wrong)


@lru_cache(maxsize=4096)
def _wrong(name: str, family: str) -> str:
    """What is wrong with a field there; nothing where it is fine."""
    head, _, key = name.partition(" ")
    if head in _HEADERS and key not in _HEADERS[head]:
        return f"`{head}` has no field `{key}`; it has {', '.join(sorted(_HEADERS[head]))}"
    if head == "arp" and family in ("ip", "ip6", "inet"):
        return f"a table of family {family} sees no ARP: that is for tables of family arp, bridge or netdev"
    if family == "ip" and (head in _OF_IPV6 or name in _OF_ROUTING_HEADER):
        return f"`{name}` is of IPv6, and a table of family ip sees none"
    if head in ("tcp", "ip") and key.startswith("option "):
        return _wrong_option(head, key.split()[1])
    if head == "fib" and len({"saddr", "daddr"} & set(name.split()[1:-1])) != 1:
        return "fib asks for the source or for the destination: name one of `saddr` and `daddr`"
    return ""


def _wrong_option(head: str, name: str) -> str:
    known = _TCP_OPTIONS if head == "tcp" else _IP_OPTIONS
    if name in known or (head == "tcp" and name.isdecimal() and int(name[:4]) <= _LAST_OPTION):
        return ""
    return f"`{head}` has no option `{name}`; it has {', '.join(sorted(known))}"
