"""Functions that read files: only regular files of the tree that is checked, never one outside, each at most once.

A file outside the tree is an unknown value with its path as reason; one inside that does not exist is an error, as in Terraform.
"""

from __future__ import annotations

import base64
import posixpath
import re
from collections.abc import Callable, Mapping

from auditor.files import Unreadable, normalise
from auditor.formats.terraform.errors import Exhausted, Refused, Undecided
from auditor.formats.terraform.functions.hashes import hashed
from auditor.formats.terraform.functions.signature import PARTLY, TEXT, Context, Function
from auditor.formats.terraform.places import Place, SourceFile
from auditor.formats.terraform.scope import MAX_FILES, NoNames, Scope
from auditor.formats.terraform.types import BOOL, MAPPINGS, STRING, set_of
from auditor.formats.terraform.values import Cause, Value, boolean, set_value, string, unknown

MAX_BYTES = 1024 * 1024
MAX_LISTED = 10_000


def _path(context: Context, path: Value) -> str:
    """A path of the tree. Raises `Undecided` for one outside."""
    text = str(path.raw)
    try:
        if text.startswith(("/", "~")):
            raise Unreadable("leads out of the directory that is being checked")
        return normalise(posixpath.join(context.scope.directory, text))
    except Unreadable as error:
        raise Undecided(unknown(f"{text} {error}", Cause.FILE, place=context.place)) from None


def _read(context: Context, path: Value) -> tuple[str, bytes]:
    where = _path(context, path)
    tree = context.scope.tree
    if not tree.exists(where):
        raise Refused(f'there is no file "{path.raw}"', path.place)
    budget = context.scope.budget
    budget.files += 1
    if budget.files > MAX_FILES:
        raise Undecided(unknown(f"more than {MAX_FILES} files are not read", Cause.LIMIT, place=context.place))
    try:
        data = tree.read_bytes(where)
    except Unreadable as error:
        raise Undecided(unknown(f"{path.raw} {error}", Cause.FILE, place=context.place)) from None
    if len(data) > MAX_BYTES:
        raise Undecided(unknown(f"{path.raw} is larger than {MAX_BYTES // 1024} KiB", Cause.FILE, place=context.place))
    return where, data


def _file(context: Context, path: Value) -> Value:
    where, data = _read(context, path)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise Refused(f"{path.raw} is not UTF-8 text", path.place) from None
    return string(text, Place(SourceFile(where, data), 0, len(data)))


def _filebase64(context: Context, path: Value) -> Value:
    return string(base64.b64encode(_read(context, path)[1]).decode())


def _hash_of_file(name: str) -> Function:
    def run(context: Context, path: Value) -> Value:
        return string(hashed(name, _read(context, path)[1]))

    return Function(run, (TEXT,), STRING, local=True)


def _fileexists(context: Context, path: Value) -> Value:
    return boolean(context.scope.tree.exists(_path(context, path)))


def _fileset(context: Context, directory: Value, pattern: Value) -> Value:
    base = _path(context, directory)
    prefix = "" if base == "." else base + "/"
    wanted = _glob(str(pattern.raw))
    names = [path.removeprefix(prefix) for path in context.scope.tree.paths() if path.startswith(prefix)]
    found = [name for name in names if wanted(name)]
    if len(found) > MAX_LISTED:
        raise Refused(f"more than {MAX_LISTED} files")
    return set_value([string(name, context.place) for name in found], STRING)


def _glob(pattern: str) -> Callable[[str], bool]:
    """`*`, `**`, `?`, `[a-z]` and `{a,b}`."""
    if len(pattern) > 500:
        raise Refused("the pattern is too long")
    parts: list[str] = []
    depth = 0
    for piece in re.findall(r"\*\*/|\*\*|\*|\?|\[[^\]/]+\]|\{|\}|,|\\.|.", posixpath.normpath(pattern)):
        if piece == "{":
            depth += 1
        elif piece == "}" and depth:
            depth -= 1
            parts.append(")")
            continue
        special = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]", "{": "(?:"}
        if piece == "," and depth:
            parts.append("|")
        elif piece in special:
            parts.append(special[piece])
        elif piece.startswith("[") and len(piece) > 1:
            parts.append(piece.replace("[!", "[^", 1))
        else:
            parts.append(re.escape(piece.removeprefix("\\") or piece))
    try:
        expression = re.compile("".join(parts))
    except re.error:
        raise Refused(f"{pattern!r} is no pattern of names") from None
    return lambda name: expression.fullmatch(name) is not None


def _render(context: Context, file: SourceFile, variables: Value) -> Value:
    """A template with these variables and no other names."""
    from auditor.formats.terraform.evaluate import evaluate
    from auditor.formats.terraform.expressions import read_template

    if variables.kind not in MAPPINGS:
        raise Refused("the variables of a template must be a map or object", variables.place)
    outer = context.scope
    if outer.in_template:
        raise Refused("a template cannot render another one", context.place)
    scope = Scope(NoNames(), outer.budget, outer.tree, outer.directory, variables.items, in_template=True)
    try:
        return evaluate(read_template(file), scope)
    except Exhausted:
        raise
    except Refused as error:
        raise Refused(f"{file.path}: {error.message}", context.place) from None


def _templatefile(context: Context, path: Value, variables: Value) -> Value:
    where, data = _read(context, path)
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        data.decode()
    except UnicodeDecodeError:
        raise Refused(f"{path.raw} is not UTF-8 text", path.place) from None
    return _render(context, SourceFile(where, data), variables)


def _templatestring(context: Context, text: Value, variables: Value) -> Value:
    from auditor.formats.terraform.jsontext import Fragment

    data = str(text.raw).encode()
    place = text.place or context.place
    return _render(context, Fragment(place, data), variables)


FUNCTIONS: Mapping[str, Function] = {
    "file": Function(_file, (TEXT,), STRING, local=True),
    "filebase64": Function(_filebase64, (TEXT,), STRING, local=True),
    "fileexists": Function(_fileexists, (TEXT,), BOOL, local=True),
    "fileset": Function(_fileset, (TEXT, TEXT), set_of(STRING), local=True),
    "templatefile": Function(_templatefile, (TEXT, PARTLY), local=True, pure=False),
    "templatestring": Function(_templatestring, (TEXT, PARTLY), local=True, pure=False),
    "basename": Function(
        lambda path: string(posixpath.basename(str(path.raw).rstrip("/")) or "/" * bool(path.raw) or "."), (TEXT,), STRING
    ),
    "dirname": Function(lambda path: string(posixpath.normpath(posixpath.dirname(str(path.raw)) or ".")), (TEXT,), STRING),
    **{f"file{name}": _hash_of_file(name) for name in ("md5", "sha1", "sha256", "sha512")},
    **{f"filebase64{name}": _hash_of_file(f"base64{name}") for name in ("sha256", "sha512")},
}
