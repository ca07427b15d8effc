"""Traps that show only in the whole: names that break the ruleset, forwards nobody lets in, rules that never get a say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from auditor.formats.pf.elements import slips
from auditor.formats.pf.ruleset import Direction, Line, may_permit, reached, undecided
from auditor.formats.pfsense.aliases import PORT_TYPES, Alias
from auditor.formats.pfsense.context import Context, shown
from auditor.formats.pfsense.elements import ELEMENTS
from auditor.formats.pfsense.interfaces import is_macro
from auditor.formats.pfsense.nat import Forward
from auditor.formats.pfsense.read import OLDEST_JUDGED, field
from auditor.formats.pfsense.rules import UserRule
from auditor.formats.xmlspan import Element
from auditor.model.filters import Condition, Filter, Verdict
from auditor.model.headers import NEW_FLOW, destinations
from auditor.model.packets import PacketSet
from auditor.model.source import Effect, Level

MOST_COMPARISONS = 200_000

Filters = Mapping[tuple[str, Direction], Filter]


def elements(ctx: Context) -> None:
    """Elements under a misspelt name: nothing reads them."""
    config = ctx.config
    known = ELEMENTS[config.root.name] if config.partial and config.root.name in ELEMENTS else ELEMENTS
    for element, meant in slips(config.root, known):
        message = f"<{shown(element.name)}> is none of pfSense's elements, and nothing reads it: is <{meant}> meant?"
        ctx.note("element-misspelt", message, element.head, Effect.DROPPED, Level.ERROR)


def file(ctx: Context) -> None:
    """What the file as a whole says about itself."""
    config, root = ctx.config, ctx.config.root.head
    if config.partial:
        message = f"is a backup of the area <{config.root.name}> alone: what it refers to is elsewhere and not known"
        ctx.note("partial-file", message, root, Effect.UNKNOWN, Level.NOTE)
    elif config.revision is None:
        message = "has no <version>: it is judged as today's release would"
        ctx.note("revision", message, root, Effect.UNKNOWN, Level.NOTE)
    elif config.revision < OLDEST_JUDGED:
        version = config.root.child("version")
        release = ".".join(map(str, config.revision))
        message = (
            f"was written by a release before 2.3 (revision {release}), which read some things otherwise: only what is the same is judged"
        )
        ctx.note("revision", message, version.span if version is not None else root, Effect.UNKNOWN)
    switch = config.at("system/disablefilter")
    if switch is not None:
        message = "the packet filter is switched off: everything passes, and nothing is translated"
        ctx.note("filter-disabled", message, switch.head, Effect.DANGEROUS, Level.ERROR)
    _beside(ctx)


def _beside(ctx: Context) -> None:
    """What brings rules of its own that are not in the file, or filters where nothing is expected to."""
    for bridge in ctx.config.every("bridges/bridged"):
        if field(bridge, "members"):
            message = "traffic between the members of a bridge meets their rules; which member a machine is behind is not known"
            ctx.note("bridge", message, bridge.head, Effect.UNKNOWN, Level.NOTE)
    for package in ctx.config.every("installedpackages/package"):
        if package.child("filter_rule_function") is not None:
            name = shown(field(package, "name"))
            ctx.note("rules-elsewhere", f"package {name} adds rules that are not in the file", package.head, Effect.UNKNOWN, Level.NOTE)
    portal = ctx.config.at("captiveportal")
    for zone in portal.children if portal is not None else ():
        if zone.child("enable") is not None:
            ctx.note("rules-elsewhere", "a captive portal adds rules that are not in the file", zone.head, Effect.UNKNOWN, Level.NOTE)
    for upnp in ctx.config.every("installedpackages/miniupnpd/config"):
        if field(upnp, "enable") not in ("", "off"):
            message = "UPnP lets machines open ports that are not in the file"
            ctx.note("rules-elsewhere", message, upnp.head, Effect.UNKNOWN, Level.NOTE)


def names(ctx: Context) -> None:
    """Descriptions and aliases that the generator makes macros and tables of."""
    labels: dict[str, Element] = {}
    for interface in ctx.interfaces.by_id.values():
        place = interface.element.child("descr") or interface.element
        if not is_macro(interface.macro):
            ctx.refuse(f"the description of interface {shown(interface.id)} is no name for a macro (letters, digits and _ are)", place.span)
        earlier = labels.setdefault(interface.macro, place)
        if earlier is not place:
            message = f"two interfaces are called {shown(interface.macro)}: the rules of both act on the later one"
            ctx.note("interface-label-twice", message, place.span, Effect.DANGEROUS, Level.ERROR, (("the earlier one", earlier.span),))
    for twice in ctx.aliases.overridden:
        message = f"alias {shown(twice.name)} is defined twice: the later definition holds"
        ctx.note("alias-twice", message, twice.element.head, Effect.IGNORED, Level.NOTE)
    for alias in ctx.aliases.by_name.values():
        _alias(ctx, alias)


def _alias(ctx: Context, alias: Alias) -> None:
    place = alias.element.child("name") or alias.element
    if not is_macro(alias.name):
        ctx.refuse(f"the alias name {shown(alias.name)!r} is no name for a macro (letters, digits and _ are)", place.span)
    if alias.type in PORT_TYPES:
        for entry, span in ctx.aliases.ports(alias.name).ranges:
            message = f"{shown(entry)!r} is no port (a range has a colon): the whole alias is empty, and rules with it are left out"
            ctx.note("port-alias-range", message, span, Effect.DROPPED)
        return
    table = ctx.aliases.table(alias.name)
    for entry, span in table.ranges:
        message = f"the range {shown(entry)!r} is taken for a domain name, which never resolves: its addresses are not in the alias"
        ctx.note("alias-range", message, span, Effect.NARROWED)
    for entry, span in table.bad:
        ctx.refuse(f"the entry {shown(entry)!r} of alias {shown(alias.name)} is no address", span)


def forwards(ctx: Context, found: Iterable[Forward], filters: Filters, condition: Mapping[int, Condition]) -> None:
    """Forwards whose target no rule of their interface lets in."""
    for index, forward in enumerate(found):
        filter_ = filters.get((forward.interface, Direction.IN))
        if forward.passes or filter_ is None:
            continue
        packets = condition[index].settle(undecided).maybe & NEW_FLOW
        if packets and not may_permit(filter_.rules, packets):
            message = "no rule of its interface passes the target and its port: the port forward reaches nothing"
            ctx.note("forward-unreachable", message, forward.element.head, Effect.IGNORED, Level.NOTE)


def floating(ctx: Context, rules: Iterable[UserRule], filters: Filters) -> None:
    """Floating rules without quick that quick rules cover wherever they act."""
    weak = [(rule, line) for rule in rules if rule.tab == "floating" for line in rule.lines if line.decides and not line.quick]
    spent = 0
    for rule, line in weak:
        reaches = False
        for (interface, direction), filter_ in filters.items():
            if line.applies(interface, direction):
                spent += len(filter_.rules)
                reaches = reaches or spent > MOST_COMPARISONS or reached(filter_.rules, line.rule, _packets(line))
        if not reaches:
            message = "the rule is not quick, and quick rules decide about everything it matches: it never has a say"
            ctx.note("floating-never-wins", message, rule.element.head, Effect.IGNORED, Level.NOTE)


def lockout(ctx: Context, rules: Iterable[UserRule], lines: Iterable[Line]) -> None:
    """Blocks in front of the firewall's own ports that the anti-lockout rule has opened already."""
    opened = next((line for line in lines if line.rule.name == "anti-lockout rule"), None)
    if opened is None:
        return
    kept = _packets(opened)
    itself = destinations(ctx.interfaces.itself.surely)
    for rule in rules:
        for line in rule.lines:
            blocks = line.rule.action in (Verdict.DENY, Verdict.REJECT)
            acts = any(line.applies(name, Direction.IN) for name in opened.interfaces or ())
            if blocks and acts and _packets(line) <= itself and _packets(line).meets(kept):
                message = "the anti-lockout rule above it has opened the firewall's own ports already: the block does not close them"
                ctx.note("anti-lockout", message, rule.element.head, Effect.IGNORED, Level.NOTE, (("what brings it", opened.rule.span),))


def _packets(line: Line) -> PacketSet:
    return line.rule.condition.settle(undecided).surely & NEW_FLOW
