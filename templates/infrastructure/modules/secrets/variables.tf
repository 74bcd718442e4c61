variable "name" {
  description = "Prefix of the names that only the platform gives: <project>-<environment>."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,28}[a-z0-9]$", var.name))
    error_message = "The name must be <project>-<environment>: 2 to 30 lower-case letters, digits and hyphens, such as billpay-dev."
  }
}

variable "account" {
  description = "AWS account id."
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

variable "secrets" {
  description = "Secrets by their name in the spec. `name` is the name in Secrets Manager; a rotation is made where `rotation_function_arn` is set."
  type = map(object({
    name                  = string
    description           = string
    rotation_days         = optional(number)
    rotation_function_arn = optional(string)
  }))
  nullable = false

  validation {
    condition     = alltrue([for secret in var.secrets : can(regex("^[A-Za-z0-9/_+=.@-]{1,512}$", secret.name))])
    error_message = "A secret's name is 1 to 512 letters, digits and /_+=.@- characters."
  }

  validation {
    condition     = length(distinct([for secret in var.secrets : secret.name])) == length(var.secrets)
    error_message = "Two secrets have the same name in Secrets Manager."
  }

  validation {
    condition     = alltrue([for secret in var.secrets : length(secret.description) <= 2048])
    error_message = "A secret's description is at most 2048 characters."
  }

  validation {
    condition = alltrue([
      for secret in var.secrets : secret.rotation_days == null ? true : (
        secret.rotation_days >= 1 && secret.rotation_days <= 1000 && floor(secret.rotation_days) == secret.rotation_days
      )
    ])
    error_message = "A secret is rotated every 1 to 1000 days, in whole days."
  }

  validation {
    condition     = alltrue([for secret in var.secrets : secret.rotation_function_arn == null || secret.rotation_days != null])
    error_message = "A secret with rotation_function_arn needs rotation_days too."
  }

  validation {
    condition = alltrue([
      for secret in var.secrets : secret.rotation_function_arn == null ? true :
      can(regex("^arn:aws:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]{1,64}$", secret.rotation_function_arn))
    ])
    error_message = "A rotation_function_arn must be the ARN of a Lambda function, without version or alias."
  }
}

variable "reader_role_names" {
  description = "Names of the IAM roles (of this account, without path) that may decrypt secrets through Secrets Manager. They need not exist yet."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for role in var.reader_role_names : can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", role))])
    error_message = "A reader is one IAM role by its name: 1 to 64 letters, digits and +=,.@_- characters, never a pattern or an ARN."
  }
}

variable "recovery_window_days" {
  description = "Days in which a deleted secret can be had back: 7 to 30, or 0 to delete at once."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.recovery_window_days == 0 || (var.recovery_window_days >= 7 && var.recovery_window_days <= 30)
    error_message = "The recovery window must be 0 or 7 to 30 days."
  }
}
