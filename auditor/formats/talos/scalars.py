"""Scalars as Talos's loader reads them: the field's syntax decides, and what it does not accept is refused with what to write instead."""

from __future__ import annotations

import ipaddress
import re

from auditor.model.record import dataclass
from auditor.yamlscalars import Schema, integer
from auditor.yamlspan import Scalar, Style

PROTOCOLS = ("tcp", "udp", "icmp", "icmpv6")
ACTIONS = ("accept", "block")

_PLACEHOLDER = re.compile(r"\$\{[^}]*\}|(?<![\w$\\])\$[A-Za-z_]\w*|\{\{|\{%|#\{|<%|\bop://|\bref\+|ENC\[|<path:|%\{")
_RANGE = re.compile(r"([0-9]{1,9})-([0-9]{1,9})")
_WHOLE = re.compile(r"\+?[0-9][0-9_]*(?:\.[0-9]*)?(?:[eE]\+?[0-9]{1,2})?")
_LENGTH = re.compile(r"0|[1-9][0-9]{0,2}")
_TRUE = frozenset(["y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"])
_FALSE = frozenset(["n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"])
_DURATION = re.compile(r"[+-]?(?:0|(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+)")
_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}


class Refused(ValueError):
    """A scalar that Talos does not load. `trap` is the lint's name, the text says what is wrong and what to write."""

    def __init__(self, trap: str, message: str) -> None:
        super().__init__(message)
        self.trap = trap


@dataclass(frozen=True, slots=True, order=True)
class Ports:
    """Ports `low` to `high`, both included; `low > high` loads and does not validate."""

    low: int
    high: int

    def __str__(self) -> str:
        return str(self.low) if self.low == self.high else f"{self.low}-{self.high}"


Prefix = ipaddress.IPv4Interface | ipaddress.IPv6Interface


def is_null(node: object) -> bool:
    """Whether a node is nothing: absent, or a plain null."""
    return node is None or (isinstance(node, Scalar) and node.value is None)


def placeholder(node: object) -> str | None:
    """The sign by which a scalar shows that another tool is still to fill it in, if it shows one: `${`, `{{`, `op://`, `ENC[` …"""
    match = _PLACEHOLDER.search(node.text) if isinstance(node, Scalar) else None
    return match[0] if match else None


def shown(text: str) -> str:
    """A refused value for a message: only what looks like an address, a port or a name is repeated."""
    return f"{text!r}" if re.fullmatch(r"[\w.:/ ,+-]{1,48}", text) else "this value"


def read_ports(node: Scalar) -> Ports:
    """A plain number or `lo-hi`."""
    text = node.text
    if node.style is Style.PLAIN and node.tag is None:
        number = _whole(text)
        if number is not None and 0 <= number <= 65535:
            return Ports(number, number)
    match = _RANGE.fullmatch(text)
    if match is not None and int(match[1]) <= 65535 and int(match[2]) <= 65535:
        return Ports(int(match[1]), int(match[2]))
    if node.style is not Style.PLAIN and text.isdecimal() and int(text[:9]) <= 65535:
        raise Refused("quoted-port", f"a single port must be a number, not text: write {int(text)} without quotes")
    raise Refused("invalid-port", f"{shown(text)} is no port and no range: write a number up to 65535, or low-high")


def _whole(text: str) -> int | None:
    number = integer(text, Schema.GO)
    if number is not None:
        return number
    if _WHOLE.fullmatch(text):
        value = float(text.replace("_", ""))
        if value.is_integer():
            return int(value)
    return None


def read_prefix(node: Scalar) -> Prefix | None:
    """An address and its prefix length, host bits kept; None for an empty text."""
    text = node.text
    if text == "":
        return None
    address, slash, length = text.rpartition("/")
    if not slash:
        hint = _bare_hint(text)
        raise Refused("bare-address" if hint else "invalid-subnet", hint or f"{shown(text)} is no network: write address/length")
    if "%" in address:
        raise Refused("invalid-subnet", f"{shown(text)} has an IPv6 zone: write the network without it")
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        raise Refused("invalid-subnet", f"{shown(text)} is no network: {shown(address)} is no address") from None
    if not _LENGTH.fullmatch(length) or int(length) > parsed.max_prefixlen:
        raise Refused("invalid-subnet", f"{shown(text)} is no network: the length after / is a number from 0 to {parsed.max_prefixlen}")
    return ipaddress.ip_interface(text)


def _bare_hint(text: str) -> str | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return f"{shown(text)} is an address without length: write {text}/{address.max_prefixlen}"


def read_protocol(node: Scalar) -> str:
    """A protocol in lower case."""
    lowered = node.text.lower()
    if lowered not in PROTOCOLS:
        raise Refused("invalid-protocol", f"{shown(node.text)} is no protocol of the firewall: write one of {', '.join(PROTOCOLS)}")
    return lowered


def read_action(node: Scalar) -> str:
    """A default action in lower case."""
    lowered = node.text.lower()
    if lowered not in ACTIONS:
        raise Refused("invalid-default-action", f"{shown(node.text)} is no default action: write accept or block")
    return lowered


def read_boolean(node: Scalar) -> bool:
    """A boolean field; quoted ones are refused."""
    if node.style is Style.PLAIN and node.text in _TRUE:
        return True
    if node.style is Style.PLAIN and node.text in _FALSE:
        return False
    raise Refused("invalid-value", "true or false is expected here, without quotes")


def read_number(node: Scalar) -> int:
    """A number field."""
    number = _whole(node.text) if node.style is Style.PLAIN else None
    if number is None and node.style is Style.PLAIN and re.fullmatch(r"-[0-9]+", node.text):
        number = int(node.text[:20])
    if number is None:
        raise Refused("invalid-value", "a number is expected here, without quotes")
    return number


def read_duration(node: Scalar) -> int:
    """A duration in nanoseconds."""
    if not _DURATION.fullmatch(node.text) or len(node.text) > 100:
        raise Refused("invalid-value", "a duration is expected here, such as 30s or 5m")
    total = 0.0
    for number, unit in re.findall(r"([0-9]*\.?[0-9]*)(ns|us|µs|μs|ms|s|m|h)", node.text):
        total += float(number) * _UNITS[unit]
    return -int(total) if node.text.startswith("-") else int(total)


def duration_text(nanoseconds: int) -> str:
    """A duration as Go writes it: 2m0s."""
    if nanoseconds == 0:
        return "0s"
    sign, rest = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    if rest < 10**9:
        unit = next(name for name in ("ms", "µs", "ns") if rest >= _UNITS[name])
        return f"{sign}{rest / _UNITS[unit]:g}{unit}"
    hours, rest = divmod(rest, _UNITS["h"])
    minutes, rest = divmod(rest, _UNITS["m"])
    seconds = f"{rest / 10**9:.9f}".rstrip("0").rstrip(".") + "s"
    return sign + (f"{hours}h" if hours else "") + (f"{minutes}m" if hours or minutes else "") + seconds
