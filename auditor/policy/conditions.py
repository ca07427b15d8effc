"""The condition language of rulesets: `cni == cilium and not nodeport`, `bound admin`, `talos_version >= 1.6`.

    condition  = conjunction {"or" conjunction}
    conjunction = negation {"and" negation}
    negation   = "not" negation | "(" condition ")" | "bound" ROLE | "unfiltered" ROLE | PARAMETER [comparison]
    comparison = ("==" | "!=" | "<" | "<=" | ">" | ">=") VALUE | "in" "[" VALUE {"," VALUE} "]"

Invariant: a condition that parses and whose names are declared always has a truth value; nothing is evaluated as code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Protocol

from auditor import lazyre
from auditor.model.record import dataclass

Value = bool | int | str | tuple[str, ...]


class Facts(Protocol):
    """What the configurations at hand say, as far as conditions may ask."""

    def bound(self, role: str) -> bool:
        """Whether somebody plays `role` here: it is bound in auditor.yaml, by an option or by detection."""
        ...

    def unfiltered(self, *roles: str) -> bool:
        """Whether no security group and no host firewall stands between any two members of the roles."""
        ...


@dataclass(frozen=True, slots=True)
class Compare:
    """A parameter against a value; a bare boolean parameter is `== True`, `in` has a tuple."""

    parameter: str
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class Asks:
    """A question about a role: `bound` or `unfiltered`."""

    question: str
    role: str


@dataclass(frozen=True, slots=True)
class Not:
    operand: Condition


@dataclass(frozen=True, slots=True)
class All:
    operands: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Any:
    operands: tuple[Condition, ...]


Condition = Compare | Asks | Not | All | Any


def holds(condition: Condition | None, values: Mapping[str, Value], facts: Facts) -> bool:
    """Whether `condition` is true; None is."""
    match condition:
        case None:
            return True
        case Compare(parameter, operator, value):
            return _compare(values[parameter], operator, value)
        case Asks("bound", role):
            return facts.bound(role)
        case Asks(_, role):
            return facts.unfiltered(role)
        case Not(operand):
            return not holds(operand, values, facts)
        case All(operands):
            return all(holds(each, values, facts) for each in operands)
        case Any(operands):
            return any(holds(each, values, facts) for each in operands)


def parts(condition: Condition | None) -> Iterator[Compare | Asks]:
    """The comparisons and questions `condition` is made of."""
    match condition:
        case Compare() | Asks():
            yield condition
        case Not(operand):
            yield from parts(operand)
        case All(operands) | Any(operands):
            for each in operands:
                yield from parts(each)


def text_of(condition: Condition) -> str:
    """`condition` as it is written, with the fewest parentheses."""
    match condition:
        case Compare(parameter, "==", True):
            return parameter
        case Compare(parameter, "in", tuple() as values):
            return f"{parameter} in [{', '.join(values)}]"
        case Compare(parameter, operator, value):
            return f"{parameter} {operator} {str(value).lower() if isinstance(value, bool) else value}"
        case Asks(question, role):
            return f"{question} {role}"
        case Not(operand):
            return f"not {text_of(operand)}" if isinstance(operand, Compare | Asks | Not) else f"not ({text_of(operand)})"
        case All(operands):
            return " and ".join(f"({text_of(each)})" if isinstance(each, Any) else text_of(each) for each in operands)
        case Any(operands):
            return " or ".join(map(text_of, operands))


def parse_condition(text: str) -> Condition:
    """The condition that `text` writes. Raises ValueError with a message for the user."""
    return _Reader(text).whole()


_TOKEN = lazyre.compile(r"\s*(?:(==|!=|<=|>=|<|>|\(|\)|\[|\]|,)|([\w.:/*-]+)|(\S))")
_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
_WORDS = frozenset({"and", "or", "not", "in", "bound", "unfiltered"})


class _Reader:
    """Recursive descent over the tokens of one condition."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[str] = []
        self.at = 0
        for sign, word, other in _TOKEN.findall(text):
            if other:
                raise self.error(f"{other!r} is not understood")
            self.tokens.append(sign or word)
        if len(self.tokens) > 200:
            raise self.error("too long")

    def error(self, what: str) -> ValueError:
        return ValueError(f"condition {self.text!r}: {what}")

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.at += 1
        return token

    def accept(self, token: str) -> bool:
        if self.peek() != token:
            return False
        self.at += 1
        return True

    def expect(self, token: str) -> None:
        if not self.accept(token):
            raise self.error(f"{token!r} expected" + (f" before {self.peek()!r}" if self.peek() else " at the end"))

    def word(self, what: str) -> str:
        token = self.take()
        if not re.match(r"[\w*]", token) or token in _WORDS:
            raise self.error(f"{what} expected" + (f" instead of {token!r}" if token else " at the end"))
        return token

    def whole(self) -> Condition:
        condition = self.disjunction()
        if self.peek():
            raise self.error(f"'and' or 'or' expected before {self.peek()!r}")
        return condition

    def disjunction(self) -> Condition:
        operands = [self.conjunction()]
        while self.accept("or"):
            operands.append(self.conjunction())
        return Any(tuple(operands)) if len(operands) > 1 else operands[0]

    def conjunction(self) -> Condition:
        operands = [self.negation()]
        while self.accept("and"):
            operands.append(self.negation())
        return All(tuple(operands)) if len(operands) > 1 else operands[0]

    def negation(self) -> Condition:
        if self.accept("not"):
            return Not(self.negation())
        if self.accept("("):
            inner = self.disjunction()
            self.expect(")")
            return inner
        if self.peek() in ("bound", "unfiltered"):
            return Asks(self.take(), self.word("a role"))
        return self.comparison(self.word("a parameter"))

    def comparison(self, parameter: str) -> Condition:
        if self.peek() in _COMPARISONS:
            return Compare(parameter, self.take(), _literal(self.word("a value")))
        if self.accept("in"):
            self.expect("[")
            values = [self.word("a value")]
            while self.accept(","):
                values.append(self.word("a value"))
            self.expect("]")
            return Compare(parameter, "in", tuple(values))
        return Compare(parameter, "==", True)


def _literal(text: str) -> Value:
    if text in ("true", "false"):
        return text == "true"
    return int(text) if text.isdecimal() and len(text) < 19 else text


def _compare(have: Value, operator: str, want: Value) -> bool:
    if operator == "in":
        return isinstance(want, tuple) and _plain(have) in want
    if operator in ("==", "!="):
        return (_plain(have) == _plain(want)) == (operator == "==")
    left, right = version(_plain(have)), version(_plain(want))
    if not left:
        return False  # an unset version satisfies no bound
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[operator]


def _plain(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(value) if isinstance(value, tuple) else str(value)


def version(text: str) -> tuple[int, ...]:
    """`v1.10.2` as (1, 10, 2): versions and integers order by number, not by letter."""
    return tuple(map(int, re.findall(r"\d+", text.partition("-")[0])))
