"""The macros of the product: a name for one or more services. Names are read in any case.

A part sets a protocol and ports of its own; what a rule says beside it is added, and may not contradict.
"""

from __future__ import annotations

from auditor.model.record import dataclass

_PARTS = """
Amanda udp:10080 tcp:10080 | Auth tcp:113 | BGP tcp:179 | BitTorrent tcp:6881:6889 udp:6881 | BitTorrent32 tcp:6881:6999 udp:6881
Ceph tcp:6789 tcp:3300 tcp:6800:7300 | CVS tcp:2401 | Citrix tcp:1494 udp:1604 tcp:2598 | DAAP tcp:3689 udp:3689 | DCC tcp:6277
DHCPfwd udp:67:68<67:68 | DHCPv6 udp:546:547<546:547@6 | DNS udp:53 tcp:53 | Distcc tcp:3632 | FTP tcp:21 | Finger tcp:79
GNUnet tcp:2086 udp:2086 tcp:1080 udp:1080 | GRE 47 | Git tcp:9418 | HKP tcp:11371 | HTTP tcp:80 | HTTPS tcp:443 | ICPV2 udp:3130
ICQ tcp:5190 | IMAP tcp:143 | IMAPS tcp:993 | IPIP 94 | IPsec udp:500<500 50 | IPsecah udp:500<500 51 | IPsecnat udp:500 udp:4500 50
IRC tcp:6667 | Jetdirect tcp:9100 | L2TP udp:1701 | LDAP tcp:389 | LDAPS tcp:636 | MSNP tcp:1863 | MSSQL tcp:1433
Mail tcp:25 tcp:465 tcp:587 | MDNS udp:5353 | Munin tcp:4949 | MySQL tcp:3306 | NNTP tcp:119 | NNTPS tcp:563 | NTP udp:123
NeighborDiscovery icmpv6:router-solicitation@6 icmpv6:router-advertisement@6 icmpv6:neighbor-solicitation@6
  icmpv6:neighbor-advertisement@6 | OSPF 89 | OpenVPN udp:1194 | PCA udp:5632 tcp:5631 | PMG tcp:8006 | POP3 tcp:110 | POP3S tcp:995
PPtP 47 tcp:1723 | Ping icmp:echo-request@4 icmpv6:echo-request@6 | PostgreSQL tcp:5432 | Printer tcp:515 | RDP tcp:3389 | RIP udp:520
RNDC tcp:953 | Razor tcp:2703 | Rdate tcp:37 | Rsync tcp:873 | SANE tcp:6566
SMB udp:135,445 udp:137:139 udp:1024:65535<137 tcp:135,139,445 | SMBswat tcp:901 | SMTP tcp:25 | SMTPS tcp:465 | SNMP udp:161:162 tcp:161
SPAMD tcp:783 | SSH tcp:22 | SVN tcp:3690 | SixXS tcp:3874 udp:3740 41 udp:5072,8374 | SPICEproxy tcp:3128 | Squid tcp:3128
Submission tcp:587 | Syslog udp:514 tcp:514 | TFTP udp:69 | Telnet tcp:23 | Telnets tcp:992 | Time tcp:37
Trcrt udp:33434:33524 icmp:echo-request@4 icmpv6:echo-request@6 | VNC tcp:5900:5999 | VNCL tcp:5500 | Web tcp:80 tcp:443
Webcache tcp:8080 | Webmin tcp:10000 | Whois tcp:43
"""


@dataclass(frozen=True, slots=True)
class Part:
    """One of a macro's services. `dport` of ICMP is the name of its type; `family` None: both."""

    proto: str
    dport: str = ""
    sport: str = ""
    family: int | None = None


def _part(text: str) -> Part:
    rest, _, family = text.partition("@")
    proto, _, ports = rest.partition(":")
    dport, _, sport = ports.partition("<")
    return Part(proto, dport, sport, int(family) if family else None)


def _macros() -> dict[str, tuple[str, tuple[Part, ...]]]:
    found: dict[str, tuple[str, tuple[Part, ...]]] = {}
    joined = _PARTS.replace("\n  ", " ").strip().replace("\n", "|")
    for line in joined.split("|"):
        name, *parts = line.split()
        found[name.lower()] = name, tuple(map(_part, parts))
    return found


MACROS = _macros()
"""Name in lower case → name as the product writes it, and its parts."""
