"""A value's word as an interval of its type's numbers. Types go by the names that sets declare: ipv4_addr, inet_service, mark, …"""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from auditor.formats.nftables import names

Interval = tuple[int, int]


class Refused(Exception):
    """nft does not take this value here; the message says why."""


class Unsettled(Exception):
    """What the value stands for is not in the files; the message completes "not known: …"."""


class Unlisted(Unsettled):
    """A name that no file we know of lists: nft refuses the ruleset where the host's files have none of it either."""


class Value(NamedTuple):
    """An inclusive interval. `remark`: "octal" or "host-bits" where it is not what a reader would think."""

    low: int
    high: int
    remark: str = ""


BITS = {
    "ipv4_addr": 32, "ipv6_addr": 128, "ether_addr": 48, "inet_proto": 8, "inet_service": 16, "mark": 32, "icmp_type": 8, "icmpv6_type": 8,
    "icmp_code": 8, "icmpv6_code": 8, "icmpx_code": 8, "ct_state": 32, "ct_status": 32, "ct_dir": 8, "pkt_type": 8, "nf_proto": 8,
    "ether_type": 16, "dscp": 6, "tcp_flag": 8, "fib_addrtype": 32, "boolean": 1, "integer": 32, "byte": 8,
    "uid": 32, "gid": 32, "realm": 32, "devgroup": 32, "iface_type": 16, "igmp_type": 8, "arp_op": 16, "mh_type": 8,
    "dccp_pkttype": 4, "ecn": 2, "ct_label": 7, "bit": 1, "bits3": 3, "bits4": 4, "bits12": 12, "bits13": 13, "bits16": 16, "bits20": 20,
    "bits64": 64, "payload": 256,
}  # fmt: skip

WORDS: dict[str, dict[str, int]] = {
    "inet_proto": names.PROTOCOLS, "inet_service": names.SERVICES, "icmp_type": names.ICMP_TYPES, "icmpv6_type": names.ICMPV6_TYPES,
    "icmp_code": names.ICMP_CODES, "icmpv6_code": names.ICMPV6_CODES,
    "icmpx_code": names.ICMPX_CODES, "ct_state": names.CT_STATES, "ct_status": names.CT_STATUSES,
    "ct_dir": names.CT_DIRECTIONS, "pkt_type": names.PACKET_TYPES, "nf_proto": names.FAMILIES, "ether_type": names.ETHER_TYPES,
    "dscp": names.DSCP, "tcp_flag": names.TCP_FLAGS, "fib_addrtype": names.ADDRESS_TYPES, "boolean": {"exists": 1, "missing": 0},
    "uid": {"root": 0}, "gid": {"root": 0}, "realm": {"cosmos": 0}, "devgroup": {"default": 0}, "ecn": names.ECN,
    "iface_type": names.INTERFACE_TYPES, "igmp_type": names.IGMP_TYPES, "arp_op": names.ARP_OPERATIONS, "mh_type": names.MOBILITY_TYPES,
    "dccp_pkttype": names.DCCP_TYPES,
}  # fmt: skip

FLAG_TYPES = frozenset(("ct_state", "ct_status", "tcp_flag"))
"""Types whose values are sets of bits."""

_MAC = re.compile(r"[0-9a-fA-F]{1,2}(?::[0-9a-fA-F]{1,2}){0,5}")
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]+|\d+")
_PREFIX = re.compile(rf"(?:{_NUMBER.pattern})/(?:{_NUMBER.pattern})")
PERIOD = r"(?=\d+[dhms])(?:\d+d)?(?:\d+h)?(?:\d+m(?!s))?(?:\d+s)?(?:\d+ms)?"
_DIGITS = rf"(?:{_NUMBER.pattern}|(?:\d{{1,3}}\.){{3}}\d{{1,3}}|{PERIOD})"
_BEGINS_WITH_DIGIT = re.compile(rf"{_DIGITS}(?:[-/](?:{_DIGITS}|[A-Za-z_.][\w/.-]*))?")


def torn(word: str) -> bool:
    """Whether nft reads several words here, of which the first is a number, as in `4g-wan`; in quotes it is one."""
    return word[:1].isdigit() and ":" not in word and _BEGINS_WITH_DIGIT.fullmatch(word) is None


