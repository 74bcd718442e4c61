mock_provider "aws" {}

variables {
  name   = "billpay"
  region = "us-east-1"
}

run "github_gets_in_and_nothing_else_is_made" {
  command = plan

  assert {
    condition = (
      aws_iam_openid_connect_provider.github[0].url == "https://token.actions.githubusercontent.com" &&
      aws_iam_openid_connect_provider.github[0].client_id_list == toset(["sts.amazonaws.com"])
    )
    error_message = "Tokens of GitHub's issuer, made for AWS STS, and no others."
  }
  assert {
    condition     = aws_iam_openid_connect_provider.github[0].tags == tomap({ Name = "billpay-github" })
    error_message = "It belongs to no environment, so it has none of billpay's own tags."
  }
  assert {
    condition     = length(aws_guardduty_detector.detector) == 0 && output.guardduty_detector_id == null
    error_message = "GuardDuty is an option."
  }
}

run "guardduty_and_a_provider_that_is_there" {
  command = plan

  variables {
    github_oidc = false
    guardduty   = true
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 0 && output.github_oidc_provider_arn == null
    error_message = "The account's own provider stays as it is."
  }
  assert {
    condition     = aws_guardduty_detector.detector[0].enable
    error_message = "GuardDuty is on."
  }
}

run "name_is_checked" {
  command = plan
  variables {
    name = "BillPay"
  }
  expect_failures = [var.name]
}

run "region_is_checked" {
  command = plan
  variables {
    region = "virginia"
  }
  expect_failures = [var.region]
}
