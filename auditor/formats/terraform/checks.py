"""What tree-sitter takes and Terraform does not, beyond what the index of bodies sees.

Such text is rare and looking at every node is dear, so the bytes are searched first for what could be one; only then the tree is looked at.
None of the searches takes longer than the text is long, whatever the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

from auditor.formats.terraform.numbers import NUMERAL
from auditor.formats.terraform.parse import Node, meaningful, nodes_of

if TYPE_CHECKING:
    from auditor.formats.terraform.bodies import Problem

SUSPICIOUS = (
    re.compile(rb"\\[^nrt\"\\]"),  # an escape that is none, perhaps
    re.compile(rb"\$\{\s*(?:~\s*)?~?\}"),  # an empty interpolation
    re.compile(rb"<<-?\w[\w-]*[^\w\r\n-]"),  # something behind a heredoc's marker
    *(
        re.compile(before + rb"\s*\d+\.(?:\d+\.|[A-Za-z_*])") for before in (rb"=", rb"\[", rb",", rb"\(", rb"\?", rb":")
    ),  # an address without quotes
    re.compile(rb"0x[0-9A-Za-z]"),  # a number that is none
    re.compile(rb"\n[ \t]*(?:&&|\|\||[?:*/%>=!]|<[^<]|\+|-[^>-])"),  # an operator at a line's beginning
    re.compile(rb"=[^=,\n>{]*[^=!<>,\n]=[^=>]"),  # two assignments on one line
    re.compile(rb"[)\]][ \t]+[\w-]+[ \t]*=[^=>]"),  # the same after a call or list
    re.compile(rb"\n[ \t]*[,(]"),  # a comma or parenthesis at a line's beginning
    re.compile(rb"\n(?:resource|data|module|variable|output)[^\n{]*\$\{"),  # an interpolation in a label
)
ESCAPE = re.compile(r"\\(?:([nrt\"\\]|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})|.?)", re.DOTALL)
OPERATOR_ENDS = frozenset(b"?:*/%<>+-=&|")


def find_problems(data: bytes, root: Node) -> Iterator[Problem]:
    """Everything that Terraform would refuse here."""
    if _odd_lines(data) or any(pattern.search(data) for pattern in SUSPICIOUS):
        for node in nodes_of(root, *CHECKS):
            yield from CHECKS[node.type](node)
        yield from _on_one_line(nodes_of(root, "binary_operation", "conditional"))


def _odd_lines(data: bytes) -> bool:
    """Whether a line has an odd number of quotes, so that a string could go on in the next, or ends in an operator."""
    if b'\\"' in data:
        data = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    return any(line.count(b'"') & 1 or (line and line[-1] in OPERATOR_ENDS) for line in data.replace(b"\r", b"").split(b"\n"))


def _number(node: Node) -> Iterator[Problem]:
    text = _text(node)
    if NUMERAL.fullmatch(text) is None:
        yield _problem(node, f"{text} is no number")
    literal = node.parent
    after = literal.next_named_sibling if literal else None
    if after is not None and (after.type == "get_attr" or (after.type == "index" and after.children[0].type == "legacy_index")):
        yield _problem(after, "a number has no parts; text needs quotes")


def _interpolation(node: Node) -> Iterator[Problem]:
    if not any(child.type == "expression" for child in node.children):
        yield _problem(node, "nothing between ${ and }")


def _object(node: Node) -> Iterator[Problem]:
    """Elements are separated by a comma or a new line."""
    before: Node | None = None
    separated = True
    for child in node.children:
        if child.type == ",":
            if before is not None and child.start_point.row != before.end_point.row:
                yield _problem(child, "a comma stands on the line of what is before it")
            separated = True
        elif child.type == "object_elem":
            if not separated and before is not None and child.start_point.row == before.end_point.row:
                yield _problem(child, "a comma or a new line is missing before this")
            before, separated = child, False
            parts = meaningful(child)
            if any(left.end_point.row != right.start_point.row for left, right in pairwise(parts)):
                yield _problem(child, "a key, = and the beginning of its value stand on one line")


def _quoted(node: Node) -> Iterator[Problem]:
    text = node.text or b""
    position = 0
    for child in (*node.children, None):
        if child is None or child.type in ("template_interpolation", "template_directive"):
            end = child.start_byte - node.start_byte if child is not None else len(text)
            if b"\n" in text[position:end]:
                yield _problem(node, "a quoted text goes over the end of the line: a quote is missing")
                return
            position = child.end_byte - node.start_byte if child is not None else end
        elif child.type == "template_literal":
            for escape in ESCAPE.finditer(_text(child)):
                if escape[1] is None:
                    yield _problem(child, f"{escape[0]} is no escape")


def _call(node: Node) -> Iterator[Problem]:
    name, *rest = meaningful(node)
    if rest and name.end_point.row != rest[0].start_point.row and not _in_brackets(node):
        yield _problem(name, "a function's name and its parenthesis stand on one line")


def _heredoc(node: Node) -> Iterator[Problem]:
    marker = next((child for child in node.children if child.type == "heredoc_identifier"), None)
    if marker is None or node.text is None:
        return
    rest = node.text[marker.end_byte - node.start_byte :].split(b"\n", 1)[0]
    if rest not in (b"", b"\r"):
        yield _problem(marker, "a heredoc's marker must be the last on its line")


def _on_one_line(nodes: list[Node]) -> Iterator[Problem]:
    """Outside of brackets an operator and its operands stand on one line. Operations in operations are looked at from the outside."""
    settled, around = -1, None
    for node in sorted(nodes, key=lambda node: (node.start_byte, -node.end_byte)):
        if node.end_byte <= settled:
            continue
        if node.start_point.row == node.end_point.row or _in_brackets(node, around):
            settled = node.end_byte
            continue
        around = (node.start_byte, node.end_byte)
        outside = [(a, b) for a, b in pairwise(meaningful(node)) if a.type != "(" and b.type != ")"]
        after = next((b for a, b in outside if a.end_point.row != b.start_point.row), None)
        if after is not None:
            settled = node.end_byte
            yield _problem(after, "an expression that goes on in the next line needs parentheses")


def _in_brackets(node: Node, around: tuple[int, int] | None = None) -> bool:
    """Whether new lines mean nothing at `node`; they mean something at the operation `around` it, if there is one."""
    inner, outer = node, node.parent
    while outer is not None and outer.type not in ("body", "object_elem", "config_file"):
        if outer.type in BRACKETS:
            return True
        before = inner.prev_sibling
        while before is not None and before.type == "comment":
            before = before.prev_sibling
        if before is not None and before.type == "(":
            return True
        if (outer.start_byte, outer.end_byte) == around and outer.type in ("binary_operation", "conditional"):
            return False
        inner, outer = outer, outer.parent
    return False


def _problem(node: Node, message: str) -> Problem:
    from auditor.formats.terraform.bodies import Problem

    return Problem(node.start_byte, node.end_byte, message)


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", errors="replace")


BRACKETS = frozenset({"tuple", "function_call", "template_interpolation", "new_index", "for_expr", "template_directive"})
CHECKS: Mapping[str, Callable[[Node], Iterator[Problem]]] = {
    "object": _object,
    "string_lit": _quoted,
    "quoted_template": _quoted,
    "numeric_lit": _number,
    "template_interpolation": _interpolation,
    "heredoc_template": _heredoc,
    "function_call": _call,
}
