output "bucket_names" {
  description = "Physical names of the buckets, by the names of the frontends and of the other buckets."
  value       = { for key, bucket in aws_s3_bucket.this : key => bucket.id }
}

output "bucket_arns" {
  description = "ARNs of the buckets, by the same names."
  value       = { for key, bucket in aws_s3_bucket.this : key => bucket.arn }
}

output "distribution_ids" {
  description = "Ids of the distributions, by the names of the frontends."
  value       = { for key, distribution in aws_cloudfront_distribution.frontend : key => distribution.id }
}

output "distribution_arns" {
  description = "ARNs of the distributions, by the names of the frontends."
  value       = { for key, distribution in aws_cloudfront_distribution.frontend : key => distribution.arn }
}

output "distribution_domains" {
  description = "Where the distributions are reached: the target of an alias record, by the names of the frontends."
  value = {
    for key, distribution in aws_cloudfront_distribution.frontend : key => {
      domain_name    = distribution.domain_name
      hosted_zone_id = distribution.hosted_zone_id
    }
  }
}
