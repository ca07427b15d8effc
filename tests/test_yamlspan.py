"""YAML values keep their place, and hostile YAML costs a message."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.model.source import Source, Span
from auditor.yamlscalars import Schema, integer
from auditor.yamlspan import Mapping, Node, Scalar, Sequence, Style, YamlError, locate, read, read_one, to_python, walk


def one(text: str, schema: Schema = Schema.CORE) -> Node:
    return read_one(Source("a.yaml", text), schema)


def refusal(text: str) -> YamlError:
    with pytest.raises(YamlError) as caught:
        read_one(Source("a.yaml", text))
    return caught.value


def entry(node: Node, name: str) -> Node:
    assert isinstance(node, Mapping)
    return node.entries[name]


def test_a_value_and_its_key_have_spans_of_their_own() -> None:
    ports = entry(one("name: web\nports: [80, '443']\n"), "ports")
    assert ports.key == Span("a.yaml", 2, 1, 2, 6)
    assert ports.span == Span("a.yaml", 2, 8, 2, 19)
    assert isinstance(ports, Sequence)
    assert ports.items[1].span == Span("a.yaml", 2, 13, 2, 18)


def test_a_block_ends_where_its_last_value_ends_and_not_at_the_next_key() -> None:
    assert entry(one("a:\n  b: 1\n\n# remark\nc: 2\n"), "a").span == Span("a.yaml", 2, 3, 2, 7)


def test_columns_count_characters_and_not_bytes() -> None:
    assert entry(one('"é€😀": x'), "é€😀").span.column == 8


def test_lines_are_counted_by_line_feeds_alone() -> None:
    node = entry(one("a: 'x\u2028y'\nb: 1\r\nc: 2\n"), "c")
    assert (node.span.line, node.span.column) == (3, 4)


def test_a_scalar_keeps_its_text_and_style_beside_its_value() -> None:
    node = one("0x50")
    assert isinstance(node, Scalar)
    assert (node.text, node.value, node.style) == ("0x50", 80, Style.PLAIN)
    quoted = one("'80'")
    assert isinstance(quoted, Scalar)
    assert (quoted.text, quoted.value, quoted.style) == ("80", "80", Style.SINGLE)


@pytest.mark.parametrize(
    ("text", "core", "legacy", "go"),
    [
        ("no", "no", False, "no"),
        ("True", True, True, True),
        ("010", 10, 8, 8),
        ("080", 80, 80, 80),
        ("0o17", 15, 15, 15),
        ("1_000", "1_000", 1000, 1000),
        ("22:30", "22:30", 1350, "22:30"),
        ("-0x1F", "-0x1F", -31, -31),
        ("2001-12-14", "2001-12-14", "2001-12-14", "2001-12-14"),
        ("~", None, None, None),
        ("1e3", 1000.0, 1000.0, 1000.0),
        ("10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.1"),
        ("-.inf", float("-inf"), float("-inf"), float("-inf")),
        ("9" * 5000, "9" * 5000, "9" * 5000, "9" * 5000),
    ],
)
def test_the_schema_decides_what_a_plain_scalar_means(text: str, core: object, legacy: object, go: object) -> None:
    if len(text) > 100:
        assert integer(text) is None
        return
    values = [to_python(one(text, schema)) for schema in (Schema.CORE, Schema.LEGACY, Schema.GO)]
    assert values == [core, legacy, go]


def test_a_tag_is_kept_and_never_obeyed() -> None:
    node = one("!!python/object/apply:os.system ['true']")
    assert isinstance(node, Sequence)
    tagged = one("!vault secret")
    assert isinstance(tagged, Scalar)
    assert (tagged.tag, tagged.value) == ("!vault", "secret")
    assert to_python(one("!!str 80")) == "80"
    assert to_python(one("!!int '80'")) == 80


def test_a_stream_has_all_its_documents_and_empty_ones_are_null() -> None:
    stream = read(Source("a.yaml", "a: 1\n---\n# nothing\n---\n- b\n...\n"))
    assert [to_python(document) for document in stream.documents] == [{"a": 1}, None, ["b"]]


def test_a_repeated_key_is_reported_with_both_places() -> None:
    (duplicate,) = read(Source("a.yaml", "a: 1\nb: 2\na: 3\n")).duplicates
    assert (duplicate.name, duplicate.span.line, duplicate.first.line) == ("a", 3, 1)
    assert "line 1" in refusal("a: 1\na: 3\n").message


def test_one_document_is_expected_where_one_is_read() -> None:
    assert refusal("a: 1\n---\nb: 2\n").span.line == 3
    assert "nothing" in refusal("").message


def test_an_alias_keeps_both_the_place_of_the_value_and_the_place_of_its_use() -> None:
    node = entry(one("a: &x 10.0.0.0/8\nb: *x\n"), "b")
    assert node.span.line == 1
    assert node.alias == Span("a.yaml", 2, 4, 2, 6)
    assert node.key == Span("a.yaml", 2, 1, 2, 2)


def test_a_merge_key_adds_what_the_mapping_does_not_say_itself() -> None:
    text = "x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz:\n  <<: [*y, *x]\n  a: 0\n"
    assert to_python(entry(one(text), "z")) == {"a": 0, "b": 3, "c": 4}


def test_merged_values_point_at_the_merge_and_go_keeps_it_as_a_key() -> None:
    text = "x: &x {a: 1}\nz:\n  <<: *x\n"
    merged = entry(entry(one(text), "z"), "a")
    assert merged.alias is not None
    assert merged.alias.line == 3
    assert to_python(entry(one(text, Schema.GO), "z")) == {"<<": {"a": 1}}


def test_a_schema_path_leads_to_the_value_the_key_or_what_lacks_it() -> None:
    root = one("rules:\n  - id: a\n    level: bad\n")
    assert locate(root, ["rules", 0, "level"]) == Span("a.yaml", 3, 12, 3, 15)
    assert locate(root, ["rules", 0, "level"], key=True) == Span("a.yaml", 3, 5, 3, 10)
    assert locate(root, ["rules", 0, "because"]).line == 2
    assert locate(root, ["rules", 7]) == Span("a.yaml", 1, 1, 1, 6)


def test_walking_visits_every_node_with_its_path() -> None:
    assert [path for path, _ in walk(one("a: [1, {b: 2}]"))] == [(), ("a",), ("a", 0), ("a", 1), ("a", 1, "b")]


@pytest.mark.parametrize(
    ("text", "line", "column", "hint"),
    [
        ("a: {s: ::/0}", 1, 8, "quotes"),
        ("a:\n\tb: 1", 2, 1, "tab"),
        ("a: b: c", 1, 5, "quotes"),
        ("a: 'x", 1, 6, "closing"),
        ("a: *x", 1, 4, "*x"),
        ("&a [*a]", 1, 5, "*a"),
        ("{{ x }}: 1", 1, 2, "quotes"),
        ("a: 1\nb: \x01", 2, 4, "control character"),
        ("a: \ud800", 1, 4, "control character"),
        ("a: 1\nb\n", 3, 1, "':'"),
        ("a:\n  <<: 5", 2, 7, "merged"),
    ],
)
def test_what_is_not_yaml_says_where_and_what_to_do(text: str, line: int, column: int, hint: str) -> None:
    error = refusal(text)
    assert (error.span.line, error.span.column) == (line, column)
    assert hint in error.message


def test_depth_is_bounded() -> None:
    assert "deep" in refusal("[" * 100_000).message
    assert "deep" in refusal("\n".join(" " * depth + "a:" for depth in range(300))).message


def test_an_alias_bomb_is_refused_at_once() -> None:
    names = "abcdefghij"
    lines = ["a: &a [" + ",".join("x" * 9) + "]"]
    lines += [f"{name}: &{name} [{','.join(['*' + names[i]] * 9)}]" for i, name in enumerate(names[1:])]
    start = time.monotonic()
    assert "aliases expanded" in refusal("\n".join(lines)).message
    assert time.monotonic() - start < 2


text = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"], exclude_characters="\ufeff"), max_size=8)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcé:-# ", max_size=5), inner, max_size=3),
    max_leaves=12,
)


@settings(deadline=None)
@given(plain)
def test_every_json_value_is_read_as_json_reads_it(value: object) -> None:
    assert to_python(one(json.dumps(value, ensure_ascii=False))) == value
