"""Terraform's conversions between types, the one type for several (unification), and equality.

A converted value keeps its place and its way. Unknown values convert to unknown values of the wanted type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from auditor.formats.terraform.errors import Refused
from auditor.formats.terraform.numbers import converted_number, number_text
from auditor.formats.terraform.types import (
    ANY,
    BOOL,
    MAPPINGS,
    NUMBER,
    PRIMITIVES,
    SEQUENCES,
    STRING,
    Kind,
    Type,
    list_of,
    map_of,
    object_of,
    tuple_of,
)
from auditor.formats.terraform.values import (
    Cause,
    Hidden,
    Value,
    list_value,
    map_value,
    null,
    number_of,
    object_value,
    set_value,
    sort_key,
    tuple_value,
)
from auditor.model.record import replace

TRUTHS = {"true": True, "1": True, "false": False, "0": False}


def convert(value: Value, wanted: Type) -> Value:
    """`value` as `wanted`. Raises `Refused` where Terraform has no such conversion."""
    if wanted.kind is Kind.ANY or value.declared is wanted:
        return value
    if value.is_null or value.is_unknown:
        return _convert_empty(value, wanted)
    if wanted.kind in PRIMITIVES:
        return _convert_primitive(value, wanted)
    if not value.raw and not convertible(value.type, wanted):
        raise _mismatch(value, wanted)
    if wanted.kind in (Kind.LIST, Kind.SET) and value.kind in SEQUENCES:
        return _convert_sequence(value, wanted)
    if wanted.kind is Kind.MAP and value.kind in MAPPINGS:
        return _convert_map(value, wanted)
    if wanted.kind is Kind.OBJECT and value.kind in MAPPINGS:
        return _convert_object(value, wanted)
    if wanted.kind is Kind.TUPLE and value.kind is Kind.TUPLE and len(value.elements) == len(wanted.elements):
        parts = [convert(part, type_) for part, type_ in zip(value.elements, wanted.elements, strict=True)]
        return _like(value, tuple_value(parts))
    raise _mismatch(value, wanted)


def _mismatch(value: Value, wanted: Type) -> Refused:
    return Refused(f"{wanted.kind if wanted.kind in PRIMITIVES else wanted} required, but this is {value.kind}", value.place)


def _like(origin: Value, result: Value) -> Value:
    return Value(result.raw, result.declared, origin.place, None, result.weight)


def _convert_empty(value: Value, wanted: Type) -> Value:
    if not convertible(value.type, wanted):
        raise _mismatch(value, wanted)
    target = _settled(value.type, bare(wanted))
    if isinstance(value.raw, Hidden) and (value.raw.choices or value.raw.members):
        hidden = replace(value.raw, choices=_convert_all(value.raw.choices, wanted), members=_convert_members(value.raw.members, wanted))
        return value.retyped(hidden, target)
    return value.retyped(value.raw, target)


def _settled(source: Type, wanted: Type) -> Type:
    """`wanted` with `any` in it settled by what a value of type `source` has there."""
    if wanted.kind is Kind.ANY:
        return source
    if wanted.element is None or not _has_any(wanted.element):
        return wanted
    element = unify(list(_parts(source))) if source.kind is not Kind.ANY else None
    return Type(wanted.kind, _settled(element, wanted.element)) if element is not None else wanted


def _convert_all(parts: tuple[Value, ...], wanted: Type) -> tuple[Value, ...]:
    try:
        return tuple(convert(part, wanted) for part in parts)
    except Refused:
        return ()


def _convert_members(parts: tuple[Value, ...], wanted: Type) -> tuple[Value, ...]:
    return _convert_all(parts, wanted.element) if wanted.element is not None else ()


def _convert_primitive(value: Value, wanted: Type) -> Value:
    raw = value.raw
    if wanted is STRING or wanted.kind is Kind.STRING:
        if value.kind is Kind.NUMBER:
            return value.retyped(number_text(number_of(value)), STRING)
        if isinstance(raw, bool):
            return value.retyped("true" if raw else "false", STRING)
    elif wanted.kind is Kind.NUMBER and isinstance(raw, str):
        amount = converted_number(raw)
        if amount is not None:
            return value.retyped(amount, NUMBER)
    elif wanted.kind is Kind.BOOL and isinstance(raw, str) and raw in TRUTHS:
        return value.retyped(TRUTHS[raw], BOOL)
    if value.declared == wanted:
        return value
    if wanted.kind in (Kind.NUMBER, Kind.BOOL) and isinstance(raw, str):
        raise Refused(f"a {wanted.kind} is required", value.place)
    raise _mismatch(value, wanted)


def _convert_sequence(value: Value, wanted: Type) -> Value:
    assert wanted.element is not None
    parts = [convert(part, wanted.element) for part in value.elements]
    element = bare(wanted.element)
    if _has_any(element):
        element, parts = _one_type(parts, element, value.type)
    if wanted.kind is Kind.LIST:
        return _like(value, list_value(parts, element))
    if all(part.wholly_known for part in parts):
        return _like(value, set_value(parts, element))
    return _like(value, unsettled_set(parts, element))


def unsettled_set(parts: Sequence[Value], element: Type) -> Value:
    """A set that cannot be settled because elements are not known: these are in it, some may be equal."""
    first = next(hidden for part in parts if (hidden := first_hidden(part)))
    hidden = Hidden(first.reason, first.cause, None, first.place, members=tuple(parts), not_null=True, because=first.origin)
    return Value(hidden, Type(Kind.SET, element))


def _convert_map(value: Value, wanted: Type) -> Value:
    assert wanted.element is not None
    items = value.items
    parts = [convert(part, wanted.element) for part in items.values()]
    element = bare(wanted.element)
    if _has_any(element):
        typed = [part for part in parts if not (part.is_null and part.kind is Kind.ANY)]
        element, _ = _one_type(typed if len({part.type for part in typed}) == 1 else parts, element, value.type)
        parts = [convert(part, element) for part in parts]
    return _like(value, map_value(dict(zip(items, parts, strict=True)), element))


def _one_type(parts: list[Value], wanted: Type, source: Type) -> tuple[Type, list[Value]]:
    """The one type for elements of a collection of `any`; if there are none, that of the collection of type `source` they were in."""
    if not parts:
        return _settled(source.element, wanted) if source.element is not None else wanted, parts
    element = common_type(parts)
    if element is None or (element.kind is Kind.ANY and any(part.kind is not Kind.ANY for part in parts)):
        raise Refused("all elements of a collection must have one type", parts[0].place)
    converted = [convert(part, element) for part in parts]
    if _has_any(element) and len({part.type for part in converted if part.wholly_known}) > 1:
        raise Refused("all elements of a collection must have one type", parts[0].place)
    return element, converted


def _convert_object(value: Value, wanted: Type) -> Value:
    items = value.items
    optional = dict(wanted.optional)
    attributes: dict[str, Value] = {}
    for name, type_ in wanted.attributes:
        part = items.get(name)
        if part is None or (part.is_null and optional.get(name) is not None):
            if name not in optional:
                raise Refused(f'attribute "{name}" is required', value.place)
            default = optional[name]
            attributes[name] = default if default is not None else null(bare(type_))
        else:
            try:
                attributes[name] = convert(part, type_)
            except Refused as error:
                raise Refused(f'attribute "{name}": {error.message}', error.place or part.place) from None
    return _like(value, object_value(attributes))


def bare(wanted: Type) -> Type:
    """A type constraint as the type of values: nothing is optional there."""
    if wanted.kind in PRIMITIVES or wanted.kind is Kind.ANY:
        return wanted
    if wanted.element is not None:
        return Type(wanted.kind, bare(wanted.element))
    if wanted.kind is Kind.TUPLE:
        return tuple_of(tuple(map(bare, wanted.elements)))
    return Type(Kind.OBJECT, attributes=tuple((name, bare(type_)) for name, type_ in wanted.attributes))


def _has_any(type_: Type) -> bool:
    if type_.kind is Kind.ANY:
        return True
    if type_.element is not None:
        return _has_any(type_.element)
    return any(map(_has_any, type_.elements)) or any(_has_any(part) for _, part in type_.attributes)


def convertible(source: Type, target: Type, *, safely: bool = False) -> bool:
    """Whether there is a conversion at all; `safely`: one that cannot fail for any value."""
    if source == target or target.kind is Kind.ANY or source.kind is Kind.ANY:
        return True
    if target.kind in PRIMITIVES:
        if source.kind not in PRIMITIVES:
            return False
        return target.kind is Kind.STRING or (not safely and source.kind is Kind.STRING)
    if target.kind in (Kind.LIST, Kind.SET) and source.kind in SEQUENCES:
        assert target.element is not None
        return all(convertible(part, target.element, safely=safely) for part in _parts(source))
    if target.kind is Kind.MAP and source.kind in MAPPINGS:
        assert target.element is not None
        return all(convertible(part, target.element, safely=safely) for part in _parts(source))
    if target.kind is Kind.TUPLE and source.kind is Kind.TUPLE and len(source.elements) == len(target.elements):
        return all(convertible(a, b, safely=safely) for a, b in zip(source.elements, target.elements, strict=True))
    if target.kind is Kind.OBJECT and source.kind is Kind.OBJECT:
        have, optional = dict(source.attributes), dict(target.optional)
        return all(convertible(have[name], type_, safely=safely) if name in have else name in optional for name, type_ in target.attributes)
    if target.kind is Kind.OBJECT and source.kind is Kind.MAP and not safely:
        assert source.element is not None
        return all(convertible(source.element, type_) for _, type_ in target.attributes)
    return False


def _parts(type_: Type) -> Iterable[Type]:
    if type_.element is not None:
        return (type_.element,)
    return type_.elements or tuple(part for _, part in type_.attributes)


def common_type(values: Iterable[Value]) -> Type | None:
    """The one type for several values; those of which not even the type is known have any."""
    return unify([value.type for value in values if not (value.is_unknown and value.kind is Kind.ANY)])


PREFERRED = (Kind.STRING, Kind.LIST, Kind.SET, Kind.MAP)
"""Which of several types the others are converted to, if all can be."""


def unify(types: Sequence[Type]) -> Type | None:
    """One type that all convert to, as Terraform finds it; None if there is none. `ANY`: each value keeps a type of its own."""
    distinct = list(dict.fromkeys(types))
    typed = [type_ for type_ in distinct if type_.kind is not Kind.ANY]
    if not typed:
        return ANY
    kinds = {type_.kind for type_ in typed}
    if len(typed) < len(distinct) and not kinds & PRIMITIVES and (len(kinds) <= 1 or kinds == {Kind.OBJECT, Kind.TUPLE}):
        return ANY
    if len(typed) == 1:
        return typed[0]
    if kinds == {Kind.TUPLE}:
        return _unify_tuples(typed)
    if kinds == {Kind.OBJECT}:
        return _unify_objects(typed)
    found: Type | None = None
    if kinds == {Kind.TUPLE, Kind.LIST}:
        found = _collection(list_of, [part for type_ in typed for part in _parts(type_)])
    elif kinds == {Kind.OBJECT, Kind.MAP}:
        found = _collection(map_of, [part for type_ in typed for part in _parts(type_)])
    elif len(kinds) == 1 and typed[0].element is not None:
        return _collection(lambda element: Type(typed[0].kind, element), [part for type_ in typed for part in _parts(type_)])
    if found is not None and found.element == ANY and any(part.kind is not Kind.ANY for type_ in typed for part in _parts(type_)):
        found = None
    return found or _preferred(typed) or (ANY if len(typed) < len(distinct) else None)


def _preferred(types: Sequence[Type]) -> Type | None:
    """The first type that all others can be converted to, lists before sets before tuples, texts before what reads as text."""
    ordered = sorted(types, key=lambda type_: PREFERRED.index(type_.kind) if type_.kind in PREFERRED else len(PREFERRED))
    return next((wanted for wanted in ordered if all(convertible(type_, wanted) for type_ in types)), None)


def _collection(make: Callable[[Type], Type], parts: list[Type]) -> Type | None:
    element = unify(parts)
    return make(element) if element is not None else None


def _collection_of_all(make: Callable[[Type], Type], types: list[Type]) -> Type | None:
    """The collection that tuples or objects become; where each would be one of a type of its own, each has to have one."""
    found = _collection(make, [part for type_ in types for part in _parts(type_)])
    if found is None or found.element != ANY:
        return found
    return found if all(_has_one_type(list(_parts(type_))) for type_ in types) else None


def _has_one_type(parts: list[Type]) -> bool:
    found = unify(parts)
    return found is not None and (found != ANY or all(part == ANY for part in parts))


def _unify_tuples(types: list[Type]) -> Type | None:
    if len({len(type_.elements) for type_ in types}) > 1:
        return _collection_of_all(list_of, types)
    elements = [unify(column) for column in zip(*(type_.elements for type_ in types), strict=True)]
    known = [element for element in elements if element is not None]
    return tuple_of(tuple(known)) if len(known) == len(elements) else None


def _unify_objects(types: list[Type]) -> Type | None:
    names = {name for name, _ in types[0].attributes}
    if any({name for name, _ in type_.attributes} != names for type_ in types):
        return _collection_of_all(map_of, types)
    found = {name: unify([dict(type_.attributes)[name] for type_ in types]) for name in names}
    known = {name: type_ for name, type_ in found.items() if type_ is not None}
    return object_of(tuple(known.items())) if len(known) == len(found) else None


def first_hidden(value: Value) -> Hidden | None:
    """The first unknown part of a value, itself included."""
    if isinstance(value.raw, Hidden):
        return value.raw
    parts: Iterable[Value] = ()
    if isinstance(value.raw, tuple):
        parts = value.raw
    elif isinstance(value.raw, dict):
        parts = value.raw.values()
    return next((hidden for part in parts if (hidden := first_hidden(part))), None)


def equal(left: Value, right: Value) -> bool | None:
    """Whether two values are equal in type and value; None if that is not known."""
    if left.is_unknown or right.is_unknown:
        return _equal_unknown(left, right)
    if left.is_null or right.is_null:
        return left.is_null and right.is_null
    if left.kind is not right.kind:
        return False
    if isinstance(left.raw, tuple) and isinstance(right.raw, tuple):
        if left.declared != right.declared or len(left.raw) != len(right.raw):
            return False
        if left.kind is Kind.SET:
            return [sort_key(part) for part in left.raw] == [sort_key(part) for part in right.raw]
        return _all_equal(zip(left.raw, right.raw, strict=True))
    if isinstance(left.raw, dict) and isinstance(right.raw, dict):
        if left.declared != right.declared or left.raw.keys() != right.raw.keys():
            return False
        return _all_equal((part, right.raw[key]) for key, part in left.raw.items())
    return left.raw == right.raw


def _all_equal(pairs: Iterable[tuple[Value, Value]]) -> bool | None:
    results = [equal(a, b) for a, b in pairs]
    if False in results:
        return False
    return None if None in results else True


def _equal_unknown(left: Value, right: Value) -> bool | None:
    for one, other in ((left, right), (right, left)):
        if one.is_null and other.is_unknown and other.hidden.not_null:
            return False
    if left.reference is not None and left.reference == right.reference:
        return True
    if _identity(left) and _identity(right):
        return False
    if left.is_null or right.is_null or _has_any(left.type) or _has_any(right.type):
        return None
    if left.type == right.type or (_perhaps_null(left) and _perhaps_null(right)):
        return None
    return False


def _perhaps_null(value: Value) -> bool:
    return isinstance(value.raw, Hidden) and not value.raw.not_null


def _identity(value: Value) -> bool:
    """Whether a value is the id of a resource of its own: those of different resources differ."""
    reference = value.reference
    return reference is not None and reference.endswith(".id") and "[?]" not in reference and value.hidden.cause is Cause.COMPUTED


def differs_in_type(left: Value, right: Value) -> bool:
    """Whether two known values differ in a type somewhere, whatever else they hold: then they can never be equal."""
    if not (left.is_known and right.is_known):
        return False
    if left.kind is not right.kind:
        return True
    if isinstance(left.raw, tuple) and isinstance(right.raw, tuple) and left.kind is Kind.TUPLE and len(left.raw) == len(right.raw):
        return any(differs_in_type(a, b) for a, b in zip(left.raw, right.raw, strict=True))
    return False
