"""The words nftables knows for numbers, and the priorities and hooks that go by name."""

from __future__ import annotations


def _table(text: str) -> dict[str, int]:
    """`name=number` separated by blanks."""
    return {name: int(number, 0) for name, _, number in (word.rpartition("=") for word in text.split())}


def _words(text: str) -> list[str]:
    """Words separated by blanks."""
    return text.split()


PRIORITIES = {"raw": -300, "mangle": -150, "dstnat": -100, "filter": 0, "security": 50, "srcnat": 100}
PRIORITY_HOOKS = {"dstnat": ("prerouting",), "srcnat": ("postrouting",), "out": ("output",)}
BRIDGE_PRIORITIES = {"dstnat": -300, "filter": -200, "out": 100, "srcnat": 300}
CONNTRACK_PRIORITY = -200

PROTOCOLS = _table(
    "ip=0 icmp=1 igmp=2 ggp=3 ipencap=4 st=5 tcp=6 egp=8 igp=9 pup=12 udp=17 hmp=20 xns-idp=22 rdp=27 iso-tp4=29 dccp=33 xtp=36 ddp=37 "
    "idpr-cmtp=38 ipv6=41 ipv6-route=43 ipv6-frag=44 idrp=45 rsvp=46 gre=47 esp=50 ah=51 skip=57 ipv6-icmp=58 icmpv6=58 ipv6-nonxt=59 "
    "ipv6-opts=60 rspf=73 vmtp=81 eigrp=88 ospf=89 ax.25=93 ipip=94 etherip=97 encap=98 pim=103 ipcomp=108 comp=108 vrrp=112 l2tp=115 "
    "isis=124 sctp=132 fc=133 mobility-header=135 udplite=136 mpls-in-ip=137 hip=139 shim6=140 wesp=141 rohc=142"
)
ICMP_TYPES = _table(
    "echo-reply=0 destination-unreachable=3 source-quench=4 redirect=5 echo-request=8 router-advertisement=9 router-solicitation=10 "
    "time-exceeded=11 parameter-problem=12 timestamp-request=13 timestamp-reply=14 info-request=15 info-reply=16 "
    "address-mask-request=17 address-mask-reply=18"
)
ICMP_CODES = _table(
    "net-unreachable=0 host-unreachable=1 prot-unreachable=2 port-unreachable=3 frag-needed=4 net-prohibited=9 host-prohibited=10 "
    "admin-prohibited=13"
)
ICMPV6_TYPES = _table(
    "destination-unreachable=1 packet-too-big=2 time-exceeded=3 parameter-problem=4 echo-request=128 echo-reply=129 "
    "mld-listener-query=130 mld-listener-report=131 mld-listener-done=132 mld-listener-reduction=132 nd-router-solicit=133 "
    "nd-router-advert=134 nd-neighbor-solicit=135 nd-neighbor-advert=136 nd-redirect=137 router-renumbering=138 "
    "ind-neighbor-solicit=141 ind-neighbor-advert=142 mld2-listener-report=143"
)
ICMPV6_CODES = _table("no-route=0 admin-prohibited=1 addr-unreachable=3 port-unreachable=4 policy-fail=5 reject-route=6")
ICMPX_CODES = _table("no-route=0 port-unreachable=1 host-unreachable=2 admin-prohibited=3")
CT_STATES = _table("invalid=1 established=2 related=4 new=8 untracked=64")
CT_STATUSES = _table("expected=1 seen-reply=2 assured=4 confirmed=8 snat=16 dnat=32 dying=512")
CT_DIRECTIONS = _table("original=0 reply=1")
TCP_FLAGS = _table("fin=1 syn=2 rst=4 psh=8 ack=16 urg=32 ecn=64 ece=64 cwr=128")
PACKET_TYPES = _table("host=0 unicast=0 broadcast=1 multicast=2 other=3")
ADDRESS_TYPES = _table("unspec=0 unicast=1 local=2 broadcast=3 anycast=4 multicast=5 blackhole=6 unreachable=7 prohibit=8")
FAMILIES = _table("ipv4=2 ipv6=10")
ETHER_TYPES = _table("ip=0x0800 arp=0x0806 ip6=0x86dd vlan=0x8100 8021q=0x8100 8021ad=0x88a8")
DSCP = _table(
    "cs0=0 cs1=8 cs2=16 cs3=24 cs4=32 cs5=40 cs6=48 cs7=56 df=0 be=0 lephb=1 af11=10 af12=12 af13=14 af21=18 af22=20 af23=22 af31=26 "
    "af32=28 af33=30 af41=34 af42=36 af43=38 va=44 ef=46"
)
ECN = _table("not-ect=0 ect1=1 ect0=2 ce=3")
INTERFACE_TYPES = _table("ether=1 ppp=512 ipip=768 ipip6=769 loopback=772 sit=776 ipgre=778")
IGMP_TYPES = _table("membership-query=17 membership-report-v1=18 membership-report-v2=22 membership-report-v3=34 leave-group=23")
ARP_OPERATIONS = _table("request=1 reply=2 rrequest=3 rreply=4 inrequest=8 inreply=9 nak=10")
MOBILITY_TYPES = _table(
    "binding-refresh-request=0 home-test-init=1 careof-test-init=2 home-test=3 careof-test=4 binding-update=5 binding-acknowledgement=6 "
    "binding-error=7 fast-binding-update=8 fast-binding-acknowledgement=9 fast-binding-advertisement=10 "
    "experimental-mobility-header=11 home-agent-switch-message=12"
)
DCCP_TYPES = _table("request=0 response=1 data=2 ack=3 dataack=4 closereq=5 close=6 reset=7 sync=8 syncack=9")

