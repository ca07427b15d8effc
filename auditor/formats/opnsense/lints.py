"""The traps of OPNsense that notes can carry, each described once; and the one way to write such a note."""

from __future__ import annotations

from auditor.formats.base import Lint
from auditor.model.source import Effect, Level, Note, Span

ERROR, WARNING, NOTE = Level.ERROR, Level.WARNING, Level.NOTE

LINTS: tuple[Lint, ...] = (
    Lint(
        "ruleset-wont-load",
        "The ruleset will not load",
        "pf loads a ruleset as a whole or not at all. One line it cannot read, and the rules of the last good configuration stay "
        "in force (after a boot none at all), while the reload reports success. What this file says is then not what the firewall "
        "does, so every requirement it decides stays open.",
        "Correct the value named: ports need the protocol tcp, udp or tcp/udp; an address must be of the rule's IP version; "
        "protocol, action, direction and IP version must be words pf knows; an alias name has letters, digits and underscores "
        "only.",
        ERROR,
    ),
    Lint(
        "port-ignored",
        "The port of a rule is lost and the rule is open",
        "A rule of the old store takes its ports over only with protocol tcp, udp or tcp/udp; without a protocol, or with another "
        "one, it matches every port of every protocol. Port 0 is lost likewise, and in the new store so is a port beside an empty "
        "network.",
        "Give the rule the protocol its port belongs to, or fill in the network (any) beside it.",
        ERROR,
    ),
    Lint(
        "forward-port-ignored",
        "A port forward forwards every port",
        "Without protocol tcp, udp or tcp/udp a port forward loses its ports: everything sent to the address goes to the target, "
        "and with the associated rule set to 'rule' all of it is let in.",
        "Set the protocol of the port forward.",
        ERROR,
    ),
    Lint(
        "rule-open-by-absence",
        "What a rule does not say means everything",
        "In the old store a missing source, destination or IP version is every source, every destination, both versions.",
        "Write what is meant: <any>1</any>, a network, inet or inet6.",
        WARNING,
    ),
    Lint(
        "empty-value",
        "An empty element overrides the default",
        "In the new store an element that is there and empty is not absent: an empty enabled is off, an empty quick is not quick, "
        "an empty ipprotocol is both versions, an empty interface is every interface, an empty network is any.",
        "Remove the element to get the default, or give it the value that is meant.",
        WARNING,
    ),
    Lint(
        "rule-dropped",
        "A rule is left out of the ruleset",
        "A line whose address or port does not resolve (an unknown alias, a domain name, a list of ports, a blank before the "
        "value) is written as a comment. A block that vanishes opens, a pass that vanishes closes, and only a log line tells.",
        "Define the alias, or write an address, network, port or range the product accepts.",
        ERROR,
    ),
    Lint(
        "interface-missing",
        "A rule names an interface that does not exist",
        "A rule on an interface that is not in the file, not enabled or without a device is written as a comment; of several "
        "interfaces only the lines of the missing ones.",
        "Assign and enable the interface, or move the rule.",
        WARNING,
    ),
    Lint(
        "presence-boolean",
        "An element that is set by being there",
        "<enable>0</enable> enables an interface and <floating>0</floating> makes a rule floating: only their presence counts.",
        "Remove the element.",
        WARNING,
    ),
    Lint(
        "not-any",
        "A negation beside 'any' is lost",
        "'not' has no effect on any: the rule matches everything instead of nothing.",
        "Name what is to be excluded, or disable the rule.",
        ERROR,
    ),
    Lint(
        "negated-list",
        "A negated list matches everything",
        "'not' with several networks becomes one negated line each; together these lines match every address that is not in all of them.",
        "Put the networks into one alias and negate that.",
        ERROR,
    ),
    Lint(
        "floating-never-wins",
        "A floating rule never decides",
        "A floating rule of the old store without quick is weaker than every interface rule: here quick rules cover all its packets.",
        "Set quick, or remove the rule.",
        WARNING,
    ),
    Lint(
        "not-quick",
        "A rule without quick never decides",
        "A rule that is not quick decides only where no quick rule matches; here quick rules cover all its packets.",
        "Set quick, or remove the rule.",
        WARNING,
    ),
    Lint(
        "alias-disabled",
        "A rule uses a disabled alias",
        "The table of a disabled alias is empty: a rule to it matches nothing, a negated one everything. The program that fills "
        "the tables takes an alias without an enabled element for disabled too.",
        "Enable the alias, or take it out of the rule.",
        WARNING,
    ),
    Lint(
        "port-alias-empty",
        "A port alias is empty",
        "Rules with an empty port alias are left out; with a disabled one, or one without a valid entry, they never match.",
        "Fill or enable the alias.",
        WARNING,
    ),
    Lint(
        "port-alias-range",
        "A port alias loses entries",
        "Inside a port alias only numbers, a:b, service names and other port aliases count. Anything else, 8000-8010 too, is left "
        "out in silence, and the rules match fewer ports than the alias shows.",
        "Write ranges with a colon, one entry a line.",
        WARNING,
    ),
    Lint(
        "alias-type",
        "An alias type that is not supported",
        "Port aliases from a URL are not supported: rules with them never match. What an alias of an unknown type holds is not known.",
        "Use an alias of type port with its entries in the file.",
        WARNING,
    ),
    Lint(
        "alias-entry",
        "An alias entry that stands for no address",
        "An entry that is no address, network, range or alias is looked up as a domain name. A wildcard name, a negated name and "
        "a mistyped network resolve to nothing: the alias is smaller than it looks.",
        "List the names one by one; use a table filled by the resolver for wildcards.",
        WARNING,
    ),
    Lint(
        "legacy-alias",
        "Aliases in the old place are not read",
        "Once the new store of aliases exists, <aliases> is a leftover that nothing reads: rules with these names are left out.",
        "Define the aliases under Firewall: Aliases.",
        WARNING,
    ),
    Lint(
        "old-file",
        "The file was written by an older release",
        "The product converts such a file when it loads it. It is read here as its converted form, as far as that is known.",
        "Load the file into the release in use and save it again.",
        NOTE,
    ),
    Lint(
        "repeated-element",
        "An element twice, or text where elements belong",
        "A repeated source or destination, or one that holds text, reads as any; a repeated interface stops the generator; a "
        "repeated type is a syntax error. In the new store the first of them counts.",
        "Keep one element, with the children the product writes.",
        ERROR,
    ),
    Lint(
        "duplicate-uuid",
        "Two elements with one uuid",
        "Within one store the later of two elements with the same uuid replaces the earlier one.",
        "Give each its own uuid.",
        ERROR,
    ),
    Lint(
        "icmp-type-ignored",
        "ICMP types that do not restrict",
        "ICMP types are written only on IPv4 lines, ICMPv6 types only on IPv6 lines, and both only with protocol icmp. On the "
        "other lines of the rule every type matches.",
        "Use one rule for each IP version, with the types that belong to it.",
        WARNING,
    ),
    Lint(
        "gateway",
        "The gateway of a rule has no effect, or removes it",
        "An unknown gateway is ignored, one on a block is dropped, and one of the other IP version removes the line.",
        "Choose a gateway of the rule's IP version, or none.",
        WARNING,
    ),
    Lint(
        "unknown-field",
        "A rule has a field this release does not read",
        "A newer release narrows its rules by fields that an older one ignores: there the rule is wider than written. It is not "
        "known here what the field does, so the rule may or may not match.",
        "Check which release the file is loaded into.",
        WARNING,
    ),
    Lint(
        "rdr-pass",
        "A port forward bypasses the filter",
        "With 'pass' the forwarded packets are let in without asking any rule, blocks included.",
        "Use an associated rule instead of pass.",
        ERROR,
    ),
    Lint(
        "forward-unreachable",
        "A port forward that nothing lets in",
        "A port forward opens nothing by itself. No rule passes its target and port on its interface.",
        "Add a rule for the target and its port, or register one with the port forward.",
        WARNING,
    ),
    Lint(
        "forward-dropped",
        "A port forward is left out",
        "A port forward whose target, address, port or interface does not resolve is written as a comment.",
        "Correct the target, address, port or interface.",
        WARNING,
    ),
    Lint(
        "anti-lockout",
        "A block cannot close the firewall's own ports, or nothing keeps them open",
        "The anti-lockout rule stands before every user rule and passes the web and SSH ports on one interface; a block of them "
        "there has no effect. If that interface is not enabled, the rule is left out and nothing protects from locking oneself "
        "out.",
        "Switch anti-lockout off and write rules for who may administer the firewall, or enable the interface.",
        WARNING,
    ),
    Lint(
        "undefined-reference",
        "A name that nothing defines",
        "A rule or an alias names an alias or an interface that is not in the file.",
        "Define the name, or correct its spelling.",
        NOTE,
    ),
    Lint(
        "unused-definition",
        "An alias that nothing uses",
        "No rule, port forward, translation or other alias names it.",
        "Remove the alias, or use it.",
        NOTE,
    ),
    Lint(
        "filter-disabled",
        "The packet filter is switched off",
        "With disablefilter the firewall only routes: no rule and no translation is in force.",
        "Remove <disablefilter/>.",
        ERROR,
    ),
    Lint(
        "partial-file",
        "A part of a configuration",
        "The file lacks the interfaces its rules speak of; what they mean is decided elsewhere.",
        "Check a whole backup.",
        WARNING,
    ),
    Lint(
        "newer-model",
        "The file is newer than what is known",
        "A store says it was saved by a newer version of its model than this program knows; fields it added may not be understood.",
        "Check the notes on unknown fields.",
        NOTE,
    ),
    Lint(
        "bridge",
        "An interface is a bridge",
        "Packets between the members of a bridge stay in one network and are still filtered, by the rules of the members. "
        "Which member a machine is behind is not in the file, so only what the rules of all members agree on is decided.",
        "Look at the rules of the members where traffic inside the bridged network matters.",
        NOTE,
    ),
    Lint(
        "plugin-rules",
        "Features with rules of their own",
        "Captive portal, the older DHCP server, IPsec and some plug-ins bring rules that are not in the file.",
        "Take them into account where a requirement depends on them.",
        NOTE,
    ),
)

_LEVELS = {lint.trap: lint.level for lint in LINTS}


def remark(
    trap: str, message: str, span: Span, effect: Effect, level: Level | None = None, related: tuple[tuple[str, Span], ...] = ()
) -> Note:
    """A note on one of `LINTS`, at its level unless the case at hand has another."""
    return Note(trap, message, span, effect, level or _LEVELS[trap], related)
