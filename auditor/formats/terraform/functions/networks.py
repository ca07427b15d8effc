"""Functions on networks in CIDR notation, in integers: the length of a prefix and the bits before it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from auditor.formats.terraform.errors import Refused, Undecided
from auditor.formats.terraform.functions.signature import TEXT, Function, Parameter
from auditor.formats.terraform.types import NUMBER, STRING, list_of
from auditor.formats.terraform.values import Value, list_value, number_of, string

AMOUNT = Parameter(NUMBER)
MAX_FURTHER_BITS = 32
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _network(prefix: Value) -> Network:
    """The network. Terraform takes IPv4 addresses inside of IPv6 for the one here and for the other there: those are not decided."""
    text = str(prefix.raw)
    address, slash, length = text.partition("/")
    try:
        if not slash or not (length.isascii() and length.isdigit()):
            raise ValueError
        network = ipaddress.ip_network(f"{_decimal(address)}/{int(length)}", strict=False)
    except ValueError:
        raise Refused(f"{text!r} is no network in CIDR notation", prefix.place) from None
    if isinstance(network, ipaddress.IPv6Network) and network.network_address.ipv4_mapped is not None:
        raise Undecided(prefix)
    return network


def _decimal(address: str) -> str:
    """Leading zeros are allowed and mean nothing."""
    if ":" in address:
        return address
    return ".".join(str(int(part)) if part.isascii() and part.isdigit() else part for part in address.split("."))


def _bits(value: Value) -> int:
    amount = number_of(value)
    if not isinstance(amount, int):
        raise Refused("a whole number is needed", value.place)
    return amount


def _cidrsubnet(prefix: Value, bits: Value, number: Value) -> Value:
    """Negative numbers are taken as Terraform takes them: the bits are joined, and the sign of the result is dropped."""
    network, more, position = _network(prefix), _bits(bits), _bits(number)
    length = network.prefixlen + more
    if not 0 <= length <= network.max_prefixlen:
        raise Refused(f"a prefix of {network.prefixlen} cannot be longer by {more} bits", bits.place)
    if more >= 0 and not abs(position) < 1 << more:
        raise Refused(f"{more} bits have no room for the number {position}", number.place)
    start = abs(int(network.network_address) | position << (network.max_prefixlen - length))
    return string(f"{type(network.network_address)(start)}/{length}")


def _cidrsubnets(prefix: Value, *bits: Value) -> Value:
    """Consecutive networks, each at the next place that its length allows."""
    network = _network(prefix)
    position = int(network.network_address)
    if not position and bits:
        raise Refused("nothing can stand before the first of these networks, where Terraform begins to count", prefix.place)
    end = position + network.num_addresses
    found: list[Value] = []
    for value in bits:
        length = network.prefixlen + _bits(value)
        if not 1 <= _bits(value) <= MAX_FURTHER_BITS or length > network.max_prefixlen:
            raise Refused(f"every network needs one to {MAX_FURTHER_BITS} further bits, and no more than there are", value.place)
        size = 1 << (network.max_prefixlen - length)
        position = (position + size - 1) // size * size
        if position + size > end:
            raise Refused("there is no room left for this network", value.place)
        found.append(string(str(type(network)((position, length))), value.place))
        position += size
    return list_value(found, STRING)


def _cidrhost(prefix: Value, number: Value) -> Value:
    network, position = _network(prefix), _bits(number)
    if not -network.num_addresses <= position < network.num_addresses:
        raise Refused(f"{network} has no host {position}", number.place)
    return string(str(network[position]))


def _cidrnetmask(prefix: Value) -> Value:
    network = _network(prefix)
    if network.version != 4:
        raise Refused("only IPv4 networks have a netmask", prefix.place)
    return string(str(network.netmask))


FUNCTIONS: Mapping[str, Function] = {
    "cidrsubnet": Function(_cidrsubnet, (TEXT, AMOUNT, AMOUNT), STRING),
    "cidrsubnets": Function(_cidrsubnets, (TEXT,), list_of(STRING), AMOUNT),
    "cidrhost": Function(_cidrhost, (TEXT, AMOUNT), STRING),
    "cidrnetmask": Function(_cidrnetmask, (TEXT,), STRING),
}
