output "file_system_id" {
  description = "Id of the file system, for the storage class."
  value       = aws_efs_file_system.this.id
}

output "file_system_arn" {
  description = "ARN of the file system."
  value       = aws_efs_file_system.this.arn
}

output "security_group_id" {
  description = "Id of the file system's security group."
  value       = aws_security_group.efs.id
}
