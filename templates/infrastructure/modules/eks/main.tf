# The control plane. Nodes are in nodes.tf, add-ons in addons.tf, who may do what in access.tf.

locals {
  # Left to itself, EKS puts these three in unmanaged, and the add-ons would have to take them over.
  self_managed = ["vpc-cni", "kube-proxy", "coredns"]
}

# Before the cluster: EKS would make it by itself, and keep the logs forever.
resource "aws_cloudwatch_log_group" "cluster" {
  #checkov:skip=CKV_AWS_158:CloudWatch encrypts it with its own key, and the log holds no secrets that would want another
  #checkov:skip=CKV_AWS_338:how long logs are kept is the environment's choice, a year in prod
  name              = "/aws/eks/${var.cluster.name}/cluster"
  retention_in_days = var.log_retention_days

  tags = {
    Name = "/aws/eks/${var.cluster.name}/cluster"
  }
}

resource "aws_eks_cluster" "this" {
  #checkov:skip=CKV_AWS_37:which logs are kept is the environment's choice, all of them by default
  #checkov:skip=CKV_AWS_38:who reaches the public endpoint is the environment's choice, and it answers only to AWS credentials
  #checkov:skip=CKV_AWS_39:the same, workflows and developers have no other way in
  #checkov:skip=CKV_AWS_58:EKS encrypts all Kubernetes objects with a key of its own since 1.28, and the secrets of services are in Secrets Manager
  name                          = var.cluster.name
  version                       = var.cluster.version
  role_arn                      = var.role_arns["cluster"]
  enabled_cluster_log_types     = var.cluster.logs
  bootstrap_self_managed_addons = length(setsubtract(local.self_managed, keys(var.addons))) > 0

  access_config {
    authentication_mode                         = "API"
    bootstrap_cluster_creator_admin_permissions = false
  }

  upgrade_policy {
    support_type = var.cluster.support
  }

  # All of the environment's subnets: load balancers and nodes are put into these.
  vpc_config {
    subnet_ids              = concat(values(var.private_subnet_ids), values(var.public_subnet_ids))
    security_group_ids      = [var.security_group_id]
    endpoint_private_access = true
    endpoint_public_access  = var.cluster.endpoint_public
    public_access_cidrs     = var.cluster.endpoint_public ? [for cidr in var.cluster.public_cidrs : cidrsubnet(cidr, 0, 0)] : null
  }

  tags = {
    Name              = var.cluster.name
    "billpay:address" = "eks/cluster"
  }

  lifecycle {
    # Both only say how a cluster begins; the provider would replace it for another value, as
    # when an add-on leaves the spec or a cluster is imported.
    ignore_changes = [bootstrap_self_managed_addons, access_config[0].bootstrap_cluster_creator_admin_permissions]

    postcondition {
      condition     = self.arn == "arn:aws:eks:${var.region}:${var.account}:cluster/${var.cluster.name}"
      error_message = "The cluster ${self.arn} is not in ${var.region} of ${var.account}: the provider is set to another region or account."
    }
  }

  depends_on = [aws_cloudwatch_log_group.cluster]
}

# Lets IAM roles trust the cluster's service accounts. AWS knows the thumbprints of its own issuer.
resource "aws_iam_openid_connect_provider" "cluster" {
  url            = aws_eks_cluster.this.identity[0].oidc[0].issuer
  client_id_list = ["sts.amazonaws.com"]

  tags = {
    Name              = var.cluster.name
    "billpay:address" = "eks/oidc-provider.cluster"
  }
}
