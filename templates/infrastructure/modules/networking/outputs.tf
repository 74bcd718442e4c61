output "vpc_id" {
  description = "Id of the VPC."
  value       = aws_vpc.vpc.id
}

# What starts in a subnet needs its way out, so the ids are given once that is there.
output "public_subnet_ids" {
  description = "Ids of the public subnets, by the letter of their zone."
  value       = { for zone, subnet in aws_subnet.public : zone => subnet.id }
  depends_on  = [aws_route_table_association.public]
}

output "private_subnet_ids" {
  description = "Ids of the private subnets, by the letter of their zone."
  value       = { for zone, subnet in aws_subnet.private : zone => subnet.id }
  depends_on  = [aws_route_table_association.private]
}

output "route_table_ids" {
  description = "Ids of the route tables: \"public\", and \"private-\" with the letter of a zone."
  value = merge(
    { public = aws_route_table.public.id },
    { for zone, table in aws_route_table.private : "private-${zone}" => table.id },
  )
}

output "security_group_ids" {
  description = "Ids of the security groups: \"load-balancer\", \"cluster\" and \"services\"."
  value = {
    load-balancer = aws_security_group.load_balancer.id
    cluster       = aws_security_group.cluster.id
    services      = aws_security_group.services.id
  }
}

output "nat_public_ips" {
  description = "Public addresses of the NAT gateways, by the letter of their zone: what partners have to let in."
  value       = { for zone, ip in aws_eip.nat : zone => ip.public_ip }
}
