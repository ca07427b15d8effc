"""What is wrong with a rule, for each of the two readers. A rule without trouble means what `matching` says.

What the nftables reader does with a word that this one does not know is taken to be a refusal: nothing is then known of what it enforces.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from auditor import lazyre
from auditor.formats.proxmox.lookup import REFERENCE, Held, Missing, Names, find_alias, find_set
from auditor.formats.proxmox.macros import MACROS
from auditor.formats.proxmox.names import ICMP_TYPES, ICMPV6_TYPES, PORTED, PROTOCOLS, SERVICES
from auditor.formats.proxmox.record import Backend, Fate, Scope, Trouble
from auditor.formats.proxmox.written import Word, Written
from auditor.model.headers import IPV4, Protocol, address_interval
from auditor.model.packets import V4_MAX, Interval
from auditor.model.source import Effect, Level

_VERDICTS = ("ACCEPT", "DROP", "REJECT")
_GUEST_NIC = lazyre.compile(r"net(?:[0-9]|[12][0-9]|3[01])")
_DEVICE = lazyre.compile(r"[A-Za-z0-9_.:-]{2,20}")
_MOST_PORTS = 15
_ICMP = {Protocol.ICMP: ICMP_TYPES, Protocol.ICMPV6: ICMPV6_TYPES}


def check(rule: Written, names: Names, scope: Scope, in_group: bool) -> Iterator[Trouble]:
    """Everything that keeps the rule from being read as it stands."""
    yield from _place(rule, scope, in_group)
    if rule.direction == "GROUP":
        yield from _call(rule)
        return
    yield from _verdict(rule)
    yield from _protocol(rule)
    for name in ("dport", "sport"):
        word = rule.option(name)
        if word is not None:
            yield from _ports(rule, name, word)
    yield from _icmp_type(rule)
    yield from _ends(rule, names)
    yield from _against_macro(rule)


def _dropped(rule: Written, part: str, message: str, word: Word | None = None, nft: Fate = Fate.REFUSED, trap: str = "") -> Trouble:
    level = Level.ERROR if rule.denies else Level.WARNING
    text = f"the rule does not exist: {message}"
    return Trouble(trap or "rule-dropped", text, (word or rule).span, Fate.SKIPPED, nft, level, part=part)


def _place(rule: Written, scope: Scope, in_group: bool) -> Iterator[Trouble]:
    """Whether a rule of this direction, with an interface, may stand here."""
    where = "a group" if in_group else f"a {scope} file"
    allowed = {Scope.GUEST: ("IN", "OUT", "GROUP"), Scope.VNET: ("FORWARD", "GROUP")}.get(scope, ("IN", "OUT", "FORWARD", "GROUP"))
    if rule.direction not in allowed or (in_group and rule.direction == "GROUP"):
        yield _dropped(rule, "type", f"{where} takes no {rule.direction} rules")
    if rule.direction == "FORWARD" and rule.action.text.upper() == "REJECT":
        yield _dropped(rule, "action", "a FORWARD rule cannot REJECT", rule.action)
    iface = rule.option("iface")
    if iface is None:
        return
    if in_group or scope is Scope.VNET:
        yield _dropped(rule, "iface", f"{where} takes no interface", iface)
    elif not (_GUEST_NIC if scope is Scope.GUEST else _DEVICE).fullmatch(iface.text):
        wanted = "net0 to net31" if scope is Scope.GUEST else "the name of a device"
        yield _dropped(rule, "iface", f"{iface.text[:40]} is no interface: it takes {wanted}", iface)


def _call(rule: Written) -> Iterator[Trouble]:
    for name, word in rule.options:
        if name != "iface":
            yield _dropped(rule, "line", f"GROUP takes no {name}", word)
    if not rule.group_spelt:
        text = "the nftables backend reads GROUP in capitals only"
        yield Trouble("backend-differs", text, rule.span, Fate.READ, Fate.REFUSED, Level.NOTE, Effect.UNKNOWN)


def _verdict(rule: Written) -> Iterator[Trouble]:
    if rule.macro is not None and rule.macro.text.lower() not in MACROS:
        yield _dropped(rule, "macro", f"there is no macro {rule.macro.text[:40]}", rule.macro, Fate.SKIPPED)
    if rule.action.text in _VERDICTS:
        return
    known = rule.action.text.upper() in _VERDICTS
    hint = f"write {rule.action.text.upper()}" if known else "ACCEPT, DROP and REJECT are"
    yield _dropped(rule, "action", f"{rule.action.text[:40]} is no action, {hint}", rule.action, Fate.READ if known else Fate.REFUSED)


def digits(text: str) -> bool:
    """Whether a word is a plain number."""
    return text.isascii() and text.isdecimal()


def protocol_of(text: str) -> int | None:
    """The number of a protocol as `-p` takes it."""
    if digits(text):
        return int(text) if len(text) <= 3 and int(text) <= 255 else None
    return PROTOCOLS.get(text)


def _protocol(rule: Written) -> Iterator[Trouble]:
    word = rule.option("proto")
    if word is not None and protocol_of(word.text) is None:
        yield _dropped(rule, "proto", f"{word.text[:40]} is no protocol", word)


def _ports(rule: Written, name: str, word: Word) -> Iterator[Trouble]:
    proto = rule.option("proto")
    number = protocol_of(proto.text) if proto is not None else None
    if proto is None and rule.macro is not None:
        pass  # the macro's own
    elif number in _ICMP and name == "dport":
        if not (word.text in _ICMP[Protocol(number)] or _is_type(word.text)):
            yield _dropped(rule, name, f"{word.text[:40]} is no type of ICMP", word)
        yield _port_lost(rule, word, f"with nftables -{name} of {proto.text if proto else 'ICMP'} is ignored: every type is meant")
        return
    elif number not in PORTED:
        why = "a port needs -p tcp or udp" if proto is None else f"{proto.text[:20]} has no ports"
        if proto is None:
            yield _dropped(rule, "proto", why, word, Fate.READ)
        yield _dropped(rule, name, why, word, Fate.READ)
        yield _port_lost(rule, word, f"{why}: with nftables the port is ignored, and every port of every protocol is meant")
    yield from _port_list(rule, name, word)


def _port_lost(rule: Written, word: Word, message: str) -> Trouble:
    level = Level.WARNING if rule.denies else Level.ERROR
    return Trouble("port-ignored", message, word.span, Fate.READ, Fate.READ, level, Effect.WIDENED, only=Backend.NFT)


def _port_list(rule: Written, name: str, word: Word) -> Iterator[Trouble]:
    if word.text == "0":
        text = f"-{name} 0 restricts nothing: every port is meant"
        level = Level.WARNING if rule.denies else Level.ERROR
        yield Trouble("port-ignored", text, word.span, Fate.READ, Fate.READ, level, Effect.WIDENED, only=Backend.CLASSIC)
    numbers = 0
    for item in word.text.split(","):
        low, colon, _ = item.partition(":")
        numbers += 2 if colon else 1
        if port_range(item) is None and not (not colon and is_service_name(low)):
            yield _dropped(rule, name, f"{item[:40]!r} is no port: write 80, 8000:8010, or a list of these with commas", word)
            return
        if not colon and port_range(item) is None and low not in SERVICES:
            text = f"whether {low} is a service that the node knows is not decided here"
            yield Trouble("service-unknown", text, word.span, Fate.READ, Fate.READ, Level.NOTE, Effect.UNKNOWN)
    if numbers > _MOST_PORTS:
        yield _dropped(rule, name, f"it has {numbers} ports: {_MOST_PORTS} at most, a range counts two", word)


def port_range(text: str) -> Interval | None:
    """The ports of one item of a list; None if it is none, or a name that is not known."""
    low, colon, high = text.partition(":")
    if not colon and text in SERVICES:
        return SERVICES[text], SERVICES[text]
    ends = [low, high] if colon else [low, low]
    if not all(digits(end) and len(end) <= 5 and int(end) <= 65535 for end in ends) or int(ends[0]) > int(ends[1]):
        return None
    return int(ends[0]), int(ends[1])


def is_service_name(text: str) -> bool:
    """Whether a word can be the name of a service: a range written with a hyphen is none."""
    return any(letter.isalpha() for letter in text) and all(letter.isalnum() or letter in "-_+." for letter in text)


def _is_type(text: str) -> bool:
    return digits(text) and len(text) <= 3 and int(text) <= 255


def _icmp_type(rule: Written) -> Iterator[Trouble]:
    word, proto = rule.option("icmp-type"), rule.option("proto")
    if word is None:
        return
    number = protocol_of(proto.text) if proto is not None else None
    if proto is None and rule.macro is None:
        yield _dropped(rule, "proto", "-icmp-type needs -p icmp or icmpv6", word)
    elif number is not None and number not in _ICMP:
        yield _dropped(rule, "icmp-type", f"-p {proto.text if proto else ''} has no ICMP types", word)
    elif number is not None and word.text not in _ICMP[Protocol(number)]:
        nft = Fate.READ if _is_type(word.text) else Fate.REFUSED
        hint = ": numbers are not taken, names are" if digits(word.text) else ""
        yield _dropped(rule, "icmp-type", f"{word.text[:40]} is no type of {proto.text if proto else 'ICMP'}{hint}", word, nft)


# -- addresses


def names_something(rule: Written) -> bool:
    """Whether the rule names an alias or set, where alone the two readers look differently."""
    ends = (rule.option(name) for name in ("source", "dest"))
    return any(word is not None and (word.text.startswith("+") or REFERENCE.fullmatch(word.text) is not None) for word in ends)


def addresses(word: Word, names: Names) -> Held | Missing | str:
    """What `-source` or `-dest` stands for; a text says why it is no address at all."""
    if word.text.startswith("+"):
        return find_set(names, word.text[1:], word.span)
    if REFERENCE.fullmatch(word.text):
        return find_alias(names, word.text, word.span)
    return _literal(word.text)


@lru_cache(maxsize=65536)
def _literal(text: str) -> Held | str:
    """A range by itself, or addresses and networks without host bits, by commas."""
    items = text.split(",")
    found: list[Interval] = []
    for item in items:
        if "-" in item and len(items) > 1:
            return "a range stands alone, not in a list"
        try:
            interval = address_interval(item)
        except ValueError:
            return f"{item[:40]!r} is no address"
        if "/" in item and not _whole_network(item, interval):
            return f"{item[:60]} has bits set behind its prefix length; in an alias or set it would be taken"
        found.append(interval)
    if len({low <= V4_MAX for low, _ in found}) > 1:
        return "IPv4 and IPv6 are mixed"
    return Held(tuple(found), one_family=True)


def _whole_network(text: str, interval: Interval) -> bool:
    address, _, length = text.partition("/")
    return digits(length) and address_interval(address)[0] == interval[0]


def family_of(held: Held) -> int | None:
    """4 or 6 where an address or alias says so; a set can have both."""
    if not held.one_family or not held.intervals:
        return None
    return 4 if held.intervals[0][0] <= IPV4[1] else 6


def _ends(rule: Written, names: Names) -> Iterator[Trouble]:
    """Both ends, and that one family is meant throughout."""
    proto = rule.option("proto")
    number = protocol_of(proto.text) if proto is not None else None
    family = {Protocol.ICMP: 4, Protocol.ICMPV6: 6}.get(Protocol(number)) if number in _ICMP else None
    for name in ("source", "dest"):
        word = rule.option(name)
        if word is None:
            continue
        found = addresses(word, names)
        if isinstance(found, str):
            yield _dropped(rule, name, found, word)
            continue
        if isinstance(found, Missing):
            nft = Fate.READ if found.trap == "forward-reference" else Fate.SKIPPED
            trouble = _dropped(rule, name, found.message, word, nft, found.trap)
            yield Trouble(trouble.trap, trouble.message, trouble.span, Fate.SKIPPED, nft, trouble.level, part=name, late=found.late)
            continue
        own = family_of(found)
        if own is not None and family is not None and own != family:
            yield _dropped(rule, name, "IPv4 and IPv6 are mixed in one rule", word)
        family = family or own


def _against_macro(rule: Written) -> Iterator[Trouble]:
    """What a macro sets itself, the rule may only repeat."""
    if rule.macro is None or rule.macro.text.lower() not in MACROS:
        return
    name, parts = MACROS[rule.macro.text.lower()]
    for option in ("proto", "dport", "sport"):
        word = rule.option(option)
        if word is None:
            continue
        clash = next((own for part in parts if (own := _own(part, option)) and own != word.text), None)
        if clash is not None:
            yield _dropped(rule, option, f"{name} sets {clash} itself, and the rule says {word.text[:40]}", word, Fate.SKIPPED)


def _own(part: object, option: str) -> str:
    return str(getattr(part, option))
