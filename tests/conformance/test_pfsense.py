"""What pfSense's own code made of small configurations, against what we make of them: lines, order, refusals, verdicts."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from auditor.files import MemoryTree
from auditor.formats.base import Options
from auditor.formats.pf.addresses import literal, normal
from auditor.formats.pf.ruleset import undecided
from auditor.formats.pfsense import FORMAT, nat, rules
from auditor.formats.pfsense.context import Context
from auditor.formats.pfsense.read import read
from auditor.model.filters import Verdict
from auditor.model.graph import Graph, Place
from auditor.model.headers import TcpFlag
from auditor.model.packets import NOTHING, Field, State
from auditor.model.source import Effect

CASES = Path(__file__).parents[3] / "shared" / "conformance" / "pfsense" / "cases.json"
pytestmark = pytest.mark.skipif(not CASES.exists(), reason="the recorded outcomes of pfSense are not here")

Case = dict[str, Any]
_VERDICTS = {"pass": Verdict.PERMIT, "block": Verdict.DENY, "reject": Verdict.REJECT}
_PROTOCOLS = {"tcp": 6, "udp": 17, "icmp": 1, "ipv6-icmp": 58, "esp": 50, "gre": 47, "sctp": 132}


def _cases() -> list[Case]:
    return list(json.loads(CASES.read_text())["cases"]) if CASES.exists() else []


def _ids(case: Case) -> str:
    return str(case["id"])


def _context(case: Case) -> Context:
    return Context(read("config.xml", case["config"].encode()))


def _graph(case: Case) -> Graph:
    return FORMAT.load(MemoryTree({"config.xml": case["config"]}), ["config.xml"], Options())


def _readable(case: Case) -> bool:
    return "config" not in case["observed"] and "generation" not in case["observed"]


@pytest.mark.parametrize("case", [case for case in _cases() if _readable(case)], ids=_ids)
def test_the_same_lines_are_written_and_the_same_rules_left_out(case: Case) -> None:
    found = {rule.number: rule for rule in rules.rules(_context(case))}
    for observed in case["observed"].get("rules", []):
        rule = found[observed["rule"]]
        if case.get("lint") == "lint/pfsense/alias-unresolved" and "dropped" in observed:
            assert all(line.rule.condition.settle(undecided).surely is NOTHING for line in rule.lines)
            continue
        assert list(dict.fromkeys(line.rule.text for line in rule.lines)) == [_squeezed(line) for line in observed["lines"]]
        if "dropped" in observed and not rule.disabled:
            assert list(rule.dropped) == observed["dropped"]


def _squeezed(line: str) -> str:
    return " ".join(line.split())


@pytest.mark.parametrize("case", [case for case in _cases() if "order" in case["observed"]], ids=_ids)
def test_the_order_is_the_rulesets_and_not_the_files(case: Case) -> None:
    ctx = _context(case)
    assert [rule.number for rule in rules.in_order(ctx, rules.rules(ctx)) if rule.lines] == case["observed"]["order"]


@pytest.mark.parametrize("case", _cases(), ids=_ids)
def test_what_the_product_refuses_is_refused(case: Case) -> None:
    refusals = [note for note in _graph(case).notes if note.effect is Effect.REFUSED]
    observed = case["observed"]
    assert bool(refusals) == any(key in observed for key in ("load_error", "config", "generation"))


@pytest.mark.parametrize("case", [case for case in _cases() if case.get("lint")], ids=_ids)
def test_the_reader_is_told(case: Case) -> None:
    traps = {f"lint/pfsense/{note.trap}" for note in _graph(case).notes}
    assert case.get("lint") in traps


@pytest.mark.parametrize("case", [case for case in _cases() if not case.get("lint")], ids=_ids)
def test_nothing_is_said_where_nothing_is_amiss(case: Case) -> None:
    assert [note for note in _graph(case).notes if note.trap != "value-unknown"] == []


@pytest.mark.parametrize("case", [case for case in _cases() if "packets" in case["observed"]], ids=_ids)
def test_every_packet_gets_the_products_verdict(case: Case) -> None:
    graph = _graph(case)
    trackers = {number: rule.lines[0].rule.name for number, rule in _numbered(case).items() if rule.lines}
    for packet in case["observed"]["packets"]:
        place = Place.ENTRY if packet["direction"] == "in" else Place.EXIT
        hook = next(hook for hook in graph.hooks if hook.place is place and hook.zone == f"pfsense:{packet['interface']}")
        decision = hook.filter.first_match(_packet(packet), undecided)
        assert decision is not None
        assert decision.verdict is _VERDICTS[packet["verdict"]], packet
        by = re.fullmatch(r"rule (\d+)", packet["decided_by"])
        assert decision.rule is not None
        if by:
            assert decision.rule.name == trackers[int(by.group(1))]
        else:
            assert decision.rule.synthetic


def _numbered(case: Case) -> dict[int, rules.UserRule]:
    return {rule.number: rule for rule in rules.rules(_context(case))}


def _packet(packet: Case) -> dict[Field, int]:
    protocol = _PROTOCOLS[packet["protocol"]]
    source, destination = (literal(packet[side]) for side in ("source", "destination"))
    assert source is not None
    assert destination is not None
    port = packet["icmp_type"] * 256 if "icmp_type" in packet else packet.get("destination_port", 0)
    return {
        Field.PROTOCOL: protocol,
        Field.SOURCE: source[0],
        Field.DESTINATION: destination[0],
        Field.SOURCE_PORT: packet.get("source_port", 0),
        Field.DESTINATION_PORT: port,
        Field.STATE: State.NEW,
        Field.TCP_FLAGS: TcpFlag.SYN if protocol == 6 else 0,
    }


@pytest.mark.parametrize("case", [case for case in _cases() if "nat" in case["observed"]], ids=_ids)
def test_port_forwards_are_those_of_the_product(case: Case) -> None:
    found, dropped = nat.forwards(_context(case))
    written = [line for line in case["observed"]["nat"] if line.startswith("rdr") and "PFREFLECT" not in line]
    assert [forward.text for forward in found] == [_squeezed(line) for line in written]
    assert dropped == case["observed"].get("nat_dropped", [])


@pytest.mark.parametrize("case", [case for case in _cases() if "definitions" in case["observed"]], ids=_ids)
def test_tables_hold_the_same_addresses(case: Case) -> None:
    ctx = _context(case)
    for name, content in case["observed"]["definitions"].items():
        if not name.startswith("<"):
            continue
        expected = normal(found for entry in content if (found := literal(entry)) is not None)
        if name.endswith("__NETWORK>"):
            network = ctx.interfaces.network(name.strip("<>").removesuffix("__NETWORK").lower())
            assert network is not None
            assert network.surely == expected
        else:
            assert ctx.aliases.table(name.strip("<>")).addresses.surely == expected
