"""Modules: which are roots, what instances they have, and how values pass between them."""

from __future__ import annotations

import json

import pytest

from auditor.files import MemoryTree
from auditor.formats.terraform import FORMAT
from auditor.formats.terraform.modules import Options, find_roots
from auditor.formats.terraform.resources import Resource
from auditor.formats.terraform.sources import Sources
from tests.formats.terraform.reader.reading import plain, resources_of, root_of, traps

R = 'resource "r" "a" {\n  v = %s\n}\n'


def roots(**calls: str) -> tuple[str, ...]:
    files: dict[str, str | bytes] = {}
    for directory, called in calls.items():
        body = "".join(f'module "m{i}" {{\n  source = "{source}"\n}}\n' for i, source in enumerate(called.split()))
        files[f"{directory.replace('_', '/')}/main.tf"] = body + R % 1
    return find_roots(Sources(MemoryTree(files)), list(files))


def test_a_directory_that_nobody_calls_is_a_root() -> None:
    assert roots(a="../b", b="./c", b_c="", d="") == ("a", "d")


def test_examples_that_call_the_module_above_are_roots() -> None:
    assert roots(m="", m_examples_x="../..", m_examples_y="../../") == ("m/examples/x", "m/examples/y")


def test_of_a_circle_of_callers_one_is_a_root() -> None:
    assert roots(a="../b", b="../a", c="../c") == ("a", "c")


def test_installed_modules_are_no_roots() -> None:
    files: dict[str, str | bytes] = {"main.tf": R % 1, ".terraform/modules/x/main.tf": R % 2}
    assert find_roots(Sources(MemoryTree(files)), list(files)) == ("",)


@pytest.mark.parametrize(
    ("repetition", "addresses"),
    [
        ("", ["r.a"]),
        ("count = 2", ["r.a[0]", "r.a[1]"]),
        ('count = "1"', ["r.a[0]"]),
        ("count = 0", []),
        ('for_each = { b = 1, "a\\"b" = 2 }', ['r.a["a\\"b"]', 'r.a["b"]']),
        ('for_each = toset(["x", "x"])', ['r.a["x"]']),
        ("for_each = {}", []),
    ],
)
def test_instances_have_addresses(repetition: str, addresses: list[str]) -> None:
    root = root_of(f'resource "r" "a" {{\n  {repetition}\n}}\n')
    found = resources_of(root)
    assert list(found) == addresses
    assert all(resource.certain for resource in found.values())
    assert traps(root) == []


@pytest.mark.parametrize(
    "repetition", ["count = null", "count = -1", "count = 1.5", "count = true", "count = 100000", 'for_each = ["a"]', "for_each = null"]
)
def test_a_repetition_that_terraform_refuses_is_neither_none_nor_one(repetition: str) -> None:
    root = root_of(f'resource "r" "a" {{\n  {repetition}\n}}\n')
    (resource,) = resources_of(root).values()
    assert (resource.address, resource.certain) == ("r.a[?]", False)
    assert traps(root) == ["evaluation-error"]


def test_instances_that_cannot_be_counted_are_not_certain() -> None:
    root = root_of('variable "n" {\n  type = number\n}\nresource "r" "a" {\n  count = var.n\n  v     = count.index\n}\n')
    (resource,) = resources_of(root).values()
    assert (resource.address, resource.certain, resource.get("v").is_unknown) == ("r.a[?]", False, True)
    assert resource.doubt is not None
    assert resource.doubt.reference == "var.n"


def test_one_or_none_is_known_to_be_at_most_one() -> None:
    root = root_of('variable "on" {\n  type = bool\n}\nresource "r" "a" {\n  count = var.on ? 1 : 0\n}\n')
    (resource,) = resources_of(root).values()
    assert (resource.address, resource.certain) == ("r.a[0]", False)


def test_unknown_values_under_known_keys_are_exact_in_number() -> None:
    root = root_of('variable "u" {}\nresource "r" "a" {\n  for_each = { x = var.u, y = 1 }\n  v = each.value\n}\n')
    found = resources_of(root)
    assert [resource.certain for resource in found.values()] == [True, True]
    assert found['r.a["x"]'].get("v").reference == "var.u"


