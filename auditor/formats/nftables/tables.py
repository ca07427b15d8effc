"""Makes the parser's tables of grammar.lark, by lark: `python -m auditor.formats.nftables.tables`, after every change of the grammar.

They are shipped, since making them takes lark half a second, and reading by them needs no lark.
"""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lark import Lark
    from lark.grammar import Rule
    from lark.lexer import TerminalDef

STARTS = ("file", "table_items", "chain_items", "element_list")


def grammar() -> str:
    """The grammar's text."""
    return resources.files(__package__).joinpath("grammar.lark").read_text("utf-8")


def made(text: str) -> dict[str, Any]:
    """The tables of a grammar, as lalr.Tables takes them."""
    from lark import Lark

    lark = Lark(text, parser="lalr", start=list(STARTS), maybe_placeholders=False)
    table = lark.parser.parser._parse_table
    rules = sorted(lark.rules, key=_spelled)
    number_of = {rule: number for number, rule in enumerate(rules)}
    symbols = sorted({name for state in table.states.values() for name in state})
    index_of = {name: index for index, name in enumerate(symbols)}
    order = _reached(table.states, [table.start_states[name] for name in STARTS])
    renumbered = {state: number for number, state in enumerate(order)}
    states = []
    for state in order:
        flat: list[int] = []
        for name, (action, argument) in sorted(table.states[state].items()):
            shift = action.name == "Shift"
            flat += [index_of[name], renumbered[argument] if shift else -number_of[argument] - 1]
        states.append(flat)
    return {
        **_terminals(lark),
        "rules": [_rule(rule) for rule in rules],
        "starts": {name: [renumbered[table.start_states[name]], renumbered[table.end_states[name]]] for name in STARTS},
        "symbols": symbols,
        "states": states,
    }


def _spelled(rule: Rule) -> tuple[str, tuple[str, ...]]:
    return rule.origin.name, tuple(symbol.name for symbol in rule.expansion)


def _reached(states: dict[int, Any], starts: list[int]) -> list[int]:
    """The states in an order that is the same every time: as they are reached, by the symbols' names."""
    order = list(dict.fromkeys(starts))
    for state in order:
        for _, (action, argument) in sorted(states[state].items()):
            if action.name == "Shift" and argument not in order:
                order.append(argument)
    return order


def _terminals(lark: Lark) -> dict[str, Any]:
    """Patterns in the order of lark's lexer, and which words of which pattern are keywords."""
    ignored = set(lark.ignore_tokens)
    terminals = sorted(lark.terminals, key=lambda each: (-each.priority, -each.pattern.max_width, -len(each.pattern.value), each.name))
    kept = [each for each in terminals if each.name not in ignored]
    return {
        "patterns": {each.name: each.pattern.to_regexp() for each in kept},
        "order": [each.name for each in kept],
        "keywords": {each.name: words for each in kept if each.pattern.type == "re" and (words := _keywords(each, kept))},
        "ignored": "|".join(f"(?:{each.pattern.to_regexp()})" for each in terminals if each.name in ignored).join(("(?:", ")+")),
    }


def _keywords(pattern: TerminalDef, terminals: list[TerminalDef]) -> dict[str, str]:
    expression = re.compile(pattern.pattern.to_regexp())
    words = {each.pattern.value: each.name for each in terminals if each.pattern.type == "str" and each.priority == pattern.priority}
    return {word: name for word, name in words.items() if expression.fullmatch(word)}


def _rule(rule: Rule) -> list[Any]:
    """origin, size, name of the tree, and the kept values: (index, whether it is spliced in)."""
    kept = [
        [index, int(not symbol.is_term and symbol.name.startswith("_"))]
        for index, symbol in enumerate(rule.expansion)
        if rule.options.keep_all_tokens or not (symbol.is_term and symbol.filter_out)  # type: ignore[attr-defined]
    ]
    return [rule.origin.name, len(rule.expansion), rule.alias or rule.origin.name, kept]


def dumped() -> str:
    """The tables as they are shipped."""
    return json.dumps(made(grammar()), separators=(",", ":"), sort_keys=True) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("tables.json").write_text(dumped(), "utf-8")
