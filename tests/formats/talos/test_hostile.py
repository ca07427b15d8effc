"""Broken and hostile input costs a remark, never a traceback and never much time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.files import MemoryTree
from auditor.formats.base import Options
from auditor.formats.talos import FORMAT
from auditor.model.graph import Graph

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures/talos"
TEXTS = sorted({path.read_text() for path in FIXTURES.rglob("*.yaml") if path.name != "auditor.yaml"})
RULE = "---\napiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: r{0}\nportSelector: {{ports: [{1}], protocol: tcp}}\ningress: [{2}]\n"


def load(files: dict[str, str | bytes]) -> Graph:
    return FORMAT.load(MemoryTree(files), sorted(files), Options())


def many_rules() -> dict[str, str | bytes]:
    return {"a.yaml": "".join(RULE.format(i, "1-65535", f"{{subnet: 10.{i % 250}.0.0/16}}") for i in range(3000))}


def many_excepts() -> dict[str, str | bytes]:
    entries = ", ".join(f"{{subnet: 10.{i // 250}.{i % 250}.0/24, except: 10.{i // 250}.{i % 250}.8/29}}" for i in range(3000))
    return {"a.yaml": RULE.format(0, "80", entries)}


def many_patches() -> dict[str, str | bytes]:
    return {f"patches/{i}.yaml": RULE.format(i % 10, "80", f"{{subnet: 10.{i % 250}.0.0/16}}") for i in range(2000)}


def many_nodes() -> dict[str, str | bytes]:
    nodes = "".join(f"  - {{hostname: n{i}, ipAddress: 10.0.{i // 250}.{i % 250}}}\n" for i in range(2000))
    return {"talconfig.yaml": f"clusterName: a\nendpoint: https://a:6443\nnodes:\n{nodes}"}


def braces() -> dict[str, str | bytes]:
    return {"a.yaml": "machine: {env: {a: '" + "{{" * 200_000 + "'}}\n"}


def installers() -> dict[str, str | bytes]:
    return {"a.yaml": "machine: {type: worker} # " + "installer" * 100_000 + "\n"}


def interfaces() -> dict[str, str | bytes]:
    listed = ", ".join(f"{{interface: eth{i}}}" for i in range(3000))
    return {f"patches/{name}.yaml": f"machine: {{network: {{interfaces: [{listed}]}}}}\n" for name in "ab"}


@pytest.mark.parametrize(
    "files", [many_rules, many_excepts, many_patches, many_nodes, braces, installers, interfaces], ids=lambda f: f.__name__
)
def test_much_of_anything_is_read_in_seconds(files: object) -> None:
    assert callable(files)
    start = time.monotonic()
    load(files())
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\x00" * 100, b"machine: \xc3\x28\n", b"[" * 10_000, b"a: &a [*a]\n"])
def test_what_is_no_text_or_no_yaml_is_told(content: bytes) -> None:
    graph = load({"worker.yaml": content, "b.yaml": RULE.format(0, "80", "{subnet: 10.0.0.0/8}")})
    assert "unparsable" in {note.trap for note in graph.notes if note.span.path == "worker.yaml"}
    assert any(path == "b.yaml" for path, _ in graph.read)


words = st.sampled_from([*"-{}[]:'|0é\"\n\t", "machine", "cluster", "$patch: delete", "null", "&a ", "*a", "---\n"])


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(TEXTS), st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 12), words), min_size=1, max_size=4), st.booleans())
def test_a_garbled_file_never_brings_the_reader_down(text: str, edits: list[tuple[int, int, str]], inventory: bool) -> None:
    for at, length, word in edits:
        at %= len(text) + 1
        text = text[:at] + word + text[at + length :]
    graph = load({"talconfig.yaml" if inventory else "patches/a.yaml": text, "worker.yaml": TEXTS[0]})
    assert graph.read
