"""The words pf and the firewall's system know: protocols, ICMP types and services, with their numbers."""

from __future__ import annotations

TCP, UDP, ICMP, ICMP6, SCTP, CARP = 6, 17, 1, 58, 132, 112

PROTOCOLS: dict[str, int] = {
    "ip": 0, "hopopt": 0, "icmp": 1, "igmp": 2, "ggp": 3, "ipencap": 4, "ipv4": 4, "st2": 5, "st": 5, "tcp": 6, "cbt": 7, "egp": 8,
    "igp": 9, "bbn-rcc": 10, "bbn-rcc-mon": 10, "nvp": 11, "nvp-ii": 11, "pup": 12, "argus": 13, "emcon": 14, "xnet": 15, "chaos": 16,
    "udp": 17, "mux": 18, "dcn": 19, "dcn-meas": 19, "hmp": 20, "prm": 21, "xns-idp": 22, "trunk-1": 23, "trunk-2": 24, "leaf-1": 25,
    "leaf-2": 26, "rdp": 27, "irtp": 28, "iso-tp4": 29, "netblt": 30, "mfe-nsp": 31, "merit-inp": 32, "dccp": 33, "3pc": 34, "idpr": 35,
    "xtp": 36, "ddp": 37, "idpr-cmtp": 38, "tp++": 39, "il": 40, "ipv6": 41, "sdrp": 42, "ipv6-route": 43, "ipv6-frag": 44, "idrp": 45,
    "rsvp": 46, "gre": 47, "dsr": 48, "bna": 49, "esp": 50, "ah": 51, "i-nlsp": 52, "swipe": 53, "narp": 54, "mobile": 55, "tlsp": 56,
    "skip": 57, "ipv6-icmp": 58, "icmp6": 58, "ipv6-nonxt": 59, "ipv6-opts": 60, "cftp": 62, "sat-expak": 64, "kryptolan": 65,
    "rvd": 66, "ippc": 67, "sat-mon": 69, "visa": 70, "ipcv": 71, "cpnx": 72, "cphb": 73, "wsn": 74, "pvp": 75, "br-sat-mon": 76,
    "sun-nd": 77, "wb-mon": 78, "wb-expak": 79, "iso-ip": 80, "vmtp": 81, "secure-vmtp": 82, "vines": 83, "ttp": 84, "iptm": 84,
    "nsfnet-igp": 85, "dgp": 86, "tcf": 87, "eigrp": 88, "ospf": 89, "sprite-rpc": 90, "larp": 91, "mtp": 92, "ax.25": 93, "ipip": 94,
    "micp": 95, "scc-sp": 96, "etherip": 97, "encap": 98, "gmtp": 100, "ifmp": 101, "pnni": 102, "pim": 103, "aris": 104, "scps": 105,
    "qnx": 106, "a/n": 107, "ipcomp": 108, "snp": 109, "compaq-peer": 110, "ipx-in-ip": 111, "carp": 112, "vrrp": 112, "pgm": 113,
    "l2tp": 115, "ddx": 116, "iatp": 117, "stp": 118, "srp": 119, "uti": 120, "smp": 121, "sm": 122, "ptp": 123, "isis": 124, "fire": 125,
    "crtp": 126, "crudp": 127, "sscopmce": 128, "iplt": 129, "sps": 130, "pipe": 131, "sctp": 132, "fc": 133, "rsvp-e2e-ignore": 134,
    "mobility-header": 135, "udplite": 136, "mpls-in-ip": 137, "manet": 138, "shim6": 139, "wesp": 140, "rohc": 141, "pfsync": 240,
}  # fmt: skip

ICMP_TYPES: dict[str, int] = {
    "echorep": 0, "unreach": 3, "squench": 4, "redir": 5, "althost": 6, "echoreq": 8, "routeradv": 9, "routersol": 10, "timex": 11,
    "paramprob": 12, "timereq": 13, "timerep": 14, "inforeq": 15, "inforep": 16, "maskreq": 17, "maskrep": 18, "trace": 30, "dataconv": 31,
    "mobredir": 32, "ipv6-where": 33, "ipv6-here": 34, "mobregreq": 35, "mobregrep": 36, "skip": 39, "photuris": 40,
}  # fmt: skip

ICMP6_TYPES: dict[str, int] = {
    "unreach": 1, "toobig": 2, "timex": 3, "paramprob": 4, "echoreq": 128, "echorep": 129, "groupqry": 130, "listqry": 130,
    "grouprep": 131, "listenrep": 131, "groupterm": 132, "listendone": 132, "routersol": 133, "routeradv": 134, "neighbrsol": 135,
    "neighbradv": 136, "redir": 137, "routrrenum": 138, "wrureq": 139, "wrurep": 140, "fqdnreq": 139, "fqdnrep": 140, "niqry": 139,
    "nirep": 140, "mtraceresp": 200, "mtrace": 201,
}  # fmt: skip

