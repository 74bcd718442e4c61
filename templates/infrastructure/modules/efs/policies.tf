locals {
  key_policy = {
    Version = "2012-10-17"
    Statement = [
      # EFS itself uses the key through a grant that whoever makes the file system gives it.
      {
        Sid       = "Account"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::${var.account}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
    ]
  }

  # The driver mounts without an IAM identity, so the network decides who; the policy decides
  # how: through a mount target, over TLS, and never as root.
  file_system_policy = {
    Id      = "${var.name}-efs" # EFS would give one of its own
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "ThroughMountTargets"
        Effect    = "Allow"
        Principal = { AWS = "*" }
        Action    = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]
        Resource  = aws_efs_file_system.this.arn
        Condition = { Bool = { "elasticfilesystem:AccessedViaMountTarget" = "true" } }
      },
      {
        Sid       = "OnlyTls"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "*"
        Resource  = aws_efs_file_system.this.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  }

  # Pods of this cluster only, through EKS Pod Identity.
  driver_trust = {
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "pods.eks.amazonaws.com" }
      Action    = ["sts:AssumeRole", "sts:TagSession"]
      Condition = {
        ArnEquals    = { "aws:SourceArn" = "arn:aws:eks:${var.region}:${var.account}:cluster/${var.cluster_name}" }
        StringEquals = { "aws:SourceAccount" = var.account }
      }
    }]
  }
}
