"""What routes, groups and virtual addresses name and is not there: without it they do nothing."""

from __future__ import annotations

from auditor.formats.pf import addresses as pf
from auditor.formats.pfsense.context import Context, shown
from auditor.formats.pfsense.lines import known_gateway
from auditor.formats.pfsense.read import field, placeholder, value
from auditor.formats.xmlspan import Element
from auditor.model.source import Effect, Level

_MODES = frozenset({"ipalias", "carp", "proxyarp", "other"})


def check(ctx: Context) -> None:
    """Notes every name that nothing in the file has."""
    for route in ctx.config.every("staticroutes/route"):
        if route.child("disabled") is None:
            _gateway(ctx, route, "gateway", "there is no such route")
            _network(ctx, route)
    section = ctx.config.at("interfaces")
    for interface in section.children if section is not None else ():
        for name in ("gateway", "gatewayv6"):
            _gateway(ctx, interface, name, "nothing is routed there")
    if not ctx.interfaces.elsewhere:
        for group in ctx.config.every("ifgroups/ifgroupentry"):
            _members(ctx, group)
    for vip in ctx.config.every("virtualip/vip"):
        mode = vip.child("mode")
        if mode is not None and value(mode) not in _MODES and not placeholder(value(mode)):
            message = f"{shown(value(mode))!r} is no kind of virtual address: the firewall does not have it"
            ctx.note("value-unknown", message, mode.span, Effect.DROPPED, Level.WARNING)


def _gateway(ctx: Context, holder: Element, name: str, lost: str) -> None:
    written = holder.child(name)
    if written is not None and value(written) and not known_gateway(ctx, value(written)) and pf.literal(value(written)) is None:
        message = f"gateway {shown(value(written))} is not in the file: {lost}"
        ctx.note("gateway-unknown", message, written.span, Effect.DROPPED, Level.NOTE)


def _network(ctx: Context, route: Element) -> None:
    written = route.child("network")
    text = value(written)
    if written is not None and pf.literal(text) is None and text not in ctx.aliases and not placeholder(text) and not ctx.config.partial:
        message = f"{shown(text)!r} is no network and no alias: there is no such route"
        ctx.note("value-unknown", message, written.span, Effect.DROPPED, Level.WARNING)


def _members(ctx: Context, group: Element) -> None:
    written = group.child("members")
    for name in value(written).split():
        if not ctx.interfaces.exists(name) and name not in ctx.interfaces.disabled and not placeholder(name):
            message = f"group {shown(field(group, 'ifname'))} names {shown(name)}, which is no interface: its rules do not act there"
            ctx.note("interface-missing", message, (written or group).span, Effect.DROPPED, Level.WARNING)
