"""What users say about their installation: parameter values, typed. A value that fits no ruleset's parameter is an error, never ignored."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as AbstractMapping

from auditor.model.headers import address_interval
from auditor.model.record import dataclass
from auditor.model.source import Span
from auditor.policy.conditions import Value, version
from auditor.policy.problems import ParameterError, Problem, did_you_mean
from auditor.policy.ruleset import Parameter, Ruleset, Type
from auditor.policy.services import ports_of, ports_text
from auditor.yamlspan import Node, Scalar, Sequence


@dataclass(frozen=True, slots=True)
class Given:
    """A parameter as the user gave it: a node of auditor.yaml, or the text of an option."""

    value: Node | str
    key: Span | None = None

    @property
    def span(self) -> Span | None:
        return None if isinstance(self.value, str) else self.value.span


def default_of(kind: Type, values: tuple[str, ...]) -> Value:
    """What a parameter without a default is."""
    if kind is Type.ENUM:
        return values[0] if values else ""
    empty: dict[Type, Value] = {Type.BOOLEAN: False, Type.LIST: (), Type.NETWORKS: (), Type.PORTS: (), Type.INTEGER: 0}
    return empty.get(kind, "")


def parameters_of(ruleset: Ruleset, given: AbstractMapping[str, Given | str]) -> dict[str, Value]:
    """Every parameter of the ruleset with its value; what others are given for is left alone. Raises `ParameterError`."""
    values: dict[str, Value] = {name: parameter.default for name, parameter in ruleset.parameters.items()}
    problems: list[Problem] = []
    for name, each in given.items():
        found = Given(each) if isinstance(each, str) else each
        if name in ruleset.parameters:
            try:
                values[name] = read_value(ruleset.parameters[name], found.value)
            except ValueError as error:
                problems.append(Problem(f"parameter {name}: {error}", found.span))
    if problems:
        raise ParameterError(problems)
    return values


def unknown_parameters(rulesets: Iterable[Ruleset], given: AbstractMapping[str, Given | str]) -> tuple[Problem, ...]:
    """The parameters none of the rulesets has."""
    known = {name for ruleset in rulesets for name in ruleset.parameters}
    return tuple(
        Problem(
            f"no ruleset of this run has a parameter {name!r}{did_you_mean(name, known)}", each.key if isinstance(each, Given) else None
        )
        for name, each in given.items()
        if name not in known
    )


def read_value(parameter: Parameter, given: Node | str) -> Value:
    """`given` as the parameter's type. Raises ValueError with a message for the user; an option's list is separated by commas."""
    if parameter.type is Type.LIST:
        return _list(given)
    if parameter.type is Type.NETWORKS:
        return tuple(map(_network, _list(given)))
    if parameter.type is Type.PORTS:
        return tuple(ports_text(ports_of(each)) for each in _list(given))
    if not isinstance(given, str | Scalar):
        raise ValueError("one value is expected, not several")
    text = given.strip() if isinstance(given, str) else given.text
    match parameter.type:
        case Type.BOOLEAN:
            return _boolean(text)
        case Type.INTEGER:
            if not text.isdecimal() or len(text) > 18:
                raise ValueError(f"{text!r} is no whole number")
            return int(text)
        case Type.ENUM if text not in parameter.values:
            raise ValueError(f"{text!r} is none of {', '.join(parameter.values)}{_near(text, parameter.values)}")
        case Type.VERSION if text and not version(text):
            raise ValueError(f"{text!r} is no version; write e.g. 1.10")
    return text


def _list(given: Node | str) -> tuple[str, ...]:
    if isinstance(given, Sequence):
        if not all(isinstance(item, Scalar) for item in given.items):
            raise ValueError("a list of texts is expected")
        return tuple(item.text for item in given.items if isinstance(item, Scalar))
    if isinstance(given, str | Scalar):
        text = given if isinstance(given, str) else given.text
        return tuple(part.strip() for part in text.split(",") if part.strip())
    raise ValueError("a list is expected, not a mapping")


def _network(text: str) -> str:
    try:
        address_interval(text)
    except ValueError:
        raise ValueError(f"{text!r} is no network; write e.g. 10.244.0.0/16, several separated by commas") from None
    return text


def _boolean(text: str) -> bool:
    if text.casefold() not in ("true", "false", "yes", "no"):
        raise ValueError(f"{text!r} is neither true nor false")
    return text.casefold() in ("true", "yes")


def _near(text: str, known: Iterable[str]) -> str:
    close = did_you_mean(text, known)
    return close if "did you mean" in close else ""
