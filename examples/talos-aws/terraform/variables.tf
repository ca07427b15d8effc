variable "region" {
  type    = string
  default = "eu-central-1"
}

variable "environment" {
  type    = string
  default = "dev"
}

variable "vpc_cidr" {
  type    = string
  default = "10.0.0.0/16"
}

# CIDR ranges allowed to reach the K8s API (6443) and Talos API (50000)
# from outside the VPC. Empty list = VPC-only access.
variable "allowed_admin_cidrs" {
  description = "CIDR ranges allowed to reach K8s API (6443) and Talos API (50000) from outside the VPC"
  type        = list(string)
  default     = []
}

# Container Network Interface plugin (cilium or calico).
variable "cni_type" {
  type    = string
  default = "cilium"

  validation {
    condition     = contains(["cilium", "calico"], var.cni_type)
    error_message = "cni_type is cilium or calico."
  }
}

# Open NodePort range (30000-32767) in worker security groups.
variable "enable_nodeport" {
  type    = bool
  default = false
}

variable "ami_id" {
  description = "Talos image of the region"
  type        = string
}

variable "control_plane_count" {
  type    = number
  default = 3
}

variable "worker_count" {
  type    = number
  default = 2
}
