# What is refused before anything is made.

mock_provider "aws" {}

variables {
  name        = "billpay-dev"
  project     = "billpay"
  environment = "dev"
  account     = "123456789012"
  region      = "us-east-1"
  frontends   = { payment = { bucket = "billpay-frontend-payment-dev-123456789012", spa = true, content_security_policy = "default-src 'self'" } }
}

run "name_with_capitals" {
  command = plan

  variables {
    name = "billpay-Web-dev"
  }

  expect_failures = [var.name]
}

run "project_that_name_does_not_begin_with" {
  command = plan

  variables {
    project = "other"
  }

  expect_failures = [var.project]
}

run "environment_that_name_does_not_end_with" {
  command = plan

  variables {
    environment = "prod"
    frontends   = {}
  }

  expect_failures = [var.environment]
}

run "account_that_is_too_short" {
  command = plan

  variables {
    account   = "12345"
    frontends = {}
  }

  expect_failures = [var.account]
}

run "region_that_is_none" {
  command = plan

  variables {
    region = "virginia"
  }

  expect_failures = [var.region]
}

run "frontend_name_with_capitals" {
  command = plan

  variables {
    frontends = { Payment = { bucket = "billpay-frontend-payment-dev-123456789012", spa = true, content_security_policy = "default-src 'self'" } }
  }

  expect_failures = [var.frontends]
}

run "frontend_name_that_is_too_long" {
  command = plan

  variables {
    frontends = { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" = { bucket = "billpay-frontend-payment-dev-123456789012", spa = true, content_security_policy = "default-src 'self'" } }
  }

  expect_failures = [var.frontends]
}

run "frontend_name_too_long_for_the_comment" {
  command = plan

  # 50 characters: within the 64 of a CloudFront name, beyond the 128 of a comment.
  variables {
    frontends = { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" = { bucket = "billpay-frontend-payment-dev-123456789012", spa = true, content_security_policy = "default-src 'self'" } }
  }

  expect_failures = [var.frontends]
}

run "bucket_of_another_environment" {
  command = plan

  variables {
    frontends = { payment = { bucket = "billpay-frontend-payment-prod-123456789012", spa = true, content_security_policy = "default-src 'self'" } }
  }

  expect_failures = [var.frontends]
}

run "domain_without_certificate" {
  command = plan

  variables {
    frontends = { payment = { bucket = "billpay-frontend-payment-dev-123456789012", spa = true, content_security_policy = "default-src 'self'", domain = "payments.billpay.com" } }
  }

  expect_failures = [var.frontends]
}

run "domain_that_is_a_url" {
  command = plan

  variables {
    frontends = { payment = { bucket = "billpay-frontend-payment-dev-123456789012", spa = true, content_security_policy = "default-src 'self'", domain = "https://payments.billpay.com/", certificate = "arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d-0000-4000-8000-000000000000" } }
  }

  expect_failures = [var.frontends]
}

run "certificate_in_another_region" {
  command = plan

  variables {
    frontends = { payment = { bucket = "billpay-frontend-payment-dev-123456789012", spa = true, content_security_policy = "default-src 'self'", domain = "payments.billpay.com", certificate = "arn:aws:acm:eu-west-1:123456789012:certificate/0a1b2c3d-0000-4000-8000-000000000000" } }
  }

  expect_failures = [var.frontends]
}

run "certificate_of_another_account" {
  command = plan

  variables {
    frontends = { payment = { bucket = "billpay-frontend-payment-dev-123456789012", spa = true, content_security_policy = "default-src 'self'", domain = "payments.billpay.com", certificate = "arn:aws:acm:us-east-1:210987654321:certificate/0a1b2c3d-0000-4000-8000-000000000000" } }
  }

  expect_failures = [var.frontends]
}

run "price_class_that_is_none" {
  command = plan

  variables {
    frontends = { payment = { bucket = "billpay-frontend-payment-dev-123456789012", spa = true, content_security_policy = "default-src 'self'", price_class = "100" } }
  }

  expect_failures = [var.frontends]
}

run "content_security_policy_of_two_lines" {
  command = plan

  variables {
    frontends = { payment = { bucket = "billpay-frontend-payment-dev-123456789012", spa = true, content_security_policy = "default-src 'self';\nX-Other: header" } }
  }

  expect_failures = [var.frontends]
}

run "allowed_origin_that_is_a_pattern" {
  command = plan

  variables {
    frontends = { payment = { bucket = "billpay-frontend-payment-dev-123456789012", spa = true, content_security_policy = "default-src 'self'", allowed_origins = ["https://*.billpay.com"] } }
  }

  expect_failures = [var.frontends]
}

run "same_domain_twice" {
  command = plan

  variables {
    frontends = {
      payment = { bucket = "billpay-frontend-payment-dev-123456789012", spa = true, content_security_policy = "default-src 'self'", domain = "pay.billpay.com", certificate = "arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d-0000-4000-8000-000000000000" }
      admin   = { bucket = "billpay-frontend-admin-dev-123456789012", spa = true, content_security_policy = "default-src 'self'", domain = "pay.billpay.com", certificate = "arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d-0000-4000-8000-000000000000" }
    }
  }

  expect_failures = [var.frontends]
}

run "bucket_named_as_a_frontend" {
  command = plan

  variables {
    buckets = { payment = { name = "billpay-docs-dev-123456789012", expire_old_versions_days = 30 } }
  }

  expect_failures = [var.buckets]
}

run "bucket_without_the_account" {
  command = plan

  variables {
    buckets = { docs = { name = "billpay-docs", expire_old_versions_days = 30 } }
  }

  expect_failures = [var.buckets]
}

run "old_versions_that_never_stay" {
  command = plan

  variables {
    buckets = { docs = { name = "billpay-docs-dev-123456789012", expire_old_versions_days = 0 } }
  }

  expect_failures = [var.buckets]
}

run "same_bucket_twice" {
  command = plan

  variables {
    buckets = { docs = { name = "billpay-frontend-payment-dev-123456789012", expire_old_versions_days = 30 } }
  }

  expect_failures = [var.buckets]
}
