# What pods run on.

locals {
  # Graviton: a1, or a g behind the family's number, as in t4g and m7gd. The g of g5 stands for graphics.
  arm = { for name, group in var.nodes : name => can(regex("^(a1|[a-z-]+[0-9]+[^.]*g[^.]*)\\.", group.instance_type)) }
}

resource "aws_eks_node_group" "this" {
  for_each = var.nodes

  cluster_name    = aws_eks_cluster.this.name
  node_group_name = each.key
  node_role_arn   = var.role_arns["nodes"]
  subnet_ids      = values(var.private_subnet_ids)
  version         = aws_eks_cluster.this.version
  ami_type        = local.arm[each.key] ? "AL2023_ARM_64_STANDARD" : "AL2023_x86_64_STANDARD"
  capacity_type   = each.value.capacity
  instance_types  = [each.value.instance_type]
  disk_size       = each.value.disk
  labels          = each.value.labels

  scaling_config {
    min_size     = each.value.min
    max_size     = each.value.max
    desired_size = each.value.min
  }

  update_config {
    max_unavailable_percentage = 33
  }

  tags = {
    Name              = each.key
    "billpay:address" = "eks/node-group.${each.key}"
  }

  lifecycle {
    # How many nodes there are is the autoscaler's business.
    ignore_changes = [scaling_config[0].desired_size]
  }

  # Nodes become ready only with the add-ons that give pods addresses and roles.
  depends_on = [aws_eks_addon.before_nodes]
}

# EKS makes one profile of a cluster at a time, and the provider waits for each.
resource "aws_eks_fargate_profile" "this" {
  for_each = var.fargate

  cluster_name           = aws_eks_cluster.this.name
  fargate_profile_name   = each.key
  pod_execution_role_arn = var.role_arns["fargate"]
  subnet_ids             = values(var.private_subnet_ids)

  dynamic "selector" {
    for_each = toset(each.value.namespaces)

    content {
      namespace = selector.value
    }
  }

  tags = {
    Name              = each.key
    "billpay:address" = "eks/fargate-profile.${each.key}"
  }
}
