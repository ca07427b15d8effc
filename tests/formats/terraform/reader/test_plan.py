"""Plans and states: final values, what is only known after apply, and who that is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.files import MemoryTree
from auditor.formats.terraform.plan import load_plan
from auditor.formats.terraform.resources import Resource, Root
from auditor.formats.terraform.sources import Sources
from tests.formats.terraform.reader.reading import plain


def root_of(document: dict[str, Any] | str) -> Root:
    text = document if isinstance(document, str) else json.dumps(document, indent=1)
    return load_plan(Sources(MemoryTree({"plan.json": text})), "plan.json")


def change(address: str, after: dict[str, Any] | None, unknown: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    module, _, rest = address.rpartition("module.")
    if module or rest != address:
        head, _, tail = rest.partition(".")
        module, rest = f"{module}module.{head}", tail
    type_, _, name = rest.partition(".")
    name, _, key = name.partition("[")
    index = {"index": json.loads(key[:-1])} if key else {}
    body = {"actions": ["create"], "before": None, "after": after, "after_unknown": unknown or {}, **more}
    return {"address": address, "module_address": module, "mode": "managed", "type": type_, "name": name, **index, "change": body}


def resource(type_: str, name: str, **expressions: Any) -> dict[str, Any]:
    return {"address": f"{type_}.{name}", "mode": "managed", "type": type_, "name": name, "expressions": expressions}


def plan(changes: list[dict[str, Any]], configuration: dict[str, Any] | None = None) -> dict[str, Resource]:
    root = root_of({"format_version": "1.2", "resource_changes": changes, "configuration": {"root_module": configuration or {}}})
    return {each.address: each for each in root.resources(root.types())}


def refers(*names: str) -> dict[str, Any]:
    return {"references": list(names)}


def test_values_are_those_after_the_change() -> None:
    found = plan([change("r.a", {"n": 1, "f": 1.5, "s": "x", "b": True, "l": ["a"], "m": {"k": None}, "none": None})])["r.a"]
    assert [plain(found.get(name)) for name in ("n", "f", "s", "b", "l", "m", "none", "gone")] == [
        1,
        1.5,
        "x",
        True,
        ["a"],
        {"k": None},
        None,
        None,
    ]
    assert set(found.names()) == {"n", "f", "s", "b", "l", "m"}
    assert found.certain


def test_what_is_deleted_is_not_there() -> None:
    assert list(plan([change("r.a", None, actions=["delete"]), change("r.b", {}, actions=["delete", "create"])])) == ["r.b"]


def test_instances_have_their_keys() -> None:
    found = plan([change("r.a[0]", {}), change('module.m["x"].r.b["k"]', {})])
    assert [(each.key, each.module) for each in found.values()] == [(0, ""), ("k", 'module.m["x"]')]


def test_an_id_that_is_to_come_is_the_instance_it_belongs_to() -> None:
    found = plan([change("g.a", {}, {"id": True})])["g.a"]
    assert (found.get("id").reference, found.get("other").is_null) == ("g.a.id", True)


def test_a_reference_is_followed_to_the_resource() -> None:
    configuration = {"resources": [resource("g", "a"), resource("r", "b", group_id=refers("g.a.id", "g.a"))]}
    found = plan([change("g.a", {}, {"id": True}), change("r.b", {}, {"group_id": True})], configuration)
    assert found["r.b"].get("group_id").reference == "g.a.id"


MODULES = {
    "resources": [resource("r", "b", group_id=refers('module.m["x"].id', 'module.m["x"]'), one=refers("module.m"))],
    "module_calls": {
        "m": {
            "source": "./m",
            "for_each_expression": {"constant_value": {}},
            "expressions": {"peer": refers("g.root.id", "g.root"), "key": refers("each.key")},
            "module": {
                "outputs": {"id": {"expression": refers("g.a.id", "g.a")}},
                "resources": [resource("g", "a"), resource("r", "c", group_id=refers("var.peer"), text=refers("local.hidden"))],
            },
        }
    },
}
CHANGES = [
    change("g.root", {}, {"id": True}),
    change('module.m["x"].g.a', {}, {"id": True}),
    change('module.m["y"].g.a', {}, {"id": True}),
    change('module.m["x"].r.c', {}, {"group_id": True, "text": True}),
    change("r.b", {}, {"group_id": True, "one": True}),
]


def test_an_id_in_a_block_is_not_the_resources_own() -> None:
    changes = [change("t.b", {}, {"id": True}), change("i.a", {"template": [{}]}, {"id": True, "template": [{"id": True}]})]
    written = [resource("t", "b"), resource("i", "a", template=[{"id": refers("t.b.id", "t.b")}])]
    found = plan(changes, {"resources": written})["i.a"]
    assert (found.blocks("template")[0].get("id").reference, found.get("id").reference) == ("t.b.id", "i.a.id")


def test_what_is_made_along_with_a_resource_has_an_id_of_its_own() -> None:
    changes = [change("aws_vpc.v", {}, {"id": True}), change("r.a", {}, {"network_acl_id": True})]
    written = [resource("aws_vpc", "v"), resource("r", "a", network_acl_id=refers("aws_vpc.v.default_network_acl_id", "aws_vpc.v"))]
    assert plan(changes, {"resources": written})["r.a"].get("network_acl_id").reference == "aws_vpc.v.default_network_acl_id"


def test_references_are_followed_through_outputs_and_variables() -> None:
    found = plan(CHANGES, MODULES)
    assert found["r.b"].get("group_id").reference == 'module.m["x"].g.a.id'
    assert found['module.m["x"].r.c'].get("group_id").reference == "g.root.id"


def test_of_several_instances_it_is_one() -> None:
    value = plan(CHANGES, MODULES)["r.b"].get("one")
    assert value.reference is None
    assert {choice.reference for choice in value.hidden.choices} == {'module.m["x"].g.a.id', 'module.m["y"].g.a.id'}


def test_behind_a_local_value_may_be_anything() -> None:
    value = plan(CHANGES, MODULES)['module.m["x"].r.c'].get("text")
    assert (value.is_unknown, value.reference) == (True, None)


def test_the_instance_with_the_same_key_is_meant() -> None:
    configuration = {"resources": [resource("g", "a"), resource("r", "b", group_id=refers("g.a", "each.key"))]}
    changes = [change(f'g.a["{key}"]', {}, {"id": True}) for key in "xy"] + [change('r.b["y"]', {}, {"group_id": True})]
    assert plan(changes, configuration)['r.b["y"]'].get("group_id").reference == 'g.a["y"].id'


def test_each_value_is_what_for_each_goes_over() -> None:
    block = {**resource("r", "b", group_id=refers("each.value")), "for_each_expression": refers("g.a.id", "g.a", "g.c.id", "g.c")}
    changes = [change("g.a", {}, {"id": True}), change("g.c", {}, {"id": True}), change('r.b["y"]', {}, {"group_id": True})]
    value = plan(changes, {"resources": [resource("g", "a"), resource("g", "c"), block]})['r.b["y"]'].get("group_id")
    assert [choice.reference for choice in value.hidden.choices] == ["g.a.id", "g.c.id"]


def test_blocks_of_one_type_are_pooled() -> None:
    expressions = {"ingress": refers("aws_security_group.a.id", "aws_security_group.a", "var.port")}
    configuration = {"resources": [resource("aws_security_group", "a"), resource("aws_security_group", "b", **expressions)]}
    after = {"ingress": [{"from_port": 22, "security_groups": [None], "self": False}]}
    unknown = {"ingress": [{"security_groups": [True]}], "egress": True, "id": True}
    found = plan([change("aws_security_group.a", {}, {"id": True}), change("aws_security_group.b", after, unknown)], configuration)
    group = found["aws_security_group.b"]
    (entry,) = group.entries("ingress").items
    assert plain(entry.get("from_port")) == 22
    assert [each.reference for each in entry.get("security_groups").elements] == ["aws_security_group.a.id"]
    assert (group.entries("ingress").managed, group.entries("egress").managed) == (True, False)


def test_an_id_that_exists_is_the_resource_that_has_it() -> None:
    changes = [change("g.a", {"id": "sg-0123456789"}), change("r.b", {"group_id": "sg-0123456789", "text": "sg-0123456789"})]
    found = plan(changes)["r.b"]
    assert (found.get("group_id").reference, plain(found.get("text"))) == ("g.a.id", "sg-0123456789")


def test_a_state_has_the_same_resources() -> None:
    module = {"address": "module.m", "resources": [{"address": "module.m.r.b", "type": "r", "name": "b", "values": {"v": 2}}]}
    top = {"resources": [{"address": "data.d.x", "mode": "data", "type": "d", "name": "x", "values": {"v": 1}}], "child_modules": [module]}
    root = root_of({"format_version": "1.0", "values": {"root_module": top}})
    assert [plain(each.get("v")) for each in root.resources({"r"})] == [2]
    assert [plain(each.get("v")) for each in root.data({"d"})] == [1]


def test_places_are_those_in_the_json() -> None:
    found = plan([change("r.a", {"name": "x"}), change("r.b", {"name": "y"})])["r.b"]
    lines = json.dumps({"resource_changes": [change("r.a", {"name": "x"}), change("r.b", {"name": "y"})]}, indent=1).splitlines()
    address = next(number for number, line in enumerate(lines, 2) if '"address": "r.b"' in line)
    assert found.span.line == address
    assert found.span_of("name").line > address


def test_a_partial_plan_is_remarked_on() -> None:
    assert [note.trap for note in root_of({"complete": False}).notes()] == ["partial-plan"]
    assert [note.trap for note in root_of({"complete": True}).notes()] == []


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', "[" * 100_000, '{"a": 01}'])
def test_what_is_no_plan_says_so(text: str) -> None:
    root = root_of(text)
    assert [(note.trap, note.level) for note in root.notes()] == [("unparsable", "error")]
    assert list(root.resources({"r"})) == []


@pytest.mark.parametrize(
    "document",
    [
        {"resource_changes": [1, {}, {"address": 3}, {"address": "a.b"}, {"address": "a.b", "change": 1}]},
        {"resource_changes": [change("a.b", {"x": [{}]}, {"x": [True, 3]})], "configuration": []},
        {"resource_changes": [change("a.b", {}, {"x": True})], "configuration": {"root_module": {"resources": 3, "module_calls": []}}},
        {"planned_values": {"root_module": {"resources": [1], "child_modules": [None]}}},
        {"values": []},
    ],
)
def test_odd_plans_are_read_as_far_as_they_go(document: dict[str, Any]) -> None:
    root = root_of(document)
    for each in root.resources(root.types()):
        assert all(each.get(name) is not None for name in (*each.names(), "x"))


def test_references_in_a_circle_end() -> None:
    configuration = {
        "resources": [resource("r", "a", v=refers("module.m.o", "module.m"))],
        "module_calls": {
            "m": {
                "expressions": {"x": refers("module.m.o", "module.m")},
                "module": {"outputs": {"o": {"expression": refers("var.x")}}, "resources": [resource("r", "b")]},
            }
        },
    }
    found = plan([change("r.a", {}, {"v": True}), change("module.m.r.b", {})], configuration)
    assert found["r.a"].get("v").is_unknown
