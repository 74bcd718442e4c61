locals {
  trust = {
    for service in ["eks", "ec2"] : service => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Effect    = "Allow"
        Principal = { Service = "${service}.amazonaws.com" }
        Action    = "sts:AssumeRole"
      }]
    })
  }
  trust_pods = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "pods.eks.amazonaws.com" }
      Action    = ["sts:AssumeRole", "sts:TagSession"]
    }]
  })
  managed_policies = {
    cluster        = ["cluster", "AmazonEKSClusterPolicy"]
    nodes-registry = ["nodes", "AmazonEC2ContainerRegistryPullOnly"]
    nodes-worker   = ["nodes", "AmazonEKSWorkerNodePolicy"]
    vpc-cni        = ["vpc-cni", "AmazonEKS_CNI_Policy"]
  }
  platform_roles = {
    cluster                  = local.trust["eks"]
    nodes                    = local.trust["ec2"]
    vpc-cni                  = local.trust_pods
    load-balancer-controller = local.trust_pods
  }
}

resource "aws_iam_role" "platform" {
  for_each           = local.platform_roles
  name               = "${local.cluster}-${each.key}"
  assume_role_policy = each.value
}

resource "aws_iam_role_policy_attachment" "platform" {
  for_each   = local.managed_policies
  role       = aws_iam_role.platform[each.value[0]].name
  policy_arn = "arn:aws:iam::aws:policy/${each.value[1]}"
}

resource "aws_iam_role_policy" "load_balancer_controller" {
  name = "load-balancing"
  role = aws_iam_role.platform["load-balancer-controller"].name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["elasticloadbalancing:*", "ec2:Describe*"], Resource = "*" }]
  })
}

resource "aws_iam_policy" "boundary" {
  name = "${var.name}-boundary"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "*", Resource = "*" },
      { Effect = "Deny", Action = ["iam:CreateUser", "iam:CreateAccessKey"], Resource = "*" },
    ]
  })
}

resource "aws_iam_role" "service" {
  for_each             = toset(local.services)
  name                 = "${var.name}-${each.key}"
  assume_role_policy   = local.trust_pods
  permissions_boundary = aws_iam_policy.boundary.arn
}

resource "aws_iam_role_policy" "service" {
  for_each = toset(local.services)
  name     = "service"
  role     = aws_iam_role.service[each.key].name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "cloudwatch:PutMetricData", Resource = "*" }]
  })
}

resource "aws_iam_openid_connect_provider" "github" {
  url             = "https://token.actions.githubusercontent.com"
  client_id_list  = ["sts.amazonaws.com"]
  thumbprint_list = ["6938fd4d98bab03faadb97b34396831e3780aea1"]
}

resource "aws_iam_role" "github" {
  name                 = "${var.name}-github"
  permissions_boundary = aws_iam_policy.boundary.arn
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Federated = aws_iam_openid_connect_provider.github.arn }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = { StringEquals = {
        "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
        "token.actions.githubusercontent.com:sub" = "repo:billpay/billpay-platform:environment:dev"
      } }
    }]
  })
}

resource "aws_iam_role_policy" "github" {
  name = "deploy"
  role = aws_iam_role.github.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "ecr:GetAuthorizationToken", Resource = "*" }]
  })
}
