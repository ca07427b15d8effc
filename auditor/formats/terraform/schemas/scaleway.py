"""The schemas of Scaleway's resources, as the provider has them in its versions 1.17 to 2.81."""

from __future__ import annotations

TYPES = {
    "scaleway_instance_security_group": """
description enable_default_security external_rules inbound_default_policy inbound_rule{action ip ip_range port port_range protocol}
name organization_id[*] outbound_default_policy outbound_rule{action ip ip_range port port_range protocol} project_id[*] stateful tags
zone[*]""",
    "scaleway_instance_security_group_rules": """
inbound_rule{action ip ip_range port port_range protocol} outbound_rule{action ip ip_range port port_range protocol} security_group_id""",
    "scaleway_instance_server": """
additional_volume_ids admin_password_encryption_ssh_key_id boot_type bootscript_id cloud_init disable_dynamic_ip disable_public_ip
enable_dynamic_ip enable_ipv6 filesystems[*] image ip_id ip_ids name organization_id[*] placement_group_id private_ips[*]
private_network{pn_id zone[*]} project_id[*] protected public_ips[*] replace_on_type_change root_volume[*] routed_ip_enabled
security_group_id state tags type user_data[*] zone[*]""",
}
