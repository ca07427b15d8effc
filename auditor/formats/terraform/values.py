"""Terraform's values: known, null, or unknown with a reason; each knows where it is written and which way it took.

Values never change. `raw` of a known value is a str, an int, a `Fraction` (never with denominator 1), a float (infinities
only), a bool, a tuple of values (list, tuple, set: sets sorted and without repeats) or a dict of values (map, object: in order
of keys); of a null None; of an unknown a `Hidden`. What the configuration leaves open is never defaulted: ask `is_unknown` first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from auditor.formats.terraform.errors import Exhausted
from auditor.formats.terraform.places import Place, Step, Trail, join, steps
from auditor.formats.terraform.types import (
    ANY,
    BOOL,
    MAPPINGS,
    NUMBER,
    SEQUENCES,
    STRING,
    Kind,
    Type,
    list_of,
    map_of,
    object_of,
    set_of,
    tuple_of,
)
from auditor.model.record import dataclass, replace
from auditor.model.source import Span, Unknown

if TYPE_CHECKING:
    from fractions import Fraction
    from typing import TypeAlias

    Number: TypeAlias = int | Fraction | float
    Raw: TypeAlias = "str | bool | Number | tuple[Value, ...] | dict[str, Value] | Hidden | None"

MAX_WEIGHT = 250_000


GAP = "${…}"
"""What stands in a text for a part that is not known."""


class Cause(StrEnum):
    """Why a value is not known."""

    COMPUTED = "computed"  # an attribute that the provider fills in when the resource is created
    DATA = "data"  # what a data source returns
    VARIABLE = "variable"  # a variable without a value
    MODULE = "module"  # a module that is not installed
    INSTANCE = "instance"  # each or count of a block whose for_each or count is not known
    FUNCTION = "function"  # a function without a fixed result, or one that is not supported
    FILE = "file"  # a file that may not or cannot be read
    ERROR = "error"  # Terraform would refuse the expression
    LIMIT = "limit"  # evaluation was stopped


@dataclass(frozen=True, slots=True)
class Hidden:
    """What stands in an unknown value. `reference` is its symbol (see `Unknown`), `place` the text that introduced it.

    `choices` are the values it can have, where that is known (the sides of a conditional whose condition is not known).
    `members` are the elements of a list or set of which only the order, or which of them are equal, is not known.
    `attributes` resolves an attribute of a resource, data source or module as a whole; `not_null` is what Terraform may not know.
    `many`: a member that stands for any number of elements, none included. `text` is what is known of a text, with `${…}` in the gaps.
    `because` is the symbol of what it was made from, for a value that has none itself.
    """

    reason: str
    cause: Cause
    reference: str | None = None
    place: Place | None = None
    choices: tuple[Value, ...] = ()
    members: tuple[Value, ...] = ()
    attributes: Callable[[str], Value] | None = None
    not_null: bool = False
    many: bool = False
    text: str | None = None
    because: str | None = None

    @property
    def origin(self) -> str | None:
        """The symbol of what is not known, be it the value itself or what it was made from."""
        return self.reference or self.because


@dataclass(frozen=True, slots=True)
class Value:
    """One value. `declared` is its type, left out for known tuples and objects, whose type follows from their elements."""

    raw: Raw
    declared: Type | None
    place: Place | None = None
    trail_: Trail | None = None
    weight: int = 1

    @property
    def kind(self) -> Kind:
        if self.declared is not None:
            return self.declared.kind
        return Kind.TUPLE if isinstance(self.raw, tuple) else Kind.OBJECT

    @property
    def type(self) -> Type:
        if self.declared is not None:
            return self.declared
        if isinstance(self.raw, tuple):
            return tuple_of(tuple(element.type for element in self.raw))
        assert isinstance(self.raw, dict)
        return object_of(tuple((name, element.type) for name, element in self.raw.items()))

    @property
    def is_null(self) -> bool:
        return self.raw is None

    @property
    def is_unknown(self) -> bool:
        """Whether the value itself is unknown. A known list may still hold unknown elements: see `wholly_known`."""
        return isinstance(self.raw, Hidden)

    @property
    def is_known(self) -> bool:
        """Neither unknown nor null."""
        return self.raw is not None and not isinstance(self.raw, Hidden)

    @property
    def hidden(self) -> Hidden:
        """What is known about an unknown value."""
        assert isinstance(self.raw, Hidden)
        return self.raw

    @property
    def unknown(self) -> Unknown:
        """An unknown value in the model's words."""
        hidden = self.hidden
        return Unknown(hidden.reason, hidden.place.span if hidden.place else self.span, hidden.reference)

    @property
    def doubt(self) -> Unknown:
        """Why what depends on an unknown value is not known: it names what it was made from, where it has no symbol itself."""
        return replace(self.unknown, reference=self.hidden.origin)

    @property
    def reference(self) -> str | None:
        """The symbol of an unknown value, e.g. `module.net.aws_vpc.main.cidr_block`; None for others."""
        return self.raw.reference if isinstance(self.raw, Hidden) else None

    @property
    def span(self) -> Span | None:
        """The narrowest text this value is written in; None for values nobody wrote."""
        return self.place.span if self.place else None

    @property
    def trail(self) -> tuple[tuple[str, Span], ...]:
        """The stations between where the value is written and where it is used: variable, local, module argument, …"""
        return tuple((step.phrase, step.place.span) for step in steps(self.trail_))

    @property
    def elements(self) -> tuple[Value, ...]:
        """The elements of a known list, set or tuple, in Terraform's order of iteration. Empty for every other value."""
        if not isinstance(self.raw, tuple):
            return ()
        return tuple(part.through(self.trail_) for part in self.raw) if self.trail_ else self.raw

    @property
    def items(self) -> dict[str, Value]:
        """The attributes or elements of a known object or map, in order of keys. Empty for every other value."""
        if not isinstance(self.raw, dict):
            return {}
        return {key: part.through(self.trail_) for key, part in self.raw.items()} if self.trail_ else self.raw

    @property
    def wholly_known(self) -> bool:
        """Whether no part of the value is unknown."""
        if isinstance(self.raw, tuple):
            return all(part.wholly_known for part in self.raw)
        if isinstance(self.raw, dict):
            return all(part.wholly_known for part in self.raw.values())
        return not isinstance(self.raw, Hidden)

    def through(self, outer: Trail | None) -> Value:
        """The value as part of a whole that took the way `outer`."""
        return Value(self.raw, self.declared, self.place, join(self.trail_, outer), self.weight) if outer else self

    def via(self, phrase: str, place: Place | None) -> Value:
        """The value after one more station."""
        return Value(self.raw, self.declared, self.place, Trail(Step(phrase, place), self.trail_), self.weight) if place else self

    def at(self, place: Place | None) -> Value:
        """The value, written at `place` if it has no place of its own."""
        return Value(self.raw, self.declared, place, self.trail_, self.weight) if self.place is None and place is not None else self

    def retyped(self, raw: Raw, declared: Type | None) -> Value:
        """The same value in another type."""
        return Value(raw, declared, self.place, self.trail_, self.weight)


