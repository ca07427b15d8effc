"""Which network and transport protocol the matches of a rule have fixed, as nft keeps book of it: what contradicts is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.formats.nftables import fields
from auditor.formats.nftables.fields import Spec
from auditor.formats.nftables.match import Matcher
from auditor.formats.nftables.syntax import Atom, Expression, FieldName, Match, PlainSet, SetLiteral
from auditor.formats.nftables.values import Refused

if TYPE_CHECKING:
    from auditor.formats.nftables.drafts import Draft

_TRANSPORT = frozenset(("meta l4proto", "l4proto", "ip protocol", "ip6 nexthdr"))
_FLOW_TRANSPORT = frozenset(("ct protocol", "ct original protocol", "ct reply protocol"))
_OF_FLOW = {f"ct {way} {key}": key for way in ("original", "reply") for key in ("saddr", "daddr", "proto-src", "proto-dst")}
FIXING = _TRANSPORT | _FLOW_TRANSPORT | {"meta nfproto", "nfproto", "meta protocol", "ct l3proto"} | _OF_FLOW.keys()
"""Fields whose comparison fixes a protocol or a family, or needs one that is fixed."""

_KNOWN = frozenset((1, 2, 6, 17, 33, 50, 51, 58, 108, 132, 136))
"""Protocols that nft knows the headers of: others that a header names are not kept."""

_FAMILY_FIELDS = frozenset(("meta nfproto", "nfproto"))
_FAMILIES = {"nf_proto": {2: 4, 10: 6}, "ether_type": {0x0800: 4, 0x86DD: 6}}


def check(match: Match, line: Draft, matcher: Matcher) -> None:
    """Keep book of one match. Raises `Refused` where it contradicts those before it."""
    if isinstance(match.key, FieldName):
        spec = fields.spec(match.key.name, line.place.setting)
        _field(spec, line)
        if spec.name in FIXING and match.operator in ("", "==", "eq"):
            _fixed(spec, match, line, matcher)
        return
    check_key(match.key, line, matcher)


def check_key(key: Expression, line: Draft, matcher: Matcher) -> None:
    """Keep book of the fields of a key, or of a field that is written. Raises `Refused`."""
    for each in matcher.keys(key, line.place):
        _field(each.spec, line)


def _field(spec: Spec, line: Draft) -> None:
    family = line.place.setting.family
    if family != "inet" and spec.name in _FAMILY_FIELDS:
        raise Refused(f"nfproto is for tables of family inet: one of {family} has one")
    if family == "netdev" and spec.name.startswith("ct "):
        raise Refused("connection tracking comes after the netdev hooks")
    if family == "arp" and (spec.layer3 is not None or spec.layer4 is not None or spec.name.startswith(("ct ", "fib "))):
        raise Refused(f"a table of family arp sees no IP packets: `{spec.name}` is not there")
    if spec.name in _OF_FLOW:
        _of_flow(spec.name, line)
    if spec.layer3 is not None:
        _layer3(spec, line)
    if spec.layer4 is not None and not spec.name.partition(" ")[2].startswith(("option", "chunk")):
        _layer4(spec, line)


def _of_flow(name: str, line: Draft) -> None:
    """Addresses and ports of a flow are of the kind that earlier matches have fixed."""
    key = _OF_FLOW[name]
    if key.startswith("proto") and not line.layer4:
        raise Refused(f"`{name}` needs a match of the protocol before it (`meta l4proto …`)")
    if key.endswith("addr") and line.layer3 is None:
        way = name.split()[1]
        raise Refused(f"`{name}` does not say of which family: write `ct {way} ip {key}` or `ct {way} ip6 {key}`")


def _layer3(spec: Spec, line: Draft) -> None:
    if spec.name.startswith("icmp"):
        if line.layer3 is None and not line.layer4:
            line.layer3 = spec.layer3  # it brings the family along with the protocol, where neither is asked for yet
        return
    if line.layer3 not in (None, spec.layer3):
        raise Refused(f"`{spec.name}` contradicts the family that is fixed already: {'IPv4' if line.layer3 == 4 else 'IPv6'}")
    if not spec.name.startswith("ct "):
        line.layer3 = spec.layer3


def _layer4(spec: Spec, line: Draft) -> None:
    if any(number != spec.layer4 for number in line.layer4):
        raise Refused(f"`{spec.name}` contradicts the protocol that is fixed already")
    assert spec.layer4 is not None
    line.layer4 = (spec.layer4,)


def _fixed(spec: Spec, match: Match, line: Draft, matcher: Matcher) -> None:
    """A comparison with protocols or a family fixes them; several protocols that are asked for are all kept."""
    family, numbers = line.place.setting.family, _numbers(spec, match, line, matcher)
    if spec.name in _TRANSPORT or (spec.name in _FLOW_TRANSPORT and line.layer3 is not None):
        if not spec.name.endswith("l4proto"):
            numbers = tuple(number for number in numbers if number in _KNOWN)
        line.layer4 = tuple(dict.fromkeys((*line.layer4, *numbers)))
    elif len(numbers) == 1 and family == ("netdev" if spec.type == "ether_type" else "inet") and spec.type in _FAMILIES:
        line.layer3 = _FAMILIES[spec.type].get(numbers[0], line.layer3)


def _numbers(spec: Spec, match: Match, line: Draft, matcher: Matcher) -> tuple[int, ...]:
    """The values that are written out; none where they are a range, a named set or not known."""
    value, moment = match.value, line.place.moment
    if isinstance(value, PlainSet | SetLiteral):
        found = matcher.resolver.set_values(value, spec.type, moment)
    elif isinstance(value, Atom) and value.word[0] != "@":
        found = matcher.resolver.values(value, spec.type, moment)
    else:
        return ()
    return tuple(low for low, high in found.spans if low == high)
