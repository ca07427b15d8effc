"""Large trees: a cluster of hundreds of machines, and a repository of many clusters that have nothing to do with each other."""

from __future__ import annotations

import shutil
from pathlib import Path

MACHINE = """\
version: v1alpha1
machine:
  type: {role}
  network:
    hostname: node-{number}
    interfaces:
      - interface: eth0
        addresses: [10.0.{third}.{fourth}/16]
cluster:
  controlPlane: {{endpoint: "https://10.0.0.100:6443"}}
---
apiVersion: v1alpha1
kind: NetworkDefaultActionConfig
ingress: block
"""
RULE = """\
---
apiVersion: v1alpha1
kind: NetworkRuleConfig
name: {name}
portSelector: {{ports: [{port}], protocol: tcp}}
ingress:
  - subnet: 10.0.0.0/16
"""


def talos_machines(folder: Path, machines: int = 600) -> Path:
    """One file for each machine of a cluster, three of them of the control plane."""
    directory = folder / "machines"
    directory.mkdir()
    rules = RULE.format(name="kubelet", port=10250) + RULE.format(name="apid", port=50000)
    for number in range(machines):
        role, (third, fourth) = "controlplane" if number < 3 else "worker", divmod(number, 250)
        text = MACHINE.format(role=role, number=number, third=third, fourth=fourth + 1)
        (directory / f"node-{number:03}.yaml").write_text(text + rules)
    return directory


def many_clusters(folder: Path, clusters: int = 50) -> Path:
    """The Talos example so many times, each in a directory of its own."""
    directory = folder / "clusters"
    example = Path(__file__).resolve().parent.parent / "examples" / "talos-aws" / "terraform"
    for number in range(clusters):
        shutil.copytree(example, directory / f"{number:02}" / "terraform")
    return directory
