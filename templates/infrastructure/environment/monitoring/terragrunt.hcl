include "root" {
  path = find_in_parent_folders("root.hcl")
}

terraform {
  source = "../../../modules//monitoring"
}

dependency "eks" {
  config_path = "../eks"

  # For a destroy that is run again, when these are gone already. Nothing is ever made with them.
  mock_outputs_allowed_terraform_commands = ["destroy", "validate"]

  mock_outputs = {
    node_autoscaling_groups = {}
  }
}

dependency "s3-cloudfront" {
  config_path = "../s3-cloudfront"

  mock_outputs_allowed_terraform_commands = ["destroy", "validate"]

  mock_outputs = {
    distribution_ids = {}
  }
}

inputs = {
  autoscaling_groups = dependency.eks.outputs.node_autoscaling_groups
  distribution_ids   = dependency.s3-cloudfront.outputs.distribution_ids
}
