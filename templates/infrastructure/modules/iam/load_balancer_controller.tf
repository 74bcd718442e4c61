# What the AWS Load Balancer Controller may do. It reads broadly; what it changes has to carry
# its tag with the name of this cluster, so that it can't touch what the controller of another
# cluster in the account made.

locals {
  security_groups = "arn:aws:ec2:${var.region}:${var.account}:security-group/*"
  load_balancing_resources = [
    for kind in ["listener-rule", "listener", "loadbalancer", "targetgroup"] :
    "arn:aws:elasticloadbalancing:${var.region}:${var.account}:${kind}/*"
  ]

  controller_asks_for_tag = { "aws:RequestTag/elbv2.k8s.aws/cluster" = var.cluster_name }
  controller_finds_tag    = { "aws:ResourceTag/elbv2.k8s.aws/cluster" = var.cluster_name }
  # Changing other tags of its own things is fine, moving them to another cluster isn't.
  controller_keeps_tag = {
    StringEquals = local.controller_finds_tag
    Null         = { "aws:RequestTag/elbv2.k8s.aws/cluster" = "true" }
  }

  load_balancing = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Action    = "iam:CreateServiceLinkedRole"
        Resource  = "*"
        Condition = { StringEquals = { "iam:AWSServiceName" = "elasticloadbalancing.amazonaws.com" } }
      },
      {
        Effect = "Allow"
        Action = [
          "acm:DescribeCertificate",
          "acm:ListCertificates",
          "cognito-idp:DescribeUserPoolClient",
          "ec2:DescribeAccountAttributes",
          "ec2:DescribeAddresses",
          "ec2:DescribeAvailabilityZones",
          "ec2:DescribeCoipPools",
          "ec2:DescribeInstances",
          "ec2:DescribeInternetGateways",
          "ec2:DescribeIpamPools",
          "ec2:DescribeNetworkInterfaces",
          "ec2:DescribeRouteTables",
          "ec2:DescribeSecurityGroups",
          "ec2:DescribeSubnets",
          "ec2:DescribeTags",
          "ec2:DescribeVpcPeeringConnections",
          "ec2:DescribeVpcs",
          "ec2:GetCoipPoolUsage",
          "ec2:GetSecurityGroupsForVpc",
          "elasticloadbalancing:DescribeCapacityReservation",
          "elasticloadbalancing:DescribeListenerAttributes",
          "elasticloadbalancing:DescribeListenerCertificates",
          "elasticloadbalancing:DescribeListeners",
          "elasticloadbalancing:DescribeLoadBalancerAttributes",
          "elasticloadbalancing:DescribeLoadBalancers",
          "elasticloadbalancing:DescribeRules",
          "elasticloadbalancing:DescribeSSLPolicies",
          "elasticloadbalancing:DescribeTags",
          "elasticloadbalancing:DescribeTargetGroupAttributes",
          "elasticloadbalancing:DescribeTargetGroups",
          "elasticloadbalancing:DescribeTargetHealth",
          "elasticloadbalancing:DescribeTrustStores",
          "iam:GetServerCertificate",
          "iam:ListServerCertificates",
          "shield:DescribeProtection",
          "shield:GetSubscriptionState",
          "wafv2:GetWebACL",
          "wafv2:GetWebACLForResource",
        ]
        Resource = "*"
      },
      {
        Effect = "Allow"
        Action = [
          "shield:CreateProtection",
          "shield:DeleteProtection",
          "wafv2:AssociateWebACL",
          "wafv2:DisassociateWebACL",
        ]
        Resource = "*"
      },
      # It opens the cluster's own security groups to its load balancers.
      {
        Effect   = "Allow"
        Action   = ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"]
        Resource = local.security_groups
        Condition = {
          StringEquals = { "aws:ResourceTag/kubernetes.io/cluster/${var.cluster_name}" = ["owned", "shared"] }
        }
      },
      {
        Effect    = "Allow"
        Action    = "ec2:CreateSecurityGroup"
        Resource  = "arn:aws:ec2:${var.region}:${var.account}:vpc/*"
        Condition = local.of_environment
      },
      {
        Effect    = "Allow"
        Action    = "ec2:CreateSecurityGroup"
        Resource  = local.security_groups
        Condition = { StringEquals = local.controller_asks_for_tag }
      },
      {
        Effect   = "Allow"
        Action   = "ec2:CreateTags"
        Resource = local.security_groups
        Condition = {
          StringEquals = merge(local.controller_asks_for_tag, { "ec2:CreateAction" = "CreateSecurityGroup" })
        }
      },
      {
        Effect    = "Allow"
        Action    = ["ec2:CreateTags", "ec2:DeleteTags"]
        Resource  = local.security_groups
        Condition = local.controller_keeps_tag
      },
      {
        Effect = "Allow"
        Action = [
          "ec2:AuthorizeSecurityGroupIngress",
          "ec2:DeleteSecurityGroup",
          "ec2:RevokeSecurityGroupIngress",
        ]
        Resource  = local.security_groups
        Condition = { StringEquals = local.controller_finds_tag }
      },
      {
        Effect    = "Allow"
        Action    = ["elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateTargetGroup"]
        Resource  = "*"
        Condition = { StringEquals = local.controller_asks_for_tag }
      },
      {
        Effect   = "Allow"
        Action   = "elasticloadbalancing:AddTags"
        Resource = local.load_balancing_resources
        Condition = {
          StringEquals = merge(local.controller_asks_for_tag, {
            "elasticloadbalancing:CreateAction" = ["CreateListener", "CreateLoadBalancer", "CreateRule", "CreateTargetGroup"]
          })
        }
      },
      {
        Effect    = "Allow"
        Action    = ["elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"]
        Resource  = local.load_balancing_resources
        Condition = local.controller_keeps_tag
      },
      {
        Effect = "Allow"
        Action = [
          "elasticloadbalancing:AddListenerCertificates",
          "elasticloadbalancing:CreateListener",
          "elasticloadbalancing:CreateRule",
          "elasticloadbalancing:DeleteListener",
          "elasticloadbalancing:DeleteLoadBalancer",
          "elasticloadbalancing:DeleteRule",
          "elasticloadbalancing:DeleteTargetGroup",
          "elasticloadbalancing:DeregisterTargets",
          "elasticloadbalancing:ModifyCapacityReservation",
          "elasticloadbalancing:ModifyIpPools",
          "elasticloadbalancing:ModifyListener",
          "elasticloadbalancing:ModifyListenerAttributes",
          "elasticloadbalancing:ModifyLoadBalancerAttributes",
          "elasticloadbalancing:ModifyRule",
          "elasticloadbalancing:ModifyTargetGroup",
          "elasticloadbalancing:ModifyTargetGroupAttributes",
          "elasticloadbalancing:RegisterTargets",
          "elasticloadbalancing:RemoveListenerCertificates",
          "elasticloadbalancing:SetIpAddressType",
          "elasticloadbalancing:SetRulePriorities",
          "elasticloadbalancing:SetSecurityGroups",
          "elasticloadbalancing:SetSubnets",
          "elasticloadbalancing:SetWebAcl",
        ]
        Resource  = local.load_balancing_resources
        Condition = { StringEquals = local.controller_finds_tag }
      },
    ]
  })
}
