"""Machines of several interfaces: what is stopped at one of them may come in by another, so each is judged on its own.

Where all carry the same there is nothing to tell apart, and the machine is one.
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.formats.terraform.clouds.context import Context
from auditor.formats.terraform.records import Carrier
from auditor.formats.terraform.resources import Resource
from auditor.model.record import dataclass, field


@dataclass(frozen=True, slots=True)
class Interface:
    """One of them: what to call it, what it carries, and where it stands."""

    name: str
    groups: list[str | None]
    subnets: list[str | None] = field(default_factory=list)


def carry(context: Context, resource: Resource, interfaces: Iterable[Interface], tags: dict[str, str] | None = None) -> None:
    """Add a machine to what carries groups; one whose interfaces carry none does not."""
    found = list(interfaces)
    alike = len({frozenset(each.groups) for each in found}) < 2
    if not any(each.groups for each in found):
        return
    for each in found[:1] if alike else found:
        subnets = [subnet for one in found for subnet in one.subnets] if alike else each.subnets
        name, of = (resource.address, None) if alike else (each.name, resource.address)
        groups = list(dict.fromkeys(each.groups))
        carrier = Carrier(name, resource.type, resource.span, groups, subnets, dict(tags or {}), resource.certain, of)
        context.estate.carriers.append(carrier)
