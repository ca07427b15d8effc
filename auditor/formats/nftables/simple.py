"""Rules of comparisons and one verdict, as most are: worked out without a draft, and once for each text.

What such a rule matches depends on its words and on the setting alone, unless it names a set or a variable or says something about its
place: two states of a ruleset have almost all of their rules in common.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import NamedTuple

from auditor.formats.nftables import fields, layers, parse, plain
from auditor.formats.nftables.match import Matcher, Place
from auditor.formats.nftables.setting import Setting
from auditor.formats.nftables.syntax import FieldName, Match, Plain, RuleLine, Verdict
from auditor.formats.nftables.text import At
from auditor.model import filters as model
from auditor.model.filters import Condition, Exactly, both
from auditor.model.packets import EVERYTHING, PacketSet

FINAL = {"accept": model.Verdict.PERMIT, "drop": model.Verdict.DENY, "return": model.Verdict.RETURN}
_MOST_KEPT = 100_000


class Simple(NamedTuple):
    """What a rule matches, what it does, and its comment."""

    guard: Condition
    verdict: model.Verdict
    comment: str


_kept: dict[Hashable, dict[str, Simple]] = {}


class SimpleRules:
    """The simple rules of a chain in one setting."""

    def __init__(self, matcher: Matcher, setting: Setting) -> None:
        self.matcher = matcher
        self.kept = _kept.setdefault(_meaning(setting), {})

    def of(self, rule: RuleLine, place: Place) -> Simple | None:
        """The rule; None where there is more to it."""
        words = rule.at.words
        found = self.kept.get(words)
        if found is not None:
            return found
        before = self.matcher.resolver.said
        found = self._of_words(rule.at, place) if rule.plain else self._of_statements(rule, place)
        alike = rule.plain and not rule.variables and "@" not in words and self.matcher.resolver.said == before
        if found is not None and alike and isinstance(found.guard, Exactly) and len(self.kept) < _MOST_KEPT:
            self.kept[words] = found
        return found

    def _of_words(self, at: At, place: Place) -> Simple | None:
        """A plain rule. Where a value is a word of which there is nothing to say, its statement need not be made."""
        packets, others, verdict, comment, layers_ = EVERYTHING, [], None, "", _Layers(place.setting)
        for found in plain.matches(at, parse.parser().patterns):
            kind = found.lastgroup
            if kind == "comment":
                comment = plain.comment_of(found)
            elif verdict is not None:
                return None
            elif kind in ("list", "set"):
                name = plain.name_of(found)
                if not layers_.take(name):
                    return None
                condition = self._condition(name, found, at, place)
                if isinstance(condition, Exactly):
                    packets &= condition.packets
                else:
                    others.append(condition)
            elif kind != "word":
                return None
            elif not found["word"].startswith(("counter", "log")):
                verdict = FINAL.get(found["word"])
                if verdict is None:
                    return None
        return Simple(_all(packets, others), verdict, comment) if verdict is not None else None

    def _condition(self, name: str, found: re.Match[str], at: At, place: Place) -> Condition:
        known = self.matcher.at_once(name, found["operator"] or "", found["list"], place.setting) if found["list"] else None
        if known is not None:
            return known
        statement = plain.statement(at.text, found)
        assert isinstance(statement, Match)
        return self.matcher.match(statement, place)

    def _of_statements(self, rule: RuleLine, place: Place) -> Simple | None:
        *matches, last = rule.statements or (None,)
        verdict = FINAL.get(last.kind) if isinstance(last, Verdict) and last.target is None else None
        if verdict is None:
            return None
        packets, others, layers_ = EVERYTHING, [], _Layers(place.setting)
        for each in matches:
            if isinstance(each, Plain) and each.kind != "notrack" and each.map is None:
                continue
            if not isinstance(each, Match) or not isinstance(each.key, FieldName) or not layers_.take(each.key.name):
                return None
            condition = self.matcher.match(each, place)
            if isinstance(condition, Exactly):
                packets &= condition.packets
            else:
                others.append(condition)
        return Simple(_all(packets, others), verdict, rule.comment)


def _all(packets: PacketSet, others: list[Condition]) -> Condition:
    return both(Exactly(packets), *others) if others else Exactly(packets)


class _Layers:
    """The network and the transport protocol that the fields of a rule bring along."""

    __slots__ = ("network", "setting", "transport")

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.network: int | None = {"ip": 4, "ip6": 6, "netdev": 0}.get(setting.family)
        self.transport: int | None = None

    def take(self, name: str) -> bool:
        """Take a field along; false where it may be refused here, or fixes a protocol."""
        spec = None if name in layers.FIXING else fields.known(name, self.setting)
        if spec is None or (self.network == 0 and name.startswith("ct ")):
            return False
        if spec.layer3 is not None and self.network not in (None, spec.layer3):
            return False
        if spec.layer4 is not None and self.transport not in (None, spec.layer4):
            return False
        self.network, self.transport = spec.layer3 or self.network, spec.layer4 or self.transport
        return True


def _meaning(setting: Setting) -> Hashable:
    """What two settings share that are alike to every rule without a set."""
    facts = setting.facts
    known = (facts.marks, facts.ct_marks, facts.tracking, facts.local, facts.dnat_helps, facts.translates)
    return (setting.family, setting.way, setting.hook, setting.early, setting.nat, *known)
