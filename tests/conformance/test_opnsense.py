"""Every recorded case: what OPNsense's own code made of a file, against what is read here; and real files, all of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.files import DirectoryTree, MemoryTree
from auditor.formats.base import Options
from auditor.formats.opnsense import FORMAT, forwards
from auditor.formats.opnsense.convert import convert
from auditor.formats.opnsense.lints import LINTS
from auditor.formats.opnsense.load import load
from auditor.formats.opnsense.record import Store
from auditor.formats.opnsense.render import written
from auditor.formats.opnsense.ruleset import Ruleset, read_ruleset
from auditor.formats.pf.ruleset import Direction, filter_of
from auditor.formats.xmlspan import parse
from auditor.model.filters import Verdict
from auditor.model.headers import address_interval
from auditor.model.packets import Field

SHARED = Path(__file__).resolve().parents[3] / "shared"
CASES = SHARED / "conformance" / "opnsense" / "cases.json"
CORPUS = SHARED / "corpus"
pytestmark = pytest.mark.skipif(not CASES.exists(), reason="the recorded outcomes of the product are not here")

PROTOCOLS = {"tcp": 6, "udp": 17, "icmp": 1, "ipv6-icmp": 58}
VERDICTS = {"pass": Verdict.PERMIT, "block": Verdict.DENY, "reject": Verdict.REJECT}
USER = (Store.LEGACY, Store.MVC)


def cases() -> list[Any]:
    if not CASES.exists():
        return []
    return [pytest.param(case, id=case["id"]) for case in json.loads(CASES.read_text())["cases"]]


def ruleset(case: Any) -> Ruleset:
    return read_ruleset(parse("config.xml", case["config"].encode(), blank_start=True))


def texts(rules: Ruleset, *stores: Store) -> list[str]:
    return [written(line, rules.interfaces) for line in rules.lines if line.active and line.record.store in stores]


@pytest.mark.parametrize("case", cases())
def test_each_rule_becomes_the_lines_the_product_writes(case: Any) -> None:
    rules = ruleset(case)
    found = {}
    for record in rules.records:
        if record.store not in USER:
            continue
        own = [(line, written(line, rules.interfaces)) for line in rules.lines if line.record is record]
        found[record.title] = {
            "rule": record.title,
            "store": str(record.store),
            "priority": int(record.priority),
            "lines": [text for line, text in own if line.active],
            "dropped": [{"line": text, "why": line.dropped} for line, text in own if line.dropped],
        }
    assert found == {rule["rule"]: {"dropped": [], **rule} for rule in case["observed"]["rules"]}


@pytest.mark.parametrize("case", cases())
def test_the_rules_stand_in_the_product_s_order(case: Any) -> None:
    rules = ruleset(case)
    order = list(dict.fromkeys(line.record.title for line in rules.lines if line.active and line.record.store in USER))
    assert order == case["observed"].get("order", order[:1])


@pytest.mark.parametrize("case", [case for case in cases() if "filter" in case.values[0]["observed"]])
def test_the_whole_ruleset_has_the_firewall_s_own_lines_in_place(case: Any) -> None:
    rules = ruleset(case)
    expected = [line for line in case["observed"]["filter"] if not line.startswith("antispoof")]
    assert texts(rules, *Store) == expected


@pytest.mark.parametrize("case", cases())
def test_aliases_hold_what_the_product_puts_into_its_tables(case: Any) -> None:
    rules = ruleset(case)
    for name, content in case["observed"].get("definitions", {}).items():
        alias = name.strip("$<>")
        if name.startswith("<"):
            assert list(rules.aliases.networks_written(alias)) == content
        elif rules.aliases.by_name[alias].type == "port":
            assert f"{{ {' '.join(rules.aliases.ports(alias).words or ('0 <> 65535',))} }}" == content
    for alias, names in case["observed"].get("resolver", {}).items():
        assert list(rules.aliases.names(alias)) == names


@pytest.mark.parametrize("case", cases())
def test_port_forwards_translate_and_bring_rules_as_in_the_product(case: Any) -> None:
    rules = ruleset(case)
    lines = [forwards.written(each, rules.interfaces) for each in rules.redirects if not each.dropped and not each.forward.exception]
    assert lines == case["observed"].get("nat", [])
    assert texts(rules, Store.FORWARD) == case["observed"].get("generated_from_nat", [])


@pytest.mark.parametrize("case", cases())
def test_what_pf_refuses_is_known_to_be_refused(case: Any) -> None:
    rules = ruleset(case)
    observed = case["observed"].get("load_error", [])
    expected = [observed] if isinstance(observed, dict) else observed
    assert [{"line": written(line, rules.interfaces), "why": why} for line, why in rules.refusals] == expected
    assert rules.loads is not bool(expected)


@pytest.mark.parametrize("case", cases())
def test_every_packet_meets_the_product_s_verdict_by_the_same_rule(case: Any) -> None:
    rules = ruleset(case)
    lines = convert(rules).pf
    for packet in case["observed"].get("packets", []):
        filter_ = filter_of(lines, packet["interface"], Direction(packet["direction"]), "", rules.root.head)
        fields = {
            Field.PROTOCOL: PROTOCOLS[packet["protocol"]],
            Field.SOURCE: address_interval(packet["source"])[0],
            Field.DESTINATION: address_interval(packet["destination"])[0],
            Field.SOURCE_PORT: packet.get("source_port", 0),
            Field.DESTINATION_PORT: packet.get("destination_port", packet.get("icmp_type", 0) * 256),
            Field.TCP_FLAGS: 2 if packet["protocol"] == "tcp" else 0,
        }
        decision = filter_.first_match(fields, lambda _: None)
        assert decision is not None and decision.rule is not None, packet
        by = ("system: " if decision.rule.synthetic else "") + decision.rule.name
        assert (decision.verdict, by) == (VERDICTS[packet["verdict"]], packet["decided_by"]), packet


@pytest.mark.parametrize("case", [case for case in cases() if (case.values[0].get("lint") or "").startswith("lint/")])
def test_the_reader_of_the_file_is_told(case: Any) -> None:
    graph = load(MemoryTree({"config.xml": case["config"]}), ["config.xml"])
    assert case["lint"] in {f"lint/opnsense/{note.trap}" for note in graph.notes}


def corpus(kind: str) -> list[str]:
    return sorted(path.name for path in (CORPUS / kind).glob("*.xml")) if CORPUS.exists() else []


@pytest.mark.parametrize("name", corpus("opnsense"))
def test_every_real_file_is_read(name: str) -> None:
    tree = DirectoryTree(CORPUS / "opnsense")
    assert FORMAT.claims(name, tree.read_bytes(name)[:4096])
    graph = FORMAT.load(tree, [name], Options())
    assert graph.read == ((name, "opnsense"),)
    assert graph.hooks
    assert {note.trap for note in graph.notes} <= {lint.trap for lint in LINTS}


@pytest.mark.parametrize("name", corpus("pfsense"))
def test_the_sibling_s_files_are_left_to_it_and_refused_with_a_reason(name: str) -> None:
    tree = DirectoryTree(CORPUS / "pfsense")
    assert not FORMAT.claims(name, tree.read_bytes(name)[:4096])
    graph = FORMAT.load(tree, [name], Options())
    assert [note.trap for note in graph.notes] == ["unparsable"]
    assert "<opnsense>" in graph.notes[0].message


@pytest.mark.parametrize("name", corpus("opnsense"))
def test_no_secret_of_a_real_file_reaches_the_graph(name: str) -> None:
    tree = DirectoryTree(CORPUS / "opnsense")
    graph = FORMAT.load(tree, [name], Options())
    secrets = secrets_of(tree.read_bytes(name))
    shown = repr((graph.notes, graph.zones, [(rule.text, rule.name, rule.address) for filter_ in graph.filters for rule in filter_.rules]))
    assert [secret for secret in secrets if secret in shown] == []


def secrets_of(data: bytes) -> set[str]:
    """Texts of the elements that the reference names as secret."""
    names = {"password", "prv", "key", "secret", "privkey", "psk", "shared_key", "tls", "otp_seed", "authorizedkeys", "privateKey", "Key"}
    found: set[str] = set()
    pending = [parse("x", data, blank_start=True)]
    while pending:
        element = pending.pop()
        pending += element.children
        if element.name in names and len(element.text) > 5:
            found.add(element.text)
    return found
