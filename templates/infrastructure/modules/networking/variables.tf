variable "name" {
  description = "What every name begins with: the project and the environment, such as \"billpay-dev\"."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,33}[a-z0-9]$", var.name))
    error_message = "name must be 2 to 35 lower-case letters, digits and hyphens, beginning with a letter, such as \"billpay-dev\"."
  }
}

variable "region" {
  description = "AWS region of the environment, such as \"us-east-1\"; zones are the region and a letter."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be an AWS region, such as \"us-east-1\"."
  }
}

variable "cidr" {
  description = "Address range of the VPC, /16 to /28."
  type        = string
  nullable    = false

  validation {
    condition     = can(cidrnetmask(var.cidr)) && try(cidrsubnet(var.cidr, 0, 0) == var.cidr, false)
    error_message = "cidr must be an IPv4 range without host bits, such as \"10.0.0.0/16\"."
  }

  validation {
    condition     = try(tonumber(split("/", var.cidr)[1]) >= 16 && tonumber(split("/", var.cidr)[1]) <= 28, false)
    error_message = "AWS allows a VPC only ranges from /16 to /28."
  }
}

variable "public_subnets" {
  description = "Ranges of the public subnets, by the letter of their zone."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(var.public_subnets) >= 2
    error_message = "EKS needs subnets in two zones or more."
  }

  validation {
    condition     = alltrue([for letter in keys(var.public_subnets) : can(regex("^[a-z]$", letter))])
    error_message = "The keys of public_subnets must be letters of zones, such as \"a\"."
  }

  validation {
    condition = alltrue([
      for range in values(var.public_subnets) :
      can(cidrnetmask(range)) && try(cidrsubnet(range, 0, 0) == range && tonumber(split("/", range)[1]) <= 28, false)
    ])
    error_message = "Each public subnet must be an IPv4 range without host bits, at most /28, such as \"10.0.1.0/24\"."
  }

  # A range lies inside another if it is no larger and, cut to the other's length, is the other.
  validation {
    condition = alltrue([
      for range in values(var.public_subnets) :
      try(
        tonumber(split("/", range)[1]) >= tonumber(split("/", var.cidr)[1]) &&
        cidrsubnet("${split("/", range)[0]}/${split("/", var.cidr)[1]}", 0, 0) == var.cidr,
        false
      )
    ])
    error_message = "Each public subnet must lie inside the VPC's cidr."
  }
}

variable "private_subnets" {
  description = "Ranges of the private subnets, by the letter of their zone; the same zones as the public ones."
  type        = map(string)
  nullable    = false

  validation {
    condition     = keys(var.private_subnets) == keys(var.public_subnets)
    error_message = "private_subnets must have the same zones as public_subnets: each zone has one of both."
  }

  validation {
    condition = alltrue([
      for range in values(var.private_subnets) :
      can(cidrnetmask(range)) && try(cidrsubnet(range, 0, 0) == range && tonumber(split("/", range)[1]) <= 28, false)
    ])
    error_message = "Each private subnet must be an IPv4 range without host bits, at most /28, such as \"10.0.10.0/24\"."
  }

  validation {
    condition = alltrue([
      for range in values(var.private_subnets) :
      try(
        tonumber(split("/", range)[1]) >= tonumber(split("/", var.cidr)[1]) &&
        cidrsubnet("${split("/", range)[0]}/${split("/", var.cidr)[1]}", 0, 0) == var.cidr,
        false
      )
    ])
    error_message = "Each private subnet must lie inside the VPC's cidr."
  }

  # Two ranges overlap if they are the same once both are cut to the shorter length.
  validation {
    condition = alltrue([
      for pair in setproduct(
        range(length(var.public_subnets) + length(var.private_subnets)),
        range(length(var.public_subnets) + length(var.private_subnets))
        ) : pair[0] >= pair[1] ? true : try(
        length(distinct([
          for one in pair : cidrsubnet(
            join("/", [
              split("/", concat(values(var.public_subnets), values(var.private_subnets))[one])[0],
              min([
                for other in pair :
                tonumber(split("/", concat(values(var.public_subnets), values(var.private_subnets))[other])[1])
              ]...)
            ]), 0, 0
          )
        ])) == 2,
        false
      )
    ])
    error_message = "No two subnets may overlap."
  }
}

variable "nat" {
  description = "NAT gateways: \"none\", \"single\" (cheapest) or \"per-zone\" (survives the loss of a zone)."
  type        = string
  nullable    = false
  default     = "single"

  validation {
    condition     = contains(["none", "single", "per-zone"], var.nat)
    error_message = "nat must be \"none\", \"single\" or \"per-zone\"."
  }
}

variable "nat_zone" {
  description = "Letter of the zone that a single NAT gateway is in; null takes the first by the alphabet."
  type        = string
  default     = null

  validation {
    condition     = var.nat_zone == null || contains(keys(var.public_subnets), coalesce(var.nat_zone, "-"))
    error_message = "nat_zone must be one of the zones of public_subnets."
  }
}

variable "s3_endpoint" {
  description = "Whether S3 is reached through a gateway endpoint, free of charge, rather than through NAT."
  type        = bool
  nullable    = false
  default     = true
}

variable "service_ports" {
  description = "The TCP ports that services listen on, to which load balancers send requests."
  type        = set(number)
  nullable    = false

  validation {
    condition = alltrue([
      for port in var.service_ports : port >= 1 && port <= 65535 && floor(port) == port
    ])
    error_message = "Each of service_ports must be a whole number from 1 to 65535."
  }
}
