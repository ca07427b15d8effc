"""What a function takes and gives, and how a call is made: arguments are counted, converted, checked for null and unknown."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from auditor.formats.terraform.conversion import convert, equal
from auditor.formats.terraform.errors import Exhausted, Refused, Undecided
from auditor.formats.terraform.scope import Scope
from auditor.formats.terraform.symbols import composed, derived, unsettled
from auditor.formats.terraform.syntax import Call
from auditor.formats.terraform.types import ANY, STRING, Type
from auditor.formats.terraform.values import Hidden, Value
from auditor.model.record import dataclass, replace

MAX_CHOICES = 4


@dataclass(frozen=True, slots=True)
class Parameter:
    """`null`: null may be given. `parts`: the function itself looks at unknown parts of a value, `unknown`: even at unknown values."""

    type: Type = ANY
    null: bool = False
    parts: bool = False
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """Where a function is called."""

    place: Call
    scope: Scope


@dataclass(frozen=True, slots=True)
class Function:
    """`run(*arguments)`; `rest` are further arguments, at least `least` of them. `pure`: equal arguments give equal results.

    `local`: `run` gets the context first, because the result depends on where it is called.
    """

    run: Callable[..., Value]
    parameters: tuple[Parameter, ...] = ()
    returns: Type = ANY
    rest: Parameter | None = None
    least: int = 0
    pure: bool = True
    local: bool = False


ANYTHING = Parameter()
PARTLY = Parameter(parts=True)
TEXT = Parameter(STRING)


def apply(function: Function, arguments: Sequence[Value], context: Context) -> Value:
    """The result of a call. Raises `Refused`."""
    parameters = _matched(function, arguments, context)
    ready = [_prepared(value, parameter, context) for value, parameter in zip(arguments, parameters, strict=True)]
    open_arguments = [
        position for position, (value, parameter) in enumerate(zip(ready, parameters, strict=True)) if _blocks(value, parameter)
    ]
    if open_arguments:
        return _open_result(function, ready, open_arguments, context)
    try:
        result = function.run(context, *ready) if function.local else function.run(*ready)
    except Undecided as undecided:
        position = next((at for at, value in enumerate(ready) if value is undecided.value and value.is_unknown), None)
        if position is not None and not undecided.members and undecided.text is None:
            return _open_result(function, ready, [position], context)
        name = _name(function, ready, context)
        return unsettled([undecided.value], function.returns, context.place, name, members=undecided.members, text=undecided.text)
    except Exhausted:
        raise
    except Refused as error:
        raise Refused(f"{context.place.name}: {error.message}", error.place or context.place, static=error.static) from None
    return derived(result, context.place, ready) if result.place is None else result


def _matched(function: Function, arguments: Sequence[Value], context: Context) -> list[Parameter]:
    wanted = len(function.parameters)
    extra = len(arguments) - wanted
    if extra < (function.least if function.rest else 0) or (extra > 0 and function.rest is None):
        count = f"at least {wanted + function.least}" if function.rest else str(wanted)
        raise Refused(f"{context.place.name} takes {count} argument{'s' * (count != '1')}, not {len(arguments)}", context.place)
    return [*function.parameters, *([function.rest] * extra if function.rest else [])]


def _prepared(value: Value, parameter: Parameter, context: Context) -> Value:
    if value.is_null and not parameter.null:
        raise Refused(f"an argument of {context.place.name} must not be null", value.place or context.place)
    try:
        return convert(value, parameter.type)
    except Refused as error:
        raise Refused(f"{context.place.name}: {error.message}", error.place or context.place) from None


def _blocks(value: Value, parameter: Parameter) -> bool:
    if isinstance(value.raw, Hidden):
        return not parameter.unknown
    return not parameter.parts and not parameter.unknown and not value.wholly_known


def _open_result(function: Function, arguments: list[Value], positions: list[int], context: Context) -> Value:
    """The unknown result; with one argument that is one of few values, one of few results."""
    result = unsettled(
        [arguments[position] for position in positions], function.returns, context.place, _name(function, arguments, context)
    )
    only = arguments[positions[0]]
    choices = only.hidden.choices if only.is_unknown and len(positions) == 1 else ()
    if not choices or len(choices) > MAX_CHOICES:
        return result
    found: list[Value] = []
    for choice in choices:
        try:
            found.append(apply(function, [*arguments[: positions[0]], choice, *arguments[positions[0] + 1 :]], context))
        except Refused:
            return result
    if all(equal(found[0], other) is True for other in found[1:]):
        return found[0]
    return result.retyped(replace(result.hidden, choices=tuple(found)), result.declared)


def _name(function: Function, arguments: Sequence[Value], context: Context) -> str | None:
    return composed(arguments, context.place.name) if function.pure else None
