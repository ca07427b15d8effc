"""Two firewalls on one way: what gets through has to pass both, and the one that stops it is named."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from auditor import audit
from auditor.files import MemoryTree
from auditor.model.findings import Finding, Outcome

RULES = """\
ruleset: ours
title: Ours
roles: {admin: the administrators, node: the nodes}
requirements:
  - {id: api, allow: {from: admin, to: node, service: tcp/50000}, because: x, fix: x}
  - {id: closed, deny: {from: internet, to: node, service: tcp/50000}, because: x, fix: x}
"""
HOST = """\
version: v1alpha1
machine: {type: worker}
cluster: {controlPlane: {endpoint: "https://10.0.1.10:6443"}}
---
apiVersion: v1alpha1
kind: NetworkDefaultActionConfig
ingress: block
---
apiVersion: v1alpha1
kind: NetworkRuleConfig
name: apid
portSelector: {ports: [50000], protocol: tcp}
ingress:
  - subnet: SOURCE
"""
GROUP = """\
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}
resource "aws_security_group" "node" {
  vpc_id = aws_vpc.main.id
}
resource "aws_vpc_security_group_ingress_rule" "apid" {
  security_group_id = aws_security_group.node.id
  cidr_ipv4         = "SOURCE"
  ip_protocol       = "tcp"
  from_port         = 50000
  to_port           = 50000
}
"""
ROUTER = """\
<?xml version="1.0"?>
<pfsense>
  <version>23.3</version>
  <interfaces>
    <wan><enable/><if>igb0</if><descr>WAN</descr><ipaddr>203.0.113.2</ipaddr><subnet>29</subnet><gateway>GW</gateway></wan>
    <opt1><enable/><if>igb1</if><descr>NODES</descr><ipaddr>10.0.2.1</ipaddr><subnet>24</subnet></opt1>
  </interfaces>
  <gateways><gateway_item><name>GW</name><interface>wan</interface><gateway>203.0.113.1</gateway></gateway_item></gateways>
  <filter>
    <rule><type>pass</type><interface>wan</interface><ipprotocol>inet</ipprotocol><protocol>tcp</protocol>
      <source><address>SOURCE</address></source><destination><any/><port>50000</port></destination></rule>
  </filter>
</pfsense>
"""
ADMIN, WORLD, NOBODY = "198.51.100.7/32", "0.0.0.0/1", "192.0.2.1/32"


def findings(node: str, files: dict[str, str | bytes]) -> dict[str, Finding]:
    config = f"rulesets: [./ours.yaml]\nroles: {{admin: 198.51.100.7, node: {{behind: [{node}], addresses: [10.0.2.0/24]}}}}\n"
    tree = MemoryTree({"ours.yaml": RULES, "auditor.yaml": config, **files})
    reading = audit.read(tree, tuple(files), audit.Request())
    return {each.rule.removeprefix("ours/"): each for each in audit.findings_of(reading) if each.rule.startswith("ours/")}


def group_and_host(group: str, host: str) -> dict[str, Finding]:
    files: dict[str, str | bytes] = {"main.tf": GROUP.replace("SOURCE", group), "worker.yaml": HOST.replace("SOURCE", host)}
    return findings('"terraform:aws_security_group.node", "talos:worker.yaml"', files)


def router_and_host(router: str, host: str) -> dict[str, Finding]:
    files: dict[str, str | bytes] = {"config.xml": ROUTER.replace("SOURCE", router), "worker.yaml": HOST.replace("SOURCE", host)}
    return findings('"pfsense:opt1", "talos:worker.yaml"', files)


def path(finding: Finding) -> str:
    return finding.location.span.path if finding.location else ""


def test_what_a_group_and_a_host_both_permit_gets_through() -> None:
    assert group_and_host(ADMIN, ADMIN)["api"].outcome is Outcome.HOLDS


def test_what_the_host_refuses_is_broken_there_though_its_group_permits_it() -> None:
    found = group_and_host(ADMIN, NOBODY)["api"]
    assert (found.outcome, path(found)) == (Outcome.BROKEN, "worker.yaml")


def test_what_the_group_refuses_is_broken_there_though_the_host_permits_it() -> None:
    found = group_and_host(NOBODY, ADMIN)["api"]
    assert (found.outcome, path(found)) == (Outcome.BROKEN, "main.tf")


def test_a_hole_in_the_group_is_none_while_the_host_is_closed() -> None:
    assert group_and_host(WORLD, ADMIN)["closed"].outcome is Outcome.HOLDS
    assert group_and_host(WORLD, WORLD)["closed"].outcome is Outcome.BROKEN


def test_what_a_router_and_a_host_both_permit_gets_through() -> None:
    assert router_and_host(ADMIN, ADMIN)["api"].outcome is Outcome.HOLDS


def test_what_the_host_refuses_is_broken_there_though_the_router_permits_it() -> None:
    found = router_and_host(ADMIN, NOBODY)["api"]
    assert (found.outcome, path(found)) == (Outcome.BROKEN, "worker.yaml")


def test_what_the_router_refuses_is_broken_there_though_the_host_permits_it() -> None:
    found = router_and_host(NOBODY, ADMIN)["api"]
    assert (found.outcome, path(found)) == (Outcome.BROKEN, "config.xml")


def test_a_hole_in_the_router_is_none_while_the_host_is_closed() -> None:
    assert router_and_host(WORLD, ADMIN)["closed"].outcome is Outcome.HOLDS
    assert router_and_host(WORLD, WORLD)["closed"].outcome is Outcome.BROKEN


def two_sites(home: str, office: str, node: str, other: str = ROUTER) -> dict[str, Finding]:
    """Two routers of two sites that have the same networks, as sites often do."""
    texts = {"home/config.xml": ROUTER.replace("SOURCE", home), "office/config.xml": other.replace("SOURCE", office)}
    files: dict[str, str | bytes] = {path: text.replace("<interfaces>", f"{_name(path)}<interfaces>", 1) for path, text in texts.items()}
    return findings(node, files)


def _name(path: str) -> str:
    return f"<system><hostname>{path.partition('/')[0]}</hostname></system>"


TUNNEL = (
    ROUTER.replace("<ipaddr>10.0.2.1</ipaddr><subnet>24</subnet>", "")
    .replace("</gateways>", "<gateway_item><name>T</name><interface>opt1</interface><gateway>dynamic</gateway></gateway_item></gateways>")
    .replace("<filter>", "<staticroutes><route><network>10.0.2.0/24</network><gateway>T</gateway></route></staticroutes><filter>")
)
"""A router without an address in the nodes' network, that has a route there."""


