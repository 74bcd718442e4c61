# The environment's secrets: their places, and the key that encrypts them. Their values are
# set by people or by a rotation function, never here, so that no value is ever in state.

locals {
  # Roles are named, not looked up: KMS refuses a policy with a role that isn't there yet,
  # and forgets one that was deleted and made again.
  reader_arns = [for role in sort(var.reader_role_names) : "arn:aws:iam::${var.account}:role/${role}"]

  rotated = { for key, secret in var.secrets : key => secret if secret.rotation_function_arn != null }

  # True of every use of the key that comes through Secrets Manager of this account and region.
  through_secrets_manager = {
    "kms:CallerAccount" = var.account
    "kms:ViaService"    = "secretsmanager.${var.region}.amazonaws.com"
  }

  key_policy = {
    Version = "2012-10-17"
    Statement = concat(
      [
        # Management only: not even an administrator decrypts with the key directly.
        {
          Sid       = "ManageKey"
          Effect    = "Allow"
          Principal = { AWS = "arn:aws:iam::${var.account}:root" }
          Action = [
            "kms:CancelKeyDeletion",
            "kms:CreateAlias",
            "kms:DeleteAlias",
            "kms:Describe*",
            "kms:Disable*",
            "kms:Enable*",
            "kms:Get*",
            "kms:List*",
            "kms:PutKeyPolicy",
            "kms:RevokeGrant",
            "kms:RotateKeyOnDemand",
            "kms:ScheduleKeyDeletion",
            "kms:TagResource",
            "kms:UntagResource",
            "kms:Update*",
          ]
          Resource = "*"
        },
        # Who sets values or rotates them: whom an IAM policy of the account lets use the key.
        {
          Sid       = "SetSecretsWhereIamAllowsIt"
          Effect    = "Allow"
          Principal = { AWS = "arn:aws:iam::${var.account}:root" }
          Action    = ["kms:CreateGrant", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
          Resource  = "*"
          Condition = { StringEquals = local.through_secrets_manager }
        },
      ],
      # The services' roles, which need no KMS permission of their own.
      [for arns in [local.reader_arns] : {
        Sid       = "ReadSecrets"
        Effect    = "Allow"
        Principal = { AWS = "*" }
        Action    = ["kms:Decrypt", "kms:DescribeKey"]
        Resource  = "*"
        Condition = {
          ArnEquals    = { "aws:PrincipalArn" = arns }
          StringEquals = local.through_secrets_manager
        }
      } if length(arns) > 0],
    )
  }
}

resource "aws_kms_key" "secrets" {
  #checkov:skip=CKV_AWS_33:the principal of ReadSecrets is narrowed to the reader roles of this account by its conditions
  description             = "Encrypts the secrets of ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = jsonencode(local.key_policy)

  tags = { Name = "${var.name}-secrets" }
}

resource "aws_kms_alias" "secrets" {
  name          = "alias/${var.name}-secrets"
  target_key_id = aws_kms_key.secrets.key_id
}

resource "aws_secretsmanager_secret" "this" {
  for_each = var.secrets

  #checkov:skip=CKV2_AWS_57:a secret is rotated where its spec names a function that knows how; without one rotation would fail
  name                    = each.value.name
  description             = each.value.description
  kms_key_id              = aws_kms_key.secrets.arn
  recovery_window_in_days = var.recovery_window_days

  tags = { Name = each.value.name }
}

# Secrets Manager may call the function for this secret only.
resource "aws_lambda_permission" "rotation" {
  for_each = local.rotated

  statement_id   = "${var.name}-rotate-${substr(sha256(each.key), 0, 12)}"
  function_name  = each.value.rotation_function_arn
  action         = "lambda:InvokeFunction"
  principal      = "secretsmanager.amazonaws.com"
  source_account = var.account
  source_arn     = aws_secretsmanager_secret.this[each.key].arn
}

resource "aws_secretsmanager_secret_rotation" "this" {
  for_each = local.rotated

  #checkov:skip=CKV_AWS_304:how often a secret is rotated is decided in the spec
  secret_id           = aws_secretsmanager_secret.this[each.key].id
  rotation_lambda_arn = each.value.rotation_function_arn
  rotate_immediately  = false # the first rotation comes when its day has come, not with a change of infrastructure

  rotation_rules {
    automatically_after_days = each.value.rotation_days
  }

  depends_on = [aws_lambda_permission.rotation]
}
