# What the cluster and what belongs to it are set to.

mock_provider "aws" {
  mock_resource "aws_eks_cluster" {
    defaults = {
      arn                   = "arn:aws:eks:us-east-1:123456789012:cluster/billpay-cluster-dev"
      certificate_authority = [{ data = "bW9jaw==" }]
      identity              = [{ oidc = [{ issuer = "https://oidc.eks.us-east-1.amazonaws.com/id/0A1B" }] }]
    }
  }

  mock_resource "aws_eks_node_group" {
    defaults = { resources = [{ autoscaling_groups = [{ name = "eks-billpay-nodes-1" }], remote_access_security_group_id = "" }] }
  }
}

variables {
  name    = "billpay-dev"
  account = "123456789012"
  region  = "us-east-1"

  cluster = {
    name            = "billpay-cluster-dev"
    version         = "1.36"
    endpoint_public = true
    public_cidrs    = ["192.0.2.7/24"]
  }

  public_subnet_ids  = { a = "subnet-0a1", b = "subnet-0b1" }
  private_subnet_ids = { a = "subnet-0a2", b = "subnet-0b2" }
  security_group_id  = "sg-0c1"

  role_arns = {
    cluster                  = "arn:aws:iam::123456789012:role/billpay-dev-eks-cluster"
    nodes                    = "arn:aws:iam::123456789012:role/billpay-dev-eks-nodes"
    vpc-cni                  = "arn:aws:iam::123456789012:role/billpay-dev-eks-vpc-cni"
    ebs-csi                  = "arn:aws:iam::123456789012:role/billpay-dev-eks-ebs-csi"
    fargate                  = "arn:aws:iam::123456789012:role/billpay-dev-eks-fargate"
    load-balancer-controller = "arn:aws:iam::123456789012:role/billpay-dev-eks-load-balancer-controller"
  }

  service_role_arns  = { backend-api = "arn:aws:iam::123456789012:role/billpay-dev-backend-api" }
  github_role_arn    = "arn:aws:iam::123456789012:role/BillPayGitHubActionsRole-dev"
  namespace          = "billpay-dev"
  nodes              = { billpay-nodes = { instance_type = "t3.medium", min = 2, max = 4 } }
  addons             = { vpc-cni = {}, coredns = {}, kube-proxy = {}, eks-pod-identity-agent = {}, aws-ebs-csi-driver = {} }
  log_retention_days = 7
}

run "control_plane" {
  command = plan

  assert {
    condition     = aws_eks_cluster.this.access_config[0].authentication_mode == "API" && !aws_eks_cluster.this.access_config[0].bootstrap_cluster_creator_admin_permissions
    error_message = "Only access entries give access: neither a config map nor having made the cluster does."
  }

  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].endpoint_private_access && aws_eks_cluster.this.vpc_config[0].public_access_cidrs == toset(["192.0.2.0/24"])
    error_message = "Nodes reach the control plane privately, and the public endpoint is limited to the given ranges."
  }

  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].subnet_ids == toset(["subnet-0a1", "subnet-0b1", "subnet-0a2", "subnet-0b2"])
    error_message = "The cluster knows all of the environment's subnets."
  }

  assert {
    condition     = length(aws_eks_cluster.this.enabled_cluster_log_types) == 5
    error_message = "All of the control plane's logs are on unless some are chosen."
  }

  assert {
    condition     = aws_cloudwatch_log_group.cluster.name == "/aws/eks/billpay-cluster-dev/cluster" && aws_cloudwatch_log_group.cluster.retention_in_days == 7
    error_message = "The logs go where EKS writes them, and are kept as long as asked for."
  }

  assert {
    condition     = !aws_eks_cluster.this.bootstrap_self_managed_addons
    error_message = "With all three add-ons managed, EKS puts none in by itself."
  }
}

