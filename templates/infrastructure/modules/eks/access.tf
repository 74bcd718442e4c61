# Who may use the cluster, and which roles its pods take.

locals {
  # Workflows deploy: edit, in the namespace of the services only.
  access = merge(var.access, {
    github = { principal = var.github_role_arn, policy = "AmazonEKSEditPolicy", namespaces = [var.namespace] }
  })

  # Each service's account bears its name. Those of add-ons belong to the add-ons.
  pod_identities = merge(
    { for service, arn in var.service_role_arns : service => { namespace = var.namespace, account = service, role_arn = arn } },
    { for key in ["load-balancer-controller"] : key => { namespace = "kube-system", account = "aws-${key}", role_arn = var.role_arns[key] } if var.load_balancer_controller },
  )
}

resource "aws_eks_access_entry" "this" {
  for_each = local.access

  cluster_name  = aws_eks_cluster.this.name
  principal_arn = each.value.principal

  tags = {
    Name              = each.key
    "billpay:address" = "eks/access-entry.${each.key}"
  }
}

resource "aws_eks_access_policy_association" "this" {
  for_each = local.access

  cluster_name  = aws_eks_cluster.this.name
  principal_arn = aws_eks_access_entry.this[each.key].principal_arn
  policy_arn    = "arn:aws:eks::aws:cluster-access-policy/${each.value.policy}"

  access_scope {
    type       = length(each.value.namespaces) == 0 ? "cluster" : "namespace"
    namespaces = length(each.value.namespaces) == 0 ? null : each.value.namespaces
  }
}

resource "aws_eks_pod_identity_association" "this" {
  for_each = local.pod_identities

  cluster_name    = aws_eks_cluster.this.name
  namespace       = each.value.namespace
  service_account = each.value.account
  role_arn        = each.value.role_arn

  tags = {
    Name              = each.key
    "billpay:address" = "eks/pod-identity.${each.key}"
  }
}
