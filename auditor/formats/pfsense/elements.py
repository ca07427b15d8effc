"""The elements of a configuration that decide what gets through, by where they stand. Fields of rules are looked at with the rules."""

from __future__ import annotations

from auditor.formats.pf.elements import ANY, Known, names

_END: Known = names("any not network address port")
_TRANSLATION = """
    disabled nordr nosync nonat interface ipprotocol protocol target target_subnet targetip targetip_subnet local-port sourceport dstport
    natport natreflection nobinat external descr associated-rule-id updated created poolopts staticnatport source_hash_key log"""
_NAT_RULE: Known = {**names(_TRANSLATION), "source": _END, "destination": _END}
_INTERFACE = "enable if descr ipaddr subnet ipaddrv6 subnetv6 gateway gatewayv6 blockpriv blockbogons"
ELEMENTS: Known = {
    "filter": {"rule": {ANY: {}, "source": _END, "destination": _END}, **names("separator bypassstaticroutes")},
    "nat": {
        "rule": _NAT_RULE,
        "outbound": {"mode": {}, "rule": _NAT_RULE},
        "onetoone": _NAT_RULE,
        **names("npt separator"),
    },
    "aliases": {"alias": names("name type address url aliasurl descr detail updatefreq")},
    "interfaces": {ANY: names(_INTERFACE)},
    "ifgroups": {"ifgroupentry": names("members ifname descr")},
    "gateways": {
        "gateway_item": names("name interface gateway ipprotocol descr weight monitor disabled defaultgw"),
        **names("gateway_group defaultgw4 defaultgw6"),
    },
    "staticroutes": {"route": names("network gateway descr disabled")},
    "virtualip": {"vip": names("mode interface subnet subnet_bits type descr uniqid")},
    "schedules": {"schedule": names("name descr timerange schedlabel")},
    "system": {
        "webgui": names("protocol port noantilockout disablehttpredirect"),
        **names("ipv6allow disablefilter disablenatreflection enablebinatreflection enablenatreflectionhelper"),
    },
    "version": {},
}
