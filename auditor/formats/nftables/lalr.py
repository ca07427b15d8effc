"""An LALR(1) parser with a contextual lexer, driven by tables that lark made (tables.py): what a run needs of lark, and no more.

A terminal is looked for only where the parser could take it. Of those that fit, the order lark gives them decides; a word that is a keyword
where one can stand is that keyword.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

Action = tuple[bool, int]
"""Shift (True) to a state, or reduce by a rule."""

_OFTEN = 64
"""A state that has been asked for so many tokens gets its terminals joined into one expression."""


class Token:
    """A piece of the text."""

    __slots__ = ("end_pos", "start_pos", "type", "value")

    def __init__(self, type_: str, value: str, start_pos: int, end_pos: int) -> None:
        self.type, self.value, self.start_pos, self.end_pos = type_, value, start_pos, end_pos

    def __str__(self) -> str:
        return self.value

    def __repr__(self) -> str:
        return f"Token({self.type}, {self.value!r})"


class Tree:
    """What a rule of the grammar matched: its name, and the parts that the grammar keeps."""

    __slots__ = ("children", "data")

    def __init__(self, data: str, children: list[Token | Tree]) -> None:
        self.data, self.children = data, children

    def __repr__(self) -> str:
        return f"Tree({self.data}, {self.children!r})"


class Unexpected(Exception):
    """The text cannot go on like this at `position`. `token` is what stands there, None where no terminal fits; `run` can be resumed."""

    def __init__(self, run: Run, position: int, token: Token | None, expected: frozenset[str]) -> None:
        super().__init__(f"unexpected input at {position}")
        self.run, self.position, self.token, self.expected = run, position, token, expected


class Rule:
    """How a rule is reduced: so many values go, the kept ones become a tree of this name; those of helpers are spliced in."""

    __slots__ = ("kept", "name", "origin", "size")

    def __init__(self, origin: str, size: int, name: str, kept: Sequence[Sequence[int]]) -> None:
        self.origin, self.size, self.name = origin, size, name
        self.kept = [(index, bool(spliced)) for index, spliced in kept]

    def build(self, values: list[Token | Tree]) -> Tree:
        children: list[Token | Tree] = []
        for index, spliced in self.kept:
            value = values[index]
            if not spliced:
                children.append(value)
            elif children or not isinstance(value, Tree):
                children += value.children  # type: ignore[union-attr]
            else:
                children = value.children  # a list that grows is passed on, not copied
        return Tree(self.name, children)


class _Lexer:
    """The terminals that a state takes, in order."""

    __slots__ = ("asked", "keywords", "names", "patterns", "tables", "together")

    def __init__(self, tables: Tables, accepted: frozenset[str]) -> None:
        names = [name for name in tables.order if name in accepted]
        self.tables = tables
        self.keywords: dict[str, dict[str, str]] = {}
        hidden: set[str] = set()
        for name in names:
            words = {word: keyword for word, keyword in tables.keywords.get(name, {}).items() if keyword in accepted}
            if words:
                self.keywords[name] = words
                hidden.update(words.values())
        self.names = [name for name in names if name not in hidden]
        self.patterns: list[tuple[str, Callable[..., re.Match[str] | None]]] | None = None
        self.together: re.Pattern[str] | None = None
        self.asked = 0

    def match(self, text: str, position: int) -> tuple[str, str, int] | None:
        """The terminal, its text and its end; None if none fits."""
        self.asked += 1
        if self.together is None and self.asked > _OFTEN:
            self.together = re.compile("|".join(f"(?P<{name}>{self.tables.patterns[name]})" for name in self.names))
        if self.together is not None:
            found = self.together.match(text, position)
            name = found.lastgroup if found is not None else None
        else:
            found, name = self._one_by_one(text, position)
        if found is None or name is None:
            return None
        word = found[0]
        words = self.keywords.get(name)
        return (words.get(word, name) if words is not None else name), word, found.end()

    def _one_by_one(self, text: str, position: int) -> tuple[re.Match[str] | None, str | None]:
        if self.patterns is None:
            self.patterns = [(name, self.tables.compiled(name).match) for name in self.names]
        for name, match in self.patterns:
            found = match(text, position)
            if found is not None:
                return found, name
        return None, None


class Tables:
    """The parser's tables. `states`: token or rule → action; `order`: terminals as the lexer tries them."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.patterns: dict[str, str] = data["patterns"]
        self.order: list[str] = data["order"]
        self.keywords: dict[str, dict[str, str]] = data["keywords"]
        self.ignored = re.compile(data["ignored"])
        self.rules = [Rule(*each) for each in data["rules"]]
        self.starts: dict[str, list[int]] = data["starts"]
        symbols: list[str] = data["symbols"]
        self.states = [{symbols[key]: value for key, value in zip(state[::2], state[1::2], strict=True)} for state in data["states"]]
        self._lexers: dict[frozenset[str], _Lexer] = {}
        self._of_state: dict[int, _Lexer] = {}
        self._compiled: dict[str, re.Pattern[str]] = {}

    def compiled(self, name: str) -> re.Pattern[str]:
        found = self._compiled.get(name)
        if found is None:
            found = self._compiled[name] = re.compile(self.patterns[name])
        return found

    def lexer(self, state: int) -> _Lexer:
        found = self._of_state.get(state)
        if found is None:
            accepted = frozenset(name for name in self.states[state] if name in self.patterns)
            found = self._lexers.get(accepted)
            if found is None:
                found = self._lexers[accepted] = _Lexer(self, accepted)
            self._of_state[state] = found
        return found

    def parse(self, text: str, start: str) -> Tree:
        """The tree of the whole text. Raises `Unexpected`."""
        return Run(self, text, start).finish()


