mock_provider "aws" {
  mock_resource "aws_kms_key" {
    defaults = {
      arn    = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"
      key_id = "00000000-0000-0000-0000-000000000000"
    }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/billpay-prod-backup" }
  }
}

variables {
  name        = "billpay-prod"
  project     = "billpay"
  environment = "prod"
  account     = "123456789012"
  region      = "us-east-1"
  keep_days   = 35
  bucket_arns = {
    techdocs = "arn:aws:s3:::billpay-techdocs-prod-123456789012"
    payment  = "arn:aws:s3:::billpay-frontend-payment-prod-123456789012"
  }
}

run "nightly_and_kept_as_the_spec_says" {
  command = apply

  assert {
    condition = (
      one(aws_backup_plan.this.rule).schedule == "cron(0 3 * * ? *)"
      && one(one(aws_backup_plan.this.rule).lifecycle).delete_after == 35
      && one(aws_backup_plan.this.rule).target_vault_name == "billpay-prod-backup"
    )
    error_message = "Backups aren't made nightly, or not kept 35 days."
  }
}

run "the_vault_is_encrypted_and_stays" {
  command = apply

  assert {
    condition     = aws_backup_vault.this.kms_key_arn == aws_kms_key.backup.arn && aws_kms_key.backup.enable_key_rotation
    error_message = "The vault isn't encrypted with a rotated key of ours."
  }
  assert {
    condition     = aws_backup_vault.this.force_destroy == false
    error_message = "Backups must not go with the vault."
  }
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_kms_key.backup.policy).Statement : statement.Principal.AWS == aws_iam_role.backup.arn
      if statement.Sid != "Account"
    ])
    error_message = "Others than the backup role use the key."
  }
}

run "only_this_environment_is_backed_up" {
  command = apply

  assert {
    condition = toset(aws_backup_selection.named[0].resources) == toset([
      "arn:aws:s3:::billpay-frontend-payment-prod-123456789012",
      "arn:aws:s3:::billpay-techdocs-prod-123456789012",
    ])
    error_message = "Not exactly the environment's buckets are backed up."
  }
  assert {
    condition = { for equal in one(aws_backup_selection.tagged.condition).string_equals : equal.key => equal.value } == {
      "aws:ResourceTag/billpay:environment" = "prod"
      "aws:ResourceTag/billpay:project"     = "billpay"
    }
    error_message = "Volumes of other environments or projects are backed up too."
  }
  assert {
    condition     = length(aws_backup_selection.tagged.condition) == 1 && length(aws_backup_selection.tagged.selection_tag) == 0
    error_message = "The tags must narrow the selection."
  }
  assert {
    condition = one(aws_backup_plan.this.rule).recovery_point_tags == tomap({
      Name                  = "billpay-prod"
      "billpay:environment" = "prod"
      "billpay:project"     = "billpay"
      "billpay:region"      = "us-east-1"
    })
    error_message = "Recovery points must name the environment that they are of."
  }
}

run "nothing_named" {
  command = plan
  variables { bucket_arns = {} }

  assert {
    condition     = length(aws_backup_selection.named) == 0
    error_message = "A selection of nothing is refused by AWS."
  }
}

run "only_aws_backup_takes_the_role" {
  command = plan

  assert {
    condition     = [for statement in jsondecode(aws_iam_role.backup.assume_role_policy).Statement : statement.Principal] == [{ Service = "backup.amazonaws.com" }]
    error_message = "The role's trust is too wide."
  }
}

run "refuses_a_file_system_elsewhere" {
  command = plan
  variables { efs_arns = ["arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/fs-0123456789abcdef0"] }
  expect_failures = [var.efs_arns]
}

run "refuses_bad_values" {
  command = plan
  variables {
    name         = "p"
    project      = "P"
    environment  = "Prod"
    account      = "1"
    keep_days    = 0
    bucket_arns  = { all = "arn:aws:s3:::*" }
    schedule     = "daily"
    boundary_arn = "boundary"
  }
  expect_failures = [
    var.name, var.project, var.environment, var.account, var.keep_days, var.bucket_arns, var.schedule, var.boundary_arn,
  ]
}
