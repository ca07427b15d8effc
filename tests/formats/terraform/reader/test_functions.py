"""Functions where they are most easily got wrong; what each means in general is held to Terraform's own results elsewhere."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from auditor.formats.terraform.errors import Exhausted, Refused
from auditor.formats.terraform.functions import GROUP_OF, UNDECIDABLE
from auditor.formats.terraform.values import Cause
from tests.formats.terraform.reader.reading import plain, resources_of, root_of, traps, value_of


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1_000", "1_000"), ("0x10", 16), ("010", 10), ("0o17", 15), ("0b11", "0b11"), ("1e3", 1000), ("1.", 1), (".5", 0.5), ("+5", 5),
        ("-0x1F", "-0x1F"), ("~", None), ("y", True), ("Off", False), ("tRue", "tRue"), ("'on'", "on"), ("!!str 5", "5"), ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01T00:00:00Z"), ("1.2.3", "1.2.3"), ("99999999999999999999", 99999999999999999999),
    ],
)  # fmt: skip
def test_yaml_scalars_are_those_of_terraform(text: str, value: object) -> None:
    assert plain(value_of(f"yamldecode({json.dumps('k: ' + text)}).k")) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5: a", {"5": "a"}),
        ("on: a", {"true": "a"}),
        ("'on': a", {"on": "a"}),
        ("0x10: b", {"16": "b"}),
        ("a: 1\na: 2", {"a": 2}),
        ("<<: {a: 1}\nb: 2", {"a": 1, "b": 2}),
        ("- 1\n- b: 2", [1, {"b": 2}]),
    ],
)
def test_yaml_collections_are_those_of_terraform(text: str, value: object) -> None:
    assert plain(value_of(f"yamldecode({json.dumps(text)})")) == value


@pytest.mark.parametrize("text", ["", "a: 1\n---\nb: 2", "a: [", "a: !foo b", "~: e", "? [a]\n: b", "a: &x [*x]"])
def test_yaml_that_terraform_refuses_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        value_of(f"yamldecode({json.dumps(text)})")


@pytest.mark.parametrize(
    "value", ['{ b = [1, { c = "x", d = [] }], a = {} }', '["multi\\nline\\n", "two\\nlines", " x", null, true, "1"]', '"a"', "[[1], [[]]]"]
)
def test_yaml_that_is_written_reads_back(value: str) -> None:
    assert plain(value_of(f"yamldecode(yamlencode({value}))")) == plain(value_of(value))


@pytest.mark.parametrize(
    ("pattern", "text", "value"),
    [
        ("^([0-9]+)-([0-9]+)$", "80-81", ["80", "81"]),
        ("(?P<a>x)(?P<b>y)?", "x", {"a": "x", "b": None}),
        ("[[:alpha:]]+", "12ab", "ab"),
        ("a$", "a", "a"),
        ("(?i)ABC", "xabc", "abc"),
        ("\\\\d+", "a12", "12"),
        ("(?:[^/]+/)*x", "a/b/x", "a/b/x"),
    ],
)
def test_regular_expressions(pattern: str, text: str, value: object) -> None:
    assert plain(value_of(f'regex("{pattern}", "{text}")')) == value


@pytest.mark.parametrize("pattern", ["a(?=b)", "(a)\\\\1", "[a", "a**", "(?P<n>", "x{2,1}"])
def test_what_re2_does_not_know_is_refused(pattern: str) -> None:
    with pytest.raises(Refused):
        value_of(f'regex("{pattern}", "ab")')


@pytest.mark.parametrize(("pattern", "text"), [("(a|aa)+$", "a" * 60 + "b"), ("(a*)*b", "a" * 60), ("(.*)(.*)(.*)(.*)x", "a" * 2000)])
def test_a_search_that_could_take_ages_is_not_run(pattern: str, text: str) -> None:
    with pytest.raises(Exhausted):
        value_of(f'regex("{pattern}", "{text}")')


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ('formatdate("DD MMM YYYY hh:mm ZZZ", "2024-02-03T04:05:06Z")', "03 Feb 2024 04:05 UTC"),
        ('formatdate("EEEE, \'at\' H aa", "2024-02-03T14:05:06+02:00")', "Saturday, at 2 pm"),
        ('timeadd("2024-01-01T00:00:00Z", "-1h30m")', "2023-12-31T22:30:00Z"),
        ('timecmp("2024-01-01T00:00:00Z", "2024-01-01T01:00:00+01:00")', 0),
        ('title("hello big-world")', "Hello Big-World"),
        ('length("e\\u0301\\U0001F468\\u200D\\U0001F469")', 2),
        ('strrev("añb")', "bña"),
        ('cidrsubnet("fd00::/48", 16, 255)', "fd00:0:0:ff::/64"),
        ('cidrhost("10.0.0.0/8", -2)', "10.255.255.254"),
        ('cidrsubnets("10.1.0.0/16", 4, 4, 8, 4)', ["10.1.0.0/20", "10.1.16.0/20", "10.1.32.0/24", "10.1.48.0/20"]),
        ('parseint("-ff", 16)', -255),
        ("pow(2, 100)", 2**100),
        ("1 / 3 * 3 == 1", True),
        ('format("%-5s|%05.1f|%+d|%x|%q|%%", "a", 3.14159, 5, 255, "b")', 'a    |003.1|+5|ff|"b"|%'),
        ('jsonencode({ b = "<&>", a = [1.5, null] })', '{"a":[1.5,null],"b":"\\u003c\\u0026\\u003e"}'),
        ('urlencode("a b/c")', "a+b%2Fc"),
        ('textdecodebase64(textencodebase64("héllo", "UTF-16LE"), "UTF-16LE")', "héllo"),
        ('uuidv5("dns", "example.com")', "cfbff0d1-9375-5685-968c-48ce8b15ae17"),
        ('basename("a/b/")', "b"),
        ('templatestring("x${y}", { y = 1 })', "x1"),
        ('[for k, v in transpose({ a = ["x"], b = ["x"] }) : v][0]', ["a", "b"]),
    ],
)
def test_functions(call: str, value: object) -> None:
    call = call.replace('templatestring("x${', 'templatestring("x$${')
    assert plain(value_of(call)) == value


FILES: dict[str, str | bytes] = {"a/x.txt": "hi", "a/b/y.yaml": "y", "a/z.yml": "z", "big": b"x" * 2_000_000, "bin": b"\xff\x00"}


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ('file("a/../a/x.txt")', "hi"),
        ('fileexists("a/none")', False),
        ('fileset("a", "**/*.y*ml")', ["b/y.yaml", "z.yml"]),
        ('fileset("a", "*.{txt,yml}")', ["x.txt", "z.yml"]),
        ('fileset("none", "*")', []),
        ('filebase64("bin")', "/wA="),
        ('filemd5("a/x.txt")', "49f68a5c8493ec2c0bf489821c21fc3b"),
        ('filebase64sha256("a/x.txt")', "j0NDRmSPa5bfid2pAcUXaxCm2Dlh3TwayItZstwyeqQ="),
    ],
)
def test_files_of_the_tree_are_read(call: str, value: object) -> None:
    assert plain(value_of(call, FILES)) == value


@pytest.mark.parametrize("path", ["/etc/passwd", "../../etc/passwd", "~/.ssh/id_rsa", "a/../../x", "big"])
def test_files_outside_of_the_tree_or_too_large_are_not_read(path: str) -> None:
    root = root_of(f'resource "r" "a" {{\n  v = file("{path}")\n}}\n', FILES)
    value = resources_of(root)["r.a"].get("v")
    assert value.hidden.cause is Cause.FILE
    assert traps(root) == ["file-outside-root"]


@pytest.mark.parametrize("call", ['file("none")', 'file("bin")', 'templatefile("none", {})', 'templatefile("a/x.txt", 1)', 'file("a")'])
def test_files_that_terraform_could_not_read_are_errors(call: str) -> None:
    with pytest.raises(Refused):
        value_of(call, FILES)


@pytest.mark.parametrize("call", ["timestamp()", "uuid()", 'abspath(".")', "provider::x::y(1)", 'bcrypt("x")'])
def test_what_depends_on_the_run_is_unknown(call: str) -> None:
    assert value_of(call).hidden.cause is Cause.FUNCTION


@pytest.mark.parametrize(
    "expression",
    [
        "[for a in range(1000) : [for b in range(1000) : b]]",
        "setproduct(range(1000), range(1000))",
        'join("", [for a in range(1000) : join("", [for b in range(1000) : "xxxxxxxxxx"])])',
        "pow(9999999, 4096) * 2",
        "!" * 2000 + "true",
    ],
)
def test_what_would_take_too_much_is_not_evaluated(expression: str) -> None:
    with pytest.raises(Exhausted):
        value_of(f"try({expression}, 1)")


@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")
def test_every_function_of_terraform_is_known() -> None:
    printed = subprocess.run(["terraform", "metadata", "functions", "-json"], capture_output=True, text=True, check=True).stdout
    names = {name.removeprefix("core::") for name in json.loads(printed)["function_signatures"]}
    assert names <= GROUP_OF.keys() | UNDECIDABLE | {"try", "can"}
