"""What a fix has to bring about, told to the writer of a dialect without the graph: a rule that is missing, where, and between whom."""

from __future__ import annotations

from auditor.files import Tree
from auditor.model.record import dataclass
from auditor.model.source import Span

Ports = tuple[tuple[int, int], ...]
Texts = dict[str, str]
"""Path → the file's new text."""


@dataclass(frozen=True, slots=True)
class Service:
    """`protocol` is tcp, udp, icmp, icmpv6 or any; `ports` are inclusive ranges, none means all."""

    protocol: str
    ports: Ports = ()
    icmp_type: int | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A permit that a filter lacks.

    `zone` is whose filter it is, `filter_span` its place. `peer_zones` are the zones of the other end, `peers` its addresses as networks:
    none, if they are not known. `own_zones` and `own` are the same of the end the filter protects. `before` is the rule that denies, where
    one does. `name` can be part of an identifier, `title` is for people.
    """

    tree: Tree
    name: str
    title: str
    service: Service
    inbound: bool
    zone: str
    filter_span: Span
    peer_zones: frozenset[str]
    peers: tuple[str, ...]
    own_zones: frozenset[str] = frozenset()
    own: tuple[str, ...] = ()
    before: Span | None = None
    interface: str | None = None

    @property
    def identifier(self) -> str:
        """The name as identifiers have it."""
        return self.name.replace("-", "_")


def inserted(text: str, line: int, new: str) -> str:
    """`text` with the lines of `new` put before its `line`th (1-based), in its own kind of line end."""
    ending = "\r\n" if "\r\n" in text else "\n"
    lines = text.split("\n")
    lines[line - 1 : line - 1] = [part + ending.removesuffix("\n") for part in new.rstrip("\n").split("\n")]
    return "\n".join(lines)
