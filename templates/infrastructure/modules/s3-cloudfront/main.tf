# The distributions of the frontends, and what only they use. The buckets are in buckets.tf.

locals {
  # CloudFront's own cache policies, whose ids are the same in every account.
  caching_optimized = "658327ea-f89d-4fab-a63d-7e88639e58f6"
  caching_disabled  = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"

  root_object = "index.html"

  # What names the other files and so must be fresh, or a browser asks for what is gone.
  never_cached = ["/index.html", "/config.json"]

  # S3 answers 403 for what isn't there when the reader may not list the bucket.
  app_instead_of = [403, 404]

  # Owner of what has no tags, in short: CloudFront limits the comment of a headers policy to 128 characters.
  owner = "billpay:owner=${var.project}/${var.environment}/${var.region}"
}

# How CloudFront signs its requests to the bucket. It has no tags, so the description names the owner.
resource "aws_cloudfront_origin_access_control" "frontend" {
  for_each = var.frontends

  name                              = "${var.name}-${each.key}"
  description                       = "${local.owner} billpay:address=s3-cloudfront/origin-access-control.${each.key}"
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

# The security headers that browsers get. It has no tags, so the comment names the owner.
resource "aws_cloudfront_response_headers_policy" "frontend" {
  #checkov:skip=CKV_AWS_259:transport security is strict for two years, but a preload list binds the whole domain, beyond billpay
  for_each = var.frontends

  name    = "${var.name}-${each.key}"
  comment = "${local.owner} billpay:address=s3-cloudfront/headers-policy.${each.key}"

  # Only for who is named: a shell that shows a remote, a frontend that reads another one's JSON.
  dynamic "cors_config" {
    for_each = length(each.value.allowed_origins) > 0 ? [each.value.allowed_origins] : []

    content {
      access_control_allow_credentials = false
      access_control_max_age_sec       = 600
      origin_override                  = true

      access_control_allow_headers {
        items = ["*"]
      }

      access_control_allow_methods {
        items = ["GET", "HEAD"]
      }

      access_control_allow_origins {
        items = cors_config.value
      }
    }
  }

  security_headers_config {
    dynamic "content_security_policy" {
      for_each = each.value.content_security_policy == "" ? [] : [each.value.content_security_policy]

      content {
        content_security_policy = content_security_policy.value
        override                = true
      }
    }

    content_type_options {
      override = true
    }

    frame_options {
      frame_option = "DENY"
      override     = true
    }

    referrer_policy {
      referrer_policy = "strict-origin-when-cross-origin"
      override        = true
    }

    strict_transport_security {
      access_control_max_age_sec = 63072000 # two years
      include_subdomains         = true
      preload                    = false
      override                   = true
    }
  }
}

resource "aws_cloudfront_distribution" "frontend" {
  #checkov:skip=CKV_AWS_68:static files behind origin access control, read only, are nothing that a web ACL would protect
  #checkov:skip=CKV2_AWS_47:the same, no code runs behind these distributions that Log4j could be in
  #checkov:skip=CKV_AWS_86:access logs would hold people's addresses, and the platform counts requests by metrics instead
  #checkov:skip=CKV_AWS_310:the one origin is S3, which is in several zones by itself
  #checkov:skip=CKV_AWS_374:customers may be anywhere, the platform restricts no country
  for_each = var.frontends

  comment             = "${var.name}-${each.key}"
  enabled             = true
  price_class         = each.value.price_class
  http_version        = "http2and3"
  is_ipv6_enabled     = true
  default_root_object = local.root_object
  aliases             = each.value.domain == null ? [] : [each.value.domain]

  # Through the bucket, not beside it: a distribution of a bucket that isn't there would
  # serve whatever somebody else puts under that name.
  origin {
    origin_id                = "bucket"
    domain_name              = "${aws_s3_bucket.this[each.key].id}.s3.${var.region}.amazonaws.com"
    origin_access_control_id = aws_cloudfront_origin_access_control.frontend[each.key].id
  }

  dynamic "ordered_cache_behavior" {
    for_each = local.never_cached

    content {
      path_pattern               = ordered_cache_behavior.value
      target_origin_id           = "bucket"
      viewer_protocol_policy     = "redirect-to-https"
      allowed_methods            = ["GET", "HEAD", "OPTIONS"]
      cached_methods             = ["GET", "HEAD"]
      compress                   = true
      cache_policy_id            = local.caching_disabled
      response_headers_policy_id = aws_cloudfront_response_headers_policy.frontend[each.key].id
    }
  }

  default_cache_behavior {
    target_origin_id           = "bucket"
    viewer_protocol_policy     = "redirect-to-https"
    allowed_methods            = ["GET", "HEAD", "OPTIONS"]
    cached_methods             = ["GET", "HEAD"]
    compress                   = true
    cache_policy_id            = local.caching_optimized
    response_headers_policy_id = aws_cloudfront_response_headers_policy.frontend[each.key].id
  }

  dynamic "custom_error_response" {
    for_each = each.value.spa ? local.app_instead_of : []

    content {
      error_code            = custom_error_response.value
      response_code         = 200
      response_page_path    = "/${local.root_object}"
      error_caching_min_ttl = 10
    }
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  # CloudFront's own certificate comes with TLSv1, whatever is asked for.
  viewer_certificate {
    cloudfront_default_certificate = each.value.certificate == null
    acm_certificate_arn            = each.value.certificate
    ssl_support_method             = each.value.certificate == null ? null : "sni-only"
    minimum_protocol_version       = each.value.certificate == null ? "TLSv1" : "TLSv1.2_2021"
  }

  tags = {
    Name              = "${var.name}-${each.key}"
    "billpay:address" = "s3-cloudfront/distribution.${each.key}"
  }
}
