"""Templates: parts that become text, conditions and loops around them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from auditor.formats.terraform.conversion import convert
from auditor.formats.terraform.decisions import truth
from auditor.formats.terraform.errors import Exhausted, Refused
from auditor.formats.terraform.loops import pairs_of
from auditor.formats.terraform.places import Place
from auditor.formats.terraform.scope import Evaluate, Scope
from auditor.formats.terraform.symbols import derived, unsettled
from auditor.formats.terraform.syntax import Template, TemplateFor, TemplateIf
from auditor.formats.terraform.types import STRING
from auditor.formats.terraform.values import GAP, Hidden, Value, string

MAX_TEXT = 4 * 1024 * 1024


def template(expression: Template, scope: Scope, evaluate: Evaluate) -> Value:
    parts = [_as_text(evaluate(part, scope), part) for part in expression.parts]
    return _joined(parts, expression)


def _joined(parts: list[Value], place: Place) -> Value:
    """The text of several parts, unknown if one is."""
    hidden = next((part.raw for part in parts if isinstance(part.raw, Hidden)), None)
    if hidden is None:
        text = "".join(cast("str", part.raw) for part in parts)
        if len(text) > MAX_TEXT:
            raise Exhausted(f"text longer than {MAX_TEXT} characters is not evaluated", place)
        return derived(string(text), place, [part for part in parts if part.trail_])
    symbols = [part.raw if isinstance(part.raw, str) else part.reference and f"${{{part.reference}}}" for part in parts]
    reference = '"' + "".join(text for text in symbols if text) + '"' if all(text is not None for text in symbols) else None
    return unsettled(parts, STRING, place, reference, text=known_text(parts))


def known_text(parts: Iterable[Value]) -> str | None:
    """What is known of a text, with `${…}` for each part that is not."""
    known = "".join(part.raw if isinstance(part.raw, str) else part.hidden.text or GAP for part in parts)
    return known if len(known) <= MAX_TEXT else None


def _as_text(value: Value, place: Place) -> Value:
    if value.is_null:
        raise Refused("a null value cannot stand in text", place)
    return convert(value, STRING)


def template_if(expression: TemplateIf, scope: Scope, evaluate: Evaluate) -> Value:
    condition = truth(evaluate(expression.condition, scope), expression.condition)
    if condition.is_unknown:
        return unsettled([condition], STRING, expression)
    parts = expression.positive if condition.raw else expression.negative
    return _joined([_as_text(evaluate(part, scope), part) for part in parts], expression)


def template_for(expression: TemplateFor, scope: Scope, evaluate: Evaluate) -> Value:
    collection = evaluate(expression.collection, scope)
    if collection.is_unknown:
        return unsettled([collection], STRING, expression)
    parts: list[Value] = []
    for key, value in pairs_of(collection, expression.collection):
        names = {expression.value_name: value, **({expression.key_name: key} if expression.key_name else {})}
        inner = scope.with_names(names)
        parts.extend(_as_text(evaluate(part, inner), part) for part in expression.parts)
    return _joined(parts, expression)
