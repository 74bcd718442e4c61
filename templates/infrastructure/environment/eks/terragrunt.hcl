include "root" {
  path = find_in_parent_folders("root.hcl")
}

terraform {
  source = "../../../modules//eks"
}

dependency "networking" {
  config_path = "../networking"
}

dependency "iam" {
  config_path = "../iam"
}

inputs = {
  public_subnet_ids  = dependency.networking.outputs.public_subnet_ids
  private_subnet_ids = dependency.networking.outputs.private_subnet_ids
  security_group_id  = dependency.networking.outputs.security_group_ids["cluster"]
  role_arns          = dependency.iam.outputs.role_arns
  service_role_arns  = dependency.iam.outputs.service_role_arns
  github_role_arn    = dependency.iam.outputs.github_role_arn
}
