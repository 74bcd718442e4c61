# Who did what in the account: a CloudTrail trail, delivered to a bucket for keeping and to
# CloudWatch Logs for searching. The bucket is in bucket.tf, documents in policies.tf.

locals {
  trail_name     = var.name
  bucket_name    = "${var.name}-audit-${var.account}"
  log_group_name = "/aws/cloudtrail/${var.name}"

  # Computed, not read from the resources: the policies are needed to make them.
  trail_arn     = "arn:aws:cloudtrail:${var.region}:${var.account}:trail/${local.trail_name}"
  bucket_arn    = "arn:aws:s3:::${local.bucket_name}"
  log_group_arn = "arn:aws:logs:${var.region}:${var.account}:log-group:${local.log_group_name}"
}

resource "aws_kms_key" "audit" {
  description             = "Encrypts the audit trail of ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = jsonencode(local.key_policy)

  tags = { Name = "${var.name}-audit" }
}

resource "aws_kms_alias" "audit" {
  name          = "alias/${var.name}-audit"
  target_key_id = aws_kms_key.audit.key_id
}

resource "aws_cloudtrail" "this" {
  #checkov:skip=CKV_AWS_252:who reads the trail does it in CloudWatch Logs; a notification per log file would tell nobody anything
  name                          = local.trail_name
  s3_bucket_name                = aws_s3_bucket.audit.id
  kms_key_id                    = aws_kms_key.audit.arn
  is_multi_region_trail         = true # somebody who breaks in works where nobody looks
  include_global_service_events = true
  enable_log_file_validation    = true
  cloud_watch_logs_group_arn    = "${aws_cloudwatch_log_group.audit.arn}:*"
  cloud_watch_logs_role_arn     = aws_iam_role.delivery.arn

  tags = { Name = local.trail_name }

  # CloudTrail tries bucket and role as it makes the trail.
  depends_on = [
    aws_s3_bucket_policy.audit,
    aws_s3_bucket_public_access_block.audit,
    aws_iam_role_policy.delivery,
  ]
}

resource "aws_cloudwatch_log_group" "audit" {
  #checkov:skip=CKV_AWS_338:how long logs are kept is decided in the spec: a week in dev, a year in prod
  name              = local.log_group_name
  retention_in_days = var.retention_days
  kms_key_id        = aws_kms_key.audit.arn

  tags = { Name = local.log_group_name }
}

resource "aws_iam_role" "delivery" {
  name                 = "${var.name}-audit-delivery"
  description          = "Lets CloudTrail write the audit log of ${var.name}"
  permissions_boundary = var.boundary_arn
  assume_role_policy   = jsonencode(local.delivery_trust)

  tags = { Name = "${var.name}-audit-delivery" }
}

resource "aws_iam_role_policy" "delivery" {
  name   = "write-audit-log"
  role   = aws_iam_role.delivery.id
  policy = jsonencode(local.delivery_permissions)
}
