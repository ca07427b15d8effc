"""How many of a block there are: `count`, `for_each`, and what `each` and `count` are in each of them.

What cannot be counted is never taken for one nor for none: it is one instance that is not certain, with `[?]` for a key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from auditor.formats.terraform.bodies import Attribute, Body
from auditor.formats.terraform.conversion import convert
from auditor.formats.terraform.errors import Refused
from auditor.formats.terraform.loops import pairs_of
from auditor.formats.terraform.places import Place
from auditor.formats.terraform.types import ANY, NUMBER, STRING, Kind
from auditor.formats.terraform.values import Cause, Hidden, Value, number, object_value, tuple_value
from auditor.model.record import dataclass, replace
from auditor.model.source import Unknown

MAX_INSTANCES = 10_000
MAX_CHOICES = 8


class Repetition:
    NONE = "none"
    COUNT = "count"
    FOR_EACH = "for_each"


@dataclass(frozen=True, slots=True)
class Instance:
    """One of a block's instances. `suffix` is its key as it stands in addresses; `names` are what `each` and `count` are in it."""

    key: int | str | None
    suffix: str
    names: dict[str, Value]
    doubt: Unknown | None = None


@dataclass(frozen=True, slots=True)
class Expansion:
    """All instances of a block. `hidden` says why they cannot be counted; `value` is that of the count or for_each."""

    repetition: str
    instances: tuple[Instance, ...]
    hidden: Hidden | None = None
    value: Value | None = None


Evaluator = Callable[[Attribute], Value]


def expand(body: Body, value_of: Evaluator) -> Expansion:
    """The instances of a block with that body. `value_of` evaluates an argument and never raises."""
    count, for_each = body.attribute("count"), body.attribute("for_each")
    if count is not None:
        value = value_of(count)
        return replace(_counted(value, count.place), value=value)
    if for_each is not None:
        value = value_of(for_each)
        return replace(_each(value, for_each.place), value=value)
    return Expansion(Repetition.NONE, (Instance(None, "", {}),))


def _counted(value: Value, place: Place) -> Expansion:
    wanted = _whole(value)
    if isinstance(wanted, int):
        return Expansion(Repetition.COUNT, tuple(_number(index) for index in range(wanted)))
    hidden = wanted
    numbers = [amount for choice in hidden.choices if isinstance(amount := _whole(choice), int)]
    doubt = _doubt(hidden, value)
    if numbers and len(numbers) == len(hidden.choices):
        sure = tuple(_number(index) for index in range(min(numbers)))
        return Expansion(Repetition.COUNT, sure + tuple(_number(index, doubt) for index in range(min(numbers), max(numbers))), hidden)
    index = Value(
        Hidden(f"count is not known: {hidden.reason}", Cause.INSTANCE, None, place, not_null=True, because=hidden.origin), NUMBER, place
    )
    return Expansion(Repetition.COUNT, (Instance(None, "[?]", {"count": object_value({"index": index})}, doubt),), hidden)


def _whole(value: Value) -> int | Hidden:
    """A count, or why it is none that can be used."""
    if isinstance(value.raw, Hidden):
        return value.raw
    try:
        amount = convert(value, NUMBER).raw
    except Refused:
        amount = None
    if isinstance(amount, int) and not isinstance(amount, bool) and 0 <= amount <= MAX_INSTANCES:
        return amount
    if isinstance(amount, int) and amount > MAX_INSTANCES:
        return Hidden("count is too large", Cause.LIMIT, None, value.place)
    return Hidden("count is not a whole number from 0", Cause.ERROR, None, value.place)


def _number(index: int, doubt: Unknown | None = None) -> Instance:
    return Instance(index, f"[{index}]", {"count": object_value({"index": number(index)})}, doubt)


def _doubt(hidden: Hidden, value: Value) -> Unknown:
    return Unknown(hidden.reason, hidden.place.span if hidden.place else value.span, hidden.origin)


def key_text(key: str) -> str:
    """A for_each key as it stands in an address."""
    return '["' + key.replace("\\", "\\\\").replace('"', '\\"') + '"]'


def _each(value: Value, place: Place) -> Expansion:
    if not value.is_unknown:
        problem = _unfit(value)
        if problem is None:
            return Expansion(Repetition.FOR_EACH, tuple(_keyed(key, part) for key, part in pairs_of(value, place)))
        value = Value(Hidden(problem, Cause.ERROR, None, value.place or place), ANY, place)
    hidden = value.hidden
    doubt = _doubt(hidden, value)
    if hidden.members:
        found = [_keyed(part, part, why) for member in hidden.members for part, why in _single(member)]
        return Expansion(Repetition.FOR_EACH, tuple(found), hidden)
    choices = [choice for choice in hidden.choices if choice.is_known and _unfit(choice) is None]
    if hidden.choices and len(choices) == len(hidden.choices):
        found = [_keyed(key, part, doubt) for choice in choices for key, part in pairs_of(choice, place)]
        return Expansion(Repetition.FOR_EACH, tuple(found), hidden)
    return Expansion(Repetition.FOR_EACH, (_open_instance("each", value, place, doubt),), hidden)


