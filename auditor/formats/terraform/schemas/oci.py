"""The schemas of Oracle's resources, as the provider has them in its versions 4 to 8."""

from __future__ import annotations

TYPES = {
    "oci_containerengine_node_pool": """
cluster_id compartment_id defined_tags freeform_tags initial_node_labels[*] kubernetes_version name network_launch_type
node_config_details[*] node_eviction_node_pool_settings[*] node_image_id node_image_name node_metadata node_pool_cycling_details[*]
node_shape node_shape_config[*] node_source_details[*] primary_vnic[*] quantity_per_subnet secondary_vnics[*] ssh_public_key
subnet_ids""",
    "oci_core_default_security_list": """
compartment_id defined_tags display_name egress_security_rules{description destination destination_type icmp_options{code type}
protocol stateless tcp_options{max min source_port_range{max min}} udp_options{max min source_port_range{max min}}} freeform_tags
ingress_security_rules{description icmp_options{code type} protocol source source_type stateless tcp_options{max min
source_port_range{max min}} udp_options{max min source_port_range{max min}}} manage_default_resource_id""",
    "oci_core_instance": """
agent_config[*] async availability_config[*] availability_domain capacity_reservation_id cluster_placement_group_id compartment_id
compute_cluster_id create_vnic_details[assign_ipv6ip assign_private_dns_record assign_public_ip defined_tags display_name
freeform_tags hostname_label ipv6address_ipv6subnet_cidr_pair_details[*] nsg_ids private_ip private_ip_id security_attributes
skip_source_dest_check subnet_cidr subnet_id vlan_id] dedicated_vm_host_id defined_tags display_name extended_metadata fault_domain
freeform_tags hostname_label image instance_configuration_id instance_options[*] ipxe_script is_ai_enterprise_enabled
is_pv_encryption_in_transit_enabled launch_options[*] launch_volume_attachments[*] licensing_configs[*] metadata
placement_constraint_details[*] platform_config[*] preemptible_instance_config[*] preserve_boot_volume
preserve_data_volumes_created_at_launch security_attributes shape shape_config[*] source_details[*] state subnet_id
update_operation_constraint""",
    "oci_core_instance_configuration": """
compartment_id defined_tags display_name freeform_tags gmc_configs{*} instance_details[*] instance_id source""",
    "oci_core_network_security_group": "compartment_id defined_tags display_name freeform_tags vcn_id",
    "oci_core_network_security_group_security_rule": """
description destination destination_type direction icmp_options{code type} network_security_group_id protocol source source_type
stateless tcp_options{destination_port_range{max min} source_port_range{max min}} udp_options{destination_port_range[max min]
source_port_range[max min]}""",
    "oci_core_security_list": """
compartment_id defined_tags display_name egress_security_rules{description destination destination_type icmp_options{code type}
protocol stateless tcp_options{max min source_port_range{max min}} udp_options{max min source_port_range{max min}}} freeform_tags
ingress_security_rules{description icmp_options{code type} protocol source source_type stateless tcp_options{max min
source_port_range{max min}} udp_options{max min source_port_range{max min}}} vcn_id""",
    "oci_core_subnet": """
availability_domain cidr_block compartment_id defined_tags dhcp_options_id display_name dns_label freeform_tags ipv4cidr_blocks
ipv6cidr_block ipv6cidr_blocks prohibit_internet_ingress prohibit_public_ip_on_vnic route_table_id security_list_ids vcn_id""",
    "oci_core_vnic_attachment": """
create_vnic_details{assign_ipv6ip assign_private_dns_record assign_public_ip defined_tags display_name freeform_tags hostname_label
ipv6address_ipv6subnet_cidr_pair_details[*] nsg_ids private_ip private_ip_id route_table_id security_attributes skip_source_dest_check
subnet_cidr subnet_id vlan_id} display_name instance_id nic_index""",
}
