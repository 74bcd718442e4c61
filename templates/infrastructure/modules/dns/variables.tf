variable "name" {
  description = "Prefix of the names that only the platform gives: <project>-<environment>."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,28}[a-z0-9]$", var.name))
    error_message = "The name must be <project>-<environment>: 2 to 30 lower-case letters, digits and hyphens, such as billpay-dev."
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

variable "zone" {
  description = "Domain of the hosted zone, such as billpay.com."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?[.])+[a-z]{2,63}$", var.zone))
    error_message = "The zone must be a domain in lower case without a dot at its end, such as billpay.com."
  }
}

variable "create_zone" {
  description = "Whether the zone is made here; otherwise it is looked up, for environments share it."
  type        = bool
  default     = false
  nullable    = false
}

variable "services_domain" {
  description = "Domain of the environment's services, such as dev.billpay.com; the certificate is for it and everything one level below."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?[.])+[a-z]{2,63}$", var.services_domain))
    error_message = "The services' domain must be a domain in lower case, such as dev.billpay.com."
  }

  validation {
    condition     = var.services_domain == var.zone || endswith(var.services_domain, ".${var.zone}")
    error_message = "The services' domain must be in the zone."
  }

  validation {
    condition     = length(var.services_domain) <= 62
    error_message = "The services' domain has at most 62 characters: with *. before it, a certificate takes 64."
  }
}

variable "aliases" {
  description = "Names that lead to AWS's own, such as those of frontends, by any name: `domain`, and domain name and zone id of the target."
  type = map(object({
    domain             = string
    target_domain_name = string
    target_zone_id     = string
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for alias in var.aliases : alias.domain == var.zone || endswith(alias.domain, ".${var.zone}")])
    error_message = "An alias must be in the zone."
  }

  validation {
    condition     = length(distinct([for alias in var.aliases : alias.domain])) == length(var.aliases)
    error_message = "Two aliases have the same domain."
  }

  validation {
    condition     = alltrue([for alias in var.aliases : can(regex("^[A-Z0-9]+$", alias.target_zone_id))])
    error_message = "A target's zone id is capital letters and digits, such as Z2FDTNDATAQYW2 for CloudFront."
  }
}
