mock_provider "aws" {}

variables {
  name            = "billpay-dev"
  region          = "us-east-1"
  cidr            = "10.0.0.0/16"
  public_subnets  = { a = "10.0.1.0/24", b = "10.0.2.0/24", c = "10.0.3.0/24" }
  private_subnets = { a = "10.0.10.0/24", b = "10.0.20.0/24", c = "10.0.30.0/24" }
  nat             = "single"
  service_ports   = [8080, 9090]
}

run "single_nat_serves_every_zone" {
  command = apply

  assert {
    condition     = keys(aws_nat_gateway.nat) == ["a"] && keys(output.nat_public_ips) == ["a"]
    error_message = "One NAT gateway, in the first zone."
  }
  assert {
    condition = alltrue([
      for table in values(aws_route_table.private) :
      [for route in table.route : [route.cidr_block, route.nat_gateway_id]] == [["0.0.0.0/0", aws_nat_gateway.nat["a"].id]]
    ])
    error_message = "Each private table leads to the only NAT gateway."
  }
  assert {
    condition     = [for route in aws_route_table.public.route : [route.cidr_block, route.gateway_id]] == [["0.0.0.0/0", aws_internet_gateway.gateway.id]]
    error_message = "The public table leads to the internet gateway."
  }
  assert {
    condition     = aws_vpc_endpoint.s3[0].route_table_ids == toset(values(output.route_table_ids))
    error_message = "All subnets reach S3 through the endpoint."
  }
  assert {
    condition     = toset(keys(output.route_table_ids)) == toset(["private-a", "private-b", "private-c", "public"])
    error_message = "A table for the public subnets, one for each private one."
  }
}

run "single_nat_in_a_chosen_zone" {
  command = apply

  variables {
    nat_zone = "c"
  }

  assert {
    condition     = keys(aws_nat_gateway.nat) == ["c"] && aws_nat_gateway.nat["c"].subnet_id == aws_subnet.public["c"].id
    error_message = "The NAT gateway is in the zone that was named."
  }
}

run "nat_per_zone" {
  command = apply

  variables {
    nat = "per-zone"
  }

  assert {
    condition     = keys(aws_nat_gateway.nat) == ["a", "b", "c"]
    error_message = "One NAT gateway a zone."
  }
  assert {
    condition = alltrue([
      for zone, table in aws_route_table.private :
      [for route in table.route : route.nat_gateway_id] == [aws_nat_gateway.nat[zone].id]
    ])
    error_message = "Each zone leaves through its own gateway."
  }
}

run "no_nat_leaves_no_way_out" {
  command = apply

  variables {
    nat         = "none"
    s3_endpoint = false
  }

  assert {
    condition     = length(aws_nat_gateway.nat) == 0 && length(aws_eip.nat) == 0 && length(aws_vpc_endpoint.s3) == 0
    error_message = "Nothing is made that costs money."
  }
  assert {
    condition     = alltrue([for table in values(aws_route_table.private) : length(table.route) == 0])
    error_message = "Private tables have no route out."
  }
}

run "only_load_balancers_are_reached_from_anywhere" {
  command = apply

  assert {
    condition = toset([
      for rule in aws_security_group.load_balancer.ingress : rule.from_port if contains(rule.cidr_blocks, "0.0.0.0/0")
    ]) == toset([80, 443])
    error_message = "Load balancers answer on 80 and 443 only."
  }
  assert {
    condition = alltrue([
      for rule in concat(tolist(aws_security_group.services.ingress), tolist(aws_security_group.cluster.ingress)) :
      length(rule.cidr_blocks) == 0
    ])
    error_message = "Services and the control plane are reached from groups only."
  }
  assert {
    condition = (
      toset([for rule in aws_security_group.load_balancer.egress : rule.from_port]) == toset([8080, 9090]) &&
      alltrue([for rule in aws_security_group.load_balancer.egress : rule.cidr_blocks == tolist(["10.0.0.0/16"])])
    )
    error_message = "Load balancers reach the service ports inside the VPC only."
  }
}

run "zones_and_tags" {
  command = plan

  assert {
    condition     = aws_subnet.private["b"].availability_zone == "us-east-1b" && !aws_subnet.private["b"].map_public_ip_on_launch
    error_message = "What starts in a private subnet gets no public address."
  }
  assert {
    condition     = aws_subnet.public["a"].tags["billpay:address"] == "network/subnet.public-a"
    error_message = "The address tag is that of billpay's own engine."
  }
}

run "name_is_checked" {
  command = plan
  variables {
    name = "BillPay"
  }
  expect_failures = [var.name]
}

run "region_is_checked" {
  command = plan
  variables {
    region = "us-east-1a"
  }
  expect_failures = [var.region]
}

run "host_bits_are_refused" {
  command = plan
  variables {
    cidr            = "10.0.0.1/16"
    public_subnets  = { a = "10.0.1.0/24", b = "10.0.2.0/24" }
    private_subnets = { a = "10.0.10.0/24", b = "10.0.20.0/24" }
  }
  expect_failures = [var.cidr]
}

run "a_vpc_larger_than_aws_allows_is_refused" {
  command = plan
  variables {
    cidr = "10.0.0.0/8"
  }
  expect_failures = [var.cidr]
}

run "one_zone_is_refused" {
  command = plan
  variables {
    public_subnets  = { a = "10.0.1.0/24" }
    private_subnets = { a = "10.0.10.0/24" }
  }
  expect_failures = [var.public_subnets]
}

run "zones_must_be_letters" {
  command = plan
  variables {
    public_subnets  = { us-east-1a = "10.0.1.0/24", b = "10.0.2.0/24" }
    private_subnets = { us-east-1a = "10.0.10.0/24", b = "10.0.20.0/24" }
  }
  expect_failures = [var.public_subnets]
}

run "a_subnet_outside_the_vpc_is_refused" {
  command = plan
  variables {
    public_subnets = { a = "10.0.1.0/24", b = "10.1.2.0/24", c = "10.0.3.0/24" }
  }
  expect_failures = [var.public_subnets]
}

run "both_sides_have_the_same_zones" {
  command = plan
  variables {
    private_subnets = { a = "10.0.10.0/24", b = "10.0.20.0/24" }
  }
  expect_failures = [var.private_subnets]
}

run "subnets_must_not_overlap" {
  command = plan
  variables {
    private_subnets = { a = "10.0.0.0/22", b = "10.0.20.0/24", c = "10.0.30.0/24" }
  }
  expect_failures = [var.private_subnets]
}

run "nat_is_one_of_three" {
  command = plan
  variables {
    nat = "two"
  }
  expect_failures = [var.nat]
}

run "nat_zone_must_be_used" {
  command = plan
  variables {
    nat_zone = "f"
  }
  expect_failures = [var.nat_zone]
}

run "ports_are_checked" {
  command = plan
  variables {
    service_ports = [70000]
  }
  expect_failures = [var.service_ports]
}
