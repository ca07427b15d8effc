"""A host whose ruleset filters elsewhere, and not what comes in to the host itself."""

from __future__ import annotations

import pytest

from auditor import audit
from auditor.files import MemoryTree
from auditor.formats.base import Options
from auditor.formats.nftables import FORMAT
from auditor.model.findings import Outcome

FORWARD = "chain f { type filter hook forward priority 0; policy drop; }"
PREROUTING = "chain p { type filter hook prerouting priority 0; ip saddr 192.0.2.0/24 drop; }"


def unfiltered(*chains: str, flush: str = "flush ruleset") -> bool:
    text = f"{flush}\ntable inet t {{\n" + "\n".join(chains) + "\n}\n"
    notes = FORMAT.load(MemoryTree({"a.nft": text}), ["a.nft"], Options()).notes
    return any(note.trap == "unfiltered" for note in notes)


@pytest.mark.parametrize("hook", ["forward", "output"])
def test_a_whole_ruleset_that_filters_elsewhere_and_not_what_comes_in_is_told(hook: str) -> None:
    assert unfiltered(f"chain c {{ type filter hook {hook} priority 0; policy drop; }}")


def test_one_that_leaves_other_tables_in_force_is_not() -> None:
    assert not unfiltered(FORWARD, flush="")


def test_one_that_filters_what_comes_in_anywhere_is_not() -> None:
    assert not unfiltered(FORWARD, "chain i { type filter hook input priority 0; }")
    assert not unfiltered(FORWARD, PREROUTING)
    assert unfiltered(FORWARD, "chain n { type nat hook prerouting priority dstnat; }")


def test_one_that_filters_nowhere_is_not() -> None:
    assert not unfiltered("chain n { type nat hook postrouting priority srcnat; masquerade; }")


def test_nothing_is_called_absent_in_a_file_that_is_not_read_to_its_end() -> None:
    assert not unfiltered(FORWARD, flush='flush ruleset\ninclude "gone.nft"')


@pytest.mark.parametrize("wrong", ["chain x { type filter hook %%% }", "chain x { frobnicate; }", "chain x { tcp dport 99999 accept; }"])
def test_in_a_file_that_nft_refuses_no_filter_is_in_force(wrong: str) -> None:
    assert unfiltered(FORWARD, wrong)
    assert unfiltered("chain i { type filter hook input priority 0; policy drop; }", wrong, flush="")
    assert not unfiltered("chain n { type nat hook postrouting priority srcnat; masquerade; }", wrong)


@pytest.mark.parametrize("policy", ["accept", "drop"])
@pytest.mark.parametrize("rule", ["frobnicate the packets", "tcp dport 99999 accept", "ip saddr udp drop"])
def test_nothing_is_held_closed_by_rules_that_nft_refuses(policy: str, rule: str) -> None:
    text = f"table inet t {{\nchain i {{\ntype filter hook input priority 0; policy {policy};\niif lo accept\n{rule}\ndrop\n}}\n}}\n"
    request = audit.Request()
    reading = audit.read(MemoryTree({"a.nft": text, "auditor.yaml": "rulesets: [firewall-hygiene]\n"}), ("a.nft",), request)
    found = {finding.rule: finding.outcome for finding in audit.run_of(reading, request).findings}
    assert found["hygiene/world-open-admin"] is found["hygiene/default-permit-inbound"] is Outcome.OPEN
    assert found["hygiene/any-any-permit"] is Outcome.OPEN
    assert Outcome.HOLDS not in (found["hygiene/replies-blocked"], found["hygiene/ipv6-forgotten"])
