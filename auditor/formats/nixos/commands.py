"""`extraCommands`: shell that calls iptables. Plain calls become rules where they put them; whatever else stands there may do anything.

The script runs before the chain nixos-fw is put at the end of INPUT: what it adds to INPUT comes before everything else.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator

from auditor.formats.nixos.rules import by_interface
from auditor.formats.nixos.settings import Item
from auditor.formats.nixos.values import Words
from auditor.model.filters import Condition, Exactly, Rule, Side, Undecided, Verdict, both
from auditor.model.headers import (
    IPV4,
    IPV6,
    PORT_PROTOCOLS,
    Protocol,
    address_interval,
    destinations,
    icmp,
    ports,
    protocol_set,
    sources,
    state_set,
)
from auditor.model.packets import EVERYTHING, Interval, PacketSet, State, union
from auditor.model.record import dataclass, field, replace
from auditor.model.source import Effect, Level, Note, Span, Unknown

_PROGRAMS = {"iptables": (IPV4,), "ip6tables": (IPV6,), "ip46tables": (IPV4, IPV6)}
_QUIET = re.compile(r"\s*(?:2>\s*/dev/null|>\s*/dev/null(?:\s+2>&1)?)?\s*(?:\|\|\s*(?:true|:))?\s*;?\s*$")
_SHELL = re.compile(r"[`$;&|<>(){}*?]")
_HARMLESS = re.compile(r"(?:ipset\s+(?:create|-N|flush|add|-A)\b|echo\b|true$|:$|set\s+[-+]|sleep\b)")
_STATES = {
    "NEW": State.NEW,
    "ESTABLISHED": State.ESTABLISHED,
    "RELATED": State.RELATED,
    "INVALID": State.INVALID,
    "UNTRACKED": State.UNTRACKED,
}
_VERDICTS = {
    "ACCEPT": Verdict.PERMIT,
    "nixos-fw-accept": Verdict.PERMIT,
    "DROP": Verdict.DENY,
    "nixos-fw-refuse": Verdict.DENY,
    "nixos-fw-log-refuse": Verdict.DENY,
    "REJECT": Verdict.REJECT,
    "RETURN": Verdict.PERMIT,  # from a chain whose policy is to accept
    "LOG": Verdict.CONTINUE,
}
_LONG = {
    "--append": "-A",
    "--insert": "-I",
    "--policy": "-P",
    "--delete": "-D",
    "--new-chain": "-N",
    "--flush": "-F",
    "--delete-chain": "-X",
    "--source": "-s",
    "--src": "-s",
    "--destination": "-d",
    "--dst": "-d",
    "--protocol": "-p",
    "--in-interface": "-i",
    "--out-interface": "-o",
    "--jump": "-j",
    "--goto": "-g",
    "--match": "-m",
    "--table": "-t",
    "--destination-port": "--dport",
    "--destination-ports": "--dports",
    "--source-port": "--sport",
    "--source-ports": "--sports",
    "--wait": "-w",
}
_MODULES = frozenset(
    {
        *("tcp", "udp", "sctp", "icmp", "icmp6", "icmpv6", "multiport", "comment", "conntrack", "state", "limit", "hashlimit", "connlimit"),
        *("addrtype", "set", "mac", "mark", "connmark", "iprange", "recent", "owner", "pkttype", "string", "time", "physdev", "policy"),
    }
)
"""Matches that ask nothing by themselves, but through options of their own."""

_SERVICES = {
    "ssh": 22,
    "smtp": 25,
    "domain": 53,
    "http": 80,
    "ntp": 123,
    "imap": 143,
    "snmp": 161,
    "https": 443,
    "submission": 587,
    "imaps": 993,
    "ftp": 21,
    "telnet": 23,
    "bootps": 67,
    "bootpc": 68,
    "tftp": 69,
    "pop3": 110,
    "ldap": 389,
    "syslog": 514,
    "mysql": 3306,
}

_CHAINS = ("INPUT", "FORWARD", "OUTPUT", "nixos-fw")


@dataclass(slots=True)
class Commands:
    """What the commands leave behind. `first` and `last`: before and behind the product's own rules in nixos-fw."""

    first: list[Rule] = field(default_factory=list)
    last: list[Rule] = field(default_factory=list)
    chains: dict[str, list[Rule]] = field(default_factory=lambda: {"INPUT": [], "FORWARD": [], "OUTPUT": []})
    policies: dict[str, tuple[Verdict, Span]] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)

    def put(self, rules: Iterable[Rule], chain: str, front: bool) -> None:
        """Add rules to a chain, at its end or its front."""
        into = self.chains.get(chain) if chain != "nixos-fw" else self.first if front else self.last
        if into is not None:
            into[:] = [*rules, *into] if front else [*into, *rules]


