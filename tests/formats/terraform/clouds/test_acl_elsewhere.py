"""A network ACL whose subnets are not known may stand before any machine: what it denies is open, what it permits is not."""

from __future__ import annotations

import pytest

from auditor import audit
from auditor.audit import Request
from auditor.files import MemoryTree
from auditor.model.findings import Outcome

CONFIGURATION = """\
variable "subnets" {}
resource "aws_security_group" "db" {
  name = "db"
  ingress {
    protocol    = "tcp"
    from_port   = 5432
    to_port     = 5432
    cidr_blocks = ["10.0.0.0/8"]
  }
}
resource "aws_network_acl" "edge" {
  vpc_id     = "vpc-1"
  subnet_ids = [var.subnets]
  ingress {
    rule_no    = 100
    action     = "allow"
    protocol   = "tcp"
    from_port  = %s
    to_port    = %s
    cidr_block = "0.0.0.0/0"
  }
  egress {
    rule_no    = 100
    action     = "allow"
    protocol   = "-1"
    from_port  = 0
    to_port    = 0
    cidr_block = "0.0.0.0/0"
  }
}
"""
RULESET = """\
ruleset: ours
title: Ours
source: {document: Ours, section: One}
roles: {app: the application, db: the database}
requirements:
  - id: db
    title: The application reaches the database
    allow: {from: app, to: db, service: tcp/5432}
    because: It stores everything there.
    fix: Permit TCP 5432.
"""
CONFIG = """\
rulesets: [./ours.yaml]
roles: {app: 10.1.0.0/24, db: {behind: ["terraform:aws_security_group.db"]}}
"""


@pytest.mark.parametrize(("port", "outcome"), [(5432, Outcome.HOLDS), (443, Outcome.OPEN)])
def test_an_acl_of_unknown_subnets_opens_what_it_would_deny(port: int, outcome: Outcome) -> None:
    tree = MemoryTree({"main.tf": CONFIGURATION % (port, port), "ours.yaml": RULESET, "auditor.yaml": CONFIG})
    request = Request()
    run = audit.run_of(audit.read(tree, ("",), request), request)
    assert run.outcomes()["ours/db"] is outcome
