variable "environment" {
  type = string
}

variable "ami_id" {
  type = string
}

variable "subnet_ids" {
  type = list(string)
}

variable "control_plane_count" {
  type = number
}

variable "worker_count" {
  type = number
}

variable "control_plane_security_group_id" {
  type = string
}

variable "worker_security_group_id" {
  type = string
}

variable "tags" {
  type    = map(string)
  default = {}
}
