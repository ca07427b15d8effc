"""Where base chains may stand: which hooks, types and priorities nft takes in which family."""

from __future__ import annotations

from typing import Protocol

from auditor.formats.nftables.names import BRIDGE_PRIORITIES, PRIORITIES, PRIORITY_HOOKS
from auditor.formats.nftables.ruleset import Base
from auditor.formats.nftables.syntax import Atom, Hook
from auditor.formats.nftables.text import At

_MIDDLE = ("prerouting", "input", "forward", "output", "postrouting")
_HOOKS = {
    "ip": _MIDDLE, "ip6": _MIDDLE, "inet": (*_MIDDLE, "ingress"), "bridge": _MIDDLE, "arp": ("input", "output"),
    "netdev": ("ingress", "egress"),
}  # fmt: skip
_OF_DEVICES = ("ingress", "egress")


class Refuse(Protocol):
    """Says what nft does not load, and where."""

    def __call__(self, message: str, at: At) -> None: ...


def check(base: Base, named: bool, family: str, refuse: Refuse) -> None:
    """Refuse a base chain that cannot stand there. `named`: it names devices."""
    routed = family in ("ip", "ip6", "inet")
    if base.hook not in _HOOKS.get(family, ()):
        refuse(f"family {family} has no hook `{base.hook}`", base.at)
    elif base.type not in ("filter", "nat", "route"):
        refuse(f"`{base.type}` is no type of chain: filter, nat or route", base.at)
    elif base.type == "nat" and (base.hook in ("forward", *_OF_DEVICES) or not routed):
        refuse(f"a nat chain cannot be on hook {base.hook}" if routed else f"family {family} has no nat chains", base.at)
    elif base.type == "nat" and base.priority is not None and base.priority <= -200:
        refuse("a nat chain needs a priority above -200, where connection tracking is", base.at)
    elif base.type == "route" and base.hook != "output":
        refuse("a route chain is for hook output", base.at)
    elif (base.hook in _OF_DEVICES) is not named:
        refuse(f"hook {base.hook} needs a device (`device eth0`)" if not named else f"hook {base.hook} has no device", base.at)


def priority(item: Hook, word: Atom | None, family: str, refuse: Refuse) -> int | None:
    """The priority of a base chain, None where it is not known. `word`: what stands there behind variables."""
    if word is None:
        return None
    name = word.word.strip('"')
    sign, _, offset = item.offset.partition("-") if "-" in item.offset else item.offset.partition("+")
    shift = int((offset or sign or "0")[:9]) * (-1 if "-" in item.offset else 1) if (offset or sign or "0").isdecimal() else 0
    number = _number(name)
    if item.sign == "+" or (item.offset and (number is not None or word is not item.priority)):
        refuse("only a priority that is named can be followed by `+` or `-`", item.priority.at)
    elif item.offset and _number(item.offset[1:]) is None:
        refuse(f"`{item.offset[1:]}` is no number", item.priority.at)
    if number is not None:
        return (-number if item.sign == "-" else number) + shift
    names = BRIDGE_PRIORITIES if family == "bridge" else PRIORITIES
    named = names.get(name)
    alone = name != "filter" and family in ("arp", "netdev")
    if named is None or alone or item.hook not in PRIORITY_HOOKS.get(name, (item.hook,)):
        refuse(f"`{name}` is no priority of hook {item.hook}", item.priority.at)
        return named
    return named + shift


def _number(word: str) -> int | None:
    try:
        return int(word, 16 if word.lower().startswith("0x") else 10)
    except ValueError:
        return None
