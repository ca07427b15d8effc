"""Outbound translation: which addresses leave an interface as which others. One-to-one first, then the user's rules, then the automatic.

Automatic translation is for IPv4 on interfaces with a gateway, from the networks of those without. A rule of the user's that asks for more
than a source may or may not take a packet.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.formats.opnsense.aliases import latest
from auditor.formats.opnsense.interfaces import Interface
from auditor.formats.opnsense.lines import Settings
from auditor.formats.opnsense.terms import NO_PORT, Kind, peer, term
from auditor.formats.opnsense.values import at, empty, flag, items, text
from auditor.formats.pf.addresses import (
    BOTH,
    FAMILY,
    NONE,
    V4,
    V6,
    Addresses,
    complement,
    known,
    literal,
    meet,
    networks,
    normal,
    union,
    unknown,
)
from auditor.formats.pf.translation import Translation, together
from auditor.formats.xmlspan import Element
from auditor.model.source import Unknown

_LOOPBACK = networks("127.0.0.0/8")


def outbound(root: Element, settings: Settings) -> dict[str, Translation]:
    """Interface → what leaves it under another address."""
    found = {}
    for interface in settings.interfaces.real():
        translation = together(
            [
                *_one_to_one(root, interface, settings),
                *_prefixes(root, interface),
                *_rules(root, interface, settings),
                *_automatic(root, interface, settings),
            ]
        )
        if translation is not None:
            found[interface.name] = translation
    return found


def _why(interface: Interface) -> Unknown:
    reason = f"source addresses are translated on their way out of {interface.label}"
    return Unknown(reason, interface.element.head, f"opnsense:{interface.name}:outbound")


def _mode(root: Element) -> str:
    return at(root, "nat/outbound/mode") or "automatic"


def _automatic(root: Element, interface: Interface, settings: Settings) -> Iterator[Translation]:
    if _mode(root) not in ("automatic", "hybrid") or not interface.upstream:
        return
    inner = union(other.networks for other in settings.interfaces.real() if not other.upstream)
    sources = union([inner.within(V4), known(_LOOPBACK)])
    spared = _spared(root, interface, settings)
    if spared:
        sources = Addresses(meet(sources.surely, complement(spared)), sources.maybe, sources.names, sources.unknowns)
    yield Translation(sources, interface.addresses.within(V4), _why(interface))


def _spared(root: Element, interface: Interface, settings: Settings) -> tuple[tuple[int, int], ...]:
    """Sources that a rule of the user's may keep from being translated."""
    rules = [rule for rule, applies in _user_rules(root) if applies and flag(rule, "nonat") and _here(rule, interface)]
    return normal(span for rule in rules for span in _sources(rule, settings).maybe)


def _user_rules(root: Element) -> Iterator[tuple[Element, bool]]:
    """The rules of both places, the new first, each with whether it is on; only some modes use them."""
    if _mode(root) not in ("hybrid", "advanced"):
        return
    for rule in latest(root.every("OPNsense/Firewall/Filter/snatrules/rule"), []):
        yield rule, _enabled(rule)
    for rule in root.every("nat/outbound/rule"):
        yield rule, not flag(rule, "disabled")


def _here(rule: Element, interface: Interface) -> bool:
    named = items(text(rule, "interface")) or (("lan",) if rule.child("source_net") is not None else ())
    return not named or interface.name in named


def _rules(root: Element, interface: Interface, settings: Settings) -> Iterator[Translation]:
    for rule, applies in _user_rules(root):
        if applies and _here(rule, interface) and not flag(rule, "nonat"):
            sources = _sources(rule, settings)
            if not _unconditional(rule):
                sources = Addresses((), sources.maybe, sources.names, sources.unknowns)
            yield Translation(sources, _target(rule, interface, settings), _why(interface))


def _sources(rule: Element, settings: Settings) -> Addresses:
    words = items(text(rule, "source_net") or at(rule, "source/network") or at(rule, "source/address")) or ("any",)
    negated = flag(rule, "source_not") or flag(rule.child("source"), "not")
    family = text(rule, "ipprotocol")
    found = union(_addresses(word, settings) for word in words)
    if negated:
        found = Addresses(complement(found.maybe), complement(found.surely), frozenset(), found.unknowns)
    return found.within(FAMILY.get(family, BOTH))


def _addresses(word: str, settings: Settings) -> Addresses:
    item = term(word, False, "", settings.interfaces, settings.aliases, link=False)
    return NONE if item.kind is Kind.LOST else union(part for part, _ in peer(item, NO_PORT, settings.interfaces, settings.aliases).parts)


def _unconditional(rule: Element) -> bool:
    """Whether the rule takes every packet from its sources."""
    asked = ("protocol", "sourceport", "dstport", "source_port", "destination_port", "tagged")
    limited = [name for name in asked if text(rule, name) not in ("", "any")]
    destination = text(rule, "destination_net") or at(rule, "destination/network") or at(rule, "destination/address")
    return not limited and destination in ("", "any")


def _target(rule: Element, interface: Interface, settings: Settings) -> Addresses:
    """The address behind which packets leave: named, or the interface's own."""
    word = text(rule, "target")
    if word in ("other-subnet",):
        word = f"{text(rule, 'targetip')}/{text(rule, 'targetip_subnet') or '32'}"
    return interface.addresses if word in ("", f"{interface.name}ip") else _addresses(word, settings)


def _one_to_one(root: Element, interface: Interface, settings: Settings) -> Iterator[Translation]:
    for rule in mapped(root, interface.name):
        external = literal(text(rule, "external"))
        if external is not None:
            source = text(rule, "source_net") or at(rule, "source/address") or at(rule, "source/network")
            destination = text(rule, "destination_net") or at(rule, "destination/address")
            yield _mapped(_addresses(source, settings), destination, external, interface)


def mapped(root: Element, interface: str) -> Iterator[Element]:
    """The one-to-one rules in force at an interface, those of the new store first."""
    for rule in latest(root.every("OPNsense/Firewall/Filter/onetoone/rule"), []):
        if _enabled(rule) and (text(rule, "interface") or "wan") == interface:
            yield rule
    for rule in root.every("nat/onetoone"):
        if not flag(rule, "disabled") and (text(rule, "interface") or "wan") == interface:
            yield rule


def _enabled(rule: Element) -> bool:
    enabled = rule.child("enabled")
    return enabled is None or not empty(enabled.text)


def _prefixes(root: Element, interface: Interface) -> Iterator[Translation]:
    """IPv6 networks that leave with another prefix, which the file may not have."""
    for rule in latest(root.every("OPNsense/Firewall/Filter/npt/rule"), []):
        inside, outside = (literal(text(rule, name)) for name in ("source_net", "destination_net"))
        if _enabled(rule) and (text(rule, "interface") or "wan") == interface.name and inside is not None:
            why = _why(interface)
            yield Translation(known([inside]), known([outside]) if outside is not None else unknown(why, V6), why)


def _mapped(sources: Addresses, destination: str, external: tuple[int, int], interface: Interface) -> Translation:
    sure = sources if destination in ("", "any") else Addresses((), sources.maybe, sources.names, sources.unknowns)
    return Translation(sure, known([external]), _why(interface))
