"""Random expressions, types mixed on purpose, mean what the terraform that is installed makes of them: the same value, or both refuse."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from auditor.files import MemoryTree
from auditor.formats.terraform.errors import Exhausted, Refused
from auditor.formats.terraform.evaluate import evaluate
from auditor.formats.terraform.modules import Options, RootModule
from auditor.formats.terraform.sources import Sources
from tests.conformance.test_terraform_expressions import plain, same

pytestmark = pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")

VARIABLES = """
variable "l" {
  type    = list(string)
  default = ["b", "a", "", "10.0.0.0/8"]
}
variable "m" {
  type    = map(number)
  default = { k = 1, z = 22 }
}
variable "o" {
  type    = list(object({ name = string, port = optional(number, 22), nets = optional(list(string)) }))
  default = [{ name = "ssh" }, { name = "web", port = 443, nets = ["::/0"] }]
}
variable "none" {
  type    = string
  default = null
}
"""
TEXTS = ['"a"', '""', '"5"', '"10.1.2.0/24"', '"fd00::/56"', '"a,b,,c"', '"Ünï"', '"true"', "var.none", "var.l[0]", "null", '"x\\ny"']
NUMBERS = ["0", "1", "2", "-1", "2.5", "443", "0.1", "var.m.k", "null", '"3"']
TRUTHS = ["true", "false", '"true"', "null", "var.l[0] == null"]
LISTS = [
    "[]",
    '["a", "b", "a"]',
    "var.l",
    "[1, 2.5]",
    'toset(["b", "a"])',
    "var.o",
    '[null, "a"]',
    '[["a"], "b"]',
    '[1, "a", true]',
    "range(3)",
]
MAPS = ["{}", "var.m", '{ a = 1, b = "x" }', "var.o[0]", "{ a = null }", '{ a = ["x"], b = [] }', 'tomap({ k = "v" })', '{ "b c" = true }']
WHOLE = ["0", "1", "2", "-1", "3"]
PATTERNS = ["[a-z]+", "(a)|(b)", "(?P<x>.)", "^a$", "[0-9.]+/[0-9]+", "a*", "("]
VERBS = ['"%s"', '"%d"', '"%v"', '"%05.1f"', '"%q"', '"%-4s|"', '"%x"', '"%%%s"', '"%s%s"']
FORMS = {
    "text": (
        '"p-${A}" ; format(V, A) ; join(T, L) ; replace(T, T, T) ; replace(T, "/P/", "[$0]") ; substr(T, W, W) ; upper(T) ; title(T)'
        ' ; trimspace(T) ; jsonencode(A) ; cidrsubnet(T, W, W) ; cidrhost(T, W) ; tostring(A) ; "%{ if B }${T}%{ endif }" ; trim(T, T)'
        ' ; "%{ for x in L }${x},%{ endfor }" ; element(L, W) ; base64encode(T) ; lookup(M, T, T) ; coalesce(T, T) ; one(L)'
    ),
    "number": "N + N ; N * N ; N / N ; N % N ; length(A) ; max(N, N) ; min(L...) ; sum(L) ; index(L, A) ; tonumber(A) ; floor(N)",
    "truth": 'A == A ; L == L ; M != M ; N < N ; contains(L, A) ; can(A) ; alltrue(L) ; startswith(T, T) ; !B ; can(regex("P", T))',
    "list": (
        "concat(L, L) ; compact(L) ; sort(L) ; distinct(L) ; flatten([L, A]) ; keys(M) ; values(M) ; split(T, T) ; [for x in L : [x]]"
        " ; [for k, v in M : k] ; [for x in L : x if x != T] ; setproduct(L, L) ; toset(A) ; tolist(A) ; slice(L, W, W) ; chunklist(L, W)"
        ' ; setunion(L, L) ; setsubtract(L, L) ; reverse(L) ; A[*] ; L[*].name ; B ? L : L ; [A, A] ; regexall("P", T) ; coalescelist(L, L)'
    ),
    "map": "merge(M, M) ; { for x in L : x => x... } ; zipmap(L, L) ; tomap(A) ; { a = A, b = A } ; B ? M : M ; transpose(M) ; B ? A : A",
}
LEAVES = {"text": TEXTS, "number": NUMBERS, "truth": TRUTHS, "list": LISTS, "map": MAPS}
WORDS = {"W": WHOLE, "P": PATTERNS, "V": VERBS}
KINDS = {"T": "text", "N": "number", "B": "truth", "L": "list", "M": "map"}


def expression(rng: random.Random, kind: str, depth: int) -> str:
    if rng.random() < 0.06:
        kind = rng.choice(list(FORMS))
    if depth == 0 or rng.random() < 0.15:
        return rng.choice(LEAVES[kind])

    def part(letter: str) -> str:
        if letter in WORDS:
            return rng.choice(WORDS[letter])
        inner = rng.choice(list(FORMS)) if letter == "A" else KINDS.get(letter)
        return f"({expression(rng, inner, depth - 1)})" if inner else letter

    return "".join(part(letter) for letter in rng.choice(FORMS[kind].split(" ; ")))


def planned(directory: Path, expressions: list[str]) -> list[Any]:
    """What terraform makes of each: its value in a list, or None where it refuses."""
    outputs = "".join(f'output "o{number}" {{\n  value = try([{text}], null)\n}}\n' for number, text in enumerate(expressions))
    (directory / "main.tf").write_text(VARIABLES + outputs)
    run = ["terraform", f"-chdir={directory}"]
    plan = subprocess.run([*run, "plan", "-no-color", "-input=false", "-out=it"], capture_output=True, text=True, check=False)
    assert plan.returncode == 0, plan.stderr
    shown = subprocess.run([*run, "show", "-json", "it"], capture_output=True, text=True, check=True).stdout
    found = json.loads(shown)["planned_values"]["outputs"]
    return [found[f"o{number}"].get("value") for number in range(len(expressions))]


def ours(expressions: list[str]) -> list[Any]:
    """The same here; `...` for what is left open."""
    text = VARIABLES + "locals {\n" + "".join(f"  o{number} = [{text}]\n" for number, text in enumerate(expressions)) + "}\n"
    module = RootModule(Sources(MemoryTree({"main.tf": text})), "", Options()).module
    found: list[Any] = []
    for number in range(len(expressions)):
        try:
            value = evaluate(module.source.locals[f"o{number}"].expression, module.scope)
        except Exhausted:
            found.append(...)
        except Refused:
            found.append(None)
        else:
            found.append(plain(value) if value.wholly_known else ...)
    return found


def test_random_expressions_mean_what_terraform_makes_of_them(tmp_path: Path) -> None:
    rng = random.Random(11)
    expressions = [expression(rng, rng.choice(list(FORMS)), rng.choice((1, 2, 2))) for _ in range(400)]
    theirs = planned(tmp_path, expressions)
    assert sum(value is not None for value in theirs) > 150
    pairs = list(zip(expressions, ours(expressions), theirs, strict=True))
    assert [pair for pair in pairs if pair[1] is not ... and not same(pair[1], pair[2])] == []
    assert sum(pair[1] is ... for pair in pairs) <= 2
