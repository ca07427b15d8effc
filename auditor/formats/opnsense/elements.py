"""The elements of a configuration that decide what gets through, by where they stand. Fields of rules are looked at with the rules."""

from __future__ import annotations

from auditor.formats.pf.elements import ANY, Known, names

_RULES: Known = {"rule": {}}
_INTERFACE = "enable if descr ipaddr subnet ipaddrv6 subnetv6 gateway gatewayv6 blockpriv blockbogons"
_ALIAS = "enabled name type content description proto interface counters updatefreq categories path_expression expire address url descr"
ELEMENTS: Known = {
    "filter": {"rule": {}, **names("separator bypassstaticroutes")},
    "nat": {"rule": {}, "outbound": {"mode": {}, "rule": {}}, **names("onetoone npt separator")},
    "aliases": {"alias": names(_ALIAS)},
    "interfaces": {ANY: names(_INTERFACE)},
    "ifgroups": {"ifgroupentry": names("members ifname descr sequence nogroup")},
    "gateways": {
        "gateway_item": names("name interface gateway ipprotocol descr weight monitor disabled defaultgw"),
        "gateway_group": {},
    },
    "staticroutes": {"route": names("network gateway descr disabled")},
    "virtualip": {"vip": names("mode interface subnet subnet_bits type descr")},
    "schedules": {"schedule": names("name descr timerange schedlabel")},
    "system": {
        "webgui": names("protocol port noantilockout disablehttpredirect interfaces"),
        **names("ipv6allow disablefilter disablenatreflection enablebinatreflection enablenatreflectionhelper"),
    },
    "OPNsense": {
        "Firewall": {
            "Alias": {"aliases": {"alias": names(_ALIAS)}, "geoip": {}},
            "Filter": dict.fromkeys(("rules", "snatrules", "npt", "onetoone"), _RULES),
            **names("Category Lvtemplate"),
        },
    },
}
