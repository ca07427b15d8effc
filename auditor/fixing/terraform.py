"""A missing permit of an AWS security group, in the style in which the group's other rules are written. python-hcl2 lays the block out.

Only what can be named in the module of the group is written: another group of the same module, or addresses. A group that is made by
`count` or `for_each` is named with the key of the instance that lacks the rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from auditor.files import read_text
from auditor.fixing.hcl import blocks, indented, inner, laid_out, quoted
from auditor.fixing.wanted import Service, Texts, Unwritten, Wanted, inserted, without
from auditor.model.source import Span

_GROUP = re.compile(
    r"^terraform:(?P<module>(?:module\.[\w-]+(?:\[[^\]]*\])?\.)*)aws_security_group\.(?P<label>[\w-]+)(?P<key>\[[^\]]*\])?$"
)
_MODERN = {True: "aws_vpc_security_group_ingress_rule", False: "aws_vpc_security_group_egress_rule"}
_OLD = "aws_security_group_rule"


def write(wanted: Wanted) -> Texts:
    """The file with the rule in it. Raises `Unwritten` where the group or the peer cannot be named."""
    group = _GROUP.match(wanted.zone)
    path = wanted.filter_span.path
    if wanted.deny:
        raise Unwritten("a security group has no rules that deny: what lets it through has to be narrowed")
    if group is None:
        raise Unwritten(f"rules are written for AWS security groups, and not for {wanted.zone.partition(':')[2] or wanted.zone}")
    peers = list(_peers(wanted, group["module"]))
    if not peers:
        raise Unwritten("the addresses of the other end are not known, and no group of its module stands for it")
    if path.endswith(".json"):
        from auditor.fixing.terraform_json import written

        return {path: written(read_text(wanted.tree, path).text, _entries(wanted, group, peers, set()))}
    if not path.endswith((".tf", ".tofu")):
        raise Unwritten(f"{path} was made by Terraform: the rule belongs into the module it was made from")
    text = read_text(wanted.tree, path).text
    found = blocks(text)
    own = next((block for block in found if block[0] == "aws_security_group" and block[1] == group["label"]), None)
    if own is None:
        raise Unwritten(f"where aws_security_group.{group['label']} ends in {path} cannot be told by its braces")
    named = rf"\baws_security_group\.{re.escape(group['label'])}\b(?!-)"
    theirs = [block for block in found if block[0] in (*_MODERN.values(), _OLD) and re.search(named, block[4])]
    if not theirs and re.search(r"^\s*(?:ingress|egress)\s*\{", own[4], re.MULTILINE):
        made = "\n".join(_inline(wanted, peer) for peer in peers)
        return {path: inserted(text, own[3], "\n" + made)}
    old = bool(theirs) and all(block[0] == _OLD for block in theirs)
    same = [block for block in theirs if block[0] == _MODERN[wanted.inbound] or old] or theirs or [own]
    kind = _OLD if old else _MODERN[wanted.inbound]
    entries = _entries(wanted, group, peers, {block[1] for block in found if block[0] == kind}, old)
    made = "\n".join(laid_out("resource", [kind, label], body) for kind, label, body in entries)
    return {path: inserted(text + ("" if text.endswith("\n") else "\n"), same[-1][3] + 1, "\n" + made)}


Entry = tuple[str, str, dict[str, Any]]
"""(type, label, arguments as python-hcl2 wants them)"""


def _entries(wanted: Wanted, group: re.Match[str], peers: list[tuple[str, str]], taken: set[str], old: bool = False) -> list[Entry]:
    """The resources of the rule, one for each peer."""
    reference = f"{_named(group)}.id"
    key = re.sub(r"\W+", "_", group["key"] or "").strip("_")
    labels = [_label(wanted, f"{group['label']}_{key}" if key else group["label"], number, taken) for number in range(len(peers))]
    kind = _OLD if old else _MODERN[wanted.inbound]
    return [(kind, label, _arguments(wanted, peer, reference, old)) for label, peer in zip(labels, peers, strict=True)]


def _named(group: re.Match[str]) -> str:
    return f"aws_security_group.{group['label']}{group['key'] or ''}"


def remove(text: str, span: Span) -> str | None:
    """`text` without the rule resource, or the inline block, that holds the place."""
    if span.path.endswith(".json"):
        return None
    for block in blocks(text):
        kind, _, first, last, _ = block
        if not first <= span.line <= last:
            continue
        if kind in (*_MODERN.values(), _OLD):
            return without(text, first, last)
        rules = inner(block, "rule" if kind.startswith("proxmox_") else "ingress|egress")
        return next((_without_inner(text, begin, end) for _, begin, end in rules if begin <= span.line <= end), None)
    return None


def _without_inner(text: str, first: int, last: int) -> str:
    """`text` without a block inside another, and without the empty line that set it apart."""
    lines = text.split("\n")
    apart = not lines[first - 2].strip() and lines[last].strip() in ("", "}")
    return without(text, first - apart, last)


def _peers(wanted: Wanted, module: str) -> Iterator[tuple[str, str]]:
    """(what the peer is, how it is written): a group of this module, else each of its networks."""
    groups = sorted(_named(found) for zone in wanted.peer_zones if (found := _GROUP.match(zone)) and found["module"] == module)
    if groups:
        yield "group", f"{groups[0]}.id"
        return
    for peer in wanted.peers:
        yield ("cidr_ipv6" if ":" in peer else "cidr_ipv4"), peer if "/" in peer else f"{peer}/{128 if ':' in peer else 32}"


def _label(wanted: Wanted, group: str, number: int, taken: set[str]) -> str:
    label = f"{group}_{wanted.identifier}" + (f"_{number + 1}" if number else "")
    while label in taken:
        label += "_added"
    taken.add(label)
    return label


def _arguments(wanted: Wanted, peer: tuple[str, str], reference: str, old: bool) -> dict[str, Any]:
    kind, value = peer
    low, high, protocol = _range(wanted.service)
    body: dict[str, Any] = {"security_group_id": f"${{{reference}}}", "description": quoted(wanted.title)}
    if old:
        body = {"type": quoted("ingress" if wanted.inbound else "egress"), **body}
        body.update(from_port=low, to_port=high, protocol=quoted(protocol))
        body.update(_old_source(peer, reference, "source_security_group_id", f"${{{value}}}"))
        return body
    body.update({"referenced_security_group_id": f"${{{value}}}"} if kind == "group" else {kind: quoted(value)})
    if protocol != "-1":
        body.update(from_port=low, to_port=high)
    body.update(ip_protocol=quoted(protocol))
    return body


def _inline(wanted: Wanted, peer: tuple[str, str]) -> str:
    low, high, protocol = _range(wanted.service)
    own = _GROUP.match(wanted.zone)
    reference = f"{_named(own)}.id" if own is not None else ""
    body: dict[str, Any] = {"description": quoted(wanted.title)}
    body.update(from_port=low, to_port=high, protocol=quoted(protocol))
    body.update(_old_source(peer, reference, "security_groups", [f"${{{peer[1]}}}"]))
    return indented(laid_out("ingress" if wanted.inbound else "egress", [], body))


def _old_source(peer: tuple[str, str], reference: str, name: str, group: object) -> dict[str, Any]:
    """The other end as inline blocks and aws_security_group_rule have it."""
    if peer[0] == "group":
        return {"self": True} if peer[1] == reference else {name: group}
    return {"ipv6_cidr_blocks" if peer[0] == "cidr_ipv6" else "cidr_blocks": [quoted(peer[1])]}


def _range(service: Service) -> tuple[int, int, str]:
    """(from_port, to_port, protocol) as AWS has them; of several ranges the first: each service asks for one."""
    if service.protocol == "any":
        return 0, 0, "-1"
    if service.protocol.startswith("icmp"):
        kind = -1 if service.icmp_type is None else service.icmp_type
        return kind, -1, service.protocol
    low, high = service.ports[0] if service.ports else (0, 65535)
    return low, high, service.protocol
