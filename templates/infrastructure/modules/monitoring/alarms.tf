# The spec's alarms: three minutes of the last five above the threshold.

locals {
  # The spec's units as CloudWatch writes them. An alarm sees only the values that were
  # published in its unit.
  units = {
    percent      = "Percent"
    milliseconds = "Milliseconds"
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = var.alarms

  alarm_name        = "${var.name}-${each.key}"
  alarm_description = "${each.value.metric} above ${each.value.above} ${each.value.unit} in ${var.environment}"

  namespace   = local.metrics[each.value.metric].namespace
  metric_name = local.metrics[each.value.metric].name
  dimensions  = local.dimensions
  statistic   = "Average" # of percentages and times; a sum of them says nothing
  unit        = local.units[each.value.unit]

  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  # A service without requests publishes nothing, which is neither slow nor wrong; and no
  # data must never add nodes.
  treat_missing_data = "notBreaching"

  alarm_actions = concat(
    [aws_sns_topic.alarms.arn],
    each.value.then == "scale-out" ? [for policy in aws_autoscaling_policy.add_node : policy.arn] : [],
  )
  ok_actions = [aws_sns_topic.alarms.arn]

  tags = { Name = "${var.name}-${each.key}" }

  lifecycle {
    precondition {
      condition     = each.value.then != "scale-out" || length(var.autoscaling_groups) <= 4
      error_message = "CloudWatch allows five actions per alarm: the topic and four autoscaling groups."
    }
  }
}

# Adds a node, and waits until it can help before adding another. The group's own maximum
# bounds it. By node group: what EKS calls the groups is not known before they are made.
resource "aws_autoscaling_policy" "add_node" {
  for_each = local.scales_out ? var.autoscaling_groups : {}

  name                      = "${var.name}-add-node"
  autoscaling_group_name    = each.value
  policy_type               = "StepScaling"
  adjustment_type           = "ChangeInCapacity"
  estimated_instance_warmup = 300

  step_adjustment {
    metric_interval_lower_bound = 0
    scaling_adjustment          = 1
  }
}
