output "vpc_id" {
  description = "Id of the VPC."
  value       = module.networking.vpc_id
}

output "cluster_name" {
  description = "Name of the cluster, as `aws eks update-kubeconfig` wants it."
  value       = module.eks.cluster_name
}

output "cluster_endpoint" {
  description = "Address of the Kubernetes API."
  value       = module.eks.cluster_endpoint
}

output "repository_urls" {
  description = "Where images are pushed to, by service."
  value       = module.ecr.repository_urls
}

output "bucket_names" {
  description = "Names of the buckets, by frontend or bucket."
  value       = module.s3_cloudfront.bucket_names
}

output "distribution_domains" {
  description = "Domain names that CloudFront gave the frontends, and the zones they are in."
  value       = module.s3_cloudfront.distribution_domains
}

output "github_role_arn" {
  description = "ARN of the role that workflows of services take."
  value       = module.iam.github_role_arn
}

output "github_frontends_role_arn" {
  description = "ARN of the role that workflows of frontends take; null where they have none of their own."
  value       = module.iam.github_frontends_role_arn
}

output "secret_arns" {
  description = "ARNs of the secrets, by name; empty without secrets."
  value       = try(module.secrets[0].secret_arns, {})
}

output "topic_arn" {
  description = "ARN of the topic that alarms are sent to."
  value       = module.monitoring.topic_arn
}

output "certificate_arn" {
  description = "ARN of the certificate for the services' load balancer; null without DNS."
  value       = one(module.dns[*].certificate_arn)
}
