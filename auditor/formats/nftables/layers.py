"""Which network and transport protocol the matches of a rule have fixed, as nft keeps book of it: what contradicts is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.formats.nftables import fields
from auditor.formats.nftables.fields import Spec
from auditor.formats.nftables.match import Key, Matcher
from auditor.formats.nftables.syntax import Atom, Expression, FieldName, Match, PlainSet, SetLiteral
from auditor.formats.nftables.values import Refused

if TYPE_CHECKING:
    from auditor.formats.nftables.rules import Draft

SEVERAL = -1
"""A set of protocols: none of them is fixed, and none can be asked for."""

FIXING = frozenset(
    ("meta l4proto", "l4proto", "ip protocol", "ip6 nexthdr", "meta nfproto", "nfproto", "meta protocol", "ct protocol", "ct l3proto")
)
"""Fields whose comparison fixes a protocol or a family."""

_FAMILY_FIELDS = frozenset(("meta nfproto", "nfproto"))
_FIXING = frozenset(("inet_proto", "nf_proto", "ether_type"))
_FAMILIES = {"nf_proto": {2: 4, 10: 6}, "ether_type": {0x0800: 4, 0x86DD: 6}}


def check(match: Match, line: Draft, matcher: Matcher) -> None:
    """Keep book of one match. Raises `Refused` where it contradicts those before it."""
    if isinstance(match.key, FieldName) and line.place.setting.family != "netdev":
        spec = fields.spec(match.key.name, line.place.setting)
        if spec.layer3 is not None or spec.name in _FAMILY_FIELDS:
            _layer3(spec, line)
        if spec.layer4 is not None:
            _layer4(spec, line)
        if spec.type not in _FIXING:
            return
        _fixed(Key(spec, None, None, match.key.at), match, line, matcher)
        return
    if line.place.setting.family == "netdev" and any(key.spec.name.startswith("ct ") for key in matcher.keys(match.key, line.place)):
        raise Refused("connection tracking comes after the netdev hooks")
    for key in matcher.keys(match.key, line.place):
        _layer3(key.spec, line)
        _layer4(key.spec, line)
        _fixed(key, match, line, matcher)


def check_key(key: Expression, line: Draft, matcher: Matcher) -> None:
    """Keep book of the fields of a map's key. Raises `Refused`."""
    for each in matcher.keys(key, line.place):
        _layer3(each.spec, line)
        _layer4(each.spec, line)


def _layer3(spec: Spec, line: Draft) -> None:
    if spec.name in ("meta nfproto", "nfproto") and line.place.setting.family in ("ip", "ip6"):
        raise Refused(f"a table of family {line.place.setting.family} has one nfproto")
    if spec.layer3 is None or spec.name.startswith("icmp"):
        return
    if line.layer3 not in (None, spec.layer3):
        raise Refused(f"`{spec.name}` contradicts the family that is fixed already: {'IPv4' if line.layer3 == 4 else 'IPv6'}")
    line.layer3 = spec.layer3


def _layer4(spec: Spec, line: Draft) -> None:
    if spec.layer4 is None:
        return
    if line.layer4 not in (None, spec.layer4):
        raise Refused(f"`{spec.name}` contradicts the protocol that is fixed already")
    line.layer4 = spec.layer4


def _fixed(key: Key, match: Match, line: Draft, matcher: Matcher) -> None:
    """A comparison with a protocol or a family fixes it."""
    spec, positive = key.spec, match.operator in ("", "==", "eq")
    if spec.type not in _FIXING or not positive or key.transform is not None:
        return
    if isinstance(match.value, PlainSet | SetLiteral):
        if spec.type == "inet_proto" and line.layer4 is None:
            line.layer4 = SEVERAL
        return
    found = (
        matcher.resolver.values(match.value, spec.type, line.place.moment)
        if isinstance(match.value, Atom) and match.value.word[0] != "@"
        else None
    )
    if found is None or len(found.spans) != 1:
        return
    number = found.spans[0][0]
    if spec.type == "inet_proto":
        if line.layer4 not in (None, number, SEVERAL):
            raise Refused("two protocols for one packet")
        line.layer4 = number
    elif number in _FAMILIES[spec.type]:
        line.layer3 = _FAMILIES[spec.type][number]
