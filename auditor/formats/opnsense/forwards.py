"""Port forwards (`nat/rule`): translation of the destination before the filter, and the filter rules they bring.

Without tcp, udp or tcp/udp a forward loses its ports. With `pass` = `pass` the filter is not asked; with `rule` a rule that is not in the
file follows all of the user's; with neither a forward opens nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.formats.opnsense.aliases import latest
from auditor.formats.opnsense.automatic import lockout_interface, lockout_ports
from auditor.formats.opnsense.interfaces import Interfaces
from auditor.formats.opnsense.legacy import PORT_PROTOCOLS
from auditor.formats.opnsense.lines import Line, Settings, expand
from auditor.formats.opnsense.lints import remark
from auditor.formats.opnsense.record import Priority, Record, Side, Store
from auditor.formats.opnsense.terms import ANYWHERE, Kind, PortTerm, Term, port_term, term
from auditor.formats.opnsense.values import at, empty, flag, items, place, text, whole
from auditor.formats.pf.ports import Ports, entry
from auditor.formats.xmlspan import Element
from auditor.model.record import dataclass
from auditor.model.source import Effect, Note, Unknown
from auditor.redact import quoted

_FIELDS = frozenset(
    [
        "sequence",
        "disabled",
        "nordr",
        "interface",
        "ipprotocol",
        "protocol",
        "source",
        "destination",
        "target",
        "local-port",
        "natreflection",
        "pass",
        "associated-rule-id",
        "tag",
        "tagged",
        "poolopts",
        "log",
        "descr",
        "category",
        "categories",
        "nosync",
        "created",
        "updated",
        "statetype",
        "filter-rule-association",
        "poolopts_sourcehashkey",
    ]
)


@dataclass(frozen=True, slots=True)
class Forward:
    """One port forward. `record` holds what it matches, before translation. `passes`: empty, `pass` or `rule`."""

    record: Record
    target: str
    local_port: str
    passes: str
    exception: bool
    reflected: bool


@dataclass(frozen=True, slots=True)
class Redirect:
    """One translation line. `ports` None: the port stays as it is. `reach`: the interfaces packets enter by, groups told apart."""

    forward: Forward
    line: Line
    target: Term
    local: str = ""
    ports: Ports | None = None
    dropped: str = ""

    @property
    def passes(self) -> bool:
        """Whether the filter is not asked."""
        return self.forward.passes == "pass" and not self.forward.exception


def read_forwards(root: Element, notes: list[Note]) -> list[Forward]:
    """The port forwards by sequence; those without one come behind the others, in file order."""
    rules = [rule for rule in latest(root.every("nat/rule"), notes) if rule.children]
    highest = max((whole(text(rule, "sequence")) for rule in rules), default=0)
    order = {id(rule): whole(text(rule, "sequence"), highest + 1 + number) for number, rule in enumerate(rules)}
    reflect = empty(at(root, "system/disablenatreflection"))
    found = [_forward(rule, number, reflect) for number, rule in enumerate(rules, 1)]
    notes += [note for forward in found for note in _remarks(forward)]
    return sorted(found, key=lambda forward: order[id(forward.record.element)])


def _forward(rule: Element, number: int, reflect: bool) -> Forward:
    protocol = text(rule, "protocol").lower()
    associated = "pass" if text(rule, "associated-rule-id") == "pass" else text(rule, "pass")
    family = text(rule, "ipprotocol")
    tagged = (Unknown("the forward asks for a tag that other rules set", place(rule, "tagged")),) if text(rule, "tagged") else ()
    record = Record(
        Store.FORWARD,
        Priority.FORWARD,
        quoted(text(rule, "descr")) or f"port forward {number}",
        rule,
        disabled=flag(rule, "disabled"),
        log=flag(rule, "log"),
        interfaces=items(text(rule, "interface")),
        families=("inet", "inet6") if family == "inet46" else (family,),
        protocol="" if protocol == "any" else protocol,
        source=_side(rule, "source", protocol),
        destination=_side(rule, "destination", protocol),
        doubts=tagged,
    )
    reflection = text(rule, "natreflection") in ("purenat", "enable") or (reflect and not text(rule, "natreflection"))
    return Forward(record, text(rule, "target"), text(rule, "local-port"), associated, flag(rule, "nordr"), reflection)


def _side(rule: Element, name: str, protocol: str) -> Side:
    element = rule.child(name)
    holder = next((part for part in ("network", "address") if not empty(text(element, part))), "")
    port = text(element, "port") if protocol in PORT_PROTOCOLS else ""
    value = items(text(element, holder)) if holder else ()
    return Side(value, flag(element, "not"), "" if empty(port) else port, f"{name}/{holder}" if holder else name, f"{name}/port")


def _remarks(forward: Forward) -> Iterator[Note]:
    record = forward.record
    if record.disabled:
        return
    rule = record.element
    if forward.passes == "pass" and not forward.exception:
        message = f"port forward {record.title}: what it forwards is let in without asking the rules, blocks included"
        yield remark("rdr-pass", message, place(rule, "pass", "associated-rule-id"), Effect.DANGEROUS)
    ported = [path for path in ("destination/port", "source/port", "local-port") if not empty(at(rule, path))]
    if ported and record.protocol not in PORT_PROTOCOLS:
        why = f"its protocol is {record.protocol}" if record.protocol else "it has no protocol"
        message = f"port forward {record.title}: its port is lost, because {why}: every port is forwarded"
        yield remark("forward-port-ignored", message, place(rule, *ported), Effect.WIDENED)
    for child in rule.children:
        if child.name not in _FIELDS:
            message = f"<{child.name}> is not a field of a port forward: it is not read, or belongs to another release"
            yield remark("unknown-field", message, child.head, Effect.UNKNOWN)


def exceptions(root: Element, interfaces: Interfaces) -> list[Forward]:
    """The ports that anti-lockout protects are not forwarded on its interface."""
    name = lockout_interface(root, interfaces)
    element = root.at("system/webgui") or root
    return [
        Forward(
            Record(
                Store.SYSTEM,
                Priority.SYSTEM,
                "anti-lockout",
                element,
                interfaces=(name,),
                protocol="tcp",
                destination=Side((f"{name}ip",), False, port),
            ),
            "",
            "",
            "",
            True,
            False,
        )
        for port in (lockout_ports(root) if name is not None else ())
        if name is not None
    ]


def redirects(forward: Forward, settings: Settings) -> list[Redirect]:
    """The translation lines of a forward."""
    return [_redirect(forward, line, settings) for line in expand(forward.record, settings, link=False)]


def _redirect(forward: Forward, line: Line, settings: Settings) -> Redirect:
    if line.refused:
        return Redirect(forward, line, ANYWHERE, dropped=line.refused)
    if not forward.target:
        lost = "" if forward.exception else "Missing target"
        return Redirect(forward, line, ANYWHERE, dropped=line.dropped or lost)
    target = term(forward.target, False, line.family, settings.interfaces, settings.aliases, link=False)
    known = target.kind in (Kind.TABLE, Kind.LITERAL, Kind.NETWORK, Kind.ADDRESS)
    local, ports = _local(forward, line, settings) if line.protocol in PORT_PROTOCOLS else ("", None)
    return Redirect(forward, line, target, local, ports, line.dropped or ("" if known else "Invalid target"))


def _local(forward: Forward, line: Line, settings: Settings) -> tuple[str, Ports | None]:
    """The port at the target as written, and as a set; none if it stays."""
    word, wanted = forward.local_port, line.destination_port
    if empty(word):
        return "", None
    if word in settings.aliases.by_name:
        first = next(iter(settings.aliases.ports(word).words), "")
        return ("", None) if f"${word}" == wanted.text or not first else (first, entry(first))
    found = port_term(word, settings.aliases)
    if found.ports is None or found.lost:
        return "", None
    if wanted.ports and ":" in wanted.text:
        low, high = found.ports[0][0], found.ports[0][0] + wanted.ports[0][1] - wanted.ports[0][0]
        return f"{low}:{high}", ((low, high),)
    return found.text, found.ports


def generated(forward: Forward) -> Record | None:
    """The filter rule that a forward with `pass` = `rule` brings: from its source to the target and the port there."""
    record = forward.record
    if record.disabled or forward.passes != "rule":
        return None
    destination = Side(items(forward.target), False, _rule_port(forward), "target", "local-port")
    return Record(
        Store.FORWARD,
        Priority.FORWARD,
        record.title,
        record.element,
        log=record.log,
        interfaces=record.interfaces,
        families=record.families,
        protocol=record.protocol,
        source=record.source,
        destination=destination,
        reply=True,
        doubts=record.doubts,
    )


def _rule_port(forward: Forward) -> str:
    """The port of the generated rule; of a range the same width, from the local port on."""
    rule = forward.record.element
    wanted, local = at(rule, "destination/port"), forward.local_port
    if forward.record.protocol not in PORT_PROTOCOLS or (empty(wanted) and empty(local)):
        return ""
    if empty(wanted) or empty(local):
        return local if empty(wanted) else wanted
    low, dash, high = wanted.partition("-")
    first, last, start = (whole(port, -1) for port in (low, high, local))
    return f"{local}-{last - first + start}" if dash and min(first, last, start) >= 0 else local


def written(redirect: Redirect, interfaces: Interfaces) -> str:
    """The translation line as the product writes it."""
    line, record = redirect.line, redirect.line.record
    device = interfaces.table.get(line.interface)
    name = device.device if device is not None and device.device else f"##{line.interface}##"
    words = [
        "no rdr" if redirect.forward.exception else "rdr",
        "pass" if redirect.passes else "",
        "log" if record.log else "",
        f"on {name}" if line.interface else "",
        line.family,
        f"proto {'{tcp udp}' if line.protocol == 'tcp/udp' else line.protocol}" if line.protocol else "",
        f"from {line.source.written()}{line.source_port.written()}",
        f"to {line.destination.written()}{line.destination_port.written()}",
        f"-> {redirect.target.text}" if redirect.forward.target else "",
        f"port {redirect.local}" if redirect.local else "",
    ]
    return " ".join(word for word in words if word)


def reflection_interfaces(redirect: Redirect, interfaces: Interfaces) -> tuple[str, ...]:
    """The further interfaces without a gateway on which a reflected forward holds too."""
    if not redirect.forward.reflected or redirect.forward.exception or redirect.dropped:
        return ()
    return tuple(
        other.name for other in interfaces.real() if not other.upstream and other.name != redirect.line.interface and other.networks.maybe
    )


def all_ports(redirect: Redirect) -> PortTerm:
    """The ports a packet has after translation, as a term of a filter line."""
    if redirect.ports is not None:
        return PortTerm(redirect.local, redirect.ports)
    return redirect.line.destination_port
