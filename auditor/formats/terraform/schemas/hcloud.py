"""The schemas of Hetzner's resources, as the provider has them in its versions 1.33 to 1.68."""

from __future__ import annotations

TYPES = {
    "hcloud_firewall": "apply_to[label_selector server] labels name rule{description destination_ips direction port protocol source_ips}",
    "hcloud_firewall_attachment": "firewall_id label_selectors server_ids",
    "hcloud_server": """
allow_deprecated_images backups datacenter delete_protection firewall_ids ignore_remote_firewall_ids image iso keep_disk labels
location name network{alias_ips ip network_id subnet_id} placement_group_id public_net{ipv4 ipv4_enabled ipv6 ipv6_enabled}
rebuild_protection rescue server_type shutdown_before_deletion ssh_keys user_data""",
}
