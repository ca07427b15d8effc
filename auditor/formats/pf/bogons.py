"""The tables `bogons` and `bogonsv6`: addresses nobody has on the internet, from a list that is downloaded every month.

Sure is what the list a product ships and each one it downloads have in common; what only some of them hold may be in. Two parts of the
lists are left out. Space that no registry has given away yet changes by the day, and nobody is there: a configuration that names an
address names somebody's. And documentation ranges are written in examples as if they were public, so they stand for addresses that are on
no list.
"""

from __future__ import annotations

from auditor.formats.pf.addresses import Addresses, Ranges, complement, meet, networks, normal
from auditor.model.source import Unknown

_RESERVED = networks("0.0.0.0/8", "192.0.0.0/24", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4")
"""IPv4 that is neither public nor private. Private networks are on no list: both products take them off, another switch blocks them."""
_LOCAL = networks("127.0.0.0/8", "169.254.0.0/16")
_NOT_GLOBAL = networks("::/3", "4000::/2", "8000::/1")
"""IPv6 outside of what registries give away; the lists hold it in pieces this large, private networks included."""


def _table(name: str, surely: Ranges, perhaps: Ranges) -> Addresses:
    why = Unknown(f"whether the list {name} on the firewall holds the address", None, f"pf:{name}")
    return Addresses(meet(surely, complement(perhaps)), normal((*surely, *perhaps)), frozenset(), (why,))


PFSENSE = {
    "bogons": _table("bogons", normal((*_RESERVED, *_LOCAL)), networks("100.64.0.0/10")),
    "bogonsv6": _table("bogonsv6", (), _NOT_GLOBAL),
}
"""The list that is shipped lacks 100.64.0.0/10 and all of IPv6; those that are downloaded have them."""
OPNSENSE = {
    "bogons": _table("bogons", _RESERVED, _LOCAL),
    "bogonsv6": _table("bogonsv6", _NOT_GLOBAL, networks("fd00::/8", "fe80::/10", "::1/128")),
}
"""What its switch for private networks blocks is taken off the lists: 100.64.0.0/10 always was, these since 2025."""
