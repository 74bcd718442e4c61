locals {
  # How a role is tagged and named: those of the cluster have the same names in every project.
  eks_prefix = "${var.name}-eks"
  aws_policy = "arn:aws:iam::aws:policy"

  # What the cluster itself needs, by the key of each role.
  platform_roles = merge(
    {
      cluster = {
        description = "Lets EKS run the control plane"
        trust       = local.trust_service["eks.amazonaws.com"]
        managed     = ["AmazonEKSClusterPolicy"]
        inline      = {}
      }
      nodes = {
        description = "Lets nodes join the cluster and pull images"
        trust       = local.trust_service["ec2.amazonaws.com"]
        managed     = ["AmazonEC2ContainerRegistryPullOnly", "AmazonEKSWorkerNodePolicy"]
        inline      = {}
      }
    },
    !contains(var.addons, "vpc-cni") ? {} : {
      vpc-cni = {
        description = "Lets the VPC CNI give pods addresses"
        trust       = local.trust_pods
        managed     = ["AmazonEKS_CNI_Policy"]
        inline      = {}
      }
    },
    !contains(var.addons, "aws-ebs-csi-driver") ? {} : {
      ebs-csi = {
        description = "Lets the EBS CSI driver make volumes"
        trust       = local.trust_pods
        managed     = ["service-role/AmazonEBSCSIDriverPolicy"]
        inline      = {}
      }
    },
    !var.fargate ? {} : {
      fargate = {
        description = "Lets EKS run pods on Fargate"
        trust       = local.trust_fargate
        managed     = ["AmazonEKSFargatePodExecutionRolePolicy"]
        inline      = {}
      }
    },
    !var.load_balancer_controller ? {} : {
      load-balancer-controller = {
        description = "Lets the AWS Load Balancer Controller make load balancers"
        trust       = local.trust_pods
        managed     = []
        inline      = { load-balancing = local.load_balancing }
      }
    },
  )

  # All roles by their keys in billpay, which are those of the address tag. Roles of people's
  # code are bounded: nothing that is attached to them lets them do more than the boundary says.
  roles = merge(
    {
      for key, role in local.platform_roles : key => {
        name            = "${local.eks_prefix}-${key}"
        description     = role.description
        trust           = role.trust
        managed         = [for policy in role.managed : "${local.aws_policy}/${policy}"]
        inline          = role.inline
        bounded         = false
        session_seconds = 3600
      }
    },
    {
      for key, service in var.services : "service.${key}" => {
        name            = service.name
        description     = "What ${key} may do in AWS"
        trust           = local.trust_pods
        managed         = []
        inline          = { for document in compact([lookup(local.service_permissions, key, "")]) : "service" => document }
        bounded         = true
        session_seconds = 3600
      }
    },
    {
      github = {
        name            = var.github.role
        description     = "What GitHub Actions may do in ${var.environment}"
        trust           = local.trust_github
        managed         = []
        inline          = { deploy = local.deploy }
        bounded         = true
        session_seconds = var.github.session_seconds
      }
    },
  )

  # One entry for each policy of each role.
  attachments = merge([
    for key, role in local.roles : { for arn in role.managed : "${key}/${basename(arn)}" => { role = key, arn = arn } }
  ]...)
  inline = merge([
    for key, role in local.roles : { for name, document in role.inline : "${key}/${name}" => { role = key, name = name, document = document } }
  ]...)
}

resource "aws_iam_role" "role" {
  for_each = local.roles

  name                 = each.value.name
  description          = each.value.description
  assume_role_policy   = each.value.trust
  permissions_boundary = each.value.bounded ? aws_iam_policy.boundary.arn : null
  max_session_duration = each.value.session_seconds

  tags = {
    Name              = each.value.name
    "billpay:address" = "iam/role.${each.key}"
  }

  lifecycle {
    precondition {
      condition     = length(each.value.trust) <= 2048
      error_message = "The trust policy of ${each.value.name} is longer than the 2048 characters that IAM allows: name fewer subjects."
    }
    precondition {
      condition     = length(join("", values(each.value.inline))) <= 10240
      error_message = "The inline policies of ${each.value.name} are longer than the 10240 characters that IAM allows."
    }
  }
}

resource "aws_iam_role_policy_attachment" "managed" {
  for_each = local.attachments

  role       = aws_iam_role.role[each.value.role].name
  policy_arn = each.value.arn
}

resource "aws_iam_role_policy" "inline" {
  for_each = local.inline

  role   = aws_iam_role.role[each.value.role].name
  name   = each.value.name
  policy = each.value.document
}

# Policies that somebody adds to a role by hand show in the next plan, which takes them away.
resource "aws_iam_role_policy_attachments_exclusive" "managed" {
  for_each = local.roles

  role_name   = aws_iam_role.role[each.key].name
  policy_arns = each.value.managed

  depends_on = [aws_iam_role_policy_attachment.managed]
}

resource "aws_iam_role_policies_exclusive" "inline" {
  for_each = local.roles

  role_name    = aws_iam_role.role[each.key].name
  policy_names = keys(each.value.inline)

  depends_on = [aws_iam_role_policy.inline]
}
