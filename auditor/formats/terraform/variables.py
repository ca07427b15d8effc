"""Variables: what types they are declared with and where a root module's values come from.

Precedence, lowest first: default, environment, terraform.tfvars, terraform.tfvars.json, *.auto.tfvars and *.auto.tfvars.json in
order of their names, then -var and -var-file in the order of the command line. The whole value is replaced.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Mapping, Sequence

from auditor.formats.terraform.bodies import Attribute, Block
from auditor.formats.terraform.conversion import bare, convert
from auditor.formats.terraform.errors import Refused
from auditor.formats.terraform.evaluate import evaluate
from auditor.formats.terraform.places import Place, SourceFile
from auditor.formats.terraform.scope import Budget, NoNames, Scope
from auditor.formats.terraform.sources import Sources
from auditor.formats.terraform.syntax import Call, Expression, Literal, ObjectExpression, TupleExpression, Variable
from auditor.formats.terraform.types import ANY, BOOL, NUMBER, PRIMITIVES, STRING, Kind, Type, object_of, tuple_of
from auditor.formats.terraform.values import Cause, Value, string, unknown
from auditor.model.record import dataclass, field
from auditor.model.source import Effect, Level, Note, Span

NAMED = {"string": STRING, "number": NUMBER, "bool": BOOL, "any": ANY}
COLLECTIONS = {"list": Kind.LIST, "set": Kind.SET, "map": Kind.MAP}


def constraint(expression: Expression, scope: Scope) -> Type:
    """The type that a type expression names. Raises `Refused`."""
    if isinstance(expression, Literal) and isinstance(expression.raw, str):
        word = expression.raw
    elif isinstance(expression, Variable):
        word = expression.name
    elif isinstance(expression, Call):
        return _compound(expression, scope)
    else:
        raise Refused("this is no type", expression)
    if word in NAMED:
        return NAMED[word]
    if word in COLLECTIONS:
        return Type(COLLECTIONS[word], ANY)
    raise Refused(f"there is no type {word}", expression)


def _compound(call: Call, scope: Scope) -> Type:
    arguments = call.arguments
    if call.name in COLLECTIONS and len(arguments) == 1:
        return Type(COLLECTIONS[call.name], constraint(arguments[0], scope))
    if call.name == "tuple" and len(arguments) == 1 and isinstance(arguments[0], TupleExpression):
        return tuple_of(tuple(constraint(item, scope) for item in arguments[0].items))
    if call.name == "object" and len(arguments) == 1 and isinstance(arguments[0], ObjectExpression):
        return _object(arguments[0], scope)
    raise Refused(f"{call.name}(…) is no type", call)


def _object(expression: ObjectExpression, scope: Scope) -> Type:
    attributes: list[tuple[str, Type]] = []
    optional: list[tuple[str, Value | None]] = []
    for key, value in expression.items:
        name = str(key.raw) if isinstance(key, Literal) else ""
        if isinstance(value, Call) and value.name == "optional" and value.arguments:
            type_ = constraint(value.arguments[0], scope)
            default = convert(evaluate(value.arguments[1], scope), type_) if len(value.arguments) > 1 else None
            optional.append((name, default))
        else:
            type_ = constraint(value, scope)
        attributes.append((name, type_))
    made = object_of(tuple(attributes))
    return Type(Kind.OBJECT, attributes=made.attributes, optional=tuple(optional))


@dataclass(frozen=True, slots=True)
class Declaration:
    """One `variable` block. `problem` says why its type or default could not be read."""

    name: str
    place: Place
    type: Type
    typed: bool
    default: Value | None
    nullable: bool
    problem: Refused | None = None


def declaration(block: Block, scope: Scope) -> Declaration:
    """What a `variable` block says."""
    name, body = block.labels[0], block.body
    type_, typed, problem = ANY, False, None
    default: Value | None = None
    try:
        written = body.attribute("type")
        if written is not None:
            type_, typed = constraint(written.expression, scope), True
        given = body.attribute("default")
        if given is not None:
            default = convert(evaluate(given.expression, scope), type_)
    except Refused as error:
        problem = error
    nullable = body.attribute("nullable")
    refuses_null = nullable is not None and isinstance(nullable.expression, Literal) and nullable.expression.raw is False
    return Declaration(name, block.place, type_, typed, default, not refuses_null, problem)


def settle(declared: Declaration, given: Value | None, reference: str) -> Value:
    """A variable's value: what was given, else the default, else unknown. Raises `Refused` where Terraform refuses what was given."""
    station = f"variable {declared.name}"
    if declared.problem is not None and given is None:
        raise declared.problem
    if given is not None and given.is_null and not declared.nullable:
        given = None
    if given is not None:
        try:
            return convert(given, declared.type).via(station, declared.place)
        except Refused as error:
            raise Refused(f"variable {declared.name}: {error.message}", error.place or declared.place) from None
    if declared.default is not None:
        return declared.default.via(station, declared.place)
    reason = f"variable {declared.name} has no value"
    return unknown(reason, Cause.VARIABLE, bare(declared.type), reference=reference, place=declared.place)


