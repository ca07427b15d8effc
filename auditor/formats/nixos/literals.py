"""Nix expressions that are literal enough to be read without evaluating: everything else is open, with the reason.

Names stand for what a surrounding `let` binds them to, never for what `with` may bring in. Depth and work are bounded.
"""

from __future__ import annotations

from auditor.formats.nixos.parse import NixFile, Node, field, named
from auditor.formats.nixos.strings import words_of
from auditor.formats.nixos.values import Attributes, Flag, Listed, Null, Number, Open, Perhaps, Value
from auditor.model.record import dataclass, replace
from auditor.model.source import Unknown

DEEPEST = 120
MOST_STEPS = 50_000
_NUMBERS = {"integer_expression"}
_STRINGS = ("string_expression", "indented_string_expression")


@dataclass(frozen=True, slots=True)
class Scope:
    """The names of a function or `let`: each with its expression and the scope that is read in; None where the name is an argument."""

    names: dict[str, tuple[Node, Scope] | None]
    outer: Scope | None = None

    def look_up(self, name: str) -> tuple[Node, Scope] | None:
        """The expression a name stands for, if something literal binds it."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.outer
        return None


TOP = Scope({})


class Reader:
    """Reads the expressions of one file. One reader's work is bounded as a whole."""

    def __init__(self, file: NixFile) -> None:
        self.file = file
        self.steps = 0

    def open(self, node: Node, reason: str) -> Open:
        """A value that is not known, and why."""
        span = self.file.span(node)
        return Open(Unknown(reason, span), span)

    def exhausted(self, depth: int) -> bool:
        """Whether this is too deep or too much; counts a step."""
        self.steps += 1
        return depth > DEEPEST or self.steps > MOST_STEPS

    def value(self, node: Node, scope: Scope, depth: int = 0) -> Value:
        """The value of an expression."""
        if self.exhausted(depth):
            return self.open(node, "this is too deep, or too much, to follow")
        node, scope = unwrapped(node, scope)
        kind = node.type
        if kind == "integer_expression":
            text = self.file.text(node)
            return Number(int(text), self.file.span(node)) if len(text) < 20 else self.open(node, "the number is too large")
        if kind in _STRINGS:
            return words_of(self.file, node)
        if kind == "variable_expression":
            return self._name(node, scope, depth)
        if kind == "list_expression":
            return Listed(tuple(self.value(item, scope, depth + 1) for item in named(node)), self.file.span(node))
        if kind in ATTRSETS:
            return self._attributes(node, scope, depth)
        if kind == "binary_expression":
            return self._binary(node, scope, depth)
        if kind == "if_expression":
            return self._if(node, scope, depth)
        if kind == "apply_expression":
            return self._applied(node, scope, depth)
        if kind == "select_expression":
            return self._selected(node, scope, depth)
        if kind == "unary_expression":
            return self._unary(node, scope, depth)
        return self.open(node, "this is computed")

    def _name(self, node: Node, scope: Scope, depth: int) -> Value:
        name, span = self.file.text(node), self.file.span(node)
        found = scope.look_up(name)
        if found is not None:
            return self.value(*found, depth + 1)
        if name in ("true", "false"):
            return Flag(name == "true", span)
        return Null(span) if name == "null" else self.open(node, f"`{name[:60]}` is not bound to a literal in this file")

    def _attributes(self, node: Node, scope: Scope, depth: int) -> Value:
        inner = scope_of_set(node, scope, self.file)
        entries = []
        for binding in bindings_of(node):
            path, body = path_of(binding, self.file), field(binding, "expression")
            if len(path) == 1 and body is not None:
                entries.append((path[0], self.value(body, inner, depth + 1)))
        return Attributes(tuple(entries), self.file.span(node))

    def _binary(self, node: Node, scope: Scope, depth: int) -> Value:
        left, right = field(node, "left"), field(node, "right")
        operator = operator_of(node)
        if left is None or right is None or operator not in ("++", "+"):
            return self.open(node, "this is computed")
        both = self.value(left, scope, depth + 1), self.value(right, scope, depth + 1)
        if operator == "+" and any(isinstance(each, Number) for each in both):
            return self.open(node, "this is computed")
        items = tuple(item for each in both for item in (each.items if isinstance(each, Listed) else (each,)))
        return Listed(items, self.file.span(node))

    def _if(self, node: Node, scope: Scope, depth: int) -> Value:
        condition, span = field(node, "condition"), self.file.span(node)
        branches = [self.value(each, scope, depth + 1) for name in ("consequence", "alternative") if (each := field(node, name))]
        known = self.value(condition, scope, depth + 1) if condition is not None else None
        if isinstance(known, Flag) and len(branches) == 2:
            return branches[0 if known.value else 1]
        return Perhaps(tuple(branches), condition_unknown(self.file, condition or node), span)

    def _unary(self, node: Node, scope: Scope, depth: int) -> Value:
        body = field(node, "argument")
        value = self.value(body, scope, depth + 1) if body is not None else None
        written = self.file.text(node)
        if isinstance(value, Number) and written.startswith("-"):
            return replace(value, value=-value.value, span=self.file.span(node))
        if isinstance(value, Flag) and written.startswith("!"):
            return replace(value, value=not value.value, span=self.file.span(node))
        return self.open(node, "this is computed")

    def _selected(self, node: Node, scope: Scope, depth: int) -> Value:
        """`name.attribute` of a set that `let` binds."""
        base, path = field(node, "expression"), field(node, "attrpath")
        if base is None or path is None or base.type != "variable_expression" or scope.look_up(self.file.text(base)) is None:
            return self.open(node, f"`{self.file.text(node)[:80]}` is computed")
        value: Value | None = self.value(base, scope, depth + 1)
        for name in names_of(path, self.file):
            value = value.get(name) if isinstance(value, Attributes) else None
        return value if value is not None else self.open(node, f"`{self.file.text(node)[:80]}` is computed")

    def _applied(self, node: Node, scope: Scope, depth: int) -> Value:
        name, arguments = call_of(node, self.file)
        if name in ("optionals", "optional", "optionalString") and len(arguments) == 2:
            known = self.value(arguments[0], scope, depth + 1)
            value = self.value(arguments[1], scope, depth + 1)
            if name == "optional":
                value = Listed((value,), self.file.span(arguments[1]))
            if isinstance(known, Flag):
                return value if known.value else Listed((), self.file.span(node))
            return Perhaps((value,), condition_unknown(self.file, arguments[0]), self.file.span(node))
        if name in ("mkForce", "mkDefault", "mkBefore", "mkAfter", "toList") and len(arguments) == 1:
            return self.value(arguments[0], scope, depth + 1)
        return self.open(node, f"`{name}` computes it" if name else "this is computed")