SERVICES = _table(
    """
    rtmp=1 tcpmux=1 nbp=2 zip=6 discard=9 null=9 sink=9 systat=11 users=11 daytime=13 netstat=15 qotd=17 quote=17 chargen=19
    source=19 ttytst=19 ftp-data=20 fsp=21 fspd=21 ftp=21 ssh=22 telnet=23 mail=25 smtp=25 time=37 timserver=37 nicname=43 whois=43
    tacacs=49 domain=53 bootps=67 bootpc=68 tftp=69 gopher=70 finger=79 http=80 www=80 kerberos=88 kerberos-sec=88 kerberos5=88
    krb5=88 iso-tsap=102 tsap=102 acr-nema=104 poppassd=106 pop-3=110 pop3=110 portmapper=111 sunrpc=111 auth=113 authentication=113
    ident=113 tap=113 nntp=119 readnews=119 untp=119 ntp=123 epmap=135 loc-srv=135 netbios-ns=137 netbios-dgm=138 netbios-ssn=139
    imap=143 imap2=143 snmp=161 snmp-trap=162 snmptrap=162 cmip-man=163 cmip-agent=164 mailq=174 xdmcp=177 bgp=179 smux=199 qmtp=209
    wais=210 z3950=210 ipx=213 ptp-event=319 ptp-general=320 pawserv=345 zserv=346 rpc2portmap=369 codaauth2=370 Clearcase=371
    clearcase=371 ldap=389 svrloc=427 https=443 snpp=444 microsoft-ds=445 kpasswd=464 smtps=465 ssmtp=465 submissions=465 urd=465
    saft=487 isakmp=500 biff=512 comsat=512 exec=512 login=513 who=513 whod=513 cmd=514 shell=514 syslog=514 printer=515 spooler=515
    talk=517 ntalk=518 route=520 routed=520 router=520 gdomap=538 uucp=540 uucpd=540 klogin=543 krcmd=544 kshell=544
    dhcpv6-client=546 dhcpv6-server=547 afpovertcp=548 rtsp=554 nntps=563 snntp=563 submission=587 nqs=607 asf-rmcp=623 qmqp=628
    ipp=631 ldaps=636 ldp=646 tinc=655 silc=706 kerberos-adm=749 kdc=750 kerberos-iv=750 kerberos4=750 kerberos-master=751
    kerberos_master=751 passwd-server=752 passwd_server=752 hprop=754 krb-prop=754 krb5_prop=754 krb_prop=754 moira-db=775
    moira_db=775 moira-update=777 moira_update=777 moira-ureg=779 moira_ureg=779 spamd=783 domain-s=853 supfilesrv=871 rsync=873
    ftps-data=989 ftps=990 telnets=992 imaps=993 pop3s=995 socks=1080 proofd=1093 rootd=1094 rmiregistry=1099 supfiledbg=1127
    skkserv=1178 openvpn=1194 predict=1210 rmtcfg=1236 xtel=1313 xtelw=1314 lotusnote=1352 lotusnotes=1352 ms-sql-s=1433
    ms-sql-m=1434 ingreslock=1524 datametrics=1645 old-radius=1645 old-radacct=1646 sa-msg-port=1646 kermit=1649 groupwise=1677
    l2f=1701 l2tp=1701 radius=1812 radacct=1813 radius-acct=1813 cisco-sccp=2000 nfs=2049 gnunet=2086 rtcm-sc104=2101
    zephyr-srv=2102 zephyr-clt=2103 zephyr-hm=2104 gsigatekeeper=2119 iprop=2121 gris=2135 cvspserver=2401 venus=2430 venus-se=2431
    codasrv=2432 codasrv-se=2433 mon=2583 zebrasrv=2600 zebra=2601 ripd=2602 ripngd=2603 ospfd=2604 bgpd=2605 ospf6d=2606
    ospfapi=2607 isisd=2608 dict=2628 f5-globalsite=2792 gsiftp=2811 gpsd=2947 gds-db=3050 gds_db=3050 icp=3130 icpv2=3130 isns=3205
    iscsi-target=3260 mysql=3306 ms-wbt-server=3389 nut=3493 distcc=3632 daap=3689 subversion=3690 svn=3690 suucp=4031 sysrqd=4094
    sieve=4190 f5-iquery=4353 epmd=4369 remctl=4373 ntske=4460 ipsec-nat-t=4500 fax=4557 hylafax=4559 iax=4569 mtn=4691
    radmin-port=4899 lrrd=4949 munin=4949 sip=5060 sip-tls=5061 jabber-client=5222 xmpp-client=5222 jabber-server=5269
    xmpp-server=5269 cfengine=5308 mdns=5353 postgres=5432 postgresql=5432 rplay=5555 freeciv=5556 rptp=5556 nrpe=5666 nsca=5667
    amqps=5671 amqp=5672 canna=5680 x11=6000 x11-0=6000 x11-1=6001 x11-2=6002 x11-3=6003 x11-4=6004 x11-5=6005 x11-6=6006 x11-7=6007
    gnutella-svc=6346 gnutella-rtr=6347 redis=6379 sge-qmaster=6444 sge_qmaster=6444 sge-execd=6445 sge_execd=6445 mysql-proxy=6446
    syslog-tls=6514 sane=6566 sane-port=6566 saned=6566 ircd=6667 babel=6696 ircs-u=6697 afs3-fileserver=7000 bbs=7000
    afs3-callback=7001 afs3-prserver=7002 afs3-vlserver=7003 afs3-kaserver=7004 afs3-volser=7005 afs3-bos=7007 afs3-update=7008
    afs3-rmtsys=7009 font-service=7100 xfs=7100 zope-ftp=8021 http-alt=8080 webcache=8080 tproxy=8081 omniorb=8088 puppet=8140
    clc-build-daemon=8990 xinetd=9098 bacula-dir=9101 bacula-fd=9102 bacula-sd=9103 git=9418 xmms2=9667 zope=9673 webmin=10000
    zabbix-agent=10050 zabbix-trapper=10051 amanda=10080 kamanda=10081 amandaidx=10082 amidxtape=10083 nbd=10809 hkp=11371
    sgi-cmsd=17001 sgi-crsd=17002 sgi-gcd=17003 sgi-cad=17004 db-lsp=17500 dcap=22125 gsidcap=22128 wnn6=22273 binkp=24554 asp=27374
    csync2=30865 dircproxy=57000 tfido=60177 fido=60179
    """
)
"""Names that stand for one port, as services files have them. What is missing here is not surely unknown to a host."""

