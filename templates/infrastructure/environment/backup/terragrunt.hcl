include "root" {
  path = find_in_parent_folders("root.hcl")
}

terraform {
  source = "../../../modules//backup"
}

dependency "s3-cloudfront" {
  config_path = "../s3-cloudfront"
}

inputs = {
  bucket_arns = dependency.s3-cloudfront.outputs.bucket_arns
}
