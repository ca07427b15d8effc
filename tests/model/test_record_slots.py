"""Records without slots keep what stands on their class, as the standard library's do."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from auditor.model import record


@pytest.mark.parametrize("module", [dataclasses, record], ids=["standard", "record"])
def test_a_record_without_slots_has_its_defaults_on_the_class_and_takes_new_names(module: Any) -> None:
    @module.dataclass
    class Opened:
        x: int
        y: int = 2

    kind: Any = Opened
    assert kind.y == 2
    assert not hasattr(kind, "x")
    made = kind(1)
    made.other = 3
    assert vars(made) == {"x": 1, "y": 2, "other": 3}
