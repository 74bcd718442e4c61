output "topic_arn" {
  description = "ARN of the topic that alarms are published to."
  value       = aws_sns_topic.alarms.arn
}

output "alarm_arns" {
  description = "ARNs of the alarms, by name in the spec."
  value       = { for key, alarm in aws_cloudwatch_metric_alarm.this : key => alarm.arn }
}

output "dashboard_name" {
  description = "Name of the dashboard; null where none is made."
  value       = one(aws_cloudwatch_dashboard.this[*].dashboard_name)
}

output "log_group_names" {
  description = "Names of the log groups: functions, api-gateway."
  value       = { for key, group in aws_cloudwatch_log_group.this : key => group.name }
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts the topic and the log groups."
  value       = aws_kms_key.monitoring.arn
}

output "collector_role_arn" {
  description = "ARN of the trace collector's role; null without X-Ray."
  value       = one(aws_iam_role.collector[*].arn)
}
