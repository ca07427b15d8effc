"""Nothing that is secret in a machine configuration gets into what is said about it."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest
from click.testing import CliRunner

from auditor.cli import cli
from auditor.files import MemoryTree
from auditor.formats.base import Options
from auditor.formats.talos import FORMAT

SECRET = "hunter2hunter2"
MACHINE = f"""version: v1alpha1
machine:
  type: worker
  token: {SECRET}
  ca: {{crt: {SECRET}, key: {SECRET}}}
  kubelet: {SECRET}
  env: {{https_proxy: "http://user:{SECRET}@proxy:3128", list: [{SECRET}]}}
  files: [{{content: {SECRET}, path: /var/a}}]
  network:
    hostname: a
    interfaces: [{{interface: wg0, wireguard: {{privateKey: {SECRET}, listenPort: {SECRET}}}}}]
  unheardOf: {SECRET}
  features: {{kubePrism: {{enabled: {SECRET}}}}}
  time: {{servers: [a.example], bootTimeout: {SECRET}}}
cluster:
  id: {SECRET}
  secret: {SECRET}
  token: {SECRET}
  aescbcEncryptionSecret: {SECRET}
  controlPlane: {{endpoint: "https://user:{SECRET}@10.0.0.1:6443/?t={SECRET}"}}
  discovery: {{enabled: true, registries: {{service: {{endpoint: "https://{SECRET}@discovery.example/{SECRET}"}}}}}}
  etcd: {{ca: {{key: {SECRET}}}}}
---
apiVersion: v1alpha1
kind: SideroLinkConfig
apiUrl: https://siderolink.example/?jointoken={SECRET}
uniqueToken: {SECRET}
---
apiVersion: v1alpha1
kind: RegistryAuthConfig
name: registry.example
password: {SECRET}
---
apiVersion: v1alpha1
kind: NetworkDefaultActionConfig
ingress: block
---
apiVersion: v1alpha1
kind: NetworkRuleConfig
name: web
portSelector: {{ports: [80], protocol: tcp}}
ingress: [{{subnet: 10.0.0.0/8}}]
"""


def test_secrets_are_in_no_note_label_rule_or_fact() -> None:
    patch = "machine: {token: '', network: {hostname: ''}}\n"
    files: dict[str, str | bytes] = {"worker.yaml": MACHINE, "patches/a.yaml": patch, "patches/b.yaml": f"a: {SECRET}: b\n"}
    graph = FORMAT.load(MemoryTree(files), sorted(files), Options())
    assert len(graph.notes) > 5
    assert SECRET not in repr((graph.notes, graph.zones, graph.read))
    assert SECRET not in repr([(hook.id, hook.label, hook.filter) for hook in graph.hooks])


def key(seed: str) -> str:
    """A key as Talos writes one."""
    return base64.b64encode(hashlib.sha256(seed.encode()).digest()).decode()


TOKEN = "x1y2z3.0a1b2c3d4e5f6a7b"
KEYS = [key(seed) for seed in "abcdefghijkl"]
GENERATED = f"""version: v1alpha1
machine:
  type: worker
  token: {TOKEN}
  ca:
    crt: {KEYS[0]}
    key: {KEYS[1]}
  network:
    unheardOf: 1
    interfaces:
      - interface: wg0
        wireguard:
          privateKey: {KEYS[2]}
          listenPort: no number
  registries:
    config:
      registry.example:
        auth:
          username: someone
          password: {TOKEN}
  unheardOf: 2
cluster:
  id: {KEYS[3]}
  secret: {KEYS[4]}
  controlPlane:
    endpoint: https://10.0.0.1:6443
  token: {TOKEN}
  unheardOf: 3
  aescbcEncryptionSecret: {KEYS[5]}
  secretboxEncryptionSecret: {KEYS[6]}
  serviceAccount:
    key: {KEYS[7]}
  etcd:
    ca:
      key: {KEYS[8]}
---
apiVersion: v1alpha1
kind: SideroLinkConfig
unheardOf: 4
apiUrl: https://siderolink.example/?jointoken={TOKEN}
uniqueToken: {TOKEN}
---
apiVersion: v1alpha1
kind: WireguardConfig
name: wg1
privateKey: {KEYS[9]}
unheardOf: 5
---
apiVersion: v1alpha1
kind: NetworkDefaultActionConfig
ingress: block
"""


@pytest.mark.parametrize("format_", ["text", "sarif", "json", "junit", "github", "gitlab", "markdown", "html"])
def test_the_secrets_of_a_generated_configuration_are_in_no_report(format_: str, tmp_path: Path) -> None:
    (tmp_path / "worker.yaml").write_text(GENERATED)
    (tmp_path / "patches").mkdir()
    (tmp_path / "patches/a.yaml").write_text("machine: {token: '', network: {hostname: ''}}\n")
    result = CliRunner().invoke(cli, ["check", str(tmp_path), "-f", format_, "--show-passed"])
    assert "lint/talos/unknown-key" in result.output
    assert [secret for secret in (TOKEN, *KEYS) if secret in result.output] == []
