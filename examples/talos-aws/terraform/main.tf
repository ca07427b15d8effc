terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }
}

provider "aws" {
  region = var.region
}

locals {
  tags = {
    Project     = "talos"
    Environment = var.environment
    ManagedBy   = "terraform"
  }
}

module "network" {
  source = "./modules/aws/network"

  environment     = var.environment
  vpc_cidr        = var.vpc_cidr
  cni_type        = var.cni_type
  enable_nodeport = var.enable_nodeport
  tags            = local.tags
}

module "compute" {
  source = "./modules/aws/compute"

  environment                     = var.environment
  ami_id                          = var.ami_id
  subnet_ids                      = module.network.private_subnet_ids
  control_plane_count             = var.control_plane_count
  worker_count                    = var.worker_count
  control_plane_security_group_id = module.network.control_plane_security_group_id
  worker_security_group_id        = module.network.worker_security_group_id
  tags                            = local.tags
}

# External access for administrators: nothing is created while allowed_admin_cidrs is empty.

resource "aws_vpc_security_group_ingress_rule" "cp_k8s_api_external" {
  count = length(var.allowed_admin_cidrs)

  security_group_id = module.network.control_plane_security_group_id
  description       = "Kubernetes API (external admin: ${var.allowed_admin_cidrs[count.index]})"
  from_port         = 6443
  to_port           = 6443
  ip_protocol       = "tcp"
  cidr_ipv4         = var.allowed_admin_cidrs[count.index]
}

resource "aws_vpc_security_group_ingress_rule" "cp_talos_api_external" {
  count = length(var.allowed_admin_cidrs)

  security_group_id = module.network.control_plane_security_group_id
  description       = "Talos API (external admin: ${var.allowed_admin_cidrs[count.index]})"
  from_port         = 50000
  to_port           = 50000
  ip_protocol       = "tcp"
  cidr_ipv4         = var.allowed_admin_cidrs[count.index]
}

resource "aws_vpc_security_group_ingress_rule" "wk_talos_api_external" {
  count = length(var.allowed_admin_cidrs)

  security_group_id = module.network.worker_security_group_id
  description       = "Talos API (external admin: ${var.allowed_admin_cidrs[count.index]})"
  from_port         = 50000
  to_port           = 50000
  ip_protocol       = "tcp"
  cidr_ipv4         = var.allowed_admin_cidrs[count.index]
}