class Run:
    """One parse: a stack of states and of what was read, and how far the text was read."""

    def __init__(self, tables: Tables, text: str, start: str) -> None:
        self.tables, self.text, self.position = tables, text, 0
        first, self.last = tables.starts[start]
        self.states: list[int] = [first]
        self.values: list[Token | Tree] = []

    def finish(self) -> Tree:
        """Read to the end. Raises `Unexpected`, after which the run can be mended and go on."""
        text, ignored, lexer = self.text, self.tables.ignored.match, self.tables.lexer
        while True:
            blank = ignored(text, self.position)
            if blank is not None:
                self.position = blank.end()
            if self.position >= len(text):
                break
            found = lexer(self.states[-1]).match(text, self.position)
            if found is None:
                raise Unexpected(self, self.position, None, self.expected())
            kind, word, end = found
            token = Token(kind, word, self.position, end)
            self.position = end
            self.feed(token)
        self.feed(Token("$END", "", len(text), len(text)))
        result = self.values[-1]
        assert isinstance(result, Tree)
        return result

    def feed(self, token: Token) -> None:
        """Take a token. Raises `Unexpected`."""
        states, values, table, rules = self.states, self.values, self.tables.states, self.tables.rules
        kind = token.type
        while True:
            action = table[states[-1]].get(kind)
            if action is None:
                raise Unexpected(self, token.start_pos, token, self.expected())
            if action >= 0:
                states.append(action)
                values.append(token)
                return
            rule = rules[-action - 1]
            size = rule.size
            if size:
                taken = values[-size:]
                del states[-size:], values[-size:]
            else:
                taken = []
            value = rule.build(taken)
            states.append(table[states[-1]][rule.origin])
            values.append(value)
            if kind == "$END" and states[-1] == self.last:
                return

    def expected(self) -> frozenset[str]:
        """The terminals that the parser takes here, as far as its state tells."""
        return frozenset(name for name in self.tables.states[self.states[-1]] if name in self.tables.patterns or name == "$END")

    def takes(self, kind: str) -> bool:
        """Whether a token of this kind can come next, reductions and all."""
        states = list(self.states)
        while True:
            action = self.tables.states[states[-1]].get(kind)
            if action is None or action >= 0:
                return action is not None
            rule = self.tables.rules[-action - 1]
            if rule.size:
                del states[-rule.size :]
            following = self.tables.states[states[-1]].get(rule.origin)
            if following is None:
                return False
            states.append(following)

    def open_braces(self) -> int:
        """How many braces are open."""
        types = [value.type for value in self.values if isinstance(value, Token)]
        return types.count("LBRACE") - types.count("RBRACE")
