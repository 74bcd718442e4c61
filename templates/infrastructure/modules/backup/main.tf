# Nightly backups of the environment: its buckets, and the volumes and file systems that carry
# its tags.

locals {
  vault_name = "${var.name}-backup"
  role_name  = "${var.name}-backup"

  # What the spec names; a selection of nothing is refused.
  named = concat([for key in sort(keys(var.bucket_arns)) : var.bucket_arns[key]], sort(var.efs_arns))

  key_policy = {
    Version = "2012-10-17"
    Statement = [
      # Management, and restoring, by whom an IAM policy of the account allows it.
      {
        Sid       = "Account"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::${var.account}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "BackupRole"
        Effect    = "Allow"
        Principal = { AWS = aws_iam_role.backup.arn }
        Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
        Resource  = "*"
      },
      # For the storage behind the vault, which uses the key as long as a backup lives.
      {
        Sid       = "BackupRoleGrants"
        Effect    = "Allow"
        Principal = { AWS = aws_iam_role.backup.arn }
        Action    = ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"]
        Resource  = "*"
        Condition = { Bool = { "kms:GrantIsForAWSResource" = "true" } }
      },
    ]
  }

  # No condition: AWS Backup tells no source as it takes the role. Who may hand the role to
  # AWS Backup is the matter of iam:PassRole, which only this account can allow.
  trust = {
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "backup.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  }

  managed_policies = {
    volumes-and-file-systems = "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup"
    buckets                  = "arn:aws:iam::aws:policy/AWSBackupServiceRolePolicyForS3Backup"
  }
}

resource "aws_kms_key" "backup" {
  description             = "Encrypts the backups of ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = jsonencode(local.key_policy)

  tags = { Name = local.vault_name }
}

resource "aws_kms_alias" "backup" {
  name          = "alias/${local.vault_name}"
  target_key_id = aws_kms_key.backup.key_id
}

resource "aws_backup_vault" "this" {
  name          = local.vault_name
  kms_key_arn   = aws_kms_key.backup.arn
  force_destroy = var.force_destroy

  tags = { Name = local.vault_name }
}

resource "aws_backup_plan" "this" {
  name = var.name

  rule {
    rule_name         = "nightly"
    target_vault_name = aws_backup_vault.this.name
    schedule          = var.schedule
    start_window      = 60  # minutes in which it must begin
    completion_window = 480 # minutes after which it is given up

    lifecycle {
      delete_after = var.keep_days
    }

    # Without billpay:protected: AWS Backup never updates these tags, while the protection may change.
    recovery_point_tags = {
      Name                  = var.name
      "billpay:environment" = var.environment
      "billpay:project"     = var.project
      "billpay:region"      = var.region
    }
  }

  tags = { Name = var.name }
}

resource "aws_backup_selection" "named" {
  count = length(local.named) > 0 ? 1 : 0

  name         = "named"
  plan_id      = aws_backup_plan.this.id
  iam_role_arn = aws_iam_role.backup.arn
  resources    = local.named

  # Nothing can be backed up before the role may do it.
  depends_on = [aws_iam_role_policy_attachment.backup]
}

# Conditions narrow the resources above them, and all must hold (a selection tag would widen them).
resource "aws_backup_selection" "tagged" {
  name         = "tagged"
  plan_id      = aws_backup_plan.this.id
  iam_role_arn = aws_iam_role.backup.arn
  resources    = ["arn:aws:ec2:*:*:volume/*", "arn:aws:elasticfilesystem:*:*:file-system/*"]

  condition {
    string_equals {
      key   = "aws:ResourceTag/billpay:environment"
      value = var.environment
    }
    string_equals {
      key   = "aws:ResourceTag/billpay:project"
      value = var.project
    }
  }

  depends_on = [aws_iam_role_policy_attachment.backup]
}

resource "aws_iam_role" "backup" {
  name                 = local.role_name
  description          = "Lets AWS Backup read what ${var.name} holds"
  permissions_boundary = var.boundary_arn
  assume_role_policy   = jsonencode(local.trust)

  tags = { Name = local.role_name }
}

resource "aws_iam_role_policy_attachment" "backup" {
  for_each = local.managed_policies

  role       = aws_iam_role.backup.name
  policy_arn = each.value
}
