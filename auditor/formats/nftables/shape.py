"""From trees to syntax: each rule of the grammar becomes the node of its kind, flat operator lists get their precedence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from auditor.formats.nftables import plain
from auditor.formats.nftables.lalr import Token, Tree
from auditor.formats.nftables.syntax import (
    AddRule,
    Atom,
    Bad,
    Binary,
    Block,
    ChainBlock,
    Concat,
    Define,
    Delete,
    Devices,
    Element,
    Elements,
    Expression,
    FieldName,
    Flags,
    Flush,
    Hook,
    Include,
    Item,
    Limit,
    Listing,
    Mangle,
    MapValue,
    Match,
    Nat,
    ObjectBlock,
    Other,
    Pair,
    Plain,
    PlainSet,
    Policy,
    Reject,
    Rename,
    RuleLine,
    SetBlock,
    SetBody,
    SetLiteral,
    Statement,
    TableBlock,
    Update,
    Verdict,
    Vmap,
)  # fmt: skip
from auditor.formats.nftables.text import At, Text
from auditor.formats.nftables.trees import Node, body_of, first, is_limited, last, leaf, names_in, split, split_match, verb_of, where_of
from auditor.model.record import dataclass


@dataclass(frozen=True, slots=True)
class Shaper:
    """Turns trees of one text into syntax. `base` is added to every offset: the tree may be of a piece of the text."""

    text: Text
    terminals: Mapping[str, str]
    base: int = 0

    # -- places

    def at(self, *nodes: Node) -> At:
        """From the first to the last of the nodes' tokens."""
        return At(self.text, self.base + first(nodes[0]), self.base + last(nodes[-1]))

    # -- items

    def items(self, nodes: Sequence[Node]) -> tuple[Item, ...]:
        """What stands in a file, a table or a chain."""
        found: list[Item] = []
        for node in nodes:
            if isinstance(node, Token):
                if node.type == "PLAIN_RULES":
                    found += plain.rules(self.text, self.base + first(node), self.base + last(node), self.terminals)
                elif node.type == "BAD":
                    found.append(Bad(self.at(node)))
            elif node.data != "remark":
                found.append(_ITEMS[node.data](self, node))
        return tuple(found)

    def block(self, node: Tree) -> Block:
        return Block(self.items(node.children[1:-1]), self.at(node))

    def table(self, node: Tree) -> Item:
        names, body = names_in(node), body_of(node, "table_body")
        return TableBlock(verb_of(names), names.get("FAMILY", "ip"), names["NAME"], self.block(body) if body else None, self.at(node))

    def chain(self, node: Tree) -> Item:
        names, body = names_in(node), body_of(node, "chain_body")
        table, name = self._two(node)
        family = names.get("FAMILY", "ip") if table else ""
        return ChainBlock(verb_of(names), family, table, name.value, self.block(body) if body else None, self.at(node), self.at(name))

    def set(self, node: Tree) -> Item:
        names, body = names_in(node), body_of(node, "set_body")
        assert body is not None
        table, name = self._two(node)
        family = names.get("FAMILY", "ip") if table else ""
        place = self.at(node), self.at(name)
        return SetBlock(verb_of(names), names["SETKIND"], family, table, name.value, self.set_body(body), *place)

    def object(self, node: Tree) -> Item:
        names = names_in(node)
        table, name = self._two(node)
        kind = " ".join(names["OBJECT"].split())
        return ObjectBlock(verb_of(names), kind, names.get("FAMILY", "ip") if table else "", table, name.value, self.at(node))

    def _two(self, node: Tree) -> tuple[str, Token]:
        """The table's name (empty inside of one) and the thing's own."""
        found = [child for child in node.children if isinstance(child, Token) and child.type == "NAME"]
        return (found[0].value if len(found) > 1 else ""), found[-1]

    def add_rule(self, node: Tree) -> Item:
        names = names_in(node)
        table, chain = self._two(node)
        place = where_of(node)
        rule = node.children[-1]
        assert isinstance(rule, Tree)
        return AddRule(verb_of(names) or "add", names.get("FAMILY", "ip"), table, chain.value, place, self.rule(rule), self.at(node))

    def elements(self, node: Tree) -> Item:
        names = names_in(node)
        table, name = self._two(node)
        verb = {"delete": "delete", "destroy": "destroy"}.get(verb_of(names), "add")
        return Elements(verb, names.get("FAMILY", "ip"), table, name.value, self.data(node.children[-1]), self.at(node))

    def delete(self, node: Tree) -> Item:
        names = names_in(node)
        found = [child.value for child in node.children if isinstance(child, Token) and child.type == "NAME"]
        kind = "rule" if node.data == "delete_rule" else " ".join(names["KIND"].split())
        table, name = [*found, "", ""][:2]
        return Delete(verb_of(names), kind, names.get("FAMILY", "ip"), table, name, where_of(node)[1], self.at(node))

    def flush(self, node: Tree) -> Item:
        names = names_in(node)
        found = [child.value for child in node.children if isinstance(child, Token) and child.type == "NAME"]
        table, name = [*found, "", ""][:2]
        kind = " ".join(names["KIND"].split()) if "KIND" in names else "ruleset"
        return Flush(kind, names.get("FAMILY", "" if kind == "ruleset" else "ip"), table, name, self.at(node))

    def rename(self, node: Tree) -> Item:
        found = [child.value for child in node.children if isinstance(child, Token) and child.type == "NAME"]
        table, name, new = found[:3]
        return Rename(names_in(node).get("FAMILY", "ip"), table, name, new, self.at(node))

    def define(self, node: Tree) -> Item:
        verb, name = node.children[0], node.children[1]
        assert isinstance(verb, Token) and isinstance(name, Token)
        value = self.expression(node.children[3:]) if node.data == "define" else None
        return Define(verb.value, name.value, value, self.at(node))

    def include(self, node: Tree) -> Item:
        return Include(str(node.children[1])[1:-1], self.at(node))

    def hook(self, node: Tree) -> Item:
        names = [child for child in node.children if isinstance(child, Token) and child.type == "NAME"]
        priority = node.children[-1]
        assert isinstance(priority, Tree)
        words = [child for child in priority.children if isinstance(child, Token)]
        negative = words[0].type == "SIGN"
        value, *rest = words[negative:]
        offset = "".join(each.value for each in rest)
        devices = [child for child in node.children[4:-2] if isinstance(child, Tree) or child.type in ("VAL", "PLAIN_SET")]
        found = self.data(devices[0]) if devices else None
        sign = words[0].value if negative else ""
        return Hook(names[0].value, names[1].value, found, self.atom(value), sign, offset, self.at(node))

    def policy(self, node: Tree) -> Item:
        return Policy(self.atom(node.children[1]), self.at(node))

    def flags(self, node: Tree) -> Item:
        return Flags(tuple(child.value for child in node.children if isinstance(child, Token) and child.type == "NAME"), self.at(node))

    def devices(self, node: Tree) -> Item:
        return Devices(self.data(node.children[-1]), self.at(node))

    def set_body(self, node: Tree) -> SetBody:
        types: tuple[str, ...] = ()
        data: tuple[str, ...] = ()
        flags: tuple[str, ...] = ()
        elements: list[Expression] = []
        options: list[tuple[str, str]] = []
        counts: list[str] = []
        for item in node.children:
            if not isinstance(item, Tree):
                continue
            if item.data in ("type", "typeof"):
                types, data = self._types(item)
            elif item.data == "set_flags":
                flags = tuple(str(child) for child in item.children if str(child) != ",")
            elif item.data == "elements":
                elements.append(self.data(item.children[0]))
            elif item.data in ("set_option", "auto_merge"):
                options.append((str(item.children[0]), str(item.children[-1])))
            elif item.data in COUNTING:
                counts.append(COUNTING[item.data])
        return SetBody(types, data, flags, tuple(elements), tuple(options), self.at(node), tuple(counts))

    @staticmethod
    def _types(node: Tree) -> tuple[tuple[str, ...], tuple[str, ...]]:
        types: list[str] = []
        data: list[str] = []
        for child in node.children:
            if isinstance(child, Token):
                if child.type != "DOT":
                    (data if child.type == "VERDICT_TYPE" else types).append(" ".join(child.value.split()))
            else:
                words = [
                    " ".join(str(each).split()) for each in child.children if isinstance(each, Token) and each.type in ("FIELD", "NAME")
                ]
                if child.data == "data_type" or types:
                    data += words
                else:
                    types += words
        return tuple(types), tuple(data)

    # -- rules

    def rule(self, node: Tree) -> RuleLine:
        statements: list[Statement] = []
        comment = ""
        for child in node.children:
            if isinstance(child, Token):
                statements.append(Verdict(child.value, None, self.at(child)))
            elif child.data == "comment":
                comment = str(child.children[0]).strip('"')
            else:
                statements.append(_STATEMENTS[child.data](self, child))
        at = self.at(node)
        return RuleLine((tuple(statements), comment), at, "$" in at.words)

    def match(self, node: Tree) -> Statement:
        keys, operator, values = split_match(node.children)
        return Match(self.key(keys), operator, self.expression(values), self.at(node))

    def vmap(self, node: Tree) -> Statement:
        return Vmap(self.key(node.children[:-1]), self.data(node.children[-1]), self.at(node))

    def jump(self, node: Tree) -> Verdict:
        target = node.children[1]
        found = self.block(target) if isinstance(target, Tree) else self.atom(target)
        return Verdict(str(node.children[0]), found, self.at(node))

    def mangle(self, node: Tree) -> Statement:
        field, *value = node.children
        return Mangle(self.field(field), self.key(value), self.at(node))

    def reject(self, node: Tree) -> Statement:
        kinds = [child for child in node.children if isinstance(child, Token) and child.type in ("TCP_RESET", "REJECT_KIND")]
        codes = [self.atom(child) for child in node.children if isinstance(child, Token) and child.type == "VAL"]
        return Reject(" ".join(kinds[0].value.split()) if kinds else "", self.at(node), codes[0] if codes else None)

    def nat(self, node: Tree) -> Statement:
        words = {child.type: child.value for child in node.children if isinstance(child, Token)}
        parts = {child.data: child for child in node.children if isinstance(child, Tree)}
        kind = words.get("NAT") or words["MASQUERADE"]
        if kind == "tproxy":
            return Other(kind, self.at(node))
        address = parts.get("nat_address") or parts.get("map")
        port = parts.get("nat_port")
        target = None if address is None else self.map(address) if address.data == "map" else self.expression(address.children)
        ports = None if port is None else self.key(port.children)
        return Nat(kind, words.get("NAT_FAMILY", ""), target, ports, " ".join(words.get("NAT_WORDS", "").split()), self.at(node))

    def limit(self, node: Tree) -> Statement:
        over = any(isinstance(child, Token) and child.type in ("OVER", "QUOTA_MODE") and child.value == "over" for child in node.children)
        return Limit({"limit": "limit", "quota": "quota"}.get(node.data, "ct count"), over, self.at(node))

    def update(self, node: Tree) -> Statement:
        tokens = [child for child in node.children if isinstance(child, Token)]
        names = [child for child in tokens if child.type in ("VAL", "NAME")]
        named = names[-1] if tokens[0].value == "set" else names[0]
        name = named.value
        verb = "meter" if node.data == "meter" else next(child.value for child in tokens if child.type in ("ADD", "DELETE", "UPDATE"))
        types = [child.type if isinstance(child, Token) else "" for child in node.children]
        begin = types.index("LBRACE") + 1 if "LBRACE" in types else 2  # behind `set add`
        keys = []
        for child in node.children[begin:]:
            other = child is named or (isinstance(child, Token) and child.type not in _KEY_TOKENS)
            if other or (isinstance(child, Tree) and child.data != "group"):
                break
            keys.append(child)
        limited = any(map(is_limited, node.children))
        return Update(verb, name.lstrip("@"), self.key(keys), limited, self.at(node))

    def plain(self, node: Tree) -> Statement:
        found = next((child for child in node.children if isinstance(child, Tree) and child.data == "map"), None)
        return Plain(str(leaf(node, 0)).split()[0], self.at(node), None if found is None else self.map(found))

    def notrack(self, node: Tree) -> Statement:
        return Plain("notrack", self.at(node))

    def other(self, node: Tree) -> Statement:
        return Other(str(leaf(node, 0)).split()[0], self.at(node))

    # -- expressions

    def atom(self, node: Node) -> Atom:
        return Atom(str(node), self.at(node))

    def field(self, node: Node) -> FieldName:
        return FieldName(" ".join(str(node).split()), self.at(node))

    def data(self, node: Node) -> Expression:
        """A set, or the name of one."""
        if isinstance(node, Tree):
            return self.set_literal(node)
        return PlainSet(self.at(node)) if node.type == "PLAIN_SET" else self.atom(node)

    def map(self, node: Tree) -> MapValue:
        keys = [child for child in node.children[:-1] if not (isinstance(child, Token) and child.type == "MAP")]
        return MapValue(self.key(keys), self.data(node.children[-1]), self.at(node))

    def set_literal(self, node: Tree) -> SetLiteral:
        return SetLiteral(self.element_list(node.children), self.at(node))

    def element_list(self, nodes: Sequence[Node]) -> tuple[Element, ...]:
        return tuple(self.element(child) for child in nodes if isinstance(child, Tree) and child.data == "element")

    def element(self, node: Tree) -> Element:
        key: list[Node] = []
        data: Expression | Verdict | None = None
        attributes: list[tuple[str, str]] = []
        values: list[Node] = []
        into = key
        for child in node.children:
            if isinstance(child, Tree) and child.data == "attribute":
                attributes.append((str(leaf(child, 0)), str(leaf(child, -1)).strip('"')))
            elif isinstance(child, Tree) and child.data == "jump":
                data = self.jump(child)
            elif isinstance(child, Token) and child.type == "COLON":
                into = values
            elif isinstance(child, Token) and child.type == "VERDICT":
                data = Verdict(child.value, None, self.at(child))
            else:
                into.append(child)
        star = isinstance(key[0], Token) and key[0].type == "STAR"
        found = None if star else self.expression(key)
        return Element(found, self.expression(values) if values else data, tuple(attributes), self.at(node))

    def key(self, nodes: Sequence[Node]) -> Expression:
        """Fields joined by dots, with their masks and shifts; or any other value."""
        if len(nodes) == 1 and isinstance(nodes[0], Tree) and nodes[0].data == "map":
            return self.map(nodes[0])
        return self.expression([node for node in nodes if not (isinstance(node, Token) and node.type in ("VMAP", "MAP"))])

    def expression(self, nodes: Sequence[Node]) -> Expression:
        """A flat list of operands and operators, loosest first: comma, `/` of a mask, dot, bit operators, range and prefix."""
        if len(nodes) == 1:
            return self._operand(nodes[0])
        types = {node.type for node in nodes[1::2] if isinstance(node, Token)}
        if isinstance(nodes[0], Token) and nodes[0].type == "SIGN":
            return Atom("-" + str(nodes[1]), self.at(*nodes))
        if "COMMA" in types:
            return self._listing(nodes)
        if "DOT" in types:
            return Concat(tuple(map(self.expression, split(nodes, "."))), self.at(*nodes))
        for words in _PRECEDENCE:
            for index in range(len(nodes) - 2, 0, -2):
                if str(nodes[index]) in words:
                    left, right = self.expression(nodes[:index]), self.expression(nodes[index + 1 :])
                    return Binary(words[0], left, right, self.at(*nodes))
        left, right = self.expression(nodes[:-2]), self._operand(nodes[-1])
        return Pair(str(nodes[-2]), left, right, self.at(*nodes))

    def _listing(self, nodes: Sequence[Node]) -> Expression:
        slash = next((index for index in range(1, len(nodes), 2) if str(nodes[index]) == "/"), None)
        if slash is not None:
            return Pair("/", self.expression(nodes[:slash]), self.expression(nodes[slash + 1 :]), self.at(*nodes))
        return Listing(tuple(map(self.expression, split(nodes, ","))), self.at(*nodes))

    def _operand(self, node: Node) -> Expression:
        if isinstance(node, Tree):
            return self.set_literal(node) if node.data == "set_literal" else self.expression(node.children[1:-1])
        if node.type == "FIELD":
            return self.field(node)
        return PlainSet(self.at(node)) if node.type == "PLAIN_SET" else self.atom(node)


