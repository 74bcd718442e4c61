# The most that a role of people's code may ever do, whatever is attached to it. It can't get out of this
# boundary, become another role, leave the region, or touch what belongs to another environment or project.

locals {
  boundary_name = "${var.name}-boundary"
  buckets       = "arn:aws:s3:::*-${var.environment}-${var.account}"

  # What carries one of these with another value is somebody else's: billpay's own tags, those of EKS on nodes, and
  # that of the AWS Load Balancer Controller.
  own_tags = {
    NoLoadBalancersOfOthers = { key = "elbv2.k8s.aws/cluster", value = var.cluster_name }
    NoNodesOfOthers         = { key = "eks:cluster-name", value = var.cluster_name }
    NoOtherEnvironment      = { key = "billpay:environment", value = var.environment }
    NoOtherProject          = { key = "billpay:project", value = var.project }
  }

  others = [
    for sid, tag in local.own_tags : {
      Sid      = sid
      Effect   = "Deny"
      Action   = "*"
      Resource = "*"
      Condition = {
        StringNotEquals = { "aws:ResourceTag/${tag.key}" = tag.value }
        Null            = { "aws:ResourceTag/${tag.key}" = "false" }
      }
    }
  ]

  boundary = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      # Of IAM and ECR only what is named below is allowed, so that a call that AWS adds is out of reach.
      {
        Sid       = "WhatRolesAreGiven"
        Effect    = "Allow"
        NotAction = ["ecr:*", "iam:*"]
        Resource  = "*"
      },
      {
        Sid      = "SignInAndLookAround"
        Effect   = "Allow"
        Action   = ["ecr:GetAuthorizationToken", "iam:Get*", "iam:List*", "iam:Simulate*"]
        Resource = "*"
      },
      {
        Sid      = "ItsOwnRepositories"
        Effect   = "Allow"
        Action   = "ecr:*"
        Resource = "arn:aws:ecr:${var.region}:${var.account}:repository/${var.repositories_pattern}"
      },
      # The calls that change a role and know its boundary.
      {
        Sid    = "RolesInThisBoundary"
        Effect = "Allow"
        Action = [
          "iam:AttachRolePolicy",
          "iam:CreateRole",
          "iam:DeleteRolePolicy",
          "iam:DetachRolePolicy",
          "iam:PutRolePolicy",
        ]
        Resource  = "*"
        Condition = { ArnEquals = { "iam:PermissionsBoundary" = "arn:aws:iam::${var.account}:policy/${local.boundary_name}" } }
      },
      {
        Sid      = "StaysThisRole"
        Effect   = "Deny"
        Action   = ["sts:AssumeRole", "sts:AssumeRoot"]
        Resource = "*"
      },
      # What has no tags, or none yet: objects, secrets that people made, EKS's own log groups.
      {
        Sid    = "OnlyItsOwnByName"
        Effect = "Deny"
        Action = ["eks:*", "logs:*", "s3:*", "secretsmanager:*"]
        NotResource = [
          local.cluster_arn,
          "arn:aws:eks:${var.region}:${var.account}:*/${var.cluster_name}/*",
          "arn:aws:logs:${var.region}:${var.account}:log-group:/aws/cloudtrail/${var.name}:*",
          "arn:aws:logs:${var.region}:${var.account}:log-group:/aws/eks/${var.cluster_name}/*",
          local.buckets,
          "${local.buckets}/*",
          "arn:aws:secretsmanager:${var.region}:${var.account}:secret:*-${var.environment}-??????",
        ]
      },
      # A * goes past slashes: without this, a key of another bucket could look like one of ours.
      {
        Sid      = "NoKeyLikeABucket"
        Effect   = "Deny"
        Action   = "s3:*"
        Resource = "arn:aws:s3:::*/*-${var.environment}-${var.account}*"
      },
      # Services without a region of their own are left out; their calls go to us-east-1.
      {
        Sid    = "OnlyThisRegion"
        Effect = "Deny"
        NotAction = [
          "budgets:*",
          "ce:*",
          "cloudfront:*",
          "health:*",
          "iam:*",
          "route53:*",
          "shield:*",
          "sts:*",
          "support:*",
        ]
        Resource  = "*"
        Condition = { StringNotEquals = { "aws:RequestedRegion" = var.region } }
      },
    ], local.others)
  })
}

resource "aws_iam_policy" "boundary" {
  # A boundary gives nothing: a role may do what its own policies say, as far as this goes.
  #checkov:skip=CKV_AWS_62:A boundary allows nothing by itself.
  #checkov:skip=CKV_AWS_63:A boundary allows nothing by itself.
  #checkov:skip=CKV_AWS_289:A boundary allows nothing by itself.
  #checkov:skip=CKV_AWS_290:A boundary allows nothing by itself.
  #checkov:skip=CKV2_AWS_40:A boundary allows nothing by itself.
  name   = local.boundary_name
  policy = local.boundary

  tags = {
    Name              = local.boundary_name
    "billpay:address" = "iam/policy.boundary"
  }
}