def value(kind: str, word: str) -> Value:
    """The interval of a word: a value, `a-b`, or `a/len`. Raises `Refused` or `Unsettled`."""
    if kind in ("ipv4_addr", "ipv6_addr") and word.startswith('"') and "/" not in word and "-" not in word:
        word = word.strip('"')
    if kind == "ipv4_addr":
        return _address(word, socket.AF_INET, 32)
    if kind == "ipv6_addr":
        return _address(word.strip("[]") if "/" not in word else word.replace("[", "").replace("]", ""), socket.AF_INET6, 128)
    word = word.strip('"')
    if kind == "ether_addr":
        return _hardware(word)
    single = _single(kind, word)
    if single is not None:
        return single
    for cut in (index for index, mark in enumerate(word) if mark == "-" and word[0].isdecimal()):  # `ssh-http` is one name
        low, high = _single(kind, word[:cut]), _single(kind, word[cut + 1 :])
        if low is not None and high is not None:
            if low.low > high.high:
                raise Refused(f"the range `{word}` is reversed")
            return Value(low.low, high.high, low.remark or high.remark)
    if _PREFIX.fullmatch(word):
        raise Unsettled(f"`{word}` is a prefix of a number")
    raise _unknown_word(kind, word)


def _unknown_word(kind: str, word: str) -> Exception:
    misplaced = _misplaced(word)
    if misplaced is not None:
        return misplaced
    if kind == "inet_service" and not word:
        return Unsettled("the service without a name is looked up on the host")
    what = _LOOKED_UP.get(kind)
    if what is not None and _LISTED.fullmatch(word):
        near = _near(word, WORDS.get(kind, {}))
        return Unlisted(f"`{word}` is {what}, as it seems{near}")
    if kind in ("uid", "gid") and _LISTED.fullmatch(word):
        return Unsettled(f"the {_CALLED[kind]} `{word}` is looked up when the ruleset is loaded, and nft refuses it where there is none")
    return Refused(f"`{word}` is no {_CALLED.get(kind, kind)}")


def _misplaced(word: str) -> Exception | None:
    """What is wrong with a word of the language where a value is expected; None where it is no such word."""
    if word in TYPED:
        return Unsettled(f"the word `{word}` is a number here, among other values")
    if word in names.RESERVED:
        return Refused(f"`{word}` is a word of the language: a value is expected here")
    return None


def _near(word: str, known: Iterable[str]) -> str:
    """Which of the names may be meant."""
    from difflib import get_close_matches  # seldom asked for, and slow to import

    found = get_close_matches(word, known, 1, 0.75)
    return f" (is `{found[0]}` meant?)" if found else ""


_LISTED = re.compile(r"(?=.*[A-Za-z])[\w.+*-]+", re.ASCII)
_LOOKED_UP = {
    "inet_service": "no service", "inet_proto": "no protocol", "mark": "no name of a mark", "realm": "no name of a realm",
    "devgroup": "no group of interfaces", "ct_label": "no conntrack label",
}  # fmt: skip
"""What kinds of values may have further names in the host's files."""

TYPED = {
    **dict.fromkeys(("tcp", "udp", "udplite", "esp", "ah", "icmp", "igmp", "icmpv6", "comp", "dccp", "sctp"), "inet_proto"),
    "redirect": "icmp_type", "exists": "boolean", "missing": "boolean",
}  # fmt: skip
"""Words that have a type of their own wherever they stand: nft takes them for another only as one of several values."""

_CALLED = {
    "inet_service": "port", "inet_proto": "protocol", "icmp_type": "ICMP type", "icmpv6_type": "ICMPv6 type", "ct_state": "conntrack state",
    "tcp_flag": "TCP flag", "ipv4_addr": "IPv4 address", "ipv6_addr": "IPv6 address", "ether_addr": "hardware address", "uid": "user",
    "gid": "group", "ct_label": "conntrack label", "realm": "realm", "devgroup": "group of interfaces", "integer": "number of 32 bits",
    "payload": "number of 256 bits", "byte": "number of 8 bits", "bit": "number of one bit",
    **{f"bits{size}": f"number of {size} bits" for size in (3, 4, 12, 13, 16, 20, 64)},
}  # fmt: skip


_DECIMAL = frozenset(("inet_service", "uid"))
"""Kinds of values whose numbers may begin with a zero and not be octal."""


def _single(kind: str, word: str) -> Value | None:
    known = WORDS.get(kind, {}).get(word)
    if known is not None:
        return Value(known, known)
    if not _NUMBER.fullmatch(word):
        return None
    octal = len(word) > 1 and word[0] == "0" and word[1] not in "xX" and set(word) <= set("01234567")
    if word[0] == "0" and not octal and word.isdecimal() and len(word) > 1 and kind not in _DECIMAL:
        raise Refused(f"`{word}` has a leading zero, which makes it octal, and is no octal number")
    if len(word) > 60:
        raise Refused(f"{word[:20]}… is too large for a {_CALLED.get(kind, kind)}")
    number = int(word, 8 if octal else 16 if word[1:2] in ("x", "X") else 10)
    if number >> BITS.get(kind, 32):
        raise Refused(f"{word} is too large for a {_CALLED.get(kind, kind)}")
    return Value(number, number, "octal" if octal and number != int(word) else "")


