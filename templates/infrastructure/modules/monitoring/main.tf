# Where alarms go, and the logs that no other module keeps. Alarms are in alarms.tf, the
# dashboard in dashboard.tf, traces in tracing.tf, who may use the key and the topic in
# policies.tf.

resource "aws_kms_key" "monitoring" {
  description             = "Encrypts alarm notifications and logs of ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = jsonencode(local.key_policy)

  tags = { Name = "${var.name}-monitoring" }
}

resource "aws_kms_alias" "monitoring" {
  name          = "alias/${var.name}-monitoring"
  target_key_id = aws_kms_key.monitoring.key_id
}

resource "aws_sns_topic" "alarms" {
  name              = local.topic_name
  display_name      = "${var.project} ${var.environment}" # the sender of the mails
  kms_master_key_id = aws_kms_key.monitoring.arn

  tags = { Name = local.topic_name }
}

resource "aws_sns_topic_policy" "alarms" {
  arn    = aws_sns_topic.alarms.arn
  policy = jsonencode(local.topic_policy)
}

# AWS asks each address whether it wants the mails; until it says yes nothing is sent there.
resource "aws_sns_topic_subscription" "mail" {
  for_each = toset(var.notify)

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.value
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = local.log_groups

  #checkov:skip=CKV_AWS_338:how long logs are kept is decided in the spec: a week in dev, a year in prod
  name              = each.value
  retention_in_days = var.retention_days
  kms_key_id        = aws_kms_key.monitoring.arn

  tags = { Name = each.value }
}
