"""Secrets out of what is printed: configurations hold keys, tokens and password hashes, and reports are handed over.

A line keeps its shape and loses its secrets: values of telling names, private key blocks, and strings that look drawn by lot.
In doubt a string is blanked: an excerpt with a hole is a smaller harm than a published key.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

from auditor import lazyre

BLANK = "‹redacted›"
LONGEST = 400

_TELLING = (
    r"(?:passw(?:or)?d|passwd|passphrase|secret|token|psk|pre-?shared[-_]?key|private[-_]?key|api[-_]?key|access[-_]?key|encryption[-_]?key"
    r"|auth[-_]?key|bcrypt|sha512|md5-hash|nt-hash|otp_seed|prv|community|credential|bindpw|ldap_bindpw|shared_secret|tls-?key|user_data|cookie|sshkeys)"
)
_STEMS = (
    *("passw", "passphrase", "secret", "token", "psk", "shared", "private", "api", "access", "encryption", "auth", "bcrypt", "sha512"),
    *("md5-hash", "nt-hash", "otp_seed", "prv", "community", "credential", "bindpw", "tls", "user_data", "cookie", "sshkeys"),
    *("/key", "/crt", "/ca"),  # in the paths of JSON patches
    "content",  # what whole files hold
)  # each of the names above has one of these in it
_TELLS = lazyre.compile(_TELLING + r"|\b(?:key|crt|ca|cert|key-string)\b", re.IGNORECASE)
_IN_URL = lazyre.compile(r"(?P<name>\b[a-z][a-z0-9+.-]*://[^\s/:@]*:)(?P<value>[^\s/@]+)(?=@)", re.IGNORECASE)
_AUTHORISED = lazyre.compile(r"(?P<name>\b(?:authorization:\s*\w+|bearer)\s+)(?P<value>[^\s\"']{6,})", re.IGNORECASE)
_RANDOM = lazyre.compile(r"[A-Za-z0-9+/_=-]{20,}")
_JOIN = lazyre.compile(r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b")
"""A token by which machines join a cluster of Kubernetes or Talos."""
_CRYPT = lazyre.compile(r"\$(?:1|2[abxy]?|5|6|7|y|argon2\w*)\$[^\s\"'<]+")
_REFERENCE = lazyre.compile(
    r"^[\"']?\$?\{?\s*(?:var|local|data|module|each|path|random_\w+|aws_\w+|google_\w+|azurerm_\w+)\.[\w.\[\]*\"']+\s*\}?[\"']?,?\s*$"
)
_OPENERS = ("{", "[", "|", ">", "|-", ">-", "|+", ">+", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ")  # the last for the words of heredocs
_VALUE = lazyre.compile(r"\s*(?:-\s+)?[\"']?value[\"']?\s*[=:]")
_BEGIN = lazyre.compile(r"-----BEGIN [A-Z0-9 ]*(?:PRIVATE KEY|CERTIFICATE|SECRET|STATIC KEY)[A-Z0-9 ]*-----")
_END = lazyre.compile(r"-----END [A-Z0-9 ]+-----")
_DUMPED = lazyre.compile(r"\s+certificate\s+(?!.*\bnvram:)(?:self-signed|ca|rollover|[0-9A-Fa-f]+)\b")
"""A certificate in a switch's configuration, written out in lines up to `quit`, unless it is said where it is kept."""
_SUSPECT = lazyre.compile(
    r"passw|secret|token|key|psk|community|credential|bearer|://|\$\w+\$|[A-Za-z0-9+/_=-]{20,}|[a-z0-9]{6}\.[a-z0-9]{16}", re.IGNORECASE
)


_DEVICE = lazyre.compile(
    r"\s*(?:no\s+)?(?:tacacs|radius|server-private|crypto|snmp-server|ntp|ip(?:v6)?\s+ospf|standby|vrrp|hsrp|glbp|isis|area|neighbor|wpa-psk"
    r"|pre-shared-key|authentication|key)\b"
)
_SPOKEN = lazyre.compile(
    r"(?P<name>\b(?:key|authentication(?:-key)?(?:\s+\d+)?|md5|text|sha(?:-\d+)?|priv(?:\s+(?:aes|3?des)(?:-?\d+)?)?(?:\s+\d{3})?|ascii|hex"
    r"|version\s+(?:1|2c)|pre-shared-key(?:\s+address\s+\S+\s+key)?)\s+(?:[0-9]\s+)?)"
    r"(?P<value>(?!(?:md5|text|key|key-string|key-chain|sha\S*|priv|aes|3?des|mode|address|login|message-digest)\b)\S{3,})",
    re.IGNORECASE,
)
"""Commands of switches and routers that end in a secret, and the words before it."""


