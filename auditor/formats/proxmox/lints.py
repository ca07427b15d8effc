"""The traps of Proxmox firewall files that notes can carry, each described once."""

from __future__ import annotations

from auditor.formats.base import Lint
from auditor.model.source import Level

ERROR, WARNING, NOTE = Level.ERROR, Level.WARNING, Level.NOTE

LINTS: tuple[Lint, ...] = (
    Lint(
        "option-ignored",
        "An option that is not read",
        "An option takes one value of its kind and nothing behind it, not even a comment; an option of another file, or a word such as "
        "yes, is not read either. The default holds: without `enable: 1` the firewall is off. A number above 1 is a time, and the "
        "firewall is on for the minute after it.",
        "Write `name: value` alone on its line, with 0 or 1 for a switch; put comments on lines of their own.",
        ERROR,
    ),
    Lint(
        "cluster-disabled",
        "The rules of a cluster that is switched off",
        "Nothing is filtered in a cluster, not at its nodes and not at its guests, without `enable: 1` in cluster.fw: rules and policies "
        "of all files count for nothing.",
        "Write `enable: 1` in the [OPTIONS] of cluster.fw, after a rule that lets you reach the nodes.",
        ERROR,
    ),
    Lint(
        "guest-disabled",
        "The rules of a guest that is switched off",
        "A guest's rules and policies count only with `enable: 1` in its own file, whatever the cluster's switch says. Without it every "
        "packet passes.",
        "Write `enable: 1` in the [OPTIONS] of the guest's file.",
        ERROR,
    ),
    Lint(
        "nic-firewall-off",
        "A network device without firewall=1",
        "A guest is filtered at those of its network devices that have firewall=1; absent means 0. At the others its rules are not asked "
        "at all.",
        "Set firewall=1 at the device in the guest's configuration, or, if something else filters it, write firewall=0 to say so.",
        ERROR,
    ),
    Lint(
        "nic-firewall-unknown",
        "Whether the guest's device is filtered is not in these files",
        "The third switch of a guest, firewall=1 at its network device, stands in its .conf file or in Terraform. Neither was read, so "
        "the guest's rules may apply or not, and what they deny stays open.",
        "Let the guest's .conf file (qemu-server/<vmid>.conf, lxc/<vmid>.conf), or the Terraform that makes it, be read as well.",
        NOTE,
    ),
    Lint(
        "cluster-rule-not-for-guests",
        "A rule of cluster.fw that is meant for a guest",
        "Rules of cluster.fw are for the nodes themselves. What guests share are its aliases, sets and security groups; its rules never "
        "reach them.",
        "Move the rule into a security group, and call it from the guests' own files with GROUP.",
        ERROR,
    ),
    Lint(
        "rule-dropped",
        "A rule that does not exist",
        "A line that is not understood, or has a fault in one part, is left out as a whole, and the others go on: a lost DROP opens, a "
        "lost ACCEPT closes. With the nftables backend nothing of the new files is applied.",
        "Write the rule as the message says: actions in capitals, one blank between an option and its value, -p before ports, networks "
        "without host bits, one family, no options but the product's own.",
        ERROR,
    ),
    Lint(
        "port-ignored",
        "A port that restricts nothing",
        "Port 0 means every port with iptables. With nftables a port without a protocol, or with one that has no ports, is ignored, and "
        "the rule matches every port of every protocol.",
        "Name the ports that are meant, and the protocol with -p.",
        ERROR,
    ),
    Lint(
        "service-unknown",
        "A service whose port is not known here",
        "Names of services are looked up in the node's own list. This one is not in the usual list: if the node does not know it either, "
        "the rule is left out.",
        "Write the number of the port.",
        NOTE,
    ),
    Lint(
        "forward-needs-nftables",
        "A FORWARD rule that nobody asks",
        "FORWARD rules, virtual networks and policy_forward are of the nftables backend alone. The default backend reads and ignores them.",
        "Set `nftables: 1` in the host.fw of the nodes, or filter at the guests.",
        ERROR,
    ),
    Lint(
        "forward-not-checked",
        "A FORWARD rule is not part of what is checked",
        "Which packets a node routes between its bridges is not in these files, so a rule for them decides nothing that is checked here.",
        "Filter at the guests, or check what the node routes by hand.",
        NOTE,
    ),
    Lint(
        "undefined-reference",
        "A name that is not defined",
        "A group that does not exist is empty: what it should decide goes on to the next rule. A rule with an unknown alias or set is "
        "left out. Sets are named with a plus in front; without it an alias is looked up.",
        "Define the name in cluster.fw (or, for aliases and sets, in the guest's own file), or correct it.",
        ERROR,
    ),
    Lint(
        "unused-definition",
        "A name that nothing uses",
        "An alias, set or group that no rule uses is left over, or the rule that should use it is missing or misspelt. Names of the "
        "cluster are looked for only where files of guests were read too.",
        "Remove it, or use it.",
        NOTE,
    ),
    Lint(
        "forward-reference",
        "A name that is used before it is defined",
        "The default backend goes through a file once: a rule or entry that names an alias or set defined further down is left out.",
        "Put the sections in the order OPTIONS, ALIASES, IPSET, RULES, group.",
        ERROR,
    ),
    Lint(
        "alias-dropped",
        "An alias that does not exist",
        "An alias is one name, one blank and one address or network. Aligned columns, lists, ranges and names of hosts are not taken, and "
        "the rules that use it are left out.",
        "Write the name, exactly one blank, and one address or network.",
    ),
    Lint(
        "set-entry-dropped",
        "An entry that its set does not have",
        "A set takes addresses, networks and aliases. Names of other sets and of hosts, ranges, networks of length 0 and aliases that are "
        "not defined are left out; an entry a second time adds nothing.",
        "Write addresses, networks, or aliases defined above the set.",
    ),
    Lint(
        "name-case",
        "A name in another case than it is known by",
        "The default backend keeps the names of sets and groups in lower case and looks references up as they are written, so a capital "
        "in a reference finds nothing. The nftables backend wants both sides the same.",
        "Write the names of sets and groups in lower case everywhere.",
        ERROR,
    ),
    Lint(
        "duplicate-section",
        "A section that replaces another",
        "A second [IPSET x] or [group x] of a name replaces the first, it does not add to it. The nftables backend refuses the file.",
        "Join the two sections.",
    ),
    Lint(
        "section-unknown",
        "A line that begins no section",
        "Behind [OPTIONS], [ALIASES] and [RULES] nothing may stand, not even a comment. Such a line, like a misspelt section, begins "
        "nothing: what follows is read as part of the section above, or skipped.",
        "Write the section alone on its line.",
        ERROR,
    ),
    Lint(
        "backend-differs",
        "The two backends do not agree",
        "A node runs the iptables backend, or, with `nftables: 1` in its host.fw, the nftables backend. They read this line differently, "
        "so what it does depends on the node.",
        "Write it in the way that both read, or let the host.fw of the nodes be read as well.",
        NOTE,
    ),
    Lint(
        "file-name",
        "A file whose name does not say whom it is for",
        "The product reads cluster.fw, host.fw, <vmid>.fw and <vnet>.fw. This file has another "
        "name, and was read as what its content looks like.",
        "Give it the name under which the product has it.",
        NOTE,
    ),
    Lint(
        "stated-twice",
        "The rules of one target in two places",
        "The rules of this cluster, node or guest stand in two places: in a file and in Terraform, or in two resources, of which the "
        "provider makes the first alone. Which of them hold cannot be told, so every one of them may be there or not.",
        "State all rules of a target in one place.",
        ERROR,
    ),
)
