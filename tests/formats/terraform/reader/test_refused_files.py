"""What Terraform refuses is said at its line, and the rest is still read."""

from __future__ import annotations

import pytest

from auditor.formats.terraform.bodies import index
from tests.formats.terraform.reader.reading import plain, resources_of, root_of


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("a {\n  x = 1\n  x = 2\n}\n", 3, "twice"),
        ('name "b"\ningress {\n}\n', 1, "one line"),
        ("a = 1 b = 2\n", 1, "line of its own"),
        ("a { x = 1\n}\n", 1, "line of its own"),
        ("a {\n  x = 1 }\n", 2, "line of its own"),
        ("a { b {} }\n", 1, "line of its own"),
        ("a\n= 1\n", 1, "one line"),
        ("cidr = 10.0.0.0/8\n", 1, "quotes"),
        ("cidr = [10.0.0.0/8]\n", 1, "quotes"),
        ("x = 0x1f\n", 1, "no number"),
        ('x = "a\nb"\n', 1, "quote is missing"),
        ('x = "a\n"\n', 1, "quote is missing"),
        ('x = "a${1}\n"\n', 1, "quote is missing"),
        ('resource "${x}" "b" {\n}\n', 1, "literal text"),
        ('x = "${}"\n', 1, "nothing between"),
        ("x = <<EOT \na\nEOT\n", 1, "heredoc"),
        ("x = a &&\n  b\n", 2, "parentheses"),
        ("x = a ?\n  b : c\n", 2, "parentheses"),
        ("x = a\n  + b\n", 2, "parentheses"),
        ("x = f\n(1)\n", 1, "parenthesis"),
        ("x = { a = 1 b = 2 }\n", 1, "comma"),
        ("x = { a = f(1) b = 2 }\n", 1, "comma"),
        ("x = {\n  a = 1\n  , b = 2\n}\n", 3, "comma"),
        ("x = {\n  a\n  = 1\n}\n", 2, "one line"),
        ("x = [1\n", 2, "missing here"),
        ("{{ x }}\n", 1, "template of another tool"),
    ],
)
def test_refused_text_is_named_at_its_line(text: str, line: int, word: str) -> None:
    notes = [note for note in root_of(text).notes() if note.trap == "unparsable"]
    assert notes
    assert (notes[0].span.path, notes[0].level) == ("main.tf", "error")
    assert notes[0].span.line == line
    assert word in notes[0].message


@pytest.mark.parametrize(
    "text",
    [
        "a { x = 1 }\n",
        "a {}\n",
        "x = (a &&\n  b)\n",
        "x = [a ?\n  b :\n  c]\n",
        'x = "${a\n  + b}"\n',
        "x = f(\n  1,\n)\n",
        "x = {\n  a = 1, b = 2\n  c = 3\n}\n",
        'x = "a # b" # "\n',
        'x = ">= 1.2.3"\n',
        "x = 1.5\n",
        "x = a.0.b\n",
        "x = <<EOT\n\\d \" ' ${1}\nEOT\n",
        "x = <<-EOT\n  cat <<EOF > y\n  EOT\n",
        'x = "\\u00e9"\n',
        "/* a */ x = 1 // b\n",
        "x = {\n  for k, v in y : k => v...\n  if v\n}\n",
    ],
)
def test_valid_text_is_not_remarked_on(text: str) -> None:
    assert index(text.encode()).problems == ()


def test_blocks_behind_a_missing_brace_are_still_found() -> None:
    root = root_of('resource "a" "x" {\n  y = 1\n\nresource "a" "z" {\n  w = 2\n}\n')
    assert plain(resources_of(root)["a.z"].get("w")) == 2
    assert root.broken_files() == ["main.tf"]


def test_a_broken_file_does_not_hide_the_others() -> None:
    root = root_of('resource "a" "x" {\n  y = [\n}\n', {"other.tf": 'resource "a" "z" {\n  w = 2\n}\n'})
    assert plain(resources_of(root)["a.z"].get("w")) == 2
    assert [note.span.path for note in root.notes()] == ["main.tf"]


def test_a_reference_into_a_broken_file_is_unknown_and_no_error() -> None:
    root = root_of("locals {\n  a = [\n}\n", {"other.tf": 'resource "a" "z" {\n  w = local.gone\n}\n'})
    assert resources_of(root)["a.z"].get("w").is_unknown


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('variable "a" {}\nvariable "a" {}\n', 'variable "a"'),
        ('resource "x" "a" {}\nresource "x" "a" {}\n', 'resource "a"'),
        ("locals {\n  a = 1\n}\nlocals {\n  a = 2\n}\n", "local.a"),
    ],
)
def test_what_is_declared_twice_is_refused(text: str, what: str) -> None:
    (note,) = root_of(text).notes()
    assert f"{what} is declared a second time" in note.message


def test_a_resource_needs_two_labels() -> None:
    (note,) = root_of('resource "x" {}\n').notes()
    assert "two labels" in note.message


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"\x7fELF\0", "binary"),
        (b"# caf\xe9\n", "UTF-8"),
        (b"# x\n" * 600_000, "larger than 2 MiB"),
        (b"x = [" + b"\n" * 9_000 + b"]\n", "blanks"),
    ],
)
def test_what_is_no_text_is_not_read(data: bytes, word: str) -> None:
    root = root_of('resource "a" "z" {\n}\n', {"bad.tf": data})
    (note,) = root.notes()
    assert word in note.message
    assert note.span.path == "bad.tf"
    assert "a.z" in resources_of(root)


def test_a_byte_order_mark_shifts_nothing() -> None:
    root = root_of(more={"main.tf": b'\xef\xbb\xbfresource "a" "z" {\n  w = 2\n}\n'})
    resource = resources_of(root)["a.z"]
    assert (resource.span.column, plain(resource.get("w"))) == (1, 2)


def test_line_ends_may_be_those_of_windows() -> None:
    root = root_of(more={"main.tf": b'resource "a" "z" {\r\n  w = 2\r\n}\r\n'})
    assert plain(resources_of(root)["a.z"].get("w")) == 2
    assert root.notes() == ()


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        ("b || (\n  c\n)", True),
        ("(b ||\n c) ? (\n d\n ||\n e) : f", True),
        ("b || (\n c\n || d)", True),
        ("[b\n|| c]", True),
        ("{\n x = (b\n || c)\n}", True),
        ("b || (c\n) || d\n|| e", False),
        ("{\n x = b\n || c\n}", False),
        ("(b\n) ||\n c", False),
        ("1[0]", True),
        ("1.a", False),
    ],
)
def test_new_lines_in_operations_stand_in_brackets(value: str, taken: bool) -> None:
    assert (index(f"a = {value}\n# 0xA\n".encode()).problems == ()) is taken
