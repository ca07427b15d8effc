"""Remarks on single rules: what they say, against what is usually meant by it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.formats.nftables import fields
from auditor.formats.nftables.convert import Converted, Stage
from auditor.formats.nftables.near import nobody
from auditor.formats.nftables.rules import Record
from auditor.formats.nftables.ruleset import Table
from auditor.formats.nftables.setting import Setting
from auditor.formats.nftables.syntax import (
    Atom,
    Concat,
    Expression,
    FieldName,
    Limit,
    Listing,
    Match,
    PlainSet,
    Reject,
    RuleLine,
    SetLiteral,
    Verdict,
    Vmap,
)  # fmt: skip
from auditor.formats.nftables.text import At
from auditor.model import filters as model
from auditor.model.headers import NEW_FLOW, ONE_FAMILY, address_interval, protocol_set
from auditor.model.packets import EVERYTHING, NOTHING, Field, PacketSet, State, field_set
from auditor.model.source import Effect, Level, Note

_COMES_AND_GOES = re.compile(r'"?(?:ppp|pppoe|wg|tun|tap|vpn|wwan|veth|docker|vnet|ipsec|vti|virbr|l2tp|gre)[\w.-]*"?$')
_LIKELY = {
    Field.PROTOCOL: (6, 17, 1),
    Field.DESTINATION_PORT: (22, 443, 53, 2048),
    Field.SOURCE: (address_interval("198.51.100.10")[0], address_interval("2001:db8::10")[0]),
    Field.DESTINATION: (address_interval("192.0.2.10")[0], address_interval("2001:db8:1::10")[0]),
    Field.SOURCE_PORT: (49152,),
    Field.STATE: (State.NEW,),
    Field.TCP_FLAGS: (2,),
}
_FOUR, _SIX = (address_interval(text)[0] for text in ("198.51.100.10", "2001:db8::10"))


def remarks(converted: Converted) -> Iterator[Note]:
    """Every remark on rules. A rule that stands on several ways is remarked on once."""
    seen: set[tuple[str, At]] = set()
    for record in converted.converter.records:
        if record.line.plain and not record.place.setting.early and _unremarkable(record.line.at.words):
            continue  # most rules
        for note, at in _remarks(record, converted):
            if (note.trap, at) not in seen:
                seen.add((note.trap, at))
                yield note
    yield from _impossible(converted)


def _unremarkable(words: str) -> bool:
    """Whether a plain rule behind connection tracking is surely without anything that a remark is made on."""
    return not ("if " in words or "flags" in words or "th " in words or "!=" in words or "icmpv6" in words or "@" in words or "\t" in words)


def _remarks(record: Record, converted: Converted) -> Iterator[tuple[Note, At]]:
    for statement in record.line.statements:
        if isinstance(statement, Match):
            yield from _match(statement, record, converted)
        elif isinstance(statement, Vmap):
            yield from _vmap(statement, record)
    if any(isinstance(each, Limit) for each in record.line.statements):
        yield from _limit(record, converted)
    for statement, guard in record.seen:
        if isinstance(statement, Reject) and statement.kind and not statement.kind.startswith("icmpx"):
            yield from _falls_through(statement, guard, record, converted)


def _note(trap: str, message: str, at: At, level: Level, effect: Effect = Effect.DANGEROUS) -> tuple[Note, At]:
    return Note(trap, message, at.span, effect, level), at


# -- matches


def _match(match: Match, record: Record, converted: Converted) -> Iterator[tuple[Note, At]]:
    keys = match.key.parts if isinstance(match.key, Concat) else (match.key,)
    for key in keys:
        if not isinstance(key, FieldName):
            continue
        if key.name in ("iif", "oif", "meta iif", "meta oif"):
            yield from _by_index(match, key)
        elif key.name == "ct state" and record.place.setting.early and "untracked" not in match.value.at.words:
            message = "before connection tracking (a priority below -200, or ingress) every packet is invalid: this never tells anything"
            yield _note("ct-before-conntrack", message, match.at, Level.WARNING, Effect.IGNORED)
        elif key.name == "tcp flags" and match.operator == "" and not isinstance(match.value, PlainSet | SetLiteral) and len(keys) == 1:
            yield from _flags(match, record)
        elif key.name in ("th dport", "th sport") and match.operator in ("!=", "ne") and not _has_protocol(record.line):
            message = f"`{match.at.told}` holds for ICMP, ESP and all else without ports too: match the protocol first"
            yield _note("negated-th", message, match.at, Level.WARNING, Effect.WIDENED)
        elif key.name in ("ip saddr", "ip daddr", "ip6 saddr", "ip6 daddr") and match.operator in ("!=", "ne"):
            yield from _one_family(match, key.name, record, converted)
        elif key.name == "icmpv6 type":
            yield from _discovery(match, record, converted)
    yield from _dynamic(match, record)


def _by_index(match: Match, key: FieldName) -> Iterator[tuple[Note, At]]:
    words = re.findall(r'"?[\w.-]+"?', match.value.at.words)
    if any(_COMES_AND_GOES.match(word) for word in words):
        other = key.name.replace("meta ", "") + "name"
        message = f"`{key.name}` is looked up when the ruleset is loaded: it must exist then, and is not meant once made anew; use {other}"
        yield _note("iif-index", message, match.at, Level.NOTE)


def _flags(match: Match, record: Record) -> Iterator[tuple[Note, At]]:
    words = match.value.at.words
    atoms = isinstance(match.value, Atom | Listing)
    if atoms and not words.startswith("$") and _final(record.line) is not None:
        several = "any of these flags" if "," in words else "this flag among others"
        yield _note(
            "tcp-flags-any",
            f"`{match.at.told}` asks for {several}; `== {words}` asks for exactly this",
            match.at,
            Level.NOTE,
            Effect.WIDENED,
        )


def _has_protocol(line: RuleLine) -> bool:
    words = line.at.words
    return any(word in words for word in ("l4proto", "ip protocol", "nexthdr", '"protocol"'))


def _discovery(match: Match, record: Record, converted: Converted) -> Iterator[tuple[Note, At]]:
    """Neighbour discovery behind `ct state new`."""
    others = [each for each in record.line.statements if isinstance(each, Match) and _named(each.key) == "ct state"]
    if not others or record.place.setting.early:
        return
    kinds = converted.matcher.match(match, record.place).settle(nobody).maybe & fields.TRUE_STATES[64] & field_set(Field.STATE, [(0, 0)])
    if not kinds:
        return
    allowed = kinds
    for each in others:
        allowed &= converted.matcher.match(each, record.place).settle(nobody).maybe
    if not allowed:
        message = "neighbour discovery and MLD are untracked: together with this conntrack state they never match"
        yield _note("nd-needs-untracked", message, others[0].at, Level.WARNING, Effect.NARROWED)


def _named(key: Expression) -> str:
    return key.name if isinstance(key, FieldName) else ""


def _dynamic(match: Match, record: Record) -> Iterator[tuple[Note, At]]:
    value = match.value
    if not (isinstance(value, Atom) and value.word.startswith("@")) or _final(record.line) is None:
        return
    named = record.place.table.sets.get(value.word[1:])
    key = (record.place.table.family, record.place.table.name, value.word[1:])
    facts = record.place.setting.facts
    if named is not None and ("dynamic" in named.flags or key in facts.filled or key in facts.emptied):
        message = f"traffic fills `{named.name}`: who is in it, the files do not say"
        yield _note("dynamic-set-decides", message, value.at, Level.NOTE, Effect.UNKNOWN)


def _final(line: RuleLine) -> str | None:
    """accept, drop or reject, where the rule ends with one."""
    last = line.statements[-1] if line.statements else None
    if isinstance(last, Reject):
        return "reject"
    return last.kind if isinstance(last, Verdict) and last.kind in ("accept", "drop") else None


def _vmap(vmap: Vmap, record: Record) -> Iterator[tuple[Note, At]]:
    if (
        _named(vmap.key) in ("th dport", "th sport")
        and not _has_protocol(record.line)
        and re.search(r"(?:^|[\s,{])\*\s*:", vmap.data.at.words)
    ):
        message = "`*` takes ICMP, ESP and all else without ports along: match the protocol first"
        yield _note("negated-th", message, vmap.at, Level.WARNING, Effect.WIDENED)


# -- what becomes of the rest


def stages_of(setting: Setting, table: Table, converted: Converted) -> Iterator[Stage]:
    """The base chains in which a rule of this setting can stand."""
    return (stage for stage in converted.stages[setting.way] if stage.setting == setting and stage.table is table)


def _seen_by_table(record: Record) -> PacketSet:
    family = {"ip": fields.V4, "ip6": fields.V6}.get(record.place.setting.family)
    return NEW_FLOW if family is None else NEW_FLOW & family


def _fate(packets: PacketSet, record: Record, converted: Converted) -> model.Verdict | None:
    """What the chain does with a likely packet of the set, as far as that is sure."""
    packets &= _seen_by_table(record)
    if not packets:
        return None
    packet = packets.example(_LIKELY)
    for stage in stages_of(record.place.setting, record.place.table, converted):
        near = converted.near(stage).about(packet)
        verdicts = {wanted for wanted in (model.Verdict.PERMIT, model.Verdict.DENY) if near.first_match(packet, nobody, wanted)}
        if len(verdicts) == 1:
            return verdicts.pop()
    return None


def _otherwise(packets: PacketSet, record: Record, converted: Converted) -> model.Verdict | None:
    """What the chain does with a likely packet of the set where nothing that is in doubt matches."""
    if not packets:
        return None
    packet = packets.example(_LIKELY)
    for stage in stages_of(record.place.setting, record.place.table, converted):
        near = converted.near(stage)
        behind = near.behind(record.line.at.span, packet)
        if behind is not None:
            return behind
        decision = near.about(packet).first_match(packet, nobody)
        if decision is not None:
            return decision.verdict
    return None


def _undecided_before(packets: PacketSet, record: Record, converted: Converted) -> PacketSet:
    """What rules before it in its base chain leave of the packets; all of them for a rule in another chain."""
    packets &= _seen_by_table(record)
    for stage in stages_of(record.place.setting, record.place.table, converted):
        left = converted.near(stage).left_before(record.line.at.span, packets, _LIKELY)
        if left is not None:
            return left
    return packets


def _limit(record: Record, converted: Converted) -> Iterator[tuple[Note, At]]:
    limits = [each for each in record.line.statements if isinstance(each, Limit) and each.kind == "limit"]
    end = _final(record.line)
    if len(limits) != 1 or limits[0].over or end is None:
        return
    rest = _otherwise(_undecided_before(record.guard.settle(nobody).maybe, record, converted), record, converted)
    if end == "accept" and rest is model.Verdict.PERMIT:
        message = "what exceeds the rate is accepted later all the same: the limit has no effect"
        yield _note("limit-useless", message, limits[0].at, Level.WARNING, Effect.IGNORED)
    elif end != "accept" and rest is model.Verdict.PERMIT:
        message = "this drops what keeps to the rate and lets the flood through: `over` is missing"
        yield _note("limit-inverted", message, limits[0].at, Level.WARNING)


def _falls_through(reject: Reject, guard: model.Condition, record: Record, converted: Converted) -> Iterator[tuple[Note, At]]:
    answers = {"tcp reset": protocol_set(6), "icmp": fields.V4, "icmpv6": fields.V6}[reject.kind]
    left = guard.settle(nobody).maybe - answers
    if _fate(left, record, converted) is model.Verdict.PERMIT:
        what = {"tcp reset": "TCP", "icmp": "IPv4", "icmpv6": "IPv6"}[reject.kind]
        message = f"`{reject.at.told}` answers {what} alone: what else the rule matches goes on, and is accepted"
        yield _note("reject-falls-through", message, reject.at, Level.WARNING, Effect.NARROWED)


def _one_family(match: Match, name: str, record: Record, converted: Converted) -> Iterator[tuple[Note, At]]:
    end = _final(record.line)
    if record.place.setting.family != "inet" or end is None or _is_of_one_family(record.line):
        return
    packets = record.guard.settle(nobody).maybe & NEW_FLOW
    if not packets:
        return
    packet = packets.example(_LIKELY)
    twin = {
        **packet,
        Field.SOURCE: _SIX if name.startswith("ip ") else _FOUR,
        Field.DESTINATION: (_SIX if name.startswith("ip ") else _FOUR) + 1,
    }
    wanted = model.Verdict.DENY if end == "accept" else model.Verdict.PERMIT
    other = model.Verdict.PERMIT if end == "accept" else model.Verdict.DENY
    for stage in stages_of(record.place.setting, record.place.table, converted):
        near = converted.near(stage).about(twin)
        if near.first_match(twin, nobody, wanted) and not near.first_match(twin, nobody, other):
            family = "IPv6" if name.startswith("ip ") else "IPv4"
            message = f"`{match.at.told}` is about one family: {family} fares otherwise here"
            yield _note("negation-one-family", message, match.at, Level.NOTE, Effect.NARROWED)
            return


def _is_of_one_family(line: RuleLine) -> bool:
    """Whether a rule says by another match which family it is about."""
    says = [each for each in line.statements if isinstance(each, Match) and each.operator not in ("!=", "ne")]
    keys = [key for each in says for key in (each.key.parts if isinstance(each.key, Concat) else (each.key,))]
    return any(_named(key).removeprefix("meta ") in _OF_ONE_FAMILY for key in keys)


_OF_ONE_FAMILY = frozenset(("ip saddr", "ip daddr", "ip6 saddr", "ip6 daddr", "nfproto", "protocol"))


# -- rules that cannot match


def _impossible(converted: Converted) -> Iterator[Note]:
    """Rules no packet can meet, on no way they stand on."""
    records = converted.converter.records
    hopeless = {record.line.at: record for record in records if not _can_match(record)}
    elsewhere = {record.line.at for record in records if hopeless and record.line.at in hopeless and _can_match(record)}
    for at, record in hopeless.items():
        why = _why(record, converted)
        if at not in elsewhere and not (why and _final(record.line) in ("drop", "reject")):
            message = f"no packet can meet all of `{at.told}`{why}"
            yield Note("impossible-match", message, at.span, Effect.NARROWED, Level.WARNING)


def _why(record: Record, converted: Converted) -> str:
    """Why no packet meets a rule, where its matches do not show it."""
    matches = [each for each in record.line.statements if isinstance(each, Match)]
    others = [each for each in matches if _named(each.key) != "ip6 hoplimit"]
    if len(others) == len(matches):
        return ""
    left = EVERYTHING
    for each in others:
        left &= converted.matcher.match(each, record.place).settle(nobody).maybe
    return ": the kernel takes neighbour discovery with a hop limit of 255 alone" if left else ""


_NOT_DECIDED_HERE = re.compile(r"@|\bmark\b|\$|\"mark\"")


def _decided_elsewhere(words: str) -> bool:
    return _NOT_DECIDED_HERE.search(words) is not None


def _can_match(record: Record) -> bool:
    words = record.line.at.words
    if record.line.plain and not ("icmp" in words or "proto" in words or "nexthdr" in words):
        guard = record.guard
        return bool(guard.packets if isinstance(guard, model.Exactly) else guard.settle(nobody).maybe) or _decided_elsewhere(words)
    if not any(isinstance(each, Match) for each in record.line.statements):
        return True
    guard = next((guard for statement, guard in record.seen if isinstance(statement, Vmap)), record.guard)  # what has no key ends there
    if isinstance(guard, model.Exactly) and guard.packets is not NOTHING:
        if record.place.setting.family in ("ip", "ip6") and ("icmp" in words or "proto" in words):
            return bool(guard.packets & _seen_by_table(record).without(Field.STATE) & ONE_FAMILY) and not _wrong_icmp(record)
        return not _wrong_icmp(record)
    if isinstance(guard, model.Exactly) or not guard.settle(nobody).maybe:
        return _decided_elsewhere(words) or (record.place.setting.family == "netdev" and "protocol" in words)  # it sees more than IP
    return not _wrong_icmp(record)


def _wrong_icmp(record: Record) -> bool:
    """`ip protocol icmpv6`, `ip6 nexthdr icmp`: nothing in nature is that."""
    words = record.line.at.words
    if "ip protocol" not in words and "nexthdr" not in words:
        return False
    for each in record.line.statements:
        if isinstance(each, Match) and each.operator in ("", "==") and isinstance(each.value, Atom):
            if _named(each.key) == "ip protocol" and each.value.word in ("icmpv6", "ipv6-icmp", "58"):
                return True
            if _named(each.key) == "ip6 nexthdr" and each.value.word in ("icmp", "1"):
                return True
    return False
