# What every unit has in common: where its state is, who may be called, what is tried again.
#
# A unit is a folder with a terragrunt.hcl (its module, and what it needs of other units) and a
# terraform.tfvars (its values). What a whole environment or account shares lies above it:
# scope.hcl (where the state is) and provider.tf (account, region and tags).

terragrunt_version_constraint = ">= 1.1.0, < 2.0.0"
terraform_version_constraint  = ">= 1.11.0, < 2.0.0"

locals {
  scope = read_terragrunt_config(find_in_parent_folders("scope.hcl")).locals
}

# One bucket an account and region, made by `--backend-bootstrap`: versioned, encrypted, TLS
# only, private. S3 itself keeps the lock, beside the state, so there is no table to look after.
remote_state {
  backend = "s3"

  generate = {
    path      = "backend.tf"
    if_exists = "overwrite_terragrunt"
  }

  config = {
    bucket       = local.scope.state_bucket
    key          = "${path_relative_to_include()}/terraform.tfstate"
    region       = local.scope.region
    encrypt      = true
    use_lockfile = true
  }
}

# The provider is a file and not a text here, so that no value is ever pasted into code.
generate "provider" {
  path      = "provider.tf"
  if_exists = "overwrite_terragrunt"
  contents  = file(find_in_parent_folders("provider.tf"))
}

terraform {
  # Two runs at once wait for each other instead of failing.
  extra_arguments "lock" {
    commands  = get_terraform_commands_that_need_locking()
    arguments = ["-lock-timeout=5m"]
  }
}

# Beside what Terragrunt itself tries again: what AWS says when it only needs more time, and that
# units which begin at once were in each other's way in the folder of providers that they share.
errors {
  retry "needs_time" {
    retryable_errors = concat(get_default_retryable_errors(), [
      "(?s).*ThrottlingException.*",
      "(?s).*RequestLimitExceeded.*",
      "(?s).*ServiceUnavailable.*",
      "(?s).*Failed to install provider.*",
    ])
    max_attempts       = 3
    sleep_interval_sec = 5
  }
}

# A protected environment is passed over by destroy until its spec says otherwise.
prevent_destroy = local.scope.protected
