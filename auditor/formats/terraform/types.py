"""Terraform's types. Equal types are equal objects; the type `ANY` is that of a bare null and of an unknown nobody typed."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from auditor.model.record import dataclass

if TYPE_CHECKING:
    from auditor.formats.terraform.values import Value


class Kind(StrEnum):
    STRING = "string"
    NUMBER = "number"
    BOOL = "bool"
    LIST = "list"
    SET = "set"
    MAP = "map"
    TUPLE = "tuple"
    OBJECT = "object"
    ANY = "dynamic"


PRIMITIVES = frozenset({Kind.STRING, Kind.NUMBER, Kind.BOOL})
SEQUENCES = frozenset({Kind.LIST, Kind.SET, Kind.TUPLE})
MAPPINGS = frozenset({Kind.MAP, Kind.OBJECT})


@dataclass(frozen=True, slots=True)
class Type:
    """`element` for lists, sets and maps; `elements` for tuples; `attributes`, sorted by name, for objects.

    `optional` exists in type constraints only: the attributes that may be missing, each with the value it then has.
    """

    kind: Kind
    element: Type | None = None
    elements: tuple[Type, ...] = ()
    attributes: tuple[tuple[str, Type], ...] = ()
    optional: tuple[tuple[str, Value | None], ...] = ()

    def __str__(self) -> str:
        if self.kind in (Kind.LIST, Kind.SET, Kind.MAP):
            return f"{self.kind}({self.element})"
        if self.kind is Kind.TUPLE:
            return f"tuple([{', '.join(map(str, self.elements))}])"
        if self.kind is Kind.OBJECT:
            return "object({" + ", ".join(f"{name}: {type_}" for name, type_ in self.attributes) + "})"
        return str(self.kind)


STRING = Type(Kind.STRING)
NUMBER = Type(Kind.NUMBER)
BOOL = Type(Kind.BOOL)
ANY = Type(Kind.ANY)


def list_of(element: Type) -> Type:
    return Type(Kind.LIST, element)


def set_of(element: Type) -> Type:
    return Type(Kind.SET, element)


def map_of(element: Type) -> Type:
    return Type(Kind.MAP, element)


def tuple_of(elements: tuple[Type, ...]) -> Type:
    return Type(Kind.TUPLE, elements=elements)


def object_of(attributes: tuple[tuple[str, Type], ...]) -> Type:
    """The object type with these attributes, in any order."""
    return Type(Kind.OBJECT, attributes=tuple(sorted(attributes, key=lambda pair: pair[0])))
