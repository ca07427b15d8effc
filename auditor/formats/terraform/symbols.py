"""Values made from other values: where they come from, and what an unknown one is called.

Two unknowns with the same symbol are the same value, so a symbol is only given where everything it is made from has one.
"""

from __future__ import annotations

from collections.abc import Sequence

from auditor.formats.terraform.conversion import first_hidden
from auditor.formats.terraform.places import Place, Step, Trail, join
from auditor.formats.terraform.types import Type
from auditor.formats.terraform.values import Cause, Hidden, Value, text_of

MAX_SYMBOL = 300


def symbol(value: Value) -> str | None:
    """The value as text in the language itself: references for unknown parts. None if a part has no name, or it grows too long."""
    text = _symbol(value)
    return text if text is not None and len(text) <= MAX_SYMBOL else None


def _symbol(value: Value) -> str | None:
    if isinstance(value.raw, Hidden):
        return value.raw.reference
    if value.is_null:
        return "null"
    if isinstance(value.raw, str):
        return '"' + value.raw.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value.raw, tuple | dict):
        if value.weight > MAX_SYMBOL:
            return None
        pairs = value.raw.items() if isinstance(value.raw, dict) else ((None, part) for part in value.raw)
        parts = [(key, _symbol(part)) for key, part in pairs]
        if any(text is None for _, text in parts):
            return None
        inner = ", ".join(f"{key} = {text}" if key is not None else str(text) for key, text in parts)
        return "{ " + inner + " }" if isinstance(value.raw, dict) else f"[{inner}]"
    return text_of(value)


def derived(value: Value, place: Place, sources: Sequence[Value]) -> Value:
    """A value computed at `place`; it came the way of the first source that has one."""
    source = next((source for source in sources if source.trail_), None)
    if source is None:
        return Value(value.raw, value.declared, place, value.trail_, value.weight)
    trail = join(Trail(Step("made from", source.place)), source.trail_) if source.place else source.trail_
    return Value(value.raw, value.declared, place, trail, value.weight)


def unsettled(
    sources: Sequence[Value],
    type_: Type,
    place: Place,
    reference: str | None = None,
    *,
    members: tuple[Value, ...] = (),
    symbolic: bool = True,
    symbolic_name: str | None = None,
    text: str | None = None,
) -> Value:
    """The unknown that comes of computing with unknown `sources`: it has the reason of the first."""
    hidden = next((found for source in sources if (found := first_hidden(source))), None)
    if hidden is None:
        hidden = Hidden("its parts are not known", Cause.INSTANCE, None, place)
    if reference is None and symbolic:
        reference = composed(sources, symbolic_name)
    origin = next((source for source in sources if source.trail_), None)
    result = Hidden(hidden.reason, hidden.cause, reference, hidden.place, members=members, not_null=True, text=text, because=hidden.origin)
    return Value(result, type_, place, origin.trail_ if origin else None)


def composed(sources: Sequence[Value], name: str | None) -> str | None:
    """The symbol of an operation or call `name` on values that all have one."""
    if name is None:
        return None
    symbols = [symbol(source) for source in sources]
    if any(text is None for text in symbols):
        return None
    texts = [str(text) for text in symbols]
    composed = f"({f' {name} '.join(texts)})" if not name[:1].isalpha() else f"{name}({', '.join(texts)})"
    return composed if len(composed) <= MAX_SYMBOL else None
