"""A missing rule of Proxmox's firewall where Terraform writes it: a block before the one that decides, or behind the last of its resource.

The provider keeps all rules of a guest, a node or the cluster in one resource. Where the policy decides, that resource is found by whose
firewall it writes; one is made, beside the options, where there is none.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

from auditor.files import Tree, read_text
from auditor.fixing.hcl import Block, argument, blocks, indented, inner, laid_out, quoted
from auditor.fixing.wanted import Texts, Unwritten, Wanted, inserted

_RULES = re.compile(r"proxmox(?:_virtual_environment)?_firewall_rules")
_GROUP = re.compile(r"proxmox(?:_virtual_environment)?_cluster_firewall_security_group")
_OPTIONS = re.compile(r"proxmox(?:_virtual_environment)?_(?:firewall_options|cluster_firewall|node_firewall)")
_BLOCKS = r'rule|dynamic\s+"rule"'
_GUEST = ("vm_id", "container_id")
_TARGET = ("count", "for_each", "node_name", *_GUEST)
_ARGUMENTS = {"-source": "source", "-dest": "dest", "-p": "proto", "-sport": "sport", "-dport": "dport"}
_PLAIN = re.compile(r'"[^"$%]*"|\d+')


def write(wanted: Wanted, rules: list[str]) -> Texts:
    """The file with the rules, which are told as lines of a firewall file. Raises `Unwritten`."""
    path = wanted.place.path
    if not path.endswith((".tf", ".tofu")):
        raise Unwritten(f"rules are written into .tf files, and not into {path}")
    text = read_text(wanted.tree, path).text
    line = wanted.place.line
    own = next((block for block in blocks(text) if block[2] <= line <= block[3]), None)
    if own is None:
        raise Unwritten(f"where the resource at {path}:{line} begins and ends cannot be told by its braces")
    made = "\n".join(dict.fromkeys(_block(rule, wanted.title) for rule in rules))
    if _RULES.fullmatch(own[0]) or _GROUP.fullmatch(own[0]):
        return {path: _put(text, own, line, made)}
    if not _OPTIONS.fullmatch(own[0]):
        raise Unwritten(f"{own[0]} has no rules")
    for other, found in _resources(wanted.tree, path):
        if _same(own, found):
            return {other: _put(read_text(wanted.tree, other).text, found, 0, made)}
    return {path: inserted(text + ("" if text.endswith("\n") else "\n"), own[3] + 1, "\n" + _resource(own, made))}


def _put(text: str, block: Block, line: int, made: str) -> str:
    """The rules before the block that holds the line, else behind the last."""
    rules = list(inner(block, _BLOCKS))
    holding = next((begin for _, begin, end in rules if begin <= line <= end), None)
    if made in text:
        return text
    if holding is not None:
        return inserted(inserted(text, holding, ""), holding, made)
    return inserted(text, block[3], "\n" + made)


def _resources(tree: Tree, path: str) -> Iterator[tuple[str, Block]]:
    """The rules of the same module, file by file."""
    folder = posixpath.dirname(path)
    for other in tree.paths():
        if posixpath.dirname(other) == folder and other.endswith((".tf", ".tofu")):
            yield from ((other, block) for block in blocks(read_text(tree, other).text) if _RULES.fullmatch(block[0]))


def _same(options: Block, rules: Block) -> bool:
    """Whether rules are of the guest, node or cluster of these options. Raises `Unwritten` where that cannot be told."""
    one, other = _target(options), _target(rules)
    if one == other:
        return True
    if one[0] == other[0] and not all(_PLAIN.fullmatch(each[1]) for each in (one, other)) and "." not in one[1] + other[1]:
        raise Unwritten(f"whether the rules of {rules[0]}.{rules[1]} are meant cannot be told")
    plain = [_PLAIN.fullmatch(each[1]) is not None for each in (one, other)]
    if one[0] == other[0] and plain[0] is not plain[1]:
        raise Unwritten(f"whether {one[1]} and {other[1]}, of {rules[0]}.{rules[1]}, are the same guest cannot be told")
    return False


def _target(block: Block) -> tuple[str, str]:
    """Whose firewall a resource writes: the guest's, else the node's, else the cluster's."""
    for name in _GUEST:
        if re.search(rf"^  {name}\s*=", block[4], re.MULTILINE):
            found = argument(block, name)
            if found is None:
                raise Unwritten(f"{name} of {block[0]}.{block[1]} goes over several lines")
            return "guest", re.sub(r"\.(?:vm_id|id)$", "", found)
    return "node", argument(block, "node_name") or ""


def _resource(options: Block, made: str) -> str:
    """A resource for rules of what the options are of."""
    kind = ("proxmox_virtual_environment_" if "_virtual_environment_" in options[0] else "proxmox_") + "firewall_rules"
    lines = [f"  {name} = {value}" for name in _TARGET if (value := argument(options, name)) is not None]
    if any(re.search(rf"^  {name}\s*=", options[4], re.MULTILINE) and argument(options, name) is None for name in _TARGET):
        raise Unwritten(f"how many there are of {options[0]}.{options[1]} goes over several lines")
    width = max((len(line.partition(" = ")[0]) for line in lines), default=0)
    aligned = "".join(f"{name:<{width}} = {value}\n" for name, _, value in (line.partition(" = ") for line in lines))
    return f'resource "{kind}" "{options[1]}" {{\n{aligned}{chr(10) if aligned else ""}{made}\n}}\n'


def _block(rule: str, title: str) -> str:
    """A line of a firewall file as a block. Raises `Unwritten` for a type of ICMP that no macro names."""
    direction, action, *rest = rule.split()
    options = dict(zip(rest[::2], rest[1::2], strict=True))
    body: dict[str, Any] = {"type": quoted(direction.lower()), "action": quoted(action), "comment": quoted(title)}
    if "-icmp-type" in options:
        if options["-icmp-type"] != "echo-request":
            raise Unwritten(f"{options['-icmp-type']} has no macro that a rule could name")
        body["macro"] = quoted("Ping")
        del options["-p"]
    body |= {name: quoted(options[option]) for option, name in _ARGUMENTS.items() if option in options}
    return indented(laid_out("rule", [], body))
