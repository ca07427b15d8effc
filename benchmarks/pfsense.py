"""Configurations of pfSense to measure with: a small one, and one of 5 MB with 5,000 rules, made the same every time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

_RULE = """\
		<rule>
			<id></id>
			<tracker>{tracker}</tracker>
			<type>{type}</type>
			<interface>{tab}</interface>
			<ipprotocol>inet</ipprotocol>
			<tag></tag>
			<tagged></tagged>
			<max></max>
			<max-src-nodes></max-src-nodes>
			<max-src-conn></max-src-conn>
			<max-src-states></max-src-states>
			<statetimeout></statetimeout>
			<statetype><![CDATA[keep state]]></statetype>
			<os></os>
			<protocol>{protocol}</protocol>
			<source>
				{source}
			</source>
			<destination>
				{destination}
				<port>{port}</port>
			</destination>
			<descr><![CDATA[{protocol} {port} for a service of team {tracker}]]></descr>
			<updated>
				<time>1700000000</time>
				<username><![CDATA[admin@10.1.0.5 (Local Database)]]></username>
			</updated>
			<created>
				<time>1700000000</time>
				<username><![CDATA[admin@10.1.0.5 (Local Database)]]></username>
			</created>
		</rule>
"""
_FILE = """\
<?xml version="1.0"?>
<pfsense>
	<version>23.3</version>
	<system><hostname>gate</hostname><ipv6allow/></system>
	<interfaces>
{interfaces}	</interfaces>
	<gateways><gateway_item><interface>wan</interface><gateway>198.51.100.1</gateway><name>GW</name></gateway_item></gateways>
	<aliases>
{aliases}	</aliases>
	<filter>
{rules}	</filter>
</pfsense>
"""
_INTERFACE = "\t\t<{0}><enable/><if>igb{1}</if><descr>{2}</descr><ipaddr>{3}</ipaddr><subnet>{4}</subnet>{5}</{0}>\n"
_ALIAS = (
    "\t\t<alias>\n\t\t\t<name>hosts{}</name>\n\t\t\t<type>host</type>\n\t\t\t<address>{}</address>\n\t\t\t<descr></descr>\n\t\t</alias>\n"
)


def small_pfsense(folder: Path) -> Path:
    """A tree with ten rules on two interfaces."""
    return _written(folder / "pfsense-small", rules=10, tabs=1, aliases=2)


def large_pfsense(folder: Path) -> Path:
    """A tree with 5,000 rules on nine tabs, 500 aliases of twenty hosts each: 5 MB."""
    return _written(folder / "pfsense-large", rules=5_000, tabs=9, aliases=500)


def _written(folder: Path, rules: int, tabs: int, aliases: int) -> Path:
    dice = random.Random(1)
    names = ["lan", *(f"opt{number}" for number in range(1, tabs))]
    text = _FILE.format(
        interfaces=_INTERFACE.format("wan", 0, "WAN", "198.51.100.2", 24, "<gateway>GW</gateway>")
        + "".join(_INTERFACE.format(name, at, name.upper(), f"10.{at}.0.1", 16, "") for at, name in enumerate(names, 1)),
        aliases="".join(_ALIAS.format(at, " ".join(_host(dice, tabs) for _ in range(20))) for at in range(aliases)),
        rules="".join(_rules(dice, rules, names, aliases)),
    )
    folder.mkdir(exist_ok=True)
    (folder / "config.xml").write_text(text)
    return folder


def _rules(dice: random.Random, count: int, names: list[str], aliases: int) -> Iterator[str]:
    for number in range(count):
        tab = dice.choice(names)
        alias = f"<address>hosts{dice.randrange(aliases)}</address>"
        net = f"<address>{_host(dice, len(names)).rpartition('.')[0]}.0/24</address>"
        yield _RULE.format(
            tracker=1_700_000_000 + number,
            type=dice.choice(["pass", "pass", "pass", "block", "reject"]),
            tab=tab,
            protocol=dice.choice(["tcp", "udp", "tcp/udp"]),
            source=dice.choice([f"<network>{tab}</network>", alias, net]),
            destination=dice.choice([f"<address>{_host(dice, len(names))}</address>", alias, net]),
            port=dice.choice(["22", "80", "443", "5432", f"{dice.randrange(1000, 30000)}-{dice.randrange(30000, 60000)}"]),
        )


def _host(dice: random.Random, tabs: int) -> str:
    return f"10.{dice.randrange(1, tabs + 1)}.{dice.randrange(256)}.{dice.randrange(1, 255)}"
