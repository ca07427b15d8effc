"""Functions on lists, maps and objects. They pass elements on as they are, with their places, whether they are known or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from auditor.formats.terraform.access import attribute as attribute_of
from auditor.formats.terraform.access import element as element_of
from auditor.formats.terraform.conversion import common_type, convert, differs_in_type, equal, unify
from auditor.formats.terraform.errors import Refused, Undecided
from auditor.formats.terraform.functions.signature import PARTLY, TEXT, Context, Function, Parameter
from auditor.formats.terraform.types import ANY, BOOL, MAPPINGS, NUMBER, SEQUENCES, STRING, Kind, Type, list_of, map_of
from auditor.formats.terraform.values import (
    Cause,
    Hidden,
    Value,
    boolean,
    list_value,
    map_value,
    null,
    number,
    number_of,
    object_value,
    sort_key,
    string,
    tuple_value,
)
from auditor.model.source import Level

STRINGS = list_of(STRING)
MAX_ELEMENTS = 100_000


def surely_text(value: Value) -> bool:
    """Whether an unknown value is surely neither null nor empty: the id of something."""
    return (
        value.is_unknown and value.hidden.not_null and value.hidden.cause in (Cause.COMPUTED, Cause.DATA) and bool(value.hidden.reference)
    )


def first_unknown(values: Sequence[Value]) -> Value:
    return next(value for value in values if not value.wholly_known)


def further(value: Value) -> Value:
    """The elements of an unknown list, standing for any number of them."""
    hidden = value.hidden
    reference = f"{hidden.reference}[*]" if hidden.reference else None
    raw = Hidden(hidden.reason, hidden.cause, reference, hidden.place, choices=hidden.choices, many=True, because=hidden.origin)
    return Value(raw, value.type.element or ANY, value.place, value.trail_)


def members_of(value: Value) -> tuple[Value, ...]:
    """The elements of a list, those of an unknown one as far as they are known."""
    if value.is_unknown:
        return value.hidden.members or (further(value),)
    return value.elements


def _length(context: Context, value: Value) -> Value:
    kind = value.kind
    if isinstance(value.raw, Hidden):
        if value.raw.attributes is not None and value.raw.cause in (Cause.COMPUTED, Cause.DATA):
            message = f"{value.raw.reference} has neither count nor for_each: this counts its attributes"
            context.scope.budget.remark("count-of-object", message, context.place, Level.ERROR)
        if value.raw.attributes is None and kind in (Kind.TUPLE, Kind.OBJECT):
            return number(len(value.type.elements) or len(value.type.attributes))
        raise Undecided(value)
    if kind is Kind.STRING:
        from auditor.formats.terraform.functions.strings import characters

        return number(len(characters(str(value.raw))))
    if kind in SEQUENCES | MAPPINGS and isinstance(value.raw, tuple | dict):
        return number(len(value.raw))
    raise Refused("a text or a collection is needed")


def _concat(*lists: Value) -> Value:
    for value in lists:
        if value.kind not in (Kind.LIST, Kind.TUPLE) and not (value.is_unknown and value.kind is Kind.ANY):
            raise Refused(f"lists and tuples are needed, not a {value.kind}", value.place)
    if any(value.is_unknown for value in lists):
        raise Undecided(next(v for v in lists if v.is_unknown), tuple(part for value in lists for part in members_of(value)))
    parts = [part for value in lists for part in value.elements]
    types = {value.declared for value in lists}
    if len(types) == 1 and lists[0].declared is not None and lists[0].type.element is not None:
        return list_value(parts, lists[0].type.element)
    if all(value.kind is Kind.LIST for value in lists):
        element = unify([value.type.element or ANY for value in lists])
        if element is not None:
            return list_value([convert(part, element) for part in parts], element)
    return tuple_value(parts)


def _merge(*maps: Value) -> Value:
    given = [value for value in maps if not value.is_null]
    for value in maps:
        if value.kind not in MAPPINGS and value.kind is not Kind.ANY:
            raise Refused(f"maps and objects are needed, not a {value.kind}", value.place)
    if any(value.is_unknown for value in given):
        raise Undecided(first_unknown(given))
    merged: dict[str, Value] = {}
    for value in given:
        merged.update(value.items)
    types = {value.declared for value in maps}
    if given and len(types) == 1 and given[0].declared is not None and given[0].type.element is not None:
        return map_value(merged, given[0].type.element)
    return object_value(merged)


def _lookup(mapping: Value, key: Value, *default: Value) -> Value:
    if len(default) > 1:
        raise Refused("two or three arguments are needed")
    if mapping.kind not in MAPPINGS:
        raise Refused(f"a map or object is needed, not a {mapping.kind}", mapping.place)
    found = mapping.items.get(str(key.raw))
    if not default:
        if found is None:
            raise Refused(f'there is no element "{key.raw}"')
        return found
    element = mapping.type.element
    other = convert(default[0], element) if element is not None else default[0]
    return other if found is None else found


def _element(sequence: Value, index: Value) -> Value:
    if sequence.kind not in (Kind.LIST, Kind.TUPLE):
        raise Refused(f"a list is needed, not a {sequence.kind}", sequence.place)
    position = number_of(index)
    if not isinstance(position, int):
        raise Refused("a whole number is needed", index.place)
    parts = sequence.elements
    if not parts:
        raise Refused("the list is empty", sequence.place)
    if position < 0 and sequence.kind is Kind.TUPLE:
        raise Refused("cannot use element with a negative index here", index.place)
    return parts[position % len(parts)] if position >= 0 else parts[-((-position - 1) % len(parts)) - 1]


def _coalesce(*values: Value) -> Value:
    type_ = common_type(values)
    if type_ is None:
        raise Refused("all arguments must have one type")
    for position, value in enumerate(values):
        if value.is_unknown and not surely_text(value):
            rest = [convert(other, type_) for other in values[position:]]
            raise _one_of(rest)
        converted = convert(value, type_)
        if not converted.is_null and converted.raw != "":
            return converted
    raise Refused("no argument has a value that is neither null nor empty")


def _one_of(candidates: list[Value]) -> Undecided:
    """Undecided between the first, which is unknown, and what may come if that is null."""
    first = candidates[0]
    choices = tuple(each for each in candidates if not each.is_null)
    raw = Hidden(first.hidden.reason, first.hidden.cause, None, first.hidden.place, choices=choices, because=first.hidden.origin)
    return Undecided(Value(raw, first.declared, first.place, first.trail_))


def _coalescelist(*lists: Value) -> Value:
    for value in lists:
        if value.kind not in (Kind.LIST, Kind.TUPLE) and not value.is_unknown:
            raise Refused("lists are needed", value.place)
    for value in lists:
        if value.is_unknown:
            raise Undecided(value)
        if value.elements:
            return value
    raise Refused("all lists are empty")


def _compact(values: Value) -> Value:
    kept = [part for part in values.elements if not part.is_null and part.raw != ""]
    doubtful = [part for part in kept if part.is_unknown and not surely_text(part)]
    if doubtful:
        raise Undecided(doubtful[0], tuple(kept))
    return list_value(kept, STRING)


def _distinct(values: Value) -> Value:
    parts = list(values.elements)
    if not all(part.wholly_known for part in parts):
        raise Undecided(first_unknown(parts), tuple(parts))
    kept = {sort_key(part): part for part in reversed(parts)}
    element = values.type.element or ANY
    return list_value([part for part in parts if kept[sort_key(part)] is part], element)


def _sort(values: Value) -> Value:
    parts = list(values.elements)
    if any(part.is_null for part in parts):
        raise Refused("a null cannot be sorted", values.place)
    if any(part.is_unknown for part in parts):
        raise Undecided(first_unknown(parts), tuple(parts))
    return list_value(sorted(parts, key=lambda part: str(part.raw)), STRING)


def _contains(context: Context, values: Value, wanted: Value) -> Value:
    if values.kind not in SEQUENCES:
        raise Refused(f"a list, tuple or set is needed, not a {values.kind}", values.place)
    results = [equal(part, wanted) for part in values.elements]
    if True in results:
        return boolean(True)
    if None in results:
        raise Undecided(wanted if not wanted.wholly_known else first_unknown(values.elements))
    _remark_on_types(context, values, wanted)
    return boolean(False)


def _remark_on_types(context: Context, values: Value, wanted: Value) -> None:
    parts = values.elements
    if parts and all(differs_in_type(part, wanted) for part in parts):
        message = f"no element can be equal: they are of other types than the {wanted.kind} that is searched for"
        context.scope.budget.remark("always-unequal", message, context.place)


def _index(context: Context, values: Value, wanted: Value) -> Value:
    if values.kind not in (Kind.LIST, Kind.TUPLE):
        raise Refused(f"a list or tuple is needed, not a {values.kind}", values.place)
    for position, part in enumerate(values.elements):
        verdict = equal(part, wanted)
        if verdict is None:
            raise Undecided(part if not part.wholly_known else wanted)
        if verdict:
            return number(position)
    _remark_on_types(context, values, wanted)
    raise Refused("the list does not have this element", wanted.place)


def _flatten(values: Value) -> Value:
    if values.kind not in SEQUENCES:
        raise Refused(f"a list is needed, not a {values.kind}", values.place)
    parts = list(_flat(values))
    unclear = [part for part in parts if part.is_unknown and (part.kind is Kind.ANY or part.kind in SEQUENCES)]
    unclear = [part for part in unclear if part.hidden.attributes is None and not surely_text(part)]
    if unclear:
        found = [member for part in parts for member in (members_of(part) if part in unclear else (part,))]
        raise Undecided(unclear[0], tuple(found))
    return tuple_value(parts)


def _flat(values: Value) -> Iterator[Value]:
    for part in values.elements:
        if part.kind in SEQUENCES and part.is_known:
            yield from _flat(part)
        else:
            yield part


def _unfolded(value: Value) -> Value:
    """An unknown object as one of unknown attributes, if its type says which."""
    if not value.is_unknown:
        return value
    if value.kind is not Kind.OBJECT:
        raise Undecided(value)
    return object_value({name: attribute_of(value, name) for name, _ in value.type.attributes}, value.place)


def _keys(mapping: Value) -> Value:
    mapping = _unfolded(mapping)
    if mapping.kind not in MAPPINGS:
        raise Refused(f"a map or object is needed, not a {mapping.kind}", mapping.place)
    parts = [string(key, value.place) for key, value in mapping.items.items()]
    return list_value(parts, STRING) if mapping.kind is Kind.MAP else tuple_value(parts)


def _values(mapping: Value) -> Value:
    mapping = _unfolded(mapping)
    if mapping.kind not in MAPPINGS:
        raise Refused(f"a map or object is needed, not a {mapping.kind}", mapping.place)
    parts = mapping.items.values()
    element = mapping.type.element
    return list_value(parts, element) if element is not None else tuple_value(parts)


def _one(values: Value) -> Value:
    if values.kind not in SEQUENCES:
        raise Refused(f"a list, set or tuple is needed, not a {values.kind}", values.place)
    parts = values.elements
    if len(parts) > 1:
        raise Refused("there is more than one element", values.place)
    return parts[0] if parts else null(values.type.element or ANY)


def _reverse(values: Value) -> Value:
    if values.kind not in SEQUENCES:
        raise Refused(f"a list is needed, not a {values.kind}", values.place)
    parts = reversed(values.elements)
    element = values.type.element
    return list_value(parts, element) if element is not None else tuple_value(parts)


def _slice(values: Value, start: Value, end: Value) -> Value:
    first, last = number_of(start), number_of(end)
    if not isinstance(first, int) or not isinstance(last, int) or first < 0 or first > last or last - first > MAX_ELEMENTS:
        raise Refused("the bounds must be whole numbers, the first not above the second")
    if values.is_unknown and values.kind in (Kind.LIST, Kind.ANY):
        # a list without so many elements would be refused
        return tuple_value(element_of(values, number(position)) for position in range(first, last))
    if values.kind not in (Kind.LIST, Kind.TUPLE) or values.is_unknown:
        raise Refused(f"a list is needed, not a {values.kind}", values.place)
    parts = values.elements
    if last > len(parts):
        raise Refused(f"the end {last} is behind the last of {len(parts)} elements", end.place)
    element = values.type.element if values.kind is Kind.LIST else None
    return list_value(parts[first:last], element) if element is not None else tuple_value(parts[first:last])


def _chunklist(values: Value, size: Value) -> Value:
    length = number_of(size)
    if not isinstance(length, int) or length < 0:
        raise Refused("the size must be a whole number from 0", size.place)
    element = values.type.element or ANY
    parts = values.elements
    if length == 0:
        return list_value([values] if parts else [], list_of(element))
    chunks = [list_value(parts[at : at + length], element) for at in range(0, len(parts), length)]
    return list_value(chunks, list_of(element))


def _matchkeys(values: Value, keys: Value, wanted: Value) -> Value:
    if len(values.elements) != len(keys.elements):
        raise Refused("values and keys must be of one length")
    type_ = unify([keys.type.element or ANY, wanted.type.element or ANY])
    if type_ is None:
        raise Refused("keys and the keys searched for must have one type")
    searched = {sort_key(convert(part, type_)) for part in wanted.elements}
    pairs = zip(values.elements, keys.elements, strict=True)
    return list_value([value for value, key in pairs if sort_key(convert(key, type_)) in searched], values.type.element or ANY)


def _transpose(mapping: Value) -> Value:
    found: dict[str, list[Value]] = {}
    for key, values in mapping.items.items():
        if values.is_null or any(part.is_null for part in values.elements):
            raise Refused("a null cannot become a key", values.place)
        for part in values.elements:
            found.setdefault(str(part.raw), []).append(string(key, part.place))
    return map_value({key: list_value(parts, STRING) for key, parts in found.items()}, STRINGS)


def _zipmap(keys: Value, values: Value) -> Value:
    if values.kind not in (Kind.LIST, Kind.TUPLE):
        raise Refused(f"a list is needed, not a {values.kind}", values.place)
    if any(part.is_unknown for part in keys.elements):
        raise Undecided(first_unknown(keys.elements))
    if any(part.is_null for part in keys.elements):
        raise Refused("a null cannot be a key", keys.place)
    if len(keys.elements) != len(values.elements):
        raise Refused(f"there are {len(keys.elements)} keys and {len(values.elements)} values")
    pairs = {str(key.raw): value for key, value in zip(keys.elements, values.elements, strict=True)}
    element = values.type.element
    return map_value(pairs, element) if element is not None else object_value(pairs)


def _alltrue(values: Value) -> Value:
    parts = values.elements
    if any(part.raw is False or part.is_null for part in parts):
        return boolean(False)
    if any(part.is_unknown for part in parts):
        raise Undecided(first_unknown(parts))
    return boolean(True)


def _anytrue(values: Value) -> Value:
    parts = values.elements
    if any(part.raw is True for part in parts):
        return boolean(True)
    if any(part.is_unknown for part in parts):
        raise Undecided(first_unknown(parts))
    return boolean(False)


def _parts_of(type_: Type) -> Parameter:
    return Parameter(type_, parts=True)


NULLABLE = Parameter(null=True, parts=True, unknown=True)
OPEN = Parameter(unknown=True)
INTEGER = Parameter(NUMBER)

FUNCTIONS: Mapping[str, Function] = {
    "length": Function(_length, (OPEN,), NUMBER, local=True),
    "concat": Function(_concat, (), ANY, OPEN, 1),
    "merge": Function(_merge, (), ANY, NULLABLE),
    "lookup": Function(_lookup, (PARTLY, TEXT), ANY, NULLABLE),
    "element": Function(_element, (PARTLY, INTEGER)),
    "coalesce": Function(_coalesce, (), ANY, NULLABLE, 1),
    "coalescelist": Function(_coalescelist, (), ANY, NULLABLE, 1),
    "compact": Function(_compact, (_parts_of(STRINGS),), STRINGS),
    "distinct": Function(_distinct, (_parts_of(list_of(ANY)),), list_of(ANY)),
    "sort": Function(_sort, (_parts_of(STRINGS),), STRINGS),
    "contains": Function(_contains, (PARTLY, OPEN), BOOL, local=True),
    "index": Function(_index, (PARTLY, PARTLY), NUMBER, local=True),
    "flatten": Function(_flatten, (PARTLY,)),
    "keys": Function(_keys, (OPEN,)),
    "values": Function(_values, (OPEN,)),
    "one": Function(_one, (PARTLY,)),
    "reverse": Function(_reverse, (PARTLY,)),
    "slice": Function(_slice, (OPEN, INTEGER, INTEGER)),
    "chunklist": Function(_chunklist, (_parts_of(list_of(ANY)), INTEGER), list_of(list_of(ANY))),
    "matchkeys": Function(_matchkeys, (Parameter(list_of(ANY)), Parameter(list_of(ANY)), Parameter(list_of(ANY))), list_of(ANY)),
    "transpose": Function(_transpose, (Parameter(map_of(STRINGS)),), map_of(STRINGS)),
    "zipmap": Function(_zipmap, (_parts_of(STRINGS), PARTLY)),
    "alltrue": Function(_alltrue, (_parts_of(list_of(BOOL)),), BOOL),
    "anytrue": Function(_anytrue, (_parts_of(list_of(BOOL)),), BOOL),
}
