"""Every value knows the narrowest text it is written in, and the way it took from there."""

from __future__ import annotations

from auditor.formats.terraform.modules import Options
from auditor.formats.terraform.values import Value
from tests.formats.terraform.reader.reading import plain, resources_of, root_of


def stations(value: Value) -> list[str]:
    return [f"{phrase} @{span.path}:{span.line}" for phrase, span in value.trail]


FILES: dict[str, str | bytes] = {
    "prod.tfvars": 'cidrs = [\n  "10.0.0.0/8",\n  "192.0.2.0/24",\n]\n',
    "m/main.tf": 'variable "allowed" {\n}\nlocals {\n  rules = [for c in var.allowed : { cidr = c }]\n}\n'
    'resource "r" "a" {\n  v = local.rules[1].cidr\n  w = [for r in local.rules : r.cidr]\n  x = cidrhost(var.allowed[0], 1)\n}\n',
}
TEXT = """\
variable "cidrs" {
  type = set(string)
}
module "m" {
  source  = "./m"
  allowed = tolist(var.cidrs)
}
"""


def test_a_value_comes_from_the_variable_file_through_module_and_local() -> None:
    root = root_of(TEXT, FILES, Options([("var-file", "prod.tfvars")]))
    value = resources_of(root)["module.m.r.a"].get("v")
    assert (plain(value), str(value.span)) == ("192.0.2.0/24", "prod.tfvars:3:3")
    assert stations(value) == [
        "variable cidrs @main.tf:1",
        "argument allowed of module.m @main.tf:6",
        "variable allowed @m/main.tf:1",
        "local.rules @m/main.tf:4",
    ]


def test_each_element_of_a_list_has_a_place_of_its_own() -> None:
    root = root_of(TEXT, FILES, Options([("var-file", "prod.tfvars")]))
    value = resources_of(root)["module.m.r.a"].get("w")
    assert [str(element.span) for element in value.elements] == ["prod.tfvars:2:3", "prod.tfvars:3:3"]


def test_a_computed_value_stands_where_it_is_computed_and_says_from_what() -> None:
    root = root_of(TEXT, FILES, Options([("var-file", "prod.tfvars")]))
    value = resources_of(root)["module.m.r.a"].get("x")
    assert (plain(value), str(value.span)) == ("10.0.0.1", "m/main.tf:9:7")
    assert stations(value)[:2] == ["made from @prod.tfvars:2", "variable cidrs @main.tf:1"]


def test_a_literal_has_no_way_behind_it() -> None:
    value = resources_of(root_of('resource "r" "a" {\n  v = ["x"]\n}\n'))["r.a"].get("v").elements[0]
    assert (str(value.span), stations(value)) == ("main.tf:2:8", [])


def test_what_is_decoded_from_a_file_stands_in_that_file() -> None:
    files: dict[str, str | bytes] = {
        "a.yaml": "rules:\n  - {cidr: 10.0.0.0/8}\n  - cidr: 192.0.2.0/24\n",
        "b.json": '[\n  {"cidr": "10.0.0.0/8"}\n]\n',
    }
    text = (
        'resource "r" "a" {\n  v = yamldecode(file("a.yaml")).rules[*].cidr\n  w = jsondecode(file("${path.module}/b.json"))[0].cidr\n}\n'
    )
    resource = resources_of(root_of(text, files))["r.a"]
    assert [str(element.span) for element in resource.get("v").elements] == ["a.yaml:2:12", "a.yaml:3:11"]
    assert str(resource.get("w").span) == "b.json:2:12"


def test_an_unknown_says_where_it_comes_from_and_where_it_is_written() -> None:
    text = 'variable "x" {\n}\nresource "r" "a" {\n  v = ["${var.x}/32"]\n}\n'
    value = resources_of(root_of(text))["r.a"].get("v").elements[0]
    assert (str(value.unknown.span), str(value.span)) == ("main.tf:1:1", "main.tf:4:8")
    assert value.unknown.reason == "variable x has no value"
    assert value.reference == '"${var.x}/32"'
