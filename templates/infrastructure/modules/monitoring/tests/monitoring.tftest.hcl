mock_provider "aws" {
  mock_resource "aws_kms_key" {
    defaults = {
      arn    = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"
      key_id = "00000000-0000-0000-0000-000000000000"
    }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:us-east-1:123456789012:billpay-dev-alarms" }
  }
  mock_resource "aws_cloudwatch_metric_alarm" {
    defaults = { arn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:mock" }
  }
  mock_resource "aws_autoscaling_policy" {
    defaults = { arn = "arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:00000000-0000-0000-0000-000000000000:autoScalingGroupName/mock:policyName/mock" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mock", id = "mock" }
  }
}

variables {
  name           = "billpay-dev"
  environment    = "dev"
  account        = "123456789012"
  region         = "us-east-1"
  project        = "billpay"
  cluster_name   = "billpay-cluster-dev"
  retention_days = 7
  metrics = {
    "BillPay/Backend"  = ["RequestCount", "ResponseTime", "ErrorRate"]
    "BillPay/Frontend" = ["PageViews", "LoadTime", "ErrorRate"]
  }
  alarms = {
    HighErrorRate    = { metric = "BillPay/Backend/ErrorRate", above = 5, unit = "percent", then = "notify" }
    HighResponseTime = { metric = "BillPay/Backend/ResponseTime", above = 2000, unit = "milliseconds", then = "scale-out" }
  }
  autoscaling_groups = { billpay-nodes = "eks-billpay-nodes-a" }
  distribution_ids   = { payment = "E2QWRUHAPOMQZL" }
}

run "alarms_are_as_the_spec_says" {
  command = apply

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.this["HighErrorRate"].namespace == "BillPay/Backend"
      && aws_cloudwatch_metric_alarm.this["HighErrorRate"].metric_name == "ErrorRate"
      && aws_cloudwatch_metric_alarm.this["HighErrorRate"].unit == "Percent"
      && aws_cloudwatch_metric_alarm.this["HighErrorRate"].threshold == 5
      && aws_cloudwatch_metric_alarm.this["HighErrorRate"].comparison_operator == "GreaterThanThreshold"
    )
    error_message = "HighErrorRate isn't 5 percent of BillPay/Backend's ErrorRate."
  }
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.this["HighResponseTime"].unit == "Milliseconds"
      && aws_cloudwatch_metric_alarm.this["HighResponseTime"].threshold == 2000
    )
    error_message = "HighResponseTime isn't 2000 milliseconds."
  }
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : alarm.treat_missing_data == "notBreaching"])
    error_message = "Silence must not add nodes."
  }
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : alarm.dimensions == tomap({ Environment = "dev" })])
    error_message = "An alarm sees the metrics of another environment of the account."
  }
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : contains(alarm.alarm_actions, aws_sns_topic.alarms.arn)])
    error_message = "An alarm tells nobody."
  }
  assert {
    condition = (
      length(aws_cloudwatch_metric_alarm.this["HighErrorRate"].alarm_actions) == 1
      && length(aws_cloudwatch_metric_alarm.this["HighResponseTime"].alarm_actions) == 2
    )
    error_message = "Only scale-out scales out."
  }
}

run "scaling_out_adds_one_node_to_each_group" {
  command = plan

  assert {
    condition     = keys(aws_autoscaling_policy.add_node) == ["billpay-nodes"]
    error_message = "Not every node group has its policy."
  }
  assert {
    condition     = one(aws_autoscaling_policy.add_node["billpay-nodes"].step_adjustment).scaling_adjustment == 1
    error_message = "Not one node is added."
  }
}

run "no_policy_without_a_scaling_alarm" {
  command = plan
  variables {
    alarms = { HighErrorRate = { metric = "BillPay/Backend/ErrorRate", above = 5, unit = "percent", then = "notify" } }
  }
  assert {
    condition     = length(aws_autoscaling_policy.add_node) == 0
    error_message = "A scaling policy that nothing calls."
  }
}

run "the_topic_is_encrypted_and_alarms_may_use_the_key" {
  command = apply

  assert {
    condition     = aws_sns_topic.alarms.kms_master_key_id == aws_kms_key.monitoring.arn && aws_kms_key.monitoring.enable_key_rotation
    error_message = "The topic isn't encrypted with a rotated key of ours."
  }
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_kms_key.monitoring.policy).Statement : (
        contains(statement.Action, "kms:Decrypt") && contains(statement.Action, "kms:GenerateDataKey*")
        && statement.Condition.StringEquals["aws:SourceAccount"] == "123456789012"
        && statement.Condition.ArnLike["aws:SourceArn"] == "arn:aws:cloudwatch:us-east-1:123456789012:alarm:billpay-dev-*"
      ) if statement.Sid == "AlarmsToTopic"
    ])
    error_message = "CloudWatch's alarms of this environment must be able to use the key, and no others."
  }
  assert {
    condition = toset(one([
      for statement in jsondecode(aws_kms_key.monitoring.policy).Statement :
      statement.Condition.ArnEquals["kms:EncryptionContext:aws:logs:arn"] if statement.Sid == "Logs"
      ])) == toset([
      "arn:aws:logs:us-east-1:123456789012:log-group:/aws/apigateway/billpay-dev",
      "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/billpay-dev",
    ])
    error_message = "CloudWatch Logs may use the key for these log groups only."
  }
  assert {
    condition = anytrue([
      for statement in jsondecode(aws_sns_topic_policy.alarms.policy).Statement :
      statement.Effect == "Deny" && try(statement.Condition.Bool["aws:SecureTransport"], "") == "false"
    ])
    error_message = "The topic takes messages without TLS."
  }
}