def string(text: str, place: Place | None = None) -> Value:
    return Value(normal(text), STRING, place)


def number(amount: Number, place: Place | None = None) -> Value:
    return Value(amount, NUMBER, place)


def boolean(truth: bool, place: Place | None = None) -> Value:
    return Value(truth, BOOL, place)


def null(type_: Type = ANY, place: Place | None = None) -> Value:
    return Value(None, type_, place)


def tuple_value(elements: Iterable[Value], place: Place | None = None) -> Value:
    raw = tuple(elements)
    return Value(raw, None, place, None, _weigh(raw))


def object_value(attributes: Mapping[str, Value], place: Place | None = None) -> Value:
    raw = dict(sorted(attributes.items()))
    return Value(raw, None, place, None, _weigh(raw.values()))


def list_value(elements: Iterable[Value], element: Type, place: Place | None = None) -> Value:
    """A list whose elements are of type `element` already."""
    raw = tuple(elements)
    return Value(raw, list_of(element), place, None, _weigh(raw))


def set_value(elements: Iterable[Value], element: Type, place: Place | None = None) -> Value:
    """A set whose elements are of type `element` already and known in all parts; repeats are dropped."""
    raw = tuple({sort_key(part): part for part in reversed(tuple(elements))}.values())
    raw = tuple(sorted(raw, key=sort_key))
    return Value(raw, set_of(element), place, None, _weigh(raw))