class _Telling:
    """The patterns for lines with a telling name; compiled when the first comes by, since most runs see none."""

    def __init__(self) -> None:
        name = rf"[\w.-]*{_TELLING}[\w.-]*"
        self.assigned = lazyre.compile(rf"(?P<name>\b[\"']?{name}[\"']?\s*(?:=|:|=>)\s*)(?P<value>\S.*)$", re.IGNORECASE)
        self.element = lazyre.compile(rf"(?P<open><(?P<tag>{name}|crt|key)(?:\s[^<>]*)?>)(?P<value>[^<]+)", re.IGNORECASE)
        self.worded = lazyre.compile(
            r"(?P<name>\b(?:password|secret|community|key-string|psk|passphrase|snmp-server community)\s+(?:[0-9]\s+)?)"
            r"(?P<value>[^\s=:>{}\[\]]{3,})",
            re.IGNORECASE,
        )
        self.key_of_a_pair = lazyre.compile(
            r"^(?P<name>\s*(?:-\s+)?[\"']?(?:key|crt|ca|cert|secret|token)[\"']?\s*:\s*)(?P<value>[\"']?[A-Za-z0-9+/=_.-]{16,}[\"']?.*)$"
        )
        self.patched = lazyre.compile(
            rf"(?P<name>(?:{_TELLING}|/key|/crt|/ca)[\w/.~-]*[\"']?\s*,\s*[\"']?value[\"']?\s*[=:]\s*)(?P<value>\S.*)$", re.IGNORECASE
        )
        self.path = lazyre.compile(
            rf"\bpath[\"']?\s*[=:]\s*[\"']?/[\w/.~-]*(?:{_TELLING}|/(?:key|crt|ca))[\w/.~-]*[\"']?,?\s*$", re.IGNORECASE
        )
        self.opens = lazyre.compile(
            rf"(?:\b(?:variable|output)\s+\"{name}\"\s*\{{|\bcontents?[\"']?:\s*[|>][-+0-9]*|\b{name}[\"']?\s*(?:[=:]\s*)?(?:\{{|\[|[|>][-+0-9]*|<<[-~]?\w+))\s*$",
            re.IGNORECASE,
        )

    def blank(self, line: str) -> str:
        """`line` without the values of telling names."""
        line = self.element.sub(rf"\g<open>{BLANK}", line)
        line = self.assigned.sub(_blank_value, line)
        line = self.key_of_a_pair.sub(_blank_value, line)
        line = self.patched.sub(_blank_value, line)
        return self.worded.sub(rf"\g<name>{BLANK}", line)


_telling = cache(_Telling)


def redact(line: str) -> str:
    """`line` without secrets, cut to a printable length, control characters made visible."""
    line = _printable(line[: LONGEST + 1])
    if _DEVICE.match(line):
        line = _SPOKEN.sub(rf"\g<name>{BLANK}", line)
    if _TELLS.search(line):
        line = _telling().blank(line)
    line = _AUTHORISED.sub(rf"\g<name>{BLANK}", line)
    line = _IN_URL.sub(rf"\g<name>{BLANK}", line)
    line = _CRYPT.sub(BLANK, line)
    line = _JOIN.sub(BLANK, line)
    line = _RANDOM.sub(lambda found: BLANK if _drawn_by_lot(found.group()) else found.group(), line)
    return line if len(line) <= LONGEST else line[:LONGEST] + "…"


def quoted(text: str) -> str:
    """A short text of a configuration, such as a description, without secrets; cheap for the many that have none."""
    return redact(text) if _SUSPECT.search(text) else text


def hidden(lines: Sequence[str]) -> frozenset[int]:
    """The numbers (from 0) of the lines not to be shown at all.

    Keys in armour, what stands indented under a telling name or is the content of a file, and what a JSON patch sets at a telling path.
    """
    inside: set[int] = set()
    telling = _with_stems(lines)
    within = False
    indent: int | None = None
    for number in telling:
        if "path" in lines[number] and _telling().path.search(lines[number][:LONGEST]):
            beside = (each for each in (number - 1, number + 1) if 0 <= each < len(lines))
            inside.update(each for each in beside if _VALUE.match(lines[each]))
    armoured = {number for number, line in enumerate(lines) if "-----" in line or " certificate " in line}
    dumped = False
    for number, line in enumerate(lines):
        if dumped:
            inside.add(number)
            dumped = line.strip() != "quit"
            continue
        if indent is None and not within and number not in telling and number not in armoured:
            continue  # nearly every line of a large file
        depth = len(line) - len(line.lstrip())
        if indent is not None and (depth > indent or not line.strip()):
            inside.add(number)
            continue
        indent = depth if number in telling and line.rstrip().endswith(_OPENERS) and _telling().opens.search(line[:LONGEST]) else None
        dumped = number in armoured and _DUMPED.match(line) is not None
        begins = _BEGIN.search(line) if number in armoured else None
        if within or begins:
            inside.add(number)
            within = _END.search(line, begins.end() if begins else 0) is None
    return frozenset(inside)


def _with_stems(lines: Sequence[str]) -> frozenset[int]:
    """The numbers of the lines that have a part of a telling name in them: a search for fixed words, before patterns are tried."""
    text = "\n".join(lines).lower()
    ends = [found.start() for found in re.finditer("\n", text)]
    return frozenset(bisect_left(ends, found.start()) for stem in _STEMS for found in re.finditer(re.escape(stem), text))


def _blank_value(found: re.Match[str]) -> str:
    value = found["value"]
    if _REFERENCE.match(value) or value in {"{", "[", "true", "false", "null", "|", ">", "{}", "[]"}:
        return found.group()
    return found["name"] + BLANK


def _drawn_by_lot(text: str) -> bool:
    """Whether a long word looks random: base64 or hexadecimal, not a name made of words, a path or a resource's address."""
    if re.fullmatch(r"[0-9a-fA-F]{32,}", text):
        return True
    classes = sum(bool(re.search(kind, text)) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
    changes = sum(_kind(a) != _kind(b) for a, b in pairwise(text) if a.isalnum() and b.isalnum())
    return classes == 3 and changes * 5 >= len(text) * 2


def _kind(character: str) -> int:
    return 0 if character.islower() else 1 if character.isupper() else 2


def _printable(text: str) -> str:
    """Control and direction characters as visible escapes: a report must not steer the reader's terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\t" else f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}" for c in text)
