# What controllers, services and workflows may do.

locals {
  # Names in the documents of `policies`.
  policy_values = {
    account              = var.account
    cluster_name         = var.cluster_name
    environment          = var.environment
    name                 = var.name
    project              = var.project
    region               = var.region
    repositories_pattern = var.repositories_pattern
    runs_bucket          = var.runs.bucket
    runs_folder          = var.runs.folder
  }

  # The AWS Load Balancer Controller reads broadly; what it changes has to carry its tag with the name of this
  # cluster, so that it can't touch what the controller of another cluster in the account made.
  load_balancing = jsonencode(jsondecode(templatefile("${path.module}/policies/load-balancer-controller.json", local.policy_values)))

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

  # Workflows of services push images and reach the cluster. They deploy to it through its access entry, not through IAM.
  service_statements = [
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
        "ecr:GetDownloadUrlForLayer",
        "ecr:InitiateLayerUpload",
        "ecr:PutImage",
        "ecr:UploadLayerPart",
      ]
      Resource  = "arn:aws:ecr:${var.region}:${var.account}:repository/${var.repositories_pattern}"
      Condition = local.of_environment
    },
    {
      Sid      = "ReachCluster"
      Effect   = "Allow"
      Action   = "eks:DescribeCluster"
      Resource = local.cluster_arn
    },
  ]

  # CloudFront forgets what it keeps of a frontend's files.
  frontend_statements = [
    {
      Sid      = "FindDistributions"
      Effect   = "Allow"
      Action   = ["cloudfront:ListDistributions", "cloudfront:ListTagsForResource"]
      Resource = "*"
    },
    {
      Sid       = "InvalidateDistributions"
      Effect    = "Allow"
      Action    = ["cloudfront:CreateInvalidation", "cloudfront:GetInvalidation"]
      Resource  = "arn:aws:cloudfront::${var.account}:distribution/*"
      Condition = local.of_environment
    },
  ]

  # Locks and journals of this environment alone.
  runs_statements = [
    {
      Sid       = "FindRuns"
      Effect    = "Allow"
      Action    = "s3:ListBucket"
      Resource  = "arn:aws:s3:::${var.runs.bucket}"
      Condition = { StringLike = { "s3:prefix" = "${var.runs.folder}/*" } }
    },
    {
      Sid      = "KeepRuns"
      Effect   = "Allow"
      Action   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
      Resource = "arn:aws:s3:::${var.runs.bucket}/${var.runs.folder}/*"
    },
  ]

  deploy = {
    for key, role in local.github_roles : key => jsonencode({
      Version = "2012-10-17"
      Statement = concat(
        [for statement in local.service_statements : statement if key == "github"],
        [for statement in local.frontend_statements : statement if role.has_frontends],
        # Without buckets there is nothing to allow, and IAM refuses a statement without resources.
        [
          for buckets in [[for bucket in sort(role.bucket_names) : "arn:aws:s3:::${bucket}"]] : {
            Sid      = "ListBuckets"
            Effect   = "Allow"
            Action   = "s3:ListBucket"
            Resource = buckets
          } if length(buckets) > 0
        ],
        [
          for objects in [[for bucket in sort(role.bucket_names) : "arn:aws:s3:::${bucket}/*"]] : {
            Sid      = "PublishFiles"
            Effect   = "Allow"
            Action   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
            Resource = objects
          } if length(objects) > 0
        ],
        [for statement in local.runs_statements : statement if var.runs.is_used],
      )
    })
  }
}
