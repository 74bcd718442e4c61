include "root" {
  path = find_in_parent_folders("root.hcl")
}

terraform {
  source = "../../../modules//eks"
}

dependency "networking" {
  config_path = "../networking"

  # For a destroy that is run again, when these are gone already. Nothing is ever made with them.
  mock_outputs_allowed_terraform_commands = ["destroy", "validate"]

  mock_outputs = {
    public_subnet_ids  = { a = "subnet-00000000000000001", b = "subnet-00000000000000002" }
    private_subnet_ids = { a = "subnet-00000000000000003", b = "subnet-00000000000000004" }
    security_group_ids = { cluster = "sg-00000000000000001", services = "sg-00000000000000002" }
  }
}

dependency "iam" {
  config_path = "../iam"

  mock_outputs_allowed_terraform_commands = ["destroy", "validate"]

  mock_outputs = {
    role_arns         = { cluster = "arn:aws:iam::000000000000:role/gone", nodes = "arn:aws:iam::000000000000:role/gone" }
    service_role_arns = {}
    github_role_arn   = "arn:aws:iam::000000000000:role/gone"
  }
}

inputs = {
  public_subnet_ids  = dependency.networking.outputs.public_subnet_ids
  private_subnet_ids = dependency.networking.outputs.private_subnet_ids
  security_group_id  = dependency.networking.outputs.security_group_ids["cluster"]
  role_arns          = dependency.iam.outputs.role_arns
  service_role_arns  = dependency.iam.outputs.service_role_arns
  github_role_arn    = dependency.iam.outputs.github_role_arn
}
