"""Everything a file makes of itself: its rules of both stores and the firewall's own, in the one order that pf sees.

By priority; within one priority the firewall's, then the new store by sequence, then the old store in file order. So a pass in the new
store stands before every block of the old one on the same level.
"""

from __future__ import annotations

from auditor.formats.opnsense.aliases import Aliases, read_aliases, refusals
from auditor.formats.opnsense.automatic import automatic
from auditor.formats.opnsense.forwards import Forward, Redirect, exceptions, generated, read_forwards, redirects
from auditor.formats.opnsense.interfaces import Interfaces, read_interfaces
from auditor.formats.opnsense.legacy import read_legacy
from auditor.formats.opnsense.lines import Line, Settings, expand
from auditor.formats.opnsense.mvc import read_mvc
from auditor.formats.opnsense.record import Record, Store
from auditor.formats.opnsense.values import at, empty, present, text
from auditor.formats.xmlspan import Element
from auditor.model.record import dataclass
from auditor.model.source import Note

_RANK = {Store.SYSTEM: 0, Store.FORWARD: 0, Store.MVC: 1, Store.LEGACY: 2}


@dataclass(frozen=True)
class Ruleset:
    """One configuration file. `lines` are all lines in order, the ones that are left out among them."""

    root: Element
    settings: Settings
    records: tuple[Record, ...]
    lines: tuple[Line, ...]
    forwards: tuple[Forward, ...]
    redirects: tuple[Redirect, ...]
    notes: tuple[Note, ...]

    @property
    def interfaces(self) -> Interfaces:
        """The interfaces of the file."""
        return self.settings.interfaces

    @property
    def aliases(self) -> Aliases:
        """The aliases of the file."""
        return self.settings.aliases

    @property
    def refusals(self) -> tuple[tuple[Line, str], ...]:
        """The lines that keep the ruleset from loading, with pf's reason."""
        lines = (*self.lines, *(redirect.line for redirect in self.redirects))
        return tuple((line, line.refused) for line in lines if line.refused)

    @property
    def loads(self) -> bool:
        """Whether pf takes the ruleset."""
        return not self.refusals and not any(True for _ in refusals(self.aliases))

    @property
    def filters(self) -> bool:
        """Whether the packet filter is on at all."""
        return not present(self.root.child("system"), "disablefilter")


def read_ruleset(root: Element, id_: str = "opnsense") -> Ruleset:
    """The ruleset of a configuration file whose root element this is; `id_` is what the firewall's zones are called by."""
    notes: list[Note] = []
    interfaces = read_interfaces(root, id_)
    aliases = read_aliases(root, interfaces, notes)
    schedules = frozenset(text(schedule, "name") for schedule in root.every("schedules/schedule"))
    settings = Settings(interfaces, aliases, _gateway_groups(root), not empty(at(root, "system/skip_rules_gw_down")), _replies(root))
    forwards = read_forwards(root, notes)
    user = [*read_mvc(root, interfaces, schedules, notes), *read_legacy(root, interfaces, schedules, notes)]
    made = [record for forward in forwards if (record := generated(forward)) is not None]
    records = sorted([*automatic(root, interfaces), *made, *user], key=lambda record: (record.priority, _RANK[record.store]))
    return Ruleset(
        root,
        settings,
        tuple(records),
        tuple(line for record in records for line in expand(record, settings)),
        tuple(forwards),
        tuple(found for forward in (*exceptions(root, interfaces), *forwards) for found in redirects(forward, settings)),
        tuple(notes),
    )


def _gateway_groups(root: Element) -> frozenset[str]:
    paths = ("gateways/gateway_group", "OPNsense/Gateways/gateway_group")
    return frozenset(text(group, "name") for path in paths for group in root.every(path))


def _replies(root: Element) -> bool:
    return empty(at(root, "system/disablereplyto"))
