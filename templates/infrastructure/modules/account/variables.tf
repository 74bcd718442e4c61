variable "name" {
  description = "Name of the project, such as \"billpay\": what its environments in the account have in common."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,14}[a-z0-9]$", var.name))
    error_message = "name must be 2 to 16 lower-case letters, digits and hyphens, beginning with a letter, such as \"billpay\"."
  }
}

variable "region" {
  description = "AWS region that GuardDuty watches, such as \"us-east-1\"; it is on in each region by itself."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be an AWS region, such as \"us-east-1\"."
  }
}

variable "github_oidc" {
  description = "Whether to make GitHub's OIDC provider; false where the account has one already, of which there can be only one."
  type        = bool
  nullable    = false
  default     = true
}

variable "guardduty" {
  description = "Whether GuardDuty looks for threats, at a price by the amount of events."
  type        = bool
  nullable    = false
  default     = false
}
