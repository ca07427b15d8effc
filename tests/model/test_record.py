"""Records behave as the standard library's dataclasses do."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from auditor.model import record


def make(module: Any) -> tuple[Any, Any, Any]:
    @module.dataclass(frozen=True, slots=True, order=True)
    class Point:
        """A point."""

        x: int
        y: int = 2
        kind: ClassVar[str] = "point"
        seen: dict[str, int] = module.field(default_factory=dict, init=False, repr=False, compare=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "x", abs(self.x))

        @property
        def sum(self) -> int:
            return self.x + self.y

    @module.dataclass(frozen=True, slots=True)
    class Named(Point):
        name: str = "n"

        def __repr__(self) -> str:
            return f"{self.name}!"

    @module.dataclass(slots=True)
    class Box:
        items: list[int] = module.field(default_factory=list)

    return Point, Named, Box


BOTH = pytest.mark.parametrize("module", [dataclasses, record], ids=["standard", "record"])


@BOTH
def test_values_defaults_factories_and_post_init(module: Any) -> None:
    point, named, box = make(module)
    assert (point(-1).x, point(-1).y, point(1, y=5).sum, point(1).seen) == (1, 2, 6, {})
    assert (named(1, 2, "a").name, named(1).name) == ("a", "n")
    assert box().items == []
    assert box().items is not box().items
    assert point.kind == "point"


@BOTH
def test_equality_order_and_hash_go_by_class_and_compared_fields(module: Any) -> None:
    point, named, box = make(module)
    assert point(1) == point(-1)
    assert hash(point(1)) == hash(point(-1))
    assert point(1) != named(1)
    assert point(1) < point(2)
    assert sorted([point(2), point(1)])[0] == point(1)
    with pytest.raises(TypeError):
        hash(box())
    with pytest.raises(TypeError):
        _ = point(1) < named(1)


@BOTH
def test_frozen_records_refuse_changes_and_slots_new_names(module: Any) -> None:
    point, _, box = make(module)
    with pytest.raises(AttributeError):
        point(1).x = 2
    with pytest.raises(AttributeError):
        del point(1).x
    with pytest.raises(AttributeError):
        box().other = 1


@BOTH
def test_replace_changes_some_fields(module: Any) -> None:
    point, named, _ = make(module)
    assert module.replace(point(1, 5), x=3) == point(3, 5)
    assert module.replace(named(1, 5, "a"), y=7) == named(1, 7, "a")


@BOTH
def test_records_are_told_by_their_fields(module: Any) -> None:
    point, named, box = make(module)
    assert [each.name for each in module.fields(named(1))] == ["x", "y", "seen", "name"]
    assert module.asdict(box([point(1)])) == {"items": [{"x": 1, "y": 2, "seen": {}}]}
    assert module.asdict(box([{"a": (1,)}])) == {"items": [{"a": (1,)}]}
    assert module.is_dataclass(box)
    assert not module.is_dataclass(1)


@BOTH
def test_representation_names_the_fields_and_handwritten_methods_stay(module: Any) -> None:
    point, named, _ = make(module)
    assert repr(point(1)).endswith("Point(x=1, y=2)")
    assert repr(named(1)) == "n!"
    assert point.__doc__ == "A point."


@BOTH
def test_patterns_match_by_position(module: Any) -> None:
    point, _, _ = make(module)
    match point(1, 2):
        case point(x, y):
            assert (x, y) == (1, 2)
        case _:
            pytest.fail("no match")


@pytest.mark.parametrize("call", [lambda p: p(), lambda p: p(1, 2, 3, 4), lambda p: p(z=1)])
@BOTH
def test_wrong_arguments_are_type_errors(module: Any, call: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError):
        call(make(module)[0])
