"""Terraform's functions, grouped by what they are about; a group is imported when one of its functions is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module

from auditor.formats.terraform.errors import Refused
from auditor.formats.terraform.functions.signature import Context, Function, apply
from auditor.formats.terraform.scope import Scope
from auditor.formats.terraform.symbols import unsettled
from auditor.formats.terraform.syntax import Call
from auditor.formats.terraform.types import ANY, STRING
from auditor.formats.terraform.values import Cause, Value, unknown

GROUPS: Mapping[str, str] = {
    "collections": "chunklist coalesce coalescelist compact concat contains distinct element flatten index keys length lookup matchkeys "
    "merge one reverse slice sort transpose values zipmap alltrue anytrue",
    "sets": "setintersection setproduct setsubtract setunion",
    "conversions": "tobool tolist tomap tonumber toset tostring sensitive nonsensitive issensitive ephemeralasnull",
    "strings": "chomp endswith indent join lower replace split startswith strcontains strrev substr title trim trimprefix trimspace "
    "trimsuffix upper",
    "formatting": "format formatlist",
    "patterns": "regex regexall",
    "arithmetic": "abs ceil floor log max min parseint pow range signum sum",
    "networks": "cidrhost cidrnetmask cidrsubnet cidrsubnets",
    "encoding": "base64decode base64encode base64gzip csvdecode jsondecode jsonencode textdecodebase64 textencodebase64 urlencode",
    "yaml": "yamldecode yamlencode",
    "hashes": "base64sha256 base64sha512 md5 sha1 sha256 sha512 uuidv5",
    "files": "basename dirname file filebase64 filebase64sha256 filebase64sha512 fileexists filemd5 fileset filesha1 filesha256 "
    "filesha512 templatefile templatestring",
    "dates": "formatdate timeadd timecmp",
}
GROUP_OF = {name: group for group, names in GROUPS.items() for name in names.split()}
UNDECIDABLE = frozenset(["abspath", "bcrypt", "pathexpand", "plantimestamp", "rsadecrypt", "timestamp", "uuid"])
"""What these give depends on when and where Terraform runs."""


def call(name: str, arguments: Sequence[Value], expression: Call, scope: Scope) -> Value:
    """The result of calling `name`. Raises `Refused`."""
    group = GROUP_OF.get(name)
    if group is None:
        if name in UNDECIDABLE:
            return unknown(f"{name}() depends on where and when Terraform runs", Cause.FUNCTION, STRING, place=expression)
        if name.startswith("provider::"):
            return unsettled([unknown(f"{name} is a function of a provider", Cause.FUNCTION, place=expression)], ANY, expression)
        raise Refused(f'there is no function "{name}"', expression)
    functions: Mapping[str, Function] = import_module(f"auditor.formats.terraform.functions.{group}").FUNCTIONS
    return apply(functions[name], arguments, Context(expression, scope))
