resource "aws_eks_cluster" "this" {
  name                      = local.cluster
  version                   = "1.36"
  role_arn                  = aws_iam_role.platform["cluster"].arn
  enabled_cluster_log_types = ["api", "audit", "authenticator", "controllerManager", "scheduler"]

  access_config {
    authentication_mode = "API"
  }

  vpc_config {
    subnet_ids = concat(
      [for subnet in aws_subnet.public : subnet.id],
      [for subnet in aws_subnet.private : subnet.id],
    )
    security_group_ids      = [aws_security_group.cluster.id]
    endpoint_private_access = true
    endpoint_public_access  = true
  }

  # Said because the emulator shows it; a plan would differ forever otherwise.
  zonal_shift_config {
    enabled = false
  }

  depends_on = [aws_iam_role_policy_attachment.platform]
}

resource "aws_iam_openid_connect_provider" "cluster" {
  url             = aws_eks_cluster.this.identity[0].oidc[0].issuer
  client_id_list  = ["sts.amazonaws.com"]
  thumbprint_list = ["6938fd4d98bab03faadb97b34396831e3780aea1"]
}

resource "aws_eks_node_group" "this" {
  cluster_name    = aws_eks_cluster.this.name
  node_group_name = "billpay-nodes"
  node_role_arn   = aws_iam_role.platform["nodes"].arn
  subnet_ids      = [for subnet in aws_subnet.private : subnet.id]
  instance_types  = ["t3.medium"]
  disk_size       = 20

  scaling_config {
    min_size     = 2
    desired_size = 2
    max_size     = 4
  }

  depends_on = [aws_iam_role_policy_attachment.platform]
}

resource "aws_eks_addon" "this" {
  for_each     = toset(["vpc-cni", "coredns", "kube-proxy", "eks-pod-identity-agent", "metrics-server"])
  cluster_name = aws_eks_cluster.this.name
  addon_name   = each.key
}

resource "aws_eks_access_entry" "github" {
  cluster_name  = aws_eks_cluster.this.name
  principal_arn = aws_iam_role.github.arn
}

resource "aws_eks_access_policy_association" "github" {
  cluster_name  = aws_eks_cluster.this.name
  principal_arn = aws_eks_access_entry.github.principal_arn
  policy_arn    = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy"

  access_scope {
    type       = "namespace"
    namespaces = ["billpay-dev"]
  }
}

resource "aws_eks_pod_identity_association" "service" {
  for_each        = aws_iam_role.service
  cluster_name    = aws_eks_cluster.this.name
  namespace       = "billpay-dev"
  service_account = each.key
  role_arn        = each.value.arn
}

resource "aws_eks_pod_identity_association" "load_balancer_controller" {
  cluster_name    = aws_eks_cluster.this.name
  namespace       = "kube-system"
  service_account = "aws-load-balancer-controller"
  role_arn        = aws_iam_role.platform["load-balancer-controller"].arn
}
