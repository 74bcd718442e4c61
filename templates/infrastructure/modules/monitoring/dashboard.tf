# One page that answers: is the environment well? Alarms first, then the applications'
# metrics, then the parts of the platform.

locals {
  # Graphs lie in a grid, three in a row (a dashboard is 24 units wide).
  graph_width  = 8
  graph_height = 6
  alarm_height = length(var.alarms) > 0 ? 2 : 0

  application_graphs = [
    for id, metric in local.metrics : {
      title   = id
      region  = var.region
      view    = "timeSeries"
      stacked = false
      period  = 60
      stat    = metric.stat
      metrics = [concat([metric.namespace, metric.name], flatten([for key, value in local.dimensions : [key, value]]))]
      annotations = { horizontal = [
        for key, alarm in var.alarms : { label = key, value = alarm.above, color = "#d62728" } if alarm.metric == id
      ] }
    }
  ]

  cluster_graphs = [
    {
      title   = "${var.cluster_name}: API server requests and errors"
      region  = var.region
      view    = "timeSeries"
      stacked = false
      period  = 60
      stat    = "Sum"
      metrics = [
        ["AWS/EKS", "apiserver_request_total", "ClusterName", var.cluster_name],
        ["AWS/EKS", "apiserver_request_total_5XX", "ClusterName", var.cluster_name],
        ["AWS/EKS", "apiserver_request_total_429", "ClusterName", var.cluster_name],
      ]
      annotations = { horizontal = [] }
    },
    {
      title   = "${var.cluster_name}: pods that wait for a node"
      region  = var.region
      view    = "timeSeries"
      stacked = false
      period  = 60
      stat    = "Maximum"
      metrics = [
        ["AWS/EKS", "scheduler_pending_pods_UNSCHEDULABLE", "ClusterName", var.cluster_name],
        ["AWS/EKS", "scheduler_pending_pods_ACTIVEQ", "ClusterName", var.cluster_name],
      ]
      annotations = { horizontal = [] }
    },
  ]

  node_graphs = length(var.autoscaling_groups) == 0 ? [] : [
    {
      title       = "Nodes: CPU in use, percent"
      region      = var.region
      view        = "timeSeries"
      stacked     = false
      period      = 300
      stat        = "Average"
      metrics     = [for nodes, group in var.autoscaling_groups : ["AWS/EC2", "CPUUtilization", "AutoScalingGroupName", group, { label = nodes }]]
      annotations = { horizontal = [] }
    },
  ]

  # The controller names a load balancer after its ingress group, letters and digits only.
  load_balancer_term = substr(replace(var.name, "-", ""), 0, 17)
  load_balancer_graphs = [
    for metric in [
      { name = "RequestCount", stat = "Sum", title = "Load balancers: requests" },
      { name = "TargetResponseTime", stat = "Average", title = "Load balancers: answer of the services, seconds" },
      { name = "HTTPCode_Target_5XX_Count", stat = "Sum", title = "Load balancers: errors of the services" },
      ] : {
      title   = metric.title
      region  = var.region
      view    = "timeSeries"
      stacked = false
      period  = 60
      stat    = metric.stat
      metrics = [[{
        expression = "SEARCH('{AWS/ApplicationELB,LoadBalancer} MetricName=\"${metric.name}\" ${local.load_balancer_term}', '${metric.stat}', 60)"
      }]]
      annotations = { horizontal = [] }
    }
  ]

  # CloudFront publishes in us-east-1, wherever the rest is.
  frontend_graphs = length(var.distribution_ids) == 0 ? [] : [
    for metric in [
      { name = "Requests", stat = "Sum", title = "Frontends: requests" },
      { name = "5xxErrorRate", stat = "Average", title = "Frontends: errors of the origin, percent" },
      { name = "4xxErrorRate", stat = "Average", title = "Frontends: requests refused, percent" },
      ] : {
      title       = metric.title
      region      = "us-east-1"
      view        = "timeSeries"
      stacked     = false
      period      = 300
      stat        = metric.stat
      metrics     = [for frontend, id in var.distribution_ids : ["AWS/CloudFront", metric.name, "Region", "Global", "DistributionId", id, { label = frontend }]]
      annotations = { horizontal = [] }
    }
  ]

  # As JSON, for graphs of different shapes don't fit in one list.
  graphs = [
    for graph in concat(
      [for graph in local.application_graphs : jsonencode(graph)],
      [for graph in local.cluster_graphs : jsonencode(graph)],
      [for graph in local.node_graphs : jsonencode(graph)],
      [for graph in local.load_balancer_graphs : jsonencode(graph)],
      [for graph in local.frontend_graphs : jsonencode(graph)],
    ) : jsondecode(graph)
  ]

  alarm_widgets = length(var.alarms) == 0 ? [] : [jsonencode({
    type   = "alarm"
    x      = 0
    y      = 0
    width  = 24
    height = local.alarm_height
    properties = {
      title  = "Alarms of ${var.name}"
      alarms = [for alarm in aws_cloudwatch_metric_alarm.this : alarm.arn]
    }
  })]

  graph_widgets = [
    for index, graph in local.graphs : jsonencode({
      type       = "metric"
      x          = index % 3 * local.graph_width
      y          = local.alarm_height + floor(index / 3) * local.graph_height
      width      = local.graph_width
      height     = local.graph_height
      properties = graph
    })
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  count = var.dashboard ? 1 : 0

  dashboard_name = var.name
  dashboard_body = jsonencode({ widgets = [for widget in concat(local.alarm_widgets, local.graph_widgets) : jsondecode(widget)] })
}