def test_a_count_that_only_apply_knows_is_remarked_on() -> None:
    root = root_of('resource "r" "b" {\n}\nresource "r" "a" {\n  count = r.b.size\n}\n')
    resources_of(root)
    assert traps(root) == ["computed-count"]


def test_as_many_as_another_resource_that_a_variable_counts_are_not_refused() -> None:
    root = root_of("""
variable "machines" { type = map(string) }
resource "aws_instance" "a" { for_each = { for name, kind in var.machines : name => kind } }
resource "aws_security_group" "b" { for_each = aws_instance.a }
""")
    resources_of(root)
    assert traps(root) == ["unset-variable"]


REFERENCES = """
    resource "r" "one" {
      name = "n"
    }
    resource "r" "many" {
      count = 2
      name  = "n${count.index}"
    }
    resource "r" "keyed" {
      for_each = toset(["k"])
    }
    data "d" "x" {
      name = "d"
    }
    locals {
      it = %s
    }
    resource "r" "it" {
      v = local.it
    }
    """


@pytest.mark.parametrize(
    ("expression", "reference"),
    [
        ("r.one.id", "r.one.id"),
        ("r.many[1].id", "r.many[1].id"),
        ("r.many.0.id", "r.many[0].id"),
        ('r.keyed["k"].id', 'r.keyed["k"].id'),
        ("r.many.*.id[1]", "r.many[1].id"),
        ('concat(r.many.*.id, [""])[0]', "r.many[0].id"),
        ("one(r.one[*].id)", "r.one.id"),
        ("element(r.many.*.id, 3)", "r.many[1].id"),
        ('try(r.keyed["k"].id, null)', 'r.keyed["k"].id'),
        ("values(r.keyed)[0].id", 'r.keyed["k"].id'),
        ("[for k, v in r.keyed : v.id][0]", 'r.keyed["k"].id'),
        ('lookup({ a = r.one.id }, "a", "")', "r.one.id"),
        ('coalesce(r.one.id, "x")', "r.one.id"),
        ('compact(["", r.one.id])[0]', "r.one.id"),
        ("flatten([[r.one.id]])[0]", "r.one.id"),
        ('r.one.id == null ? "x" : r.one.id', "r.one.id"),
        ("data.d.x.id", "data.d.x.id"),
        ('"${r.one.ip}/32"', '"${r.one.ip}/32"'),
    ],
)
def test_the_id_of_an_instance_keeps_its_symbol(expression: str, reference: str) -> None:
    assert resources_of(root_of(REFERENCES % expression))["r.it"].get("v").reference == reference


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("r.one.name", "n"),
        ("r.many[1].name", "n1"),
        ("data.d.x.name", "d"),
        ("r.many[*].name", ["n0", "n1"]),
        ("length(r.many)", 2),
        ("keys(r.keyed)", ["k"]),
    ],
)
def test_an_argument_that_is_written_has_its_value(expression: str, value: object) -> None:
    assert plain(resources_of(root_of(REFERENCES % expression))["r.it"].get("v")) == value


@pytest.mark.parametrize(
    "expression", ["r.one[0].id", "r.many.id", "r.keyed.id", "r.keyed[*].id", "r.gone.id", "module.gone.x", "each.key", "data.d"]
)
def test_references_that_terraform_refuses_are_unknown(expression: str) -> None:
    root = root_of(REFERENCES % expression)
    assert resources_of(root)["r.it"].get("v").is_unknown
    assert traps(root) == ["evaluation-error"]


CHILD: dict[str, str | bytes] = {
    "m/main.tf": 'variable "v" {\n  default = "d"\n}\nresource "r" "a" {\n  v = var.v\n}\noutput "id" {\n  value = r.a.id\n}\n'
}


def calling(body: str, use: str = "1") -> dict[str, Resource]:
    return resources_of(root_of(f'module "m" {{\n  source = "./m"\n  {body}\n}}\nresource "r" "it" {{\n  v = {use}\n}}\n', CHILD))


def test_a_module_is_evaluated_for_each_call() -> None:
    found = calling('for_each = { x = "1", y = "2" }\n  v = each.value')
    assert [plain(found[f'module.m["{key}"].r.a'].get("v")) for key in ("x", "y")] == ["1", "2"]


