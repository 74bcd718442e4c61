# The buckets of the frontends and the others: all private, encrypted and versioned alike.

locals {
  # How long a frontend's replaced files stay, so that a page that a browser still shows keeps
  # its scripts, and a bad upload can be undone.
  frontend_old_versions_days = 30

  buckets = merge(
    { for name, frontend in var.frontends : name => { name = frontend.bucket, days = local.frontend_old_versions_days } },
    { for name, bucket in var.buckets : name => { name = bucket.name, days = bucket.expire_old_versions_days } },
  )

  # Nobody, not even the account's own, may use a bucket over a connection in the clear.
  tls_only = {
    for key, bucket in local.buckets : key => {
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = ["arn:aws:s3:::${bucket.name}", "arn:aws:s3:::${bucket.name}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }
  }

  # CloudFront may read, but only for this one distribution: without the condition anybody's
  # distribution could show what is in the bucket.
  read_by_distribution = {
    for key, frontend in var.frontends : key => {
      Sid       = "ReadByDistribution"
      Effect    = "Allow"
      Principal = { Service = "cloudfront.amazonaws.com" }
      Action    = "s3:GetObject"
      Resource  = "arn:aws:s3:::${frontend.bucket}/*"
      Condition = { StringEquals = { "AWS:SourceArn" = aws_cloudfront_distribution.frontend[key].arn } }
    }
  }
}

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_144:what is in these buckets is built from Git and can be uploaded again, so no copy in another region
  #checkov:skip=CKV_AWS_18:access logs would hold people's addresses, and CloudTrail records who changes a bucket
  #checkov:skip=CKV_AWS_145:what everybody may download needs no key of its own, and CloudFront may not use the key that AWS manages for S3
  #checkov:skip=CKV2_AWS_62:nothing waits for events of these buckets
  for_each = local.buckets

  bucket        = each.value.name
  force_destroy = var.force_destroy

  tags = {
    Name              = each.value.name
    "billpay:address" = "s3-cloudfront/bucket.${each.key}"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = local.buckets

  bucket                  = aws_s3_bucket.this[each.key].id
  block_public_acls       = true
  ignore_public_acls      = true
  block_public_policy     = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id

  versioning_configuration {
    status = "Enabled"
  }
}

# Old versions go after some days, what was half uploaded after a week, and markers of deleted
# objects with their last version.
resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id

  rule {
    id     = "tidy"
    status = "Enabled"

    filter {
      prefix = ""
    }

    expiration {
      expired_object_delete_marker = true
    }

    noncurrent_version_expiration {
      noncurrent_days = each.value.days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  # Old versions are there only once versioning is on.
  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_policy" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [local.tls_only[each.key]],
      [for key, statement in local.read_by_distribution : statement if key == each.key],
    )
  })

  # S3 refuses two changes of one bucket's access at once.
  depends_on = [aws_s3_bucket_public_access_block.this]
}
