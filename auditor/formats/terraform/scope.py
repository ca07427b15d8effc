"""Where an expression is evaluated: which names it sees, and what bounds the work."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

from auditor.files import Tree
from auditor.formats.terraform.errors import Exhausted, Refused
from auditor.formats.terraform.places import Place
from auditor.formats.terraform.syntax import Access, Expression
from auditor.formats.terraform.values import Value
from auditor.model.record import dataclass, field
from auditor.model.source import Effect, Level, Note

MAX_DEPTH = 1_000
MAX_STEPS = 500_000
MAX_STACK = 20_000
"""Python frames that evaluation may nest: `MAX_DEPTH` is reached well before."""
MAX_FILES = 1_000


@contextmanager
def deep_stack() -> Iterator[None]:
    """Room for the deepest evaluation; outside of it, the interpreter's limit is what it was."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, MAX_STACK))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


@dataclass(slots=True)
class Budget:
    """What one root module has cost so far, and the remarks made on the way. The only thing here that changes.

    `short_circuits`: only versions of Terraform are allowed in which `&&` and `||` stop when a side decides.
    """

    depth: int = 0
    steps: int = 0
    files: int = 0
    short_circuits: bool = False
    notes: dict[Note, None] = field(default_factory=dict)

    def enter(self, place: Place) -> None:
        """One expression deeper. Raises `Refused` when it is too deep or has taken too long."""
        self.depth += 1
        self.steps += 1
        if self.depth > MAX_DEPTH:
            raise Exhausted(f"expressions that need each other more than {MAX_DEPTH} levels deep are not evaluated", place)
        if self.steps > MAX_STEPS:
            raise Exhausted(f"evaluation was stopped after {MAX_STEPS} steps", place)

    def remark(self, trap: str, message: str, place: Place, level: Level = Level.WARNING) -> None:
        self.notes[Note(trap, message, place.span, Effect.DANGEROUS, level)] = None


class Names(Protocol):
    """What `var`, `local`, `module`, resource types and the like stand for."""

    def resolve(self, name: str, path: Sequence[Access], place: Place) -> tuple[Value, int]:
        """The value of `name` and the first steps after it, and how many steps that were. Raises `Refused` if undeclared."""
        ...


@dataclass(frozen=True, slots=True)
class Scope:
    """`local` names (of `for`, `each`, `count`, `dynamic`) hide those of the module. Files are relative to `directory` of `tree`."""

    names: Names
    budget: Budget
    tree: Tree
    directory: str
    local: Mapping[str, Value] = field(default_factory=dict)
    in_template: bool = False

    def with_names(self, more: Mapping[str, Value]) -> Scope:
        return Scope(self.names, self.budget, self.tree, self.directory, {**self.local, **more}, self.in_template)


Evaluate = Callable[[Expression, Scope], Value]


class NoNames:
    """A scope that knows only its local names: template files, -var arguments."""

    def resolve(self, name: str, path: Sequence[Access], place: Place) -> tuple[Value, int]:  # noqa: ARG002 - the protocol's shape
        raise Refused(f'there is no variable named "{name}" here', place, static=False)
