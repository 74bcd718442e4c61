mock_provider "aws" {}

variables {
  repositories = {
    backend-api     = "billpay-backend-api-dev"
    payment-service = "billpay-payment-service-dev"
  }
}

run "safe_by_default" {
  command = apply

  assert {
    condition = alltrue([
      for repository in values(aws_ecr_repository.repository) :
      repository.image_tag_mutability == "IMMUTABLE" &&
      repository.image_scanning_configuration[0].scan_on_push &&
      repository.encryption_configuration[0].encryption_type == "AES256" &&
      !repository.force_delete
    ])
    error_message = "Tags are immutable, images scanned and encrypted, and full repositories kept."
  }
  assert {
    condition     = aws_ecr_repository.repository["backend-api"].tags["billpay:address"] == "ecr/repository.backend-api"
    error_message = "The address tag is that of billpay's own engine."
  }
  assert {
    condition     = toset(keys(output.repository_urls)) == toset(["backend-api", "payment-service"])
    error_message = "Outputs are by service."
  }
}

run "images_expire_as_told" {
  command = apply

  variables {
    keep_images          = 5
    expire_untagged_days = 2
    immutable_tags       = false
    scan_on_push         = false
  }

  assert {
    condition = (
      jsondecode(aws_ecr_lifecycle_policy.policy["backend-api"].policy).rules[0].selection.countNumber == 2 &&
      jsondecode(aws_ecr_lifecycle_policy.policy["backend-api"].policy).rules[1].selection.countNumber == 5
    )
    error_message = "The lifecycle policy has the numbers of the spec."
  }
  assert {
    condition = (
      aws_ecr_repository.repository["backend-api"].image_tag_mutability == "MUTABLE" &&
      !aws_ecr_repository.repository["backend-api"].image_scanning_configuration[0].scan_on_push
    )
    error_message = "Both can be switched off."
  }
}

run "names_are_checked" {
  command = plan
  variables {
    repositories = { backend-api = "billpay--backend" }
  }
  expect_failures = [var.repositories]
}

run "two_services_do_not_share" {
  command = plan
  variables {
    repositories = { a = "billpay-a-dev", b = "billpay-a-dev" }
  }
  expect_failures = [var.repositories]
}

run "at_least_one_image_is_kept" {
  command = plan
  variables {
    keep_images = 0
  }
  expect_failures = [var.keep_images]
}

run "whole_days_only" {
  command = plan
  variables {
    expire_untagged_days = 1.5
  }
  expect_failures = [var.expire_untagged_days]
}
