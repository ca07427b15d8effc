"""What is wrong with a file the user wrote for us (a ruleset, auditor.yaml), at its line. Every problem of a file is told at once."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.model.record import dataclass
from auditor.model.source import Span

MOST_KNOWN = 24


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: `message` says what is wrong and what would be right, `span` where; None where it came from the command line."""

    message: str
    span: Span | None = None

    def __str__(self) -> str:
        return f"{self.span}: {self.message}" if self.span else self.message


class PolicyError(Exception):
    """A file or an option that cannot be used; str() is one line a problem, fit for a user."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class RulesetError(PolicyError):
    """A ruleset that cannot be used, or one that does not exist."""


class ConfigError(PolicyError):
    """An auditor.yaml that cannot be used."""


class ParameterError(PolicyError):
    """A parameter no ruleset has, or a value it cannot take."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was most likely meant to be."""
    from difflib import get_close_matches

    words = {each.casefold(): each for each in known}
    close = get_close_matches(word.casefold(), words, n=1, cutoff=0.6)
    return words[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?`, or the known words where none is near."""
    words = sorted(known)
    close = nearest(word, words)
    if close:
        return f"; did you mean {close!r}?"
    more = f" and {len(words) - MOST_KNOWN} more" if len(words) > MOST_KNOWN else ""
    return f"; known: {', '.join(words[:MOST_KNOWN])}{more}" if words else ""
