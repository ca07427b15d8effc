"""The conversions that can be called by name. Null is converted like any other value."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from auditor.formats.terraform.conversion import common_type, convert
from auditor.formats.terraform.errors import Refused
from auditor.formats.terraform.functions.signature import Function, Parameter
from auditor.formats.terraform.types import ANY, BOOL, MAPPINGS, NUMBER, STRING, Type, list_of, map_of, set_of
from auditor.formats.terraform.values import Value, boolean

OPEN = Parameter(null=True, unknown=True)


def _to(type_: Type) -> Callable[[Value], Value]:
    def run(value: Value) -> Value:
        return convert(value, type_)

    return run


def _to_map(value: Value) -> Value:
    if value.is_known and value.kind in MAPPINGS and common_type(value.items.values()) is None:
        raise Refused("the elements of a map must have one type", value.place)
    return convert(value, map_of(ANY))


def _same(value: Value) -> Value:
    return value


def _not_sensitive(_: Value) -> Value:
    return boolean(False)


FUNCTIONS: Mapping[str, Function] = {
    "tostring": Function(_to(STRING), (OPEN,), STRING),
    "tonumber": Function(_to(NUMBER), (OPEN,), NUMBER),
    "tobool": Function(_to(BOOL), (OPEN,), BOOL),
    "tolist": Function(_to(list_of(ANY)), (OPEN,), list_of(ANY)),
    "toset": Function(_to(set_of(ANY)), (OPEN,), set_of(ANY)),
    "tomap": Function(_to_map, (OPEN,), map_of(ANY)),
    "sensitive": Function(_same, (OPEN,)),
    "nonsensitive": Function(_same, (OPEN,)),
    "ephemeralasnull": Function(_same, (OPEN,)),
    "issensitive": Function(_not_sensitive, (OPEN,), BOOL),
}
