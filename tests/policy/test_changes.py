"""What a change does to flows: laws on every dialect's fixtures, and the line that made the difference."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor import audit
from auditor.audit import Reading, Request
from auditor.files import MemoryTree
from auditor.model.findings import Outcome
from auditor.policy import changes as module
from auditor.policy.changes import OTHERS, Change, Effect, Turn, changes, turns

ROOT = Path(__file__).parents[2]
GROUP = """\
resource "aws_security_group" "web" {
  name = "web"
}
resource "aws_vpc_security_group_ingress_rule" "https" {
  security_group_id = aws_security_group.web.id
  ip_protocol = "tcp"
  from_port   = 443
  to_port     = 443
  cidr_ipv4   = "0.0.0.0/0"
}
"""
SSH = """\
resource "aws_vpc_security_group_ingress_rule" "ssh" {
  security_group_id = aws_security_group.web.id
  ip_protocol = "tcp"
  from_port   = 22
  to_port     = 22
  cidr_ipv4   = "%s"
}
"""


def reading_of(directory: Path) -> Reading:
    tree, inputs = audit.tree_of((str(directory),))
    return audit.read(tree, inputs, Request(paths=(str(directory),)))


def reading(text: str) -> Reading:
    return audit.read(MemoryTree({"main.tf": text}), ("",), Request(rulesets=("firewall-hygiene",)))


def told(before: Reading, after: Reading) -> set[tuple[Effect, str, str, tuple[str, ...]]]:
    return {
        (each.effect, each.source, each.destination, each.services)
        for each in changes((before.graph, before.cast), (after.graph, after.cast))
    }


PAIRS = [
    ("fixtures/terraform/talos-aws", "examples/talos-aws"),
    ("fixtures/talos/cluster", "fixtures/talos/worked-example"),
    ("fixtures/pfsense/kubernetes-vlan", "fixtures/opnsense/kubernetes-vlan"),
    ("fixtures/opnsense/disruptive-option-a", "fixtures/opnsense/thymis"),
]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_nothing_changes_between_a_tree_and_itself(one: str, other: str) -> None:
    for path in (one, other):
        assert told(reading_of(ROOT / path), reading_of(ROOT / path)) == set()


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_what_is_opened_one_way_is_closed_the_other(one: str, other: str) -> None:
    a, b = reading_of(ROOT / one), reading_of(ROOT / other)
    there, back = told(a, b), told(b, a)
    mirrored = {Effect.OPENED: Effect.CLOSED, Effect.CLOSED: Effect.OPENED}
    assert there
    decided = [{each for each in told if each[0] in mirrored} for told in (there, back)]
    assert {(mirrored[effect], *rest) for effect, *rest in decided[0]} == {tuple(each) for each in decided[1]}


def test_a_rule_that_is_added_opens_just_its_flow_and_is_named() -> None:
    before, after = reading(GROUP), reading(GROUP + SSH % "198.51.100.0/24")
    (change,) = [each for each in changes((before.graph, before.cast), (after.graph, after.cast)) if each.source == "the internet"]
    assert (change.effect, change.services, change.sources) == (Effect.OPENED, ("tcp/22",), "198.51.100.0/24")
    assert change.location is not None
    assert change.location.span.line == 16


def test_a_rule_that_is_removed_closes_its_flow_and_is_named_where_it_was() -> None:
    before, after = reading(GROUP + SSH % "0.0.0.0/0"), reading(GROUP)
    (change,) = [each for each in changes((before.graph, before.cast), (after.graph, after.cast)) if each.source == "the internet"]
    assert (change.effect, change.services) == (Effect.CLOSED, ("tcp/22",))
    assert change.location is not None
    assert change.location.span.line == 16


def test_what_opens_to_a_private_network_in_which_nobody_is_known_is_told() -> None:
    opened = told(reading(GROUP), reading(GROUP + SSH % "10.1.0.0/16"))
    assert (Effect.OPENED, OTHERS, "terraform:aws_security_group.web", ("tcp/22",)) in opened


def test_what_opens_one_of_many_groups_is_told() -> None:
    def groups(port: int) -> Reading:
        return reading(
            "".join(
                GROUP.replace("web", f"g{n}").replace("https", f"r{n}").replace("443", str(port if n == 90 else 443)) for n in range(100)
            )
        )

    opened = told(groups(443), groups(22))
    assert (Effect.OPENED, "the internet", "terraform:aws_security_group.g90", ("tcp/22",)) in opened
    assert {destination for _, _, destination, _ in opened} == {"terraform:aws_security_group.g90"}


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_parties_that_are_passed_over_are_those_for_whom_nothing_changed(one: str, other: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = reading_of(ROOT / one), reading_of(ROOT / other)
    found = told(before, after)
    monkeypatch.setattr(module, "_touched", lambda *_: None)
    assert told(before, after) == found


def test_an_unknown_source_leaves_the_flow_undecided() -> None:
    before, after = reading(GROUP), reading(GROUP + SSH % "${var.cidr}" + 'variable "cidr" {}')
    effects = {each[0] for each in told(before, after)}
    assert effects == {Effect.UNDECIDED}


CHAIN = """\
table inet filter {
  chain input {
    type filter hook input priority 0; policy drop;
    tcp dport 22 accept
    tcp dport 443 accept
  }
}
"""


def of(files: dict[str, str | bytes]) -> Reading:
    return audit.read(MemoryTree(files), ("",), Request(rulesets=("firewall-hygiene",)))


def between(before: dict[str, str | bytes], after: dict[str, str | bytes]) -> list[Change]:
    one, other = of(before), of(after)
    return list(changes((one.graph, one.cast), (other.graph, other.cast)))


def test_rules_that_moved_change_nothing() -> None:
    moved = CHAIN.replace("tcp dport 22", "tcp dport 1").replace("tcp dport 443", "tcp dport 22").replace("dport 1 ", "dport 443 ")
    assert moved != CHAIN
    assert between({"a.nft": CHAIN}, {"a.nft": "# above\n" + moved}) == []


def test_a_file_that_was_renamed_changes_nothing() -> None:
    assert between({"a.nft": CHAIN}, {"net/b.nft": CHAIN}) == []
    assert between({"a/x.nft": CHAIN, "b/y.nft": CHAIN}, {"c/x.nft": CHAIN, "c/y.nft": CHAIN}) == []


def test_what_changed_in_a_renamed_file_is_told() -> None:
    found = between({"a.nft": CHAIN}, {"b.nft": CHAIN.replace("443", "80")})
    assert {(each.effect, each.services) for each in found} == {(Effect.OPENED, ("tcp/80",)), (Effect.CLOSED, ("tcp/443",))}
    assert {each.location.span.path for each in found if each.location} == {"a.nft", "b.nft"}
    assert {each.was_there for each in found if each.location and each.location.span.path == "a.nft"} == {True}


def test_a_firewall_that_was_deleted_closes_nothing_and_may_open() -> None:
    found = between({"a.nft": CHAIN}, {})
    assert {each.effect for each in found} == {Effect.UNDECIDED}
    assert all(each.may_open and "no firewall" in each.why for each in found)
    assert any(each.source == "the internet" and each.services == ("any",) for each in found)


def test_of_a_firewall_that_was_added_is_told_what_it_lets_through() -> None:
    (found,) = [each for each in between({}, {"a.nft": CHAIN}) if each.source == "the internet"]
    assert (found.effect, found.services) == (Effect.UNDECIDED, ("tcp/22", "tcp/443"))
    assert found.location is not None
    assert found.location.span.path == "a.nft"


def test_a_group_that_is_made_new_opens_what_it_lets_through() -> None:
    found = [each for each in between({}, {"main.tf": GROUP}) if each.source == "the internet"]
    assert {(each.effect, each.services) for each in found} == {(Effect.OPENED, ("tcp/443",))}


def test_what_passed_and_is_undecided_now_opens_nothing() -> None:
    unknown = GROUP.replace("0.0.0.0/0", "${var.cidr}") + 'variable "cidr" {}'
    assert {each.may_open for each in between({"main.tf": GROUP}, {"main.tf": unknown})} == {False}
    assert {each.may_open for each in between({"main.tf": unknown}, {"main.tf": GROUP})} == {True}


def test_requirements_turn_when_their_outcome_differs() -> None:
    before = {"a": Outcome.HOLDS, "b": Outcome.BROKEN, "c": Outcome.OPEN}
    after = {"a": Outcome.HOLDS, "b": Outcome.HOLDS, "d": Outcome.BROKEN}
    assert turns(before, after) == (
        Turn("b", Outcome.BROKEN, Outcome.HOLDS),
        Turn("c", Outcome.OPEN, None),
        Turn("d", None, Outcome.BROKEN),
    )


ROUTER = """\
table inet f {
  chain forward {
    type filter hook forward priority 0; policy drop;
    %s
  }
}
"""


@pytest.mark.parametrize(("before", "after", "was_there"), [("22", "22, 80", False), ("22, 80", "22", True)])
def test_the_line_that_changed_is_named_and_not_the_policy_that_did_not(before: str, after: str, was_there: bool) -> None:
    line = 'iifname "lan" oifname "iot" tcp dport { %s } accept'
    one, other = (
        audit.read(MemoryTree({"gate.nft": ROUTER % (line % ports)}), ("",), Request(rulesets=("firewall-hygiene",)))
        for ports in (before, after)
    )
    (change,) = changes((one.graph, one.cast), (other.graph, other.cast))
    assert change.location is not None
    assert (change.location.name, change.was_there) == (line % "22, 80", was_there)


UNNAMED = """\
table inet f {
  chain forward {
    type filter hook forward priority 0; policy drop;
    ct state established accept
    RULE
  }
}
"""
FORWARD = """\
table ip nat {
  chain pre {
    type nat hook prerouting priority dstnat;
    tcp dport 443 dnat to TARGET
  }
}
"""


def routed(rule: str, target: str = "") -> dict[str, str | bytes]:
    return {"gate.nft": UNNAMED.replace("RULE", rule) + (FORWARD.replace("TARGET", target) if target else "")}


def test_what_a_router_of_whom_nobody_is_named_lets_through_is_told() -> None:
    opened = between(routed(""), routed("ip daddr 10.0.0.5 tcp dport 22 accept"))
    assert [(each.effect, each.services, each.may_open) for each in opened] == [(Effect.OPENED, ("tcp/22",), True)]
    perhaps = between(routed('iifname "wan0" tcp dport 443 accept'), routed('iifname "wan0" tcp dport { 443, 22 } accept'))
    assert [(each.effect, each.services) for each in perhaps] == [(Effect.UNDECIDED, ("tcp/22",))]
    assert [each.why for each in between(routed(""), {})] == ["no firewall that was read stands there now"]


def test_what_a_router_does_between_its_named_interfaces_is_told_once() -> None:
    before, after = ('iifname "lan0" oifname "wan0" ' + rule for rule in ("tcp dport 443 accept", "tcp dport { 443, 80 } accept"))
    assert [each.source for each in between(routed(before), routed(after))] == ["nftables:gate.nft:lan0"]


def test_packets_that_are_sent_on_to_somebody_else_are_told() -> None:
    (made,) = between(routed("ct status dnat accept", "10.0.0.5"), routed("ct status dnat accept", "10.0.0.6"))
    assert (made.effect, made.services, made.may_open) == (Effect.UNDECIDED, ("tcp/443",), True)
    assert made.location is not None
    assert made.location.span.line == 11


def test_forwards_that_changed_places_send_nobody_elsewhere() -> None:
    one, other = "tcp dport 443 dnat to 10.0.0.5", "tcp dport 80 dnat to 10.0.0.6"
    texts = [FORWARD.replace("tcp dport 443 dnat to TARGET", f"{a}\n    {b}") for a, b in ((one, other), (other, one))]
    before, after = ({"gate.nft": UNNAMED.replace("RULE", "ct status dnat accept") + text} for text in texts)
    assert between(dict(before), dict(after)) == []


MEMBERS_OF = """\
resource "aws_vpc" "main" { cidr_block = "10.0.0.0/16" }
resource "aws_security_group" "node" { vpc_id = aws_vpc.main.id }
"""
AMONG_THEMSELVES = """\
resource "aws_vpc_security_group_ingress_rule" "node" {
  security_group_id            = aws_security_group.node.id
  referenced_security_group_id = aws_security_group.node.id
  ip_protocol                  = "tcp"
  from_port                    = 2379
  to_port                      = 2380
}
"""


@pytest.mark.parametrize(("address", "maybe"), [("169.254.169.123", False), ("10.0.3.5", True)])
def test_who_has_no_address_of_a_groups_network_is_none_of_its_members(address: str, maybe: bool) -> None:
    roles: dict[str, str | bytes] = {"auditor.yaml": f"rulesets: [talos]\nroles:\n  ntp: {{addresses: [{address}]}}\n"}
    found = between({**roles, "main.tf": MEMBERS_OF}, {**roles, "main.tf": MEMBERS_OF + AMONG_THEMSELVES})
    assert any(each.source == "ntp" for each in found) is maybe
