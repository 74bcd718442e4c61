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

variable "cluster_name" {
  description = "Name of the EKS cluster, whose pods may mount the file system."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$", var.cluster_name))
    error_message = "The cluster's name must be 1 to 100 letters, digits, - and _, beginning with a letter or digit."
  }
}

variable "vpc_id" {
  description = "Id of the VPC."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^vpc-[0-9a-z]+$", var.vpc_id))
    error_message = "The VPC's id must look like vpc-0123456789abcdef0."
  }
}

variable "subnet_ids" {
  description = "Private subnets by zone letter: one mount target each."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(var.subnet_ids) > 0 && alltrue([for id in var.subnet_ids : can(regex("^subnet-[0-9a-z]+$", id))])
    error_message = "There must be a subnet, and its id must look like subnet-0123456789abcdef0."
  }
}

variable "security_group_id" {
  description = "Security group of the nodes and services, from which the file system may be mounted."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^sg-[0-9a-z]+$", var.security_group_id))
    error_message = "The security group's id must look like sg-0123456789abcdef0."
  }
}

variable "automatic_backups" {
  description = "Whether EFS makes its own daily backups; not needed where the backup module is used, which finds the file system by its tags."
  type        = bool
  default     = true
  nullable    = false
}

variable "driver_version" {
  description = "Version of the CSI driver add-on; null for EKS's default."
  type        = string
  default     = null

  validation {
    condition     = var.driver_version == null ? true : can(regex("^v[0-9]+\\.[0-9]+\\.[0-9]+(-eksbuild\\.[0-9]+)?$", var.driver_version))
    error_message = "The driver's version must look like v2.1.0-eksbuild.1."
  }
}

variable "boundary_arn" {
  description = "ARN of the permissions boundary of the driver's role; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.boundary_arn == null ? true : can(regex("^arn:aws:iam::[0-9]{12}:policy/.+$", var.boundary_arn))
    error_message = "The boundary must be the ARN of an IAM policy."
  }
}
