mock_provider "aws" {
  mock_resource "aws_kms_key" {
    defaults = {
      arn    = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"
      key_id = "00000000-0000-0000-0000-000000000000"
    }
  }
  mock_resource "aws_efs_file_system" {
    defaults = {
      id  = "fs-0123456789abcdef0"
      arn = "arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-0123456789abcdef0"
    }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/billpay-dev-eks-efs-csi" }
  }
  mock_resource "aws_security_group" {
    defaults = { id = "sg-0000000000000000e" }
  }
}

variables {
  name              = "billpay-dev"
  account           = "123456789012"
  region            = "us-east-1"
  cluster_name      = "billpay-cluster-dev"
  vpc_id            = "vpc-0123456789abcdef0"
  subnet_ids        = { a = "subnet-0123456789abcdef0", b = "subnet-0123456789abcdef1" }
  security_group_id = "sg-0123456789abcdef0"
}

run "encrypted_and_backed_up" {
  command = apply

  assert {
    condition     = aws_efs_file_system.this.encrypted && aws_efs_file_system.this.kms_key_id == aws_kms_key.efs.arn && aws_kms_key.efs.enable_key_rotation
    error_message = "The file system isn't encrypted with a rotated key of ours."
  }
  assert {
    condition     = aws_efs_backup_policy.this.backup_policy[0].status == "ENABLED"
    error_message = "The file system isn't backed up."
  }
}

run "mounted_from_the_services_only" {
  command = apply

  assert {
    condition     = keys(aws_efs_mount_target.this) == ["a", "b"]
    error_message = "A zone has no mount target."
  }
  assert {
    condition = (
      aws_vpc_security_group_ingress_rule.nfs.referenced_security_group_id == "sg-0123456789abcdef0"
      && aws_vpc_security_group_ingress_rule.nfs.from_port == 2049
      && aws_vpc_security_group_ingress_rule.nfs.to_port == 2049
    )
    error_message = "More than NFS from the services gets in."
  }
}

run "tls_only_and_never_root" {
  command = apply

  assert {
    condition = anytrue([
      for statement in jsondecode(aws_efs_file_system_policy.this.policy).Statement :
      statement.Effect == "Deny" && try(statement.Condition.Bool["aws:SecureTransport"], "") == "false"
    ])
    error_message = "The file system can be mounted without TLS."
  }
  assert {
    condition     = !strcontains(aws_efs_file_system_policy.this.policy, "ClientRootAccess")
    error_message = "Root of a pod is root of the file system."
  }
}

run "the_driver_has_a_role_of_its_own" {
  command = apply

  assert {
    condition = (
      one(aws_eks_addon.driver.pod_identity_association).service_account == "efs-csi-controller-sa"
      && jsondecode(aws_iam_role.driver.assume_role_policy).Statement[0].Condition.ArnEquals["aws:SourceArn"] == "arn:aws:eks:us-east-1:123456789012:cluster/billpay-cluster-dev"
    )
    error_message = "The driver's role is not for this cluster's driver alone."
  }
}

run "refuses_bad_values" {
  command = plan
  variables {
    name              = "x"
    account           = "x"
    region            = "x"
    cluster_name      = "_"
    vpc_id            = "x"
    subnet_ids        = {}
    security_group_id = "x"
    driver_version    = "latest"
    boundary_arn      = "x"
  }
  expect_failures = [
    var.name, var.account, var.region, var.cluster_name, var.vpc_id, var.subnet_ids, var.security_group_id,
    var.driver_version, var.boundary_arn,
  ]
}
