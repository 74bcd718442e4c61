locals {
  topic_name = "${var.name}-alarms"

  # Computed, not read from the resources: the policies are needed to make them.
  topic_arn      = "arn:aws:sns:${var.region}:${var.account}:${local.topic_name}"
  alarm_arns     = "arn:aws:cloudwatch:${var.region}:${var.account}:alarm:${var.name}-*"
  log_group_arns = [for name in values(local.log_groups) : "arn:aws:logs:${var.region}:${var.account}:log-group:${name}"]

  # The cluster's own log group belongs to the eks module.
  log_groups = {
    functions   = "/aws/lambda/${var.name}"
    api-gateway = "/aws/apigateway/${var.name}"
  }

  # Environments may share an account, so their metrics must not be told apart by name only.
  dimensions = var.dimensions == null ? { Environment = var.environment } : var.dimensions

  # What is needed of each published metric, by "Namespace/Metric".
  metrics = merge([
    for namespace, names in var.metrics : {
      for name in names : "${namespace}/${name}" => {
        namespace = namespace
        name      = name
        # Things that are counted are summed up; what is measured is averaged.
        stat = can(regex("(Count|Views|Requests|Errors)$", name)) ? "Sum" : "Average"
      }
    }
  ]...)

  scales_out = anytrue([for alarm in var.alarms : alarm.then == "scale-out"])
}
