"""Filter rules as pfSense's generator writes them: one pf line a family, in the generator's own order of decisions, or none at all.

What is absent: no `type` or an unknown one passes, no family is IPv4, no protocol is every protocol, a tab's rule is `in quick`, a
floating one neither; but no source, no destination, no interface is no rule. A port counts only where the protocol has ports.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.formats.pf import names
from auditor.formats.pf.matching import Selector, condition
from auditor.formats.pf.ruleset import EITHER_WAY, Direction, Line, line
from auditor.formats.pfsense import nat
from auditor.formats.pfsense.context import Context, shown
from auditor.formats.pfsense.ends import Dropped, End, address, port, with_port
from auditor.formats.pfsense.read import field, placeholder, value
from auditor.formats.xmlspan import Element
from auditor.model.filters import Condition, Verdict
from auditor.model.record import dataclass, replace
from auditor.model.source import Effect, Level, Span, Unknown

WITH_PORTS = frozenset({"tcp", "udp", "tcp/udp", "sctp"})
VERDICTS = {"pass": Verdict.PERMIT, "block": Verdict.DENY, "reject": Verdict.REJECT, "match": Verdict.CONTINUE}
WRITTEN = {Verdict.PERMIT: "pass", Verdict.DENY: "block", Verdict.REJECT: "block return", Verdict.CONTINUE: "match"}
FAMILIES = {"inet": ("inet",), "inet6": ("inet6",), "inet46": ("inet", "inet6")}
PRESENCE = ("disabled", "log", "quick", "floating", "allowopts", "disablereplyto", "tcpflags_any", "nottagged", "nopfsync", "nosync")
LIMITS = ("max", "max-src-nodes", "max-src-states", "max-src-conn", "max-src-conn-rate")
NARROWING = ("tagged", "dscp", "vlanprio", "srcmac", "dstmac", "bridgeto", "pflow")
_FIELDS = """
    type interface floating quick direction ipprotocol protocol icmptype source destination disabled log statetype statepolicy statetimeout
    max-src-conn-rates tcpflags1 tcpflags2 os tag vlanprioset dnpipe pdnpipe defaultqueue ackqueue gateway sched associated-rule-id nat
    tracker id descr created updated labels separator force_category source-track"""
KNOWN = frozenset((*_FIELDS.split(), *PRESENCE, *LIMITS, *NARROWING))


@dataclass(frozen=True, slots=True)
class UserRule:
    """A `<rule>` and what became of it: its lines, or the reasons why there are none. `number` counts in the file from 1.

    `tab` is the interface, the group, or "floating"; `label` what a person calls it.
    """

    number: int
    element: Element
    tab: str
    label: str
    lines: tuple[Line, ...] = ()
    dropped: tuple[str, ...] = ()
    disabled: bool = False


def rules(ctx: Context) -> list[UserRule]:
    """Every filter rule of the file, in file order."""
    found: list[UserRule] = []
    positions: dict[str, int] = {}
    trackers: dict[str, int] = {}
    for number, element in enumerate(ctx.config.every("filter/rule"), 1):
        if not element.children:
            continue  # an empty <rule/> is dropped by the reader
        if element.child("separator") is not None:
            continue
        tab = "floating" if element.child("floating") is not None else field(element, "interface")
        positions[tab] = positions.get(tab, 0) + 1
        tracker = field(element, "tracker")
        trackers[tracker] = trackers.get(tracker, 0) + 1
        key = tracker if trackers[tracker] == 1 else f"{tracker}#{trackers[tracker]}"
        found.append(_Rule(ctx, element, number, tab, _label(ctx, element, tab, positions[tab]), key if tracker else "").emit())
    return found


def in_order(ctx: Context, found: list[UserRule]) -> list[UserRule]:
    """The rules as the ruleset has them: floating ones, then groups, then the tabs, whatever the file's order."""
    rank = {name: place for place, name in enumerate(ctx.interfaces.tab_order(), 1)} | {"floating": 0}
    return sorted(found, key=lambda rule: rank.get(rule.tab, len(rank)))


def _label(ctx: Context, element: Element, tab: str, position: int) -> str:
    interface = ctx.interfaces.by_id.get(tab)
    name = f"{interface.label if interface else tab or 'no interface'}, rule {position}"
    description = field(element, "descr")
    return f"{name} ({shown(description)})" if description else name


