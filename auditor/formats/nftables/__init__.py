"""nftables: files for `nft -f`, and rulesets in JSON.

A file is a list of commands; what they leave behind is judged as the kernel would: every base chain on a packet's way, by priority, each
for the packets its table's family sees. A file that another one includes is part of that one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from auditor.files import Tree
from auditor.formats.base import Format, Lint, Options
from auditor.model.graph import Graph

_SUFFIXES = (".nft", ".nftables")
_TEMPLATES = (".j2", ".jinja", ".jinja2", ".tmpl", ".tpl", ".erb", ".epp")
_FOLDERS = ("nftables", "nftables.d")
_PLAIN = re.compile(r"(?:^|/)[^./]+$|\.(?:conf|rules|rule|ruleset|fw|cfg|inc)$")
_CONTENT = re.compile(
    rb"^[ \t]*(?:add[ \t]+)?table[ \t]+(?:(?:ip6?|inet|arp|bridge|netdev)[ \t]+)?\S+[ \t]*\{"
    rb"|\btype[ \t]+(?:filter|nat|route)[ \t]+hook[ \t]+\w",
    re.MULTILINE,
)
_DOCUMENT = re.compile(
    r"(?i)(?:^|/)(?:readme|changelog|contributing|copying|faq|howto|install|licen[cs]e|news|notes|todo)(?![a-z0-9])[^/]*$"
)
_FIRST = rb"\A(?:\xef\xbb\xbf)?(?:\s++|#[^\n]*+)*+"
_COMMAND = re.compile(_FIRST + rb"(?:table|flush|add|create|insert|delete|destroy|define|redefine|include|chain|type)[ \t]")
_PROSE = re.compile(
    _FIRST + rb"(?:[A-Z][a-z]*[ ,:'](?!=|[^\n]*\{[ \t\r]*$)|[=*>~-]{2}|[*>-][ \t]|\.\. |<[^%])|^[ \t]*(?:```|~~~)", re.MULTILINE
)


def claims(path: str, head: bytes) -> bool:
    """Nft's usual names and folders, its first line, or a table or base chain in what may be a configuration file.

    A script of another interpreter that has one in it is no ruleset, and no more is a text that quotes one.
    """
    folder, _, name = path.rpartition("/")
    for suffix in _TEMPLATES:
        name = name.removesuffix(suffix)
    if name.endswith(_SUFFIXES) or name == "nftables.conf" or re.match(rb"#![^\n]*\bnft\b", head):
        return True
    if name.endswith(".json"):
        return re.match(rb'\s*\{\s*"nftables"\s*:', head) is not None
    if folder.rpartition("/")[2] in _FOLDERS and name.endswith((".conf", ".rules")):
        return True
    if head.startswith(b"#!") or _PLAIN.search(name) is None or _CONTENT.search(head) is None:
        return False
    return _COMMAND.match(head) is not None if _DOCUMENT.search(name) else _PROSE.search(head) is None


def load(tree: Tree, paths: Sequence[str], options: Options) -> Graph:
    """The hosts of every ruleset among `paths`."""
    from auditor.formats.nftables.read import load_graph

    return load_graph(tree, paths, options)


def lints() -> tuple[Lint, ...]:
    """What this dialect can remark on."""
    from auditor.formats.nftables.lints import LINTS

    return LINTS


FORMAT = Format("nftables", "nftables", claims, load, lints)
