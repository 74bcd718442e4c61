output "repository_urls" {
  description = "Where images are pushed to and pulled from, by service."
  value       = { for service, repository in aws_ecr_repository.repository : service => repository.repository_url }
}

output "repository_arns" {
  description = "ARNs of the repositories, by service."
  value       = { for service, repository in aws_ecr_repository.repository : service => repository.arn }
}
