"""pfSense's configuration as a piece of the rule graph.

The file is not the ruleset: a generator writes pf lines from it, adds its own before and after, and silently leaves out what it
cannot express. Booleans are presence. The first match on the interface where a packet enters decides, since a tab's rules are quick;
floating rules come first, then groups, then tabs. Behind them inbound is blocked and outbound passed; on LAN the firewall's own ports are
open before any rule. What is only known at run time (DHCP, names in aliases, downloaded lists, schedules, limits) matches perhaps. Where
pf or the generator would not take the ruleset, nobody knows which rules are in force, and every question stays open.
"""

from __future__ import annotations

from auditor.formats.pf import addresses as pf
from auditor.formats.pf import device
from auditor.formats.pf.addresses import Addresses
from auditor.formats.pf.bridges import bridges
from auditor.formats.pf.device import Firewall, Port
from auditor.formats.pf.matching import condition
from auditor.formats.pf.ruleset import Direction, Line
from auditor.formats.pfsense import checks, nat, references, rules, system, tunnels, usage
from auditor.formats.pfsense.context import Context
from auditor.formats.pfsense.interfaces import Interface
from auditor.formats.pfsense.read import Config
from auditor.formats.xmlspan import Element
from auditor.model.filters import Filter, either
from auditor.model.graph import Graph, Place
from auditor.model.record import replace
from auditor.model.source import Effect, Level, Note, Unknown

MOST_LINES = 5_000_000
_DRIVERS = ("ovpn", "tun_wg", "wg", "ipsec", "gif", "gre", "tailscale", "zt", "enc", "l2tp", "pppoe")
TUNNEL_DEVICES = (*_DRIVERS, *tunnels.GROUPS)


def convert(config: Config, id_: str) -> Graph:
    """The graph of one file; `id_` is what its zones are called by."""
    ctx = Context(config, id_)
    checks.file(ctx)
    checks.elements(ctx)
    checks.names(ctx)
    references.check(ctx)
    user = rules.in_order(ctx, rules.rules(ctx))
    forwards, _ = nat.forwards(ctx)
    ahead = [*nat.lines(ctx, forwards), *nat.exposed(ctx)]
    lines = [*ahead, *system.before(ctx), *(line for rule in user for line in _united(rule.lines)), *system.after(ctx)]
    lines = [*system.in_doubt(ctx.refused[:1], config.root.head), *lines] if not config.has("system/disablefilter") else []
    if len(lines) * len(ctx.interfaces.by_id) > MOST_LINES:
        return Graph(notes=(*ctx.notes, _too_many(config)))
    graph = device.graph(_firewall(ctx, id_, lines), lines)
    filters = _by_place(graph, id_)
    checks.forwards(ctx, forwards, filters, {index: condition(forward.selector) for index, forward in enumerate(forwards)})
    checks.floating(ctx, user, filters)
    checks.lockout(ctx, user, lines)
    usage.unused(ctx)
    return graph + Graph(notes=tuple(ctx.notes))


def _too_many(config: Config) -> Note:
    message = f"has more than {MOST_LINES:,} lines, counted for each interface: too many to be judged"
    return Note("unparsable", message, config.root.head, Effect.UNKNOWN, Level.ERROR)


def _united(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """The two lines of a rule for both families as one: next to each other and of one mind, they are a single rule to a reader."""
    if len(lines) != 2 or lines[0].rule.action is not lines[1].rule.action or lines[0].interfaces != lines[1].interfaces:
        return lines
    first, second = lines
    if first.directions != second.directions:
        return lines
    rule = replace(first.rule, condition=either(first.rule.condition, second.rule.condition), text=_both(first.rule.text, second.rule.text))
    return (replace(first, rule=rule),)


def _both(one: str, other: str) -> str:
    return one if one.replace(" inet ", " inet6 ") != other else one.replace(" inet ", " ", 1)


def _by_place(graph: Graph, id_: str) -> dict[tuple[str, Direction], Filter]:
    ways = {Place.ENTRY: Direction.IN, Place.EXIT: Direction.OUT}
    return {((hook.zone or "").removeprefix(f"{id_}:"), ways[hook.place]): hook.filter for hook in graph.hooks if hook.place in ways}


def _firewall(ctx: Context, id_: str, lines: list[Line]) -> Firewall:
    root = ctx.config.root
    name = ctx.config.text("system/hostname")
    ports = [_port(ctx, interface) for interface in ctx.interfaces.by_id.values() if not interface.hollow]
    known = {port.name for port in ports}
    if ctx.interfaces.elsewhere:
        named = sorted({name for line in lines for name in line.interfaces or ()} - known)
        ports += [_unseen(root, name) for name in named]
    label = f"pfSense {name}" if name else "pfSense"
    joined = bridges(root, {interface.id: interface.device for interface in ctx.interfaces.by_id.values()}) if lines else ()
    return Firewall(id_, label, root.head, ctx.interfaces.itself, tuple(ports), tuple(joined), system.administered(ctx))


def _port(ctx: Context, interface: Interface) -> Port:
    uplink = interface.id in ctx.interfaces.uplinks()
    place = interface.element.child("descr") or interface.element
    return Port(interface.id, interface.label, place.span, _networks(ctx, interface), uplink)


def _networks(ctx: Context, interface: Interface) -> Addresses:
    """What is behind an interface: its networks, static routes and tunnels, in the families that are on."""
    behind = [at for text in interface.behind if (at := pf.literal(text)) is not None]
    frame = pf.BOTH if ctx.ipv6 else pf.V4
    found = pf.union([interface.network(), pf.known(behind)]).within(frame)
    if interface.told and (found.maybe or not (interface.bridged or interface.device.startswith(TUNNEL_DEVICES))):
        return found
    return found | pf.unknown(Unknown(f"the networks behind {interface.label} are not in the file", interface.element.head), frame)


def _unseen(root: Element, name: str) -> Port:
    """An interface that rules name and that another part of the backup describes."""
    reason = Unknown(f"interface {name} is in another part of the backup", root.head)
    return Port(name, name.upper(), root.head, pf.unknown(reason), name == "wan")
