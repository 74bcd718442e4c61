output "github_oidc_provider_arn" {
  description = "ARN of GitHub's OIDC provider; null where this doesn't make it."
  value       = one(aws_iam_openid_connect_provider.github[*].arn)
}

output "guardduty_detector_id" {
  description = "Id of the GuardDuty detector; null where GuardDuty is off."
  value       = one(aws_guardduty_detector.detector[*].id)
}
