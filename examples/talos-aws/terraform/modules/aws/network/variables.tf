variable "environment" {
  type = string
}

variable "vpc_cidr" {
  type = string
}

variable "cni_type" {
  type    = string
  default = "cilium"
}

variable "enable_nodeport" {
  type    = bool
  default = false
}

variable "tags" {
  type    = map(string)
  default = {}
}
