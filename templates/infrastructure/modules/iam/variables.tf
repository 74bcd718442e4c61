variable "name" {
  description = "What the names of roles begin with: the project and the environment, such as \"billpay-dev\"."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,33}[a-z0-9]$", var.name))
    error_message = "name must be 2 to 35 lower-case letters, digits and hyphens, beginning with a letter, such as \"billpay-dev\"; longer ones leave no room in the names of roles."
  }
}

variable "project" {
  description = "Name of the project, such as \"billpay\": the value of the tag billpay:project."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,14}[a-z0-9]$", var.project))
    error_message = "project must be 2 to 16 lower-case letters, digits and hyphens, beginning with a letter."
  }
}

variable "environment" {
  description = "Name of the environment, such as \"dev\": the value of the tag billpay:environment."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{0,11}$", var.environment))
    error_message = "environment must be 1 to 12 lower-case letters and digits, beginning with a letter."
  }
}

variable "account" {
  description = "AWS account id of the environment."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account))
    error_message = "account must be an AWS account id: 12 digits, in quotes."
  }
}

variable "region" {
  description = "AWS region of the environment, the only one that its services and workflows may use."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be an AWS region, such as \"us-east-1\"."
  }
}

variable "cluster_name" {
  description = "Name of the EKS cluster whose pods take the roles, such as \"billpay-cluster-dev\"."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$", var.cluster_name))
    error_message = "cluster_name must be 1 to 100 letters, digits, - and _, beginning with a letter or digit: a pattern would let other clusters in."
  }
}

variable "addons" {
  description = "Names of the cluster's EKS add-ons; vpc-cni and aws-ebs-csi-driver have roles of their own."
  type        = set(string)
  nullable    = false

  validation {
    condition     = alltrue([for addon in var.addons : can(regex("^[a-z0-9][a-z0-9_-]*$", addon))])
    error_message = "Each of addons must be the name of an EKS add-on, such as \"vpc-cni\"."
  }
}

variable "fargate" {
  description = "Whether the cluster has Fargate profiles, which need a role."
  type        = bool
  nullable    = false
  default     = false
}

variable "load_balancer_controller" {
  description = "Whether the AWS Load Balancer Controller gets its role."
  type        = bool
  nullable    = false
  default     = true
}

