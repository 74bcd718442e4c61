include "root" {
  path = find_in_parent_folders("root.hcl")
}

terraform {
  source = "../../../modules//efs"
}

dependency "networking" {
  config_path = "../networking"

  # For a destroy that is run again, when these are gone already. Nothing is ever made with them.
  mock_outputs_allowed_terraform_commands = ["destroy", "validate"]

  mock_outputs = {
    vpc_id             = "vpc-00000000000000000"
    private_subnet_ids = { a = "subnet-00000000000000003", b = "subnet-00000000000000004" }
    security_group_ids = { cluster = "sg-00000000000000001", services = "sg-00000000000000002" }
  }
}

dependency "eks" {
  config_path = "../eks"

  mock_outputs_allowed_terraform_commands = ["destroy", "validate"]

  mock_outputs = {
    cluster_name = "gone"
  }
}

inputs = {
  cluster_name      = dependency.eks.outputs.cluster_name
  vpc_id            = dependency.networking.outputs.vpc_id
  subnet_ids        = dependency.networking.outputs.private_subnet_ids
  security_group_id = dependency.networking.outputs.security_group_ids["services"]
}
