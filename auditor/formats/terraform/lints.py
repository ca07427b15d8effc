"""The traps of Terraform's firewalls, as their documentation pages tell them. `LEVELS` gives each one's level."""

from __future__ import annotations

from auditor.formats.base import Lint
from auditor.model.source import Level

ERROR, WARNING, NOTE = Level.ERROR, Level.WARNING, Level.NOTE

LINTS: tuple[Lint, ...] = (
    Lint(
        "evaluation-error",
        "Terraform would refuse this value",
        "A type does not fit, a key is missing, an address is none: the plan fails, so the rule never exists as written.",
        "Correct the expression; `terraform validate` and `terraform plan` say the same.",
    ),
    Lint(
        "unsupported-argument",
        "An argument or block that nothing takes",
        "Terraform refuses the whole configuration for one misspelt name, so the rule that was meant never exists. What resources take is "
        "known from their providers' versions of the last years.",
        "Correct the name; `terraform validate` says the same. If a newer provider takes it, ignore this and say so.",
    ),
    Lint(
        "module-not-installed",
        "A module's source is not here",
        "It comes from a registry or git and was not downloaded, or from a directory that is not here: its rules are not seen.",
        "Run `terraform init` first, start the check from a directory that holds the module, or check the plan (`terraform show -json`).",
    ),
    Lint(
        "partial-plan",
        "A plan does not hold everything",
        "It was made with -target or -refresh-only, or ended in errors: resources it leaves out are not seen.",
        "Make a full plan: `terraform plan -out plan.out` and `terraform show -json plan.out`.",
    ),
    Lint(
        "unset-variable",
        "A required variable has no value",
        "Results that depend on it stay open.",
        "Name the variable file (var_files of the input, or --var-file), set it with --var, or give it a default.",
        NOTE,
    ),
    Lint(
        "default-workspace",
        "No workspace is selected",
        "Terraform then takes `default`; another workspace may open and close other things.",
        "Name the one that is meant: --var terraform.workspace=NAME.",
        NOTE,
    ),
    Lint(
        "undeclared-variable",
        "A value is given to a variable that nobody declares",
        "Terraform passes over it in a variable file, and refuses it on the command line: a misspelt name leaves the variable as it was.",
        "Correct the name, or declare the variable.",
    ),
    Lint(
        "unresolved",
        "The configuration does not decide part of a rule",
        "A peer, port, protocol, group or number comes from a data source, an unset variable or something computed at apply time. The rule "
        "may match anything there, and surely matches nothing.",
        "Give the value as a literal or variable, or check the plan.",
        NOTE,
    ),
    Lint(
        "file-outside-root",
        "A file outside the checked tree is not read",
        "Terraform reads any path; a linter that runs on other people's changes must not.",
        "Check from a directory that holds the file, or move it into the tree.",
    ),
    Lint(
        "unsupported-resource",
        "A firewall resource without a model",
        "What this resource permits is not known here, so nothing is said about what stands behind it.",
        "Check what it guards by other means.",
        NOTE,
    ),
    Lint(
        "proxmox-firewall-elsewhere",
        "A filtered guest whose rules Terraform does not write",
        "Telmate's provider turns the hypervisor's firewall on at a network device and has no resource for its rules: they stand in the "
        "hypervisor's own files, without which nothing is known of what filters the guest.",
        "Let the hypervisor's files (firewall/<vmid>.fw and firewall/cluster.fw) be read beside the configuration.",
        NOTE,
    ),
    Lint(
        "no-short-circuit",
        "&& and || evaluate both sides before Terraform 1.12",
        "`x != null && f(x)` fails for null x on those versions, which required_version allows.",
        "Use a conditional, `try`, or require Terraform 1.12.",
        NOTE,
    ),
    Lint(
        "inline-and-separate-rules",
        "A group has rules inside and rules beside it",
        "Inline rules are authoritative: each apply removes the separate ones, the next adds them again, so what is open changes.",
        "Move the inline rules into rule resources, or all of them inside.",
        ERROR,
    ),
    Lint(
        "mixed-rule-resources",
        "Two kinds of rule resources on one group",
        "aws_security_group_rule and aws_vpc_security_group_*_rule do not know of each other and overwrite each other's rules.",
        "Use aws_vpc_security_group_ingress_rule and aws_vpc_security_group_egress_rule for all of them.",
    ),
    Lint(
        "authoritative-empty",
        "An empty list of rules removes those made elsewhere",
        "`ingress = []` means there are none: separate rules of the group are removed at the next apply.",
        "Leave the argument out.",
    ),
    Lint(
        "no-egress",
        "A group permits nothing outbound",
        "Terraform removes AWS's allow-all rule from every group it makes. Members cannot reach registries, time servers or each other.",
        "Add the egress rules that the machines need.",
    ),
    Lint(
        "unmanaged-egress",
        "A group is made elsewhere",
        "Its rules are not seen: it may permit more, inbound and outbound, than what is added here.",
        "Check the configuration that makes it too.",
        NOTE,
    ),
    Lint(
        "all-protocols-with-ports",
        "Ports beside protocol -1",
        "Every protocol means every port: aws_security_group_rule ignores the ports and opens everything, the other forms are refused.",
        "Name the protocol, or set both ports to 0 (to none in aws_vpc_security_group_*_rule).",
    ),
    Lint(
        "port-zero",
        "tcp or udp with ports 0 to 0",
        "That is port 0 alone, which nothing uses. Only with protocol -1 do zeros stand for everything.",
        "Write from_port = 0 and to_port = 65535, or protocol -1.",
    ),
    Lint(
        "icmp-as-ports",
        "Ports in an icmp rule",
        "With icmp the two numbers are type and code; numbers above 255 do not exist, and AWS refuses them.",
        "Use -1 for any type and code, or 8 and 0 for ping.",
    ),
    Lint("inverted-range", "from_port is above to_port", "AWS refuses the rule.", "Exchange the two.", ERROR),
    Lint(
        "ipv4-only",
        "Access for one address family only",
        "The network has IPv6 as well, and this rule speaks of IPv4 alone (or the reverse): 0.0.0.0/0 does not cover ::/0.",
        "Add the rule of the other family, or accept that it stays closed.",
        NOTE,
    ),
    Lint("host-bits", "A network with host bits set", "AWS refuses it.", "Write the network's own address, e.g. 10.0.0.0/24.", ERROR),
    Lint(
        "name-as-group",
        "A name where a group's id belongs",
        "Only ids (sg-…) and references are taken; names worked in EC2-Classic, which is gone.",
        "Refer to the group: aws_security_group.name.id.",
    ),
    Lint(
        "rule-on-unknown-group",
        "A rule's group is not in this configuration",
        "The rule is added to something whose other rules are not seen.",
        "Check the configuration that makes the group too.",
        NOTE,
    ),
    Lint(
        "group-not-attached",
        "A group that nothing carries",
        "No interface, instance or service of this configuration carries the group, so its rules protect nothing here.",
        "Attach it, or remove it.",
        NOTE,
    ),
    Lint(
        "duplicate-rule",
        "The same rule twice",
        "AWS refuses the second one: the apply fails half-way.",
        "Remove one of the two.",
    ),
    Lint(
        "multi-source-rule",
        "One rule resource with several sources, replaced before it is destroyed",
        "With create_before_destroy the new rule repeats sources of the old one, which AWS refuses as duplicates.",
        "Use one rule resource for each source.",
        NOTE,
    ),
    Lint(
        "ignore-changes-on-rules",
        "Changes of rules are ignored",
        "With lifecycle ignore_changes, rules that somebody changed by hand stay: the code does not say what is there.",
        "Remove the argument from ignore_changes, or keep the rules in resources of their own.",
    ),
    Lint("computed-count", "count or for_each on a value that no plan knows", "Terraform refuses to plan it.", "Use known keys.", ERROR),
    Lint(
        "count-of-object",
        "length() of a single resource",
        "It counts the resource's attributes, not its instances.",
        "Give the resource count or for_each, or write the number.",
        ERROR,
    ),
    Lint(
        "dynamic-empty-unmanaged",
        "All dynamic rule blocks came out empty",
        "Without a block the argument is not managed: rules of an earlier apply are not removed.",
        "Use separate rule resources, or write `ingress = []` where there must be none.",
        NOTE,
    ),
    Lint(
        "computed-number-missing",
        "computed rules without their number",
        "The security-group module takes number_of_computed_… elements of computed_… lists, 0 by default: the rules do not exist.",
        "Set number_of_computed_… to the length of the list, or use the plain list.",
    ),
    Lint(
        "nacl-icmp-default",
        "A network ACL's icmp rule without type and code",
        "Left out they are 0, which is echo reply alone.",
        "Set icmp_type and icmp_code, -1 for any.",
    ),
    Lint(
        "nacl-number-clash",
        "Two network ACL rules with one number",
        "Numbers are unique per direction, IPv4 and IPv6 together: AWS refuses the second rule.",
        "Give each rule its own number.",
        ERROR,
    ),
    Lint(
        "override-hides-rules",
        "An override file replaces rules",
        "A block type that an override mentions replaces every block of that type of the original.",
        "Write the rules in one place.",
        NOTE,
    ),
    Lint("duplicate-key", "A key twice in one object", "The first one is lost without a word.", "Remove one of the two."),
    Lint(
        "always-unequal",
        "A comparison of different types",
        'Values of different types are never equal (`var.list == []`, `["a", 1] != ["a", "1"]`): the result is constant.',
        "Compare lengths, or convert one side.",
    ),
    Lint(
        "nsg-default-vnet",
        "The whole virtual network may enter",
        "Azure's own rule 65000 permits everything from the virtual network, its peers and connected sites, unless a rule denies it.",
        "Add a deny rule for what the virtual network must not reach.",
        NOTE,
    ),
    Lint(
        "gcp-empty-source",
        "An empty source_ranges opens the rule to everyone",
        "With no tags and no accounts, an empty list passes the provider's check and then means 0.0.0.0/0.",
        "Set disabled = true, or count = 0, where there is no source.",
        ERROR,
    ),
    Lint("gcp-disabled", "A rule is switched off", "disabled = true: the rule does not exist.", "Remove it, or enable it.", NOTE),
    Lint(
        "hcloud-private-network",
        "Private addresses behind a Hetzner firewall",
        "Hetzner's firewalls filter the public interface alone: traffic over a private network passes whatever the rules say.",
        "Filter on the machines.",
    ),
    Lint(
        "hcloud-first-outbound",
        "The first outbound rule closes the rest",
        "Outbound is open until there is an outbound rule, and closed from then on: DNS, NTP and image pulls need rules.",
        "Add rules for everything the machines need.",
        NOTE,
    ),
    Lint(
        "default-permit",
        "What no rule matches is let in",
        "The default policy is accept: whatever is not denied explicitly enters.",
        'Set inbound_default_policy = "drop" and permit what is needed.',
    ),
    Lint(
        "unfiltered",
        "Nothing filters what comes in",
        "At Hetzner and DigitalOcean a server without a firewall takes in everything, at Scaleway one without a group of its own, in "
        "OpenStack a port without port security, and at Azure an interface without a group whose public address is of the SKU Basic (the "
        "provider's default before version 4). What filters in the machine itself, or is put on it elsewhere, is not seen here.",
        "Put a firewall on it, or a security group. Where the machine itself filters, ignore this and say so.",
        NOTE,
    ),
    Lint(
        "default-rules",
        "Rules that no code shows let administration in",
        "Google's network `default` comes with rules that let SSH and RDP in from everywhere, and the default security list of a network "
        "at Oracle with one for SSH. Whether somebody changed them is not seen here.",
        "Make a network, or a security list, of your own, or manage the default one here.",
        NOTE,
    ),
    Lint(
        "openstack-implicit-egress",
        "Outbound is open in spite of outbound rules",
        "A new group comes with rules that permit everything outbound; rules of one's own are added to them.",
        "Set delete_default_rules = true.",
        NOTE,
    ),
    Lint(
        "cidr-as-comma-string",
        "Networks joined by commas in one text",
        "A list of networks takes one network an element; only the security-group module splits commas.",
        'Use split(",", …), or write a list.',
        ERROR,
    ),
)

LEVELS: dict[str, Level] = {lint.trap: lint.level for lint in LINTS}
