"""Translation of sources: outbound rules see the address a packet leaves with, the graph keeps the one it was sent with.

The product translates inner networks to the interface's address by itself; what rules of the user's do instead is theirs to know.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.formats.pf import addresses as pf
from auditor.formats.pf.addresses import Addresses
from auditor.formats.pf.matching import Selector, condition
from auditor.formats.pf.translation import Translation, before, together
from auditor.formats.pfsense.context import Context
from auditor.formats.pfsense.read import field
from auditor.formats.xmlspan import Element
from auditor.model.filters import Condition
from auditor.model.record import replace
from auditor.model.source import Unknown


def translating(ctx: Context) -> frozenset[str]:
    """The interfaces on which outbound packets get another source."""
    off = ctx.config.text("nat/outbound/mode") == "disabled" or ctx.config.partial
    return frozenset() if off else ctx.interfaces.uplinks() & ctx.interfaces.by_id.keys()


def seen_behind(ctx: Context, selector: Selector, name: str) -> Condition:
    """What a rule `out` on interface `name` matches, in terms of the packet before its source was translated."""
    found = _prefixes(ctx, name) if selector.family == "inet6" else (*_to_the_interface(ctx, name), *_one_to_one(ctx, name))
    translation = together(found)
    if translation is None:
        return condition(selector)
    source = before(selector.source, translation)
    doubts = selector.doubts if source.ports is None else (*selector.doubts, Unknown("the source port is translated on the way out"))
    return condition(replace(selector, source=source, doubts=doubts))


def _to_the_interface(ctx: Context, name: str) -> Iterator[Translation]:
    """Outbound translation: by the product itself, inner networks to the interface's address; by rules of the user, who knows."""
    interface = ctx.interfaces.by_id[name]
    why = Unknown(f"which source packets leave {interface.label} with", _outbound(ctx).head)
    if ctx.config.text("nat/outbound/mode") in ("hybrid", "advanced") or ctx.config.has("nat/advancedoutbound/enable"):
        anything = pf.unknown(Unknown("which packets the outbound rules translate", _outbound(ctx).head), pf.V4)
        yield Translation(anything, anything, why)
        return
    own = interface.address("inet")
    if own is not None:
        yield Translation(_inner(ctx, name), own, why)


def _inner(ctx: Context, name: str) -> Addresses:
    """The sources that automatic translation takes on interface `name`."""
    uplinks = ctx.interfaces.uplinks()
    inner = [interface for interface in ctx.interfaces.by_id.values() if interface.id not in uplinks and interface.id != name]
    behind = [found for interface in inner for text in interface.behind if (found := pf.literal(text)) is not None]
    nets = [interface.network() for interface in inner]
    return pf.union([pf.known([*behind, *pf.networks("127.0.0.0/8")]), *nets]).within(pf.V4)


def _prefixes(ctx: Context, name: str) -> Iterator[Translation]:
    """IPv6 networks that leave with another prefix."""
    for rule in mapped(ctx, "nat/npt", name):
        why = Unknown("which packets prefix translation takes", rule.head)
        inside, outside = (_literally(field(rule.child(side) or rule, "address"), why, pf.V6) for side in ("source", "destination"))
        yield Translation(inside, outside, why)


def mapped(ctx: Context, path: str, name: str) -> Iterator[Element]:
    """The rules in force at an interface that give what is behind the firewall an outside address of its own."""
    for rule in ctx.config.every(path):
        off = rule.child("disabled") is not None or rule.child("nobinat") is not None
        if rule.children and (field(rule, "interface") or "wan") == name and not off:
            yield rule


def _literally(text: str, why: Unknown, within: pf.Ranges) -> Addresses:
    at = pf.literal(text)
    return pf.known([at]) if at is not None else pf.unknown(why, within)


def _one_to_one(ctx: Context, name: str) -> Iterator[Translation]:
    """Hosts and networks with an outside address of their own."""
    for rule in mapped(ctx, "nat/onetoone", name):
        ends = field(rule, "external"), field(rule.child("source") or rule, "address")
        why = Unknown("which packets one-to-one translation takes", rule.head)
        outside, inside = (_literally(text, why, pf.V4) for text in ends)
        yield Translation(inside, outside, why)


def _outbound(ctx: Context) -> Element:
    return ctx.config.at("nat/outbound") or ctx.config.root
