# That the modules fit together: what one gives is what the next one takes, and what is not
# wanted is not there. What each makes, its own tests say.

mock_provider "aws" {
  mock_resource "aws_eks_cluster" {
    defaults = {
      arn                   = "arn:aws:eks:us-east-1:123456789012:cluster/billpay-cluster-dev"
      certificate_authority = [{ data = "bW9jaw==" }]
      identity              = [{ oidc = [{ issuer = "https://oidc.eks.us-east-1.amazonaws.com/id/0A1B" }] }]
    }
  }
  mock_resource "aws_eks_node_group" {
    defaults = { resources = [{ autoscaling_groups = [{ name = "eks-billpay-nodes-1" }], remote_access_security_group_id = "" }] }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/billpay-dev-mock", id = "billpay-dev-mock" }
  }
  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/mock" }
  }
  mock_resource "aws_kms_key" {
    defaults = {
      arn    = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"
      key_id = "00000000-0000-0000-0000-000000000000"
    }
  }
  mock_resource "aws_subnet" {
    defaults = { id = "subnet-00000000000000001" }
  }
  mock_resource "aws_security_group" {
    defaults = { id = "sg-00000000000000001" }
  }
  mock_resource "aws_vpc" {
    defaults = { id = "vpc-00000000000000001" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:us-east-1:123456789012:billpay-dev-alarms" }
  }
  mock_resource "aws_autoscaling_policy" {
    defaults = { arn = "arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:00000000-0000-0000-0000-000000000000:autoScalingGroupName/mock:policyName/mock" }
  }
  mock_resource "aws_cloudwatch_metric_alarm" {
    defaults = { arn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:mock" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:mock" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::mock" }
  }
  mock_resource "aws_cloudfront_distribution" {
    defaults = {
      arn            = "arn:aws:cloudfront::123456789012:distribution/E2QWRUHAPOMQZL"
      domain_name    = "d111111abcdef8.cloudfront.net"
      hosted_zone_id = "Z2FDTNDATAQYW2"
    }
  }
  mock_resource "aws_secretsmanager_secret" {
    defaults = { arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:mock-a1b2c3" }
  }
  mock_resource "aws_efs_file_system" {
    defaults = {
      id  = "fs-0123456789abcdef0"
      arn = "arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-0123456789abcdef0"
    }
  }
  mock_resource "aws_acm_certificate" {
    defaults = {
      arn = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
      domain_validation_options = [{
        domain_name           = "dev.billpay.com"
        resource_record_name  = "_proof.dev.billpay.com."
        resource_record_type  = "CNAME"
        resource_record_value = "_proof.acm-validations.aws."
      }]
    }
  }
  mock_data "aws_route53_zone" {
    defaults = { zone_id = "Z0SHARED" }
  }
}

# What every environment has; what may be left out is left out.
variables {
  project     = "billpay"
  environment = "dev"
  account     = "123456789012"
  region      = "us-east-1"

  github_oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"

  networking = {
    cidr            = "10.0.0.0/16"
    public_subnets  = { a = "10.0.1.0/24", b = "10.0.2.0/24" }
    private_subnets = { a = "10.0.10.0/24", b = "10.0.20.0/24" }
    nat             = "single"
    nat_zone        = "a"
    s3_endpoint     = true
    service_ports   = [8080]
  }

  iam = {
    cluster_name             = "billpay-cluster-dev"
    addons                   = ["coredns", "eks-pod-identity-agent", "kube-proxy", "vpc-cni"]
    fargate                  = false
    load_balancer_controller = true
    services                 = { backend-api = { name = "billpay-dev-backend-api", secrets = ["billpay/jwt/secret-dev"] } }
    metric_namespaces        = ["BillPay/Backend"]
    github = {
      role            = "BillPayGitHubActionsRole-dev"
      subjects        = ["repo:billpay/billpay-platform:environment:dev"]
      session_seconds = 3600
      bucket_names    = ["billpay-techdocs-dev-123456789012"]
      has_frontends   = false
    }
    github_frontends = {
      role            = "BillPayGitHubActionsRole-frontends-dev"
      subjects        = ["repo:billpay/billpay-frontends:environment:dev"]
      session_seconds = 3600
      bucket_names    = ["billpay-frontend-payment-dev-123456789012", "billpay-techdocs-dev-123456789012"]
      has_frontends   = true
    }
    repositories_pattern = "billpay-*-dev"
    runs = {
      bucket  = "billpay-run-state-123456789012-us-east-1"
      folder  = "123456789012/billpay/dev"
      is_used = true
    }
  }

  eks = {
    cluster = {
      name            = "billpay-cluster-dev"
      version         = "1.36"
      support         = "STANDARD"
      logs            = ["api", "audit"]
      endpoint_public = true
      public_cidrs    = ["0.0.0.0/0"]
    }
    namespace = "billpay-dev"
    nodes = {
      billpay-nodes = { instance_type = "t3.medium", min = 2, max = 4, capacity = "ON_DEMAND", disk = 20, labels = {} }
    }
    fargate                  = {}
    addons                   = { coredns = {}, eks-pod-identity-agent = {}, kube-proxy = {}, vpc-cni = {} }
    load_balancer_controller = true
    access                   = {}
    log_retention_days       = 7
  }

  ecr = {
    repositories         = { backend-api = "billpay-backend-api-dev" }
    scan_on_push         = true
    immutable_tags       = true
    keep_images          = 30
    expire_untagged_days = 7
    force_delete         = true
  }

  s3_cloudfront = {
    frontends = {
      payment = {
        bucket                  = "billpay-frontend-payment-dev-123456789012"
        spa                     = true
        price_class             = "PriceClass_100"
        content_security_policy = "default-src 'self'"
      }
    }
    buckets       = { techdocs = { name = "billpay-techdocs-dev-123456789012", expire_old_versions_days = 30 } }
    force_destroy = true
  }

  monitoring = {
    retention_days = 7
    metrics        = { "BillPay/Backend" = ["ErrorRate"] }
    alarms         = { HighErrorRate = { metric = "BillPay/Backend/ErrorRate", above = 5, unit = "percent", then = "scale-out" } }
    notify         = []
    dashboard      = false
    xray           = false
  }
}

run "what_is_null_is_not_there" {
  command = plan

  assert {
    condition = (
      length(module.secrets) == 0 && length(module.audit) == 0 && length(module.backup) == 0 &&
      length(module.efs) == 0 && length(module.dns) == 0
    )
    error_message = "Secrets, trail, backups, file system and names are there where the environment has them, and only there."
  }
  assert {
    condition     = output.secret_arns == {} && output.certificate_arn == null
    error_message = "What is not there has no outputs."
  }
  assert {
    condition     = output.cluster_name == "billpay-cluster-dev" && keys(output.repository_urls) == ["backend-api"]
    error_message = "The outputs are those of the modules."
  }
}

run "everything" {
  command = apply

  variables {
    secrets = {
      secrets              = { "billpay/jwt/secret" = { name = "billpay/jwt/secret-dev", description = "Key that signs sessions" } }
      reader_role_names    = ["billpay-dev-backend-api"]
      recovery_window_days = 0
    }
    audit  = { retention_days = 7, force_destroy = true }
    backup = { keep_days = 7 }
    efs    = {}
    dns = {
      zone            = "billpay.com"
      services_domain = "dev.billpay.com"
      domains         = { payment = "payments.dev.billpay.com" }
    }
    s3_cloudfront = {
      frontends = {
        payment = {
          bucket                  = "billpay-frontend-payment-dev-123456789012"
          domain                  = "payments.dev.billpay.com"
          certificate             = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000001"
          spa                     = true
          price_class             = "PriceClass_100"
          content_security_policy = "default-src 'self'"
        }
      }
      buckets       = {}
      force_destroy = true
    }
  }

  assert {
    condition = (
      length(module.secrets) == 1 && length(module.audit) == 1 && length(module.backup) == 1 &&
      length(module.efs) == 1 && length(module.dns) == 1
    )
    error_message = "What is wanted is there, once."
  }
  assert {
    condition     = keys(output.secret_arns) == ["billpay/jwt/secret"] && output.certificate_arn != null
    error_message = "What is there has its outputs."
  }
}

run "account_is_checked" {
  command = plan
  variables {
    account = "12345678901"
  }
  expect_failures = [var.account]
}

run "environment_is_checked" {
  command = plan
  variables {
    environment = "Dev-1"
  }
  expect_failures = [var.environment]
}

run "project_is_checked" {
  command = plan
  variables {
    project = "BillPay"
  }
  expect_failures = [var.project]
}

run "region_is_checked" {
  command = plan
  variables {
    region = "virginia"
  }
  expect_failures = [var.region]
}

run "github_oidc_provider_is_checked" {
  command = plan
  variables {
    github_oidc_provider_arn = "token.actions.githubusercontent.com"
  }
  expect_failures = [var.github_oidc_provider_arn]
}
