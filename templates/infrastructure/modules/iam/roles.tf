# Which roles there are, and what each of them is made of.

locals {
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
      for key, role in local.github_roles : key => {
        name            = role.role
        description     = "What GitHub Actions may do ${key == "github" ? "" : "with frontends "}in ${var.environment}"
        trust           = local.trust_github[key]
        managed         = []
        inline          = { deploy = local.deploy[key] }
        bounded         = true
        session_seconds = role.session_seconds
      }
    },
  )
}
