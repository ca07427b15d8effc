"""What each remark of this dialect is about, for its page in the documentation."""

from __future__ import annotations

from auditor.formats.base import Lint
from auditor.model.source import Level

_REFUSED = "Talos refuses the whole configuration or patch for it, and the node keeps the configuration it has."


def _refusal(trap: str, title: str, fix: str, why: str = "") -> Lint:
    return Lint(trap, title, f"{why} {_REFUSED}".strip(), fix, Level.ERROR)


LINTS: tuple[Lint, ...] = (
    _refusal(
        "unknown-kind",
        "A document of a kind that this Talos does not know",
        "Correct the spelling, write apiVersion: v1alpha1, or run a Talos that knows the kind.",
    ),
    _refusal(
        "unknown-key",
        "A key that the document does not have",
        "Move the key to where it belongs or remove it.",
        "Talos reads strictly: there is no spec, metadata or egress in a rule.",
    ),
    _refusal(
        "talhelper-fragment",
        "talhelper's ingressFirewall as a Talos patch",
        "Put ingressFirewall into talconfig.yaml, on a node or under controlPlane or worker.",
    ),
    _refusal("bare-address", "An address without prefix length", "Write /32 for an IPv4 address and /128 for an IPv6 address."),
    _refusal("invalid-subnet", "A network that is none", "Write address/length: no netmask, zone, range or name."),
    _refusal("quoted-port", "A single port in quotes", "Remove the quotes.", "Only ranges may be quoted."),
    _refusal("invalid-port", "A port that is none", "Write a number up to 65535, or low-high without spaces."),
    _refusal("invalid-value", "A value of the wrong shape", "Write what the message names."),
    _refusal("overlapping-ports", "Ports that overlap, repeat or run backwards", "Keep each port once, and ranges as low-high."),
    _refusal("missing-ports", "A rule without ports", "Write portSelector.ports."),
    _refusal("missing-name", "A rule without name", "Give it a name; rules are told apart by it."),
    _refusal("missing-subnet", "A source without subnet", "Write the subnet or remove the entry."),
    _refusal(
        "missing-protocol",
        "A rule without protocol",
        "Write portSelector.protocol.",
        "It loads once and matches nothing; after any patch it no longer loads.",
    ),
    _refusal("invalid-protocol", "A protocol that the firewall does not have", "Write tcp, udp, icmp or icmpv6, one rule for each."),
    _refusal("invalid-default-action", "A default action that is none", "Write accept or block."),
    _refusal("duplicate-document", "The same document twice in one configuration", "Keep one of them."),
    _refusal(
        "duplicate-in-patch",
        "The same document twice in one patch",
        "Split the patch into two.",
        "Talos before 1.14.0-beta.0 does not load it.",
    ),
    _refusal("repeated-key", "A key twice in one mapping", "Keep one of them."),
    _refusal("merge-key", "A YAML merge key", "Write the keys out.", "To Talos, << is an unknown key."),
    _refusal("alias", "A YAML alias for a network", "Write the network out.", "Talos before 1.14 does not read it."),
    _refusal("conflicting-documents", "An old field beside the document that took its place", "Keep one of the two."),
    _refusal(
        "empty-patch",
        "A patch with nothing in it",
        "Remove the file.",
        "It counts as a JSON patch, which fails on a configuration of several documents.",
    ),
    _refusal(
        "json-patch",
        "A JSON patch that does not apply",
        "Write a patch of documents: JSON patches work on a single document only.",
    ),
    _refusal("delete-not-found", "A delete of what is not there", "Correct the path or the element, or remove the delete."),
    _refusal("etcd-on-worker", "etcd settings on a worker", "Move cluster.etcd to the control plane's patches."),
    _refusal("unknown-machine-type", "A machine type that Talos does not have", "Write controlplane or worker."),
    Lint(
        "accept-patch-noop",
        "accept merged over block",
        "accept is the zero value, and a zero value in a patch changes nothing: the firewall still blocks, whatever the patch says.",
        "Delete the document with $patch: delete, and give it again in a following document.",
        Level.ERROR,
    ),
    Lint(
        "zero-value-noop",
        "A zero value that overrides nothing",
        "An empty text, 0 and 0s are ignored when a patch is merged, so the old value stays.",
        "Remove the field with $patch: delete.",
    ),
    Lint(
        "rule-lists-replaced",
        "A patch replaces a rule's ports or sources",
        "Most lists are appended by a patch; ports and ingress of a rule are replaced, so what the earlier one listed is gone.",
        "Write the whole list in the later patch, or give the second rule a name of its own.",
    ),
    Lint(
        "delete-replaces-rest",
        "A deleted source beside others",
        "The elements that remain beside the deleted one are merged afterwards, and for ingress that replaces all sources.",
        "Put the delete into one document and the new sources into another rule.",
    ),
    Lint(
        "list-appended",
        "A patch adds to a list",
        "Time servers, resolvers and subnets of a patch are added to those that are there; they do not take their place.",
        "Delete the list first if it is to be replaced.",
        Level.NOTE,
    ),
    Lint(
        "patch-order",
        "Two patches set the same, and their order is not known",
        "The patch that is applied later wins, and nothing in the files says which that is.",
        "Put both into one file, or number them and apply them in that order.",
    ),
    Lint(
        "skipped-document",
        "A document that is skipped in silence",
        "A patch document of nothing but version, kind and name is passed over without a word.",
        "Write apiVersion: v1alpha1 and what the document is to say.",
    ),
    Lint(
        "missing-default-action",
        "Rules without a default action",
        "Without one it is accept: rules that look like permits then deny everybody else, and all other ports are open.",
        "Add a NetworkDefaultActionConfig with ingress: block.",
    ),
    Lint(
        "talhelper-default-accept",
        "talhelper's firewall without defaultAction",
        "talhelper generates accept for it, although its schema says that block is the default.",
        "Write defaultAction: block.",
    ),
    Lint(
        "accept-mode-intersection",
        "With accept, two rules for the same port",
        "Each rule denies everybody but its own sources, so only sources in both lists get through.",
        "Put all sources into one rule, or block by default.",
    ),
    Lint(
        "accept-mode-ipv6",
        "With accept, sources of one family",
        "A rule without sources of a family denies the whole family its ports.",
        "List ::/0 or 0.0.0.0/0 as well if the other family is to get through.",
    ),
    Lint(
        "accept-mode-replies",
        "With accept, a rule for ephemeral ports",
        "With accept replies are not told from new packets: answers to the node's own requests arrive at ports 32768-60999.",
        "Leave those ports out, or block by default.",
    ),
    Lint(
        "pooled-except",
        "An except takes away what another entry gives",
        "All excepts of a rule are taken from the union of all its subnets.",
        "Put the entries into two rules.",
    ),
    Lint(
        "except-outside", "An except that takes nothing away", "It lies in none of the rule's subnets.", "Correct or remove it.", Level.NOTE
    ),
    Lint(
        "empty-ingress",
        "A rule without sources",
        "With block it permits nothing, with accept it closes its ports to everybody.",
        "List its sources, or remove the rule.",
    ),
    Lint(
        "icmp-ports",
        "An ICMP rule with ports",
        "ICMP has no ports: what is compared is the packet's checksum, so that packets match by chance.",
        "Write 0-65535, which means all of it.",
    ),
    Lint(
        "icmp-limited",
        "ICMP is limited",
        "Block lets in five ICMP packets a second for all senders together; health checks between many nodes need more.",
        "Add a rule for icmp with ports 0-65535.",
        Level.NOTE,
    ),
    Lint("mapped-ipv6", "An IPv4-mapped prefix", "It is an IPv6 network and never matches IPv4 packets.", "Write the IPv4 network."),
    Lint("host-bits", "A network with host bits", "It is read as the whole network.", "Write the network's own address.", Level.NOTE),
    Lint(
        "unfilterable-protocol",
        "A protocol that cannot be let in",
        "Block drops every protocol but TCP, UDP, ICMP and ICMPv6, and no rule can allow another.",
        "Use an encapsulation over UDP.",
    ),
    Lint(
        "unrendered-template",
        "A template that is not rendered",
        "What it will say is not known, so answers that depend on it stay open.",
        "Render it before checking.",
        Level.NOTE,
    ),
    Lint(
        "encrypted-file",
        "An encrypted file or value",
        "Its keys can be read, its values cannot; answers that depend on them stay open.",
        "Keep what the firewall needs out of encrypted files.",
        Level.NOTE,
    ),
    Lint(
        "unresolved-variable",
        "A value that is filled in elsewhere",
        "A placeholder stands where a port, a network or a word is expected; answers that depend on it stay open.",
        "Check the rendered files, or give the value in talenv.yaml.",
        Level.NOTE,
    ),
    Lint(
        "missing-patch",
        "A patch file that is not there",
        "The inventory names it, and what it changes is not known; answers that depend on it stay open.",
        "Correct the path, or check the directory that has the file.",
    ),
    Lint(
        "unused-patch",
        "A patch that talhelper does not use",
        "It lies beside a talhelper configuration that does not name it, and so has no effect.",
        "Name it under patches, or remove it.",
        Level.NOTE,
    ),
    Lint(
        "assumed-base",
        "Patches without the configuration they lie on",
        "A generated configuration is assumed: no firewall documents, default networks, Flannel, discovery on.",
        "Add the machine configuration to what is checked if it says something else.",
        Level.NOTE,
    ),
    Lint(
        "role-by-name",
        "A role taken from a path",
        "Nothing in the patch says for which machines it is; its directory or name does.",
        "Bind the roles in auditor.yaml if the guess is wrong.",
        Level.NOTE,
    ),
    Lint(
        "lockout",
        "Block without a rule for the Talos API",
        "Nobody reaches tcp/50000 of the node any more, and there is no other way in.",
        "Add a rule for tcp/50000.",
        Level.ERROR,
    ),
    Lint(
        "etcd-exposed",
        "An etcd rule for the wrong machines",
        "etcd holds every secret of the cluster and is for the control plane alone.",
        "Remove the rule on workers, and list the control plane's addresses only.",
        Level.ERROR,
    ),
    Lint(
        "etcd-http-port",
        "etcd's HTTP port is more open than etcd",
        "From Talos 1.14 etcd answers HTTP and metrics on tcp/2383.",
        "Give 2383 the sources of 2379.",
    ),
    Lint(
        "api-pod-cidr",
        "The Kubernetes API does not let pods in",
        "Pods on a control plane node reach the API server with their own addresses.",
        "Add the pod network to the sources of the API's port.",
    ),
    Lint(
        "kubelet-pod-cidr",
        "The kubelet does not let pods in",
        "Monitoring in a pod reaches the kubelet of its own node with the pod's address.",
        "Add the pod network to the sources of tcp/10250.",
    ),
    Lint(
        "overlay-port",
        "The tunnel port is missing or of the wrong protocol",
        "Pods on different nodes talk through UDP tunnels; each network plugin has its own port.",
        "Open the port of the plugin in use to the nodes: udp/4789 Flannel and Calico, udp/8472 and udp/6081 Cilium.",
        Level.ERROR,
    ),
    Lint(
        "overlay-source",
        "The tunnel port lets in pods, not nodes",
        "Tunnels run between the addresses of nodes.",
        "List the nodes' network as source.",
        Level.ERROR,
    ),
    Lint(
        "cilium-extras", "Cilium's further ports", "Hubble is asked on tcp/4244 by relays in pods and on nodes.", "Open tcp/4244 to both."
    ),
    Lint(
        "kubespan-port",
        "KubeSpan's port",
        "KubeSpan speaks WireGuard on udp/51820, a port that is fixed.",
        "Open udp/51820 between the nodes, and give other tunnels another port.",
        Level.ERROR,
    ),
    Lint(
        "nodeport-bypassed",
        "A rule for NodePorts without effect",
        "What replaces kube-proxy answers NodePorts before the filter; before Talos 1.10 they were not filtered at all.",
        "Filter them in the network plugin.",
        Level.NOTE,
    ),
    Lint(
        "ipv6-forgotten",
        "IPv6 in the cluster, and rules of IPv4 only",
        "Block drops all IPv6 that no rule lists.",
        "Add the IPv6 networks to the sources.",
    ),
    Lint(
        "dhcpv6-closed",
        "DHCPv6 answers are dropped",
        "They are answers to a multicast and count as new connections.",
        "Add a rule for udp/546 from fe80::/10.",
    ),
    Lint(
        "metrics-exposed",
        "A metrics port on all addresses",
        "An argument opens it to the network, and nothing on the node limits who asks.",
        "Bind it to an address of the node, or limit it by a rule.",
    ),
    Lint(
        "adjacent-ports",
        "Adjacent ports before Talos 1.7.6",
        "One of two ports that follow each other was left out of the filter.",
        "Write them as a range.",
    ),
    Lint(
        "top-of-range",
        "Sources up to the last address before Talos 1.12.5",
        "Programming the filter failed, and no rules were left: everything was open.",
        "Run Talos 1.12.5 or later, or write the sources otherwise.",
        Level.ERROR,
    ),
    Lint(
        "many-rules",
        "Many rules before Talos 1.13.9",
        "A dozen rules could overflow a buffer and hang the boot.",
        "Put ports with the same sources into one rule.",
    ),
    Lint(
        "rule-drift",
        "Nodes of one role filter differently",
        "What holds for one node then does not hold for the other.",
        "Put the rules into the group's settings.",
    ),
    Lint(
        "stale-address",
        "A listed address that no node has",
        "A node that is gone leaves its permission to whoever gets the address next.",
        "Remove it.",
    ),
)
