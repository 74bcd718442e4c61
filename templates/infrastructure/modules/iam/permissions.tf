# What services and workflows may do.

locals {
  # Secrets Manager puts six characters of its own behind the name of a secret.
  secret_arns = {
    for key, service in var.services : key => [
      for secret in sort(service.secrets) : "arn:aws:secretsmanager:${var.region}:${var.account}:secret:${secret}-??????"
    ]
  }

  # A service that needs nothing has no policy.
  service_permissions = {
    for key, service in var.services : key => jsonencode({
      Version = "2012-10-17"
      Statement = concat(
        [
          for arns in [local.secret_arns[key]] : {
            Sid      = "ReadItsSecrets"
            Effect   = "Allow"
            Action   = "secretsmanager:GetSecretValue"
            Resource = arns
          } if length(arns) > 0
        ],
        [
          for buckets in [sort(service.buckets)] : {
            Sid      = "ReadItsBuckets"
            Effect   = "Allow"
            Action   = ["s3:GetObject", "s3:ListBucket"]
            Resource = flatten([for bucket in buckets : ["arn:aws:s3:::${bucket}", "arn:aws:s3:::${bucket}/*"]])
          } if length(buckets) > 0
        ],
        [
          for namespaces in [sort(var.metric_namespaces)] : {
            Sid       = "PublishMetrics"
            Effect    = "Allow"
            Action    = "cloudwatch:PutMetricData"
            Resource  = "*"
            Condition = { StringEquals = { "cloudwatch:namespace" = namespaces } }
          } if length(namespaces) > 0
        ],
      )
    }) if length(service.secrets) + length(service.buckets) + length(var.metric_namespaces) > 0
  }

  # Projects may share an account, so the environment's name alone is not enough.
  of_environment = {
    StringEquals = {
      "aws:ResourceTag/billpay:environment" = var.environment
      "aws:ResourceTag/billpay:project"     = var.project
    }
  }

  bucket_arns = [for bucket in sort(var.bucket_names) : "arn:aws:s3:::${bucket}"]

  # Workflows bring images, files and releases into this environment. They deploy to the
  # cluster through its access entry, not through IAM.
  deploy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "SignInToRegistry"
          Effect   = "Allow"
          Action   = "ecr:GetAuthorizationToken"
          Resource = "*"
        },
        # By name and by tag, so that the policy neither grows with the services nor takes in
        # a look-alike.
        {
          Sid    = "PushImages"
          Effect = "Allow"
          Action = [
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:CompleteLayerUpload",
            "ecr:DescribeImageScanFindings",
            "ecr:DescribeImages",
            "ecr:DescribeRepositories",
            "ecr:GetDownloadUrlForLayer",
            "ecr:InitiateLayerUpload",
            "ecr:ListImages",
            "ecr:PutImage",
            "ecr:UploadLayerPart",
          ]
          Resource  = "arn:aws:ecr:${var.region}:${var.account}:repository/${var.repositories_pattern}"
          Condition = local.of_environment
        },
        {
          Sid      = "FindDistributions"
          Effect   = "Allow"
          Action   = ["cloudfront:ListDistributions", "cloudfront:ListTagsForResource"]
          Resource = "*"
        },
        {
          Sid    = "InvalidateDistributions"
          Effect = "Allow"
          Action = [
            "cloudfront:CreateInvalidation",
            "cloudfront:GetDistribution",
            "cloudfront:GetInvalidation",
            "cloudfront:ListInvalidations",
          ]
          Resource  = "arn:aws:cloudfront::${var.account}:distribution/*"
          Condition = local.of_environment
        },
        {
          Sid      = "ReachCluster"
          Effect   = "Allow"
          Action   = "eks:DescribeCluster"
          Resource = local.cluster_arn
        },
        {
          Sid      = "ReadClusterLogs"
          Effect   = "Allow"
          Action   = ["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"]
          Resource = "arn:aws:logs:${var.region}:${var.account}:log-group:/aws/eks/${var.cluster_name}/*"
        },
        {
          Sid      = "PassClusterRoles"
          Effect   = "Allow"
          Action   = "iam:PassRole"
          Resource = [for key in ["cluster", "nodes"] : "arn:aws:iam::${var.account}:role/${local.eks_prefix}-${key}"]
          Condition = {
            StringEquals = { "iam:PassedToService" = ["ec2.amazonaws.com", "eks.amazonaws.com"] }
          }
        },
      ],
      # Without buckets there is nothing to allow, and IAM refuses a statement without resources.
      [
        for statement in [
          {
            Sid      = "ListBuckets"
            Effect   = "Allow"
            Action   = ["s3:GetBucketLocation", "s3:ListBucket"]
            Resource = local.bucket_arns
          },
          {
            Sid      = "PublishFiles"
            Effect   = "Allow"
            Action   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
            Resource = [for arn in local.bucket_arns : "${arn}/*"]
          },
        ] : statement if length(local.bucket_arns) > 0
      ],
    )
  })
}
