# What the buckets and distributions are set to.

mock_provider "aws" {
  mock_resource "aws_cloudfront_distribution" {
    defaults = { arn = "arn:aws:cloudfront::123456789012:distribution/E1" }
  }
}

variables {
  name        = "billpay-dev"
  project     = "billpay"
  environment = "dev"
  account     = "123456789012"
  region      = "us-east-1"
  frontends = {
    payment = {
      bucket                  = "billpay-frontend-payment-dev-123456789012"
      domain                  = "payments.dev.billpay.com"
      certificate             = "arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d-0000-4000-8000-000000000000"
      spa                     = true
      content_security_policy = "default-src 'self'"
    }
    feature-flags = {
      bucket                  = "billpay-feature-flags-dev-123456789012"
      spa                     = false
      price_class             = "PriceClass_All"
      content_security_policy = ""
      allowed_origins         = ["https://payments.dev.billpay.com"]
    }
  }
  buckets = { techdocs = { name = "billpay-techdocs-dev-123456789012", expire_old_versions_days = 90 } }
}

run "buckets_are_private_encrypted_and_versioned" {
  command = plan

  assert {
    condition     = toset(keys(aws_s3_bucket.this)) == toset(["payment", "feature-flags", "techdocs"])
    error_message = "Every frontend and every other bucket gets a bucket."
  }

  assert {
    condition = alltrue([
      for block in values(aws_s3_bucket_public_access_block.this) :
      block.block_public_acls && block.ignore_public_acls && block.block_public_policy && block.restrict_public_buckets
    ])
    error_message = "Every way to make a bucket public is blocked."
  }

  assert {
    condition = alltrue([
      for encryption in values(aws_s3_bucket_server_side_encryption_configuration.this) :
      one(one(encryption.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    ])
    error_message = "Every bucket is encrypted."
  }

  assert {
    condition     = alltrue([for versioning in values(aws_s3_bucket_versioning.this) : versioning.versioning_configuration[0].status == "Enabled"])
    error_message = "Every bucket is versioned."
  }

  assert {
    condition     = !anytrue([for bucket in values(aws_s3_bucket.this) : bucket.force_destroy])
    error_message = "A bucket with objects stays unless that is asked for."
  }

  assert {
    condition = {
      for key, lifecycle in aws_s3_bucket_lifecycle_configuration.this :
      key => lifecycle.rule[0].noncurrent_version_expiration[0].noncurrent_days
    } == { payment = 30, feature-flags = 30, techdocs = 90 }
    error_message = "Old versions stay 30 days in a frontend's bucket, and as long as asked for in another."
  }
}

run "only_its_distribution_reads_a_bucket" {
  assert {
    condition = alltrue([
      for policy in values(aws_s3_bucket_policy.this) : one([
        for statement in jsondecode(policy.policy).Statement :
        "${statement.Action} ${statement.Condition.Bool["aws:SecureTransport"]}" if statement.Effect == "Deny"
      ]) == "s3:* false"
    ])
    error_message = "Every bucket refuses connections in the clear."
  }

  assert {
    condition = { for key, policy in aws_s3_bucket_policy.this : key => [
      for statement in jsondecode(policy.policy).Statement :
      "${statement.Action} ${statement.Condition.StringEquals["AWS:SourceArn"]}" if statement.Effect == "Allow"
      ] } == {
      payment       = ["s3:GetObject arn:aws:cloudfront::123456789012:distribution/E1"]
      feature-flags = ["s3:GetObject arn:aws:cloudfront::123456789012:distribution/E1"]
      techdocs      = []
    }
    error_message = "A frontend's bucket may be read by its own distribution only, another bucket by none."
  }
}

run "distributions_are_https_only" {
  command = plan

  assert {
    condition = alltrue([
      for distribution in values(aws_cloudfront_distribution.frontend) :
      alltrue([for behavior in concat(distribution.default_cache_behavior, distribution.ordered_cache_behavior) : behavior.viewer_protocol_policy == "redirect-to-https"])
    ])
    error_message = "Nothing is answered over plain HTTP."
  }

  assert {
    condition = (
      aws_cloudfront_distribution.frontend["payment"].viewer_certificate[0].minimum_protocol_version == "TLSv1.2_2021"
      && aws_cloudfront_distribution.frontend["payment"].aliases == toset(["payments.dev.billpay.com"])
      && aws_cloudfront_distribution.frontend["feature-flags"].viewer_certificate[0].cloudfront_default_certificate
      && length(aws_cloudfront_distribution.frontend["feature-flags"].aliases) == 0
    )
    error_message = "A domain comes with its certificate and TLS 1.2; without one, CloudFront's own name and certificate serve."
  }

  assert {
    condition = (
      aws_cloudfront_distribution.frontend["payment"].custom_error_response[*].error_code == tolist([403, 404])
      && length(aws_cloudfront_distribution.frontend["feature-flags"].custom_error_response) == 0
    )
    error_message = "Only a single-page application answers unknown paths with its page."
  }

  assert {
    condition = (
      aws_cloudfront_distribution.frontend["payment"].price_class == "PriceClass_100"
      && aws_cloudfront_distribution.frontend["feature-flags"].price_class == "PriceClass_All"
    )
    error_message = "The price class is the one asked for, else the cheapest."
  }

  assert {
    condition     = [for behavior in aws_cloudfront_distribution.frontend["payment"].ordered_cache_behavior : behavior.path_pattern] == ["/index.html", "/config.json"]
    error_message = "What names the other files is not cached."
  }

  assert {
    condition = (
      length(aws_cloudfront_response_headers_policy.frontend["payment"].security_headers_config[0].content_security_policy) == 1
      && length(aws_cloudfront_response_headers_policy.frontend["feature-flags"].security_headers_config[0].content_security_policy) == 0
    )
    error_message = "An empty content security policy is no header."
  }

  assert {
    condition = (
      length(aws_cloudfront_response_headers_policy.frontend["payment"].cors_config) == 0
      && tolist(aws_cloudfront_response_headers_policy.frontend["feature-flags"].cors_config[0].access_control_allow_origins[0].items) == tolist(["https://payments.dev.billpay.com"])
    )
    error_message = "Only the sites that are named may load a frontend's files."
  }
}

run "marks_are_billpays" {
  command = plan

  assert {
    condition = (
      aws_s3_bucket.this["techdocs"].tags["billpay:address"] == "s3-cloudfront/bucket.techdocs"
      && aws_cloudfront_distribution.frontend["payment"].tags["billpay:address"] == "s3-cloudfront/distribution.payment"
      && aws_cloudfront_origin_access_control.frontend["payment"].description == "billpay:owner=billpay/dev/us-east-1 billpay:address=s3-cloudfront/origin-access-control.payment"
      && aws_cloudfront_response_headers_policy.frontend["payment"].comment == "billpay:owner=billpay/dev/us-east-1 billpay:address=s3-cloudfront/headers-policy.payment"
    )
    error_message = "Every resource says at which address of billpay it is."
  }
}
