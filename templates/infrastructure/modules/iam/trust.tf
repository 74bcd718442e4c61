# Who may take the roles.

locals {
  cluster_arn = "arn:aws:eks:${var.region}:${var.account}:cluster/${var.cluster_name}"
  github      = "token.actions.githubusercontent.com"

  trust_service = {
    for service in ["eks.amazonaws.com", "ec2.amazonaws.com"] : service => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Effect    = "Allow"
        Principal = { Service = service }
        Action    = "sts:AssumeRole"
      }]
    })
  }

  # Pods of this cluster, through EKS Pod Identity. Without the conditions any cluster of the
  # account could.
  trust_pods = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "pods.eks.amazonaws.com" }
      Action    = ["sts:AssumeRole", "sts:TagSession"]
      Condition = {
        StringEquals = { "aws:SourceAccount" = var.account }
        ArnEquals    = { "aws:SourceArn" = local.cluster_arn }
      }
    }]
  })

  # Fargate profiles of this cluster.
  trust_fargate = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "eks-fargate-pods.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        ArnLike = { "aws:SourceArn" = "arn:aws:eks:${var.region}:${var.account}:fargateprofile/${var.cluster_name}/*" }
      }
    }]
  })

  # The roles that workflows take, by their keys.
  github_roles = {
    for key, role in { github = var.github, github-frontends = var.github_frontends } : key => role if role != null
  }

  # Workflows of the named repositories, and only in the GitHub environment that is named like
  # ours, whose protection rules thereby hold. Audience and subjects are compared exactly.
  trust_github = {
    for key, role in local.github_roles : key => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Effect    = "Allow"
        Principal = { Federated = var.github_oidc_provider_arn }
        Action    = "sts:AssumeRoleWithWebIdentity"
        Condition = {
          StringEquals = {
            "${local.github}:aud" = "sts.amazonaws.com"
            "${local.github}:sub" = sort(role.subjects)
          }
        }
      }]
    })
  }
}
