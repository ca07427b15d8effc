"""The list of filters says how many rules were written, and what becomes of the rest."""

from __future__ import annotations

import json

from auditor import audit, flowchart
from auditor.files import MemoryTree
from auditor.model.findings import Run

NFT = """\
table inet f {
  chain pre {
    type filter hook input priority -10; policy accept;
    tcp dport 25 drop
  }
  chain input {
    type filter hook input priority 0; policy drop;
    jump services
    udp dport 53 accept
  }
  chain services {
    tcp dport { 22, 443 } accept
  }
}
"""
PF = """\
<pfsense><version>23.3</version><interfaces>
<lan><enable/><if>igb1</if><ipaddr>10.0.0.1</ipaddr><subnet>24</subnet></lan>
</interfaces><filter>
<rule><type>pass</type><interface>lan</interface><ipprotocol>inet</ipprotocol><source><any/></source><destination><any/></destination></rule>
</filter></pfsense>
"""


def filters(name: str, text: str) -> dict[str, str]:
    graph = audit.read(MemoryTree({name: text}), ("",), audit.Request()).graph
    told = flowchart.text_of(Run(), graph, ".").partition("\nFilters\n")[2].splitlines()
    return {line.partition(":")[0].strip(): line.partition(": ")[2].partition("  ")[0] for line in told}


def test_rules_of_chains_that_are_called_count() -> None:
    told = {"inet f pre (input)": "1 rule, permitted otherwise", "inet f input (input)": "3 rules, denied otherwise"}
    assert filters("gate.nft", NFT) == told


def test_of_two_lists_in_a_row_the_later_decides_too() -> None:
    nat = "table ip nat {\n  chain pre {\n    type nat hook prerouting priority -100;\n    tcp dport 8080 dnat to 10.0.0.2:80\n  }\n}\n"
    assert all(said.endswith("denied otherwise") for label, said in filters("gate.nft", nat + NFT).items() if "f input" in label)


def test_what_a_product_adds_is_not_counted_and_decides_the_rest() -> None:
    told = filters("config.xml", PF)
    assert told["LAN, in"] == "1 rule, denied otherwise"
    assert told["LAN, out"] == "0 rules, permitted otherwise"


def test_json_says_the_same() -> None:
    graph = audit.read(MemoryTree({"config.xml": PF}), ("",), audit.Request()).graph
    hooks = {each["label"]: (each["rules"], each["default"]) for each in json.loads(flowchart.json_of(Run(), graph))["hooks"]}
    assert hooks["LAN, in"] == (1, "deny")
