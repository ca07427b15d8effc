"""What nft refuses of a rule's words that are not about packets: what it logs, and its comment."""

from __future__ import annotations

import re

from auditor.formats.nftables.resolve import Resolver
from auditor.formats.nftables.ruleset import Moment
from auditor.formats.nftables.syntax import Atom, Plain, RuleLine
from auditor.formats.nftables.text import At

_LONGEST_COMMENT = 128  # bytes
_FEW = _LONGEST_COMMENT // 4  # characters that surely have no more bytes
_PREFIX = re.compile(r'prefix\s+"([^"]*)"')
_VARIABLE = re.compile(r"\$(\w*)", re.ASCII)
_COMMENT = re.compile(r'#[^\n]*|comment\s+"([^"]*)"|"[^"]*"')
_TO_A_PROGRAM = re.compile(r"\b(group|snaplen|queue-threshold)\s")
_TO_THE_KERNEL = re.compile(r"\b(level|flags)\s")
_AUDIT = re.compile(r'level\s+"?audit"?(?![\w"])')


def check(line: RuleLine, moment: Moment, resolver: Resolver) -> None:
    """Refuse what nft would not take of a rule's logs and comments."""
    at = line.at
    length = at.end - at.start
    if length > _LONGEST_COMMENT or (length > _FEW and not at.text.text.isascii()):
        check_comments(at, resolver)
    if line.plain and not line.variables:
        return
    for statement in line.statements:
        if isinstance(statement, Plain) and statement.kind == "log":
            _check_log(statement.at, moment, resolver)


def check_comments(at: At, resolver: Resolver) -> None:
    """The comments of a rule or of a set's elements; nft counts their bytes."""
    for found in _COMMENT.finditer(at.words):
        size = len((found[1] or "").encode(errors="surrogateescape"))
        if size > _LONGEST_COMMENT:
            resolver.refuse(f"a comment has {_LONGEST_COMMENT} bytes at most, this one {size}", at.part(*found.span(1)))


def _check_log(at: At, moment: Moment, resolver: Resolver) -> None:
    for prefix in _PREFIX.finditer(at.words):
        for variable in _VARIABLE.finditer(prefix[1]):
            place = at.part(prefix.start(1) + variable.start(), prefix.start(1) + variable.end())
            if variable[1]:
                resolver.behind(Atom(variable[0], place), moment)
            else:
                resolver.refuse("`$` begins the name of a variable in what `log` puts in front, and no name follows", place)
    words = _PREFIX.sub("prefix", at.words)
    program, kernel = _TO_A_PROGRAM.search(words), _TO_THE_KERNEL.search(words)
    if program is not None and kernel is not None:
        resolver.refuse(f"`log` has `{kernel[1]}` for the kernel's log or `{program[1]}` for a program's, not both", at)
    elif (audit := _AUDIT.search(words)) is not None and words.replace(audit[0], "").strip() != "log":
        resolver.refuse("`log level audit` has nothing else beside it", at)
