"""What stands between the braces of a named counter, quota, limit, helper, …: nft refuses lines that such an object does not have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

from auditor.formats.nftables.text import At

_NUMBER = r"(?:0[xX][0-9a-fA-F]+|\d+)"
_UNIT = r"(?:\s*k?bytes|\s+mbytes)"  # `5m` by itself is a span of time
_BYTES = rf"{_NUMBER}{_UNIT}"
_EACH = r"\s*/\s*(?:second|minute|hour|day|week)"
_RATE = rf"0*[1-9]\d*(?:{_EACH}(?:\s+burst\s+{_NUMBER}\s+packets)?|{_UNIT}{_EACH}(?:\s+burst\s+{_BYTES})?)"
_COMMENT = r'comment\s+(?:"[^"]*"|[A-Za-z_.]\S*)'
_LAYER3 = r"l3proto\s+(?:ip6?|inet|bridge|arp|netdev)"
_PRIORITY = r"(?:-?\s*\d+|[A-Za-z]\w*(?:\s*[+-]\s*\d+)?|\$\S+)"
_SYN = r"(?:\s+timestamp)?(?:\s+sack-perm)?"

_LINES = {
    "counter": rf"packets\s+{_NUMBER}\s+bytes\s+{_NUMBER}(?:\s+{_COMMENT})?|{_COMMENT}",
    "quota": rf"(?:(?:over|until)\s+)?{_BYTES}(?:\s+used\s+{_BYTES})?(?:\s+{_COMMENT})?|{_COMMENT}",
    "limit": rf"rate\s+(?:over\s+)?{_RATE}(?:\s+{_COMMENT})?|{_COMMENT}",
    "ct helper": rf'type\s+"[^"]*"\s+protocol\s+(?:tcp|udp)|{_LAYER3}|{_COMMENT}',
    "ct timeout": rf"protocol\s+(?:tcp|udp)|{_LAYER3}|policy\s*=\s*\{{[^{{}}]*\}}|{_COMMENT}",
    "ct expectation": rf"protocol\s+(?:tcp|udp)|dport\s+{_NUMBER}|timeout\s+\d+[dhms]\w*|size\s+{_NUMBER}|{_LAYER3}|{_COMMENT}",
    "synproxy": rf"mss\s+{_NUMBER}(?:\s+wscale\s+{_NUMBER}{_SYN})?|wscale\s+{_NUMBER}{_SYN}|timestamp(?:\s+sack-perm)?|{_COMMENT}",
    "flowtable": rf"hook\s+ingress\s+priority\s+{_PRIORITY}|devices\s*=\s*(?:\{{\s*[^{{}}\s][^{{}}]*\}}|\$\S+)|counter|flags\s+offload",
}
"""The lines of each kind of object; kinds that are not here are not looked into."""

_NEEDED = {
    "limit": ("rate",), "ct helper": ("type",), "ct timeout": ("protocol",), "ct expectation": ("protocol", "dport", "timeout", "size"),
}  # fmt: skip
_LINE = re.compile(r'(?:\\\n|\{[^{}]*\}|"[^"]*"|[^;\n#"{}\\])+|#[^\n]*')


class Refuse(Protocol):
    """Says what nft does not load, and where."""

    def __call__(self, message: str, at: At) -> None: ...


def check(kind: str, at: At, refuse: Refuse) -> None:
    """Refuse what does not stand in an object of this kind. `at`: the whole of it, with its braces."""
    form = _LINES.get(kind)
    if form is None or "{" not in at.words or at.text.text.startswith("{"):
        return
    said = list(_lines(at))
    for line in said:
        if re.fullmatch(form, line.words) is None:
            refuse(f"`{line.told}` does not stand in a {kind} that is named", line)
            return
    for word in _NEEDED.get(kind, ()):
        if not any(line.words.startswith(word) for line in said):
            refuse(f"a {kind} that is named says its `{word}`", at)
            return


def _lines(at: At) -> Iterator[At]:
    """What is said between the braces, line by line, without comments."""
    begin = at.words.index("{") + 1
    for found in _LINE.finditer(at.words, begin, len(at.words) - 1):
        words = found[0].strip()
        if words and not words.startswith("#"):
            start = found.start() + found[0].index(words)
            yield at.part(start, start + len(words))
