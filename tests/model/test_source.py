"""Places and lines of a text."""

from __future__ import annotations

import pytest

from auditor.model.source import Source, Span


def test_a_place_is_told_as_path_line_and_column() -> None:
    assert str(Span("a/b.tf", 3, 7, 3, 9)) == "a/b.tf:3:7"


def test_a_whole_file_is_told_by_its_first_character() -> None:
    assert Span.of_file("a.tf") == Span("a.tf", 1, 1, 1, 2)


@pytest.mark.parametrize(("number", "line"), [(1, "one"), (2, ""), (3, "three"), (4, ""), (0, ""), (-1, "")])
def test_a_line_comes_without_its_end_and_is_empty_outside_of_the_text(number: int, line: str) -> None:
    assert Source("f", "one\r\n\nthree").line(number) == line


def test_a_carriage_return_within_a_line_stays() -> None:
    assert Source("f", "a\rb\r\n").line(1) == "a\rb"
