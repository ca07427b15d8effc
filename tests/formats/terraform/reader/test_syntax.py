"""tree-sitter's tree is put right where it is not HCL's, and every expression knows its place."""

from __future__ import annotations

import pytest

from auditor.formats.terraform.expressions import read_expression
from auditor.formats.terraform.places import SourceFile
from auditor.formats.terraform.syntax import Broken, Conditional, Expression, GetAttribute, GetIndex, Literal, Splat, Traversal
from tests.formats.terraform.reader.reading import plain, value_of


def parsed(text: str) -> Expression:
    data = text.encode()
    return read_expression(SourceFile("x.tf", data), 0, len(data))


def test_chained_conditionals_nest_to_the_right() -> None:
    outer = parsed("a ? b : c ? d : e")
    assert isinstance(outer, Conditional)
    assert (outer.condition.text, outer.positive.text) == ("a", "b")
    assert isinstance(outer.negative, Conditional)
    assert [part.text for part in (outer.negative.condition, outer.negative.positive, outer.negative.negative)] == ["c", "d", "e"]


def test_the_first_true_condition_of_a_chain_decides() -> None:
    assert value_of("false ? 1 : false ? 2 : true ? 3 : 4").raw == 3


def test_an_index_after_an_attribute_splat_takes_from_its_result() -> None:
    expression = parsed("l.*.b[0]")
    assert isinstance(expression, Traversal)
    splat, index = expression.path
    assert isinstance(splat, Splat)
    assert isinstance(index, GetIndex)
    assert [step.text for step in splat.each] == [".b"]


def test_everything_after_a_full_splat_belongs_to_each_element() -> None:
    expression = parsed("l[*].b[*].c")
    assert isinstance(expression, Traversal)
    (splat,) = expression.path
    assert isinstance(splat, Splat)
    first, inner = splat.each
    assert isinstance(first, GetAttribute)
    assert isinstance(inner, Splat)
    assert [step.text for step in inner.each] == [".c"]


def test_old_indexes_may_follow_each_other() -> None:
    assert plain(value_of("[[1, 2], [3]].0.1")) == 2


def test_comments_may_stand_anywhere() -> None:
    assert plain(value_of("[ # one\n 1, /* two */ 1 + /* three */ 1,\n // end\n]")) == [1, 2]


def test_exponents_without_a_fraction_are_numbers() -> None:
    assert plain(value_of('[1e3, 15e-1, "1e3", 1.5e1]')) == [1000, 1.5, "1e3", 15]


def test_numbers_are_exact() -> None:
    assert value_of("0.1 + 0.2 == 0.3").raw is True
    assert value_of("9007199254740993 + 0").raw == 9007199254740993


def test_bare_words_are_keys_and_parentheses_are_evaluated() -> None:
    assert plain(value_of('{ a = 1, (upper("b")) = 2, null = 3, true = 4, 5 = 5, "x${1}" = 6 }')) == {
        "a": 1,
        "B": 2,
        "null": 3,
        "true": 4,
        "5": 5,
        "x1": 6,
    }


def test_a_key_with_a_dot_is_an_error() -> None:
    expression = parsed("{ a.b = 1 }")
    assert isinstance(expression, Broken) or any(isinstance(key, Broken) for key, _ in expression.items)  # type: ignore[attr-defined]


def test_columns_count_characters() -> None:
    expression = parsed('"ä€😀${x}"')
    inner = expression.parts[1]  # type: ignore[attr-defined]
    assert (inner.span.column, inner.span.end_column) == (7, 8)


def test_places_are_those_of_the_text() -> None:
    expression = parsed("concat(a,\n  [ 10 ])")
    ten = expression.arguments[1].items[0]  # type: ignore[attr-defined]
    assert isinstance(ten, Literal)
    assert (ten.span.line, ten.span.column, ten.span.end_column) == (2, 5, 7)


@pytest.mark.parametrize("text", ["", "1 +", "[1", "${x}", "{ = 1 }", "a b"])
def test_what_is_no_expression_is_broken(text: str) -> None:
    assert isinstance(parsed(text), Broken)


def test_parentheses_cost_no_depth() -> None:
    assert value_of("(" * 500 + "7" + ")" * 500).raw == 7
