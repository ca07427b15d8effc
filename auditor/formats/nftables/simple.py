"""Rules of comparisons and one verdict, as most are: worked out without a draft, and once for each text.

What such a rule matches depends on its words and on the setting alone, unless it names a set or a variable or says something about its
place: two states of a ruleset have almost all of their rules in common.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

from auditor.formats.nftables import fields, layers
from auditor.formats.nftables.match import Matcher, Place
from auditor.formats.nftables.setting import Setting
from auditor.formats.nftables.syntax import FieldName, Match, Plain, RuleLine, Verdict
from auditor.model import filters as model
from auditor.model.filters import Condition, Exactly, both
from auditor.model.packets import EVERYTHING

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
        if found is None:
            before = self.matcher.resolver.said
            found = self._made(rule, place)
            alike = rule.plain and not rule.variables and "@" not in words and self.matcher.resolver.said == before
            if found is not None and alike and isinstance(found.guard, Exactly) and len(self.kept) < _MOST_KEPT:
                self.kept[words] = found
        return found

    def _made(self, rule: RuleLine, place: Place) -> Simple | None:
        """What a rule of comparisons and one verdict matches and does: most are that. None where there is more to a rule."""
        last = rule.statements[-1] if rule.statements else None
        verdict = FINAL.get(last.kind) if isinstance(last, Verdict) and last.target is None else None
        if verdict is None:
            return None
        packets, others = EVERYTHING, []
        network: int | None = {"ip": 4, "ip6": 6, "netdev": 0}.get(place.setting.family)
        transport: int | None = None
        for each in rule.statements[:-1]:
            if isinstance(each, Plain) and each.kind != "notrack":
                continue
            if not isinstance(each, Match) or not isinstance(each.key, FieldName) or each.key.name in layers.FIXING:
                return None
            spec = fields.known(each.key.name, place.setting)
            if spec is None or (network == 0 and spec.name.startswith("ct ")):
                return None
            if spec.layer3 is not None and network not in (None, spec.layer3):
                return None
            if spec.layer4 is not None and transport not in (None, spec.layer4):
                return None
            network, transport = spec.layer3 or network, spec.layer4 or transport
            condition = self.matcher.match(each, place)
            if isinstance(condition, Exactly):
                packets &= condition.packets
            else:
                others.append(condition)
        return Simple(both(Exactly(packets), *others) if others else Exactly(packets), verdict, rule.comment)


def _meaning(setting: Setting) -> Hashable:
    """What two settings share that are alike to every rule without a set."""
    facts = setting.facts
    known = (facts.marks, facts.ct_marks, facts.tracking, facts.local, facts.dnat_helps, facts.translates)
    return (setting.family, setting.way, setting.hook, setting.early, setting.nat, *known)
