output "vault_arn" {
  description = "ARN of the vault that holds the backups."
  value       = aws_backup_vault.this.arn
}

output "plan_id" {
  description = "Id of the backup plan."
  value       = aws_backup_plan.this.id
}
