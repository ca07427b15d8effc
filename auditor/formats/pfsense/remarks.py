"""What a rule says and does not do, whatever becomes of it: fields that are ignored, switches that say no, ports that are lost."""

from __future__ import annotations

from auditor.formats.pfsense.context import Context, shown
from auditor.formats.pfsense.headers import STATES
from auditor.formats.pfsense.read import placeholder, value
from auditor.formats.pfsense.record import FAMILIES, KNOWN, PRESENCE, VERDICTS, WITH_PORTS, Fields
from auditor.model.filters import Verdict
from auditor.model.source import Effect, Level

_NO = frozenset({"0", "no", "false", "off"})
_END = frozenset({"any", "not", "network", "address", "port"})
_PRECEDENCE = ("any", "network", "address")


def remark(ctx: Context, rule: Fields) -> None:
    """Notes everything about one rule."""
    _switches(ctx, rule)
    _words(ctx, rule)
    _match(ctx, rule)
    _direction(ctx, rule)
    _port(ctx, rule)
    for side in ("source", "destination"):
        _end(ctx, rule, side)


def _switches(ctx: Context, rule: Fields) -> None:
    for name in PRESENCE:
        if rule.text(name).strip().lower() in _NO:
            message = f"<{name}> counts as set because it is there, whatever it says"
            off = name == "disabled"
            level = Level.NOTE if not off else Level.WARNING if rule.permits else Level.ERROR
            ctx.note("presence-boolean", message, rule.span(name), Effect.DROPPED if off else Effect.IGNORED, level)


def _words(ctx: Context, rule: Fields) -> None:
    for name, allowed, taken in (("type", VERDICTS, "pass"), ("ipprotocol", FAMILIES, "inet"), ("statetype", STATES, "keep state")):
        text = rule.text(name)
        if text and text not in allowed and not placeholder(text):
            level = Level.WARNING if name == "type" else Level.NOTE  # whoever writes "deny" means no pass
            ctx.note("value-unknown", f"{shown(text)!r} is no {name}: pfSense takes {taken}", rule.span(name), Effect.IGNORED, level)
    for name, child in rule.children.items():
        if name not in KNOWN:
            message = f"<{shown(name)}> is not known: whether it restricts the rule is not either"
            ctx.note("field-unknown", message, child.head, Effect.UNKNOWN, Level.NOTE)
    schedule = rule.text("sched")
    if schedule and schedule not in ctx.schedules and not ctx.config.partial:
        message = f"schedule {shown(schedule)} does not exist: the rule is always active"
        ctx.note("schedule-unknown", message, rule.span("sched"), Effect.WIDENED, Level.NOTE)


def _match(ctx: Context, rule: Fields) -> None:
    """A `match` rule with quick is read differently by releases before and after they took the word off."""
    if rule.verdict is Verdict.CONTINUE and rule.quick and not rule.has("disabled"):
        message = "a match rule decides nothing, but what it does when it is quick depends on the release"
        ctx.note("match-quick", message, rule.span("type"), Effect.UNKNOWN, Level.NOTE)


def _direction(ctx: Context, rule: Fields) -> None:
    direction = rule.text("direction")
    if direction in ("", "in") or rule.text("floating") == "yes":
        return
    why = "<floating> does not say yes" if rule.floating else "the rule is not floating"
    message = f"<direction> is ignored because {why}: the rule is inbound"
    ctx.note("direction-ignored", message, rule.span("direction"), Effect.IGNORED, Level.NOTE)


def _port(ctx: Context, rule: Fields) -> None:
    written = rule.port
    protocol = rule.protocol
    if written is None or protocol.lower() in WITH_PORTS or rule.has("disabled") or placeholder(protocol):
        return
    what = {"": "all of TCP", "any": "every port of every protocol"}.get(protocol, f"all of {shown(protocol)}")
    why = "the rule names no protocol" if protocol in ("", "any") else f"{shown(protocol)} has no ports here"
    message = f"the port is lost because {why}: the rule {'passes' if rule.permits else 'blocks'} {what}"
    ctx.note("port-ignored", message, written.span, Effect.WIDENED, Level.ERROR if rule.permits else Level.WARNING)


def _end(ctx: Context, rule: Fields, side: str) -> None:
    element = rule.children.get(side)
    children = element.children if element is not None else ()
    written = [child for child in children if child.name == "any" or (child.name in _PRECEDENCE and value(child))]
    if len(written) > 1:
        first = min(written, key=lambda child: _PRECEDENCE.index(child.name))
        for loser in written:
            if loser is not first:
                message = f"<{loser.name}> is ignored: <{first.name}> beside it goes first"
                ctx.note("address-ignored", message, loser.span, Effect.IGNORED, Level.NOTE, (("what counts", first.span),))
    for child in children:
        if child.name not in _END:
            message = f"<{shown(child.name)}> is no part of a rule's {side}: nothing reads it"
            ctx.note("field-unknown", message, child.head, Effect.IGNORED, Level.NOTE)
        if child.name == "not" and value(child).strip().lower() in _NO:
            message = "<not> counts as set because it is there, whatever it says"
            ctx.note("presence-boolean", message, child.span, Effect.IGNORED, Level.NOTE)
