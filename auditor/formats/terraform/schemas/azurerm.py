"""The schemas of Azure's resources, as the provider has them in its versions 2 to 5."""

from __future__ import annotations

TYPES = {
    "azurerm_application_security_group": "location name resource_group_name tags",
    "azurerm_linux_virtual_machine": """
additional_capabilities[*] admin_password admin_ssh_key[*] admin_username allow_extension_operations availability_set_id
boot_diagnostics[*] bypass_platform_safety_checks_on_user_schedule_enabled capacity_reservation_group_id computer_name custom_data
dedicated_host_group_id dedicated_host_id disable_password_authentication disk_controller_type edge_zone encryption_at_host_enabled
eviction_policy extensions_time_budget gallery_application[*] identity[*] license_type location max_bid_price name
network_interface_ids os_disk[*] os_image_notification[*] os_managed_disk_id patch_assessment_mode patch_mode plan[*]
platform_fault_domain priority provision_vm_agent proximity_placement_group_id reboot_setting resource_group_name secret[*]
secure_boot_enabled size source_image_id source_image_reference[*] tags termination_notification[*] user_data
virtual_machine_scale_set_id vm_agent_platform_updates_enabled vtpm_enabled zone""",
    "azurerm_network_interface": """
accelerated_networking_enabled auxiliary_mode auxiliary_sku dns_servers edge_zone enable_accelerated_networking enable_ip_forwarding
internal_dns_name_label ip_configuration{gateway_load_balancer_frontend_ip_configuration_id name primary private_ip_address
private_ip_address_allocation private_ip_address_version public_ip_address_id subnet_id} ip_forwarding_enabled location name
resource_group_name tags""",
    "azurerm_network_interface_application_security_group_association": "application_security_group_id network_interface_id",
    "azurerm_network_interface_security_group_association": "network_interface_id network_security_group_id",
    "azurerm_network_security_group": """
location name resource_group_name security_rule[access description destination_address_prefix destination_address_prefixes
destination_application_security_group_ids destination_port_range destination_port_ranges direction name priority protocol
source_address_prefix source_address_prefixes source_application_security_group_ids source_port_range source_port_ranges] tags""",
    "azurerm_network_security_rule": """
access description destination_address_prefix destination_address_prefixes destination_application_security_group_ids
destination_port_range destination_port_ranges direction name network_security_group_name priority protocol resource_group_name
source_address_prefix source_address_prefixes source_application_security_group_ids source_port_range source_port_ranges""",
    "azurerm_orchestrated_virtual_machine_scale_set": """
additional_capabilities[*] automatic_instance_repair[*] boot_diagnostics[*] capacity_reservation_group_id data_disk[*]
encryption_at_host_enabled eviction_policy extension[*] extension_operations_enabled extensions_time_budget identity[*] instances
license_type location max_bid_price name network_api_version network_interface[accelerated_networking_enabled auxiliary_mode
auxiliary_sku dns_servers enable_accelerated_networking enable_ip_forwarding
ip_configuration[application_gateway_backend_address_pool_ids application_security_group_ids load_balancer_backend_address_pool_ids
name primary public_ip_address[*] subnet_id version] ip_forwarding_enabled name network_security_group_id primary tags] os_disk[*]
os_profile[*] plan[*] platform_fault_domain_count priority priority_mix[*] proximity_placement_group_id resource_group_name
rolling_upgrade_policy[*] single_placement_group sku_name sku_profile{*} source_image_id source_image_reference[*] tags
termination_notification[*] upgrade_mode user_data_base64 vm_sizes zone_balance zones""",
    "azurerm_subnet_network_security_group_association": "network_security_group_id subnet_id",
    "azurerm_virtual_machine": """
additional_capabilities{*} availability_set_id boot_diagnostics{*} delete_data_disks_on_termination delete_os_disk_on_termination
identity[*] license_type location name network_interface_ids os_profile{*} os_profile_linux_config{*} os_profile_secrets{*}
os_profile_windows_config{*} plan{*} primary_network_interface_id proximity_placement_group_id resource_group_name
storage_data_disk[*] storage_image_reference[*] storage_os_disk{*} tags vm_size zones""",
    "azurerm_virtual_network": """
address_space bgp_community ddos_protection_plan{*} dns_servers edge_zone encryption{*} flow_timeout_in_minutes ip_address_pool{*}
location name private_endpoint_vnet_policies resource_group_name subnet[*] tags vm_protection_enabled""",
    "azurerm_windows_virtual_machine": """
additional_capabilities[*] additional_unattend_content[*] admin_password admin_username allow_extension_operations
automatic_updates_enabled availability_set_id boot_diagnostics[*] bypass_platform_safety_checks_on_user_schedule_enabled
capacity_reservation_group_id computer_name custom_data dedicated_host_group_id dedicated_host_id disk_controller_type edge_zone
enable_automatic_updates encryption_at_host_enabled eviction_policy extensions_time_budget gallery_application[*] hotpatching_enabled
identity[*] license_type location max_bid_price name network_interface_ids os_disk[*] os_image_notification[*] os_managed_disk_id
patch_assessment_mode patch_mode plan[*] platform_fault_domain priority provision_vm_agent proximity_placement_group_id reboot_setting
resource_group_name secret[*] secure_boot_enabled size source_image_id source_image_reference[*] tags termination_notification[*]
timezone user_data virtual_machine_scale_set_id vm_agent_platform_updates_enabled vtpm_enabled winrm_listener[*] zone""",
}