@pytest.mark.parametrize(
    ("body", "use", "reference"),
    [
        ("", "module.m.id", "module.m.r.a.id"),
        ("count = 2", "module.m[1].id", "module.m[1].r.a.id"),
        ("count = 1", "one(module.m[*].id)", "module.m[0].r.a.id"),
        ('for_each = toset(["k"])', 'module.m["k"].id', 'module.m["k"].r.a.id'),
        ('for_each = toset(["k"])', "{ for k, m in module.m : k => m.id }.k", 'module.m["k"].r.a.id'),
    ],
)
def test_outputs_keep_symbols(body: str, use: str, reference: str) -> None:
    assert calling(body, use)["r.it"].get("v").reference == reference


def test_a_module_that_may_not_exist_makes_its_resources_uncertain() -> None:
    root = root_of('variable "on" {}\nmodule "m" {\n  source = "./m"\n  count  = var.on ? 1 : 0\n}\n', CHILD)
    (resource,) = resources_of(root).values()
    assert (resource.address, resource.certain) == ("module.m[0].r.a", False)


def test_a_missing_required_argument_is_an_error() -> None:
    root = root_of('module "m" {\n  source = "./m"\n}\n', {"m/main.tf": 'variable "v" {\n}\n' + R % "var.v"})
    assert "required variable" in resources_of(root)["module.m.r.a"].get("v").unknown.reason


def test_a_module_that_is_not_here_is_listed_and_its_outputs_are_symbols() -> None:
    text = 'module "m" {\n  source  = "a/b/c"\n  version = "~> 1.0"\n  count   = 1\n  id      = r.it.id\n}\n'
    root = root_of(text + 'resource "r" "it" {\n  v = module.m[0].out.x\n}\n')
    (missing,) = root.missing_modules()
    assert (missing.address, missing.source, missing.version, missing.certain) == ("module.m[0]", "a/b/c", "~> 1.0", True)
    assert missing.get("id").reference == "r.it.id"
    value = resources_of(root)["r.it"].get("v")
    assert (value.reference, value.unknown.reason) == ("module.m[0].out.x", "module.m[0] is not installed")


@pytest.mark.parametrize("source", ["./gone", "../outside", "../../etc"])
def test_a_local_module_that_is_not_there_is_missing(source: str) -> None:
    assert len(root_of(f'module "m" {{\n  source = "{source}"\n}}\n').missing_modules()) == 1


def manifest(source: str) -> dict[str, str | bytes]:
    entries = [{"Key": "", "Source": "", "Dir": "."}, {"Key": "m", "Source": source, "Version": "1.0.0", "Dir": ".terraform/modules/m/sub"}]
    return {".terraform/modules/modules.json": json.dumps({"Modules": entries}), ".terraform/modules/m/sub/main.tf": R % "path.module"}


def test_an_installed_module_is_read_where_the_manifest_says() -> None:
    root = root_of('module "m" {\n  source = "a/b/c//sub"\n}\n', manifest("registry.terraform.io/a/b/c//sub"))
    assert plain(resources_of(root)["module.m.r.a"].get("v")) == ".terraform/modules/m/sub"


def test_a_manifest_of_another_source_does_not_count() -> None:
    root = root_of('module "m" {\n  source = "a/b/c"\n}\n', manifest("registry.terraform.io/x/y/z"))
    assert len(root.missing_modules()) == 1


@pytest.mark.parametrize(
    "text", ["", "[]", '{"Modules": 1}', '{"Modules": [1, {"Key": "m"}]}', '{"Modules": [{"Key": "m", "Source": "a/b/c", "Dir": "../.."}]}']
)
def test_a_manifest_that_makes_no_sense_is_none(text: str) -> None:
    root = root_of('module "m" {\n  source = "a/b/c"\n}\n', {".terraform/modules/modules.json": text})
    assert len(root.missing_modules()) == 1


def test_a_module_that_calls_itself_is_refused_and_still_read() -> None:
    root = root_of('module "m" {\n  source = "./."\n}\n' + R % 1)
    assert list(resources_of(root)) == ["r.a"]
    assert "calls itself" in root.notes()[0].message


def test_modules_that_double_at_every_level_are_cut_off() -> None:
    files: dict[str, str | bytes] = {
        f"m{i}/main.tf": "".join(f'module "{name}" {{\n  source = "../m{i + 1}"\n}}\n' for name in "ab") for i in range(18)
    }
    root = root_of(more={**files, "m18/main.tf": R % 1}, directory="m0")
    assert 100 < len(resources_of(root)) < 2_000
    assert any("module instances" in note.message for note in root.notes())


