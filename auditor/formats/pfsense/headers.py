"""The middle of a rule's line: protocol, ICMP types, TCP flags, state. Each in pf's words, and as what a packet must be."""

from __future__ import annotations

from auditor.formats.pf import names
from auditor.formats.pfsense.record import Fields

STATES = ("keep state", "sloppy state", "synproxy state", "modulate state", "none")
FLAG_BITS = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, "U": 32, "E": 64, "W": 128}


def protocols(rule: Fields, family: str) -> tuple[int, ...] | None:
    """The protocols of the line; None: all, empty: a word that pf does not know. A port without a protocol makes it TCP."""
    written = rule.protocol
    if written in ("", "any"):
        return (names.TCP,) if written == "" and rule.port is not None else None
    if written == "tcp/udp":
        return names.TCP, names.UDP
    if written == "icmp":
        return (names.ICMP6,) if family == "inet6" else (names.ICMP,)
    return numbers(written.lower() if written.isupper() else written)


def numbers(protocol: str) -> tuple[int, ...]:
    """The number of a protocol by number or name; empty if there is none."""
    number = int(protocol[:9]) if protocol.isdecimal() else names.PROTOCOLS.get(protocol)
    return () if number is None or number > 255 else (number,)


def protocol_text(rule: Fields, family: str) -> str:
    """The line's `proto …`."""
    written = rule.protocol
    if written in ("", "any"):
        return "proto tcp" if written == "" and rule.port is not None else ""
    if written == "tcp/udp":
        return "proto { tcp udp }"
    return "proto ipv6-icmp" if written == "icmp" and family == "inet6" else f"proto {written}"


def icmp_words(rule: Fields) -> list[str]:
    """The ICMP types as written; none unless the protocol is icmp."""
    written = rule.text("icmptype")
    return [] if rule.protocol != "icmp" or written in ("", "any") else written.split(",")


def icmp_types(rule: Fields, family: str) -> tuple[int, ...] | None:
    """The types that exist in the family; None: any."""
    words = icmp_words(rule)
    known = names.ICMP6_TYPES if family == "inet6" else names.ICMP_TYPES
    kinds = [int(word[:9]) if word.isdecimal() else known.get(word) for word in words]
    return tuple(kind for kind in kinds if kind is not None and kind < 256) if words else None


def icmp_text(rule: Fields, family: str) -> str:
    """The line's `icmp-type …`."""
    words = icmp_words(rule)
    listed = words[0] if len(words) == 1 else f"{{ {','.join(words)} }}"
    return f"{'icmp6-type' if family == 'inet6' else 'icmp-type'} {listed}" if words else ""


def flags(rule: Fields) -> str:
    """The TCP flags of the line, "any" or set/among; empty unless the protocol is written `tcp`."""
    if rule.protocol != "tcp":
        return ""
    if rule.has("tcpflags_any"):
        return "any"
    if not rule.text("tcpflags2"):
        return "S/SA"
    return "/".join("".join(filter(FLAG_BITS.__contains__, flag_letters(rule, half))) for half in ("tcpflags1", "tcpflags2"))


def flag_letters(rule: Fields, half: str) -> list[str]:
    """What the generator writes for each flag: its first letter, but W for cwr. pf knows some of them."""
    return ["W" if word[0] == "c" else word[0].upper() for word in rule.text(half).split(",") if word]


def first_only(rule: Fields) -> bool:
    """Whether only packets that open a connection match: so pf has it for rules that keep state, and the generator for tcp."""
    return flags(rule) == "S/SA" or (rule.keeps_state and not flags(rule))


def flag_bits(rule: Fields) -> tuple[int, int] | None:
    """The flags a TCP packet must have, and among which; None where the line names none, or the usual ones."""
    if flags(rule) in ("", "any", "S/SA"):
        return None
    wanted, _, among = flags(rule).partition("/")
    return sum(FLAG_BITS[letter] for letter in set(wanted)), sum(FLAG_BITS[letter] for letter in set(among))


def state_text(rule: Fields) -> str:
    """The line's words about state; only a rule that passes has any."""
    if not rule.permits:
        return ""
    kind = rule.text("statetype")
    if kind == "none":
        return "no state"
    if kind == "sloppy state":
        return "keep state (sloppy)"
    if kind in ("synproxy state", "modulate state"):
        return kind if rule.protocol == "tcp" else ""
    return "keep state"
