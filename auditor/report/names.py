"""Names of zones as people say them: `br-lan` for `nftables:etc/nftables.conf:br-lan`, wherever that is nobody else's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

LONG = 32


def short_names(names: Iterable[str]) -> dict[str, str]:
    """Each name with the shortest of its endings that no other ends in; what is no zone stays as it is."""
    known = list(dict.fromkeys(names))
    endings = {name: list(_endings(name)) for name in known}
    shared = [ending for name in known for ending in endings[name]]
    return {name: next((ending for ending in endings[name] if shared.count(ending) == 1), name) for name in known}


def _endings(name: str) -> Iterator[str]:
    """What a zone's name may be cut down to, shortest first: whole parts after colons; of an address in Terraform the resource alone."""
    if not re.match(r"[a-z]+:\S", name):
        yield name
        return
    resource = re.search(r"\.(\w+\.[\w-]+(\[[^]]*\])?)$", name) if name.startswith("terraform:") and len(name) > LONG else None
    if resource:
        yield resource[1]
    starts = [found.end() for found in re.finditer(r":(?=[^:\s])", name)]
    yield from (name[start:] for start in reversed(starts))
    yield name
