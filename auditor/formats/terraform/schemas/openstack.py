"""The schemas of OpenStack's resources, as the provider has them in its versions 1.54 to 3.4."""

from __future__ import annotations

TYPES = {
    "openstack_compute_instance_v2": """
access_ip_v4 access_ip_v6 admin_pass availability_zone availability_zone_hints block_device{*} config_drive flavor_id flavor_name
floating_ip force_delete hypervisor_hostname image_id image_name key_pair metadata name network[access_network fixed_ip_v4 fixed_ip_v6
floating_ip name port uuid] network_mode personality{*} power_state region scheduler_hints{*} security_groups stop_before_destroy tags
user_data vendor_options{*} volume{*}""",
    "openstack_networking_port_v2": """
admin_state_up allowed_address_pairs{*} binding[*] description device_id device_owner dns_name extra_dhcp_option{*} fixed_ip{*}
mac_address name network_id no_fixed_ip no_security_groups port_security_enabled qos_policy_id region security_group_ids tags
tenant_id value_specs""",
    "openstack_networking_secgroup_rule_v2": """
description direction ethertype port_range_max port_range_min protocol region remote_address_group_id remote_group_id remote_ip_prefix
security_group_id tenant_id""",
    "openstack_networking_secgroup_v2": "delete_default_rules description name region stateful tags tenant_id",
}