variable "services" {
  description = "The services: the name of each one's role, and the names of the secrets and buckets that it may read, as AWS has them."
  type = map(object({
    name    = string
    secrets = optional(list(string), [])
    buckets = optional(list(string), [])
  }))
  nullable = false

  validation {
    condition     = alltrue([for service in values(var.services) : can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", service.name))])
    error_message = "Each service's role must have a name of 1 to 64 letters, digits and +=,.@_-."
  }

  validation {
    condition     = length(distinct([for service in values(var.services) : service.name])) == length(var.services)
    error_message = "Each service needs a role of its own."
  }

  validation {
    condition = alltrue(flatten([
      for service in values(var.services) : [for secret in service.secrets : can(regex("^[A-Za-z0-9/_+=.@-]{1,512}$", secret))]
    ]))
    error_message = "Each secret must be named in full, with letters, digits and /_+=.@-: a pattern would open other secrets."
  }

  validation {
    condition = alltrue(flatten([
      for service in values(var.services) : [for bucket in service.buckets : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", bucket))]
    ]))
    error_message = "Each bucket of a service must be named in full: a pattern would open other buckets."
  }
}

variable "metric_namespaces" {
  description = "CloudWatch namespaces that services may publish metrics to, such as \"BillPay/Backend\"."
  type        = list(string)
  nullable    = false
  default     = []

  validation {
    condition = alltrue([
      for namespace in var.metric_namespaces : can(regex("^[A-Za-z0-9._/#-]{1,255}$", namespace)) && !startswith(namespace, "AWS/")
    ])
    error_message = "Each of metric_namespaces must be a namespace of your own, with letters, digits and ._/#-."
  }
}

variable "github" {
  description = "The role that workflows of services take: its name, the exact subjects of the tokens that may take it, how long a session lasts, the buckets that it publishes files to, and whether it deploys frontends, too."
  type = object({
    role            = string
    subjects        = list(string)
    session_seconds = optional(number, 3600)
    bucket_names    = optional(set(string), [])
    has_frontends   = optional(bool, false)
  })
  nullable = false

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", var.github.role))
    error_message = "github.role must be a name of 1 to 64 letters, digits and +=,.@_-."
  }

  validation {
    condition     = length(var.github.subjects) > 0
    error_message = "github.subjects must not be empty: a role without subjects is open to all of GitHub or to nobody."
  }

  # No * and no ?: a pattern lets strangers in.
  validation {
    condition = alltrue([
      for subject in var.github.subjects :
      can(regex("^repo:[A-Za-z0-9-]+(/[A-Za-z0-9._-]+|@[0-9]+/[A-Za-z0-9._-]+@[0-9]+):environment:${var.environment}$", subject))
    ])
    error_message = "Each subject must be one repository and this environment, such as \"repo:billpay/billpay-services:environment:dev\" or, with GitHub's ids, \"repo:billpay@12/billpay-services@34:environment:dev\", never a pattern."
  }

  validation {
    condition     = var.github.session_seconds >= 3600 && var.github.session_seconds <= 43200
    error_message = "AWS allows sessions of 3600 to 43200 seconds."
  }

  validation {
    condition     = alltrue([for bucket in var.github.bucket_names : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", bucket))])
    error_message = "Each of github.bucket_names must be the full name of a bucket: 3 to 63 lower-case letters, digits, - and ., never a pattern."
  }
}

variable "github_frontends" {
  description = "The role that workflows of frontends take, where frontends have repositories of their own; as github."
  type = object({
    role            = string
    subjects        = list(string)
    session_seconds = optional(number, 3600)
    bucket_names    = optional(set(string), [])
    has_frontends   = optional(bool, false)
  })
  nullable = true
  default  = null

  validation {
    condition     = var.github_frontends == null ? true : can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", var.github_frontends.role))
    error_message = "github_frontends.role must be a name of 1 to 64 letters, digits and +=,.@_-."
  }

  validation {
    condition     = var.github_frontends == null ? true : length(var.github_frontends.subjects) > 0
    error_message = "github_frontends.subjects must not be empty: a role without subjects is open to all of GitHub or to nobody."
  }

  # No * and no ?: a pattern lets strangers in.
  validation {
    condition = var.github_frontends == null ? true : alltrue([
      for subject in var.github_frontends.subjects :
      can(regex("^repo:[A-Za-z0-9-]+(/[A-Za-z0-9._-]+|@[0-9]+/[A-Za-z0-9._-]+@[0-9]+):environment:${var.environment}$", subject))
    ])
    error_message = "Each subject must be one repository and this environment, such as \"repo:billpay/billpay-services:environment:dev\" or, with GitHub's ids, \"repo:billpay@12/billpay-services@34:environment:dev\", never a pattern."
  }

  validation {
    condition     = var.github_frontends == null ? true : (var.github_frontends.session_seconds >= 3600 && var.github_frontends.session_seconds <= 43200)
    error_message = "AWS allows sessions of 3600 to 43200 seconds."
  }

  validation {
    condition     = var.github_frontends == null ? true : alltrue([for bucket in var.github_frontends.bucket_names : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", bucket))])
    error_message = "Each of github_frontends.bucket_names must be the full name of a bucket: 3 to 63 lower-case letters, digits, - and ., never a pattern."
  }
}

variable "github_oidc_provider_arn" {
  description = "ARN of GitHub's OIDC provider in the account."
  type        = string
  nullable    = false

  validation {
    condition     = var.github_oidc_provider_arn == "arn:aws:iam::${var.account}:oidc-provider/token.actions.githubusercontent.com"
    error_message = "github_oidc_provider_arn must be the provider token.actions.githubusercontent.com of the same account."
  }
}

variable "repositories_pattern" {
  description = "Pattern of the names of the environment's ECR repositories, such as \"billpay-*-dev\"."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9._/-]*-\\*-${var.environment}$", var.repositories_pattern))
    error_message = "repositories_pattern must begin with the project and end with the environment, such as \"billpay-*-dev\": wider ones take in other environments."
  }
}

variable "runs" {
  description = "Where billpay keeps the environment's locks and journals: the bucket, the folder in it, and whether it is used."
  type = object({
    bucket  = string
    folder  = string
    is_used = bool
  })
  nullable = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.runs.bucket))
    error_message = "runs.bucket must be the full name of a bucket: 3 to 63 lower-case letters, digits, - and ., never a pattern."
  }

  validation {
    condition     = can(regex("^([A-Za-z0-9._-]+/)*${var.account}/${var.project}/${var.environment}$", var.runs.folder))
    error_message = "runs.folder must end with account, project and environment, such as \"123456789012/billpay/dev\", and be no pattern: others' locks are in the same bucket."
  }
}