SERVICES: dict[str, int] = {
    "tcpmux": 1, "echo": 7, "discard": 9, "sink": 9, "null": 9, "systat": 11, "users": 11, "daytime": 13, "netstat": 15, "qotd": 17,
    "quote": 17, "chargen": 19, "ttytst": 19, "ftp-data": 20, "ftp": 21, "ssh": 22, "telnet": 23, "smtp": 25, "mail": 25, "time": 37,
    "timserver": 37, "rlp": 39, "nameserver": 42, "name": 42, "nicname": 43, "whois": 43, "tacacs": 49, "re-mail-ck": 50, "domain": 53,
    "bootps": 67, "dhcps": 67, "bootpc": 68, "dhcpc": 68, "tftp": 69, "gopher": 70, "finger": 79, "http": 80, "www": 80, "www-http": 80,
    "hosts2-ns": 81, "kerberos": 88, "kerberos-sec": 88, "krb5": 88, "supdup": 95, "hostname": 101, "iso-tsap": 102, "rtelnet": 107,
    "pop2": 109, "pop3": 110, "sunrpc": 111, "rpcbind": 111, "auth": 113, "ident": 113, "sftp": 115, "sqlserv": 118, "nntp": 119,
    "usenet": 119, "ntp": 123, "epmap": 135, "loc-srv": 135, "netbios-ns": 137, "netbios-dgm": 138, "netbios-ssn": 139, "imap": 143,
    "imap2": 143, "imap4": 143, "sql-net": 150, "snmp": 161, "snmptrap": 162, "snmp-trap": 162, "xdmcp": 177, "bgp": 179, "irc": 194,
    "ipx": 213, "ldap": 389, "svrloc": 427, "https": 443, "snpp": 444, "microsoft-ds": 445, "kpasswd5": 464, "smtps": 465, "urd": 465,
    "isakmp": 500, "exec": 512, "biff": 512, "comsat": 512, "login": 513, "who": 513, "whod": 513, "shell": 514, "cmd": 514, "syslog": 514,
    "printer": 515, "spooler": 515, "talk": 517, "ntalk": 518, "efs": 520, "router": 520, "route": 520, "ripng": 521, "ncp": 524,
    "timed": 525, "uucp": 540, "uucpd": 540, "klogin": 543, "kshell": 544, "dhcpv6-client": 546, "dhcpv6-server": 547, "afpovertcp": 548,
    "rtsp": 554, "nntps": 563, "snews": 563, "submission": 587, "http-alt": 8080, "http-rpc-epmap": 593, "ipp": 631, "ldaps": 636,
    "msdp": 639, "ldp": 646, "dhcp-failover": 647, "rndc": 953, "domain-s": 853, "ftps-data": 989, "ftps": 990, "telnets": 992,
    "imaps": 993, "ircs": 994, "pop3s": 995, "socks": 1080, "openvpn": 1194, "ms-sql-s": 1433, "ms-sql-m": 1434, "l2f": 1701, "l2tp": 1701,
    "pptp": 1723, "radius": 1812, "radius-acct": 1813, "cisco-sccp": 2000, "nfsd": 2049, "nfs": 2049, "cvsup": 5999, "cvspserver": 2401,
    "git": 9418, "mysql": 3306, "ms-wbt-server": 3389, "svn": 3690, "epmd": 4369, "ipsec-nat-t": 4500, "sip": 5060, "sip-tls": 5061,
    "sips": 5061, "xmpp-client": 5222, "xmpp-server": 5269, "mdns": 5353, "postgresql": 5432, "rfb": 5900, "amqp": 5672, "amqps": 5671,
    "x11": 6000, "syslog-tls": 6514, "ircd": 6667, "afs3-fileserver": 7000, "bacula-dir": 9101, "bacula-fd": 9102, "bacula-sd": 9103,
    "puppet": 8140, "zabbix-agent": 10050, "zabbix-trapper": 10051, "rsync": 873, "iscsi-target": 3260, "mqtt": 1883, "nut": 3493,
    "stun": 3478, "turn": 3478, "aol": 5190, "teredo": 3544, "wins": 1512,
}  # fmt: skip
"""The services that rules name in practice. The firewall's own list is longer: a word that is missing here is not surely unknown there."""