RESERVED = frozenset(
    _words(
        """
        accept add ah all and arp auto-merge bridge cgroup chain comment comp constant continue counter cpu create ct day dccp
        define delete describe device devices dnat drop dup dynamic element elements esp ether exists export fib flags flow
        flush fwd goto handle hook hour icmp icmpv6 igmp iif iifname import include index inet insert interval ip ip6 jhash jump
        limit list log map mark masquerade meta meter mh missing monitor netdev nftrace notrack numgen oif oifname or osf policy
        position priority queue quota random redefine redirect reject rename replace reset return rt ruleset sctp secmark set
        size skgid skuid snat socket symhash synproxy table tcp th time timeout tproxy type typeof udp udplite undefine update
        vlan vmap xor
        """
    )
)
"""Words that nft does not take for the name of a table, chain or set."""

NO_VALUES = frozenset(
    _words(
        """
        accept add all and auto-merge bridge cgroup chain comment constant continue counter cpu create ct day define delete describe device
        devices drop dup dynamic element elements eq expires export fib flags flow flowtable flush fwd gc-interval goto handle hook hour
        iif iifname import include index inet insert interval jhash jump limit list log lshift map mark masquerade meta meter mh monitor ne
        netdev nftrace not notrack numgen oif oifname or osf policy position priority queue quota random redefine reject rename replace
        return rt rule ruleset secmark set size skgid skuid socket symhash synproxy table th time timeout tproxy type typeof undefine update
        vmap xor
        """
    )
)
"""Words that nft takes for no value unless they are quoted."""
