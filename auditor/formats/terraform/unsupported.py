"""Arguments and nested blocks that nothing takes, as a misspelt one: Terraform refuses the whole configuration for one of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache

from auditor import lazyre
from auditor.formats.terraform.bodies import Block, Body, HclBody
from auditor.formats.terraform.lints import LEVELS
from auditor.formats.terraform.places import Place
from auditor.formats.terraform.schemas import Shape, shape_of, shape_of_block
from auditor.formats.terraform.syntax import Literal, ObjectExpression, TupleExpression
from auditor.model.source import Effect, Note

TRAP = "unsupported-argument"
CALL = frozenset({"source", "version", "providers", "count", "for_each", "depends_on", "lifecycle"})
DYNAMIC = frozenset({"for_each", "iterator", "labels", "content"})
TOP_LEVEL = frozenset(
    {
        "terraform", "provider", "variable", "locals", "output", "module", "resource", "data", "ephemeral", "moved", "import", "removed",
        "check", "action", "language",
    }
)  # fmt: skip
RULES = lazyre.compile(r"secgroup|secur|firewall|acl|prefix_list")
"""Types of which a part that is passed over may be a rule."""
Problem = tuple[Place, str]


def unsupported_in_file(body: Body) -> Iterator[Problem]:
    """Everything in a file that is none of Terraform's blocks."""
    for name in body.names():
        if name not in TOP_LEVEL:
            yield _place(body, name), f"nothing called {name} stands by itself{_meant(name, TOP_LEVEL)}"


def unsupported(block: Block) -> Iterator[Note]:
    """Every name in a `resource`, `variable` or `output` block that it does not take."""
    if block.type != "resource":
        yield from map(_note, _body(block.body, shape_of_block(block.type), f"a {block.type}"))
    elif block.labels and (shape := shape_of(block.labels[0])) is not None:
        yield from map(_note, _body(block.body, shape, block.labels[0]))
        if isinstance(block.body, HclBody):
            yield from _objects(block.body, shape)


def unsupported_in_call(block: Block, variables: Collection[str]) -> Iterator[Note]:
    """Every name in the call of a module that declares these variables which is none of them."""
    for name in block.body.names():
        if name not in CALL and name not in variables:
            message = f"module {block.labels[0]} declares no variable {name}{_meant(name, variables)}"
            yield _note((_place(block.body, name), message))


def makes_rules(block: Block) -> bool:
    """Whether what is passed over in a block may be a rule."""
    return block.type == "resource" and RULES.search(block.labels[0]) is not None


def _note(problem: Problem) -> Note:
    place, message = problem
    return Note(TRAP, f"{message}: Terraform refuses the configuration", place.span, Effect.REFUSED, LEVELS[TRAP])


def _body(body: Body, shape: Shape, what: str) -> Iterator[Problem]:
    written = body.attribute_names()
    for name in body.names():
        inner = shape.names.get(name)
        if name not in shape.names:
            if shape.listed:
                yield _place(body, name), f"{what} takes nothing called {name}{_meant(name, shape.names)}"
        elif not isinstance(body, HclBody):
            pass  # JSON writes both in one way
        elif name in written and inner is not None and not inner.as_argument:
            yield _place(body, name), f"{name} of {what} is a block, and an argument here"
        elif name not in written and inner is None:
            yield _place(body, name), f"{name} of {what} is an argument, and a block here"
        if inner is not None and inner.listed:
            for block in body.blocks(name, "dynamic"):
                if block.type == name:
                    yield from _body(block.body, inner, name)
                elif block.labels[:1] == (name,):
                    yield from _dynamic(block, inner, name)


def _objects(body: Body, shape: Shape) -> Iterator[Note]:
    """The keys that nothing takes of objects that stand for blocks, as in `ingress = [{ … }]`: Terraform leaves them out without a word."""
    for name, inner in shape.names.items():
        attribute = body.attribute(name) if inner is not None and inner.as_argument and inner.listed else None
        if attribute is None or inner is None or not isinstance(attribute.expression, TupleExpression):
            continue
        for item in attribute.expression.items:
            for key, _ in item.items if isinstance(item, ObjectExpression) else ():
                if isinstance(key, Literal) and key.raw not in inner.names:
                    message = f"{name} takes nothing called {key.raw}{_meant(str(key.raw), inner.names)}: Terraform leaves it out"
                    yield Note(TRAP, message, Place(key.file, key.start, key.end).span, Effect.IGNORED, LEVELS[TRAP])


def _dynamic(block: Block, shape: Shape, name: str) -> Iterator[Problem]:
    for each in block.body.names():
        if each not in DYNAMIC:
            yield _place(block.body, each), f"a dynamic block takes nothing called {each}{_meant(each, DYNAMIC)}"
    for content in block.body.blocks("content"):
        yield from _body(content.body, shape, name)


def _place(body: Body, name: str) -> Place:
    attribute = body.attribute(name)
    if attribute is not None:
        return attribute.place
    written = body.blocks(name)
    return written[0].place if written else _made(body)[name]


@lru_cache(maxsize=1)
def _made(body: Body) -> dict[str, Place]:
    """The first `dynamic` block for each type of block."""
    return {block.labels[0]: block.place for block in reversed(body.blocks("dynamic")) if block.labels}


def _meant(name: str, names: Iterable[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, names, 1)
    return f" (did you mean {close[0]}?)" if close else ""
