"""Nothing that is secret in a machine configuration gets into what is said about it."""

from __future__ import annotations

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
