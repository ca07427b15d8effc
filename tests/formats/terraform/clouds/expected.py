"""Estates in the words of a recorded plan's rules: one line a port range and peer."""

from __future__ import annotations

from typing import Any

from auditor.formats.terraform.records import Direction, Group, PeerKind, Range, Record
from auditor.model.source import Unknown

Line = tuple[tuple[str, Any], ...]


def line_of(record: Record) -> Line:
    """A record in the words of the recorded plans."""
    assert record.doubt is None, f"{record.resource} is in doubt: {record.doubt}"
    traffic = record.traffic
    line: dict[str, Any] = {
        "direction": "in" if record.direction is Direction.IN else "out",
        "action": "allow" if record.permit else "deny",
        "protocol": traffic.protocol,
        "icmp_type": traffic.icmp.type,
        "icmp_code": traffic.icmp.code,
        "peer": record.peer.label if record.peer.kind is not PeerKind.UNKNOWN else "unknown",
        "resource": record.resource,
        "priority": record.order,
        "local": record.local.label if record.local else None,
        "targets": tuple(sorted(target.label for target in record.targets)) or None,
        "stateless": record.stateless or None,
        "implicit": record.implicit or None,
    }
    for prefix, numbers in (("", traffic.ports), ("source_", traffic.source_ports)):
        assert not isinstance(numbers, Unknown), f"{record.resource}: {numbers}"
        if isinstance(numbers, Range):
            line |= {f"{prefix}from": numbers.first, f"{prefix}to": numbers.last}
    return tuple(sorted((key, each) for key, each in line.items() if each is not None))


def lines_of(group: Group) -> set[Line]:
    return {line_of(record) for record in group.rules}


def expected_lines(group: dict[str, Any]) -> set[Line]:
    return {tuple(sorted((key, tuple(each) if isinstance(each, list) else each) for key, each in rule.items())) for rule in group["rules"]}


def assert_same(groups: dict[str, Group], expected: dict[str, Any]) -> None:
    """Every group and every rule of the plan is there, and no other."""
    assert set(groups) == set(expected)
    for address, group in expected.items():
        assert lines_of(groups[address]) == expected_lines(group), address
        assert groups[address].disabled == group.get("disabled", False)
