mock_provider "aws" {
  mock_resource "aws_kms_key" {
    defaults = {
      arn    = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"
      key_id = "00000000-0000-0000-0000-000000000000"
    }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mock", id = "mock" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/cloudtrail/billpay-dev" }
  }
}

variables {
  name           = "billpay-dev"
  account        = "123456789012"
  region         = "us-east-1"
  retention_days = 7
}

run "the_trail_sees_everything_and_can_be_proven" {
  command = apply

  assert {
    condition = (
      aws_cloudtrail.this.is_multi_region_trail
      && aws_cloudtrail.this.include_global_service_events
      && aws_cloudtrail.this.enable_log_file_validation
      && aws_cloudtrail.this.kms_key_id == aws_kms_key.audit.arn
      && aws_cloudtrail.this.cloud_watch_logs_group_arn == "${aws_cloudwatch_log_group.audit.arn}:*"
    )
    error_message = "The trail lacks a region, validation, encryption or its log group."
  }
  assert {
    condition     = aws_kms_key.audit.enable_key_rotation
    error_message = "The key isn't rotated."
  }
}

run "the_bucket_is_closed" {
  command = apply

  assert {
    condition = (
      aws_s3_bucket.audit.bucket == "billpay-dev-audit-123456789012"
      && aws_s3_bucket.audit.force_destroy == false
      && aws_s3_bucket_public_access_block.audit.block_public_acls
      && aws_s3_bucket_public_access_block.audit.block_public_policy
      && aws_s3_bucket_public_access_block.audit.ignore_public_acls
      && aws_s3_bucket_public_access_block.audit.restrict_public_buckets
      && aws_s3_bucket_versioning.audit.versioning_configuration[0].status == "Enabled"
      && one(one(aws_s3_bucket_server_side_encryption_configuration.audit.rule).apply_server_side_encryption_by_default).kms_master_key_id == aws_kms_key.audit.arn
    )
    error_message = "The bucket isn't private, versioned and encrypted with the trail's key."
  }
  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.audit.rule[0].expiration[0].days == 7
    error_message = "The log files aren't kept as long as the spec says."
  }
  assert {
    condition = anytrue([
      for statement in jsondecode(aws_s3_bucket_policy.audit.policy).Statement :
      statement.Effect == "Deny" && try(statement.Condition.Bool["aws:SecureTransport"], "") == "false" && length(statement.Resource) == 2
    ])
    error_message = "The bucket can be used without TLS."
  }
}

run "only_this_trail_gets_in" {
  command = apply

  assert {
    condition = alltrue([
      for statement in concat(jsondecode(aws_s3_bucket_policy.audit.policy).Statement, jsondecode(aws_kms_key.audit.policy).Statement) :
      statement.Condition.StringEquals["aws:SourceArn"] == "arn:aws:cloudtrail:us-east-1:123456789012:trail/billpay-dev"
      if try(statement.Principal.Service, "") == "cloudtrail.amazonaws.com"
    ])
    error_message = "Another trail could write to the bucket or use the key."
  }
  assert {
    condition = one([
      for statement in jsondecode(aws_kms_key.audit.policy).Statement :
      statement.Condition.ArnEquals["kms:EncryptionContext:aws:logs:arn"] if statement.Sid == "Logs"
    ]) == "arn:aws:logs:us-east-1:123456789012:log-group:/aws/cloudtrail/billpay-dev"
    error_message = "CloudWatch Logs may use the key for other log groups."
  }
  assert {
    condition = (
      jsondecode(aws_iam_role_policy.delivery.policy).Statement[0].Resource
      == "arn:aws:logs:us-east-1:123456789012:log-group:/aws/cloudtrail/billpay-dev:log-stream:123456789012_CloudTrail_us-east-1*"
    )
    error_message = "The delivery role may write to other streams."
  }
}

run "the_log_group_is_encrypted_and_expires" {
  command = apply

  assert {
    condition     = aws_cloudwatch_log_group.audit.kms_key_id == aws_kms_key.audit.arn && aws_cloudwatch_log_group.audit.retention_in_days == 7
    error_message = "The log group isn't encrypted, or kept for too long."
  }
}

run "refuses_bad_values" {
  command = plan
  variables {
    name           = "billpay_dev"
    account        = "123"
    region         = "us"
    retention_days = 10
    boundary_arn   = "boundary"
  }
  expect_failures = [var.name, var.account, var.region, var.retention_days, var.boundary_arn]
}