# -- addresses


def _address(word: str, family: socket.AddressFamily, bits: int) -> Value:
    if "/" in word:
        address, _, length = word.partition("/")
        low = 0 if address == "0" else number(address, family)
        host = (1 << bits - _length(length, bits, word)) - 1
        return Value(low & ~host, low | host, _octal(word, family) or ("host-bits" if low & host else ""))
    if "-" in word:
        first, _, last = word.partition("-")
        low, high = number(first, family), number(last, family)
        if low > high:
            raise Refused(f"the range `{word}` is reversed")
        return Value(low, high, _octal(first, family) or _octal(last, family))
    low = number(word, family)
    return Value(low, low, _octal(word, family))


def _length(word: str, bits: int, prefix: str) -> int:
    """A prefix length. `08` is no number here, though nft reads it as one where a value stands."""
    if _LENGTH.fullmatch(word) is None or (length := int(word, 8 if word[0] == "0" and word.isdecimal() else 0)) > bits:
        raise Refused(f"the prefix length of `{prefix}` is not between 0 and {bits}")
    return length


_LENGTH = re.compile(r"0[xX][0-9a-fA-F]{1,9}|0[0-7]{0,9}|[1-9][0-9]{0,2}")


def number(word: str, family: socket.AddressFamily) -> int:
    """An address as a number. Parts of an IPv4 address with a leading zero are octal, to nft as to inet_aton."""
    if family == socket.AF_INET and word.replace(".", "").isdigit() and word.count(".") in (1, 2):
        raise Refused(f"`{word}` is no IPv4 address: it has not four parts")
    try:
        if " " in word or "\n" in word or "\t" in word:
            raise ValueError(word)  # inet_aton reads up to a blank
        packed = socket.inet_aton(word) if family == socket.AF_INET and word[:1].isdigit() else socket.inet_pton(family, word)
    except (OSError, ValueError):
        misplaced = _misplaced(word) if word in TYPED or word in names.NO_VALUES else None
        if misplaced is not None:
            raise misplaced from None
        called = "IPv4" if family == socket.AF_INET else "IPv6"
        if not torn(word) and re.fullmatch(r"[A-Za-z0-9][\w.-]*", word) and re.search(r"[A-Za-z]|\.0\d*[89]", word):
            raise Unsettled(f"the host name `{word}` is looked up when the ruleset is loaded") from None
        raise Refused(f"`{word}` is no {called} address") from None
    return int.from_bytes(packed, "big")


def _hardware(word: str) -> Value:
    """A hardware address, a range of them, or `address/len`."""
    first, mark, last = word.partition("/") if "/" in word else word.partition("-")
    low = _mac(first)
    if mark == "/":
        host = (1 << BITS["ether_addr"] - _length(last, BITS["ether_addr"], word)) - 1
        return Value(low & ~host, low | host)
    high = _mac(last) if mark else low
    if low > high:
        raise Refused(f"the range `{word}` is reversed")
    return Value(low, high)


def _mac(word: str) -> int:
    if word in TYPED:
        raise Unsettled(f"the word `{word}` is a number here, among other values")
    if not _MAC.fullmatch(word):
        raise Refused(f"`{word}` is no hardware address")
    return int("".join(part.zfill(2) for part in word.split(":")), 16)


def _octal(word: str, family: socket.AddressFamily) -> str:
    if re.search(r"/0\d", word):
        return "octal"
    if family != socket.AF_INET or ".0" not in "." + word:
        return ""
    parts = word.partition("/")[0].split(".")
    return "octal" if any(part[:1] == "0" and part.isdigit() and int(part, 8) != int(part) for part in parts) else ""


# -- many addresses

_LEADING_ZERO = re.compile(r"(?<!\d)0\d")


def addresses(words: Sequence[str]) -> list[Interval] | None:
    """Many IPv4 addresses and prefixes at once; None where one of them is neither, or needs a closer look."""
    text = ",".join(words)
    if text.count(".") != 3 * len(words) or _LEADING_ZERO.search(text):
        return None
    try:
        if "/" not in text:
            return [(number, number) for number in _unpacked(words)]
        parts = [word.partition("/") for word in words]
        spans = []
        for low, (_, _, length) in zip(_unpacked([part[0] for part in parts]), parts, strict=True):
            host = (1 << 32 - int(length or 32)) - 1
            if low & host:
                return None
            spans.append((low, low | host))
    except (OSError, ValueError):
        return None
    return spans


def _unpacked(words: Iterable[str]) -> tuple[int, ...]:
    packed = b"".join(map(socket.inet_aton, words))
    return struct.unpack(f"!{len(packed) // 4}I", packed)
