"""The schemas of Google's resources, as the provider has them in its versions 3 to 7 (and google-beta)."""

from __future__ import annotations

TYPES = {
    "google_compute_firewall": """
allow{ports protocol} deletion_policy deny{ports protocol} description destination_ranges direction disabled enable_logging
log_config{metadata} name network params{resource_manager_tags} priority project source_ranges source_service_accounts source_tags
target_service_accounts target_tags""",
    "google_compute_firewall_policy_association": "attachment_target deletion_policy firewall_policy name",
    "google_compute_instance": """
advanced_machine_features{*} allow_stopping_for_update attached_disk{*} boot_disk{*} can_ip_forward confidential_instance_config[*]
deletion_policy[*] deletion_protection description desired_status enable_display erase_windows_vss_signature guest_accelerator[*]
hostname instance_encryption_key{*} key_revocation_action_type labels machine_type metadata metadata_startup_script min_cpu_platform
name network_interface{access_config{*} alias_ip_range{*} alias_ipv6_range{*} igmp_query internal_ipv6_prefix_length
ipv6_access_config{*} ipv6_address network network_attachment network_ip nic_type queue_count security_policy stack_type subnetwork
subnetwork_project vlan} network_performance_config{*} params{*} partner_metadata project reservation_affinity[*] resource_policies
scheduling[*] scratch_disk{*} service_account{email scopes} shielded_instance_config[*] tags workload_identity_config{*} zone""",
    "google_compute_instance_template": """
advanced_machine_features[*] can_ip_forward confidential_instance_config[*] description disk{*} enable_display guest_accelerator{*}
instance_description key_revocation_action_type labels machine_type metadata metadata_startup_script min_cpu_platform name name_prefix
network_interface{access_config{*} alias_ip_range{*} alias_ipv6_range{*} igmp_query internal_ipv6_prefix_length ipv6_access_config{*}
ipv6_address network network_attachment network_ip nic_type queue_count stack_type subnetwork subnetwork_project vlan}
network_performance_config{*} partner_metadata project region reservation_affinity{*} resource_manager_tags resource_policies
scheduling[*] service_account{email scopes} shielded_instance_config[*] tags workload_identity_config{*}""",
    "google_compute_network": """
auto_create_subnetworks bgp_always_compare_med bgp_best_path_selection_mode bgp_inter_region_cost delete_bgp_always_compare_med
delete_default_routes_on_create deletion_policy description enable_ula_internal_ipv6 internal_ipv6_range mtu name
network_firewall_policy_enforcement_order network_profile params{*} project routing_mode""",
    "google_compute_network_firewall_policy_association": "attachment_target deletion_policy firewall_policy name project",
    "google_compute_organization_security_policy_association": """
attachment_id deletion_policy excluded_folders excluded_projects name policy_id""",
    "google_compute_region_instance_template": """
advanced_machine_features{*} can_ip_forward confidential_instance_config[*] deletion_policy[*] description disk{*} enable_display
guest_accelerator{*} instance_description key_revocation_action_type labels machine_type metadata metadata_startup_script
min_cpu_platform name name_prefix network_interface{access_config{*} alias_ip_range{*} alias_ipv6_range{*} igmp_query
internal_ipv6_prefix_length ipv6_access_config[*] ipv6_address network network_attachment network_ip nic_type queue_count stack_type
subnetwork subnetwork_project vlan} network_performance_config{*} partner_metadata project region reservation_affinity{*}
resource_manager_tags resource_policies scheduling[*] service_account{email scopes} shielded_instance_config[*] tags
workload_identity_config{*}""",
    "google_compute_region_network_firewall_policy_association": """
attachment_target deletion_policy firewall_policy name priority project region""",
    "google_compute_subnetwork": """
allow_subnet_cidr_routes_overlap deletion_policy description enable_flow_logs external_ipv6_prefix internal_ipv6_prefix ip_cidr_range
ip_collection ipv6_access_type log_config{*} name network params{*} private_ip_google_access private_ipv6_google_access project
purpose region reserved_internal_range resolve_subnet_mask role secondary_ip_range[*] send_secondary_ip_range_if_empty stack_type""",
}
