# What is refused before anything is made.

mock_provider "aws" {
  mock_resource "aws_eks_cluster" {
    defaults = {
      arn                   = "arn:aws:eks:us-east-1:123456789012:cluster/billpay-cluster-dev"
      certificate_authority = [{ data = "bW9jaw==" }]
      identity              = [{ oidc = [{ issuer = "https://oidc.eks.us-east-1.amazonaws.com/id/0A1B" }] }]
    }
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

run "name_with_capitals" {
  command = plan

  variables {
    name              = "BillPay"
    role_arns         = { cluster = "arn:aws:iam::123456789012:role/BillPay-cluster", nodes = "arn:aws:iam::123456789012:role/BillPay-nodes", vpc-cni = "arn:aws:iam::123456789012:role/BillPay-vpc-cni", ebs-csi = "arn:aws:iam::123456789012:role/BillPay-ebs-csi", fargate = "arn:aws:iam::123456789012:role/BillPay-fargate", load-balancer-controller = "arn:aws:iam::123456789012:role/BillPay-load-balancer-controller" }
    service_role_arns = {}
  }

  expect_failures = [var.name]
}

run "account_that_is_too_short" {
  command = plan

  variables {
    account           = "12345"
    role_arns         = { cluster = "arn:aws:iam::12345:role/billpay-dev-eks-cluster", nodes = "arn:aws:iam::12345:role/billpay-dev-eks-nodes", vpc-cni = "arn:aws:iam::12345:role/billpay-dev-eks-vpc-cni", ebs-csi = "arn:aws:iam::12345:role/billpay-dev-eks-ebs-csi", fargate = "arn:aws:iam::12345:role/billpay-dev-eks-fargate", load-balancer-controller = "arn:aws:iam::12345:role/billpay-dev-eks-load-balancer-controller" }
    service_role_arns = {}
    github_role_arn   = "arn:aws:iam::12345:role/GitHub"
  }

  expect_failures = [var.account]
}

run "region_that_is_none" {
  command = plan

  variables {
    region = "virginia"
  }

  expect_failures = [var.region]
}

run "cluster_name_with_a_dot" {
  command = plan

  variables {
    cluster = { name = "billpay.dev", version = "1.36", endpoint_public = true, public_cidrs = ["192.0.2.0/24"] }
  }

  expect_failures = [var.cluster]
}

run "version_with_a_patch" {
  command = plan

  variables {
    cluster = { name = "billpay-cluster-dev", version = "1.36.2", endpoint_public = true, public_cidrs = ["192.0.2.0/24"] }
  }

  expect_failures = [var.cluster]
}

run "support_in_lower_case" {
  command = plan

  variables {
    cluster = { name = "billpay-cluster-dev", version = "1.36", endpoint_public = true, public_cidrs = ["192.0.2.0/24"], support = "standard" }
  }

  expect_failures = [var.cluster]
}

run "log_that_is_none" {
  command = plan

  variables {
    cluster = { name = "billpay-cluster-dev", version = "1.36", endpoint_public = true, public_cidrs = ["192.0.2.0/24"], logs = ["kubelet"] }
  }

  expect_failures = [var.cluster]
}

run "range_that_is_none" {
  command = plan

  variables {
    cluster = { name = "billpay-cluster-dev", version = "1.36", endpoint_public = true, public_cidrs = ["office"] }
  }

  expect_failures = [var.cluster]
}

run "public_endpoint_without_ranges" {
  command = plan

  variables {
    cluster = { name = "billpay-cluster-dev", version = "1.36", endpoint_public = true, public_cidrs = [] }
  }

  expect_failures = [var.cluster]
}

run "public_subnets_by_name" {
  command = plan

  variables {
    public_subnet_ids = { a = "public-a" }
  }

  expect_failures = [var.public_subnet_ids]
}

run "private_subnets_by_name" {
  command = plan

  variables {
    private_subnet_ids = { a = "private-a", b = "private-b" }
  }

  expect_failures = [var.private_subnet_ids]
}

run "one_zone" {
  command = plan

  variables {
    private_subnet_ids = { a = "subnet-0a2" }
  }

  expect_failures = [var.private_subnet_ids]
}

run "security_group_by_name" {
  command = plan

  variables {
    security_group_id = "cluster"
  }

  expect_failures = [var.security_group_id]
}

run "roles_of_another_environment" {
  command = plan

  variables {
    role_arns = { cluster = "arn:aws:iam::123456789012:role/billpay-prod-eks-cluster", nodes = "arn:aws:iam::123456789012:role/billpay-prod-eks-nodes", vpc-cni = "arn:aws:iam::123456789012:role/billpay-prod-eks-vpc-cni", ebs-csi = "arn:aws:iam::123456789012:role/billpay-prod-eks-ebs-csi", fargate = "arn:aws:iam::123456789012:role/billpay-prod-eks-fargate", load-balancer-controller = "arn:aws:iam::123456789012:role/billpay-prod-eks-load-balancer-controller" }
  }

  expect_failures = [var.role_arns]
}

run "roles_of_another_account" {
  command = plan

  variables {
    role_arns = { cluster = "arn:aws:iam::210987654321:role/billpay-dev-eks-cluster", nodes = "arn:aws:iam::210987654321:role/billpay-dev-eks-nodes", vpc-cni = "arn:aws:iam::210987654321:role/billpay-dev-eks-vpc-cni", ebs-csi = "arn:aws:iam::210987654321:role/billpay-dev-eks-ebs-csi", fargate = "arn:aws:iam::210987654321:role/billpay-dev-eks-fargate", load-balancer-controller = "arn:aws:iam::210987654321:role/billpay-dev-eks-load-balancer-controller" }
  }

  expect_failures = [var.role_arns]
}

run "no_role_of_the_cluster" {
  command = plan

  variables {
    role_arns = { nodes = "arn:aws:iam::123456789012:role/billpay-dev-eks-nodes", vpc-cni = "arn:aws:iam::123456789012:role/billpay-dev-eks-vpc-cni", ebs-csi = "arn:aws:iam::123456789012:role/billpay-dev-eks-ebs-csi", fargate = "arn:aws:iam::123456789012:role/billpay-dev-eks-fargate", load-balancer-controller = "arn:aws:iam::123456789012:role/billpay-dev-eks-load-balancer-controller" }
  }

  expect_failures = [var.role_arns]
}

run "no_role_of_the_nodes" {
  command = plan

  variables {
    role_arns = { cluster = "arn:aws:iam::123456789012:role/billpay-dev-eks-cluster", vpc-cni = "arn:aws:iam::123456789012:role/billpay-dev-eks-vpc-cni", ebs-csi = "arn:aws:iam::123456789012:role/billpay-dev-eks-ebs-csi", fargate = "arn:aws:iam::123456789012:role/billpay-dev-eks-fargate", load-balancer-controller = "arn:aws:iam::123456789012:role/billpay-dev-eks-load-balancer-controller" }
  }

  expect_failures = [var.role_arns]
}

run "no_role_of_the_vpc_cni" {
  command = plan

  variables {
    role_arns = { cluster = "arn:aws:iam::123456789012:role/billpay-dev-eks-cluster", nodes = "arn:aws:iam::123456789012:role/billpay-dev-eks-nodes", ebs-csi = "arn:aws:iam::123456789012:role/billpay-dev-eks-ebs-csi", fargate = "arn:aws:iam::123456789012:role/billpay-dev-eks-fargate", load-balancer-controller = "arn:aws:iam::123456789012:role/billpay-dev-eks-load-balancer-controller" }
  }

  expect_failures = [var.role_arns]
}

run "no_role_of_the_ebs_driver" {
  command = plan

  variables {
    role_arns = { cluster = "arn:aws:iam::123456789012:role/billpay-dev-eks-cluster", nodes = "arn:aws:iam::123456789012:role/billpay-dev-eks-nodes", vpc-cni = "arn:aws:iam::123456789012:role/billpay-dev-eks-vpc-cni", fargate = "arn:aws:iam::123456789012:role/billpay-dev-eks-fargate", load-balancer-controller = "arn:aws:iam::123456789012:role/billpay-dev-eks-load-balancer-controller" }
  }

  expect_failures = [var.role_arns]
}

run "no_role_of_fargate" {
  command = plan

  variables {
    role_arns = { cluster = "arn:aws:iam::123456789012:role/billpay-dev-eks-cluster", nodes = "arn:aws:iam::123456789012:role/billpay-dev-eks-nodes", vpc-cni = "arn:aws:iam::123456789012:role/billpay-dev-eks-vpc-cni", ebs-csi = "arn:aws:iam::123456789012:role/billpay-dev-eks-ebs-csi", load-balancer-controller = "arn:aws:iam::123456789012:role/billpay-dev-eks-load-balancer-controller" }
    fargate   = { jobs = { namespaces = ["jobs"] } }
  }

  expect_failures = [var.role_arns]
}

run "no_role_of_the_controller" {
  command = plan

  variables {
    role_arns = { cluster = "arn:aws:iam::123456789012:role/billpay-dev-eks-cluster", nodes = "arn:aws:iam::123456789012:role/billpay-dev-eks-nodes", vpc-cni = "arn:aws:iam::123456789012:role/billpay-dev-eks-vpc-cni", ebs-csi = "arn:aws:iam::123456789012:role/billpay-dev-eks-ebs-csi", fargate = "arn:aws:iam::123456789012:role/billpay-dev-eks-fargate" }
  }

  expect_failures = [var.role_arns]
}

run "github_role_of_another_account" {
  command = plan

  variables {
    github_role_arn = "arn:aws:iam::210987654321:role/GitHub"
  }

  expect_failures = [var.github_role_arn]
}

run "namespace_with_capitals" {
  command = plan

  variables {
    namespace = "BillPay"
  }

  expect_failures = [var.namespace]
}

run "node_group_name_with_a_dot" {
  command = plan

  variables {
    nodes = { "billpay.nodes" = { instance_type = "t3.medium", min = 2, max = 4 } }
  }

  expect_failures = [var.nodes]
}

run "instance_type_without_size" {
  command = plan

  variables {
    nodes = { "billpay-nodes" = { instance_type = "t3", min = 2, max = 4 } }
  }

  expect_failures = [var.nodes]
}

run "min_over_max" {
  command = plan

  variables {
    nodes = { "billpay-nodes" = { instance_type = "t3.medium", min = 5, max = 4 } }
  }

  expect_failures = [var.nodes]
}

run "capacity_in_lower_case" {
  command = plan

  variables {
    nodes = { "billpay-nodes" = { instance_type = "t3.medium", min = 2, max = 4, capacity = "spot" } }
  }

  expect_failures = [var.nodes]
}

run "disk_too_small_for_the_image" {
  command = plan

  variables {
    nodes = { "billpay-nodes" = { instance_type = "t3.medium", min = 2, max = 4, disk = 8 } }
  }

  expect_failures = [var.nodes]
}

run "label_of_kubernetes" {
  command = plan

  variables {
    nodes = { "billpay-nodes" = { instance_type = "t3.medium", min = 2, max = 4, labels = { "node.kubernetes.io/pool" = "a" } } }
  }

  expect_failures = [var.nodes]
}

run "nothing_to_run_pods_on" {
  command = plan

  variables {
    nodes = {}
  }

  expect_failures = [var.nodes]
}

run "fargate_name_with_a_dot" {
  command = plan

  variables {
    fargate = { "jobs.all" = { namespaces = ["jobs"] } }
  }

  expect_failures = [var.fargate]
}

run "fargate_without_namespaces" {
  command = plan

  variables {
    fargate = { jobs = { namespaces = [] } }
  }

  expect_failures = [var.fargate]
}

run "addon_name_with_capitals" {
  command = plan

  variables {
    addons = { CoreDNS = {} }
  }

  expect_failures = [var.addons]
}

run "addon_version_without_v" {
  command = plan

  variables {
    addons = { coredns = { version = "1.13.1" } }
  }

  expect_failures = [var.addons]
}

run "service_role_of_another_environment" {
  command = plan

  variables {
    service_role_arns = { api = "arn:aws:iam::123456789012:role/billpay-prod-api" }
  }

  expect_failures = [var.service_role_arns]
}

run "service_called_as_the_controller" {
  command = plan

  variables {
    service_role_arns = { load-balancer-controller = "arn:aws:iam::123456789012:role/billpay-dev-lbc" }
  }

  expect_failures = [var.service_role_arns]
}

run "access_called_github" {
  command = plan

  variables {
    access = { github = { principal = "arn:aws:iam::123456789012:role/PlatformEngineer", policy = "AmazonEKSViewPolicy" } }
  }

  expect_failures = [var.access]
}

run "access_for_everybody" {
  command = plan

  variables {
    access = { platform = { principal = "arn:aws:iam::123456789012:role/*", policy = "AmazonEKSViewPolicy" } }
  }

  expect_failures = [var.access]
}

run "access_policy_that_is_none" {
  command = plan

  variables {
    access = { platform = { principal = "arn:aws:iam::123456789012:role/PlatformEngineer", policy = "cluster-admin" } }
  }

  expect_failures = [var.access]
}

run "cluster_admin_of_a_namespace" {
  command = plan

  variables {
    access = { platform = { principal = "arn:aws:iam::123456789012:role/PlatformEngineer", policy = "AmazonEKSClusterAdminPolicy", namespaces = ["a"] } }
  }

  expect_failures = [var.access]
}

run "same_principal_twice" {
  command = plan

  variables {
    access = { platform = { principal = "arn:aws:iam::123456789012:role/BillPayGitHubActionsRole-dev", policy = "AmazonEKSViewPolicy" } }
  }

  expect_failures = [var.access]
}

run "retention_that_cloudwatch_does_not_have" {
  command = plan

  variables {
    log_retention_days = 10
  }

  expect_failures = [var.log_retention_days]
}