@dataclass(slots=True)
class _Call:
    """One call of iptables being read."""

    families: tuple[Interval, ...]
    span: Span
    text: str
    packets: PacketSet = EVERYTHING
    protocol: int | None = None
    conditions: list[Condition] = field(default_factory=list)
    target: str = ""


class _Unread(Exception):
    """A call that is not of the plain form."""


def read_commands(items: Iterable[Item]) -> Commands:
    """The commands of a host, in order."""
    made = Commands()
    for item in items:
        if not isinstance(item.value, Words):
            _anything(made, Unknown("commands that are computed", item.value.span), item.value.span, "")
            continue
        for text, span in _lines(item.value):
            _line(made, text, span, item.unsure)
    return made


def _lines(words: Words) -> Iterator[tuple[str, Span]]:
    """The commands of a script, continued lines joined."""
    start = 0
    for found in re.finditer(r"(?<!\\)\n|\Z", words.text):
        raw = words.text[start : found.start()]
        text = raw.strip()
        if text and not text.startswith("#"):
            begin = start + len(raw) - len(raw.lstrip())
            yield text.replace("\\\n", " "), words.place(begin, begin + len(text))
        start = found.end()


def _line(made: Commands, text: str, span: Span, unsure: Unknown | None) -> None:
    command = _QUIET.sub("", text)
    if _HARMLESS.match(command):
        return
    try:
        if _SHELL.search(command):
            raise _Unread
        _call(made, shlex.split(command, comments=True), span, command, unsure)
    except (_Unread, ValueError):
        _anything(made, Unknown("what this command does", span), span, "a command that is not read")
        made.notes.append(
            Note("command-unread", "this command is not read: what it does to packets is left open", span, Effect.UNKNOWN, Level.NOTE)
        )


def _anything(made: Commands, unknown: Unknown, span: Span, text: str, chains: Iterable[str] = ("INPUT", "FORWARD", "OUTPUT")) -> None:
    for chain in chains:
        made.put(_either(Undecided(unknown), span, text), chain, front=True)


def _either(condition: Condition, span: Span, text: str) -> list[Rule]:
    return [Rule(condition, verdict, span, text) for verdict in (Verdict.DENY, Verdict.PERMIT)]


def _call(made: Commands, words: list[str], span: Span, text: str, unsure: Unknown | None) -> None:
    words = [_LONG.get(word, word) for word in words]
    families = _PROGRAMS.get(words[0].rpartition("/")[2]) if words else None
    if families is None:
        raise _Unread
    words = [word for word in words[1:] if word != "-w"]
    table = _taken(words, "-t") or "filter"
    verb = next((word for word in words if word in ("-A", "-I", "-P", "-D", "-N", "-F", "-X")), None)
    if verb is None or (table != "filter" and not (table == "nat" and "POSTROUTING" in words)):
        raise _Unread
    if table != "filter":
        return  # a translated source is none of the filter's concern
    chain = _taken(words, verb) or ""
    if verb in ("-N", "-X") or (verb in ("-A", "-I", "-F") and chain not in _CHAINS):
        return  # chains of its own: what jumps there may do anything
    if chain not in _CHAINS or verb in ("-D", "-F") or (verb == "-I" and words[:1] and words[0].isdigit() and words.pop(0) != "1"):
        raise _Unread
    if verb == "-P":
        _policy(made, chain, words, families, span, text, unsure)
        return
    call = _Call(families, span, text)
    _matches(call, words)
    made.put([_unsure(rule, unsure) for rule in _rules(call)], chain, front=verb == "-I")


def _taken(words: list[str], option: str) -> str | None:
    if option not in words[:-1]:
        return None
    at = words.index(option)
    value = words[at + 1]
    del words[at : at + 2]
    return value


def _policy(
    made: Commands, chain: str, words: list[str], families: tuple[Interval, ...], span: Span, text: str, unsure: Unknown | None
) -> None:
    verdict = _VERDICTS.get(words[0]) if words else None
    if verdict is None or len(families) < 2 or unsure is not None:
        _anything(made, unsure or Unknown("a policy of one family", span), span, text, (chain,))
    else:
        made.policies[chain] = verdict, span


def _unsure(rule: Rule, unsure: Unknown | None) -> Rule:
    return rule if unsure is None else replace(rule, condition=both(rule.condition, Undecided(unsure)))


