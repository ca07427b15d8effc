"""The traps of access lists that notes can carry, each described once."""

from __future__ import annotations

from auditor.formats.base import Lint
from auditor.model.source import Level

ERROR, WARNING, NOTE = Level.ERROR, Level.WARNING, Level.NOTE

LINTS: tuple[Lint, ...] = (
    Lint(
        "unparsed-entry",
        "A line of a list or group cannot be read",
        "A line that is not understood may permit or deny anything. Leaving it out in silence would turn the verdict, so the list is "
        "undecided from there, and so is every requirement that depends on it.",
        "Write the line as the device prints it in its running configuration; if it is one, the line is of a kind that is not read.",
        ERROR,
    ),
    Lint(
        "unread-command",
        "A command that looks like one that filters cannot be read",
        "The command is a slip away from one that defines a list, applies one, or says what is behind an interface, or it lacks its "
        "direction. A device refuses it, and what it was to filter is not filtered; where it is a command of another system, what it does "
        "is not known here.",
        "Write the command as the device prints it in its running configuration.",
        ERROR,
    ),
    Lint(
        "undefined-acl",
        "An applied list does not exist",
        "IOS permits everything where a list is applied that is not defined. When the list's first line is typed in, everything else is "
        "denied at once. What NX-OS and EOS do differs between platforms.",
        "Define the list, or take the command away that applies it.",
        ERROR,
    ),
    Lint(
        "empty-acl",
        "An applied list has no entries",
        "Remarks are no entries: IOS permits everything where such a list is applied. What NX-OS and EOS do differs between platforms.",
        "Write the entries, or take the command away that applies the list.",
        ERROR,
    ),
    Lint(
        "replaced-acl",
        "A second list replaces the first",
        "An interface has one list for each direction and protocol; the later command wins, and the first list filters nothing there.",
        "Put the lines into one list.",
        WARNING,
    ),
    Lint(
        "netmask-as-wildcard",
        "A netmask stands where a wildcard belongs",
        "In a wildcard a one means any: 10.1.2.0 255.255.255.0 matches every address whose last octet is 0, in any network, and almost no "
        "host of the network that is meant.",
        "Turn the bits round: 0.0.0.255 for a /24.",
        ERROR,
    ),
    Lint(
        "wildcard-in-group",
        "A wildcard stands in a network object group",
        "Network object groups of IOS have netmasks, unlike the lines that use them; a wildcard there matches other hosts than meant.",
        "Write the netmask: 255.255.255.0 for a /24.",
        ERROR,
    ),
    Lint(
        "host-bits",
        "An address has bits under its wildcard",
        "Bits of the address where the wildcard has ones are ignored: 10.1.2.7 0.0.0.255 is the whole network, not one host of it.",
        "Write the network's own address, or `host` if one host is meant.",
        NOTE,
    ),
    Lint(
        "duplicate-sequence",
        "Two lines of a list have one number",
        "IOS refuses the second line, NX-OS and EOS replace the first: which of them filters depends on the device.",
        "Give the lines different numbers.",
        WARNING,
    ),
    Lint(
        "sequence-order",
        "Lines stand in another order than they count",
        "A list is in the order of its numbers, not of its lines: what stands last may decide first.",
        "Write the lines in the order of their numbers.",
        WARNING,
    ),
    Lint(
        "source-port",
        "A port stands on the source side",
        "The first port of a line belongs to the source: `permit tcp any eq 443 any` lets in what comes from port 443, to every port, and "
        "not what goes to port 443. The list's other lines name ports of the destination.",
        "Move the port behind the destination, or write `established` if answers are meant.",
        WARNING,
    ),
    Lint(
        "port-on-ip",
        "A port or ICMP type without its protocol",
        "Ports belong to tcp, udp and sctp, ICMP types to icmp: a device refuses such a line, and the list does without it.",
        "Write the protocol in place of ip.",
        ERROR,
    ),
    Lint(
        "range-reversed",
        "A range of ports ends before it begins",
        "The device refuses the line; it matches nothing.",
        "Write the lower port first.",
        ERROR,
    ),
    Lint(
        "reply-permit-open",
        "Answers are let in from anybody",
        "A line that asks for a source port alone lets everybody in who sends from that port, to every port: the sender chooses it.",
        "Name the servers that answer and the ports their answers go to (gt 1023), `established` for TCP; a firewall that keeps state "
        "needs no such line.",
        WARNING,
    ),
    Lint(
        "svi-direction",
        "A list is applied in the wrong direction",
        "`in` is what comes from the VLAN's own hosts, `out` what goes to them. No line of this list fits what passes in its direction, so "
        "everything is denied.",
        "Swap the direction.",
        ERROR,
    ),
    Lint(
        "undefined-group",
        "An object group is missing or empty",
        "A line with such a group matches nothing, or the device refuses it.",
        "Define the group, or take its name out of the line.",
        ERROR,
    ),
    Lint(
        "time-range-undefined",
        "A time range is not defined",
        "Whether a line with an undefined time range counts is not known.",
        "Define the time range, or take it out of the line.",
        WARNING,
    ),
    Lint(
        "no-vty-acl",
        "Terminal lines without a list",
        "Whoever reaches an address of the device reaches its SSH or Telnet.",
        "Add access-class with a list of the administrators' addresses to every vty line.",
        NOTE,
    ),
    Lint(
        "mac-acl",
        "A list of MAC addresses is applied",
        "It can drop frames that access lists of IP let through. What it matches is not read.",
        "Nothing, if it is meant: what passes that port is reported as undecided where it could matter.",
        NOTE,
    ),
    Lint(
        "dynamic-routing",
        "Routes are learned at run time",
        "Networks that are neither connected nor routed statically are behind an interface that the file does not tell; requirements "
        "about them may stay open.",
        "Bind the roles concerned to zones of the switch: roles in auditor.yaml, zone: ….",
        NOTE,
    ),
    Lint(
        "ipv6-forgotten",
        "IPv6 passes where IPv4 is filtered",
        "Lists of IPv4 do not touch IPv6: an interface with an IPv6 address and without an IPv6 list lets all of it through.",
        "Apply a list with ipv6 traffic-filter (EOS: ipv6 access-group) as well.",
        WARNING,
    ),
    Lint(
        "unfiltered",
        "Nothing filters what comes in",
        "The switch filters at other interfaces. What comes from where the default route leads, the internet as a rule, meets no list, "
        "neither on its way in nor on its way on to networks of public addresses.",
        "Apply a list inbound at the uplink. Where something before the switch filters, let it be read as well, or ignore this and say so.",
        NOTE,
    ),
    Lint(
        "redundant-differs",
        "Two switches filter one network differently",
        "Either of two switches that route a network may forward its packets, as a shared gateway address decides. A list that only one of "
        "them has filters half of the time, or until the next failure.",
        "Apply the same list on both.",
        WARNING,
    ),
    Lint(
        "unused-definition",
        "A list is used nowhere",
        "It filters nothing. Often the command that applies it was lost.",
        "Apply it, or take it away.",
        NOTE,
    ),
)

LEVELS = {lint.trap: lint.level for lint in LINTS}
