output "secret_arns" {
  description = "ARNs of the secrets, by their name in the spec."
  value       = { for key, secret in aws_secretsmanager_secret.this : key => secret.arn }
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts the environment's secrets."
  value       = aws_kms_key.secrets.arn
}
