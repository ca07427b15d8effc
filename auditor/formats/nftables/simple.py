"""Rules of comparisons and one verdict, as most are: worked out without a draft, and once for each text.

What such a rule matches depends on its words and on the setting alone, unless it names a set or a variable or says something about its
place: two states of a ruleset have almost all of their rules in common.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import NamedTuple

from auditor.formats.nftables import fields, forms, layers, parse, plain
from auditor.formats.nftables.forms import Form, Simple
from auditor.formats.nftables.match import Matcher, Place
from auditor.formats.nftables.setting import Setting
from auditor.formats.nftables.syntax import FieldName, Match, Plain, RuleLine, Verdict
from auditor.formats.nftables.text import At
from auditor.model import filters as model
from auditor.model.filters import Condition, Exactly, both
from auditor.model.packets import EVERYTHING, PacketSet

FINAL = {"accept": model.Verdict.PERMIT, "drop": model.Verdict.DENY, "return": model.Verdict.RETURN}
_MOST_KEPT = 100_000


class _Kept(NamedTuple):
    """What was found out in settings that are alike: rules by their words, and forms, None of rules that have none."""

    rules: dict[str, Simple]
    forms: dict[tuple[str, ...], Form | None]


_kept: dict[Hashable, _Kept] = {}


class SimpleRules:
    """The simple rules of a chain in one setting."""

    def __init__(self, matcher: Matcher, setting: Setting) -> None:
        self.matcher = matcher
        self.kept = _kept.setdefault(_meaning(setting), _Kept({}, {}))

    def of(self, rule: RuleLine, place: Place) -> Simple | None:
        """The rule; None where there is more to it."""
        words = rule.at.words
        found = self.kept.rules.get(words)
        if found is not None:
            return found
        if not rule.plain:
            return self._of_statements(rule, place)
        if rule.variables or "@" in words:
            return self._of_words(rule.at, place, [])
        parts = forms.parts_of(words)
        key = tuple(parts[::2])
        form = self.kept.forms.get(key)
        found = form.put_in(parts, rule.at) if form is not None else None
        if found is None:
            found = self._read(rule.at, place, key)
        elif isinstance(found.guard, Exactly) and len(self.kept.rules) < _MOST_KEPT:
            self.kept.rules[words] = found
        return found

    def _read(self, at: At, place: Place, key: tuple[str, ...]) -> Simple | None:
        """A rule of a form that is not known, which is known then, or with a value that takes a closer look."""
        before = self.matcher.resolver.said
        statements: list[tuple[re.Match[str], Condition | None]] = []
        found = self._of_words(at, place, statements)
        if found is None or self.matcher.resolver.said != before:
            return found
        if key not in self.kept.forms and len(self.kept.forms) < _MOST_KEPT:
            self.kept.forms[key] = forms.form_of(at, statements, found, place.setting)
        if isinstance(found.guard, Exactly) and len(self.kept.rules) < _MOST_KEPT:
            self.kept.rules[at.words] = found
        return found

    def _of_words(self, at: At, place: Place, statements: list[tuple[re.Match[str], Condition | None]]) -> Simple | None:
        """A plain rule, its statements put in the list. Where there is nothing to say about a value, its statement need not be made."""
        packets, others, verdict, comment, layers_ = EVERYTHING, [], None, "", _Layers(place.setting)
        for found in plain.matches(at, parse.parser().patterns):
            kind, condition = found.lastgroup, None
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
            statements.append((found, condition))
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
        self.network: int | None = {"ip": 4, "ip6": 6, "netdev": 0, "arp": 0}.get(setting.family)
        self.transport: int | None = 0 if setting.family == "arp" else None

    def take(self, name: str) -> bool:
        """Take a field along; false where it may be refused here, or fixes a protocol."""
        spec = None if name in layers.FIXING else fields.known(name, self.setting)
        if spec is None or (self.network == 0 and name.startswith(("ct ", "fib "))):
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
