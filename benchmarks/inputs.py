"""What is measured: one small file that is written here, a long ruleset and a tree of patches that are made, the same every time."""

from __future__ import annotations

from pathlib import Path

SMALL_TF = """\
variable "vpc_cidr" {
  type    = string
  default = "10.0.0.0/16"
}

resource "aws_vpc" "main" {
  cidr_block = var.vpc_cidr
}

resource "aws_security_group" "web" {
  name   = "web"
  vpc_id = aws_vpc.main.id

  ingress {
    description = "https"
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }

  ingress {
    description = "ssh from the office"
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["203.0.113.0/24"]
  }

  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_security_group" "database" {
  name   = "database"
  vpc_id = aws_vpc.main.id
}

resource "aws_vpc_security_group_ingress_rule" "postgres" {
  security_group_id            = aws_security_group.database.id
  referenced_security_group_id = aws_security_group.web.id
  from_port                    = 5432
  to_port                      = 5432
  ip_protocol                  = "tcp"
}

resource "aws_vpc_security_group_egress_rule" "all" {
  security_group_id = aws_security_group.database.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}
"""


def small_tf(folder: Path) -> Path:
    """One Terraform file of 60 lines, in a folder of its own."""
    directory = folder / "small"
    directory.mkdir()
    (directory / "main.tf").write_text(SMALL_TF)
    return directory


def long_nft(folder: Path, rules: int = 10_000) -> Path:
    """An nftables ruleset of so many rules, each with its own addresses and port."""
    directory = folder / "long"
    directory.mkdir()
    lines = [f"    {_rule(number)}" for number in range(rules)]
    head = [
        "table inet filter {",
        "  chain input {",
        "    type filter hook input priority 0; policy drop;",
        "    ct state established,related accept",
    ]
    (directory / "ruleset.nft").write_text("\n".join([*head, *lines, "  }", "}", ""]))
    return directory


def shorter_nft(folder: Path) -> Path:
    """The ruleset of `long_nft`, made before, without one rule in its middle."""
    lines = (folder / "long" / "ruleset.nft").read_text().split("\n")
    del lines[len(lines) // 2]
    directory = folder / "shorter"
    directory.mkdir()
    (directory / "ruleset.nft").write_text("\n".join(lines))
    return directory


def _rule(number: int) -> str:
    source, destination = f"10.{number >> 8 & 255}.{number & 255}.0/24", f"172.16.{number % 250}.{number % 199}"
    return f"ip saddr {source} ip daddr {destination} tcp dport {1024 + number} accept"


TALOS_RULE = """\
apiVersion: v1alpha1
kind: NetworkRuleConfig
name: {name}
portSelector:
  ports: [{port}]
  protocol: tcp
ingress:
  - subnet: 10.0.0.0/16
    except: 10.0.9.0/24
  - subnet: 10.244.0.0/16
"""
TALOS_BASE = """\
machine:
  time: {servers: [10.0.9.123]}
  network: {nameservers: [10.0.9.53]}
cluster:
  network: {podSubnets: [10.244.0.0/16]}
---
apiVersion: v1alpha1
kind: NetworkDefaultActionConfig
ingress: block
"""


def talos_patches(folder: Path, files: int = 60) -> Path:
    """So many Talos patches, one document a file, in directories that name the roles."""
    directory = folder / "patches"
    for role in ("cluster", "control-planes", "workers"):
        (directory / "talos" / role).mkdir(parents=True)
    (directory / "talos/cluster/base.yaml").write_text(TALOS_BASE)
    for number in range(files - 1):
        role, port = ("control-planes", "workers")[number % 2], 50000 if number < 2 else 8000 + 2 * number
        text = TALOS_RULE.format(name=f"rule-{number}", port=port)
        (directory / "talos" / role / f"rule-{number:02}.yaml").write_text(text)
    return directory
