# The dev environment by Terraform and the AWS provider, written by hand: what billpay's
# calls and times are measured against. As few resources as the provider allows: rules and
# routes are inline where that saves calls.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

variable "endpoint" {
  type = string
}

variable "account" {
  type = string
}

variable "access_key" {
  type = string
}

variable "name" {
  type    = string
  default = "tf"
}

provider "aws" {
  region                      = "us-east-1"
  access_key                  = var.access_key
  secret_key                  = "local"
  max_retries                 = 2
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true

  default_tags {
    tags = {
      owner      = "platform-team"
      managed-by = "terraform"
    }
  }

  endpoints {
    cloudfront = var.endpoint
    ec2        = var.endpoint
    ecr        = var.endpoint
    eks        = var.endpoint
    iam        = var.endpoint
    s3         = var.endpoint
    sts        = var.endpoint
  }
}

locals {
  cluster   = "${var.name}-cluster"
  services  = ["backend-api", "payment-service", "user-service", "admin-service"]
  frontends = { payment = true, admin = true, feature-flags = false } # whether a single-page application
  buckets   = concat(keys(local.frontends), ["techdocs"])
}
