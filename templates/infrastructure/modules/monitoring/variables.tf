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
  description = "Name of the platform; with the environment, the sender's name in the mails."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,14}[a-z0-9]$", var.project))
    error_message = "The project must be 2 to 16 lower-case letters, digits and hyphens, beginning with a letter."
  }
}

variable "cluster_name" {
  description = "Name of the EKS cluster, for the dashboard and for the trace collector's role."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$", var.cluster_name))
    error_message = "The cluster's name must be 1 to 100 letters, digits, - and _, beginning with a letter or digit."
  }
}

variable "retention_days" {
  description = "Days that logs are kept."
  type        = number
  nullable    = false

  validation {
    condition = contains([
      1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
    ], var.retention_days)
    error_message = "CloudWatch keeps logs 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days."
  }
}

variable "metrics" {
  description = "Metrics that applications publish: names by namespace."
  type        = map(list(string))
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([
      for namespace in keys(var.metrics) : can(regex("^[A-Za-z0-9._#/-]{1,255}$", namespace)) && !startswith(namespace, "AWS/")
    ])
    error_message = "A namespace is 1 to 255 letters, digits and ._#/- characters, and not one of AWS's own."
  }

  validation {
    condition     = alltrue(flatten([for names in var.metrics : [for name in names : can(regex("^[A-Za-z0-9._-]{1,255}$", name))]]))
    error_message = "A metric's name is 1 to 255 letters, digits and ._- characters."
  }
}

variable "dimensions" {
  description = "Dimensions that applications publish the metrics with; null means { Environment = <environment> }, {} none."
  type        = map(string)
  default     = null

  validation {
    condition     = var.dimensions == null ? true : length(var.dimensions) <= 30
    error_message = "CloudWatch allows 30 dimensions."
  }
}

variable "alarms" {
  description = "Alarms by name: `metric` is \"Namespace/Metric\", one of `metrics`; `above` is the threshold in `unit`; `then` says what happens beside the notification."
  type = map(object({
    metric = string
    above  = number
    unit   = string
    then   = string
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for key in keys(var.alarms) : can(regex("^[A-Za-z0-9_-]{1,200}$", key))])
    error_message = "An alarm's name is 1 to 200 letters, digits, - and _."
  }

  validation {
    condition = alltrue([
      for alarm in var.alarms :
      contains(flatten([for namespace, names in var.metrics : [for name in names : "${namespace}/${name}"]]), alarm.metric)
    ])
    error_message = "An alarm is on one of the metrics: write it as Namespace/Metric."
  }

  validation {
    condition     = alltrue([for alarm in var.alarms : contains(["percent", "milliseconds"], alarm.unit)])
    error_message = "An alarm's unit is percent or milliseconds."
  }

  validation {
    condition     = alltrue([for alarm in var.alarms : alarm.above >= 0 && (alarm.unit != "percent" || alarm.above < 100)])
    error_message = "An alarm's threshold is 0 or more, and in percent less than 100, or it would never go off."
  }

  validation {
    condition     = alltrue([for alarm in var.alarms : contains(["notify", "scale-out"], alarm.then)])
    error_message = "An alarm leads to notify or scale-out."
  }
}

variable "notify" {
  description = "Mail addresses that alarms are sent to."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for address in var.notify : can(regex("^[^@[:space:]]+@[^@[:space:]]+\\.[^@[:space:]]+$", address))])
    error_message = "Alarms are sent to mail addresses, such as oncall@billpay.com."
  }
}

variable "dashboard" {
  description = "Whether a CloudWatch dashboard is made."
  type        = bool
  default     = false
  nullable    = false
}

variable "xray" {
  description = "Whether traces go to X-Ray: sampling rule, group, and the collector's role."
  type        = bool
  default     = false
  nullable    = false
}

variable "autoscaling_groups" {
  description = "Name of the autoscaling group of each node group."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for group in var.autoscaling_groups : length(group) >= 1 && length(group) <= 255])
    error_message = "An autoscaling group's name has 1 to 255 characters."
  }
}

variable "distribution_ids" {
  description = "Ids of the frontends' CloudFront distributions, for the dashboard."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for id in var.distribution_ids : can(regex("^[A-Za-z0-9-]+$", id))])
    error_message = "A distribution's id is letters and digits, such as E2QWRUHAPOMQZL."
  }
}

variable "boundary_arn" {
  description = "ARN of the permissions boundary of the collector's role; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.boundary_arn == null ? true : can(regex("^arn:aws:iam::[0-9]{12}:policy/.+$", var.boundary_arn))
    error_message = "The boundary must be the ARN of an IAM policy."
  }
}