def test_a_hole_in_one_sites_router_is_not_closed_by_another_sites() -> None:
    assert two_sites(WORLD, ADMIN, '"pfsense:home:opt1"')["closed"].outcome is Outcome.BROKEN
    assert two_sites(ADMIN, WORLD, '"pfsense:home:opt1"')["closed"].outcome is Outcome.HOLDS


def test_what_one_sites_router_permits_is_not_stopped_by_another_sites() -> None:
    assert two_sites(ADMIN, NOBODY, '"pfsense:home:opt1"')["api"].outcome is Outcome.HOLDS
    assert two_sites(NOBODY, ADMIN, '"pfsense:home:opt1"')["api"].outcome is Outcome.BROKEN


def pair_of_routers(first: str, second: str, roles: str) -> dict[str, Outcome]:
    """Two routers of which either does the work, with shared addresses beside their own, in front of nodes and administrators."""
    shared = "".join(f"<vip><mode>carp</mode><interface>opt1</interface><subnet>10.0.2.{last}</subnet></vip>" for last in (4, 5, 6))
    inside = "<opt2><enable/><if>igb2</if><descr>ADMIN</descr><ipaddr>10.0.3.1</ipaddr><subnet>24</subnet></opt2></interfaces>"
    files: dict[str, str | bytes] = {}
    for own, source in (("1", first), ("2", second)):
        text = ROUTER.replace("SOURCE", source).replace("10.0.2.1", f"10.0.2.{own}").replace("</interfaces>", inside)
        text = text.replace("10.0.3.1", f"10.0.3.{own}").replace(
            "<interface>wan</interface><ipprotocol>", "<interface>opt2</interface><ipprotocol>"
        )
        files[f"{own}.xml"] = text.replace("<filter>", f"{_name(f'fw{own}/')}<virtualip>{shared}</virtualip><filter>", 1)
    tree = MemoryTree({"ours.yaml": PAIR, "auditor.yaml": f"rulesets: [./ours.yaml]\nroles: {{{roles}}}\n", **files})
    reading = audit.read(tree, tuple(files), audit.Request())
    return {each.rule.removeprefix("ours/"): each.outcome for each in audit.findings_of(reading) if each.rule.startswith("ours/")}


PAIR = RULES.replace("from: internet", "from: admin")


@pytest.mark.parametrize("roles", ["admin: 10.0.3.7, node: 10.0.2.7", "admin: {behind: ADMIN}, node: {behind: NODES}"])
def test_of_a_pair_of_routers_neither_makes_up_for_the_other(roles: str) -> None:
    nobody, everybody = {"api": Outcome.BROKEN, "closed": Outcome.HOLDS}, {"api": Outcome.HOLDS, "closed": Outcome.BROKEN}
    either = {"api": Outcome.OPEN, "closed": Outcome.OPEN}
    assert pair_of_routers("192.0.2.1", "192.0.2.1", roles) == nobody
    assert pair_of_routers("10.0.3.0/24", "192.0.2.1", roles) == pair_of_routers("192.0.2.1", "10.0.3.0/24", roles) == either
    assert pair_of_routers("10.0.3.0/24", "10.0.3.0/24", roles)["api"] is everybody["api"]


