"""Expressions as Terraform means them: an own frozen tree, in which tree-sitter's deviations from HCL are already put right.

Every node is the `Place` it was written at. Parentheses are gone; what could not be read is a `Broken`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.formats.terraform.places import Place
from auditor.model.record import dataclass

if TYPE_CHECKING:
    from auditor.formats.terraform.values import Number


@dataclass(frozen=True, slots=True)
class Expression(Place):
    """Any expression."""


@dataclass(frozen=True, slots=True)
class Broken(Expression):
    """Text that is no expression, with the reason. `limited`: it may be one, but is too deeply nested to be read here."""

    reason: str
    limited: bool = False


@dataclass(frozen=True, slots=True)
class Literal(Expression):
    """A number, text, bool or null as written."""

    raw: str | bool | Number | None


@dataclass(frozen=True, slots=True)
class Template(Expression):
    """Text with parts to be evaluated; each part's value becomes text. Never exactly one interpolation: that is its expression."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class TemplateIf(Expression):
    """`%{ if }`: one of two templates."""

    condition: Expression
    positive: tuple[Expression, ...]
    negative: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class TemplateFor(Expression):
    """`%{ for }`: the parts once for each element. `key_name` is None if only the value is named."""

    key_name: str | None
    value_name: str
    collection: Expression
    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Variable(Expression):
    """The first name of a reference: `var`, `local`, `each`, a resource type, a name that `for` gave."""

    name: str


@dataclass(frozen=True, slots=True)
class GetAttribute(Expression):
    """The step `.name`."""

    name: str


@dataclass(frozen=True, slots=True)
class GetIndex(Expression):
    """The step `[key]` or `.0`."""

    key: Expression


@dataclass(frozen=True, slots=True)
class Splat(Expression):
    """The step `[*]` (or `.*`) with the steps that are applied to each element."""

    each: tuple[GetAttribute | GetIndex | Splat, ...]


Access = GetAttribute | GetIndex | Splat


@dataclass(frozen=True, slots=True)
class Traversal(Expression):
    """`base` and at least one step from there."""

    base: Expression
    path: tuple[Access, ...]


@dataclass(frozen=True, slots=True)
class Call(Expression):
    """A function call; with `spread`, the last argument is a list of further ones."""

    name: str
    arguments: tuple[Expression, ...]
    spread: bool


@dataclass(frozen=True, slots=True)
class TupleExpression(Expression):
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class ObjectExpression(Expression):
    """Pairs of key and value; a bare name as key is a `Literal`."""

    items: tuple[tuple[Expression, Expression], ...]


@dataclass(frozen=True, slots=True)
class For(Expression):
    """`[for …]` where `key` is None, else `{for …}`; `grouped` is the `...` after the value."""

    key_name: str | None
    value_name: str
    collection: Expression
    key: Expression | None
    value: Expression
    condition: Expression | None
    grouped: bool


@dataclass(frozen=True, slots=True)
class Conditional(Expression):
    condition: Expression
    positive: Expression
    negative: Expression


@dataclass(frozen=True, slots=True)
class Unary(Expression):
    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary(Expression):
    operator: str
    left: Expression
    right: Expression
