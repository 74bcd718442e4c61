include "root" {
  path = find_in_parent_folders("root.hcl")
}

terraform {
  source = "../../../modules//monitoring"
}

dependency "eks" {
  config_path = "../eks"
}

dependency "s3-cloudfront" {
  config_path = "../s3-cloudfront"
}

inputs = {
  autoscaling_groups = dependency.eks.outputs.node_autoscaling_groups
  distribution_ids   = dependency.s3-cloudfront.outputs.distribution_ids
}
