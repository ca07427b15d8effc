"""A NixOS module as definitions of options: conditions make them unsure, priorities are kept, imports are listed.

Only options that matter to the firewall are looked into, so that nothing else (a password, a token) is ever read.
"""

from __future__ import annotations

from auditor.formats.nixos.known import misspelt
from auditor.formats.nixos.literals import (
    ATTRSETS,
    TOP,
    Reader,
    Scope,
    bindings_of,
    call_of,
    condition_unknown,
    inherited,
    inherits_of,
    operator_of,
    path_of,
    scope_of_function,
    scope_of_let,
    scope_of_set,
    unwrapped,
)
from auditor.formats.nixos.options import Path, is_tree, relevant
from auditor.formats.nixos.parse import NixFile, Node, field, named
from auditor.formats.nixos.values import Definition, Flag, Number, Open
from auditor.model.record import dataclass
from auditor.model.source import Span, Unknown

_PRIORITIES = {"mkForce": 50, "mkDefault": 1000, "mkOptionDefault": 1500, "mkVMOverride": 10, "mkImageMediaOverride": 60}
_PLAIN_KEYS = ("imports", "disabledModules", "_file", "key", "meta", "_class")


@dataclass(frozen=True, slots=True)
class Import:
    """A module that another one names: a path as it is written, or None where it is computed."""

    path: str | None
    span: Span
    unsure: Unknown | None = None


@dataclass(frozen=True, slots=True)
class Module:
    """What one module says. `read`: the first characters of the bindings that were looked at; `declared`: the options it makes."""

    definitions: tuple[Definition, ...]
    imports: tuple[Import, ...]
    read: frozenset[int]
    declared: frozenset[Path] = frozenset()


def read_module(reader: Reader, node: Node, scope: Scope = TOP) -> Module:
    """The module that an expression is."""
    walk = _Walk(reader)
    walk.module(node, scope)
    return Module(tuple(walk.definitions), tuple(walk.imports), frozenset(walk.read), frozenset(walk.declared))


