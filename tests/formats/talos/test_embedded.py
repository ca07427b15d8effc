"""Patches inside another language: merged as others, blamed where they stand."""

from __future__ import annotations

from auditor.formats.base import Options
from auditor.formats.talos.embedded import EmbeddedMachine, EmbeddedPatch, embedded_graph
from auditor.model.graph import Graph
from auditor.model.source import Span

BLOCK = "apiVersion: v1alpha1\nkind: NetworkDefaultActionConfig\ningress: block\n"
WEB = """apiVersion: v1alpha1
kind: NetworkRuleConfig
name: web
portSelector: {ports: [80], protocol: tcp}
ingress:
  - subnet: 10.0.0.0/8
"""
PLACE = Span("main.tf", 7, 5, 20, 6)


def load(*patches: EmbeddedPatch) -> Graph:
    machine = EmbeddedMachine("data.talos_machine_configuration.worker", PLACE, "worker", patches)
    return embedded_graph([machine], Options())


def test_a_machine_is_a_host_of_its_role() -> None:
    (zone,) = load(EmbeddedPatch(BLOCK, PLACE)).zones
    assert (zone.id, zone.values("role")) == ("talos:data.talos_machine_configuration.worker", ("worker",))


def test_an_encoded_patch_is_blamed_at_its_expression() -> None:
    (hook,) = load(EmbeddedPatch(BLOCK, PLACE), EmbeddedPatch(WEB, PLACE)).hooks
    assert [rule.span for rule in hook.filter.rules if not rule.synthetic] == [PLACE]


def test_a_heredoc_is_blamed_at_its_own_line() -> None:
    (hook,) = load(EmbeddedPatch(BLOCK, PLACE), EmbeddedPatch(WEB, PLACE, first_line=8, indent=6)).hooks
    assert [str(rule.span) for rule in hook.filter.rules if not rule.synthetic] == ["main.tf:13:19"]


def test_a_patch_without_a_value_leaves_open_what_is_filtered() -> None:
    graph = load(EmbeddedPatch(BLOCK, PLACE), EmbeddedPatch(None, PLACE, "variable patches has no value"))
    assert graph.zones[0].values("host-firewall") == ("unknown",)
    reasons = [rule.text for rule in graph.hooks[0].filter.rules]
    assert "undecided: variable patches has no value" in reasons


def test_a_quoted_port_is_refused_at_the_expression() -> None:
    (note,) = (note for note in load(EmbeddedPatch(WEB.replace("[80]", '["80"]'), PLACE)).notes if note.trap == "quoted-port")
    assert note.span == PLACE
