"""The built-in rulesets as one JSON file beside their YAML: a small run reads them without the YAML library, its largest cost.

The file is generated (`make docs`); a test holds it to the YAML.
"""

from __future__ import annotations

import json

from auditor.model.source import Span
from auditor.yamlspan import Mapping, Node, Scalar, Sequence

FILE = "builtin.json"


def digest_text(roots: dict[str, Node]) -> str:
    """The digest of the rulesets' YAML trees by name."""
    return json.dumps({name: _plain(root) for name, root in roots.items()}, ensure_ascii=False, separators=(",", ":")) + "\n"


def digest_node(text: str, name: str) -> Node:
    """The tree of one ruleset out of the digest; every value stands at the beginning of its YAML file."""
    return _node(json.loads(text)[name], Span.of_file(f"rulesets/{name}.yaml"))


def _plain(node: Node) -> object:
    """Mappings and lists as they are; a text as a string; what means something else than its text, with both."""
    if isinstance(node, Mapping):
        return {key: _plain(value) for key, value in node.entries.items()}
    if isinstance(node, Sequence):
        return [_plain(item) for item in node.items]
    return node.text if node.value == node.text else {"": [node.text, node.value]}


def _node(data: object, span: Span) -> Node:
    if isinstance(data, dict):
        special = data.get("")
        if special is not None:
            return Scalar(span, special[0], special[1])
        return Mapping(span, {key: _node(value, span) for key, value in data.items()}, span)
    if isinstance(data, list):
        return Sequence(span, tuple(_node(item, span) for item in data), span)
    assert isinstance(data, str)
    return Scalar(span, data, data)
