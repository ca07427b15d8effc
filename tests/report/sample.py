"""A small run with one of everything a report has to show, and the files behind it."""

from __future__ import annotations

from auditor.excerpts import Excerpts
from auditor.files import MemoryTree
from auditor.model.findings import (
    Binding,
    Edit,
    Finding,
    Fix,
    Flow,
    Input,
    Location,
    Origin,
    Outcome,
    Question,
    RuleInfo,
    Ruleset,
    Run,
    TraceStep,
    Witness,
)
from auditor.model.source import Level, Span

GROUPS = "modules/aws/network/security groups.tf"
GROUPS_TEXT = """\
resource "aws_security_group" "control_plane" {
  name = "control-plane"
  vpc_id = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "ssh" {
  security_group_id = aws_security_group.control_plane.id
  cidr_ipv4 = "0.0.0.0/0" # 🔥 open
  from_port = 22
  to_port = 22
  ip_protocol = "tcp"
}
"""
VARIABLES_TEXT = 'variable "vpc_cidr" {\n  type = string\n}\n\nvariable "password" {\n  default = "hunter2"\n  password = "hunter2"\n}\n'
FILES = {GROUPS: GROUPS_TEXT, "variables.tf": VARIABLES_TEXT}

GROUP = Location(Span(GROUPS, 1, 1, 4, 2), "the group that lacks the rule", "aws_security_group.control_plane")
CIDR = Location(Span(GROUPS, 8, 15, 8, 26), "open to the world", 'module.network.aws_security_group.control_plane["a"]')
VARIABLE = Location(Span("variables.tf", 1, 1, 1, 20), "variable vpc_cidr[0]", "var.vpc_cidr")

ETCD = Finding(
    rule="talos/etcd",
    outcome=Outcome.BROKEN,
    level=Level.ERROR,
    message="control-plane → control-plane tcp/2379-2380 does not get through: no rule of aws_security_group.control_plane permits it",
    location=GROUP,
    witness=Witness(
        "tcp 10.0.1.5:49152 → 10.0.2.7:2379",
        (("protocol", "tcp"), ("source", "10.0.1.5"), ("source_port", "49152"), ("destination", "10.0.2.7"), ("destination_port", "2379")),
    ),
    trace=(
        TraceStep("aws_security_group.control_plane, outbound", "permits", 'cidr_ipv4 = "0.0.0.0/0"', CIDR),
        TraceStep("aws_security_group.control_plane, inbound", "denies by default", "", GROUP),
    ),
    fixes=(Fix("add a self rule for etcd", (Edit(Span(GROUPS, 4, 2, 4, 2), "\n# added\n"),), safe=True),),
    fingerprint=("control-plane", "control-plane", "tcp/2379-2380"),
    properties=(("from", "control-plane"), ("to", "control-plane")),
    because="etcd's members replicate to each other",
    help="add an ingress rule for tcp 2379-2380 whose source is the group itself",
)
PRIVATE = Finding(
    rule="talos/admin-api-restricted",
    outcome=Outcome.OPEN,
    level=Level.ERROR,
    message="whether the internet reaches tcp/50000 of a node is not decided",
    location=Location(Span(GROUPS, 8, 15, 8, 26), "the source of the rule"),
    related=(VARIABLE,),
    questions=(Question("variable vpc_cidr has no value", "give it with --var vpc_cidr=…", "var.vpc_cidr", VARIABLE.span),),
    fingerprint=("internet", "node", "tcp/50000"),
)
NTP = Finding(
    "talos/egress-ntp", Outcome.HOLDS, Level.ERROR, "node → ntp udp/123 gets through", CIDR, fingerprint=("node", "ntp", "udp/123")
)
LINT = Finding("lint/terraform/world", Outcome.BROKEN, Level.WARNING, "0.0.0.0/0 <script>alert(1)</script> & all", CIDR)
UNBOUND = Question("role worker is not bound", "bind it")
UNPLACED = Finding("talos/enforced", Outcome.OPEN, Level.WARNING, "role worker is not bound", questions=(UNBOUND,))

RUN = Run(
    findings=(NTP, ETCD, PRIVATE, LINT, UNPLACED),
    rules=(
        RuleInfo(
            "talos/etcd",
            "etcd members reach each other",
            "Control plane nodes reach etcd on each other.",
            "Add a **self rule** for `tcp/2379-2380`.",
            tags=("talos", "etcd"),
            security_severity=7.5,
            document="Talos Firewall Rules",
            section="Control Plane Ports",
            because="etcd's members replicate to each other",
        ),
        RuleInfo("talos/admin-api-restricted", "the admin interfaces are not open to the internet", security_severity=9.1),
        RuleInfo("talos/egress-ntp", "nodes reach a time server"),
        RuleInfo("talos/enforced", "a filter stands in front of every node", level=Level.WARNING),
    ),
    bindings=(
        Binding("control-plane", "terraform:aws_security_group.control_plane", "tag NodeType = control-plane", GROUP),
        Binding("admin", "203.0.113.7/32", "--role"),
    ),
    inputs=(Input(GROUPS, "terraform"), Input("variables.tf", "terraform")),
    rulesets=(Ruleset("talos", "Talos Kubernetes nodes", "Talos machine images were found", "Talos Firewall Rules"),),
    flows=(Flow("control-plane", "control-plane", ("tcp/6443",), ("icmp",)), Flow("admin", "control-plane", (), ())),
    ignored=((LINT, "a demo"),),
    origin=Origin("infra", "https://github.com/example/infrastructure", "0" * 40),
    version="0.1.0",
)

SOURCES = Excerpts(MemoryTree(dict(FILES)))
