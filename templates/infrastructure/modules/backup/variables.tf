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

variable "project" {
  description = "Name of the project: the value of the tag billpay:project."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,14}[a-z0-9]$", var.project))
    error_message = "The project must be 2 to 16 lower-case letters, digits and hyphens, beginning with a letter."
  }
}

variable "environment" {
  description = "Name of the environment: the value of the tag billpay:environment."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{0,11}$", var.environment))
    error_message = "The environment must be 1 to 12 lower-case letters and digits, beginning with a letter."
  }
}

variable "keep_days" {
  description = "Days that a backup is kept."
  type        = number
  nullable    = false

  validation {
    condition     = var.keep_days >= 1 && var.keep_days <= 3650 && floor(var.keep_days) == var.keep_days
    error_message = "Backups are kept 1 to 3650 whole days."
  }
}

variable "bucket_arns" {
  description = "ARNs of the buckets to back up, by any name. They must be versioned."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.bucket_arns : can(regex("^arn:aws:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", arn))])
    error_message = "A bucket's ARN is arn:aws:s3:::<bucket>, never a pattern."
  }
}

variable "efs_arns" {
  description = "ARNs of EFS file systems to back up beside those that carry the environment's tags."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.efs_arns : can(regex("^arn:aws:elasticfilesystem:${var.region}:${var.account}:file-system/fs-[0-9a-f]+$", arn))])
    error_message = "A file system's ARN is arn:aws:elasticfilesystem:<region>:<account>:file-system/<id>, in the environment's region and account: backups reach no further."
  }
}

variable "schedule" {
  description = "When backups begin, in UTC, as AWS's cron expression: by default every night at three."
  type        = string
  default     = "cron(0 3 * * ? *)"
  nullable    = false

  validation {
    condition     = can(regex("^cron\\(([^ ()]+ ){5}[^ ()]+\\)$", var.schedule))
    error_message = "The schedule is a cron expression of six fields, such as cron(0 3 * * ? *)."
  }
}

variable "force_destroy" {
  description = "Whether the vault is deleted with the backups that it holds. Only for environments that come and go."
  type        = bool
  default     = false
  nullable    = false
}

variable "boundary_arn" {
  description = "ARN of the permissions boundary of the backup role; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.boundary_arn == null ? true : can(regex("^arn:aws:iam::[0-9]{12}:policy/.+$", var.boundary_arn))
    error_message = "The boundary must be the ARN of an IAM policy."
  }
}
