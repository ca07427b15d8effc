"""Which known word a word is a misspelling of: one slip in a short one, two in a long one, where letters exchanged are one slip."""

from __future__ import annotations

from collections.abc import Iterable


def near(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` is a slip away from, in letters of whatever case; None where it is known, or none is near."""
    words = tuple(known)
    if word in words:
        return None
    lower, best, found = word.lower(), 3, None
    for each in words:
        most = 0 if len(each) < 4 else 1 if len(each) < 8 else 2
        if abs(len(each) - len(word)) <= most and (slips := _slips(lower, each.lower(), most)) <= most and slips < best:
            best, found = slips, each
    return found


def _slips(word: str, known: str, most: int) -> int:
    """How many letters are wrong, missing, too many or exchanged with the next; more than `most` where it is more."""
    before: list[int] = []
    row = list(range(len(known) + 1))
    for number, letter in enumerate(word, 1):
        earlier, before, row = before, row, [number]
        for at, wanted in enumerate(known, 1):
            cost = min(before[at] + 1, row[at - 1] + 1, before[at - 1] + (letter != wanted))
            if number > 1 and at > 1 and letter == known[at - 2] and word[number - 2] == wanted:
                cost = min(cost, earlier[at - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]
