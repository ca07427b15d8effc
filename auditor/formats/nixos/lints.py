"""What each remark of this dialect is about, for its page in the documentation."""

from __future__ import annotations

from auditor.formats.base import Lint
from auditor.model.source import Level

LINTS: tuple[Lint, ...] = (
    Lint(
        "disabled",
        "A firewall that is off",
        "networking.firewall.enable is false: every port a program listens on is open on every interface, to everybody.",
        "Remove the line: the firewall is on by default. Open what is needed with allowedTCPPorts and allowedUDPPorts.",
        Level.ERROR,
    ),
    Lint(
        "port-everywhere",
        "A management port on every interface of a host that has several",
        "A port in the global list is open on all interfaces, from any address, for IPv4 and IPv6; the lists know no sources.",
        "List it under networking.firewall.interfaces.<name>, or limit the sources in extraInputRules.",
        Level.NOTE,
    ),
    Lint(
        "forward-open",
        "A host that forwards packets and filters none of them",
        "The firewall looks at what comes in to the host itself. What it routes passes unfiltered unless filterForward is on.",
        "Set networking.nftables.enable and networking.firewall.filterForward, and permit what shall pass in extraForwardRules.",
    ),
    Lint(
        "backend-mismatch",
        "An option that the firewall's backend does not know",
        "extraCommands belong to iptables; extraInputRules, filterForward, filterOutput and nftables' tables to nftables. With the other "
        "backend the configuration does not evaluate, or, with extraInputRules, the rules silently do not exist.",
        "Set networking.nftables.enable = true, or write the rules for iptables.",
        Level.ERROR,
    ),
    Lint(
        "interface-named-default",
        "An interface named default",
        "NixOS keeps the global lists under the name default: interfaces.default takes their place, and what they open is closed.",
        "Put its ports into the global lists.",
    ),
    Lint(
        "trusted-interface",
        "A network interface that is trusted",
        "Everything that comes in by a trusted interface is accepted before any list is asked. For a tunnel whose peers are known that can "
        "be meant; a network card is as trustworthy as its network.",
        "List the ports under networking.firewall.interfaces.<name> instead.",
    ),
    Lint(
        "port-range-reversed",
        "A range of ports that runs backwards",
        "With nftables the system does not build. With iptables the script fails at this line, and the firewall stays off.",
        "Exchange from and to.",
        Level.ERROR,
    ),
    Lint(
        "output-ipv6",
        "An output filter that stops IPv6",
        "filterOutput accepts ICMPv6 by a test that no IPv6 packet passes, and does not ask its lists about untracked packets, which "
        "neighbour discovery is. It is dropped, and without it no IPv6 address can be reached.",
        "Set networking.enableIPv6 = false where IPv6 is not used, or filter outbound traffic elsewhere.",
    ),
    Lint(
        "forward-dnat",
        "Port forwards that pass the forward filter unasked",
        "With filterForward, whatever networking.nat.forwardPorts translates is accepted before extraForwardRules.",
        "Keep in forwardPorts only what everybody may reach, or limit it in a table of its own with an earlier priority.",
        Level.NOTE,
    ),
    Lint(
        "ssh-open",
        "OpenSSH opens its port by itself",
        "services.openssh.openFirewall is true by default: enabling the server opens TCP 22 on every interface, from anywhere.",
        "Set services.openssh.openFirewall = false, and open the port where administrators come from.",
        Level.NOTE,
    ),
    Lint(
        "docker-bypass",
        "A published port of a container",
        "Docker and Podman translate and accept published ports before the chains of the firewall see them: no list closes them.",
        'Publish it to the loopback address ("127.0.0.1:8080:80"), or filter what is forwarded.',
    ),
    Lint(
        "open-firewall-unknown",
        "A service that opens ports of its own",
        "Which ports openFirewall opens is written in the service's module. What may reach the host stays open.",
        "Check the evaluated configuration: nix eval --json of networking.firewall.",
        Level.NOTE,
    ),
    Lint(
        "command-unread",
        "A command that is not read",
        "extraCommands is shell. Plain calls of iptables are read; loops, variables and other programs may do anything to any packet, and "
        "what they may touch stays open.",
        "Write plain calls of iptables, or move to the nftables backend and extraInputRules.",
        Level.NOTE,
    ),
    Lint(
        "import-missing",
        "An imported module that is not there",
        "What it sets is not known, so nothing can be said to be closed.",
        "Check the directory that holds it as well, or the evaluated configuration.",
        Level.NOTE,
    ),
    Lint(
        "setting-unread",
        "A setting of the firewall in a place that is not followed",
        "Modules of containers, tests and generated configurations are not followed. What this sets is not judged.",
        "Check the evaluated configuration of that machine: nix eval --json of networking.firewall.",
        Level.NOTE,
    ),
    Lint(
        "unknown-option",
        "An option that NixOS does not have",
        "The name is none of the firewall's options. NixOS refuses it, so the configuration is never built; "
        "what is in place is what was there before. Options that a module of your own declares are known where that module is at hand.",
        "Correct the name.",
        Level.ERROR,
    ),
    Lint(
        "option-type",
        "A value that the option does not take",
        "NixOS checks the type of every option: a text where a boolean belongs, one port where a list does, a port above 65535 stop the "
        "evaluation, and the configuration is never built.",
        "Write the value as the option takes it: true without quotes, [ 22 ] for one port.",
        Level.ERROR,
    ),
    Lint(
        "dump-incomplete",
        "JSON with options of the firewall that is not all of it",
        "Without enable, or without the port lists, it is not known what is open, and nothing is read from the file.",
        "Evaluate all of networking.firewall: nix eval --json .#nixosConfigurations.HOST.config.networking.firewall, with --apply for the "
        "options that are data.",
        Level.WARNING,
    ),
)
