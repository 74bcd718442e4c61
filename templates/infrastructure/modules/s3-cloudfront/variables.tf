variable "name" {
  description = "Project and environment, such as billpay-dev: the beginning of every name that only billpay gives."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,38}[a-z0-9]$", var.name))
    error_message = "name must be 2 to 40 lower-case letters, digits and hyphens, such as billpay-dev."
  }
}

variable "project" {
  description = "Name of the project, such as billpay."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,14}[a-z0-9]$", var.project)) && startswith(var.name, "${var.project}-")
    error_message = "project must be 2 to 16 lower-case letters, digits and hyphens, and what name begins with: billpay for billpay-dev."
  }
}

variable "environment" {
  description = "Name of the environment, such as dev."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*$", var.environment)) && endswith(var.name, "-${var.environment}")
    error_message = "environment must be lower-case letters, digits and hyphens, and what name ends with: dev for billpay-dev."
  }
}

variable "account" {
  description = "The AWS account's id; every bucket's name ends with it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account))
    error_message = "account must be the 12 digits of an AWS account's id, as text."
  }
}

variable "region" {
  description = "Region of the environment, and so of the buckets, such as us-east-1."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be the name of an AWS region, such as us-east-1."
  }
}

variable "frontends" {
  description = "The frontends by their names: each gets a private bucket and a CloudFront distribution in front of it."
  type = map(object({
    bucket                  = string           # physical name, unique in all of AWS
    domain                  = optional(string) # custom domain; needs its certificate
    certificate             = optional(string) # ARN of the domain's ACM certificate, in us-east-1
    spa                     = bool             # every unknown path answers with index.html
    price_class             = optional(string, "PriceClass_100")
    content_security_policy = string
    allowed_origins         = optional(list(string), []) # other sites whose pages may load its files
  }))
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.frontends) : can(regex("^[a-z]([a-z0-9-]*[a-z0-9])?$", name))])
    error_message = "Names of frontends must be lower-case letters, digits and hyphens, beginning with a letter."
  }

  validation {
    condition     = alltrue([for name in keys(var.frontends) : length("${var.name}-${name}") <= 64])
    error_message = "A frontend's name is too long: with name and a hyphen before it, CloudFront takes 64 characters."
  }

  # Keep in step with the comment of aws_cloudfront_response_headers_policy.frontend.
  validation {
    condition = alltrue([
      for name in keys(var.frontends) :
      length("billpay:owner=${var.project}/${var.environment}/${var.region} billpay:address=s3-cloudfront/headers-policy.${name}") <= 128
    ])
    error_message = "A frontend's name is too long: the comment of its headers policy holds it beside project, environment and region, and CloudFront takes 128 characters."
  }

  validation {
    condition = alltrue([
      for frontend in values(var.frontends) :
      can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", frontend.bucket)) && endswith(frontend.bucket, "-${var.environment}-${var.account}")
    ])
    error_message = "A frontend's bucket must be a valid bucket name (3 to 63 characters) that ends with -<environment>-<account>."
  }

  validation {
    condition     = alltrue([for frontend in values(var.frontends) : (frontend.domain == null) == (frontend.certificate == null)])
    error_message = "A frontend's domain and certificate belong together: give both or neither."
  }

  validation {
    condition = alltrue([
      for frontend in values(var.frontends) :
      frontend.domain == null || can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,}$", frontend.domain))
    ])
    error_message = "A frontend's domain must be a host name in lower case, such as payments.billpay.com."
  }

  validation {
    condition = alltrue([
      for frontend in values(var.frontends) :
      frontend.certificate == null || can(regex("^arn:aws:acm:us-east-1:${var.account}:certificate/[0-9a-f-]+$", frontend.certificate))
    ])
    error_message = "A frontend's certificate must be the ARN of an ACM certificate of this account in us-east-1, where CloudFront looks for it."
  }

  validation {
    condition = length(distinct([
      for frontend in values(var.frontends) : frontend.domain if frontend.domain != null
    ])) == length([for frontend in values(var.frontends) : frontend.domain if frontend.domain != null])
    error_message = "Two frontends have the same domain; CloudFront gives a domain to one distribution only."
  }

  validation {
    condition = alltrue([
      for frontend in values(var.frontends) :
      contains(["PriceClass_100", "PriceClass_200", "PriceClass_All"], frontend.price_class)
    ])
    error_message = "A frontend's price_class must be PriceClass_100, PriceClass_200 or PriceClass_All."
  }

  validation {
    condition     = alltrue([for frontend in values(var.frontends) : !can(regex("[\\r\\n]", frontend.content_security_policy))])
    error_message = "A frontend's content_security_policy must be a single line: it is the value of a header."
  }

  validation {
    condition = alltrue(flatten([
      for frontend in values(var.frontends) : [
        for origin in frontend.allowed_origins :
        can(regex("^(https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?|http://localhost:[0-9]{1,5})$", origin))
      ]
    ]))
    error_message = "A frontend's allowed_origins must be origins such as https://payments.billpay.com, without a path; http only for localhost."
  }
}

variable "buckets" {
  description = "Private buckets that no distribution is in front of, by their names."
  type = map(object({
    name                     = string # physical name, unique in all of AWS
    expire_old_versions_days = number
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(setintersection(keys(var.buckets), keys(var.frontends))) == 0
    error_message = "A bucket has the name of a frontend; the frontend's own bucket bears that name."
  }

  validation {
    condition = alltrue([
      for bucket in values(var.buckets) :
      can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", bucket.name)) && endswith(bucket.name, "-${var.environment}-${var.account}")
    ])
    error_message = "A bucket's name must be a valid bucket name (3 to 63 characters) that ends with -<environment>-<account>."
  }

  validation {
    condition = alltrue([
      for bucket in values(var.buckets) :
      bucket.expire_old_versions_days >= 1 && floor(bucket.expire_old_versions_days) == bucket.expire_old_versions_days
    ])
    error_message = "A bucket's expire_old_versions_days must be a whole number of at least 1."
  }

  validation {
    condition = length(distinct(concat(
      [for frontend in values(var.frontends) : frontend.bucket], [for bucket in values(var.buckets) : bucket.name],
    ))) == length(var.frontends) + length(var.buckets)
    error_message = "Two of the buckets have the same physical name."
  }
}

variable "force_destroy" {
  description = "Whether destroying a bucket deletes what is in it, all versions included; otherwise a bucket with objects stays."
  type        = bool
  default     = false
  nullable    = false
}
