"""pfSense's traps, as their documentation pages tell them. Every trap that a note carries is listed here."""

from __future__ import annotations

from auditor.formats.base import Lint
from auditor.model.source import Level

LINTS: tuple[Lint, ...] = (
    Lint(
        "file-refused",
        "pfSense refuses the whole file",
        "An element that may stand once stands twice, or text stands beside elements. pfSense's reader stops, and the firewall boots from "
        "a backup of an earlier configuration.",
        "Remove the second element, or the text.",
        Level.ERROR,
    ),
    Lint(
        "ruleset-wont-load",
        "The ruleset does not load",
        "pf takes a ruleset whole or not at all, and pfSense's generator stops at some mistakes. The rules that were loaded before stay in "
        "force; after a boot there are none of the user's. Nothing this file says is in effect.",
        "Correct the line that is named: an address of the other family, an unknown protocol, a name with a blank or hyphen, an "
        "empty element.",
        Level.ERROR,
    ),
    Lint(
        "port-ignored",
        "A port is lost and the rule matches every port",
        "A port counts only with the protocols tcp, udp, tcp/udp and sctp. Without a protocol the rule covers all of TCP, with another one "
        "all of that. Port 0 stands for no port.",
        "Name the protocol the port belongs to.",
        Level.ERROR,
    ),
    Lint(
        "rule-dropped",
        "A rule is left out in silence",
        "A rule whose source or destination is missing, or whose address, alias or port does not resolve, is not generated: a pass that is "
        "gone closes, a block that is gone opens.",
        "Give the rule an address, an alias that exists, or `any`; put lists and ranges into an alias.",
    ),
    Lint(
        "cidr-in-network",
        "An address in <network> drops the rule",
        "<network> takes an interface, a group or (self). With an address, a CIDR or an alias in it the rule is not generated.",
        "Put the address or alias into <address>.",
    ),
    Lint(
        "interface-missing",
        "A rule or group names an interface that is not there",
        "Interfaces without <enable/> do not exist for the generator. A tab's rule on one is left out; a floating rule loses "
        "that interface, and so does a group.",
        "Enable the interface, or remove it from the rule.",
    ),
    Lint(
        "interface-label-twice",
        "Two interfaces have one description",
        "The description is the name of the interface's macro, compared in capitals. The later one wins, so the rules of both "
        "act on it, and "
        "the earlier interface has none.",
        "Give every interface a description of its own.",
        Level.ERROR,
    ),
    Lint(
        "family-missing",
        "A rule for a family that the interface does not have",
        "The address of an interface in a family it lacks drops that half of the rule. Its network has no entry in that family: the rule "
        "matches nothing, or, negated, everything.",
        "Name the family the interface has, or give it an address in the other.",
    ),
    Lint(
        "alias-unresolved",
        "An alias's entries are not in the file",
        "URL tables are downloaded and packages make aliases of their own. What they hold is not in the file; while one is missing, rules "
        "with it are left out.",
        "Nothing to repair: questions that depend on it stay open.",
        Level.NOTE,
    ),
    Lint(
        "negated-empty-alias",
        "The complement of an empty alias is everything",
        "An empty alias is an empty table. Negated, every address is outside of it.",
        "Fill the alias, or remove the rule.",
        Level.ERROR,
    ),
    Lint(
        "alias-range",
        "A range of addresses in an alias is never resolved",
        "The web interface turns ranges into networks when it saves. One written by hand is taken for a domain name.",
        "Write the networks that make up the range.",
    ),
    Lint(
        "port-alias-range",
        "A range with a hyphen empties an alias of ports",
        "Inside an alias a range of ports has a colon. With a hyphen it counts as a domain name, the alias is empty, and every "
        "rule with it "
        "is left out.",
        "Write 8000:8010 instead of 8000-8010.",
    ),
    Lint(
        "port-range-reversed",
        "A range of ports is the wrong way round",
        "The rule loads and matches no port.",
        "Write the lower port first.",
    ),
    Lint(
        "not-any",
        "The negation of any is lost",
        "With <any/> beside it, <not/> is not looked at: the rule matches every address.",
        "Name the address to exclude.",
        Level.ERROR,
    ),
    Lint(
        "address-ignored",
        "Several addresses in one end of a rule",
        "<any> goes before <network>, and that before <address>; the others are not looked at.",
        "Keep the one that is meant, or make an alias.",
        Level.NOTE,
    ),
    Lint(
        "presence-boolean",
        "A switch says no and counts as yes",
        "pfSense looks whether the element is there, not at what it says: <disabled>0</disabled> disables the rule.",
        "Remove the element.",
        Level.NOTE,
    ),
    Lint(
        "value-unknown",
        "An unknown word stands for the default",
        "An unknown type passes, an unknown family is IPv4, an unknown kind of state keeps state; a route to what is no network, and a "
        "virtual address of an unknown kind, do not exist.",
        "Write one of the words that pfSense knows.",
        Level.NOTE,
    ),
    Lint(
        "element-misspelt",
        "An element that nothing reads, a slip away from one that counts",
        "pfSense looks elements up by their names and passes over all others: a rule or an alias under a misspelt name is not there.",
        "Correct the name.",
        Level.ERROR,
    ),
    Lint(
        "field-unknown",
        "A field of a rule that is not known",
        "A newer release or a package may restrict the rule by it.",
        "Check by hand what the field does.",
        Level.NOTE,
    ),
    Lint(
        "direction-ignored",
        "A direction that has no effect",
        "Only a floating rule whose <floating> says yes has a direction; every other rule is inbound.",
        "Make it a floating rule, or remove the direction.",
        Level.NOTE,
    ),
    Lint(
        "match-quick",
        "A quick match rule",
        "A match rule decides nothing. Releases before 2.8 wrote `match quick` for it, which did not work; later ones take the word off.",
        "Make it a floating rule without quick.",
        Level.NOTE,
    ),
    Lint(
        "floating-never-wins",
        "A floating rule never decides",
        "Without quick a floating rule yields to every later match, and the rules of the tabs are quick. Quick rules cover all it matches.",
        "Make it quick.",
        Level.NOTE,
    ),
    Lint(
        "schedule-unknown",
        "A schedule that does not exist",
        "A rule with an unknown schedule is always active.",
        "Name a schedule that exists.",
        Level.NOTE,
    ),
    Lint(
        "gateway-unknown",
        "A gateway that is not in the file",
        "The rule is kept without the gateway, or left out where the system says to skip rules whose gateway is down; a static route with "
        "it does not exist.",
        "Name a gateway that exists.",
        Level.NOTE,
    ),
    Lint(
        "gateway-any",
        "A gateway takes internal traffic along",
        "A pass rule with a gateway and destination any matches traffic to other internal networks too and sends it out by the gateway.",
        "Pass internal destinations by a rule above it without a gateway.",
        Level.NOTE,
    ),
    Lint(
        "forward-dropped",
        "A port forward is left out",
        "Its target or its interface does not resolve.",
        "Name an address or alias that exists, and an interface that is enabled.",
    ),
    Lint(
        "forward-port-ignored",
        "A port of a port forward is none",
        "A destination port that is absent or is no port, service or alias is not written, and the forward covers all ports. A port at the "
        "target that is none is not translated to.",
        "Name the port.",
        Level.ERROR,
    ),
    Lint(
        "forward-unreachable",
        "A port forward that no rule lets in",
        "The filter judges packets after translation. Without a rule that passes the target and its port the forward reaches nothing.",
        "Add the filter rule, or remove the forward.",
        Level.NOTE,
    ),
    Lint(
        "rdr-pass",
        "A port forward that skips the filter",
        "With the association `pass` its packets are let in without any filter rule being asked, blocks included.",
        "Associate a filter rule instead.",
        Level.ERROR,
    ),
    Lint(
        "anti-lockout",
        "A block that anti-lockout undoes",
        "On LAN the web interface and SSH of the firewall are opened above every rule of the user.",
        "Switch anti-lockout off (System, Advanced) once a rule of your own lets administrators in.",
        Level.NOTE,
    ),
    Lint(
        "filter-disabled",
        "The packet filter is off",
        "With <disablefilter/> everything passes and nothing is translated.",
        "Remove the switch (System, Advanced, Firewall).",
        Level.ERROR,
    ),
    Lint(
        "partial-file",
        "A backup of one area",
        "Interfaces, aliases and system settings that the rules refer to are in other areas, so much stays unknown.",
        "Check a backup of the whole configuration.",
        Level.NOTE,
    ),
    Lint(
        "revision",
        "A configuration of another age",
        "Releases before 2.3 read some rules otherwise and convert the file when they are upgraded; without a version nobody knows.",
        "Load the file with a current release and save it again.",
    ),
    Lint(
        "bridge",
        "A bridge",
        "Machines of one network on different members of a bridge do cross the firewall: the rules of the members apply to them. Which "
        "member a machine is behind is not in the file, so only what the rules of all members agree on is decided.",
        "Judge traffic between the members by hand.",
        Level.NOTE,
    ),
    Lint(
        "rules-elsewhere",
        "Rules that are not in the file",
        "Some packages, captive portals and UPnP add rules of their own at run time.",
        "Check what they allow.",
        Level.NOTE,
    ),
    Lint(
        "undefined-reference",
        "A name that nothing defines",
        "A rule or a port forward names an alias or an interface that is not in the file.",
        "Define the name, or correct its spelling.",
        Level.NOTE,
    ),
    Lint(
        "unused-definition",
        "An alias that nothing uses",
        "No rule, translation, route, package or other alias names it.",
        "Remove the alias, or use it.",
        Level.NOTE,
    ),
    Lint(
        "alias-twice",
        "An alias is defined twice",
        "The later definition holds for every rule.",
        "Remove one of them.",
        Level.NOTE,
    ),
)
