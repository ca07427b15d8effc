"""Firewall resources that have no model here: said, not skipped."""

from __future__ import annotations

import re

from auditor.formats.terraform.clouds.context import Context
from auditor.model.source import Effect

TYPES = re.compile(
    r"exoscale_security_group(?:_rules?)?|upcloud_firewall_rules|linode_firewall|vultr_firewall_(?:rule|group)|alicloud_security_group_rule"
    r"|tencentcloud_security_group_(?:rule_set|lite_rule|rule)|yandex_vpc_security_group(?:_rule)?|ibm_is_(?:security_group_rule|network_acl)"
    r"|panos_security_\w+|fortios_firewall_\w*policy\w*|nsxt_policy_\w+|opnsense_firewall_\w+|equinix_metal_\w+acl\w*|cloudstack_\w*(?:firewall|acl)\w*"
    r"|aws_networkfirewall_\w+|aws_wafv2_web_acl|azurerm_firewall\w*|google_compute_firewall_policy\w*|google_compute_network_firewall_policy\w*"
    r"|google_compute_security_policy|openstack_fw_\w+|openstack_compute_secgroup_v2|hcloud_zone_\w+"
)


def read(context: Context) -> None:
    """One remark for each resource of such a type."""
    for type_ in sorted(context.root.types()):
        if TYPES.fullmatch(type_):
            for resource in context.root.resources((type_,)):
                message = f"{type_} is not modelled: what {resource.address} lets through is not known"
                context.note("unsupported-resource", message, resource.span, Effect.UNKNOWN)
