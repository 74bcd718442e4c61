locals {
  zones = keys(var.public_subnets)

  # The zones that have a NAT gateway, and the one whose gateway each zone uses.
  nat_zones = {
    none     = []
    single   = [coalesce(var.nat_zone, local.zones[0])]
    per-zone = local.zones
  }[var.nat]
  nat_zone_of = length(local.nat_zones) == 0 ? {} : {
    for zone in local.zones : zone => contains(local.nat_zones, zone) ? zone : local.nat_zones[0]
  }

  # Routes are given as a list, not as blocks: an empty list means that there is to be none, while
  # blocks left out would leave the last route in place when NAT is switched off. A list
  # has to name every kind of target.
  no_target = {
    carrier_gateway_id         = null
    core_network_arn           = null
    destination_prefix_list_id = null
    egress_only_gateway_id     = null
    gateway_id                 = null
    ipv6_cidr_block            = null
    local_gateway_id           = null
    nat_gateway_id             = null
    network_interface_id       = null
    transit_gateway_id         = null
    vpc_endpoint_id            = null
    vpc_peering_connection_id  = null
  }
}

resource "aws_internet_gateway" "gateway" {
  vpc_id = aws_vpc.vpc.id

  tags = {
    Name            = "${var.name}-internet-gateway"
    (local.address) = "network/internet-gateway"
  }
}

# The addresses that the environment shows to the world.
resource "aws_eip" "nat" {
  for_each = toset(local.nat_zones)

  domain = "vpc"

  tags = {
    Name            = "${var.name}-nat-${each.key}"
    (local.address) = "network/elastic-ip.nat-${each.key}"
  }
}

resource "aws_nat_gateway" "nat" {
  for_each = toset(local.nat_zones)

  subnet_id     = aws_subnet.public[each.key].id
  allocation_id = aws_eip.nat[each.key].id

  tags = {
    Name            = "${var.name}-nat-${each.key}"
    (local.address) = "network/nat-gateway.${each.key}"
  }

  # Without a way out of the VPC a NAT gateway goes into its failed state.
  depends_on = [aws_internet_gateway.gateway]
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.vpc.id
  route = [merge(local.no_target, {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.gateway.id
  })]

  tags = {
    Name            = "${var.name}-public"
    (local.address) = "network/route-table.public"
  }
}

# Every zone has a table of its own even where all lead to one NAT gateway, so that going
# from one gateway to one a zone, and back, only changes a route.
resource "aws_route_table" "private" {
  for_each = var.private_subnets

  vpc_id = aws_vpc.vpc.id
  route = [
    for zone in compact([lookup(local.nat_zone_of, each.key, "")]) : merge(local.no_target, {
      cidr_block     = "0.0.0.0/0"
      nat_gateway_id = aws_nat_gateway.nat[zone].id
    })
  ]

  tags = {
    Name            = "${var.name}-private-${each.key}"
    (local.address) = "network/route-table.private-${each.key}"
  }
}

resource "aws_route_table_association" "public" {
  for_each = aws_subnet.public

  subnet_id      = each.value.id
  route_table_id = aws_route_table.public.id
}

resource "aws_route_table_association" "private" {
  for_each = aws_subnet.private

  subnet_id      = each.value.id
  route_table_id = aws_route_table.private[each.key].id
}

# Image layers and backups reach S3 through it, not through NAT.
resource "aws_vpc_endpoint" "s3" {
  count = var.s3_endpoint ? 1 : 0

  vpc_id            = aws_vpc.vpc.id
  vpc_endpoint_type = "Gateway"
  service_name      = "com.amazonaws.${var.region}.s3"
  route_table_ids   = concat([aws_route_table.public.id], values(aws_route_table.private)[*].id)

  # What AWS gives an endpoint by itself: image layers come from buckets of AWS's own, so that
  # who may read what is decided by roles and bucket policies.
  policy = jsonencode({
    Version = "2008-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = "*"
      Action    = "*"
      Resource  = "*"
    }]
  })

  tags = {
    Name            = "${var.name}-s3-endpoint"
    (local.address) = "network/s3-endpoint"
  }
}
