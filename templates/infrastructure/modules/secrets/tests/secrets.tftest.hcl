mock_provider "aws" {
  mock_resource "aws_kms_key" {
    defaults = {
      arn    = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"
      key_id = "00000000-0000-0000-0000-000000000000"
    }
  }
  mock_resource "aws_secretsmanager_secret" {
    defaults = { arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:mock-AbCdEf" }
  }
}

variables {
  name    = "billpay-dev"
  account = "123456789012"
  region  = "us-east-1"
  secrets = {
    "billpay/api/keys"   = { name = "billpay/api/keys-dev", description = "Keys of the payment providers", rotation_days = 90 }
    "billpay/jwt/secret" = { name = "billpay/jwt/secret-dev", description = "Key that signs sessions" }
  }
  reader_role_names = ["billpay-dev-backend-api", "billpay-dev-admin-service"]
}

run "every_secret_uses_the_rotated_key" {
  command = apply

  assert {
    condition     = aws_kms_key.secrets.enable_key_rotation
    error_message = "The key isn't rotated."
  }
  assert {
    condition     = alltrue([for secret in aws_secretsmanager_secret.this : secret.kms_key_id == aws_kms_key.secrets.arn])
    error_message = "A secret isn't encrypted with the environment's key."
  }
  assert {
    condition     = keys(output.secret_arns) == ["billpay/api/keys", "billpay/jwt/secret"]
    error_message = "secret_arns hasn't one entry per secret."
  }
  assert {
    condition     = alltrue([for secret in aws_secretsmanager_secret.this : secret.recovery_window_in_days == 30])
    error_message = "A deleted secret must be recoverable by default."
  }
}

run "the_key_is_used_through_secrets_manager_only" {
  command = plan

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_kms_key.secrets.policy).Statement :
      try(statement.Condition.StringEquals["kms:ViaService"], null) == "secretsmanager.us-east-1.amazonaws.com"
      && try(statement.Condition.StringEquals["kms:CallerAccount"], null) == "123456789012"
      if statement.Sid != "ManageKey"
    ])
    error_message = "The key can be used without Secrets Manager."
  }
  assert {
    condition = alltrue([
      for action in one([for s in jsondecode(aws_kms_key.secrets.policy).Statement : s.Action if s.Sid == "ManageKey"]) :
      !contains(["kms:*", "kms:Decrypt", "kms:CreateGrant", "kms:Encrypt"], action)
    ])
    error_message = "Managing the key must not include using it."
  }
  assert {
    condition = one([
      for s in jsondecode(aws_kms_key.secrets.policy).Statement : s.Condition.ArnEquals["aws:PrincipalArn"] if s.Sid == "ReadSecrets"
      ]) == [
      "arn:aws:iam::123456789012:role/billpay-dev-admin-service",
      "arn:aws:iam::123456789012:role/billpay-dev-backend-api",
    ]
    error_message = "Others than the reader roles may decrypt."
  }
}

run "without_readers_nobody_is_let_in" {
  command = plan
  variables { reader_role_names = [] }

  assert {
    condition     = !anytrue([for s in jsondecode(aws_kms_key.secrets.policy).Statement : s.Principal.AWS == "*"])
    error_message = "A statement for readers without readers lets everybody in."
  }
}

run "rotation_only_with_a_function" {
  command = plan

  assert {
    condition     = length(aws_secretsmanager_secret_rotation.this) == 0 && length(aws_lambda_permission.rotation) == 0
    error_message = "A rotation without a function can't work."
  }
}

run "rotation_with_a_function" {
  command = apply
  variables {
    secrets = {
      keys = {
        name                  = "billpay/api/keys-dev"
        description           = "Keys"
        rotation_days         = 90
        rotation_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:rotate-keys"
      }
    }
  }

  assert {
    condition     = aws_secretsmanager_secret_rotation.this["keys"].rotation_rules[0].automatically_after_days == 90
    error_message = "The secret isn't rotated as the spec says."
  }
  assert {
    condition = (
      aws_lambda_permission.rotation["keys"].source_account == "123456789012"
      && aws_lambda_permission.rotation["keys"].source_arn == aws_secretsmanager_secret.this["keys"].arn
    )
    error_message = "The function can be called for other secrets."
  }
}

run "refuses_a_function_without_days" {
  command = plan
  variables {
    secrets = { keys = { name = "keys", description = "", rotation_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:f" } }
  }
  expect_failures = [var.secrets]
}

run "refuses_what_is_not_a_function" {
  command = plan
  variables {
    secrets = { keys = { name = "keys", description = "", rotation_days = 30, rotation_function_arn = "rotate-keys" } }
  }
  expect_failures = [var.secrets]
}

run "refuses_too_many_days" {
  command = plan
  variables {
    secrets = { keys = { name = "keys", description = "", rotation_days = 1001 } }
  }
  expect_failures = [var.secrets]
}

run "refuses_one_name_twice" {
  command = plan
  variables {
    secrets = { a = { name = "keys", description = "" }, b = { name = "keys", description = "" } }
  }
  expect_failures = [var.secrets]
}

run "refuses_bad_names" {
  command = plan
  variables {
    name              = "BillPay"
    account           = "1234"
    region            = "virginia"
    secrets           = { keys = { name = "api keys", description = "" } }
    reader_role_names = ["billpay-dev-*"]
  }
  expect_failures = [var.name, var.account, var.region, var.secrets, var.reader_role_names]
}

run "refuses_a_short_recovery_window" {
  command = plan
  variables { recovery_window_days = 3 }
  expect_failures = [var.recovery_window_days]
}
