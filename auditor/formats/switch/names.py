"""Names of ports, protocols and ICMP types as access lists write them. One table for all systems: no name has two meanings."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.model.packets import Interval


def _table(text: str) -> dict[str, int]:
    pairs = (pair.split() for pair in text.replace("\n", " ").split(","))
    return {name: int(number) for name, number in pairs}


_BOTH = _table(
    "bfd 3784, bfd-echo 3785, discard 9, domain 53, echo 7, http 80, https 443, imap4 143, kerberos 88, ldap 389, ldaps 636, ldp 646,"
    "microsoft-ds 445, mlag 4432, msdp 639, mysql 3306, netbios-ssn 139, nfs 2049, pim-auto-rp 496, radius 1812, radius-acct 1813,"
    "rsync 873, sip 5060, ssh 22, sunrpc 111, syslog 514, tacacs 49, talk 517, time 37, vxlan 4789"
)
TCP_PORTS: Mapping[str, int] = _BOTH | _table(
    "bgp 179, chargen 19, cmd 514, daytime 13, drip 3949, exec 512, finger 79, ftp 21, ftp-data 20, gopher 70, hostname 101, ident 113,"
    "irc 194, klogin 543, kshell 544, login 513, lpd 515, msrpc 135, nntp 119, onep-plain 15001, onep-tls 15002, pop2 109, pop3 110,"
    "smtp 25, telnet 23, uucp 540, whois 43, www 80"
)
UDP_PORTS: Mapping[str, int] = _BOTH | _table(
    "biff 512, bootpc 68, bootps 67, dnsix 195, isakmp 500, mobile-ip 434, nameserver 42, netbios-dgm 138, netbios-ns 137, netbios-ss 139,"
    "non500-isakmp 4500, ntp 123, rip 520, ripv6 521, snmp 161, snmptrap 162, tftp 69, who 513, xdmcp 177"
)
PROTOCOLS: Mapping[str, int] = _table(
    "ah 51, ahp 51, eigrp 88, esp 50, gre 47, icmp 1, icmpv6 58, icmp6 58, igmp 2, ipinip 4, l2tp 115, nos 94, ospf 89, pcp 108, pim 103,"
    "rsvp 46, sctp 132, tcp 6, udp 17, vrrp 112"
)


def _messages(text: str) -> dict[str, Interval]:
    """Names with `type` or `type/code`, as intervals of type * 256 + code."""
    found: dict[str, Interval] = {}
    for pair in text.replace("\n", " ").split(","):
        name, numbers = pair.split()
        kind, slash, code = numbers.partition("/")
        low = int(kind) * 256
        found[name] = (low + int(code), low + int(code)) if slash else (low, low + 255)
    return found


ICMP_MESSAGES: Mapping[str, Interval] = _messages(
    "echo 8, echo-reply 0, unreachable 3, net-unreachable 3/0, host-unreachable 3/1, protocol-unreachable 3/2, port-unreachable 3/3,"
    "packet-too-big 3/4, source-route-failed 3/5, network-unknown 3/6, host-unknown 3/7, host-isolated 3/8, dod-net-prohibited 3/9,"
    "dod-host-prohibited 3/10, net-tos-unreachable 3/11, host-tos-unreachable 3/12, administratively-prohibited 3/13,"
    "host-precedence-unreachable 3/14, precedence-unreachable 3/15, source-quench 4, redirect 5, net-redirect 5/0, host-redirect 5/1,"
    "net-tos-redirect 5/2, host-tos-redirect 5/3, alternate-address 6, router-advertisement 9, router-solicitation 10, time-exceeded 11,"
    "ttl-exceeded 11/0, reassembly-timeout 11/1, parameter-problem 12, general-parameter-problem 12/0, option-missing 12/1,"
    "no-room-for-option 12/2, timestamp-request 13, timestamp-reply 14, information-request 15, information-reply 16, mask-request 17,"
    "mask-reply 18, traceroute 30, conversion-error 31, mobile-redirect 32"
)
ICMPV6_MESSAGES: Mapping[str, Interval] = _messages(
    "destination-unreachable 1, unreachable 1, no-route 1/0, no-admin 1/1, beyond-scope 1/2, port-unreachable 1/4, packet-too-big 2,"
    "time-exceeded 3, hop-limit 3/0, reassembly-timeout 3/1, parameter-problem 4, header 4/0, next-header 4/1, parameter-option 4/2,"
    "echo-request 128, echo-reply 129, mld-query 130, mld-report 131, mld-reduction 132, router-solicitation 133, router-advertisement 134,"
    "nd-ns 135, nd-na 136, redirect 137, router-renumbering 138"
)
