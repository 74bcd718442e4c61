# X-Ray, where the spec wants traces: how many are kept, this environment's view of them, and
# the role of the collector that sends them.

resource "aws_xray_sampling_rule" "this" {
  count = var.xray ? 1 : 0

  rule_name = var.name
  priority  = 1000
  # The first request of a second, and a twentieth of the others, of this environment's services.
  reservoir_size = 1
  fixed_rate     = 0.05
  service_name   = "${var.name}-*"
  service_type   = "*"
  host           = "*"
  http_method    = "*"
  url_path       = "*"
  resource_arn   = "*"
  version        = 1

  tags = { Name = var.name }
}

resource "aws_xray_group" "this" {
  count = var.xray ? 1 : 0

  group_name        = var.name
  filter_expression = "annotation[environment] = \"${var.environment}\""

  tags = { Name = var.name }
}

resource "aws_iam_role" "collector" {
  count = var.xray ? 1 : 0

  name                 = "${var.name}-xray-collector"
  description          = "Lets the trace collector of ${var.name} send to X-Ray"
  permissions_boundary = var.boundary_arn

  # Pods of this cluster only, through EKS Pod Identity.
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "pods.eks.amazonaws.com" }
      Action    = ["sts:AssumeRole", "sts:TagSession"]
      Condition = {
        ArnEquals    = { "aws:SourceArn" = "arn:aws:eks:${var.region}:${var.account}:cluster/${var.cluster_name}" }
        StringEquals = { "aws:SourceAccount" = var.account }
      }
    }]
  })

  tags = { Name = "${var.name}-xray-collector" }
}

resource "aws_iam_role_policy" "collector" {
  count = var.xray ? 1 : 0

  #checkov:skip=CKV_AWS_355:X-Ray's calls for sending traces know no resources
  #checkov:skip=CKV_AWS_290:X-Ray's calls for sending traces know no resources
  name = "send-traces"
  role = aws_iam_role.collector[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid    = "SendTraces"
      Effect = "Allow"
      Action = [
        "xray:GetSamplingRules",
        "xray:GetSamplingStatisticSummaries",
        "xray:GetSamplingTargets",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
      ]
      Resource  = "*"
      Condition = { StringEquals = { "aws:RequestedRegion" = var.region } }
    }]
  })
}
