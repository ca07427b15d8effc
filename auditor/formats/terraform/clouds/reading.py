"""Arguments as the parts of a record. What is not known stays unknown, with its symbol, in the part it belongs to; nothing is skipped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.formats.terraform.clouds.context import Context
from auditor.formats.terraform.records import Family, Numbers, Peer, PeerKind, Range, Trail
from auditor.formats.terraform.resources import Arguments, Resource
from auditor.formats.terraform.values import Value, integer_of, is_mapping, is_sequence, text_of, truth_of
from auditor.model.headers import address_interval
from auditor.model.packets import V4_MAX
from auditor.model.record import replace
from auditor.model.source import Effect, Span, Unknown

PROTOCOL_NAMES = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6", "ipv6-icmp": "icmpv6", "icmp6": "icmpv6"}
ANY_PROTOCOL = frozenset({"-1", "all", "*", "any", ""})
MAX_CHOICES = 16


def inside(inner: Span, outer: Span) -> bool:
    """Whether `inner` lies within `outer`."""
    return (
        inner.path == outer.path
        and (outer.line, outer.column) <= (inner.line, inner.column)
        and (inner.end_line, inner.end_column) <= (outer.end_line, outer.end_column)
    )


def place_of(value: Value, arguments: Arguments, name: str) -> Span:
    """The narrowest text of this block about the value: the value's own if it is written here, else the argument's."""
    argument = arguments.span_of(name)
    return value.span if value.span is not None and inside(value.span, argument) else argument


def trail_of(value: Value, here: Span) -> Trail:
    """How the value came here. Empty if it is written here."""
    trail = value.trail
    if value.span is None or inside(value.span, here) or any(span == value.span for _, span in trail):
        return trail
    return (("written here", value.span), *trail)


def unknown_of(value: Value, span: Span) -> Unknown:
    """Why a value is not known, or is none that could stand here; `span` stands in where it was not written anywhere."""
    if not value.is_unknown:
        text = text_of(value)
        return Unknown("it is not set" if value.is_null else f"{text!r} cannot stand here" if text else "this cannot stand here", span)
    unknown = value.unknown
    return unknown if unknown.span is not None else replace(unknown, span=span)


def doubt_about(value: Value, span: Span) -> Unknown:
    """The same for what depends on the value, which may be told by what the value was made from."""
    return replace(unknown_of(value, span), reference=value.hidden.origin) if value.is_unknown else unknown_of(value, span)


def alternatives(value: Value) -> tuple[tuple[Value, Unknown | None], ...]:
    """The values it can have, each with the reason why it may be another. An unknown without known alternatives stands for itself."""
    if not value.is_unknown or not value.hidden.choices:
        return ((value, None),)
    doubt = value.doubt
    found = [(each.through(value.trail_), why or doubt) for choice in value.hidden.choices for each, why in alternatives(choice)]
    return tuple(found) if len(found) <= MAX_CHOICES else ((value, None),)


def elements(value: Value) -> tuple[tuple[Value, Unknown | None], ...]:
    """The elements of a list, each with the reason why it may not be there. A list that is not known is its own only element."""
    found: list[tuple[Value, Unknown | None]] = []
    for choice, doubt in alternatives(value):
        if choice.is_null:
            continue
        if choice.is_unknown and choice.hidden.members:
            for member in choice.hidden.members:
                found += [(each, why or doubt or _number(member)) for each, why in alternatives(member)]
            continue
        if choice.is_unknown or not is_sequence(choice):
            found.append((choice, doubt or (choice.doubt if choice.is_unknown else None)))
            continue
        for element in choice.elements:
            found += [(each, why or doubt) for each, why in alternatives(element)]
    return tuple(found)


def _number(member: Value) -> Unknown | None:
    """Why there may be none, or many, of a member of a list whose length is not known."""
    return member.doubt if member.is_unknown and member.hidden.many else None


def texts(value: Value) -> tuple[str, ...]:
    """The known texts of a list, or a text by itself."""
    return tuple(text for element, _ in elements(value) if (text := text_of(element)) is not None)


def name_of(value: Value) -> str | None:
    """A name, or the symbol of one that is not known: equal symbols are equal names."""
    return text_of(value) or value.reference


def tags_of(value: Value) -> dict[str, str]:
    """The known tags of a map."""
    return {key: text for key, each in value.items.items() if (text := text_of(each)) is not None} if is_mapping(value) else {}


def set_here(value: Value) -> bool:
    """Whether an argument says something: not null, not an empty text."""
    return not value.is_null and value.raw != ""


def flag(value: Value) -> bool | Unknown:
    """A bool; False where it is not set."""
    if value.is_unknown:
        return value.doubt
    return truth_of(value) or False


def protocol_of(value: Value, span: Span, *, optional: bool = False) -> str | Unknown:
    """The protocol in the words of `Traffic`. Where it is not `optional`, a rule without one is refused."""
    if value.is_unknown:
        return doubt_about(value, span)
    text = (text_of(value) or "").strip().lower()
    if not text and not optional:
        return Unknown("a rule without a protocol is refused", span)
    return "any" if text in ANY_PROTOCOL else PROTOCOL_NAMES.get(text, text)


def number_or_unknown(value: Value, span: Span, what: str) -> int | Unknown | None:
    """A whole number; None where it is not set."""
    if value.is_unknown:
        return doubt_about(value, span)
    if not set_here(value):
        return None
    number = integer_of(value)
    return number if number is not None else Unknown(f"{what} is {text_of(value)!r}, which is no whole number", span)


def range_of(text: str) -> Numbers:
    """Ports as most providers write them: "22", "80-85", "8000:8100"; "*", "any", "all" or nothing for all. Raises `ValueError`."""
    clean = text.strip().lower()
    if clean in ("", "*", "any", "all"):
        return None
    first, _, last = clean.replace(":", "-").partition("-")
    low, high = int(first), int(last or first)
    if not 0 <= low <= 65535 or not 0 <= high <= 65535:
        raise ValueError(f"{text!r} is no port")
    return Range(low, high)


def ports_of(value: Value, span: Span) -> Numbers:
    """Ports out of a number or text."""
    if value.is_unknown:
        return doubt_about(value, span)
    text = text_of(value) or ""
    try:
        return range_of(text)
    except ValueError:
        return Unknown(f"{text!r} is no range of ports", span)


def needed_ports(context: Context, protocol: str | Unknown, block: Arguments, name: str) -> Numbers:
    """Ports, where the cloud refuses rules for TCP and UDP that name none."""
    if protocol in ("tcp", "udp") and not set_here(block.get(name)):
        context.note("evaluation-error", f"a {protocol} rule needs a {name}: without it, it is refused", block.span, Effect.REFUSED)
        return Unknown(f"a {protocol} rule without a {name} is refused", block.span)
    return ports_of(block.get(name), block.span_of(name))


def address_peer(context: Context, value: Value, arguments: Arguments, name: str, family: Family, *, strict: bool = False) -> Peer:
    """A CIDR or address. `strict`: the provider refuses host bits."""
    span = place_of(value, arguments, name)
    trail = trail_of(value, arguments.span_of(name))
    if value.is_unknown:
        return Peer(PeerKind.UNKNOWN, value.reference or "", span, family, doubt_about(value, span), trail)
    text = (text_of(value) or "").strip()
    try:
        _, high = address_interval(text)
    except ValueError:
        return Peer(PeerKind.UNKNOWN, "", span, family, _refused(context, text, span), trail)
    if strict and has_host_bits(text):
        context.note("host-bits", f"{text} has bits set behind its prefix length: AWS refuses it", span, Effect.REFUSED)
    found = Family.IPV4 if high <= V4_MAX else Family.IPV6
    if family not in (Family.BOTH, found):
        problem = f"{text} is {found}, and {name} takes {family}"
        context.note("evaluation-error", f"{problem}: Terraform refuses it", span, Effect.REFUSED)
        return Peer(PeerKind.UNKNOWN, "", span, family, Unknown(problem, span), trail)
    return Peer(PeerKind.ADDRESSES, text, span, found, None, trail)


def _refused(context: Context, text: str, span: Span) -> Unknown:
    if "," in text:
        context.note("cidr-as-comma-string", f"{text!r} is one text with commas where a list of networks belongs", span, Effect.REFUSED)
    else:
        context.note("evaluation-error", f"{text!r} is no network address: the provider refuses it", span, Effect.REFUSED)
    return Unknown(f"{text!r} is no network address", span)


def has_host_bits(text: str) -> bool:
    """Whether a CIDR has bits set behind its prefix length."""
    import ipaddress

    try:
        ipaddress.ip_network(text, strict=True)
    except ValueError:
        return True
    return False


def doubt_of(context: Context, resource: Resource, arguments: Arguments | None = None) -> Unknown | None:
    """Why what `resource` (in its block `arguments`) says may not be so."""
    inner = arguments.doubt if arguments is not None and not arguments.certain else None
    return inner or (resource.doubt if not resource.certain else None) or context.broken(resource.span)


def address_peers(
    context: Context, arguments: Arguments, name: str, family: Family, *, strict: bool = False
) -> Iterator[tuple[Peer, Unknown | None]]:
    """Every network of a list argument, with the reason why it may not be there."""
    if text_of(arguments.get(name)) is not None:
        context.note("evaluation-error", f"{name} takes a list: Terraform refuses one value", arguments.span_of(name), Effect.REFUSED)
    for element, doubt in elements(arguments.get(name)):
        if element.is_null:
            context.note("evaluation-error", f"{name} has a null in it: the provider refuses it", arguments.span_of(name), Effect.REFUSED)
            continue
        yield address_peer(context, element, arguments, name, family, strict=strict), doubt


def address_peer_of(
    context: Context, arguments: Arguments, name: str, family: Family, *, strict: bool = False
) -> Iterator[tuple[Peer, Unknown | None]]:
    """The network of an argument that takes one; none if it is not set."""
    for value, doubt in alternatives(arguments.get(name)):
        if set_here(value):
            yield address_peer(context, value, arguments, name, family, strict=strict), doubt


def report_unresolved(context: Context, resource: Resource, block: Arguments, names: Iterable[str]) -> None:
    """One note for a rule that says everything it leaves open: which argument, which symbol, why."""
    parts: dict[str, str] = {}
    for name in names:
        for element, _ in elements(block.get(name)):
            if element.is_unknown and not made_here(context, element):
                parts.setdefault(symbol_of(element.unknown), name)
    if not block.certain and block.doubt is not None:
        parts.setdefault(symbol_of(block.doubt), "how many there are")
    if parts:
        what = "; ".join(f"{part}: {symbol}" for symbol, part in parts.items())
        context.note("unresolved", f"{resource.address} is not decided by the configuration ({what})", block.span, Effect.UNKNOWN)


def made_here(context: Context, value: Value) -> bool:
    """Whether an unknown value is the id of a group or prefix list of this configuration."""
    address = context.identity(value)
    return address in context.estate.prefix_lists or (address in context.estate.groups and not context.estate.groups[address].foreign)


def symbol_of(unknown: Unknown) -> str:
    """An unknown in a few words."""
    return f"{unknown.reference}, {unknown.reason}" if unknown.reference else unknown.reason
