"""The condition language: what it reads, what it means, what it refuses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.record import dataclass
from auditor.policy.conditions import All, Any, Asks, Compare, Condition, Not, Value, holds, parse_condition, parts, text_of, version


@dataclass(frozen=True)
class Known:
    """Facts as a test states them."""

    roles: tuple[str, ...] = ()
    free: tuple[str, ...] = ()

    def bound(self, role: str) -> bool:
        return role in self.roles

    def unfiltered(self, *roles: str) -> bool:
        return set(roles) <= set(self.free)


VALUES: dict[str, Value] = {"cni": "cilium", "nodeport": False, "hosts": ("a", "b"), "release": "1.10", "count": 9, "unset": ""}


NOTHING = Known()


def true(text: str, facts: Known = NOTHING) -> bool:
    return holds(parse_condition(text), VALUES, facts)


def test_a_bare_parameter_is_asked_whether_it_is_true() -> None:
    assert not true("nodeport")
    assert true("not nodeport")


def test_values_compare_by_their_text() -> None:
    assert true("cni == cilium")
    assert true("cni != calico")
    assert true("count == 9")
    assert true("nodeport == false")


def test_a_value_can_be_one_of_several() -> None:
    assert true("cni in [calico, cilium]")
    assert not true("cni in [calico]")


def test_versions_order_by_number_and_an_unset_one_satisfies_nothing() -> None:
    assert true("release >= 1.9")
    assert true("release < 1.10.1")
    assert true("count > 8")
    assert not true("unset >= 1.0")
    assert not true("unset < 99")


def test_facts_are_asked_of_the_run() -> None:
    assert true("bound admin", Known(roles=("admin",)))
    assert not true("bound admin")
    assert true("unfiltered node", Known(free=("node",)))


def test_and_binds_closer_than_or_and_not_closest() -> None:
    assert true("cni == cilium or nodeport and nodeport")
    assert not true("(cni == cilium or nodeport) and nodeport")
    assert true("not nodeport and cni == cilium")


def test_no_condition_is_true() -> None:
    assert holds(None, {}, Known())


def test_the_parts_of_a_condition_are_its_comparisons_and_questions() -> None:
    assert list(parts(parse_condition("not (cni == cilium and bound admin) or nodeport"))) == [
        Compare("cni", "==", "cilium"),
        Asks("bound", "admin"),
        Compare("nodeport", "==", True),
    ]


@pytest.mark.parametrize(
    "text",
    ["", "not", "and cni", "cni ==", "(cni", "cni)", "cni in []", "cni in [a", "bound", "bound ==", "cni & x", "a b", "a or " * 90],
)
def test_what_is_no_condition_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(ValueError, match="condition"):
        parse_condition(text)


def test_no_depth_of_parentheses_overflows() -> None:
    with pytest.raises(ValueError, match="too long"):
        parse_condition("(" * 5000 + "cni" + ")" * 5000)


names = st.sampled_from(["cni", "nodeport", "release"])
leaves: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Compare, names, st.sampled_from(["==", "!=", "<", ">="]), st.sampled_from(["cilium", "1.10", 7])),
    st.builds(Compare, names, st.just("in"), st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=3).map(tuple)),
    st.builds(Asks, st.sampled_from(["bound", "unfiltered"]), st.sampled_from(["admin", "node"])),
    st.builds(lambda name: Compare(name, "==", True), names),
)


def nested(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Not, inner),
        several.map(lambda found: All(tuple(each for each in found if not isinstance(each, All)) or found)),
        several.map(lambda found: Any(tuple(each for each in found if not isinstance(each, Any)) or found)),
    )


@given(st.recursive(leaves, nested, max_leaves=8), st.booleans())
def test_a_condition_written_out_means_the_same(condition: Condition, nodeport: bool) -> None:
    values = {**VALUES, "nodeport": nodeport}
    facts = Known(roles=("admin",))
    assert holds(parse_condition(text_of(condition)), values, facts) == holds(condition, values, facts)


def test_a_version_is_its_numbers_before_any_suffix() -> None:
    assert version("v1.10.2-rc.1") == (1, 10, 2)
