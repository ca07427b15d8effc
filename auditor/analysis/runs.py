"""Long runs of rules that only permit, deny or return, folded as a tree: ten thousand rules cost n log n instead of n times n.

Folding is first match: what a part decides surely is taken from the parts behind it.
"""

from __future__ import annotations

from typing import NamedTuple

from auditor.model.filters import Match, Rule, Verdict
from auditor.model.packets import NOTHING, PacketSet

LONG = 128
"""Runs shorter than this are walked rule by rule."""

FIRST = 8
"""So are the first rules of a list: what established flows send, and much else, is decided there."""


class Run(NamedTuple):
    """What a run does, to whatever reaches it: the packets it may permit, deny, return, and those it surely decides.

    Of a run whose matches are all certain `denied` is left empty: it is the rest of those it decides, and seldom asked for.
    """

    permitted: PacketSet = NOTHING
    denied: PacketSet = NOTHING
    returned: PacketSet = NOTHING
    decided: PacketSet = NOTHING

    def then(self, other: Run) -> Run:
        """Both in order: the other decides what this one leaves."""
        taken = self.decided
        permits = taken is self.permitted  # and nothing else surely: as most of most lists
        return Run(
            self.permitted | (other.permitted if permits else other.permitted - taken),
            self.denied | (other.denied - taken),
            self.returned | (other.returned - taken),
            taken | other.decided,
        )

    def refused(self) -> PacketSet:
        """All that it may deny."""
        return self.denied | (self.decided - self.permitted - self.returned)


_folded: dict[tuple[tuple[object, PacketSet, PacketSet], ...], Run] = {}
_MOST_KEPT = 64


def fold(matches: list[tuple[Rule, Match]]) -> Run:
    """The run as one. Questions about one filter are many: the last runs are kept."""
    key = tuple((rule.action, match.surely, match.maybe) for rule, match in matches)
    known = _folded.get(key)
    if known is None:
        if len(_folded) >= _MOST_KEPT:
            _folded.clear()
        certain = all(match.surely is match.maybe for _, match in matches)
        known = _folded[key] = _tree([_single(rule, match, certain) for rule, match in matches])
    return known


def _single(rule: Rule, match: Match, certain: bool) -> Run:
    if rule.action is Verdict.PERMIT:
        return Run(permitted=match.maybe, decided=match.surely)
    if rule.action is Verdict.RETURN:
        return Run(returned=match.maybe, decided=match.surely)
    return Run(denied=NOTHING if certain else match.maybe, decided=match.surely)


def _tree(parts: list[Run]) -> Run:
    while len(parts) > 1:
        joined = [first.then(second) for first, second in zip(parts[::2], parts[1::2], strict=False)]
        parts = joined + ([parts[-1]] if len(parts) % 2 else [])
    return parts[0] if parts else Run()
