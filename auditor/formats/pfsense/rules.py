"""The filter rules of a file and what becomes of each: its lines, or the reasons why there are none; and the ruleset's order of them.

Floating rules come first, then those of groups, then the tabs. An element without children is no rule, nor is a caption of the pages. A
tab's rule without an interface, and an end that is a text, stop the generator altogether.
"""

from __future__ import annotations

from collections.abc import Sequence

from auditor.formats.pf.ruleset import Line
from auditor.formats.pfsense.context import Context, shown
from auditor.formats.pfsense.ends import Dropped
from auditor.formats.pfsense.lines import lines_of
from auditor.formats.pfsense.record import Fields, fields_of
from auditor.formats.pfsense.remarks import remark
from auditor.formats.xmlspan import Element
from auditor.model.record import dataclass, replace
from auditor.model.source import Effect, Level

FLOATING = "floating"


@dataclass(frozen=True, slots=True)
class UserRule:
    """A `<rule>` and what became of it: its lines, or the product's words on why there are none. `number` counts in the file from 1.

    `tab` is the interface, the group, or "floating"; `label` what a person calls it.
    """

    number: int
    element: Element
    tab: str
    label: str
    lines: tuple[Line, ...] = ()
    dropped: tuple[str, ...] = ()
    disabled: bool = False


def rules(ctx: Context) -> list[UserRule]:
    """Every filter rule of the file, in file order."""
    found: list[UserRule] = []
    positions: dict[str, int] = {}
    trackers: dict[str, int] = {}
    for number, element in enumerate(ctx.config.every("filter/rule"), 1):
        rule = fields_of(element)
        if not element.children or rule.has("separator"):
            continue
        tab = FLOATING if rule.floating else rule.text("interface")
        positions[tab] = positions.get(tab, 0) + 1
        tracker = rule.text("tracker")
        trackers[tracker] = trackers.get(tracker, 0) + 1
        key = tracker if trackers[tracker] == 1 else f"{tracker}#{trackers[tracker]}"
        user = UserRule(number, element, tab, _label(ctx, rule, tab, positions[tab]))
        ctx.about = key if tracker else ""
        found.append(_generated(ctx, rule, user, ctx.about))
    ctx.about = ""
    return found


def in_order(ctx: Context, found: Sequence[UserRule]) -> list[UserRule]:
    """The rules as the ruleset has them, whatever the file's order."""
    rank = {name: place for place, name in enumerate(ctx.interfaces.tab_order(), 1)} | {FLOATING: 0}
    return sorted(found, key=lambda rule: rank.get(rule.tab, len(rank)))


def _label(ctx: Context, rule: Fields, tab: str, position: int) -> str:
    interface = ctx.interfaces.by_id.get(tab)
    name = f"{interface.label if interface else tab or 'no interface'}, rule {position}"
    description = rule.text("descr")
    return f"{name} ({shown(description)})" if description else name


def _generated(ctx: Context, rule: Fields, user: UserRule, key: str) -> UserRule:
    remark(ctx, rule)
    if user.tab == "":
        ctx.refuse("a rule without an interface stops pfSense's generator", rule.element.head)
        return user
    if rule.has("disabled"):
        return replace(user, disabled=True)
    for end in ("source", "destination"):
        child = rule.children.get(end)
        if child is not None and not child.children:
            ctx.refuse(f"<{end}> without an element in it stops pfSense's generator", child.span)
            return user
    lines: list[Line] = []
    dropped: list[str] = []
    for family in rule.families:
        try:
            lines.extend(lines_of(ctx, rule, family, user.label, key))
        except Dropped as reason:
            dropped.append(reason.product)
            _note_dropped(ctx, rule, reason)
    return replace(user, lines=tuple(lines), dropped=tuple(dropped))


def _note_dropped(ctx: Context, rule: Fields, reason: Dropped) -> None:
    consequence = "" if rule.permits else ", and what it blocks stays open"
    level = Level.WARNING if rule.permits else Level.ERROR
    ctx.note(reason.trap, reason.message + consequence, reason.span, Effect.DROPPED, level, reason.related)
