"""What happens to a flow, part by part."""

from __future__ import annotations

import pytest

from auditor import audit
from auditor.audit import Request
from auditor.files import MemoryTree
from auditor.policy.problems import PolicyError
from auditor.policy.trace import Part, trace

GROUP = """\
variable "cidr" {}
resource "aws_security_group" "web" {
  name = "web"
  ingress {
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = ["198.51.100.0/24"]
  }
  ingress {
    protocol    = "tcp"
    from_port   = 22
    to_port     = 22
    cidr_blocks = [var.cidr]
  }
}
"""


def parts(source: str, service: str, destination: str = "terraform:aws_security_group.web") -> tuple[Part, ...]:
    reading = audit.read(MemoryTree({"main.tf": GROUP}), ("",), Request(rulesets=("firewall-hygiene",)))
    return trace(reading.graph, reading.cast, source, destination, service)


def test_a_flow_that_passes_names_the_rule_that_permits() -> None:
    (part,) = parts("198.51.100.7", "tcp/443")
    assert part.verdict == "passes"
    assert part.steps[-1].verdict == "permits"
    assert part.steps[-1].location is not None
    assert part.steps[-1].location.span.line == 8


def test_a_flow_of_two_fates_is_told_in_two_parts() -> None:
    found = {part.verdict: part for part in parts("198.51.0.0/16", "tcp/443")}
    assert set(found) == {"passes", "is blocked"}
    assert found["passes"].sources == "198.51.100.0/24"
    assert found["is blocked"].steps[-1].verdict == "no rule matches: denies by default"


def test_what_depends_says_on_what() -> None:
    (part,) = parts("203.0.113.7", "tcp/22")
    assert part.verdict == "depends"
    assert any("cidr" in question.reason for question in part.questions)


@pytest.mark.parametrize("party", ["internet", "any", "terraform:aws_security_group.web", "ghcr.io", "10.0.0.0/8"])
def test_parties_are_roles_zones_addresses_and_names(party: str) -> None:
    assert parts(party, "tcp/443")


def test_what_is_nobody_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(PolicyError, match=r"aws_security_group\.web"):
        parts("internet", "tcp/443", "terraform:aws_security_group.wep")
    with pytest.raises(PolicyError, match="no service"):
        parts("internet", "ssh")


ROUTER = """\
table inet f {
  chain forward {
    type filter hook forward priority 0; policy drop;
    iifname "lan" oifname "iot" tcp dport 443 accept
  }
}
"""


def routed(source: str, destination: str, service: str = "tcp/443") -> tuple[Part, ...]:
    reading = audit.read(MemoryTree({"gate.nft": ROUTER}), ("",), Request(rulesets=("firewall-hygiene",)))
    return trace(reading.graph, reading.cast, source, destination, service)


def test_a_zone_may_be_named_by_the_end_of_its_id() -> None:
    assert [part.verdict for part in routed("lan", "iot")] == ["passes"]
    assert routed("lan", "iot") == routed("nftables:gate.nft:lan", "nftables:gate.nft:iot")


def test_of_anybody_those_are_told_of_whom_a_filter_decides() -> None:
    assert [(part.destination, part.verdict) for part in routed("lan", "any") if part.steps] == [
        (part.destination, part.verdict) for part in routed("lan", "any")
    ]


def test_an_address_of_which_nothing_says_where_it_is_asks_for_its_interface() -> None:
    (part,) = routed("10.0.0.1", "10.0.1.1")
    assert part.steps == ()
    assert [question.reason for question in part.questions] == [f"behind which interface {each} is" for each in ("10.0.0.1", "10.0.1.1")]


def test_port_0_is_nobodys_unless_it_is_asked_about() -> None:
    ends = "<source><any/></source><destination><any/></destination>"
    ports = "".join(
        f"<{name}><enable/><if>{name}0</if><ipaddr>{address}</ipaddr><subnet>24</subnet>{gateway}</{name}>"
        for name, address, gateway in (("wan", "198.51.100.2", "<gateway>up</gateway>"), ("lan", "10.0.0.1", ""))
    )
    rule = f"<rule><type>pass</type><interface>lan</interface><ipprotocol>inet</ipprotocol>{ends}</rule>"
    pf = f"<pfsense><version>23.3</version><interfaces>{ports}</interfaces><filter>{rule}</filter></pfsense>"
    reading = audit.read(MemoryTree({"config.xml": pf}), ("",), Request(rulesets=("firewall-hygiene",)))
    told = [trace(reading.graph, reading.cast, "lan", "8.8.8.8", service) for service in ("tcp/443", "tcp/443 from 0")]
    assert ["is blocked" in {part.verdict for part in parts} for parts in told] == [False, True]
