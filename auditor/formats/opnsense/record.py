"""A rule as the product's rule class holds it, whichever store it came from. Values are as written; nothing is resolved yet."""

from __future__ import annotations

from enum import IntEnum, StrEnum

from auditor.formats.xmlspan import Element
from auditor.model.record import dataclass
from auditor.model.source import Span, Unknown


class Store(StrEnum):
    """Where a rule stands in the file, or who adds it."""

    LEGACY = "legacy"
    MVC = "mvc"
    SYSTEM = "system"
    FORWARD = "forward"


class Priority(IntEnum):
    """What the product sorts by: low first."""

    SYSTEM = 1
    DEFAULTS = 5
    BYPASS = 10
    FLOATING = 200_000
    GROUP = 300_000
    INTERFACE = 400_000
    FORWARD = 500_000
    NOWHERE = 600_000


@dataclass(frozen=True, slots=True)
class Side:
    """Source or destination: `items` of a comma list (none: any), and a port as written (empty: none). `path` leads to them in the rule."""

    items: tuple[str, ...] = ()
    negated: bool = False
    port: str = ""
    path: str = ""
    port_path: str = ""


ANY_SIDE = Side()


@dataclass(frozen=True, slots=True)
class Record:
    """One rule. `families`: the lines it becomes, "" for a line without a family. `extra`: what the product writes behind the state.

    `refused` is why pf or the generator cannot read it whatever its lines say. `doubts` narrow it by what packets do not show.
    """

    store: Store
    priority: int
    title: str
    element: Element
    disabled: bool = False
    action: str = "pass"
    quick: bool = True
    log: bool = False
    direction: str = "in"
    interfaces: tuple[str, ...] = ()
    interface_not: bool = False
    families: tuple[str, ...] = ("",)
    protocol: str = ""
    source: Side = ANY_SIDE
    destination: Side = ANY_SIDE
    icmp_types: str = ""
    icmp6_types: str = ""
    icmp6_always: bool = False
    flags: str = ""
    state: str = ""
    extra: str = ""
    gateway: str = ""
    reply: bool = False
    doubts: tuple[Unknown, ...] = ()
    refused: str = ""
    floating: bool = False

    @property
    def uuid(self) -> str:
        """The element's uuid; empty where it has none."""
        return "" if self.synthetic else self.element.attributes.get("uuid", "")

    @property
    def synthetic(self) -> bool:
        """Added by the product: not a rule of the file."""
        return self.store in (Store.SYSTEM, Store.FORWARD)

    def place(self, *paths: str) -> Span:
        """The first of the children at `paths` that is there, else the start of the rule."""
        for path in paths:
            found = self.element.at(path) if path else None
            if found is not None:
                return found.span
        return self.element.head
