output "trail_arn" {
  description = "ARN of the trail."
  value       = aws_cloudtrail.this.arn
}

output "bucket_name" {
  description = "Name of the bucket that keeps the log files."
  value       = aws_s3_bucket.audit.id
}

output "log_group_name" {
  description = "Name of the log group with the same events."
  value       = aws_cloudwatch_log_group.audit.name
}
