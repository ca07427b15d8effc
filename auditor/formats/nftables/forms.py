"""Rules that differ in their values alone: what their other words mean is found out once, and then the values are put in.

The form of a rule is its words with gaps where values stand. A value is put in where it stands for intervals by itself and there is nothing
to say about it; the rule is then what it would be if it were worked out alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from auditor.formats.nftables import fields, plain
from auditor.formats.nftables.resolve import overlap
from auditor.formats.nftables.setting import Setting
from auditor.formats.nftables.text import At
from auditor.formats.nftables.values import BITS, Refused, Unsettled, value
from auditor.model import filters as model
from auditor.model.filters import Condition, Exactly, Not, Predicate, Test, both, leaves
from auditor.model.packets import EVERYTHING, Field, Interval, PacketSet, slab
from auditor.model.source import Span, Unknown

_GAP = re.compile(
    r"""[ \t]
    ( [0-9](?:[\w.]|[-/](?=\w))*+ | [0-9a-fA-F]*:[0-9a-fA-F:.]*+(?:/\d+)?
    | \{[^{}"#;\n]*+\} | (?<=comment[ ])"[^"\n]*+" )
    (?![^\s;])""",
    re.VERBOSE | re.ASCII,
)
_FEW_BITS = 16
_MOST_LISTED = 64
_LAST_PORT, _DIGITS = 65535, 5

Spans = Sequence[Interval]


class Simple(NamedTuple):
    """What a rule matches, what it does, and its comment."""

    guard: Condition
    verdict: model.Verdict
    comment: str


class Value(NamedTuple):
    """A gap where the value of a field stands. `added` makes it a value of the packet's field; `known` are values that were met before."""

    gap: int
    kind: str
    added: int
    known: dict[str, Spans]

    def spans(self, words: str) -> Spans | None:
        """The intervals that a value or a set of values stands for; None where that takes a closer look."""
        found = self.known.get(words)
        if found is None:
            found = _spans(self.kind, words, self.added)
            if found is not None and BITS[self.kind] <= _FEW_BITS:
                self.known[words] = found
        return found


def _spans(kind: str, words: str, added: int) -> Spans | None:
    if words[0] != "{":
        found = span_of(kind, words)
        return None if found is None else ((found[0] + added, found[1] + added),)
    spans = []
    for each in words[1:-1].split(",", _MOST_LISTED):
        found = span_of(kind, each.strip(" \t"))
        if found is None:
            return None
        spans.append((found[0] + added, found[1] + added))
    return None if overlap(spans) else spans


def span_of(kind: str, word: str) -> Interval | None:
    """The interval of a word of which there is nothing to say."""
    if kind == "ipv4_addr" and (known := _address(word)) is not None:
        return known
    if kind == "inet_service" and word.isdecimal() and word[0] != "0" and len(word) <= _DIGITS and (port := int(word)) <= _LAST_PORT:
        return port, port
    try:
        low, high, remark = value(kind, word)
    except (Refused, Unsettled):
        return None
    return None if remark or (low == 0 and high == (1 << BITS[kind]) - 1) else (low, high)


_HOSTS = {"": 0, **{f"/{length}": (1 << 32 - length) - 1 for length in range(1, 33)}}
_BYTES = {str(byte): byte for byte in range(256)}


def _address(word: str) -> Interval | None:
    """An IPv4 address or prefix in its usual form."""
    address, slash, length = word.partition("/")
    try:
        a, b, c, d = address.split(".")
        low = _BYTES[a] << 24 | _BYTES[b] << 16 | _BYTES[c] << 8 | _BYTES[d]
        host = _HOSTS[slash + length]
    except (ValueError, KeyError):
        return None
    return None if low & host else (low, low | host)


class Demand(NamedTuple):
    """What is asked for besides packets, and where its field stands: in which of the parts, and from where to where of it."""

    condition: Condition
    part: int
    start: int
    length: int

    def placed(self, parts: Sequence[str], at: At) -> Condition:
        """The demand in another rule of the form."""
        start = at.start + sum(map(len, parts[: self.part])) + self.part // 2 + self.start
        return _placed(self.condition, at.text.span(start, start + self.length))


def _placed(condition: Condition, span: Span) -> Condition:
    if isinstance(condition, Test):
        asked = condition.predicate
        return Test(Predicate(asked.fact, asked.side, asked.values, span), Unknown(condition.unknown.reason, span), condition.within)
    if isinstance(condition, Not):
        return Not(_placed(condition.part, span))
    assert isinstance(condition, model.Both | model.Either), "leaves are tests"
    return type(condition)(tuple(_placed(part, span) for part in condition.parts))


class Form(NamedTuple):
    """What words with gaps mean. `axes`: for fields of a packet, the last first, the intervals its value lies in, or where they stand.

    `rest` are packets that are no product of intervals. `numbers` are gaps that say nothing; `comment` is one, or a gap.
    """

    verdict: model.Verdict
    axes: tuple[tuple[Field, Value | Spans], ...]
    rest: PacketSet
    demands: tuple[Demand, ...]
    numbers: tuple[int, ...]
    comment: int | str

    def put_in(self, parts: Sequence[str], at: At) -> Simple | None:
        """The rule of these parts; None where one of its values takes a closer look."""
        packets = EVERYTHING
        for field, holds in self.axes:
            spans = holds.spans(parts[holds.gap]) if isinstance(holds, Value) else holds
            if spans is None:
                return None
            packets = slab(field, spans, packets)
        if self.numbers and not all(parts[gap].isdecimal() for gap in self.numbers):
            return None
        guard: Condition = Exactly(packets & self.rest)
        if self.demands:
            guard = both(guard, *(demand.placed(parts, at) for demand in self.demands))
        comment = self.comment if isinstance(self.comment, str) else parts[self.comment][1:-1]
        return Simple(guard, self.verdict, comment)


def parts_of(words: str) -> list[str]:
    """The words of a rule: what stands in gaps at odd places, what is around them, without the blank before each, at even ones."""
    return _GAP.split(words)


Statements = Iterable[tuple[re.Match[str], Condition | None]]
"""The statements of a rule as they were found, with what each matches that compares something."""


def form_of(at: At, statements: Statements, simple: Simple, setting: Setting) -> Form | None:
    """The form of a rule of which it is known what each statement means; None where a gap holds anything but a value by itself."""
    sketch = _Sketch(at.start, tuple(found.span(1) for found in _GAP.finditer(at.text.text, at.start, at.end)), setting, simple.comment)
    if not all(sketch.takes(found, condition) for found, condition in statements):
        return None
    return sketch.form(simple.verdict)


class _Sketch:
    """A form in the making."""

    def __init__(self, start: int, gaps: tuple[tuple[int, int], ...], setting: Setting, comment: str) -> None:
        self.start = start
        self.gaps = gaps
        self.setting = setting
        self.comment: int | str = comment
        self.fixed = EVERYTHING
        self.axes: dict[Field, Value | Spans] = {}
        self.demands: list[Demand] = []
        self.numbers: list[int] = []

    def takes(self, found: re.Match[str], condition: Condition | None) -> bool:
        """Take a statement along; whether its gaps, if any, are understood."""
        inside = [number for number, (start, _) in enumerate(self.gaps) if found.start() <= start < found.end()]
        if not inside:
            return condition is None or self._constant(found, condition)
        if found["word"] is not None:
            self.numbers += [2 * number + 1 for number in inside]
            return found["word"].startswith("counter")
        if len(inside) > 1:
            return False
        if found["comment"] is not None:
            self.comment = 2 * inside[0] + 1
            return self.gaps[inside[0]] == (found.end("comment") - len(plain.comment_of(found)) - 2, found.end("comment"))
        return self._value(found, inside[0])

    def _constant(self, found: re.Match[str], condition: Condition) -> bool:
        if isinstance(condition, Exactly):
            self.fixed &= condition.packets
            return True
        before = [end for start, end in self.gaps if start < found.start()]
        start = found.start("field") - (before[-1] if before else self.start)
        self.demands.append(Demand(condition, 2 * len(before), start, len(found["field"])))
        return all(isinstance(leaf, Test) for leaf in leaves(condition))

    def _value(self, found: re.Match[str], gap: int) -> bool:
        spec = fields.spec(plain.name_of(found), self.setting)
        alone = self.gaps[gap] == found.span(found.lastgroup or 0) and found["operator"] != "!="
        if not alone or spec.axis is None or spec.axis[0] in self.axes:
            return False
        field, added = spec.axis
        self.axes[field] = Value(2 * gap + 1, spec.type, added, {})
        self.fixed &= spec.present.without(field)
        return True

    def form(self, verdict: model.Verdict) -> Form | None:
        """The form, once all of a rule is taken."""
        boxes = list(islice(self.fixed.boxes(), 2))
        whole = len(boxes) == 1 and not boxes[0].keys() & self.axes.keys()
        axes = {**self.axes, **boxes[0]} if whole else self.axes
        ordered = tuple((field, axes[field]) for field in sorted(axes, reverse=True))
        rest = EVERYTHING if whole else self.fixed
        return Form(verdict, ordered, rest, tuple(self.demands), tuple(self.numbers), self.comment)