class _Walk:
    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.file: NixFile = reader.file
        self.definitions: list[Definition] = []
        self.imports: list[Import] = []
        self.read: set[int] = set()
        self.declared: set[Path] = set()
        self.nested = 0

    def module(self, node: Node, scope: Scope) -> None:
        node, scope = self._body(node, scope)
        if node.type in ATTRSETS:
            inner = scope_of_set(node, scope, self.file)
            structured = any(path_of(each, self.file)[:1] in (("config",), ("options",)) for each in bindings_of(node))
            for binding in bindings_of(node):
                self._top(binding, inner, structured)
            return
        self.config(node, scope, (), None, 100, 0)

    def _body(self, node: Node, scope: Scope, depth: int = 0) -> tuple[Node, Scope]:
        """An expression without the functions, `let`, `with` and `assert` around it."""
        while depth < 64:
            depth += 1
            node, scope = unwrapped(node, scope)
            body = field(node, "body")
            if node.type == "function_expression" and body is not None:
                node, scope = body, scope_of_function(node, scope, self.file)
            elif node.type == "let_expression" and body is not None:
                node, scope = body, scope_of_let(node, scope, self.file)
            elif node.type in ("with_expression", "assert_expression") and body is not None:
                node = body
            elif node.type == "variable_expression" and (found := scope.look_up(self.file.text(node))) is not None:
                node, scope = found
            else:
                break
        return node, scope

    def _top(self, binding: Node, scope: Scope, structured: bool) -> None:
        path, body = path_of(binding, self.file), field(binding, "expression")
        if body is None or not path:
            return
        if path[0] == "options":
            self._declaration(path[1:], body, scope, 0)
        elif path[0] == "imports":
            self._imports(body, scope)
        elif path[0] == "config" and structured:
            self._binding(binding, path[1:], body, scope, None, 100, 0)
        elif path[0] not in _PLAIN_KEYS and not structured:
            self._binding(binding, path, body, scope, None, 100, 0)

    def _declaration(self, path: Path, node: Node, scope: Scope, depth: int) -> None:
        """The options that are made at and below `path`, where any of them could be one of the firewall's."""
        if self.reader.exhausted(depth) or not relevant(path, partly=True):
            return
        node, scope = self._body(node, scope)
        if node.type not in ATTRSETS:
            self.declared.add(path)
            return
        for binding in bindings_of(node):
            body = field(binding, "expression")
            if body is not None:
                self._declaration((*path, *path_of(binding, self.file)), body, scope, depth + 1)

    # -- imports

    def _imports(self, node: Node, scope: Scope, depth: int = 0) -> None:
        node, scope = self._body(node, scope)
        if node.type == "binary_expression" and operator_of(node) == "++" and not self.reader.exhausted(depth):
            for side in ("left", "right"):
                part = field(node, side)
                if part is not None:
                    self._imports(part, scope, depth + 1)
        elif node.type == "list_expression":
            for item in named(node):
                self._import(item, scope)
        else:
            self.imports.append(Import(None, self.file.span(node)))

    def _import(self, item: Node, scope: Scope) -> None:
        item, scope = unwrapped(item, scope)
        if item.type == "path_expression" and not any(child.type == "interpolation" for child in item.children):
            self.imports.append(Import(self.file.text(item), self.file.span(item)))
        elif item.type in (*ATTRSETS, "function_expression") and not self.reader.exhausted(self.nested):
            self.nested += 1
            self.module(item, scope)
            self.nested -= 1
        else:
            self.imports.append(Import(None, self.file.span(item)))

    # -- options

    def _binding(self, binding: Node, path: Path, body: Node, scope: Scope, unsure: Unknown | None, priority: int, depth: int) -> None:
        self.read.add(binding.start_byte)
        if relevant(path, partly=True):
            self.config(body, scope, path, unsure, priority, depth + 1)
        elif misspelt(path) is not None:
            self._open(path, binding, Unknown(f"what `{path[-1]}` is", self.file.span(binding)), priority)

    def config(self, node: Node, scope: Scope, path: Path, unsure: Unknown | None, priority: int, depth: int) -> None:
        """The definitions that an expression gives the options at and below `path`."""
        outer = node
        if self.reader.exhausted(depth):
            self._open(path, outer, Unknown("this is too deep, or too much, to follow", self.file.span(node)), priority)
            return
        node, scope = self._body(node, scope)
        if node.type in ATTRSETS and (is_tree(path) or not relevant(path)):
            self._set(node, scope, path, unsure, priority, depth)
        elif node.type == "apply_expression":
            self._applied(node, scope, path, unsure, priority, depth)
        elif node.type == "if_expression":
            self._branches(node, scope, path, unsure, priority, depth)
        elif node.type == "binary_expression" and operator_of(node) == "//":
            self._merged(node, scope, path, unsure, priority, depth)
        elif relevant(path):
            self._value(node, scope, path, unsure, priority)
        else:
            self._open(path, node, unsure or Unknown("this is computed", self.file.span(node)), priority)

    def _set(self, node: Node, scope: Scope, path: Path, unsure: Unknown | None, priority: int, depth: int) -> None:
        inner = scope_of_set(node, scope, self.file)
        for binding in bindings_of(node):
            body = field(binding, "expression")
            if body is not None:
                self._binding(binding, (*path, *path_of(binding, self.file)), body, inner, unsure, priority, depth)
        for each in inherits_of(node):
            for name in inherited(each, self.file):
                found = scope.look_up(name) if each.type == "inherit" else None
                if found is not None and relevant((*path, name), partly=True):
                    self.config(*found, (*path, name), unsure, priority, depth + 1)
                elif relevant((*path, name), partly=True):
                    self._open((*path, name), each, Unknown(f"`{name}` is taken over from elsewhere", self.file.span(each)), priority)

    def _applied(self, node: Node, scope: Scope, path: Path, unsure: Unknown | None, priority: int, depth: int) -> None:
        name, arguments = call_of(node, self.file)
        if name in _PRIORITIES and len(arguments) == 1:
            self.config(arguments[0], scope, path, unsure, _PRIORITIES[name], depth + 1)
        elif name in ("mkBefore", "mkAfter") and len(arguments) == 1:
            self.config(arguments[0], scope, path, unsure, priority, depth + 1)
        elif name in ("mkOverride", "mkOrder") and len(arguments) == 2:
            given = self.reader.value(arguments[0], scope)
            ranked = given.value if isinstance(given, Number) and name == "mkOverride" else priority
            self.config(arguments[1], scope, path, unsure, ranked, depth + 1)
        elif name in ("mkIf", "optionalAttrs") and len(arguments) == 2:
            known = self.reader.value(arguments[0], scope)
            if not isinstance(known, Flag):
                self.config(arguments[1], scope, path, unsure or condition_unknown(self.file, arguments[0]), priority, depth + 1)
            elif known.value:
                self.config(arguments[1], scope, path, unsure, priority, depth + 1)
        elif name == "mkMerge" and len(arguments) == 1 and arguments[0].type == "list_expression":
            for item in named(arguments[0]):
                self.config(item, scope, path, unsure, priority, depth + 1)
        elif relevant(path):
            self._value(node, scope, path, unsure, priority)
        else:
            self._open(path, node, Unknown(f"`{name}` computes it" if name else "this is computed", self.file.span(node)), priority)

    def _branches(self, node: Node, scope: Scope, path: Path, unsure: Unknown | None, priority: int, depth: int) -> None:
        condition = field(node, "condition")
        known = self.reader.value(condition, scope) if condition is not None else None
        for name, taken in (("consequence", True), ("alternative", False)):
            branch = field(node, name)
            if branch is None or (isinstance(known, Flag) and known.value is not taken):
                continue
            why = unsure if isinstance(known, Flag) else unsure or condition_unknown(self.file, condition or node)
            self.config(branch, scope, path, why, priority, depth + 1)

    def _merged(self, node: Node, scope: Scope, path: Path, unsure: Unknown | None, priority: int, depth: int) -> None:
        """`a // b`: what b has, a loses. What a says is sure only where b is seen not to say anything of that name."""
        left, right = field(node, "left"), field(node, "right")
        if left is None or right is None:
            return
        inner, _ = self._body(right, scope)
        seen = {path_of(each, self.file)[:1] for each in bindings_of(inner)} if inner.type in ATTRSETS and not inherits_of(inner) else None
        lost, _ = self._body(left, scope)
        mine = {path_of(each, self.file)[:1] for each in bindings_of(lost)} if lost.type in ATTRSETS else None
        apart = seen is not None and mine is not None and not seen & mine
        doubt = None if apart else Unknown("whether what follows `//` takes its place", self.file.span(right))
        self.config(left, scope, path, unsure or doubt, priority, depth + 1)
        self.config(right, scope, path, unsure, priority, depth + 1)

    def _value(self, node: Node, scope: Scope, path: Path, unsure: Unknown | None, priority: int) -> None:
        value = self.reader.value(node, scope)
        self.definitions.append(Definition(path, value, self.file.span(node), priority, unsure))

    def _open(self, path: Path, node: Node, why: Unknown, priority: int) -> None:
        if path:
            span = self.file.span(node)
            self.definitions.append(Definition(path, Open(why, span), span, priority, why))