def map_value(elements: Mapping[str, Value], element: Type, place: Place | None = None) -> Value:
    """A map whose elements are of type `element` already."""
    raw = dict(sorted(elements.items()))
    return Value(raw, map_of(element), place, None, _weigh(raw.values()))


def _weigh(parts: Iterable[Value]) -> int:
    """The number of values in a collection, all levels counted: shared parts too, so nothing small can unfold into something huge."""
    weight = 1 + sum(part.weight for part in parts)
    if weight > MAX_WEIGHT:
        raise Exhausted(f"a value of more than {MAX_WEIGHT} parts is not evaluated")
    return weight


def sort_key(value: Value) -> tuple[int, object]:
    """Orders the elements of a set: strings bytewise, numbers by amount, others as Terraform happens to (by `_written`).

    Equal keys mean equal values, among values of one type.
    """
    raw = value.raw
    if raw is None:
        return (7, 0)
    if isinstance(raw, tuple | dict):
        return (4, (_written(value), _identity(value)))
    if isinstance(raw, Hidden):
        return (6, raw.reference or str(id(raw)))
    return (1 if isinstance(raw, bool) else 2 if not isinstance(raw, str) else 3, raw)


def _identity(value: Value) -> object:
    raw = value.raw
    if isinstance(raw, tuple):
        return tuple(map(_identity, raw))
    if isinstance(raw, dict):
        return tuple((key, _identity(part)) for key, part in raw.items())
    return sort_key(value)


def _written(value: Value) -> str:
    """The text by which Terraform orders lists, maps, objects and tuples in a set: numbers with ten digits, texts in quotes."""
    raw = value.raw
    if isinstance(raw, tuple):
        opening, closing = ("<", ">") if value.kind is Kind.TUPLE else ("[", "]")
        return opening + "".join(f"{_written(part)};" for part in raw) + closing
    if isinstance(raw, dict):
        if value.kind is Kind.OBJECT:
            return "<" + "".join(f"{_written(part)};" for part in raw.values()) + ">"
        return "{" + "".join(f"{_quoted(key)}:{_written(part)};" for key, part in raw.items()) + "}"
    if isinstance(raw, str):
        return _quoted(raw)
    if isinstance(raw, bool):
        return "T" if raw else "F"
    return "~" if raw is None else "?" if isinstance(raw, Hidden) else f"{float(raw):.10g}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r") + '"'


def normal(text: str) -> str:
    """Text as Terraform keeps all text: letters and their marks composed."""
    if text.isascii():
        return text
    from unicodedata import normalize

    return normalize("NFC", text)


def unknown(reason: str, cause: Cause, type_: Type = ANY, *, reference: str | None = None, place: Place | None = None) -> Value:
    return Value(Hidden(reason, cause, reference, place), type_, place)


def number_of(value: Value) -> Number:
    """The amount of a known number."""
    raw = value.raw
    assert raw is not None and not isinstance(raw, str | bool | tuple | dict | Hidden)
    return raw


def text_of(value: Value) -> str | None:
    """A known primitive as text, as Terraform converts it; None for null, unknown and everything else."""
    raw = value.raw
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, str):
        return raw
    if value.kind is Kind.NUMBER and value.is_known:
        from auditor.formats.terraform.numbers import number_text

        return number_text(number_of(value))
    return None


def integer_of(value: Value) -> int | None:
    """A known whole number, or text that reads as one, as an int; None for everything else."""
    raw = value.raw
    if isinstance(raw, bool):
        return None
    if isinstance(raw, int):
        return raw
    if isinstance(raw, str):
        digits = raw[1:] if raw[:1] in ("-", "+") else raw
        return int(raw) if digits.isascii() and digits.isdigit() and len(digits) < 100 else None
    return None


def truth_of(value: Value) -> bool | None:
    """A known bool, or text that reads as one, as a bool; None for everything else."""
    if isinstance(value.raw, bool):
        return value.raw
    return {"true": True, "1": True, "false": False, "0": False}.get(value.raw) if isinstance(value.raw, str) else None


def is_sequence(value: Value) -> bool:
    return value.kind in SEQUENCES


def is_mapping(value: Value) -> bool:
    return value.kind in MAPPINGS
