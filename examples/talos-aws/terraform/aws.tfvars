environment = "prod"
vpc_cidr    = "10.0.0.0/16"
ami_id      = "ami-0f1e2d3c4b5a69788"

# The office; curl -s ifconfig.me says which address it has.
allowed_admin_cidrs = [
  "196.45.28.20/32",
]
