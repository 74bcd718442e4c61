include "root" {
  path = find_in_parent_folders("root.hcl")
}

terraform {
  source = "../../../modules//backup"
}

dependency "s3-cloudfront" {
  config_path = "../s3-cloudfront"

  # For a destroy that is run again, when these are gone already. Nothing is ever made with them.
  mock_outputs_allowed_terraform_commands = ["destroy", "validate"]

  mock_outputs = {
    bucket_arns = {}
  }
}

inputs = {
  bucket_arns = dependency.s3-cloudfront.outputs.bucket_arns
}
