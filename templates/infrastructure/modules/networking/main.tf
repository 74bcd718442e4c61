locals {
  # The kinds of billpay's own engine find a resource by this tag; it is the same for both engines.
  address = "billpay:address"
}

resource "aws_vpc" "vpc" {
  #checkov:skip=CKV2_AWS_11:Flow logs are priced by the gigabyte and not part of the platform; who did what is in CloudTrail.
  #checkov:skip=CKV2_AWS_12:Nothing is ever in the default group, and billpay's own engine, which must agree, leaves it alone.
  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true # private endpoints and EKS need them

  tags = {
    Name            = "${var.name}-vpc"
    (local.address) = "network/vpc"
  }
}

# Load balancers and NAT gateways are in these.
resource "aws_subnet" "public" {
  for_each = var.public_subnets

  #checkov:skip=CKV_AWS_130:These are the public ones: what starts in them is meant to be reached from the internet.
  vpc_id                  = aws_vpc.vpc.id
  cidr_block              = each.value
  availability_zone       = "${var.region}${each.key}"
  map_public_ip_on_launch = true

  tags = {
    Name                     = "${var.name}-public-${each.key}"
    (local.address)          = "network/subnet.public-${each.key}"
    "kubernetes.io/role/elb" = "1" # by which the AWS Load Balancer Controller finds them
  }
}

# Nodes and the cluster's own interfaces are in these.
resource "aws_subnet" "private" {
  for_each = var.private_subnets

  vpc_id                  = aws_vpc.vpc.id
  cidr_block              = each.value
  availability_zone       = "${var.region}${each.key}"
  map_public_ip_on_launch = false

  tags = {
    Name                              = "${var.name}-private-${each.key}"
    (local.address)                   = "network/subnet.private-${each.key}"
    "kubernetes.io/role/internal-elb" = "1"
  }
}
