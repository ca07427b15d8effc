"""What Terraform writes into the firewall files of Proxmox, through the bpg provider: the same documents that a reader makes of the files.

The provider's defaults are its own, and it sends them all: a cluster's firewall is off unless `enabled` says otherwise, a guest's `dhcp`
and `ndp` are off, its `radv` is on. Nothing that is not known is left out: a rule of which a word is not known is there with its doubt,
and whatever the configuration does not state may stand in files that were not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.formats.proxmox.machines import Machine
from auditor.formats.proxmox.record import Alias, Document, Entry, Group, IpSet, Line, Scope, Setting
from auditor.formats.terraform.clouds.proxmox import ALIAS, CLUSTER, IPSET, NODE, OPTIONS, RULES, SECURITY_GROUP
from auditor.formats.terraform.clouds.reading import flag, set_here, trail_of, unknown_of
from auditor.formats.terraform.resources import Arguments, Resource, Root
from auditor.formats.terraform.values import text_of
from auditor.model.headers import ANYWHERE, address_interval
from auditor.model.record import replace
from auditor.model.source import Unknown

_Options = tuple[tuple[str, str, str], ...]
_GUEST_FLAGS: _Options = (
    ("enable", "enabled", "0"),
    ("dhcp", "dhcp", "0"),
    ("ndp", "ndp", "0"),
    ("radv", "radv", "1"),
    ("macfilter", "macfilter", "1"),
    ("ipfilter", "ipfilter", "0"),
)
_CLUSTER_FLAGS = (("enable", "enabled", "0"),)
_NODE_FLAGS = (("enable", "enabled", "1"), ("ndp", "ndp", "1"), ("nosmurfs", "nosmurfs", "1"), ("nftables", "nftables", "0"))
_POLICIES = (("policy_in", "input_policy", "DROP"), ("policy_out", "output_policy", "ACCEPT"))
_FORWARD = ("policy_forward", "forward_policy", "ACCEPT")
_WORDS = (
    ("-i", "iface"),
    ("-p", "proto"),
    ("-dport", "dport"),
    ("-sport", "sport"),
    ("-source", "source"),
    ("-dest", "dest"),
    ("-log", "log"),
)
_VERDICTS = ("DROP", "ACCEPT", "REJECT")
_NOTHING = "?"

Target = tuple[Scope, str]
Doubts = tuple[Unknown, ...]


def documents(root: Root, machines: Mapping[str, Machine]) -> Iterator[Document]:
    """What each resource of a root module writes, as a file of its own. `machines` by the symbols of their numbers."""
    for resource in root.resources((*CLUSTER, *NODE, *OPTIONS, *ALIAS, *IPSET, *SECURITY_GROUP, *RULES)):
        scope, name = _target(resource, machines)
        path = f"{root.directory}/{resource.address.replace('/', '_')}".lstrip("/")  # a key of for_each is no folder
        stated = Document(path, scope, name, options_span=resource.span, partial=True)
        yield _filled(stated, root, resource)


def _filled(stated: Document, root: Root, resource: Resource) -> Document:
    doubt = _doubt_of(root, resource, resource)
    if resource.type in OPTIONS:
        return replace(stated, settings=tuple(_settings(resource, _GUEST_FLAGS, _POLICIES, doubt)))
    if resource.type in CLUSTER:
        return replace(stated, settings=tuple(_settings(resource, _CLUSTER_FLAGS, (*_POLICIES, _FORWARD), doubt)))
    if resource.type in NODE:
        return replace(stated, settings=tuple(_settings(resource, _NODE_FLAGS, (), doubt)))
    if resource.type in ALIAS:
        return replace(stated, aliases=(_alias(resource, doubt),))
    if resource.type in IPSET:
        return replace(stated, sets=(_set(root, resource, doubt),))
    if resource.type in SECURITY_GROUP:
        return replace(stated, groups=(Group(_name(resource), tuple(_lines(root, resource)), resource.span),))
    return replace(stated, rules=tuple(_lines(root, resource)))


def _target(resource: Resource, machines: Mapping[str, Machine]) -> Target:
    """Whose file a resource writes into."""
    if resource.type in (*CLUSTER, *SECURITY_GROUP):
        return Scope.CLUSTER, ""
    for name in ("vm_id", "container_id"):
        value = resource.get(name)
        if set_here(value):
            symbol = text_of(value) or value.reference or f"{resource.address}.{name}"
            return Scope.GUEST, machines[symbol].number if symbol in machines else symbol
    node = resource.get("node_name")
    if set_here(node):
        return Scope.HOST, text_of(node) or node.reference or "?"
    return Scope.CLUSTER, ""


def _doubt_of(root: Root, resource: Resource, arguments: Arguments) -> Unknown | None:
    """Why a resource, or a block in it, may not be there, or say something else."""
    for each in (arguments, resource):
        if not each.certain:
            return each.doubt or Unknown("how many of these there are is not known", each.span)
    if resource.span.path in root.broken_files():
        return Unknown(f"{resource.span.path} is refused by Terraform, and what it says may be misread", resource.span)
    return None


# -- options, names


def _settings(resource: Resource, flags: _Options, policies: _Options, doubt: Unknown | None) -> Iterator[Setting]:
    """Every option that the provider sends, whether it is written or not."""
    for option, name, default in flags:
        value, span = resource.get(name), resource.span_of(name)
        on = flag(value)
        text = default if value.is_null or isinstance(on, Unknown) else "1" if on else "0"
        yield Setting(option, text, span, doubt or (on if isinstance(on, Unknown) else None))
    for option, name, default in policies:
        value, span = resource.get(name), resource.span_of(name)
        known = text_of(value) if set_here(value) else default
        unknown = None if known in _VERDICTS else unknown_of(value, span)
        yield Setting(option, "drop" if unknown is not None or known is None else known.lower(), span, doubt or unknown)


def _name(resource: Resource) -> str:
    return text_of(resource.get("name")) or _NOTHING


def _alias(resource: Resource, doubt: Unknown | None) -> Alias:
    value, span = resource.get("cidr"), resource.span_of("cidr")
    text = text_of(value) or ""
    try:
        return Alias(_name(resource), text, address_interval(text), resource.span, doubt)
    except ValueError:
        return Alias(_name(resource), text, ANYWHERE[0], resource.span, doubt or unknown_of(value, span))


def _set(root: Root, resource: Resource, doubt: Unknown | None) -> IpSet:
    return IpSet(_name(resource), tuple(_entry(root, resource, block, doubt) for block in resource.blocks("cidr")), resource.span)


def _entry(root: Root, resource: Resource, block: Arguments, doubt: Unknown | None) -> Entry:
    value, span, taken = block.get("name"), block.span_of("name"), flag(block.get("nomatch"))
    unknown = doubt or _doubt_of(root, resource, block) or (unknown_of(value, span) if value.is_unknown else None)
    unknown = unknown or (taken if isinstance(taken, Unknown) else None)
    return Entry(text_of(value) or _NOTHING, taken is not False, span, unknown)


# -- rules


def _lines(root: Root, resource: Resource) -> Iterator[Line]:
    for block in resource.blocks("rule"):
        doubt = _doubt_of(root, resource, block)
        yield from _rule(resource, block, () if doubt is None else (doubt,))


def _rule(resource: Resource, block: Arguments, doubts: Doubts) -> Iterator[Line]:
    """The lines of one block: one, or one for each thing that it may say."""
    on = flag(block.get("enabled")) if not block.get("enabled").is_null else True
    if isinstance(on, Unknown):
        doubts += (on,)
    off = "|" if on is False else ""
    group = block.get("security_group")
    if set_here(group):
        called = text_of(group)
        if called is not None:
            yield _line(resource, block, [(f"{off}GROUP", "type"), (called, "security_group")], doubts, {"iface", "comment"})
            return
        doubts += (unknown_of(group, block.span_of("security_group")),)
        for direction in ("IN", "OUT"):
            for verdict in ("DROP", "ACCEPT"):
                yield _line(resource, block, [(f"{off}{direction}", "type"), (verdict, "security_group")], doubts, {"iface", "comment"})
        return
    directions, doubts = _choices(block, "type", ("IN", "OUT"), doubts)
    actions, doubts = _choices(block, "action", ("DROP", "ACCEPT"), doubts)
    macro = block.get("macro")
    names = {name for _, name in _WORDS} | {"comment"}
    if macro.is_unknown:
        doubts += (unknown_of(macro, block.span_of("macro")),)
        names -= {"proto", "dport", "sport"}
    elif block.get("proto").is_unknown:
        names -= {"dport", "sport"}
    service = text_of(macro) if set_here(macro) and not macro.is_unknown else None
    for direction in directions:
        for action in actions:
            second = f"{service}({action})" if service is not None else action
            head = [(f"{off}{direction.upper()}", "type"), (second, "macro" if service is not None else "action")]
            yield _line(resource, block, head, doubts, names)


def _choices(block: Arguments, name: str, every: tuple[str, ...], doubts: Doubts) -> tuple[tuple[str, ...], Doubts]:
    """What an argument says, or all that it may."""
    value = block.get(name)
    if value.is_unknown:
        return every, (*doubts, unknown_of(value, block.span_of(name)))
    return (text_of(value) or _NOTHING,), doubts


def _line(resource: Resource, block: Arguments, head: list[tuple[str, str]], doubts: Doubts, names: set[str]) -> Line:
    """A rule as it would stand in the file, with the places its words have here."""
    text, places = "", []
    for word, name in head:
        start = len(text) + 1 if text else 0
        text = f"{text} {_one_word(word)}" if text else _one_word(word)
        places.append((start, len(text), block.span_of(name)))
    for option, name in _WORDS:
        value, span = block.get(name), block.span_of(name)
        if name not in names or not set_here(value):
            continue
        if value.is_unknown:
            doubts += (unknown_of(value, span),) if name != "log" else ()
            continue
        start = len(text) + 1
        text += f" {option} {_one_word(text_of(value) or _NOTHING)}"
        places.append((start, len(text), span))
    comment = " ".join((text_of(block.get("comment")) or "").split()).replace("#", "")
    far = "source" if "IN" in text.partition(" ")[0] else "dest"
    span = block.span_of(far)
    trail = trail_of(block.get(far), span)
    return Line(f"{text} # {comment}" if comment else text, span, tuple(places), doubts, resource.address, trail)


def _one_word(text: str) -> str:
    """A value as a word of a line; what cannot be one stays no value of anything."""
    return "".join("\N{OPEN BOX}" if letter.isspace() or letter == "#" else letter for letter in text)