@dataclass(slots=True)
class Given:
    """The values a root module's variables are given: evaluated expressions, or bare text whose meaning depends on the type.

    `places` are the lines of variable files by the names they set; `options` the names that command line or auditor.yaml set.
    """

    values: dict[str, Value | Place] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    options: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    unused_files: tuple[str, ...] = ()


def given_values(sources: Sources, directory: str, arguments: Sequence[tuple[str, str]], environment: Mapping[str, str]) -> Given:
    """Everything that sets variables of the root module in `directory`."""
    given = Given()
    scope = Scope(NoNames(), Budget(), sources.tree, directory)
    for name, text in sorted(environment.items()):
        if name.startswith("TF_VAR_"):
            given.values[name.removeprefix("TF_VAR_")] = _bare_text(f"environment variable {name}", text)
    names = sources.files_in(directory)
    automatic: list[str] = [name for name in ("terraform.tfvars", "terraform.tfvars.json") if name in names]
    automatic += sorted(name for name in names if name.endswith((".auto.tfvars", ".auto.tfvars.json")))
    for name in automatic:
        _file(sources, posixpath.join(directory, name), given, scope)
    named = set()
    for kind, text in arguments:
        if kind == "var-file":
            named.add(text)
            _file(sources, text, given, scope)
        else:
            name, _, value = text.partition("=")
            given.values[name.strip()] = _bare_text(f"--var {name.strip()}", value)
            given.options.append(name.strip())
    others = (posixpath.join(directory, name) for name in names if name.endswith((".tfvars", ".tfvars.json")) and name not in automatic)
    given.unused_files = tuple(path for path in others if path not in named)
    return given


def _bare_text(where: str, text: str) -> Place:
    data = text.encode("utf-8", errors="replace")
    return Place(SourceFile(where, data), 0, len(data))


def _file(sources: Sources, path: str, given: Given, scope: Scope) -> None:
    body = sources.body(path, given.notes)
    if body is None:
        return
    for name in body.attribute_names():
        attribute = body.attribute(name)
        assert attribute is not None
        given.places[name] = attribute.place
        try:
            given.values[name] = evaluate(_literal_of(attribute), scope)
        except Refused as error:
            span = (error.place or attribute.place).span
            message = f"variable {name} cannot be set here: {error.message}"
            given.notes.append(Note("evaluation-error", message, span, Effect.REFUSED, Level.WARNING))
            given.values[name] = unknown(message, Cause.ERROR, place=error.place or attribute.place)


def _literal_of(attribute: Attribute) -> Expression:
    """The value of a line of a variable file; in JSON ones, text is never a template."""
    return attribute.plain if attribute.plain is not None else attribute.expression


def read_text(declared: Declaration, text: Place, scope: Scope) -> Value:
    """A value given as bare text: itself for primitive and missing types, else an expression."""
    if not declared.typed or declared.type.kind in PRIMITIVES:
        return string(text.text, text)
    from auditor.formats.terraform.expressions import read_expression

    return evaluate(read_expression(text.file, text.start, text.end), scope)


def undeclared_notes(given: Sequence[tuple[Given, Collection[str]]], directory: Span) -> Iterator[Note]:
    """The remark, for root modules with the variables each declares, that none of those given a value declares it."""
    found: dict[tuple[str, Span], bool] = {}
    for each, declared in given:
        for name, span in [*((name, place.span) for name, place in each.places.items()), *((name, directory) for name in each.options)]:
            found[name, span] = found.get((name, span), False) or name in declared
    names = sorted({name for _, declared in given for name in declared})
    for name, span in (key for key, known in found.items() if not known):
        from difflib import get_close_matches

        near = get_close_matches(name, names, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        message = f"no root module here declares variable {name}, so its value changes nothing{hint}"
        yield Note("undeclared-variable", message, span, Effect.IGNORED, Level.WARNING)


def unset_note(declared: Declaration, address: str, files: Sequence[str]) -> Note:
    """The remark that a variable has no value, with the files that would give it one."""
    hint = f"; {', '.join(files)} would be read with --var-file" if files else ""
    message = f"{address} has no value, so what depends on it is open{hint}"
    return Note("unset-variable", message, declared.place.span, Effect.UNKNOWN, Level.NOTE)
