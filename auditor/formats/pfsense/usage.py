"""Names and their definitions: aliases that nothing uses. What is switched off uses them all the same: it can be switched on again."""

from __future__ import annotations

from collections.abc import Container, Iterator

from auditor.formats.pfsense.context import Context, shown
from auditor.formats.pfsense.read import value
from auditor.formats.xmlspan import Element
from auditor.model.source import Effect, Level


def unused(ctx: Context) -> None:
    """Notes the aliases that no rule, translation, route, package or other alias names."""
    if ctx.config.partial:
        return
    left = dict(ctx.aliases.by_name)
    for alias in ctx.aliases.by_name.values():
        for entry in alias.entries:
            left.pop(entry, None)
    for section in ctx.config.root.children:
        if not left:
            return
        if section.name != "aliases":
            for word in _words(section, ctx.aliases.by_name):
                left.pop(word, None)
    for alias in left.values():
        message = f"nothing uses alias {shown(alias.name)}"
        ctx.note("unused-definition", message, (alias.element.child("name") or alias.element).span, Effect.IGNORED, Level.NOTE)


def _words(section: Element, names: Container[str]) -> Iterator[str]:
    """Those texts of a section, and parts of those that are lists, that are among the names."""
    pending = [section]
    while pending:
        element = pending.pop()
        text = element.text
        if element.children:
            pending.extend(element.children)
        elif text in names:
            yield text
        elif not text.isalnum():  # a name by itself, or a list of them
            whole = value(element)
            yield from (word for word in (whole, *whole.replace(",", " ").split()) if word in names)