def _rules(call: _Call) -> list[Rule]:
    family = union(sources([each]) & destinations([each]) for each in call.families)
    condition = both(Exactly(call.packets & family), *call.conditions)
    verdict = _VERDICTS.get(call.target)
    if not call.target:
        return []
    if verdict is None:
        unknown = Unknown(f"what `-j {call.target[:40]}` does", call.span)
        return _either(both(condition, Undecided(unknown)), call.span, call.text)
    return [Rule(condition, verdict, call.span, call.text)]


# -- matches


def _matches(call: _Call, words: list[str]) -> None:
    at = 0
    while at < len(words):
        negated = words[at] == "!"
        at += negated
        option = words[at] if at < len(words) else ""
        count = next((n for n in range(at + 1, len(words)) if words[n].startswith("-") or words[n] == "!"), len(words)) - at - 1
        values = words[at + 1 : at + 1 + count]
        if not option.startswith("-"):
            raise _Unread
        _match(call, option, values, negated)
        at += 1 + count


def _match(call: _Call, option: str, values: list[str], negated: bool) -> None:
    if option in ("-j", "-g"):
        call.target = values[0] if values and option == "-j" else f"a chain {values[0] if values else ''}"
    elif option in ("-i", "-o") and len(values) == 1:
        side = Side.SOURCE if option == "-i" else Side.DESTINATION
        condition = by_interface(values[0], side, call.span)
        call.conditions.append(~condition if negated else condition)
    elif option == "-m" or option.startswith(("--log", "--reject-with", "--comment")) or option == "--comment":
        if option == "-m" and not set(values) <= _MODULES:
            call.conditions.append(Undecided(Unknown(f"what `-m {' '.join(values)[:40]}` matches", call.span)))
        elif option == "-m" and values[:1] and values[0] in ("tcp", "udp") and call.protocol is None:
            call.protocol = Protocol[values[0].upper()]
    else:
        packets = _packets(call, option, values)
        if packets is None:
            call.conditions.append(Undecided(Unknown(f"what `{option}` matches", call.span)))
        else:
            call.packets &= ~packets if negated else packets


def _packets(call: _Call, option: str, values: list[str]) -> PacketSet | None:
    """What an option matches; None where that is not known here."""
    if len(values) != 1:
        return None
    value = values[0]
    if option in ("-s", "-d"):
        intervals = _addresses(value)
        if intervals is None:
            raise _Unread
        return (sources if option == "-s" else destinations)(intervals)
    if option == "-p":
        number = _protocol(value)
        if number is None:
            raise _Unread
        call.protocol = number
        return protocol_set(number) if number else EVERYTHING
    if option in ("--dport", "--dports", "--sport", "--sports"):
        spans = _spans(value)
        if spans is None or call.protocol not in PORT_PROTOCOLS:
            raise _Unread  # iptables may refuse it, and the script stops where a command fails
        return ports(call.protocol, spans) if option.startswith("--d") else ports(call.protocol, source=spans)
    if option in ("--ctstate", "--state"):
        states = [_STATES.get(name) for name in value.split(",")]
        return None if None in states else state_set(*(state for state in states if state is not None))
    if option in ("--icmp-type", "--icmpv6-type"):
        return _icmp(option, value)
    return None


def _addresses(value: str) -> tuple[Interval, ...] | None:
    try:
        return tuple(address_interval(part) for part in value.split(",")) if "-" not in value else None
    except ValueError:
        return None


def _protocol(value: str) -> int | None:
    """The protocol's number, 0 for all."""
    if value == "all":
        return 0
    name = {"icmpv6": "ICMPV6", "ipv6-icmp": "ICMPV6"}.get(value, value.upper())
    if name in Protocol.__members__:
        return Protocol[name].value
    return int(value) if value.isdecimal() and len(value) <= 3 and int(value) < 256 else None


def _spans(value: str) -> list[Interval] | None:
    found = []
    for part in value.split(","):
        low, colon, high = part.partition(":")
        low, high = (str(_SERVICES.get(each, each)) for each in (low, high))
        low, high = low or "0", (high or "65535") if colon else low
        if not (low.isdecimal() and high.isdecimal() and len(low) <= 5 and len(high) <= 5 and int(low) <= int(high) <= 65535):
            return None
        found.append((int(low), int(high)))
    return found


def _icmp(option: str, value: str) -> PacketSet | None:
    protocol = Protocol.ICMP if option == "--icmp-type" else Protocol.ICMPV6
    type_ = {"echo-request": 8 if protocol is Protocol.ICMP else 128, "8": 8, "128": 128}.get(value)
    return None if type_ is None else icmp(protocol, type_)
