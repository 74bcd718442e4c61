# A role is of use once it may do what it is for, so the ARNs are given after its policies are there.
output "role_arns" {
  description = "ARNs of the cluster's roles: \"cluster\", \"nodes\", and \"vpc-cni\", \"ebs-csi\", \"fargate\" and \"load-balancer-controller\" where they exist."
  value       = { for key in keys(local.platform_roles) : key => aws_iam_role.role[key].arn }
  depends_on  = [aws_iam_role_policy_attachment.managed, aws_iam_role_policy.inline]
}

output "service_role_arns" {
  description = "ARNs of the services' roles, by service."
  value       = { for key in keys(var.services) : key => aws_iam_role.role["service.${key}"].arn }
  depends_on  = [aws_iam_role_policy.inline]
}

output "github_role_arn" {
  description = "ARN of the role that workflows of services take."
  value       = aws_iam_role.role["github"].arn
  depends_on  = [aws_iam_role_policy.inline]
}

output "github_frontends_role_arn" {
  description = "ARN of the role that workflows of frontends take; null where they have none of their own."
  value       = try(aws_iam_role.role["github-frontends"].arn, null)
  depends_on  = [aws_iam_role_policy.inline]
}

output "boundary_arn" {
  description = "ARN of the policy that bounds the roles of people's code."
  value       = aws_iam_policy.boundary.arn
}
