"""Functions on sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product

from auditor.formats.terraform.conversion import common_type, convert, unify
from auditor.formats.terraform.errors import Exhausted, Refused, Undecided
from auditor.formats.terraform.functions.signature import PARTLY, Function, Parameter
from auditor.formats.terraform.types import ANY, SEQUENCES, Kind, set_of, tuple_of
from auditor.formats.terraform.values import Value, list_value, set_value, sort_key, tuple_value

MAX_PRODUCT = 50_000
SET = Parameter(set_of(ANY), parts=True)


def _combined(operation: Callable[[set[object], set[object]], set[object]]) -> Callable[..., Value]:
    def run(*sets: Value) -> Value:
        types = [value.type.element or ANY for value in sets]
        type_ = unify([type_ for type_, value in zip(types, sets, strict=True) if value.elements or type_.kind is not Kind.ANY])
        if type_ is None or (type_ == ANY and any(each != ANY for each in types)):
            raise Refused("all sets must have elements of one type")
        parts = {sort_key(part): part for value in sets for part in convert(value, set_of(type_)).elements}
        kept: set[object] = {sort_key(part) for part in convert(sets[0], set_of(type_)).elements}
        for value in sets[1:]:
            kept = operation(kept, {sort_key(part) for part in convert(value, set_of(type_)).elements})
        return set_value([part for key, part in parts.items() if key in kept], type_)

    return run


def _union(*sets: Value) -> Value:
    if any(value.is_unknown for value in sets):
        from auditor.formats.terraform.functions.collections import members_of

        parts = [part for value in sets for part in members_of(value)]
        type_ = common_type(parts) or ANY
        raise Undecided(next(v for v in sets if v.is_unknown), tuple(convert(part, type_) for part in parts))
    return _combined(lambda left, right: left | right)(*sets)


def _product(*sets: Value) -> Value:
    for value in sets:
        if value.kind not in SEQUENCES:
            raise Refused(f"sets or lists are needed, not a {value.kind}", value.place)
    size = 1
    for value in sets:
        size *= len(value.elements)
    if size > MAX_PRODUCT:
        raise Exhausted(f"a product of {size} elements is not evaluated")
    columns = []
    for value in sets:
        type_ = common_type(value.elements) if value.kind is Kind.TUPLE else value.type.element or ANY
        if type_ is None:
            raise Refused("the elements of one argument must have one type", value.place)
        columns.append(([convert(part, type_) for part in value.elements], type_))
    element = tuple_of(tuple(type_ for _, type_ in columns))
    parts = [tuple_value(row) for row in product(*(column for column, _ in columns))]
    if all(value.kind is not Kind.SET for value in sets):
        return list_value(parts, element)
    if not all(part.wholly_known for part in parts):
        raise Undecided(next(part for part in parts if not part.wholly_known), tuple(parts))
    return set_value(parts, element)


FUNCTIONS: Mapping[str, Function] = {
    "setunion": Function(_union, (Parameter(set_of(ANY), unknown=True),), set_of(ANY), Parameter(set_of(ANY), unknown=True)),
    "setintersection": Function(_combined(lambda left, right: left & right), (SET,), set_of(ANY), SET),
    "setsubtract": Function(_combined(lambda left, right: left - right), (SET, SET), set_of(ANY)),
    "setproduct": Function(_product, (), ANY, PARTLY, 2),
}
