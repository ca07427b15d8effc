output "control_plane_private_ips" {
  value = module.compute.control_plane_private_ips
}

output "worker_private_ips" {
  value = module.compute.worker_private_ips
}
