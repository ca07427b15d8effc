resource "aws_instance" "control_plane" {
  count = var.control_plane_count

  ami                    = var.ami_id
  instance_type          = "m6i.large"
  subnet_id              = element(var.subnet_ids, count.index)
  vpc_security_group_ids = [var.control_plane_security_group_id]

  tags = merge(var.tags, {
    Name     = "${var.environment}-talos-cp-${count.index}"
    NodeType = "control-plane"
  })
}

resource "aws_instance" "worker" {
  count = var.worker_count

  ami                    = var.ami_id
  instance_type          = "m6i.xlarge"
  subnet_id              = element(var.subnet_ids, count.index)
  vpc_security_group_ids = [var.worker_security_group_id]

  tags = merge(var.tags, {
    Name     = "${var.environment}-talos-worker-${count.index}"
    NodeType = "worker"
  })
}

output "control_plane_private_ips" {
  value = aws_instance.control_plane[*].private_ip
}

output "worker_private_ips" {
  value = aws_instance.worker[*].private_ip
}
