"""The parts of a rule that both stores share under the same names: state, flags, limits, schedules, tags.

Limits, tags, type of service, priority, schedules and unusual flags narrow a rule by something that addresses and ports do not show.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.formats.opnsense.values import empty, flag, place, present, text
from auditor.formats.xmlspan import Element
from auditor.model.source import Unknown

_LIMITS = ("max", "max-src-nodes", "max-src-conn", "max-src-states")
_NARROWING = {
    "tagged": "a tag that other rules set",
    "prio": "the priority of the packet",
    "tos": "the type of service of the packet",
    "os": "the sender's operating system",
    "divert-to": "a program that the packet is handed to",
}


_RARE = frozenset(_LIMITS) | _NARROWING.keys() | {
    "sched", "nopfsync", "adaptivestart", "statetimeout", "udp-first", "udp-multiple", "udp-single", "max-src-conn-rate", "state-policy",
    "max-pkt-rate-number", "set-prio", "tag", "allowopts", "tcpflags1", "tcpflags2", "tcpflags_any",
}  # fmt: skip


def plain(rule: Element) -> bool:
    """Whether a rule has none of the options read here, as most have not; asked once, it spares thirty searches."""
    return not any(child.name in _RARE for child in rule.children)


def state_of(rule: Element, action: str, default: str = "") -> str:
    """The state keyword and its options, as the product writes them on a pass rule; `default` where the rule names no state."""
    kind = text(rule, "statetype") if present(rule, "statetype") else default
    if empty(kind) or action not in ("", "pass"):
        return ""
    if kind == "none":
        return "no state"
    options = ["sloppy"] if kind in ("sloppy", "sloppy state") else []
    if not plain(rule):
        options += list(_options(rule))
    word = "keep" if options[:1] == ["sloppy"] else kind.split(" ")[0]
    return f"{word} state" + (f" ( {' '.join(options)} )" if options else "")


def _options(rule: Element) -> Iterator[str]:
    if flag(rule, "nopfsync"):
        yield "no-sync"
    yield from (f"{name} {text(rule, name)}" for name in _LIMITS if not empty(text(rule, name)))
    if text(rule, "adaptivestart").isdigit() and text(rule, "adaptiveend").isdigit() and not empty(text(rule, "adaptivestart")):
        yield f"adaptive.start {text(rule, 'adaptivestart')}, adaptive.end {text(rule, 'adaptiveend')}"
    for name, word in (("statetimeout", "tcp.established"), ("udp-first", "udp.first"), ("udp-multiple", "udp.multiple")):
        if not empty(text(rule, name)):
            yield f"{word} {text(rule, name)}"
    if not empty(text(rule, "udp-single")):
        yield f"udp.single {text(rule, 'udp-single')}"
    if _rate_limited(rule):
        table = text(rule, "overload") or "virusprot"
        yield f"max-src-conn-rate {text(rule, 'max-src-conn-rate')} /{text(rule, 'max-src-conn-rates')}, overload <{table}> flush global"
    if text(rule, "state-policy"):
        yield text(rule, "state-policy")


def _rate_limited(rule: Element) -> bool:
    return not empty(text(rule, "max-src-conn-rate")) and not empty(text(rule, "max-src-conn-rates"))


def extra_of(rule: Element) -> str:
    """What the product writes behind the state."""
    if plain(rule):
        return ""
    words = []
    if flag(rule, "max-pkt-rate-number") and flag(rule, "max-pkt-rate-seconds"):
        words.append(f"max-pkt-rate {text(rule, 'max-pkt-rate-number')}/{text(rule, 'max-pkt-rate-seconds')}")
    if text(rule, "set-prio"):
        low = text(rule, "set-prio-low")
        words.append(f"set prio ({text(rule, 'set-prio')}, {low})" if low else f"set prio {text(rule, 'set-prio')}")
    words += [f"{name} {text(rule, name)}" for name in ("prio", "tos", "tag", "tagged") if text(rule, name)]
    if flag(rule, "allowopts"):
        words.append("allow-opts")
    if text(rule, "divert-to"):
        words.append(f"divert-to {text(rule, 'divert-to')}")
    return " ".join(words)


def flags_of(rule: Element, protocol: str) -> str:
    """TCP flags: `any`, or those that must be set out of those looked at, one letter each."""
    if protocol != "tcp":
        return ""
    if flag(rule, "tcpflags_any"):
        return "any"
    if empty(text(rule, "tcpflags2")):
        return ""
    letters = ["".join(_letter(word) for word in text(rule, name).upper().split(",") if word) for name in ("tcpflags1", "tcpflags2")]
    return "/".join(letters)


def _letter(word: str) -> str:
    return "W" if word[0] == "C" else word[0]


def doubts_of(rule: Element, schedules: frozenset[str], flags: str, passes: bool) -> tuple[Unknown, ...]:
    """Why the rule may not match packets whose addresses and ports fit."""
    if plain(rule):
        return ()
    found = []
    schedule = text(rule, "sched")
    if schedule in schedules and schedule:
        found.append(Unknown(f"schedule {schedule} depends on the clock", place(rule, "sched"), f"opnsense:schedule:{schedule}"))
    found += [Unknown(f"the rule asks for {why}", place(rule, name)) for name, why in _NARROWING.items() if text(rule, name)]
    limits = [name for name in _LIMITS if not empty(text(rule, name))]
    if _rate_limited(rule):
        limits.append("max-src-conn-rate")
    if passes:
        found += [Unknown(f"the limit {name} drops what exceeds it", place(rule, name)) for name in limits]
    if flag(rule, "max-pkt-rate-number") and flag(rule, "max-pkt-rate-seconds"):
        found.append(Unknown("the rule matches up to a rate of packets", place(rule, "max-pkt-rate-number")))
    if flags not in ("", "any") and set(flags.partition("/")[0]) != {"S"}:
        found.append(Unknown(f"the rule asks for the TCP flags {flags}", place(rule, "tcpflags1", "tcpflags2")))
    return tuple(found)
