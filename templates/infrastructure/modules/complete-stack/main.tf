# The components of an environment, wired as the Terragrunt units are: what needs another one
# takes its outputs, and the order follows from that.

locals {
  name = "${var.project}-${var.environment}"
}

module "networking" {
  source = "../networking"

  name            = local.name
  region          = var.region
  cidr            = var.networking.cidr
  public_subnets  = var.networking.public_subnets
  private_subnets = var.networking.private_subnets
  nat             = var.networking.nat
  nat_zone        = var.networking.nat_zone
  s3_endpoint     = var.networking.s3_endpoint
  service_ports   = var.networking.service_ports
}

module "iam" {
  source = "../iam"

  name                     = local.name
  project                  = var.project
  environment              = var.environment
  account                  = var.account
  region                   = var.region
  cluster_name             = var.iam.cluster_name
  addons                   = var.iam.addons
  fargate                  = var.iam.fargate
  load_balancer_controller = var.iam.load_balancer_controller
  services                 = var.iam.services
  metric_namespaces        = var.iam.metric_namespaces
  github                   = var.iam.github
  github_frontends         = var.iam.github_frontends
  github_oidc_provider_arn = var.github_oidc_provider_arn
  repositories_pattern     = var.iam.repositories_pattern
  runs                     = var.iam.runs
}

module "eks" {
  source = "../eks"

  name                     = local.name
  account                  = var.account
  region                   = var.region
  cluster                  = var.eks.cluster
  public_subnet_ids        = module.networking.public_subnet_ids
  private_subnet_ids       = module.networking.private_subnet_ids
  security_group_id        = module.networking.security_group_ids["cluster"]
  role_arns                = module.iam.role_arns
  service_role_arns        = module.iam.service_role_arns
  github_role_arn          = module.iam.github_role_arn
  namespace                = var.eks.namespace
  nodes                    = var.eks.nodes
  fargate                  = var.eks.fargate
  addons                   = var.eks.addons
  load_balancer_controller = var.eks.load_balancer_controller
  access                   = var.eks.access
  log_retention_days       = var.eks.log_retention_days
}

module "ecr" {
  source = "../ecr"

  repositories         = var.ecr.repositories
  scan_on_push         = var.ecr.scan_on_push
  immutable_tags       = var.ecr.immutable_tags
  keep_images          = var.ecr.keep_images
  expire_untagged_days = var.ecr.expire_untagged_days
  force_delete         = var.ecr.force_delete
}

module "s3_cloudfront" {
  source = "../s3-cloudfront"

  name          = local.name
  project       = var.project
  environment   = var.environment
  account       = var.account
  region        = var.region
  frontends     = var.s3_cloudfront.frontends
  buckets       = var.s3_cloudfront.buckets
  force_destroy = var.s3_cloudfront.force_destroy
}

module "secrets" {
  source = "../secrets"
  count  = var.secrets == null ? 0 : 1

  name                 = local.name
  account              = var.account
  region               = var.region
  secrets              = var.secrets.secrets
  reader_role_names    = var.secrets.reader_role_names
  recovery_window_days = var.secrets.recovery_window_days
}

module "monitoring" {
  source = "../monitoring"

  name               = local.name
  project            = var.project
  environment        = var.environment
  account            = var.account
  region             = var.region
  cluster_name       = module.eks.cluster_name
  retention_days     = var.monitoring.retention_days
  metrics            = var.monitoring.metrics
  alarms             = var.monitoring.alarms
  notify             = var.monitoring.notify
  dashboard          = var.monitoring.dashboard
  xray               = var.monitoring.xray
  autoscaling_groups = module.eks.node_autoscaling_groups
  distribution_ids   = module.s3_cloudfront.distribution_ids
}

module "audit" {
  source = "../audit"
  count  = var.audit == null ? 0 : 1

  name           = local.name
  account        = var.account
  region         = var.region
  retention_days = var.audit.retention_days
  force_destroy  = var.audit.force_destroy
}

module "backup" {
  source = "../backup"
  count  = var.backup == null ? 0 : 1

  name        = local.name
  project     = var.project
  environment = var.environment
  account     = var.account
  region      = var.region
  keep_days   = var.backup.keep_days
  bucket_arns = module.s3_cloudfront.bucket_arns
}

module "efs" {
  source = "../efs"
  count  = var.efs == null ? 0 : 1

  name              = local.name
  account           = var.account
  region            = var.region
  cluster_name      = module.eks.cluster_name
  vpc_id            = module.networking.vpc_id
  subnet_ids        = module.networking.private_subnet_ids
  security_group_id = module.networking.security_group_ids["services"]
  automatic_backups = var.efs.automatic_backups
}

module "dns" {
  source = "../dns"
  count  = var.dns == null ? 0 : 1

  name            = local.name
  environment     = var.environment
  zone            = var.dns.zone
  services_domain = var.dns.services_domain
  aliases = {
    for frontend, domain in var.dns.domains : frontend => {
      domain             = domain
      target_domain_name = module.s3_cloudfront.distribution_domains[frontend].domain_name
      target_zone_id     = module.s3_cloudfront.distribution_domains[frontend].hosted_zone_id
    }
  }
}
