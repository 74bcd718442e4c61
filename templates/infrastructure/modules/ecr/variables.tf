variable "repositories" {
  description = "Names of the repositories, by service: { backend-api = \"billpay-backend-api-dev\" }."
  type        = map(string)
  nullable    = false

  validation {
    condition = alltrue([
      for name in values(var.repositories) :
      can(regex("^[a-z0-9]+([-_./][a-z0-9]+)*$", name)) && length(name) >= 2 && length(name) <= 256
    ])
    error_message = "Each repository's name must be 2 to 256 lower-case letters and digits, with single -, _, . or / between them."
  }

  validation {
    condition     = length(distinct(values(var.repositories))) == length(var.repositories)
    error_message = "Each service needs a repository of its own."
  }
}

variable "scan_on_push" {
  description = "Whether images are scanned for known vulnerabilities when they are pushed."
  type        = bool
  nullable    = false
  default     = true
}

variable "immutable_tags" {
  description = "Whether a tag names the same image for good."
  type        = bool
  nullable    = false
  default     = true
}

variable "keep_images" {
  description = "How many tagged images are kept, the newest, in each repository."
  type        = number
  nullable    = false
  default     = 30

  validation {
    condition     = var.keep_images >= 1 && floor(var.keep_images) == var.keep_images
    error_message = "keep_images must be a whole number from 1 on."
  }
}

variable "expire_untagged_days" {
  description = "After how many days images without a tag, which pushes leave behind, are deleted."
  type        = number
  nullable    = false
  default     = 7

  validation {
    condition     = var.expire_untagged_days >= 1 && floor(var.expire_untagged_days) == var.expire_untagged_days
    error_message = "expire_untagged_days must be a whole number from 1 on."
  }
}

variable "force_delete" {
  description = "Whether a repository may be deleted with the images in it: only while a whole environment is destroyed."
  type        = bool
  nullable    = false
  default     = false
}
