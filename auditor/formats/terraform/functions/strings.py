"""Functions on text. Characters are what a reader sees as one: a letter with its combining marks counts once."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence

from auditor.formats.terraform.errors import Exhausted, Refused, Undecided
from auditor.formats.terraform.functions.signature import TEXT, Function, Parameter
from auditor.formats.terraform.types import BOOL, NUMBER, STRING, list_of
from auditor.formats.terraform.values import Value, boolean, list_value, number_of, string

STRINGS = list_of(STRING)
MAX_LENGTH = 4 * 1024 * 1024
FLAGS = frozenset(map(chr, range(0x1F1E6, 0x1F200)))
"""Letters two of which are a flag."""
JOINER, VARIATION = "\u200d", "\ufe0f"


def characters(text: str) -> Sequence[str]:
    """Grapheme clusters, near enough: combining marks, joiners and variation selectors belong to what is before them."""
    if text.isascii():
        return _ascii_characters(text)
    found: list[str] = []
    for character in text:
        joins = (
            unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Mc") or character in (JOINER, VARIATION)
        )
        if found and (
            joins or (found[-1] in FLAGS and character in FLAGS) or found[-1].endswith(JOINER) or 0x1F3FB <= ord(character) <= 0x1F3FF
        ):
            found[-1] += character
        else:
            found.append(character)
    return found


def _ascii_characters(text: str) -> Sequence[str]:
    if "\r\n" not in text:
        return text
    return [character for line in text.split("\r\n") for character in (*line, "\r\n")][:-1]


def _text(value: Value) -> str:
    assert isinstance(value.raw, str)
    return value.raw


def _on_text(change: Callable[[str], str]) -> Function:
    return Function(lambda value: string(change(_text(value))), (TEXT,), STRING)


def _on_two(change: Callable[[str, str], str]) -> Function:
    return Function(lambda value, other: string(change(_text(value), _text(other))), (TEXT, TEXT), STRING)


def _test(test: Callable[[str, str], bool]) -> Function:
    return Function(lambda value, other: boolean(test(_text(value), _text(other))), (TEXT, TEXT), BOOL)


def _chomp(text: str) -> str:
    return text.rstrip("\r\n")


def _title(text: str) -> str:
    """Upper-cases the first letter of each word and leaves the rest. Beyond ASCII, only blanks are between words."""
    before = " "
    found = []
    for character in text:
        begins = not (before.isalnum() or before == "_") if before.isascii() else before.isspace()
        found.append(_single(character.title(), character) if begins else character)
        before = character
    return "".join(found)


def _single(changed: str, character: str) -> str:
    """Letters that have no single letter of the other case stay as they are."""
    return changed if len(changed) == 1 else character


def _upper(text: str) -> str:
    return text.upper() if text.isascii() else "".join(_single(character.upper(), character) for character in text)


def _lower(text: str) -> str:
    return text.lower() if text.isascii() else "".join(character.lower()[0] for character in text)


def _indent(spaces: Value, text: Value) -> Value:
    width = number_of(spaces)
    if not isinstance(width, int) or width < 0 or width > 1000:
        raise Refused("the number of spaces must be a whole number", spaces.place)
    return string(_text(text).replace("\n", "\n" + " " * width))


def _join(separator: Value, *lists: Value) -> Value:
    parts = [part for value in lists for part in value.elements]
    if any(part.is_null for part in parts):
        raise Refused("a null cannot be joined")
    open_part = next((part for part in parts if part.is_unknown), None)
    if open_part is not None:
        raise Undecided(open_part)
    text = _text(separator).join(map(_text, parts))
    if len(text) > MAX_LENGTH:
        raise Exhausted(f"text longer than {MAX_LENGTH} characters is not evaluated")
    return string(text)


def _split(separator: Value, text: Value) -> Value:
    between, whole = _text(separator), _text(text)
    parts = whole.split(between) if between else list(whole)
    return list_value([string(part, text.place).through(text.trail_) for part in parts], STRING)


def _replace(text: Value, old: Value, new: Value) -> Value:
    wanted = _text(old)
    if len(wanted) > 1 and wanted[0] == wanted[-1] == "/":
        from auditor.formats.terraform.functions.patterns import substitute

        result = substitute(wanted[1:-1], _text(text), _text(new))
    else:
        count = _text(text).count(wanted)
        if count * len(_text(new)) > MAX_LENGTH:
            raise Exhausted(f"text longer than {MAX_LENGTH} characters is not evaluated")
        result = _text(text).replace(wanted, _text(new))
    return string(result)


def _substr(text: Value, offset: Value, length: Value) -> Value:
    start, count = number_of(offset), number_of(length)
    if not isinstance(start, int) or not isinstance(count, int):
        raise Refused("whole numbers are needed")
    parts = characters(_text(text))
    if start < 0:
        start = max(len(parts) + start, 0)
        count = count or -1  # Terraform's own exception
    return string("".join(parts[start:] if count < 0 else parts[start : start + count]))


def _strrev(text: str) -> str:
    return "".join(reversed(characters(text)))


FUNCTIONS: Mapping[str, Function] = {
    "upper": _on_text(_upper),
    "lower": _on_text(_lower),
    "title": _on_text(_title),
    "chomp": _on_text(_chomp),
    "trimspace": _on_text(lambda text: text.strip()),
    "strrev": _on_text(_strrev),
    "trim": _on_two(lambda text, cut: text.strip(cut) if cut else text),
    "trimprefix": _on_two(str.removeprefix),
    "trimsuffix": _on_two(str.removesuffix),
    "startswith": _test(str.startswith),
    "endswith": _test(str.endswith),
    "strcontains": _test(lambda text, part: part in text),
    "indent": Function(_indent, (Parameter(NUMBER), TEXT), STRING),
    "join": Function(_join, (TEXT,), STRING, Parameter(STRINGS, parts=True), 1),
    "split": Function(_split, (TEXT, TEXT), STRINGS),
    "replace": Function(_replace, (TEXT, TEXT, TEXT), STRING),
    "substr": Function(_substr, (TEXT, Parameter(NUMBER), Parameter(NUMBER)), STRING),
}
