"""Steps into values: attributes, elements, splats. A step into an unknown value is the unknown one step further."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from auditor.formats.terraform.conversion import common_type, convert
from auditor.formats.terraform.errors import Refused
from auditor.formats.terraform.places import Place
from auditor.formats.terraform.syntax import Access, GetAttribute, GetIndex, Splat
from auditor.formats.terraform.types import ANY, NUMBER, PRIMITIVES, SEQUENCES, STRING, Kind, Type
from auditor.formats.terraform.values import Cause, Hidden, Value, list_value, tuple_value
from auditor.model.record import replace

if TYPE_CHECKING:
    from auditor.formats.terraform.scope import Evaluate, Scope

MAX_CHOICES = 16


def follow(value: Value, path: Sequence[Access], scope: Scope, evaluate: Evaluate) -> Value:
    """`value` after the steps of `path`."""
    for step in path:
        if isinstance(step, GetAttribute):
            value = attribute(value, step.name, step)
        elif isinstance(step, GetIndex):
            value = element(value, evaluate(step.key, scope), step)
        else:
            value = _splat(value, step, scope, evaluate)
    return value


def attribute(value: Value, name: str, place: Place | None = None) -> Value:
    """`value.name`."""
    if isinstance(value.raw, dict):
        found = value.raw.get(name)
        if found is None:
            raise Refused(f'there is no attribute or key "{name}" here', place)
        return found.through(value.trail_)
    if value.is_null:
        raise Refused(f'a null value has no attribute "{name}"', place)
    if isinstance(value.raw, Hidden):
        if value.raw.attributes is not None:
            return value.raw.attributes(name).through(value.trail_)
        return _hidden_part(value, f".{name}", _attribute_type(value, name, place), [(name, choice) for choice in value.raw.choices], place)
    raise Refused(f'a {value.kind} has no attribute "{name}"', place)


def _attribute_type(value: Value, name: str, place: Place | None) -> Type:
    type_ = value.type
    if type_.kind is Kind.ANY:
        return ANY
    if type_.kind is Kind.MAP and type_.element is not None:
        return type_.element
    found = dict(type_.attributes).get(name)
    if found is None:
        raise Refused(f'a {type_.kind} has no attribute "{name}"' if type_.kind is not Kind.OBJECT else f'no attribute "{name}"', place)
    return found


def _hidden_part(value: Value, suffix: str, type_: Type, choices: Sequence[tuple[str | int, Value]], place: Place | None) -> Value:
    """A part of an unknown value; of one with choices, that part of each."""
    hidden = value.hidden
    parts: list[Value] = []
    for key, choice in choices[:MAX_CHOICES]:
        try:
            parts.append(attribute(choice, key, place) if isinstance(key, str) else _at(choice, key, place))
        except Refused:
            continue
    reference = f"{hidden.reference}{suffix}" if hidden.reference is not None else None
    known = tuple(parts) if len(parts) == len(choices) else ()
    part = Hidden(hidden.reason, hidden.cause, reference, hidden.place, choices=known, many=hidden.many, because=hidden.origin)
    return Value(part, type_, value.place, value.trail_)


def element(value: Value, key: Value, place: Place | None = None) -> Value:
    """`value[key]`."""
    if value.is_null:
        raise Refused("a null value has no elements", place)
    if key.is_null:
        raise Refused("an index must not be null", place)
    kind = value.kind
    if kind is Kind.SET:
        raise Refused("elements of a set have no index", place)
    if kind in PRIMITIVES:
        raise Refused(f"a {kind} has no elements", place)
    if kind in (Kind.LIST, Kind.TUPLE):
        key = convert(key, NUMBER)
    elif kind in (Kind.MAP, Kind.OBJECT):
        key = convert(key, STRING)
    if key.is_unknown:
        return _unknown_key(value, key)
    if isinstance(value.raw, Hidden):
        return _hidden_element(value, key, place)
    if isinstance(value.raw, dict):
        return attribute(value, str(key.raw), place)
    return _at(value, key.raw if isinstance(key.raw, int) else -1, place)


def _at(value: Value, index: int, place: Place | None) -> Value:
    if not isinstance(value.raw, tuple):
        if value.is_unknown:
            return _hidden_element(value, Value(index, NUMBER), place)
        raise Refused(f"a {value.kind} has no element {index}", place)
    if not 0 <= index < len(value.raw):
        raise Refused(f"there is no element {index} in a {value.kind} of {len(value.raw)}", place)
    return value.raw[index].through(value.trail_)


def _hidden_element(value: Value, key: Value, place: Place | None) -> Value:
    hidden = value.hidden
    if hidden.attributes is not None and hidden.cause is not Cause.MODULE:
        raise Refused("this has neither count nor for_each, so no instances to choose from", place)
    type_ = value.type
    if isinstance(key.raw, str):
        suffix = '["' + key.raw.replace("\\", "\\\\").replace('"', '\\"') + '"]'
        part: str | int = key.raw
        wanted = dict(type_.attributes).get(key.raw, ANY) if type_.kind is Kind.OBJECT else type_.element or ANY
    else:
        index = key.raw if isinstance(key.raw, int) else -1
        if index < 0:
            raise Refused("an index must be a whole number from 0", place)
        suffix, part = f"[{index}]", index
        wanted = type_.elements[index] if index < len(type_.elements) else type_.element or ANY
    return _hidden_part(value, suffix, wanted, [(part, choice) for choice in hidden.choices], place)


def _unknown_key(value: Value, key: Value) -> Value:
    """An element nobody knows which: one of those there are."""
    parts = value.elements or tuple(value.items.values())
    element_type = value.type.element or common_type(parts) or ANY if value.raw is not None else ANY
    name = f"[{key.reference}]" if key.reference is not None else None
    base = value.reference
    reference = base + name if base is not None and name is not None else None
    choices = parts if len(parts) <= MAX_CHOICES else ()
    hidden = Hidden(key.hidden.reason, key.hidden.cause, reference, key.hidden.place, choices=choices, because=key.hidden.origin)
    return Value(hidden, element_type, value.place, key.trail_)


def _splat(value: Value, step: Splat, scope: Scope, evaluate: Evaluate) -> Value:
    """`value[*]` and what is applied to each element."""
    kind = value.kind
    if value.is_null:
        if kind in (Kind.LIST, Kind.SET):
            raise Refused("a splat cannot be applied to a null list", step)
        return tuple_value((), step)
    if isinstance(value.raw, Hidden) and _may_be_many(value):
        return _hidden_splat(value, step)
    if kind not in SEQUENCES:
        if isinstance(value.raw, Hidden) and not value.raw.not_null:
            return _one_or_none(value, value.raw, step, scope, evaluate)
        return tuple_value((follow(value, step.each, scope, evaluate),), value.place)
    results = [follow(part, step.each, scope, evaluate) for part in value.elements]
    if kind is Kind.TUPLE:
        return tuple_value(results, value.place)
    declared = value.type.element or ANY
    if not results:
        probe = Value(Hidden("an element there is none of", Cause.INSTANCE), declared, step)
        declared = follow(probe, step.each, scope, evaluate).type
        return list_value((), declared, value.place)
    type_ = common_type(results)
    if type_ is None:
        return tuple_value(results, value.place)
    return list_value([convert(result, type_) for result in results], type_, value.place)


def _one_or_none(value: Value, hidden: Hidden, step: Splat, scope: Scope, evaluate: Evaluate) -> Value:
    """A splat over what is no list, and may be null."""
    choices = [tuple_value((), step)]
    try:
        choices.append(tuple_value((follow(value, step.each, scope, evaluate),), value.place))
    except Refused as error:
        if error.static:
            raise
    either = Hidden(hidden.reason, hidden.cause, None, hidden.place, choices=tuple(choices), not_null=True, because=hidden.origin)
    return Value(either, ANY, value.place, value.trail_)


def _may_be_many(value: Value) -> bool:
    hidden = value.hidden
    if value.kind in SEQUENCES:
        return True
    return value.kind is Kind.ANY and (hidden.attributes is None or not hidden.not_null)


def _hidden_splat(value: Value, step: Splat) -> Value:
    reference = value.reference
    if reference is not None:
        reference += "[*]" + "".join(f".{part.name}" if isinstance(part, GetAttribute) else "[…]" for part in step.each)
        if any(not isinstance(part, GetAttribute) for part in step.each):
            reference = None
    hidden = replace(value.hidden, reference=reference, choices=(), attributes=None, members=_member_parts(value, step))
    return Value(hidden, ANY, value.place, value.trail_)


def _member_parts(value: Value, step: Splat) -> tuple[Value, ...]:
    members = list(value.hidden.members)
    for part in step.each:
        if not isinstance(part, GetAttribute):
            return ()
        members = [repeated(attribute(member, part.name, part), member) for member in members]
    return tuple(members)


def repeated(value: Value, member: Value) -> Value:
    """What was made of a member of a list: if that stands for any number of members, so does this."""
    if not (isinstance(member.raw, Hidden) and member.raw.many) or (isinstance(value.raw, Hidden) and value.raw.many):
        return value
    hidden = member.raw
    reference = value.raw.reference if isinstance(value.raw, Hidden) else None
    raw = Hidden(hidden.reason, hidden.cause, reference, hidden.place, choices=(value,), many=True, because=hidden.origin)
    return Value(raw, ANY, value.place, value.trail_)