run "logs_are_encrypted_and_expire" {
  command = apply

  assert {
    condition     = output.log_group_names == { functions = "/aws/lambda/billpay-dev", api-gateway = "/aws/apigateway/billpay-dev" }
    error_message = "The log groups aren't those of functions and the API gateway."
  }
  assert {
    condition = alltrue([
      for group in aws_cloudwatch_log_group.this : group.retention_in_days == 7 && group.kms_key_id == aws_kms_key.monitoring.arn
    ])
    error_message = "A log group isn't encrypted, or kept for too long."
  }
}

run "options_are_off_by_default" {
  command = apply

  assert {
    condition = (
      output.dashboard_name == null && output.collector_role_arn == null
      && length(aws_xray_group.this) == 0 && length(aws_xray_sampling_rule.this) == 0
      && length(aws_sns_topic_subscription.mail) == 0
    )
    error_message = "Something was made that nobody asked for."
  }
}

run "the_dashboard_shows_all_metrics_and_parts" {
  command = apply
  variables { dashboard = true }

  assert {
    condition = alltrue([
      for title in ["BillPay/Backend/ErrorRate", "BillPay/Frontend/PageViews", "Nodes: CPU in use, percent", "Frontends: requests", "Load balancers: requests"] :
      contains([for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : widget.properties.title], title)
    ])
    error_message = "The dashboard lacks a graph."
  }
  assert {
    condition = alltrue([
      for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : widget.x + widget.width <= 24
    ])
    error_message = "A widget lies outside the dashboard."
  }
  assert {
    condition = anytrue([
      for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets :
      try(widget.properties.annotations.horizontal[0].value, 0) == 2000 && widget.properties.title == "BillPay/Backend/ResponseTime"
    ])
    error_message = "The alarm's threshold isn't in its graph."
  }
}

run "the_dashboard_stands_alone" {
  command = apply
  variables {
    dashboard          = true
    metrics            = {}
    alarms             = {}
    autoscaling_groups = {}
    distribution_ids   = {}
  }
  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets) == 5
    error_message = "Without metrics and frontends there are the cluster's and the load balancers' graphs."
  }
}

run "traces" {
  command = apply
  variables { xray = true }

  assert {
    condition     = aws_xray_sampling_rule.this[0].service_name == "billpay-dev-*"
    error_message = "The sampling rule is for other environments' services too."
  }
  assert {
    condition = (
      jsondecode(aws_iam_role.collector[0].assume_role_policy).Statement[0].Condition.ArnEquals["aws:SourceArn"]
      == "arn:aws:eks:us-east-1:123456789012:cluster/billpay-cluster-dev"
    )
    error_message = "Another cluster's pods may take the collector's role."
  }
  assert {
    condition = alltrue([
      for action in jsondecode(aws_iam_role_policy.collector[0].policy).Statement[0].Action : !strcontains(action, "*")
    ])
    error_message = "The collector may do more than send traces."
  }
}

run "mail" {
  command = plan
  variables { notify = ["oncall@billpay.com"] }
  assert {
    condition     = aws_sns_topic_subscription.mail["oncall@billpay.com"].protocol == "email"
    error_message = "No mail is sent."
  }
}

run "refuses_too_many_scaling_groups" {
  command = plan
  variables { autoscaling_groups = { a = "a", b = "b", c = "c", d = "d", e = "e" } }
  expect_failures = [aws_cloudwatch_metric_alarm.this["HighResponseTime"]]
}

run "refuses_an_alarm_on_an_unknown_metric" {
  command = plan
  variables { alarms = { A = { metric = "BillPay/Backend/Errors", above = 5, unit = "percent", then = "notify" } } }
  expect_failures = [var.alarms]
}

run "refuses_an_unknown_unit" {
  command = plan
  variables { alarms = { A = { metric = "BillPay/Backend/ErrorRate", above = 5, unit = "Percent", then = "notify" } } }
  expect_failures = [var.alarms]
}

run "refuses_an_alarm_that_never_goes_off" {
  command = plan
  variables { alarms = { A = { metric = "BillPay/Backend/ErrorRate", above = 100, unit = "percent", then = "notify" } } }
  expect_failures = [var.alarms]
}

run "refuses_an_unknown_action" {
  command = plan
  variables { alarms = { A = { metric = "BillPay/Backend/ErrorRate", above = 5, unit = "percent", then = "reboot" } } }
  expect_failures = [var.alarms]
}

run "refuses_bad_values" {
  command = plan
  variables {
    name             = "Dev"
    environment      = "Dev"
    account          = "12"
    region           = "here"
    project          = "B"
    cluster_name     = "-"
    retention_days   = 8
    metrics          = { "AWS/EC2" = [] }
    alarms           = {}
    notify           = ["oncall"]
    distribution_ids = { payment = "" }
    boundary_arn     = "boundary"
  }
  expect_failures = [
    var.name, var.environment, var.account, var.region, var.project, var.cluster_name, var.retention_days, var.metrics,
    var.notify, var.distribution_ids, var.boundary_arn,
  ]
}
