include "root" {
  path = find_in_parent_folders("root.hcl")
}

terraform {
  source = "../../../modules//efs"
}

dependency "networking" {
  config_path = "../networking"
}

dependency "eks" {
  config_path = "../eks"
}

inputs = {
  cluster_name      = dependency.eks.outputs.cluster_name
  vpc_id            = dependency.networking.outputs.vpc_id
  subnet_ids        = dependency.networking.outputs.private_subnet_ids
  security_group_id = dependency.networking.outputs.security_group_ids["services"]
}
