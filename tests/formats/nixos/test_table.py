"""The options, and the table that NixOS makes of them, read by two readers: what is let through is the same."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from auditor.analysis import reach
from auditor.model.graph import Graph
from auditor.model.headers import NEW_FLOW, Protocol, icmp, ports, protocol_set
from auditor.model.packets import PacketSet
from tests.formats.nixos.samples import SOMEWHERE, dump, host_of, load


def content(options: Mapping[str, object]) -> str:
    """The chains for what comes in, in NixOS's own words."""
    interfaces = {"default": options, **options.get("interfaces", {})}  # type: ignore[dict-item]
    trusted = ", ".join(f'"{name}"' for name in options.get("trustedInterfaces", ["lo"]))  # type: ignore[attr-defined]
    allowed = "\n".join(line for name, each in interfaces.items() for line in opened(name, each))  # type: ignore[arg-type]
    limit = f"limit rate {options['pingLimit']} " if options.get("pingLimit") else ""
    ping = f'icmp type echo-request {limit}accept comment "allow ping"' if options.get("allowPing", True) else ""
    return f"""
      set temp-ports {{ type inet_proto . inet_service; flags interval; auto-merge; }}
      chain input {{
        type filter hook input priority filter; policy drop;
        iifname {{ {trusted} }} accept comment "trusted interfaces"
        ct state vmap {{ invalid : drop, established : accept, related : accept, new : jump input-allow, untracked : jump input-allow }}
      }}
      chain input-allow {{
        {allowed}
        meta l4proto . th dport @temp-ports accept
        {ping}
        icmpv6 type != {{ nd-redirect, 139 }} accept comment "Accept all ICMPv6 messages except redirects and node information queries."
        ip6 daddr fe80::/64 udp dport 546 accept comment "DHCPv6 client"
        {options.get("extraInputRules", "")}
      }}
    """


def opened(interface: str, options: Mapping[str, list[object]]) -> list[str]:
    where = "" if interface == "default" else f'iifname "{interface}" '
    lines = []
    for protocol in ("tcp", "udp"):
        single = [str(port) for port in options.get(f"allowed{protocol.upper()}Ports", [])]
        ranges = [f"{each['from']}-{each['to']}" for each in options.get(f"allowed{protocol.upper()}PortRanges", [])]  # type: ignore[index]
        if single or ranges:
            lines.append(f"{where}{protocol} dport {{ {', '.join(single + ranges)} }} accept")
    return lines


def let_in(graph: Graph) -> PacketSet:
    """What may come in to the host from somewhere, but for DHCPv6, of which some is undecided here by design.

    Of ICMPv6 echo requests alone: nftables' reader knows that connection tracking calls nothing else of it new.
    """
    way = graph.ways(SOMEWHERE, host_of(graph))[0]
    other = protocol_set(Protocol.ICMPV6) - icmp(Protocol.ICMPV6, 128)
    return reach.way_bounds(way, NEW_FLOW - ports(Protocol.UDP, ((546, 546),)) - other).maybe


CASES: dict[str, dict[str, object]] = {
    "nothing": {},
    "ports": {"allowedTCPPorts": [22, 443], "allowedUDPPorts": [51820]},
    "ranges": {
        "allowedTCPPorts": [80],
        "allowedTCPPortRanges": [{"from": 8000, "to": 8010}],
        "allowedUDPPortRanges": [{"from": 1, "to": 9}],
    },
    "no ping": {"allowPing": False},
    "limited ping": {"pingLimit": "2/second"},
    "interfaces": {"interfaces": {"lan0": {"allowedTCPPorts": [22]}, "wg0": {"allowedUDPPorts": [53]}}},
    "trusted": {"trustedInterfaces": ["lo", "wg0"]},
    "rules": {"allowedTCPPorts": [443], "extraInputRules": "ip saddr 10.0.0.0/8 tcp dport { 22, 9100 } accept\nip6 saddr fd00::/8 accept"},
}


@pytest.mark.parametrize("options", CASES.values(), ids=CASES)
def test_options_and_table_let_in_the_same(options: dict[str, object]) -> None:
    table = {"enable": True, "tables": {"nixos-fw": {"content": content(options), "family": "inet"}}}
    assert let_in(dump(True, **options)) == let_in(load(a_json=json.dumps(table)))