ATTRSETS = ("attrset_expression", "rec_attrset_expression")


def condition_unknown(file: NixFile, condition: Node) -> Unknown:
    """Why a branch is not sure."""
    text = " ".join(file.text(condition).split())
    told = f" `{text[:80]}`" if '"' not in text and "''" not in text else ""
    return Unknown(f"whether the condition{told} holds", file.span(condition))


def unwrapped(node: Node, scope: Scope) -> tuple[Node, Scope]:
    """An expression without its parentheses."""
    while node.type == "parenthesized_expression":
        inner = field(node, "expression")
        if inner is None:
            return node, scope
        node = inner
    return node, scope


def operator_of(node: Node) -> str:
    """The sign between the two sides of a binary expression."""
    found = field(node, "operator")
    return found.type if found is not None else next((child.type for child in node.children if not child.is_named), "")


def bindings_of(node: Node) -> list[Node]:
    """The bindings of a set or `let`."""
    sets = [child for child in node.children if child.type == "binding_set"]
    return [child for each in sets for child in each.children if child.type == "binding"]


def inherits_of(node: Node) -> list[Node]:
    """The `inherit …;` and `inherit (…) …;` of a set or `let`."""
    sets = [child for child in node.children if child.type == "binding_set"]
    return [child for each in sets for child in each.children if child.type in ("inherit", "inherit_from")]


def names_of(path: Node, file: NixFile) -> tuple[str, ...]:
    """The names of an attribute path; a computed one as it is written, `${…}`."""
    found = []
    for each in path.children:
        if each.type == "string_expression":
            found.append(words_of(file, each).text)
        elif each.is_named and each.type != "comment":
            found.append(file.text(each))
    return tuple(found)


def path_of(binding: Node, file: NixFile) -> tuple[str, ...]:
    """The attribute path of a binding."""
    path = field(binding, "attrpath")
    return names_of(path, file) if path is not None else ()


def inherited(node: Node, file: NixFile) -> list[str]:
    """The names of an `inherit`."""
    attributes = field(node, "attrs")
    return [file.text(each) for each in (attributes.children if attributes is not None else ()) if each.is_named]


def scope_of_let(node: Node, scope: Scope, file: NixFile) -> Scope:
    """The scope of a `let`: its names see each other."""
    inner = Scope({}, scope)
    _bind(node, inner, file, scope)
    return inner


def scope_of_set(node: Node, scope: Scope, file: NixFile) -> Scope:
    """The scope inside of a set: its own names, where it is recursive."""
    if node.type != "rec_attrset_expression":
        return scope
    return scope_of_let(node, scope, file)


def _bind(node: Node, inner: Scope, file: NixFile, outer: Scope) -> None:
    for each in inherits_of(node):
        for name in inherited(each, file):
            inner.names[name] = outer.look_up(name) if each.type == "inherit" else None
    for binding in bindings_of(node):
        path, body = path_of(binding, file), field(binding, "expression")
        if path:
            inner.names[path[0]] = (body, inner) if len(path) == 1 and body is not None else None


def scope_of_function(node: Node, scope: Scope, file: NixFile) -> Scope:
    """The scope of a function's body: what it is called with is not known."""
    names: dict[str, tuple[Node, Scope] | None] = {}
    universal = field(node, "universal")
    if universal is not None:
        names[file.text(universal)] = None
    formals = field(node, "formals")
    for each in formals.children if formals is not None else ():
        name = field(each, "name") if each.type == "formal" else None
        if name is not None:
            names[file.text(name)] = None
    return Scope(names, scope)


def call_of(node: Node, file: NixFile) -> tuple[str, list[Node]]:
    """The name of a library function (without `lib.` before it) and its arguments; no name where a function is computed."""
    arguments: list[Node] = []
    while node.type == "apply_expression":
        argument, function = field(node, "argument"), field(node, "function")
        if argument is None or function is None:
            return "", []
        arguments.insert(0, unwrapped(argument, TOP)[0])
        node = unwrapped(function, TOP)[0]
    if node.type not in ("variable_expression", "select_expression"):
        return "", arguments
    return file.text(node).split()[0].rpartition(".")[2] if file.text(node).strip() else "", arguments
