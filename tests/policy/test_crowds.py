"""Machines that are judged at once are told as if each had been judged alone."""

from __future__ import annotations

from functools import partial

import pytest

from auditor import audit
from auditor.files import MemoryTree
from auditor.model.findings import Finding
from auditor.policy import check
from auditor.policy.flows import Stage

RULE = """\
        - name: {name}
          portSelector: {{ports: [{port}], protocol: tcp}}
          ingress: [{{subnet: {subnet}}}]
"""
NODE = """\
  - hostname: {name}
    ipAddress: 10.0.0.{number}
    controlPlane: {control}
    ingressFirewall:
      defaultAction: {action}
      rules:
"""


def cluster() -> str:
    """Twelve machines: one worker outside of what the API server admits, one that is open, and nobody who admits Cilium's health checks."""
    text = "clusterName: home\ntalosVersion: v1.13.9\nendpoint: https://10.0.0.1:6443\nnodes:\n"
    for number in range(1, 13):
        control, action = number < 4, "accept" if number == 12 else "block"
        text += NODE.format(name=f"n{number}", number=number, control=str(control).lower(), action=action)
        subnet = "10.0.0.8/29" if number == 5 else "10.0.0.0/24"
        text += RULE.format(name="kubelet", port=10250, subnet=subnet) + RULE.format(name="apid", port=50000, subnet="10.0.0.0/24")
        text += RULE.format(name="api", port=6443, subnet="10.0.0.0/29") if control else ""
    return text


ROUTER = """\
<?xml version="1.0"?>
<pfsense>
  <version>23.3</version>
  <interfaces>
    <wan><enable/><if>igb0</if><ipaddr>203.0.113.2</ipaddr><subnet>29</subnet><gateway>GW</gateway></wan>
    <lan><enable/><if>igb1</if><ipaddr>10.0.0.8</ipaddr><subnet>30</subnet></lan>
  </interfaces>
  <gateways><gateway_item><name>GW</name><interface>wan</interface><gateway>203.0.113.1</gateway></gateway_item></gateways>
  <filter>
    <rule><type>pass</type><interface>lan</interface><ipprotocol>inet</ipprotocol><protocol>tcp</protocol>
      <source><address>10.0.0.9</address></source><destination><any/></destination></rule>
  </filter>
</pfsense>
"""


def findings(**others: str) -> list[Finding]:
    """What is found of the cluster, with other files beside it."""
    files = {"talconfig.yaml": cluster(), **{f"{name}/config.xml": text for name, text in others.items()}}
    tree = MemoryTree({**files, "auditor.yaml": "rulesets: [talos]\nparameters: {cni: cilium}\n"})
    return list(audit.findings_of(audit.read(tree, tuple(files), audit.Request())))


@pytest.mark.parametrize("others", [{}, {"router": ROUTER}])
def test_what_is_said_of_many_machines_is_what_would_be_said_of_each(others: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = findings(**others)
    monkeypatch.setattr(check, "Stage", partial(Stage, each=True))
    assert at_once == findings(**others)
    assert len({finding.outcome for finding in at_once if finding.rule.startswith("talos/")}) == 3