@dataclass
class _Rule:
    """One rule on its way through the generator."""

    ctx: Context
    element: Element
    number: int
    tab: str
    label: str
    key: str

    def emit(self) -> UserRule:
        """The rule's lines, and what was said about them."""
        rule = UserRule(self.number, self.element, self.tab, self.label)
        self._remarks()
        if self.tab == "" and not self.floating:
            self.ctx.refuse("a rule without an interface stops pfSense's generator", self.element.head)
            return rule
        if self.has("disabled"):
            return replace(rule, disabled=True, dropped=("disabled",))
        for end in ("source", "destination"):
            child = self.element.child(end)
            if child is not None and not child.children:
                self.ctx.refuse(f"<{end}> without an element in it stops pfSense's generator", child.span)
                return rule
        lines: list[Line] = []
        dropped: list[str] = []
        for family in self.families():
            try:
                lines.extend(self._lines(family))
            except Dropped as reason:
                dropped.append(reason.product)
                self._note_dropped(reason)
        return replace(rule, lines=tuple(lines), dropped=tuple(dropped))

    # -- what the rule says

    def has(self, name: str) -> bool:
        return self.element.child(name) is not None

    def text(self, name: str) -> str:
        return field(self.element, name)

    def span(self, name: str) -> Span:
        child = self.element.child(name)
        return child.span if child is not None else self.element.head

    @property
    def floating(self) -> bool:
        return self.has("floating")

    @property
    def verdict(self) -> Verdict:
        return VERDICTS.get(self.text("type"), Verdict.PERMIT)

    @property
    def protocol(self) -> str:
        return self.text("protocol")

    @property
    def quick(self) -> bool:
        return not self.floating or self.has("quick")

    def families(self) -> tuple[str, ...]:
        return FAMILIES.get(self.text("ipprotocol"), ("inet",))

    def directions(self) -> frozenset[Direction]:
        if not self.floating or self.text("floating") != "yes":
            return frozenset({Direction.IN})
        return {"in": frozenset({Direction.IN}), "out": frozenset({Direction.OUT})}.get(self.text("direction"), EITHER_WAY)

    # -- from the rule to lines

    def _lines(self, family: str) -> Iterator[Line]:
        on, interfaces = self._interfaces()
        source, destination = self._ends(family)
        self._types_fit(family)
        routed = self._route(family)
        doubts = (*self._doubts(), *source.doubts, *destination.doubts)
        selector = Selector(
            family,
            self._protocols(family),
            source.peer,
            destination.peer,
            self._icmp_types(family),
            self._first_only(),
            self._flag_bits(),
            doubts,
        )
        words = [
            WRITTEN[self.verdict],
            next(iter(self.directions())).value if len(self.directions()) == 1 else "",
            "quick" if self.quick else "",
            on,
            routed,
            family,
            self._protocol_text(family),
            f"from {source.text} to {destination.text}",
            self._icmp_text(family),
            self._flags_text(),
            self._state_text(),
        ]
        text = " ".join(word for word in words if word)
        self._loadable(text, family, source, destination)
        for way, where, what in self._places(selector, interfaces):
            yield line(
                self.verdict,
                what,
                self.element.head,
                text=text,
                name=self.label,
                quick=self.quick,
                directions=way,
                interfaces=where,
                address=self.key,
                stateless=self.verdict is Verdict.PERMIT and self.text("statetype") == "none",
            )

    def _places(
        self, selector: Selector, interfaces: frozenset[str] | None
    ) -> Iterator[tuple[frozenset[Direction], frozenset[str] | None, Condition]]:
        """Where the line acts and what it matches there: outbound on an interface that translates, it sees another source."""
        whole = condition(selector)
        translating = nat.translating(self.ctx)
        if interfaces is not None:
            translating &= interfaces
        if Direction.OUT not in self.directions() or selector.source.anyone or not translating:
            yield self.directions(), interfaces, whole
            return
        everywhere = interfaces if interfaces is not None else frozenset(self.ctx.interfaces.by_id)
        if Direction.IN in self.directions():
            yield frozenset({Direction.IN}), interfaces, whole
        yield frozenset({Direction.OUT}), everywhere - translating, whole
        for name in sorted(translating):
            yield frozenset({Direction.OUT}), frozenset({name}), nat.seen_behind(self.ctx, selector, name)

    def _interfaces(self) -> tuple[str, frozenset[str] | None]:
        """The `on …` of the line and the interfaces it stands for; None: all."""
        table = self.ctx.interfaces
        written = self.text("interface")
        if not self.floating:
            if table.elsewhere:
                return f"on ${written.upper()}", frozenset({written})
            if not table.exists(written):
                raise self._missing(written)
            name = table.by_id[written].macro if written in table.by_id else written
            return f"on ${name}", table.acting(written)
        wanted = [name for name in written.split(",") if name]
        if not wanted or written == "any":
            return "", None
        found = wanted if table.elsewhere else [name for name in wanted if table.exists(name)]
        if not found:
            raise self._missing(written)
        lost = [name for name in wanted if name not in found]
        if lost:
            message = f"interface {', '.join(map(shown, lost))} does not exist or is not enabled: the rule is left without it"
            self.ctx.note("interface-missing", message, self.span("interface"), Effect.NARROWED, Level.NOTE)
        devices = [table.by_id[name].device if name in table.by_id else name for name in found]
        acting = frozenset(found) if table.elsewhere else frozenset[str]().union(*(self._devices_of(name) for name in found))
        return f"on {{ {' '.join(devices)} }}", acting

    def _devices_of(self, name: str) -> frozenset[str]:
        group = self.ctx.interfaces.groups.get(name)
        return self.ctx.interfaces.acting(name) if group is not None else frozenset({name})

    def _missing(self, written: str) -> Dropped:
        known = " ".join([interface.macro for interface in self.ctx.interfaces.by_id.values()] + list(self.ctx.interfaces.groups))
        product = f'array key "{written}" does not exist for "{self.text("descr")}" in array: {{{known} }}'
        state = "is not enabled" if written in self.ctx.interfaces.disabled else "does not exist"
        return Dropped(
            "interface-missing", f"interface {shown(written)!r} {state}: pfSense leaves the rule out", self.span("interface"), product
        )

    def _ends(self, family: str) -> tuple[End, End]:
        label = self.text("descr")
        ends: list[End] = []
        for side in ("source", "destination"):
            element = self.element.child(side)
            if element is None:
                message = f"the rule has no <{side}>: pfSense leaves it out"
                raise Dropped("rule-dropped", message, self.element.head, f"{side} address is empty - {label}")
            end = address(self.ctx, element, family, side, label)
            if self.protocol.lower() in WITH_PORTS:
                end = with_port(end, port(self.ctx, element, side, label))
            ends.append(end)
        return ends[0], ends[1]

    def _ports_written(self) -> Element | None:
        for side in ("destination", "source"):
            element = self.element.child(side)
            written = element.child("port") if element is not None else None
            if written is not None and value(written):
                return written
        return None

    def _types_fit(self, family: str) -> None:
        if self.has("nat") and self.element.at("nat/enable") is not None and (family != "inet6" or self.verdict is not Verdict.PERMIT):
            raise Dropped("rule-dropped", "NAT64 works on an inbound IPv6 pass rule only: pfSense leaves the rule out", self.span("nat"))

    def _route(self, family: str) -> str:
        """`route-to` and `reply-to`: they do not restrict, but an unknown gateway may take the rule along."""
        gateway = self.text("gateway")
        if gateway and self.verdict is Verdict.PERMIT:
            self._gateway(gateway)
            return f"route-to ({gateway})" if gateway in self.ctx.gateways else ""
        interface = self.ctx.interfaces.by_id.get(self.text("interface"))
        own = dict(interface.gateways).get(family, "") if interface is not None else ""
        wanted = self.verdict is Verdict.PERMIT and not self.floating and not self.has("disablereplyto")
        if interface is None or not wanted or not own or own == "dynamic" or self.ctx.config.has("system/disablereplyto"):
            return ""
        return f"reply-to ( {interface.device} {own} )"

    def _gateway(self, name: str) -> None:
        known = name in self.ctx.gateways or name.endswith(("_DHCP", "_DHCP6", "_PPPOE", "_SLAAC")) or self.ctx.config.partial
        if known or placeholder(name):
            if self.element.at("destination/any") is not None:
                message = f"traffic to internal networks matches too and is sent out by gateway {shown(name)}, past the routing table"
                self.ctx.note("gateway-any", message, self.span("gateway"), Effect.DANGEROUS, Level.NOTE)
            return
        if self.ctx.config.has("system/skip_rules_gw_down"):
            product = f"rule {self.text('descr')} disabled because gateway {name} is down "
            raise Dropped(
                "gateway-unknown", f"gateway {shown(name)} is not in the file: pfSense leaves the rule out", self.span("gateway"), product
            )
        message = f"gateway {shown(name)} is not in the file: the rule is kept without it"
        self.ctx.note("gateway-unknown", message, self.span("gateway"), Effect.IGNORED, Level.NOTE)

    # -- matching

    def _protocols(self, family: str) -> tuple[int, ...] | None:
        written = self.protocol
        if written in ("", "any"):
            return (names.TCP,) if written == "" and self._ports_written() is not None else None
        if written == "tcp/udp":
            return names.TCP, names.UDP
        if written == "icmp":
            return (names.ICMP6,) if family == "inet6" else (names.ICMP,)
        number = int(written) if written.isdigit() else names.PROTOCOLS.get(written.lower() if written.isupper() else written)
        return () if number is None or number > 255 else (number,)

    def _protocol_text(self, family: str) -> str:
        written = self.protocol
        if written in ("", "any"):
            return "proto tcp" if written == "" and self._ports_written() is not None else ""
        if written == "tcp/udp":
            return "proto { tcp udp }"
        return "proto ipv6-icmp" if written == "icmp" and family == "inet6" else f"proto {written}"

    def _icmp_words(self) -> list[str]:
        written = self.text("icmptype")
        return [] if self.protocol != "icmp" or written in ("", "any") else written.split(",")

    def _icmp_types(self, family: str) -> tuple[int, ...] | None:
        words = self._icmp_words()
        known = names.ICMP6_TYPES if family == "inet6" else names.ICMP_TYPES
        kinds = [int(word) if word.isdigit() else known.get(word) for word in words]
        return tuple(kind for kind in kinds if kind is not None and kind < 256) if words else None

    def _icmp_text(self, family: str) -> str:
        words = self._icmp_words()
        listed = words[0] if len(words) == 1 else f"{{ {','.join(words)} }}"
        return f"{'icmp6-type' if family == 'inet6' else 'icmp-type'} {listed}" if words else ""

    def _flags(self) -> str:
        """The TCP flags of the line: only with the protocol written `tcp`; "" where none are."""
        if self.protocol != "tcp":
            return ""
        if self.has("tcpflags_any"):
            return "any"
        if not self.text("tcpflags2"):
            return "S/SA"
        return "/".join("".join(_FLAG.get(word, "") for word in self.text(half).split(",")) for half in ("tcpflags1", "tcpflags2"))

    def _flags_text(self) -> str:
        return f"flags {self._flags()}" if self._flags() else ""

    def _first_only(self) -> bool:
        """Given by pf to every rule that keeps state, and by the generator to every rule for tcp."""
        keeps = self.verdict is Verdict.PERMIT and self.text("statetype") != "none"
        return self._flags() == "S/SA" or (keeps and not self._flags())

    def _flag_bits(self) -> tuple[int, int] | None:
        """The flags a TCP packet must have, and among which; None where the line names none, or the usual ones."""
        if self._flags() in ("", "any", "S/SA"):
            return None
        wanted, _, among = self._flags().partition("/")
        return sum(_BIT[letter] for letter in set(wanted)), sum(_BIT[letter] for letter in set(among))

    def _state_text(self) -> str:
        if self.verdict is not Verdict.PERMIT:
            return ""
        kind = self.text("statetype")
        if kind == "none":
            return "no state"
        if kind == "sloppy state":
            return "keep state (sloppy)"
        if kind in ("synproxy state", "modulate state"):
            return kind if self.protocol == "tcp" else ""
        return "keep state"

    def _doubts(self) -> Iterator[Unknown]:
        """What narrows the rule beyond addresses and ports."""
        for name in NARROWING:
            if self.text(name) not in ("", "none"):
                yield Unknown(f"whether a packet fits <{name}>", self.span(name))
        if self.has("nottagged") and self.text("tagged"):
            yield Unknown("whether a packet is tagged", self.span("nottagged"))
        if self.text("os") and self.protocol == "tcp":
            yield Unknown("which operating system sends", self.span("os"))
        if self.verdict is Verdict.PERMIT and self.text("statetype") != "none":
            for name in LIMITS:
                if self.text(name):
                    yield Unknown(f"whether the limit <{name}> is reached", self.span(name))
        if self.text("sched") in self.ctx.schedules:
            yield Unknown(f"whether schedule {shown(self.text('sched'))} is active", self.span("sched"), f"pfsense:{self.text('sched')}")
        for name in ("protocol", "icmptype"):
            if placeholder(self.text(name)):
                yield Unknown(f"<{name}> is still to be filled in", self.span(name))

    # -- remarks

    def _loadable(self, text: str, family: str, source: End, destination: End) -> None:
        """What makes pf refuse the line, and with it the ruleset."""
        for side, end in (("source", source), ("destination", destination)):
            if end.literal and end.literal != family:
                self.ctx.refuse(f"an address of the other family in an {family} rule expands to no valid combination", self.span(side))
        if placeholder(self.protocol):
            return
        if self._protocols(family) == ():
            self.ctx.refuse(f"{shown(self.protocol)!r} is no protocol that pf knows", self.span("protocol"))
        words = self._icmp_words()
        if words and len(self._icmp_types(family) or ()) < len(words):
            self.ctx.refuse(f"an ICMP type in {shown(self.text('icmptype'))!r} does not exist in {family}", self.span("icmptype"))
        del text

    def _remarks(self) -> None:
        """What the rule says and does not do."""
        note = self.ctx.note
        for name in PRESENCE:
            if self.text(name).strip().lower() in ("0", "no", "false", "off"):
                message = f"<{name}> counts as set because it is there, whatever it says"
                off = name == "disabled"
                level = Level.NOTE if not off else Level.WARNING if self.verdict is Verdict.PERMIT else Level.ERROR
                note("presence-boolean", message, self.span(name), Effect.DROPPED if off else Effect.IGNORED, level)
        for name, allowed, taken in (
            ("type", VERDICTS.keys(), "pass"),
            ("ipprotocol", FAMILIES.keys(), "inet"),
            ("statetype", _STATES, "keep state"),
        ):
            text = self.text(name)
            if text and text not in allowed and not placeholder(text):
                note("value-unknown", f"{shown(text)!r} is no {name}: pfSense takes {taken}", self.span(name), Effect.IGNORED, Level.NOTE)
        for child in self.element.children:
            if child.name not in KNOWN:
                note(
                    "field-unknown",
                    f"<{shown(child.name)}> is not known: whether it restricts the rule is not either",
                    child.head,
                    Effect.UNKNOWN,
                    Level.NOTE,
                )
        self._direction_remark()
        self._port_remark()
        for side in ("source", "destination"):
            self._end_remark(side)
        schedule = self.text("sched")
        if schedule and schedule not in self.ctx.schedules and not self.ctx.config.partial:
            message = f"schedule {shown(schedule)} does not exist: the rule is always active"
            note("schedule-unknown", message, self.span("sched"), Effect.WIDENED, Level.NOTE)

    def _direction_remark(self) -> None:
        direction = self.text("direction")
        if self.floating and self.text("floating") != "yes" and direction not in ("", "in"):
            why = "<floating> does not say yes"
        elif not self.floating and direction not in ("", "in"):
            why = "the rule is not floating"
        else:
            return
        message = f"<direction> is ignored because {why}: the rule is inbound"
        self.ctx.note("direction-ignored", message, self.span("direction"), Effect.IGNORED, Level.NOTE)

    def _port_remark(self) -> None:
        written = self._ports_written()
        if written is None or self.protocol.lower() in WITH_PORTS or self.has("disabled") or placeholder(self.protocol):
            return
        what = (
            "all of TCP"
            if self.protocol == ""
            else "every port of every protocol"
            if self.protocol == "any"
            else f"all of {shown(self.protocol)}"
        )
        verb = "passes" if self.verdict is Verdict.PERMIT else "blocks"
        why = "the rule names no protocol" if self.protocol in ("", "any") else f"{shown(self.protocol)} has no ports here"
        level = Level.ERROR if self.verdict is Verdict.PERMIT else Level.WARNING
        self.ctx.note("port-ignored", f"the port is lost because {why}: the rule {verb} {what}", written.span, Effect.WIDENED, level)

    def _end_remark(self, side: str) -> None:
        element = self.element.child(side)
        present = [child for child in (element.children if element is not None else ()) if child.name in ("any", "network", "address")]
        written = [child for child in present if child.name == "any" or value(child)]
        if len(written) > 1:
            first = min(written, key=lambda child: ("any", "network", "address").index(child.name))
            for loser in written:
                if loser is not first:
                    message = f"<{loser.name}> is ignored: <{first.name}> beside it goes first"
                    self.ctx.note(
                        "address-ignored", message, loser.span, Effect.IGNORED, Level.NOTE, related=(("what counts", first.span),)
                    )
        negation = element.child("not") if element is not None else None
        if negation is not None and value(negation).strip().lower() in ("0", "no", "false", "off"):
            message = "<not> counts as set because it is there, whatever it says"
            self.ctx.note("presence-boolean", message, negation.span, Effect.IGNORED, Level.NOTE)

    def _note_dropped(self, reason: Dropped) -> None:
        level = Level.WARNING if self.verdict is Verdict.PERMIT else Level.ERROR
        consequence = "" if self.verdict is Verdict.PERMIT else " (and what it blocks stays open)"
        self.ctx.note(reason.trap, reason.message + consequence, reason.span, Effect.DROPPED, level, reason.related)


_STATES = ("keep state", "sloppy state", "synproxy state", "modulate state", "none")
_FLAG = {"fin": "F", "syn": "S", "rst": "R", "psh": "P", "ack": "A", "urg": "U", "ece": "E", "cwr": "W"}
_BIT = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, "U": 32, "E": 64, "W": 128}