def _unfit(value: Value) -> str | None:
    """Why Terraform would not take a value as for_each."""
    if value.is_null:
        return "for_each must not be null"
    if value.kind not in (Kind.MAP, Kind.OBJECT, Kind.SET):
        return f"for_each takes a map or a set of text, not a {value.kind}"
    if value.kind is Kind.SET and any(part.is_null or (part.is_known and part.kind is not Kind.STRING) for part in value.elements):
        return "for_each takes sets of text only"
    return "for_each has too many elements" if value.weight > 1 + MAX_INSTANCES * 1000 or len(_keys(value)) > MAX_INSTANCES else None


def _keys(value: Value) -> Sequence[object]:
    return tuple(value.raw) if isinstance(value.raw, dict | tuple) else ()


def _keyed(key: Value, part: Value, doubt: Unknown | None = None) -> Instance:
    names = {"each": object_value({"key": key, "value": part})}
    if isinstance(key.raw, str):
        return Instance(key.raw, key_text(key.raw), names, doubt)
    return Instance(None, f"[{key.reference or '?'}]", names, doubt)


def _single(member: Value) -> list[tuple[Value, Unknown | None]]:
    """A member of a list; of one that stands for any number of them what each may be, and why none is certain."""
    if not (isinstance(member.raw, Hidden) and member.raw.many):
        return [(member, None)]
    doubt = _doubt(member.raw, member)
    return [(choice, doubt) for choice in member.raw.choices] or [(member, doubt)]


def _open_instance(name: str, value: Value, place: Place, doubt: Unknown) -> Instance:
    """The shape of instances nobody can count."""
    hidden = value.hidden
    made = Hidden(f"the keys are not known: {hidden.reason}", Cause.INSTANCE, None, hidden.place or place, because=hidden.origin)
    key = Value(replace(made, not_null=True), STRING, place)
    held = Value(replace(made, reason=f"the elements are not known: {hidden.reason}"), value.type.element or ANY, place)
    return Instance(None, "[?]", {name: object_value({"key": key, "value": held})}, doubt)


def unroll(value: Value, iterator: str, place: Place) -> Iterator[Instance]:
    """The blocks that a `dynamic` with this `for_each` makes. Lists will do here; null and text will not."""
    if not value.is_unknown:
        if value.is_null or not isinstance(value.raw, tuple | dict):
            what = "null" if value.is_null else f"a {value.kind}"
            value = Value(Hidden(f"for_each of a dynamic block must be a collection, not {what}", Cause.ERROR, None, place), ANY, place)
        else:
            for key, part in pairs_of(value, place):
                yield Instance(None, "", {iterator: object_value({"key": key, "value": part})})
            return
    hidden = value.hidden
    doubt = _doubt(hidden, value)
    if hidden.members:
        for member in hidden.members:
            for part, why in _single(member):
                yield Instance(None, "", {iterator: object_value({"key": part, "value": part})}, why)
        return
    choices = [choice for choice in hidden.choices if choice.is_known and isinstance(choice.raw, tuple | dict)]
    if hidden.choices and len(choices) == len(hidden.choices):
        for choice in choices:
            for key, part in pairs_of(choice, place):
                yield Instance(None, "", {iterator: object_value({"key": key, "value": part})}, doubt)
        return
    yield _open_instance(iterator, value, place, doubt)


def combined(expansion: Expansion, objects: Sequence[Value], base: str, cause: Cause) -> Value:
    """The instances of a block as one value, as expressions see them."""
    if expansion.repetition == Repetition.NONE:
        return objects[0]
    certain = [item for item, instance in zip(objects, expansion.instances, strict=True) if instance.doubt is None]
    if len(certain) == len(objects) and all(instance.key is not None for instance in expansion.instances):
        return _collected(expansion, objects)
    hidden = expansion.hidden
    reason, cause = (hidden.reason, hidden.cause) if hidden else ("its instances are not known", cause)
    choices: tuple[Value, ...] = ()
    members: tuple[Value, ...] = ()
    if (
        expansion.repetition == Repetition.COUNT
        and len(objects) <= MAX_CHOICES
        and all(each.key is not None for each in expansion.instances)
    ):
        choices = tuple(tuple_value(objects[:length]) for length in range(len(certain), len(objects) + 1))
    elif len(certain) == len(objects):
        members = tuple(objects)
    return Value(Hidden(reason, cause, base, hidden.place if hidden else None, choices, members, not_null=True), ANY)


def _collected(expansion: Expansion, objects: Sequence[Value]) -> Value:
    if expansion.repetition == Repetition.COUNT:
        return tuple_value(objects)
    return object_value({str(instance.key): item for instance, item in zip(expansion.instances, objects, strict=True)})
