"""Remarks that compare rules: what never decides, what a port forward needs and nobody lets in, what anti-lockout overrides."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.formats.opnsense.aliases import shown
from auditor.formats.opnsense.automatic import lockout_interface
from auditor.formats.opnsense.convert import Converted, interfaces_of, target_packets
from auditor.formats.opnsense.lines import Line
from auditor.formats.opnsense.lints import remark
from auditor.formats.opnsense.record import Record
from auditor.formats.opnsense.ruleset import Ruleset
from auditor.formats.opnsense.terms import Kind
from auditor.formats.pf.addresses import complement, meet
from auditor.formats.pf.order import first_match
from auditor.formats.pf.ruleset import Direction
from auditor.formats.pf.ruleset import Line as PfLine
from auditor.model.filters import Match, Predicate, Verdict
from auditor.model.headers import NEW_FLOW
from auditor.model.packets import NOTHING, PacketSet
from auditor.model.record import dataclass, field
from auditor.model.source import Effect, Level, Note

_MOST_STEPS = 500_000
"""How many pairs of lines are compared at most; a file with more is past what a person reads remarks on."""


@dataclass(slots=True)
class _Lines:
    """The lines of a ruleset with what they match, each found out once, and the lines of each interface and direction."""

    converted: Converted
    names: frozenset[str]
    steps: int = 0
    _matches: dict[int, Match] = field(default_factory=dict)
    _at: dict[tuple[str, Direction], tuple[PfLine, ...]] = field(default_factory=dict)

    def match(self, line: PfLine) -> Match:
        found = self._matches.get(id(line))
        if found is None:
            found = self._matches[id(line)] = line.rule.condition.settle(_unasked)
        return found

    def at(self, name: str, direction: Direction) -> tuple[PfLine, ...]:
        """The deciding lines that packets there meet, in first-match order."""
        found = self._at.get((name, direction))
        if found is None:
            fitting = first_match(line for line in self.converted.pf if line.applies(name, direction))
            found = self._at[name, direction] = tuple(fitting)
        self.steps += len(found)
        return found

    @property
    def tired(self) -> bool:
        """Whether enough has been compared."""
        return self.steps > _MOST_STEPS


def compare(rules: Ruleset, converted: Converted) -> Iterator[Note]:
    """The notes that follow from rules seen together."""
    if not (rules.filters and rules.loads):
        return
    lines = _Lines(converted, frozenset(interface.name for interface in rules.interfaces.real()))
    yield from _never_wins(lines)
    yield from _locked(rules, lines)
    yield from _unreachable(rules, lines)


def _unasked(_: Predicate) -> bool | None:
    return None


# -- rules without quick


def _never_wins(all_: _Lines) -> Iterator[Note]:
    """Rules without quick all of whose packets some quick rule surely takes, on every interface they look at."""
    weak: dict[int, list[tuple[Line, PfLine]]] = {}
    for line, made in all_.converted.lines:
        if line is not None and not line.record.synthetic and not line.record.quick and made.decides:
            weak.setdefault(id(line.record), []).append((line, made))
    for lines in weak.values():
        if not all_.tired and all(_covered(made, all_) for _, made in lines):
            record = lines[0][0].record
            trap = "floating-never-wins" if record.floating and record.store == "legacy" else "not-quick"
            message = (
                f"{'floating rule' if record.floating else 'rule'} {shown(record.title)} is not quick, and quick rules take all its packets"
            )
            yield remark(trap, message, record.place("quick", "floating"), Effect.IGNORED, _weight(record))


def _weight(record: Record) -> Level:
    return Level.WARNING if record.action == "pass" else Level.ERROR


def _covered(weak: PfLine, all_: _Lines) -> bool:
    wanted = all_.match(weak).maybe & NEW_FLOW
    for name in all_.names if weak.interfaces is None else weak.interfaces:
        for direction in weak.directions:
            rest = wanted
            for line in all_.at(name, direction):
                if not line.quick or not rest:
                    break
                rest -= all_.match(line).surely
            if rest:
                return False
    return True


# -- anti-lockout


def _locked(rules: Ruleset, all_: _Lines) -> Iterator[Note]:
    """Blocks of what anti-lockout passes before them."""
    name = lockout_interface(rules.root, rules.interfaces)
    if name is None or name not in rules.interfaces.table:
        return
    open_ = NOTHING
    for line, made in all_.converted.lines:
        if line is not None and line.record.synthetic and line.record.title == "anti-lockout rule":
            open_ |= all_.match(made).surely
    seen: set[int] = set()
    for line, made in all_.converted.lines:
        if line is None or line.record.synthetic or not line.record.quick or id(line.record) in seen or not _about_firewall(line, rules):
            continue
        if made.rule.action in (Verdict.DENY, Verdict.REJECT) and made.applies(name, Direction.IN) and all_.match(made).surely.meets(open_):
            seen.add(id(line.record))
            message = (
                f"block rule {shown(line.record.title)} cannot close the firewall's web and SSH ports: anti-lockout passes them before"
            )
            switch = rules.root.at("system/webgui")
            related = (("the switch of anti-lockout", switch.head),) if switch is not None else ()
            yield remark("anti-lockout", message, line.record.place(line.record.destination.path), Effect.IGNORED, related=related)


def _about_firewall(line: Line, rules: Ruleset) -> bool:
    """Whether a line's destination is the firewall itself, and nothing else."""
    if line.destination.kind in (Kind.SELF, Kind.ADDRESS):
        return not line.destination.negated
    found = line.destination.span
    return found is not None and not line.destination.negated and not meet((found,), complement(rules.interfaces.own.surely))


# -- port forwards


def _unreachable(rules: Ruleset, all_: _Lines) -> Iterator[Note]:
    """Port forwards for whose target and port no rule on their interface may let anything in."""
    seen: set[int] = set()
    for redirect in rules.redirects:
        record = redirect.line.record
        if redirect.dropped or redirect.forward.exception or redirect.forward.passes in ("pass", "rule") or id(record) in seen:
            continue
        seen.add(id(record))
        names = interfaces_of(redirect.line, rules.interfaces)
        places = [interface.name for interface in rules.interfaces.real() if names is None or interface.name in names]
        wanted = target_packets(redirect, rules) & NEW_FLOW
        if wanted and places and not all_.tired and not any(_may_enter(wanted, name, all_) for name in places):
            message = f"port forward {shown(record.title)}: no rule on its interface lets in what it forwards"
            yield remark("forward-unreachable", message, record.place("target"), Effect.IGNORED)


def _may_enter(wanted: PacketSet, name: str, all_: _Lines) -> bool:
    """Whether some of `wanted` may pass the `in` rules of an interface."""
    rest = wanted
    for line in all_.at(name, Direction.IN):
        match = all_.match(line)
        if line.rule.action is Verdict.PERMIT and match.maybe.meets(rest):
            return True
        if line.rule.action is not Verdict.PERMIT:
            rest -= match.surely
        if not rest:
            return False
    return bool(rest)