run "addons_stand_before_and_after_nodes" {
  command = plan

  assert {
    condition = (
      toset(keys(aws_eks_addon.before_nodes)) == toset(["vpc-cni", "kube-proxy", "eks-pod-identity-agent"])
      && toset(keys(aws_eks_addon.after_nodes)) == toset(["coredns", "aws-ebs-csi-driver"])
    )
    error_message = "Nodes wait for what they need to become ready, the other add-ons for nodes."
  }

  assert {
    condition = one(aws_eks_addon.before_nodes["vpc-cni"].pod_identity_association) == {
      service_account = "aws-node", role_arn = "arn:aws:iam::123456789012:role/billpay-dev-eks-vpc-cni"
    }
    error_message = "The VPC CNI takes its own role, not the nodes'."
  }

  assert {
    condition     = one(aws_eks_addon.after_nodes["aws-ebs-csi-driver"].pod_identity_association).service_account == "ebs-csi-controller-sa"
    error_message = "The EBS driver takes its own role."
  }

  assert {
    condition     = length(aws_eks_addon.after_nodes["coredns"].pod_identity_association) == 0
    error_message = "An add-on that calls no AWS API has no role."
  }
}

run "access_is_limited" {
  command = plan

  variables {
    access = {
      platform = { principal = "arn:aws:iam::123456789012:role/PlatformEngineer", policy = "AmazonEKSClusterAdminPolicy" }
    }
  }

  assert {
    condition = (
      aws_eks_access_policy_association.this["github"].policy_arn == "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy"
      && aws_eks_access_policy_association.this["github"].access_scope[0].type == "namespace"
      && aws_eks_access_policy_association.this["github"].access_scope[0].namespaces == toset(["billpay-dev"])
    )
    error_message = "Workflows may edit, and in the namespace of the services only."
  }

  assert {
    condition     = aws_eks_access_policy_association.this["platform"].access_scope[0].type == "cluster"
    error_message = "Without namespaces, an entry is for the whole cluster."
  }

  assert {
    condition = {
      for key, association in aws_eks_pod_identity_association.this : key => "${association.namespace}/${association.service_account}"
    } == { backend-api = "billpay-dev/backend-api", load-balancer-controller = "kube-system/aws-load-balancer-controller" }
    error_message = "A service's own account takes its role, and the controller's takes the controller's."
  }
}

run "nodes" {
  command = plan

  variables {
    nodes = {
      x86      = { instance_type = "g5.xlarge", min = 1, max = 2 }
      graviton = { instance_type = "m7gd.large", min = 0, max = 3, capacity = "SPOT", labels = { pool = "spot" } }
    }
    fargate = { jobs = { namespaces = ["b", "a", "a"] } }
  }

  assert {
    condition     = { for name, group in aws_eks_node_group.this : name => group.ami_type } == { x86 = "AL2023_x86_64_STANDARD", graviton = "AL2023_ARM_64_STANDARD" }
    error_message = "The image follows the processor."
  }

  assert {
    condition     = alltrue([for group in values(aws_eks_node_group.this) : group.subnet_ids == toset(["subnet-0a2", "subnet-0b2"]) && group.version == "1.36"])
    error_message = "Nodes are in private subnets and of the cluster's version."
  }

  assert {
    condition     = toset(aws_eks_fargate_profile.this["jobs"].selector[*].namespace) == toset(["a", "b"])
    error_message = "A Fargate profile selects each of its namespaces once."
  }
}

run "outputs" {
  assert {
    condition     = output.node_autoscaling_groups == { billpay-nodes = "eks-billpay-nodes-1" }
    error_message = "Other modules find the autoscaling groups of each node group."
  }

  assert {
    condition     = output.oidc_issuer == "https://oidc.eks.us-east-1.amazonaws.com/id/0A1B" && aws_iam_openid_connect_provider.cluster.client_id_list == toset(["sts.amazonaws.com"])
    error_message = "The identity provider is the cluster's own, for STS only."
  }
}

run "another_region" {
  command = plan

  variables {
    region = "eu-west-1"
  }

  expect_failures = [aws_eks_cluster.this]
}