def test_a_router_that_has_a_route_to_a_network_is_not_out_of_the_question() -> None:
    assert two_sites(ADMIN, NOBODY, '"pfsense:home:opt1"', TUNNEL)["api"].outcome is Outcome.OPEN


MACHINE = """\
version: v1alpha1
machine: {type: controlplane, network: {interfaces: [{interface: eth0, addresses: [OWN.10/24]}]}}
cluster: {clusterName: NAME, controlPlane: {endpoint: "https://NAME.example:6443"}}
---
apiVersion: v1alpha1
kind: NetworkDefaultActionConfig
ingress: block
---
apiVersion: v1alpha1
kind: NetworkRuleConfig
name: etcd
portSelector: {ports: [2379-2380], protocol: tcp}
ingress:
  - subnet: OWN.0/24
"""
PEERS = """\
ruleset: ours
title: Ours
roles: {control-plane: the control plane}
requirements:
  - {id: etcd, allow: {from: control-plane, to: control-plane, service: tcp/2379-2380}, because: x, fix: x}
"""


def etcd(first: str, second: str) -> list[Outcome]:
    """What becomes of etcd between two machines of these clusters, each of which lets only its own network in."""
    files: dict[str, str | bytes] = {
        path: MACHINE.replace("NAME", name).replace("OWN", own)
        for path, name, own in (("a/cp.yaml", first, "10.1.0"), ("b/cp.yaml", second, "10.2.0"))
    }
    tree = MemoryTree({"ours.yaml": PEERS, "auditor.yaml": "rulesets: [./ours.yaml]\n", **files})
    reading = audit.read(tree, tuple(files), audit.Request())
    return [each.outcome for each in audit.findings_of(reading) if each.rule == "ours/etcd"]


def test_nothing_is_asked_between_the_machines_of_two_clusters() -> None:
    assert Outcome.BROKEN not in etcd("prod", "stage")
    assert Outcome.BROKEN in etcd("prod", "prod")


SITE = """\
resource "aws_vpc" "main" {
  cidr_block = "NETWORK"
}
resource "aws_security_group" "ROLE" {
  vpc_id = aws_vpc.main.id
  DIRECTION {
    protocol    = "udp"
    from_port   = 53
    to_port     = 53
    cidr_blocks = ["PEERS"]
  }
}
"""
RESOLVER = """\
ruleset: ours
title: Ours
roles: {node: the nodes, dns: {is: a resolver, somewhere: true}}
requirements:
  - {id: dns, allow: {from: node, to: dns, service: udp/53}, because: x, fix: x}
"""


def resolver(beside: str) -> Outcome:
    """Whether nodes that send to a server alone reach a resolver, where one is in a module of its own or in theirs."""
    node = SITE.replace("NETWORK", "10.1.0.0/16").replace("ROLE", "node").replace("DIRECTION", "egress").replace("PEERS", "10.2.0.0/16")
    server = (
        SITE.replace("NETWORK", "10.2.0.0/16").replace("ROLE", "server").replace("DIRECTION", "ingress").replace("PEERS", "10.1.0.0/16")
    )
    files: dict[str, str | bytes] = {"a/main.tf": node, beside: server.replace('"main"', '"other"').replace(".main", ".other")}
    config = "rulesets: [./ours.yaml]\nroles: {node: {behind: ['terraform:aws_security_group.node']}}\n"
    tree = MemoryTree({"ours.yaml": RESOLVER, "auditor.yaml": config, **files})
    reading = audit.read(tree, tuple(files), audit.Request())
    return next(each.outcome for each in audit.findings_of(reading) if each.rule == "ours/dns")


def test_who_may_be_anybody_is_nobody_of_another_site() -> None:
    assert resolver("a/other.tf") is Outcome.HOLDS
    assert resolver("b/main.tf") is not Outcome.HOLDS


CLOSED = """\
ruleset: ours
title: Ours
roles: {server: the servers}
requirements:
  - {id: closed, deny: {from: any, to: server, service: udp/53}, because: x, fix: x}
  - {id: quiet, deny: {from: server, to: any, service: udp/53}, because: x, fix: x}
  - {id: open, allow: {from: any but server, to: server, service: udp/53}, because: x, fix: x}
"""


