# One object a component, with the variables of its module that the environment decides. What
# they mean, what is allowed and what may be left out, the modules say themselves.

variable "project" {
  description = "Short name of the platform; every name begins with it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,14}[a-z0-9]$", var.project))
    error_message = "The project must be 2 to 16 lower-case letters, digits and hyphens, beginning with a letter."
  }
}

variable "environment" {
  description = "Name of the environment."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{0,11}$", var.environment))
    error_message = "The environment must be 1 to 12 lower-case letters and digits, beginning with a letter."
  }
}

variable "account" {
  description = "AWS account id that the environment lives in."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account))
    error_message = "The account must be an AWS account id: 12 digits."
  }
}

variable "region" {
  description = "AWS region."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "The region must be an AWS region, such as us-east-1."
  }
}

variable "github_oidc_provider_arn" {
  description = "ARN of GitHub's OIDC provider, which the environments of an account share."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:oidc-provider/", var.github_oidc_provider_arn))
    error_message = "It must be the ARN of an IAM OIDC provider; the module account makes GitHub's."
  }
}

variable "networking" {
  description = "The network: its ranges, by the letters of the zones, and its ways out."
  type = object({
    cidr            = string
    public_subnets  = map(string)
    private_subnets = map(string)
    nat             = string
    nat_zone        = optional(string)
    s3_endpoint     = bool
    service_ports   = set(number)
  })
  nullable = false
}

variable "iam" {
  description = "Whom there are roles for, and what those may do."
  type = object({
    cluster_name             = string
    addons                   = set(string)
    fargate                  = bool
    load_balancer_controller = bool
    services = map(object({
      name    = string
      secrets = list(string)
      buckets = optional(list(string), [])
    }))
    metric_namespaces = list(string)
    github = object({
      role            = string
      subjects        = list(string)
      session_seconds = number
      bucket_names    = set(string)
      has_frontends   = bool
    })
    github_frontends = optional(object({
      role            = string
      subjects        = list(string)
      session_seconds = number
      bucket_names    = set(string)
      has_frontends   = bool
    }))
    repositories_pattern = string
    runs = object({
      bucket  = string
      folder  = string
      is_used = bool
    })
  })
  nullable = false
}

variable "eks" {
  description = "The cluster, its nodes and add-ons, and who may use it."
  type = object({
    cluster = object({
      name            = string
      version         = string
      support         = string
      logs            = list(string)
      endpoint_public = bool
      public_cidrs    = list(string)
    })
    namespace = string
    nodes = map(object({
      instance_type = string
      min           = number
      max           = number
      capacity      = string
      disk          = number
      labels        = map(string)
    }))
    fargate = map(object({
      namespaces = list(string)
    }))
    addons = map(object({
      version = optional(string)
    }))
    load_balancer_controller = bool
    access = map(object({
      principal  = string
      policy     = string
      namespaces = list(string)
    }))
    log_retention_days = number
  })
  nullable = false
}

variable "ecr" {
  description = "The repositories of images, by service, and how they are kept."
  type = object({
    repositories         = map(string)
    scan_on_push         = bool
    immutable_tags       = bool
    keep_images          = number
    expire_untagged_days = number
    force_delete         = bool
  })
  nullable = false
}

variable "s3_cloudfront" {
  description = "The frontends with their buckets and distributions, and the other buckets."
  type = object({
    frontends = map(object({
      bucket                  = string
      domain                  = optional(string)
      certificate             = optional(string)
      spa                     = bool
      price_class             = string
      content_security_policy = string
      allowed_origins         = optional(list(string), [])
    }))
    buckets = map(object({
      name                     = string
      expire_old_versions_days = number
    }))
    force_destroy = bool
  })
  nullable = false
}

variable "secrets" {
  description = "The places of secrets, and who may read them; null for none."
  type = object({
    secrets = map(object({
      name                  = string
      description           = string
      rotation_days         = optional(number)
      rotation_function_arn = optional(string)
    }))
    reader_role_names    = list(string)
    recovery_window_days = number
  })
  default = null
}

variable "monitoring" {
  description = "Alarms and whom they tell, dashboards, logs."
  type = object({
    retention_days = number
    metrics        = map(list(string))
    alarms = map(object({
      metric = string
      above  = number
      unit   = string
      then   = string
    }))
    notify    = list(string)
    dashboard = bool
    xray      = bool
  })
  nullable = false
}

variable "audit" {
  description = "How long the trail of who did what is kept; null for no trail."
  type = object({
    retention_days = number
    force_destroy  = bool
  })
  default = null
}

variable "backup" {
  description = "How long backups are kept; null for none."
  type = object({
    keep_days = number
  })
  default = null
}

variable "efs" {
  description = "A file system that pods share; null for none."
  type = object({
    automatic_backups = optional(bool, true)
  })
  default = null
}

variable "dns" {
  description = "The hosted zone, where the services are in it, and the frontends' domains; null when names are managed elsewhere."
  type = object({
    zone            = string
    services_domain = string
    domains         = map(string)
  })
  default = null
}
