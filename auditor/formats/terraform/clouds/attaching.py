"""What is put on machines from outside of them: by their ids, or by their labels. A group that may be on a machine is on it as one that is
not known: its rules may be there, and they may not.
"""

from __future__ import annotations

from auditor.formats.terraform.clouds.context import Context
from auditor.formats.terraform.clouds.reading import alternatives, elements
from auditor.formats.terraform.values import Value

Carried = dict[str, list[str | None]]
"""The address of each machine → the groups that are put on it; None stands for one that may be."""


def machines_of(context: Context, type_: str) -> Carried:
    """Every machine of a type, with nothing on it."""
    return {resource.address: [] for resource in context.root.resources((type_,))}


def put(context: Context, group: str | None, ids: Value, carried: Carried) -> None:
    """Put a group on the machines of these ids. An id that no resource here has may be any machine's; what data sources read is others'."""
    for value, doubt in elements(ids):
        for each, why in alternatives(value):
            if each.is_null:
                continue
            address = context.identity(each)
            if address in carried:
                carried[address].append(group if doubt is None and why is None else None)
            elif each.is_unknown and not _is_data(address):
                for others in carried.values():
                    others.append(None)


def _is_data(address: str | None) -> bool:
    return address is not None and (address.startswith("data.") or ".data." in address)
