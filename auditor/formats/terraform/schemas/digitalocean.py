"""The schemas of DigitalOcean's resources, as the provider has them in its versions 2."""

from __future__ import annotations

TYPES = {
    "digitalocean_droplet": """
backup_policy{*} backups droplet_agent gpu_partition_mode graceful_shutdown image ipv6 ipv6_address monitoring name private_networking
public_networking region resize_disk size ssh_keys tags user_data volume_ids vpc_uuid""",
    "digitalocean_firewall": """
droplet_ids inbound_rule{port_range protocol source_addresses source_droplet_ids source_kubernetes_ids source_load_balancer_uids
source_tags} name outbound_rule{destination_addresses destination_droplet_ids destination_kubernetes_ids
destination_load_balancer_uids destination_tags port_range protocol} tags""",
    "digitalocean_tag": "name",
}
