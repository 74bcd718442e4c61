output "zone_id" {
  description = "Id of the hosted zone."
  value       = local.zone_id
}

output "name_servers" {
  description = "Name servers of the zone: the registrar of the domain must name these."
  value       = local.name_servers
}

output "certificate_arn" {
  description = "ARN of the certificate of the services' domain, once it is valid."
  value       = aws_acm_certificate_validation.services.certificate_arn
}