def of_another_site(direction: str, peers: str) -> dict[str, Outcome]:
    """What is found of servers that let others in, or send to others, where the network 10.2.0.0/16 belongs to another root module."""
    server = SITE.replace("NETWORK", "10.1.0.0/16").replace("ROLE", "server").replace("DIRECTION", direction).replace("PEERS", peers)
    other = SITE.replace("NETWORK", "10.2.0.0/16").replace("ROLE", "other").replace("DIRECTION", "ingress").replace("PEERS", "10.2.0.0/16")
    files: dict[str, str | bytes] = {"a/main.tf": server, "b/main.tf": other.replace('"main"', '"other"').replace(".main", ".other")}
    config = "rulesets: [./ours.yaml]\nroles: {server: {behind: ['terraform:aws_security_group.server']}}\n"
    tree = MemoryTree({"ours.yaml": CLOSED, "auditor.yaml": config, **files})
    reading = audit.read(tree, tuple(files), audit.Request())
    return {each.rule.removeprefix("ours/"): each.outcome for each in audit.findings_of(reading) if each.rule.startswith("ours/")}


def test_the_networks_of_another_site_are_let_in_like_any_others() -> None:
    assert of_another_site("ingress", "10.2.0.0/16")["closed"] is Outcome.BROKEN
    assert of_another_site("ingress", "10.1.0.0/16")["closed"] is Outcome.HOLDS
    assert of_another_site("egress", "10.2.0.0/16")["quiet"] is Outcome.BROKEN


def test_that_two_ends_are_of_different_sites_is_said() -> None:
    a = SITE.replace("NETWORK", "10.1.0.0/16").replace("ROLE", "admin").replace("DIRECTION", "egress").replace("PEERS", "10.2.0.0/16")
    b = SITE.replace("NETWORK", "10.2.0.0/16").replace("ROLE", "node").replace("DIRECTION", "ingress").replace("PEERS", "10.1.0.0/16")
    files: dict[str, str | bytes] = {"a/main.tf": a, "b/main.tf": b.replace('"main"', '"other"').replace(".main", ".other")}
    roles = "{admin: {behind: ['terraform:aws_security_group.admin']}, node: {behind: ['terraform:aws_security_group.node']}}"
    tree = MemoryTree({"ours.yaml": RULES, "auditor.yaml": f"rulesets: [./ours.yaml]\nroles: {roles}\n", **files})
    found = {each.rule: each for each in audit.findings_of(audit.read(tree, tuple(files), audit.Request()))}["ours/api"]
    assert (found.outcome, "different root modules" in found.message) == (Outcome.OPEN, True)


def test_what_everybody_is_to_reach_the_networks_of_another_site_are_to_reach_as_well() -> None:
    everybody = IPv4Network("0.0.0.0/0")
    others = '", "'.join(map(str, everybody.address_exclude(IPv4Network("10.2.0.0/16"))))
    assert of_another_site("ingress", str(everybody))["open"] is Outcome.HOLDS
    assert of_another_site("ingress", others)["open"] is Outcome.BROKEN


def between_modules(admin: str, node: str) -> Finding:
    """What is found of nodes in two root modules, of which only the second are open, and an administrator in the first."""
    network = 'resource "aws_vpc" "main" {\n  cidr_block = "10.0.0.0/16"\n}\n'
    bare = 'resource "aws_security_group" "admin" {\n  vpc_id = aws_vpc.main.id\n}\n'
    files: dict[str, str | bytes] = {
        "a/main.tf": network + bare + GROUP.replace("SOURCE", NOBODY).partition("}\n")[2],
        "b/main.tf": GROUP.replace("SOURCE", "0.0.0.0/0").replace('"node"', '"other_node"').replace(".node", ".other_node"),
    }
    roles = f"{{admin: {{{admin}}}, node: {{behind: [{node}]}}}}"
    tree = MemoryTree({"ours.yaml": PAIR, "auditor.yaml": f"rulesets: [./ours.yaml]\nroles: {roles}\n", **files})
    return {each.rule: each for each in audit.findings_of(audit.read(tree, tuple(files), audit.Request()))}["ours/closed"]


def test_what_is_asked_of_one_module_alone_does_not_hold_of_another() -> None:
    admin = "behind: ['terraform:aws_security_group.admin']"
    both = "'terraform:aws_security_group.node', 'terraform:aws_security_group.other_node'"
    found = between_modules(admin, both)
    assert (found.outcome, "aws_security_group.other_node and all who are at the other end" in found.message) == (Outcome.OPEN, True)
    assert between_modules(admin, "'terraform:aws_security_group.node'").outcome is Outcome.HOLDS
    assert between_modules("addresses: [10.0.3.7]", both).outcome is Outcome.BROKEN
