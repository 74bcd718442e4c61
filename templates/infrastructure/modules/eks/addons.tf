# The EKS add-ons. Nodes need some of them to become ready; the others need nodes to run on.

locals {
  before_nodes = ["vpc-cni", "kube-proxy", "eks-pod-identity-agent"]

  # The service accounts of add-ons that need a role.
  addon_roles = {
    vpc-cni            = { service_account = "aws-node", role = "vpc-cni" }
    aws-ebs-csi-driver = { service_account = "ebs-csi-controller-sa", role = "ebs-csi" }
  }
}

resource "aws_eks_addon" "before_nodes" {
  for_each = { for name, addon in var.addons : name => addon if contains(local.before_nodes, name) }

  cluster_name  = aws_eks_cluster.this.name
  addon_name    = each.key
  addon_version = each.value.version

  # A cluster may have the same thing unmanaged, which the add-on takes over; what people have
  # set inside the add-on since stays.
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "PRESERVE"

  dynamic "pod_identity_association" {
    for_each = [for name, role in local.addon_roles : role if name == each.key]

    content {
      service_account = pod_identity_association.value.service_account
      role_arn        = var.role_arns[pod_identity_association.value.role]
    }
  }

  tags = {
    Name              = each.key
    "billpay:address" = "eks/addon.${each.key}"
  }
}

resource "aws_eks_addon" "after_nodes" {
  for_each = { for name, addon in var.addons : name => addon if !contains(local.before_nodes, name) }

  cluster_name  = aws_eks_cluster.this.name
  addon_name    = each.key
  addon_version = each.value.version

  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "PRESERVE"

  dynamic "pod_identity_association" {
    for_each = [for name, role in local.addon_roles : role if name == each.key]

    content {
      service_account = pod_identity_association.value.service_account
      role_arn        = var.role_arns[pod_identity_association.value.role]
    }
  }

  tags = {
    Name              = each.key
    "billpay:address" = "eks/addon.${each.key}"
  }

  depends_on = [aws_eks_node_group.this, aws_eks_fargate_profile.this]
}
