"""From tree-sitter's expressions to Terraform's, with the places put right where the two differ.

tree-sitter nests `a ? b : c ? d : e` to the left, keeps `[0]` after `.*` inside the splat and further steps after `[*]` outside
of it, and has no node for blanks at the ends of text: here conditionals nest to the right, splats hold what Terraform applies to
each element, and text is the bytes between its neighbours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from auditor.formats.terraform import templates
from auditor.formats.terraform.numbers import read_number
from auditor.formats.terraform.parse import Node, first_error, is_too_blank, meaningful, parse_hcl
from auditor.formats.terraform.places import Place, SourceFile
from auditor.formats.terraform.syntax import (
    Access,
    Binary,
    Broken,
    Call,
    Conditional,
    Expression,
    For,
    GetAttribute,
    GetIndex,
    Literal,
    ObjectExpression,
    Splat,
    Traversal,
    TupleExpression,
    Unary,
    Variable,
)
from auditor.formats.terraform.templates import Mark, Token

MAX_DEPTH = 250
SIMPLE = re.compile(
    rb'[A-Za-z_][\w-]*[ \t]*=[ \t]*(?:(?P<text>"[^"\\$%\x80-\xff]*")|(?P<digits>\d{1,18})|(?P<word>true|false|null)'
    rb"|(?P<names>(?!(?:true|false|null)\b)[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*))",
    re.ASCII,
)
WORDS = {"true": True, "false": False, "null": None}
OPERATORS = frozenset({"+", "-", "*", "/", "%", "==", "!=", "<", ">", "<=", ">=", "&&", "||", "!"})
TEXT_NODES = frozenset({"template_literal", "quoted_template_start", "quoted_template_end", "heredoc_start", "heredoc_identifier"})


def read_attribute(file: SourceFile, start: int, end: int) -> Expression:
    """The value of the attribute `name = value` that stands at these bytes."""
    simple = SIMPLE.fullmatch(file.data, start, end)
    if simple is not None:
        return _simple(file, simple)
    root = parse_hcl(file.data[start:end] + b"\n")
    for body in root.children:
        for attribute in body.children:
            if attribute.type == "attribute" and not root.has_error:
                return _Reader(file, start).expression(meaningful(attribute)[-1])
    return Broken(file, start, end, "syntax error")


def _simple(file: SourceFile, match: re.Match[bytes]) -> Expression:
    """A value for which no parser is needed: plain text, digits, a word or names joined by dots."""
    assert match.lastgroup is not None
    first, last = match.span(match.lastgroup)
    text = match[match.lastgroup].decode()
    match match.lastgroup:
        case "text":
            return Literal(file, first, last, text[1:-1])
        case "digits":
            return Literal(file, first, last, int(text))
        case "word":
            return Literal(file, first, last, WORDS[text])
    name, *rest = text.split(".")
    base = Variable(file, first, first + len(name), name)
    path: list[Access] = []
    at = base.end
    for step in rest:
        path.append(GetAttribute(file, at, at + 1 + len(step), step))
        at = path[-1].end
    return Traversal(file, first, last, base, tuple(path)) if path else base


def read_expression(file: SourceFile, start: int, end: int) -> Expression:
    """The expression that stands at these bytes, e.g. the text of a `-var` argument."""
    prefix = b"x = "
    root = parse_hcl(prefix + file.data[start:end] + b"\n")
    attributes = [node for body in root.children for node in body.children]
    if root.has_error or len(attributes) != 1 or attributes[0].type != "attribute":
        return Broken(file, start, end, "syntax error")
    return _Reader(file, start - len(prefix)).expression(meaningful(attributes[0])[-1])


def read_template(file: SourceFile) -> Expression:
    """The whole of a template file."""
    data = file.data
    if is_too_blank(data):
        return Broken(file, 0, len(data), "thousands of blanks in one place are not read", limited=True)
    marker = b"EOT"
    while marker in data:
        marker += b"_"
    prefix = b"x = <<" + marker + b"\n"
    root = parse_hcl(prefix + data + b"\n" + marker + b"\n")
    error = first_error(root)
    if error is not None:
        at = min(max(error.start_byte - len(prefix), 0), len(data))
        return Broken(file, at, at, f"invalid template at line {file.position(at)[0]}")
    heredoc = root.children[0].children[0].children[-1].children[0].children[0]
    reader = _Reader(file, -len(prefix))
    return templates.build(list(reader.tokens(heredoc, 0, len(data), heredoc=True)), False, Place(file, 0, len(data)))


class _Reader:
    """Converts nodes of a tree whose first byte is byte `base` of `file`."""

    def __init__(self, file: SourceFile, base: int) -> None:
        self.file = file
        self.base = base
        self.depth = 0

    def where(self, first: Node, last: Node | None = None) -> tuple[SourceFile, int, int]:
        return self.file, first.start_byte + self.base, (last or first).end_byte + self.base

    def expression(self, node: Node) -> Expression:
        """An `expression` node; parentheses around it cost no depth."""
        children = meaningful(node)
        while len(children) == 3 and children[0].type == "(" and children[1].type == "expression":
            children = meaningful(children[1])
        return self.run(children)

    def run(self, children: Sequence[Node]) -> Expression:
        """A primary (or an expression in parentheses) and the steps after it."""
        self.depth += 1
        try:
            if self.depth > MAX_DEPTH:
                return Broken(*self.where(children[0], children[-1]), f"nested more than {MAX_DEPTH} levels deep", limited=True)
            if not children:
                return Broken(self.file, self.base, self.base, "syntax error")
            if children[0].type == "(":
                base, steps = self.expression(children[1]), children[3:]
            else:
                base, steps = self.primary(children[0]), children[1:]
            path = self.path(steps) if steps else ()
            return Traversal(*self.where(children[0], children[-1]), base, path) if path else base
        finally:
            self.depth -= 1

    def path(self, nodes: Sequence[Node]) -> tuple[Access, ...]:
        """Steps, with everything after a full splat inside it, and everything from the first `[…]` in an attribute splat after it."""
        path: list[Access] = []
        for position, node in enumerate(nodes):
            if node.type == "splat":
                splat = meaningful(node)[0]
                inner = [child for child in meaningful(splat) if child.type in ("get_attr", "index", "splat")]
                rest = nodes[position + 1 :]
                if splat.type == "full_splat":
                    path.append(Splat(*self.where(node, nodes[-1]), self.path([*inner, *rest])))
                else:
                    cut = next((i for i, child in enumerate(inner) if not _applies_to_each(child)), len(inner))
                    path.append(Splat(*self.where(node), self.path(inner[:cut])))
                    path.extend(self.path([*inner[cut:], *rest]))
                break
            path.extend(self.step(node))
        return tuple(path)

    def step(self, node: Node) -> Iterator[Access]:
        where = self.where(node)
        if node.type == "get_attr":
            yield GetAttribute(*where, _text(meaningful(node)[-1]))
            return
        index = meaningful(node)[0]
        if index.type == "legacy_index":
            for digits in _text(index).lstrip(".").split("."):
                yield GetIndex(*where, Literal(*where, int(digits) if digits.isdecimal() else digits))
            return
        inner = next((child for child in index.children if child.type == "expression"), None)
        yield GetIndex(*where, self.expression(inner) if inner else Broken(*where, "syntax error"))

    def primary(self, node: Node) -> Expression:
        """What is no step: a literal, template, reference, call, collection, operation, conditional."""
        match node.type:
            case "literal_value":
                return self.literal(node)
            case "variable_expr":
                return Variable(*self.where(node), _text(node))
            case "template_expr":
                return self.template(meaningful(node)[0])
            case "function_call":
                return self.call(node)
            case "collection_value":
                inner = meaningful(node)[0]
                return self.tuple(inner) if inner.type == "tuple" else self.object(inner)
            case "for_expr":
                return self.for_expression(meaningful(node)[0])
            case "operation":
                return self.operation(meaningful(node)[0])
            case "conditional":
                return self.conditional(node)
            case "expression":
                return self.expression(node)
        return Broken(*self.where(node), "syntax error")

    def literal(self, node: Node) -> Expression:
        inner = meaningful(node)[0]
        where = self.where(inner)
        text = self.file.data[where[1] : where[2]].decode("utf-8", errors="replace")
        match inner.type:
            case "string_lit":
                return Literal(*where, templates.unescape_quoted(text[1:-1]))
            case "bool_lit":
                return Literal(*where, text == "true")
            case "null_lit":
                return Literal(*where, None)
        amount = read_number(text)
        return Literal(*where, amount) if amount is not None else Broken(*where, f"{text} is no number")

    def template(self, node: Node) -> Expression:
        """A quoted or heredoc template."""
        file, start, end = self.where(node)
        if node.type == "quoted_template":
            tokens = list(self.tokens(node, start + 1, end - 1, heredoc=False))
            return templates.build(tokens, False, Place(file, start, end))
        marks = [child for child in node.children if child.type in ("heredoc_start", "heredoc_identifier")]
        first = file.data.find(b"\n", marks[1].end_byte + self.base) + 1
        last = file.data.rfind(b"\n", 0, marks[-1].start_byte + self.base) + 1
        tokens = list(self.tokens(node, first, max(first, last), heredoc=True))
        return templates.build(tokens, marks[0].text == b"<<-", Place(file, start, end))

    def tokens(self, node: Node, start: int, end: int, *, heredoc: bool) -> Iterator[Token]:
        """The parts of a template between these bytes, text included."""
        position = start
        for child in node.children:
            if child.type in TEXT_NODES:
                continue
            if child.type == "template_interpolation":
                found = iter((self.interpolation(child),))
            elif child.type == "template_directive":
                found = self.directive(meaningful(child)[0], heredoc=heredoc)
            else:
                continue
            yield from templates.text_tokens(self.file, position, child.start_byte + self.base, heredoc)
            yield from found
            position = child.end_byte + self.base
        yield from templates.text_tokens(self.file, position, end, heredoc)

    def interpolation(self, node: Node) -> Token:
        where = self.where(node)
        inner = next((child for child in node.children if child.type == "expression"), None)
        expression = self.expression(inner) if inner else Broken(*where, "nothing between ${ and }")
        left, right = _strip_marks(node)
        return Token(Mark.VALUE, Place(*where), expression=expression, strips_left=left, strips_right=right)

    def directive(self, node: Node, *, heredoc: bool) -> Iterator[Token]:
        """`template_if` or `template_for`, flattened: its marks and what stands between them."""
        position = node.start_byte + self.base
        for child in node.children:
            if child.type == "comment" or child.type in TEXT_NODES:
                continue
            start, end = child.start_byte + self.base, child.end_byte + self.base
            if position < start:
                yield from templates.text_tokens(self.file, position, start, heredoc)
            if child.type == "template_interpolation":
                yield self.interpolation(child)
            elif child.type == "template_directive":
                yield from self.directive(meaningful(child)[0], heredoc=heredoc)
            else:
                yield self.mark(child)
            position = end

    def mark(self, node: Node) -> Token:
        kinds = {
            "template_if_intro": Mark.IF,
            "template_else_intro": Mark.ELSE,
            "template_if_end": Mark.ENDIF,
            "template_for_start": Mark.FOR,
            "template_for_end": Mark.ENDFOR,
        }
        left, right = _strip_marks(node)
        inner = next((child for child in node.children if child.type == "expression"), None)
        names = tuple(_text(child) for child in node.children if child.type == "identifier")
        expression = self.expression(inner) if inner else None
        kind = kinds[node.type]
        if kind in (Mark.IF, Mark.FOR) and expression is None:
            expression = Broken(*self.where(node), "syntax error")
        return Token(kind, Place(*self.where(node)), "", expression, names, left, right)

    def call(self, node: Node) -> Expression:
        name = _text(meaningful(node)[0])
        arguments = next((child for child in node.children if child.type == "function_arguments"), None)
        inner = meaningful(arguments) if arguments else []
        expressions = tuple(self.expression(child) for child in inner if child.type == "expression")
        return Call(*self.where(node), name, expressions, any(child.type == "ellipsis" for child in inner))

    def tuple(self, node: Node) -> Expression:
        items = tuple(self.expression(child) for child in node.children if child.type == "expression")
        return TupleExpression(*self.where(node), items)

    def object(self, node: Node) -> Expression:
        items = []
        for element in node.children:
            if element.type == "object_elem":
                pair = [child for child in element.children if child.type == "expression"]
                if len(pair) != 2:
                    return Broken(*self.where(element), "syntax error")
                items.append((self.key(pair[0]), self.expression(pair[1])))
        return ObjectExpression(*self.where(node), tuple(items))

    def key(self, node: Node) -> Expression:
        """An object's key: a bare word is itself."""
        children = meaningful(node)
        kind = children[0].type if children else ""
        if kind == "variable_expr":
            if len(children) > 1:
                return Broken(*self.where(node), "an object key with a dot needs quotes or parentheses")
            return Literal(*self.where(node), _text(node))
        if kind == "literal_value" and meaningful(children[0])[0].type in ("bool_lit", "null_lit"):
            return Literal(*self.where(node), _text(node))
        return self.expression(node)

    def for_expression(self, node: Node) -> Expression:
        children = meaningful(node)
        intro = next(child for child in children if child.type == "for_intro")
        names = [_text(child) for child in intro.children if child.type == "identifier"]
        collection = next(child for child in intro.children if child.type == "expression")
        parts = [self.expression(child) for child in children if child.type == "expression"]
        condition = next((child for child in children if child.type == "for_cond"), None)
        test = next((child for child in condition.children if child.type == "expression"), None) if condition else None
        return For(
            *self.where(node),
            names[0] if len(names) > 1 else None,
            names[-1],
            self.expression(collection),
            parts[0] if node.type == "for_object_expr" else None,
            parts[-1],
            self.expression(test) if test else None,
            any(child.type == "ellipsis" for child in children),
        )

    def operation(self, node: Node) -> Expression:
        children = meaningful(node)
        where = self.where(node)
        if node.type == "unary_operation":
            return Unary(*where, _text(children[0]), self.run(children[1:]))
        middle = next((i for i, child in enumerate(children) if i and child.type in OPERATORS), None)
        if middle is None:
            return Broken(*where, "syntax error")
        return Binary(*where, children[middle].type, self.run(children[:middle]), self.run(children[middle + 1 :]))

    def conditional(self, node: Node) -> Expression:
        """`a ? b : c ? d : e` comes as `(a ? b : c) ? d : e`: unroll the condition, then nest to the right."""
        sides: list[tuple[Node, Node]] = []
        inner: Node | None = node
        test = node
        end = node
        while inner is not None:
            parts = [child for child in inner.children if child.type == "expression"]
            if len(parts) != 3:
                return Broken(*self.where(node), "syntax error")
            test, *rest = parts
            sides.append((rest[0], rest[1]))
            inner = _bare_conditional(test)
        result: Expression | None = None
        for position, (positive, negative) in enumerate(sides):
            condition = sides[position + 1][1] if position + 1 < len(sides) else test
            otherwise = result if result is not None else self.expression(negative)
            result = Conditional(*self.where(condition, end), self.expression(condition), self.expression(positive), otherwise)
        assert result is not None
        return result


def _applies_to_each(node: Node) -> bool:
    return node.type == "get_attr" or (node.type == "index" and meaningful(node)[0].type == "legacy_index")


def _bare_conditional(node: Node) -> Node | None:
    children = meaningful(node)
    return children[0] if len(children) == 1 and children[0].type == "conditional" else None


def _strip_marks(node: Node) -> tuple[bool, bool]:
    kinds = [child.type for child in node.children]
    return len(kinds) > 1 and kinds[1] == "strip_marker", len(kinds) > 2 and kinds[-2] == "strip_marker"


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", errors="replace")
