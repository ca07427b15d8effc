"""What Terraform does not tell of a firewall: resources that have no model here, and rules that it is told to leave alone."""

from __future__ import annotations

from auditor import lazyre
from auditor.formats.terraform.clouds.context import Context
from auditor.formats.terraform.clouds.proxmox import RULES
from auditor.formats.terraform.records import Group
from auditor.model.source import Effect, Unknown

BESIDE = lazyre.compile(
    r"aws_networkfirewall_\w+|aws_wafv2_web_acl|aws_vpc_security_group_rules_exclusive|azurerm_firewall\w*"
    r"|google_compute_(?:region_)?(?:network_)?firewall_policy\w*|google_compute_organization_security_policy\w*|google_compute_security_policy"
    r"|openstack_fw_\w+|hcloud_zone_\w+|panos_security_\w+|fortios_firewall_\w*policy\w*|nsxt_policy_\w+|opnsense_firewall_\w+"
    r"|equinix_metal_\w+acl\w*|cloudstack_\w*(?:firewall|acl)\w*"
)
"""What filters beside the groups that machines carry."""
CARRIED = lazyre.compile(
    r"(?:exoscale|alicloud|tencentcloud|ibm_is|yandex_vpc|stackit|huaweicloud|opentelekomcloud|ovh_cloud|ncloud|outscale|ionoscloud|kakaocloud)"
    r"\w*_(?:security_group|secgroup|network_acl|nsg|access_control_group)\w*"
    r"|(?:linode|civo|vultr|upcloud|gridscale|ionoscloud|kamatera|oneprovider)_firewall\w*|openstack_compute_secgroup_v2"
)
"""What machines carry: groups with rules of their own, and rules of such groups."""
PARTS = lazyre.compile(r"\w+_rules?(?:_set)?|\w+_lite_rule")
RULE_ARGUMENTS = frozenset(
    {
        "all", "ingress", "egress", "security_rule", "rule", "inbound_rule", "outbound_rule", "allow", "deny",
        "ingress_security_rules", "egress_security_rules",
    }
)  # fmt: skip


def read(context: Context) -> None:
    """One remark for each resource without a model, and one for each that is told to leave rules as somebody made them."""
    for type_ in sorted(context.root.types()):
        carried = CARRIED.fullmatch(type_) is not None
        if carried or BESIDE.fullmatch(type_):
            for resource in context.root.resources((type_,)):
                message = f"{type_} is not modelled: what {resource.address} lets through is not known"
                context.note("unsupported-resource", message, resource.span, Effect.UNKNOWN)
                if carried and (type_ == "upcloud_firewall_rules" or not PARTS.fullmatch(type_)):
                    unknown = Unknown(f"{type_} is not modelled", resource.span)
                    context.estate.groups[resource.address] = Group(resource.address, type_, resource.span, foreign=unknown)
    _left_alone(context)


def _left_alone(context: Context) -> None:
    types = {group.type for group in context.estate.groups.values()} | set(RULES)
    for resource in context.root.resources(sorted(types & context.root.types())):
        ignored = [name for name in resource.ignored_changes() if name in RULE_ARGUMENTS]
        if ignored:
            message = f"ignore_changes = [{', '.join(ignored)}]: rules that somebody changed by hand stay as they are"
            context.note("ignore-changes-on-rules", message, resource.span, Effect.IGNORED)
