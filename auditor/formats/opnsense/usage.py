"""Which aliases something uses: rules, port forwards, translations, and other aliases."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.formats.opnsense.lints import remark
from auditor.formats.opnsense.ruleset import Ruleset
from auditor.formats.xmlspan import Element
from auditor.model.source import Effect, Note

_TRANSLATIONS = (
    "nat/outbound/rule",
    "nat/onetoone",
    "OPNsense/Firewall/Filter/snatrules/rule",
    "OPNsense/Firewall/Filter/onetoone/rule",
    "OPNsense/Firewall/Filter/npt/rule",
)


def unused(rules: Ruleset) -> Iterator[Note]:
    """A note for each alias that nothing uses."""
    used = set(_used(rules))
    for alias in rules.aliases.by_name.values():
        uuid = alias.element.attributes.get("uuid", "")
        if alias.enabled and alias.name not in used and not (uuid and uuid in used):
            yield remark("unused-definition", f"nothing uses alias {alias.name}", alias.place, Effect.IGNORED)


def _used(rules: Ruleset) -> Iterator[str]:
    """Every word that may name an alias."""
    for record in rules.records:
        yield from (*record.source.items, *record.destination.items, record.source.port, record.destination.port)
        overload = record.element.child("overload")
        if overload is not None and not record.synthetic:
            yield overload.text
    for forward in rules.forwards:
        sides = (forward.record.source, forward.record.destination)
        yield from (word for side in sides for word in (*side.items, side.port))
        yield from (forward.target, forward.local_port)
    for alias in rules.aliases.by_name.values():
        yield from (word for word, _ in alias.entries)
    for path in _TRANSLATIONS:
        yield from (word for rule in rules.root.every(path) for word in _words(rule))


def _words(element: Element) -> Iterator[str]:
    yield from element.text.split(",")
    for child in element.children:
        yield from _words(child)
