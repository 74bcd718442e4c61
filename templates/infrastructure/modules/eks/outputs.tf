output "cluster_name" {
  description = "Name of the cluster."
  value       = aws_eks_cluster.this.name
}

output "cluster_arn" {
  description = "ARN of the cluster."
  value       = aws_eks_cluster.this.arn
}

output "cluster_endpoint" {
  description = "URL of the Kubernetes API."
  value       = aws_eks_cluster.this.endpoint
}

output "cluster_certificate_authority" {
  description = "Certificate of the Kubernetes API's authority, in Base64, as a kubeconfig takes it."
  value       = aws_eks_cluster.this.certificate_authority[0].data
}

output "cluster_security_group_id" {
  description = "Id of the security group that EKS itself made for the control plane and the nodes."
  value       = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
}

output "oidc_provider_arn" {
  description = "ARN of the IAM OIDC provider of the cluster."
  value       = aws_iam_openid_connect_provider.cluster.arn
}

output "oidc_issuer" {
  description = "URL of the issuer of the cluster's service account tokens."
  value       = aws_eks_cluster.this.identity[0].oidc[0].issuer
}

output "node_autoscaling_groups" {
  description = "Name of the autoscaling group that EKS made behind each node group."
  value = {
    for name, group in aws_eks_node_group.this : name => one(flatten(group.resources[*].autoscaling_groups[*].name))
  }
}

output "log_group_name" {
  description = "Name of the log group of the control plane."
  value       = aws_cloudwatch_log_group.cluster.name
}