COUNTING = {"counter": "counter", "limit": "limit", "quota": "quota", "ctcount": "ct count", "last": "last"}
"""Statements that elements of a set come with, as trees and as attributes call them."""

_PRECEDENCE = (("|", "or"), ("^", "xor"), ("&", "and"), ("<<", "lshift"), (">>", "rshift"))
_KEY_TOKENS = frozenset(("FIELD", "DOT", "BITOP", "VAL", "NAME"))

_ITEMS: dict[str, Callable[[Shaper, Tree], Item]] = {
    "table": Shaper.table, "chain": Shaper.chain, "add_chain": Shaper.chain, "set": Shaper.set, "add_set": Shaper.set,
    "object": Shaper.object, "add_object": Shaper.object, "add_rule": Shaper.add_rule, "add_element": Shaper.elements,
    "delete_element": Shaper.elements, "delete": Shaper.delete, "delete_rule": Shaper.delete, "flush": Shaper.flush,
    "rename": Shaper.rename, "define": Shaper.define, "undefine": Shaper.define, "include": Shaper.include, "hook": Shaper.hook,
    "policy": Shaper.policy, "table_flags": Shaper.flags, "chain_flags": Shaper.flags, "devices": Shaper.devices, "rule": Shaper.rule,
}  # fmt: skip

_STATEMENTS: dict[str, Callable[[Shaper, Tree], Statement]] = {
    "match": Shaper.match, "vmap": Shaper.vmap, "jump": Shaper.jump, "mangle": Shaper.mangle, "reject": Shaper.reject, "nat": Shaper.nat,
    "masquerade": Shaper.nat, "limit": Shaper.limit, "quota": Shaper.limit, "ctcount": Shaper.limit, "set_statement": Shaper.update,
    "meter": Shaper.update, "counter": Shaper.plain, "log": Shaper.plain, "last": Shaper.plain, "neutral": Shaper.plain,
    "notrack": Shaper.notrack, "other": Shaper.other,
}  # fmt: skip