@pytest.mark.parametrize("definition", ["a = local.a", "a = local.b\n  b = [local.a]", "a = var.x\n  b = local.a", "a = r.a.v"])
def test_a_definition_that_needs_itself_is_an_error(definition: str) -> None:
    root = root_of(f'locals {{\n  {definition}\n}}\nvariable "x" {{\n  default = 1\n}}\nresource "r" "a" {{\n  v = local.a\n}}\n')
    value = resources_of(root)["r.a"].get("v")
    if "var.x" in definition:
        assert plain(value) == 1
    else:
        assert "depends on itself" in value.unknown.reason


def test_override_files_replace_arguments_and_whole_block_types() -> None:
    blocks = "b {\n    x = 1\n  }\n  b {\n    x = 2\n  }\n  c {\n    x = 3\n  }\n"
    base = f'resource "r" "a" {{\n  v = 1\n  w = 1\n  {blocks}}}\nlocals {{\n  l = 1\n}}\n'
    top = 'resource "r" "a" {\n  w = local.l\n  b {\n    x = 9\n  }\n}\nlocals {\n  l = 2\n}\n'
    resource = resources_of(root_of(base, {"x_override.tf": top}))["r.a"]
    assert [plain(resource.get(name)) for name in ("v", "w")] == [1, 2]
    assert [plain(block.get("x")) for block in resource.blocks("b")] == [9]
    assert [plain(block.get("x")) for block in resource.blocks("c")] == [3]


@pytest.mark.parametrize(
    ("name", "value"),
    [("override.tf", 2), ("a.b_override.tf", 2), ("x_override.tf.json", 2), ("x_override.auto.tf", 1), ("my-override.tf", 1)],
)
def test_an_override_file_is_one_by_the_end_of_its_name(name: str, value: int) -> None:
    text = '{"variable": {"v": {"default": 2}}}' if name.endswith(".json") else 'variable "v" {\n  default = 2\n}\n'
    root = root_of('variable "v" {\n  default = 1\n}\n' + R % "var.v", {name: text})
    assert plain(resources_of(root)["r.a"].get("v")) == value
    assert (traps(root) == []) is (value == 2)


def test_a_file_whose_name_begins_with_a_hash_is_read() -> None:
    assert FORMAT.claims("#x.tf", b"")
    assert plain(resources_of(root_of("", {"#x.tf": R % 1}))["r.a"].get("v")) == 1


def test_an_override_of_nothing_is_refused() -> None:
    (note,) = root_of("", {"main.tf": "", "override.tf": R % 1}).notes()
    assert "to override" in note.message


def test_opentofu_prefers_its_own_file() -> None:
    root = root_of(R % 1, {"main.tofu": R % 2, "x.tf.bak": "(", ".hidden.tf": "(", "y.tf~": "("})
    assert plain(resources_of(root)["r.a"].get("v")) == 2


@pytest.mark.parametrize(
    ("options", "value"),
    [({".terraform/modules/modules.json": "{}"}, "default"), ({".terraform/environment": "prod\n"}, "prod")],
)
def test_the_workspace_is_the_one_selected(options: dict[str, str | bytes], value: str) -> None:
    assert plain(resources_of(root_of(R % "terraform.workspace", options))["r.a"].get("v")) == value


def test_where_nobody_selected_a_workspace_it_is_the_default_one_and_that_is_said() -> None:
    root = root_of(R % "[terraform.workspace, terraform.workspace]")
    assert plain(resources_of(root)["r.a"].get("v")) == ["default", "default"]
    assert traps(root) == ["default-workspace"]
    chosen = root_of(R % "terraform.workspace", options=Options(environment={"TF_WORKSPACE": "prod"}))
    assert plain(resources_of(chosen)["r.a"].get("v")) == "prod"


def test_only_what_is_asked_for_is_evaluated() -> None:
    root = root_of('locals {\n  bad = 1 / 0 * "x"\n}\nresource "r" "a" {\n  v = local.bad\n}\nresource "s" "b" {\n  v = 1\n}\n')
    assert [plain(resource.get("v")) for resource in root.resources({"s"})] == [1]
    assert root.notes() == ()
    assert root.types() == {"r", "s"}
