"""The schemas of Amazon's resources, as the provider has them in its versions 3 to 6."""

from __future__ import annotations

TYPES = {
    "aws_alb": """
access_logs{*} client_keep_alive connection_logs{*} customer_owned_ipv4_pool desync_mitigation_mode dns_record_client_routing_policy
drop_invalid_header_fields enable_cross_zone_load_balancing enable_deletion_protection enable_http2
enable_tls_version_and_cipher_suite_headers enable_waf_fail_open enable_xff_client_port enable_zonal_shift
enforce_security_group_inbound_rules_on_private_link_traffic health_check_logs[*] idle_timeout internal ip_address_type ipam_pools{*}
load_balancer_type minimum_load_balancer_capacity{*} name name_prefix preserve_host_header region
secondary_ips_auto_assigned_per_subnet security_groups subnet_mapping{allocation_id ipv6_address private_ipv4_address subnet_id}
subnets tags tags_all xff_header_processing_mode""",
    "aws_apprunner_vpc_connector": "region security_groups subnets tags tags_all vpc_connector_name",
    "aws_batch_compute_environment": """
compute_environment_name compute_environment_name_prefix compute_resources{allocation_strategy bid_percentage desired_vcpus
ec2_configuration{*} ec2_key_pair image_id instance_role instance_type launch_template{launch_template_id launch_template_name
version} max_vcpus min_vcpus placement_group security_group_ids spot_iam_fleet_role subnets tags type} eks_configuration{*} name
name_prefix region service_role state tags tags_all type update_policy{*}""",
    "aws_codebuild_project": """
artifacts{*} auto_retry_limit badge_enabled build_batch_config{*} build_timeout cache{*} concurrent_build_limit description
encryption_key environment{*} file_system_locations{*} logs_config{*} name project_visibility queued_timeout region
resource_access_role secondary_artifacts{*} secondary_source_version{*} secondary_sources{*} service_role source{*} source_version
tags tags_all vpc_config{security_group_ids subnets vpc_id}""",
    "aws_dax_cluster": """
availability_zones cluster_endpoint_encryption_type cluster_name description iam_role_arn maintenance_window node_type
notification_topic_arn parameter_group_name region replication_factor security_group_ids server_side_encryption{*} subnet_group_name
tags tags_all""",
    "aws_db_instance": """
allocated_storage allow_major_version_upgrade apply_immediately auto_minor_version_upgrade availability_zone backup_retention_period
backup_target backup_window blue_green_update{*} ca_cert_identifier character_set_name copy_tags_to_snapshot
custom_iam_instance_profile customer_owned_ip_enabled database_insights_mode db_name db_subnet_group_name dedicated_log_volume
delete_automated_backups deletion_protection domain domain_auth_secret_arn domain_dns_ips domain_fqdn domain_iam_role_name domain_ou
enabled_cloudwatch_logs_exports engine engine_lifecycle_support engine_version final_snapshot_identifier
iam_database_authentication_enabled identifier identifier_prefix instance_class iops kms_key_id license_model maintenance_window
manage_master_user_password master_user_secret_kms_key_id max_allocated_storage monitoring_interval monitoring_role_arn multi_az name
nchar_character_set_name network_type option_group_name parameter_group_name password password_wo password_wo_version
performance_insights_enabled performance_insights_kms_key_id performance_insights_retention_period port publicly_accessible region
replica_mode replicate_source_db restore_to_point_in_time{*} s3_import{*} security_group_names skip_final_snapshot snapshot_identifier
storage_encrypted storage_throughput storage_type tags tags_all timezone upgrade_storage_config username vpc_security_group_ids
warning_event_categories[*]""",
    "aws_default_network_acl": """
default_network_acl_id egress{action cidr_block from_port icmp_code icmp_type ipv6_cidr_block protocol rule_no to_port} ingress{action
cidr_block from_port icmp_code icmp_type ipv6_cidr_block protocol rule_no to_port} region subnet_ids tags tags_all""",
    "aws_default_security_group": """
egress[cidr_blocks description from_port ipv6_cidr_blocks prefix_list_ids protocol security_groups self to_port] ingress[cidr_blocks
description from_port ipv6_cidr_blocks prefix_list_ids protocol security_groups self to_port] region revoke_rules_on_delete tags
tags_all vpc_id""",
    "aws_docdb_cluster": """
allow_major_version_upgrade apply_immediately availability_zones backup_retention_period cluster_identifier cluster_identifier_prefix
cluster_members db_cluster_parameter_group_name db_subnet_group_name deletion_protection enabled_cloudwatch_logs_exports engine
engine_version final_snapshot_identifier global_cluster_identifier kms_key_id manage_master_user_password master_password
master_password_wo master_password_wo_version master_username network_type port preferred_backup_window preferred_maintenance_window
region restore_to_point_in_time{*} serverless_v2_scaling_configuration[*] skip_final_snapshot snapshot_identifier storage_encrypted
storage_type tags tags_all vpc_security_group_ids""",
    "aws_ec2_managed_prefix_list": "address_family entry{cidr description} max_entries name region tags tags_all",
    "aws_ec2_managed_prefix_list_entry": "cidr description prefix_list_id region",
    "aws_ecs_service": """
alarms{*} availability_zone_rebalancing capacity_provider_strategy{*} cluster deployment_circuit_breaker{*}
deployment_configuration[*] deployment_controller{*} deployment_maximum_percent deployment_minimum_healthy_percent desired_count
enable_ecs_managed_tags enable_execute_command force_delete force_new_deployment health_check_grace_period_seconds iam_role
launch_type load_balancer{*} name network_configuration{assign_public_ip egress_configuration[*] ingress_configuration[*]
ip_address_type[*] security_groups subnets} ordered_placement_strategy{*} placement_constraints{*} placement_strategy[*]
platform_version propagate_tags region scheduling_strategy service_connect_configuration{*} service_registries{*} sigint_rollback tags
tags_all task_definition triggers volume_configuration{*} vpc_lattice_configurations{*} wait_for_steady_state""",
    "aws_ecs_task_set": """
capacity_provider_strategy{*} cluster external_id force_delete launch_type load_balancer{*} network_configuration{assign_public_ip
security_groups subnets} platform_version region scale{*} service service_registries{*} tags tags_all task_definition
wait_until_stable wait_until_stable_timeout""",
    "aws_efs_mount_target": "file_system_id ip_address ip_address_type ipv6_address region security_groups subnet_id",
    "aws_eks_cluster": """
access_config{*} bootstrap_self_managed_addons compute_config{*} control_plane_scaling_config[*] deletion_protection
enabled_cluster_log_types encryption_config{*} force_update_version kube_api_server_config[*] kube_controller_manager_config[*]
kube_scheduler_config[*] kubernetes_network_config{*} name outpost_config{*} region remote_network_config{*} role_arn
storage_config{*} tags tags_all upgrade_policy{*} version vpc_config{control_plane_egress_mode[*] endpoint_private_access
endpoint_public_access public_access_cidrs security_group_ids subnet_ids} zonal_shift_config{*}""",
    "aws_elasticache_cluster": """
apply_immediately auto_minor_version_upgrade availability_zone availability_zones az_mode cluster_id engine engine_version
final_snapshot_identifier ip_discovery log_delivery_configuration{*} maintenance_window network_type node_type notification_topic_arn
num_cache_nodes outpost_mode parameter_group_name port preferred_availability_zones preferred_outpost_arn region replication_group_id
security_group_ids security_group_names snapshot_arns snapshot_name snapshot_retention_limit snapshot_window subnet_group_name tags
tags_all transit_encryption_enabled""",
    "aws_elasticache_replication_group": """
apply_immediately at_rest_encryption_enabled auth_token auth_token_update_strategy auth_token_wo[*] auth_token_wo_version[*]
auto_minor_version_upgrade automatic_failover_enabled availability_zones cluster_mode[*] data_tiering_enabled description
durability[*] engine engine_version final_snapshot_identifier global_replication_group_id ip_discovery kms_key_id
log_delivery_configuration{*} maintenance_window multi_az_enabled network_type node_group_configuration[*] node_type
notification_topic_arn num_cache_clusters num_node_groups number_cache_clusters parameter_group_name port preferred_cache_cluster_azs
region replicas_per_node_group replication_group_description replication_group_id security_group_ids security_group_names
snapshot_arns snapshot_name snapshot_retention_limit snapshot_window subnet_group_name tags tags_all transit_encryption_enabled
transit_encryption_mode user_group_ids""",
    "aws_elasticsearch_domain": """
access_policies advanced_options advanced_security_options{*} auto_tune_options{*} cluster_config{*} cognito_options{*}
domain_endpoint_options{*} domain_name ebs_options{*} elasticsearch_version encrypt_at_rest{*} log_publishing_options{*}
node_to_node_encryption{*} region snapshot_options{*} tags tags_all vpc_options{security_group_ids subnet_ids}""",
    "aws_elb": """
access_logs{*} availability_zones connection_draining connection_draining_timeout cross_zone_load_balancing desync_mitigation_mode
health_check{*} idle_timeout instances internal listener{*} name name_prefix region security_groups source_security_group subnets tags
tags_all""",
    "aws_fsx_lustre_file_system": """
auto_import_policy automatic_backup_retention_days backup_id copy_tags_to_backups daily_automatic_backup_start_time
data_compression_type data_read_cache_configuration{*} deployment_type drive_cache_type efa_enabled export_path
file_system_type_version final_backup_tags import_path imported_file_chunk_size kms_key_id log_configuration{*}
metadata_configuration{*} per_unit_storage_throughput region root_squash_configuration{*} security_group_ids skip_final_backup
storage_capacity storage_type subnet_ids tags tags_all throughput_capacity weekly_maintenance_start_time""",
    "aws_fsx_ontap_file_system": """
automatic_backup_retention_days daily_automatic_backup_start_time deployment_type disk_iops_configuration{*} endpoint_ip_address_range
fsx_admin_password ha_pairs kms_key_id network_type[*] preferred_subnet_id region route_table_ids security_group_ids storage_capacity
storage_type subnet_ids tags tags_all throughput_capacity throughput_capacity_per_ha_pair weekly_maintenance_start_time""",
    "aws_fsx_openzfs_file_system": """
automatic_backup_retention_days backup_id copy_tags_to_backups copy_tags_to_volumes daily_automatic_backup_start_time delete_options
deployment_type disk_iops_configuration{*} endpoint_ip_address_range final_backup_tags kms_key_id network_type[*] preferred_subnet_id
read_cache_configuration[*] region root_volume_configuration{*} route_table_ids security_group_ids skip_final_backup storage_capacity
storage_type subnet_ids tags tags_all throughput_capacity weekly_maintenance_start_time""",
    "aws_fsx_windows_file_system": """
active_directory_id aliases audit_log_configuration{*} automatic_backup_retention_days backup_id copy_tags_to_backups
daily_automatic_backup_start_time deployment_type disk_iops_configuration{*} final_backup_tags kms_key_id network_type[*]
preferred_subnet_id region security_group_ids self_managed_active_directory{*} skip_final_backup storage_capacity storage_type
subnet_ids tags tags_all throughput_capacity weekly_maintenance_start_time""",
    "aws_instance": """
ami associate_public_ip_address availability_zone capacity_reservation_specification{*} cpu_core_count cpu_options{*}
cpu_threads_per_core credit_specification{*} disable_api_stop disable_api_termination ebs_block_device{*} ebs_optimized
enable_primary_ipv6 enclave_options{*} ephemeral_block_device{*} force_destroy get_password_data hibernation host_id
host_resource_group_arn iam_instance_profile instance_initiated_shutdown_behavior instance_market_options{*} instance_type
ipv6_address_count ipv6_addresses key_name launch_template{id name version} maintenance_options{*} metadata_options{*} monitoring
network_interface{delete_on_termination device_index network_card_index network_interface_id} placement_group placement_group_id
placement_partition_number primary_network_interface[delete_on_termination[*] network_interface_id] private_dns_name_options{*}
private_ip region root_block_device{*} secondary_network_interface[*] secondary_network_interfaces[*] secondary_private_ips
security_groups source_dest_check subnet_id tags tags_all tenancy user_data user_data_base64 user_data_replace_on_change volume_tags
vpc_security_group_ids""",
    "aws_lambda_function": """
architectures capacity_provider_config[*] code_sha256[*] code_signing_config_arn dead_letter_config{*} description durable_config[*]
environment{*} ephemeral_storage{*} file_system_config{*} filename function_name handler image_config{*} image_uri kms_key_arn layers
logging_config{*} memory_size package_type publish publish_to region replace_security_groups_on_destroy replacement_security_group_ids
reserved_concurrent_executions role runtime s3_bucket s3_key s3_object_version skip_destroy snap_start{*} source_code_hash
source_kms_key_arn tags tags_all tenancy_config[*] timeout tracing_config{*} use_resource_timeout_for_propagation[*]
vpc_config{ipv6_allowed_for_dual_stack security_group_ids subnet_ids}""",
    "aws_launch_configuration": """
associate_public_ip_address ebs_block_device{*} ebs_optimized enable_monitoring ephemeral_block_device{*} iam_instance_profile
image_id instance_type key_name metadata_options{*} name name_prefix placement_tenancy region root_block_device{*} security_groups
spot_price user_data user_data_base64 vpc_classic_link_id vpc_classic_link_security_groups""",
    "aws_launch_template": """
block_device_mappings{*} capacity_reservation_specification{*} cpu_options{*} credit_specification{*} default_version description
disable_api_stop disable_api_termination ebs_optimized elastic_gpu_specifications{*} elastic_inference_accelerator{*}
enclave_options{*} hibernation_options{*} iam_instance_profile{*} image_id instance_initiated_shutdown_behavior
instance_market_options{*} instance_requirements{*} instance_type kernel_id key_name license_specification{*} maintenance_options{*}
metadata_options{*} monitoring{*} name name_prefix network_interfaces{associate_carrier_ip_address associate_public_ip_address
connection_tracking_specification{*} delete_on_termination description device_index ena_queue_count[*] ena_srd_specification{*}
interface_type ipv4_address_count ipv4_addresses ipv4_prefix_count ipv4_prefixes ipv6_address_count ipv6_addresses ipv6_prefix_count
ipv6_prefixes network_card_index network_interface_id primary_ipv6 private_ip_address security_groups subnet_id}
network_performance_options[*] placement{*} private_dns_name_options{*} ram_disk_id region secondary_interface[*]
secondary_interfaces[*] security_group_names tag_specifications{*} tags tags_all update_default_version user_data
vpc_security_group_ids""",
    "aws_lb": """
access_logs{*} client_keep_alive connection_logs{*} customer_owned_ipv4_pool desync_mitigation_mode dns_record_client_routing_policy
drop_invalid_header_fields enable_cross_zone_load_balancing enable_deletion_protection enable_http2
enable_tls_version_and_cipher_suite_headers enable_waf_fail_open enable_xff_client_port enable_zonal_shift
enforce_security_group_inbound_rules_on_private_link_traffic health_check_logs[*] idle_timeout internal ip_address_type ipam_pools{*}
load_balancer_type minimum_load_balancer_capacity{*} name name_prefix preserve_host_header region
secondary_ips_auto_assigned_per_subnet security_groups subnet_mapping{allocation_id ipv6_address private_ipv4_address subnet_id}
subnets tags tags_all xff_header_processing_mode""",
    "aws_memorydb_cluster": """
acl_name auto_minor_version_upgrade data_tiering description engine engine_version final_snapshot_name ip_discovery[*] kms_key_arn
maintenance_window multi_region_cluster_name name name_prefix network_type[*] node_type num_replicas_per_shard num_shards
parameter_group_name port region security_group_ids snapshot_arns snapshot_name snapshot_retention_limit snapshot_window sns_topic_arn
subnet_group_name tags tags_all tls_enabled""",
    "aws_mq_broker": """
apply_immediately authentication_strategy auto_minor_version_upgrade broker_name configuration{*} data_replication_mode
data_replication_primary_broker_arn deployment_mode encryption_options{*} engine_type engine_version host_instance_type
ldap_server_metadata{*} logs{*} maintenance_window_start_time{*} publicly_accessible region resource_share_arns[*] security_groups
storage_type subnet_ids tags tags_all user{*}""",
    "aws_msk_cluster": """
broker_node_group_info{az_distribution client_subnets connectivity_info{*} ebs_volume_size instance_type security_groups
storage_info{*}} client_authentication{*} cluster_name configuration_info{*} encryption_info{*} enhanced_monitoring kafka_version
logging_info{*} number_of_broker_nodes open_monitoring{*} rebalancing[*] region storage_mode tags tags_all""",
    "aws_neptune_cluster": """
allow_major_version_upgrade apply_immediately availability_zones backup_retention_period cluster_identifier cluster_identifier_prefix
copy_tags_to_snapshot deletion_protection enable_cloudwatch_logs_exports engine engine_version final_snapshot_identifier
global_cluster_identifier iam_database_authentication_enabled iam_roles kms_key_arn neptune_cluster_parameter_group_name
neptune_instance_parameter_group_name neptune_subnet_group_name port preferred_backup_window preferred_maintenance_window region
replication_source_identifier serverless_v2_scaling_configuration{*} skip_final_snapshot snapshot_identifier storage_encrypted
storage_type tags tags_all vpc_security_group_ids""",
    "aws_network_acl": """
egress[action cidr_block from_port icmp_code icmp_type ipv6_cidr_block protocol rule_no to_port] ingress[action cidr_block from_port
icmp_code icmp_type ipv6_cidr_block protocol rule_no to_port] region subnet_id subnet_ids tags tags_all vpc_id""",
    "aws_network_acl_association": "network_acl_id region subnet_id",
    "aws_network_acl_rule": """
cidr_block egress from_port icmp_code icmp_type ipv6_cidr_block network_acl_id protocol region rule_action rule_number to_port""",
    "aws_network_interface": """
attachment{*} description ena_srd_specification[*] enable_primary_ipv6 interface_type ipv4_prefix_count ipv4_prefixes
ipv6_address_count ipv6_address_list ipv6_address_list_enabled ipv6_addresses ipv6_prefix_count ipv6_prefixes private_ip
private_ip_list private_ip_list_enabled private_ips private_ips_count region security_groups source_dest_check subnet_id tags tags_all""",
    "aws_network_interface_sg_attachment": "network_interface_id region security_group_id",
    "aws_opensearch_domain": """
access_policies advanced_options advanced_security_options{*} aiml_options[*] auto_tune_options{*} cluster_config{*}
cognito_options{*} deployment_strategy_options[*] domain_endpoint_options{*} domain_name ebs_options{*} encrypt_at_rest{*}
engine_version identity_center_options[*] ip_address_type log_publishing_options{*} node_to_node_encryption{*}
off_peak_window_options{*} region snapshot_options{*} software_update_options{*} tags tags_all vpc_options{security_group_ids
subnet_ids}""",
    "aws_rds_cluster": """
allocated_storage allow_major_version_upgrade apply_immediately auto_minor_version_upgrade[*] availability_zones backtrack_window
backup_retention_period ca_certificate_identifier cluster_identifier cluster_identifier_prefix cluster_members
cluster_scalability_type copy_tags_to_snapshot database_insights_mode database_name db_cluster_instance_class
db_cluster_parameter_group_name db_instance_parameter_group_name db_subnet_group_name db_system_id delete_automated_backups
deletion_protection domain domain_iam_role_name enable_global_write_forwarding enable_http_endpoint enable_local_write_forwarding
enabled_cloudwatch_logs_exports engine engine_lifecycle_support engine_mode engine_version final_snapshot_identifier
global_cluster_identifier iam_database_authentication_enabled iam_roles iops kms_key_id manage_master_user_password master_password
master_password_wo master_password_wo_version master_user_secret_kms_key_id master_username monitoring_interval monitoring_role_arn
network_type performance_insights_enabled performance_insights_kms_key_id performance_insights_retention_period port
preferred_backup_window preferred_maintenance_window region replication_source_identifier restore_to_point_in_time{*} s3_import{*}
scaling_configuration{*} serverlessv2_scaling_configuration{*} skip_final_snapshot snapshot_identifier source_region storage_encrypted
storage_type tags tags_all vpc_security_group_ids warning_event_categories[*]""",
    "aws_redshift_cluster": """
allow_version_upgrade apply_immediately aqua_configuration_status automated_snapshot_retention_period availability_zone
availability_zone_relocation_enabled bucket_name cluster_identifier cluster_parameter_group_name cluster_public_key
cluster_revision_number cluster_security_groups cluster_subnet_group_name cluster_type cluster_version database_name
default_iam_role_arn elastic_ip enable_logging encrypted endpoint enhanced_vpc_routing final_snapshot_identifier iam_roles kms_key_id
logging{*} maintenance_track_name manage_master_password manual_snapshot_retention_period master_password
master_password_secret_kms_key_id master_password_wo master_password_wo_version master_username multi_az node_type number_of_nodes
owner_account port preferred_maintenance_window publicly_accessible region s3_key_prefix skip_final_snapshot snapshot_arn
snapshot_cluster_identifier snapshot_copy{*} snapshot_identifier tags tags_all vpc_security_group_ids""",
    "aws_sagemaker_notebook_instance": """
accelerator_types additional_code_repositories default_code_repository direct_internet_access
instance_metadata_service_configuration{*} instance_type kms_key_id lifecycle_config_name name platform_identifier region role_arn
root_access security_groups subnet_id tags tags_all volume_size""",
    "aws_security_group": """
description egress[cidr_blocks description from_port ipv6_cidr_blocks prefix_list_ids protocol security_groups self to_port]
ingress[cidr_blocks description from_port ipv6_cidr_blocks prefix_list_ids protocol security_groups self to_port] name name_prefix
region revoke_rules_on_delete tags tags_all vpc_id""",
    "aws_security_group_rule": """
cidr_blocks description from_port ipv6_cidr_blocks prefix_list_ids protocol region security_group_id self source_security_group_id
to_port type""",
    "aws_spot_instance_request": """
ami associate_public_ip_address availability_zone block_duration_minutes capacity_reservation_specification{*} cpu_core_count
cpu_options{*} cpu_threads_per_core credit_specification{*} disable_api_stop disable_api_termination ebs_block_device{*} ebs_optimized
enable_primary_ipv6 enclave_options{*} ephemeral_block_device{*} force_destroy get_password_data hibernation host_id
host_resource_group_arn iam_instance_profile instance_initiated_shutdown_behavior instance_interruption_behavior
instance_interruption_behaviour instance_type ipv6_address_count ipv6_addresses key_name launch_group launch_template{id name version}
maintenance_options{*} metadata_options{*} monitoring network_interface{delete_on_termination device_index network_card_index
network_interface_id} placement_group placement_group_id placement_partition_number private_dns_name_options{*} private_ip region
root_block_device{*} secondary_network_interface[*] secondary_network_interfaces[*] secondary_private_ips security_groups
source_dest_check spot_price spot_type subnet_id tags tags_all tenancy user_data user_data_base64 user_data_replace_on_change
valid_from valid_until volume_tags vpc_security_group_ids wait_for_fulfillment""",
    "aws_subnet": """
assign_ipv6_address_on_creation availability_zone availability_zone_id cidr_block customer_owned_ipv4_pool enable_dns64
enable_lni_at_device_index enable_resource_name_dns_a_record_on_launch enable_resource_name_dns_aaaa_record_on_launch
ipv4_ipam_pool_id[*] ipv4_netmask_length[*] ipv6_cidr_block ipv6_ipam_pool_id[*] ipv6_native ipv6_netmask_length[*]
map_customer_owned_ip_on_launch map_public_ip_on_launch outpost_arn private_dns_hostname_type_on_launch region tags tags_all vpc_id""",
    "aws_vpc": """
assign_generated_ipv6_cidr_block cidr_block enable_classiclink enable_classiclink_dns_support enable_dns_hostnames enable_dns_support
enable_network_address_usage_metrics instance_tenancy ipv4_ipam_pool_id ipv4_netmask_length ipv6_cidr_block
ipv6_cidr_block_network_border_group ipv6_ipam_pool_id ipv6_netmask_length region tags tags_all""",
    "aws_vpc_endpoint": """
auto_accept dns_options{*} ip_address_type policy private_dns_enabled region resource_configuration_arn route_table_ids
security_group_ids service_name service_network_arn service_region subnet_configuration{*} subnet_ids tags tags_all vpc_endpoint_type
vpc_id""",
    "aws_vpc_ipv4_cidr_block_association": "cidr_block ipv4_ipam_pool_id ipv4_netmask_length region vpc_id",
    "aws_vpc_ipv6_cidr_block_association": """
assign_generated_ipv6_cidr_block ipv6_cidr_block ipv6_ipam_pool_id ipv6_netmask_length ipv6_pool region vpc_id""",
    "aws_vpc_security_group_egress_rule": """
cidr_ipv4 cidr_ipv6 description from_port ip_protocol prefix_list_id referenced_security_group_id region security_group_id tags
to_port""",
    "aws_vpc_security_group_ingress_rule": """
cidr_ipv4 cidr_ipv6 description from_port ip_protocol prefix_list_id referenced_security_group_id region security_group_id tags
to_port""",
}
