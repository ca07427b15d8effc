"""Names of zones as people say them: `br-lan` for `nftables:etc/nftables.conf:br-lan`, wherever that is nobody else's."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

LONG = 32
_NONE: Mapping[str, str] = {}


def short_names(names: Iterable[str], labels: Mapping[str, str] = _NONE) -> dict[str, str]:
    """Each name with the shortest of its endings that no other ends in; what is no zone stays as it is.

    What a configuration calls a zone (`labels`) comes first, unless it says the same or is long: `SENSORS (opt1)`.
    """
    known = list(dict.fromkeys(names))
    endings = {name: list(_endings(name)) for name in known}
    shared = Counter(ending for each in endings.values() for ending in each)
    short = {name: next((ending for ending in endings[name] if shared[ending] == 1), name) for name in known}
    return {name: _labelled(ending, labels.get(name, "")) for name, ending in short.items()}


def _labelled(ending: str, label: str) -> str:
    one, other = ending.casefold(), label.casefold()
    return ending if one in other or other in one or len(label) > LONG - len(ending) else f"{label} ({ending})"


def _endings(name: str) -> Iterator[str]:
    """What a zone's name may be cut down to, shortest first: whole parts after colons; of an address in Terraform the resource alone."""
    if not re.match(r"[a-z]+:\S", name):
        yield name
        return
    resource = re.search(r"\.(\w+\.[\w-]+(\[[^]]*\])?)$", name) if name.startswith("terraform:") and len(name) > LONG else None
    if resource:
        yield resource[1]
    starts = [found.end() for found in re.finditer(r"[:#](?=[^:\s])", name)]
    yield from (name[start:] for start in reversed(starts))
    yield name
