variable "name" {
  description = "Project and environment, such as billpay-dev: what the names of the environment's roles begin with."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,38}[a-z0-9]$", var.name))
    error_message = "name must be 2 to 40 lower-case letters, digits and hyphens, such as billpay-dev."
  }
}

variable "account" {
  description = "The AWS account's id."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account))
    error_message = "account must be the 12 digits of an AWS account's id, as text."
  }
}

variable "region" {
  description = "Region of the cluster, such as us-east-1."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be the name of an AWS region, such as us-east-1."
  }
}

variable "cluster" {
  description = "The control plane."
  type = object({
    name            = string
    version         = string                       # Kubernetes: goes up, one minor at a time, never down
    support         = optional(string, "STANDARD") # STANDARD: AWS upgrades at its end; EXTENDED: costs six times as much
    logs            = optional(list(string), ["api", "audit", "authenticator", "controllerManager", "scheduler"])
    endpoint_public = bool
    public_cidrs    = optional(list(string), []) # who reaches the public endpoint
  })
  nullable = false

  validation {
    condition     = can(regex("^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$", var.cluster.name))
    error_message = "cluster.name must be 1 to 100 letters, digits, hyphens and underscores, beginning with a letter or digit."
  }

  validation {
    condition     = can(regex("^1\\.[0-9]{2}$", var.cluster.version))
    error_message = "cluster.version must be a Kubernetes version as text, such as \"1.36\"."
  }

  validation {
    condition     = contains(["STANDARD", "EXTENDED"], var.cluster.support)
    error_message = "cluster.support must be STANDARD or EXTENDED."
  }

  validation {
    condition     = length(setsubtract(var.cluster.logs, ["api", "audit", "authenticator", "controllerManager", "scheduler"])) == 0
    error_message = "cluster.logs may hold api, audit, authenticator, controllerManager and scheduler."
  }

  validation {
    condition     = alltrue([for cidr in var.cluster.public_cidrs : can(cidrnetmask(cidr))])
    error_message = "cluster.public_cidrs must be IPv4 ranges, such as 192.0.2.0/24."
  }

  validation {
    condition     = !var.cluster.endpoint_public || length(var.cluster.public_cidrs) > 0
    error_message = "cluster.public_cidrs must not be empty with a public endpoint: EKS would open it to everybody."
  }
}

variable "public_subnet_ids" {
  description = "Ids of the public subnets, by the letters of their zones: load balancers are put there."
  type        = map(string)
  nullable    = false

  validation {
    condition     = alltrue([for id in values(var.public_subnet_ids) : can(regex("^subnet-[0-9a-f]+$", id))])
    error_message = "public_subnet_ids must be ids of subnets: subnet-…"
  }
}

variable "private_subnet_ids" {
  description = "Ids of the private subnets, by the letters of their zones: nodes and pods are put there."
  type        = map(string)
  nullable    = false

  validation {
    condition     = alltrue([for id in values(var.private_subnet_ids) : can(regex("^subnet-[0-9a-f]+$", id))])
    error_message = "private_subnet_ids must be ids of subnets: subnet-…"
  }

  validation {
    condition     = length(var.private_subnet_ids) >= 2
    error_message = "private_subnet_ids must be in at least two zones: EKS takes no less."
  }
}

variable "security_group_id" {
  description = "Id of the security group of the control plane's network interfaces."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^sg-[0-9a-f]+$", var.security_group_id))
    error_message = "security_group_id must be the id of a security group: sg-…"
  }
}

variable "role_arns" {
  description = "ARNs of the roles that the cluster itself needs, by cluster, nodes, vpc-cni, ebs-csi, fargate, load-balancer-controller."
  type        = map(string)
  nullable    = false

  validation {
    condition     = alltrue([for arn in values(var.role_arns) : startswith(arn, "arn:aws:iam::${var.account}:role/${var.name}-")])
    error_message = "role_arns must be roles of this environment: their names begin with name, and they are in account."
  }

  validation {
    condition     = contains(keys(var.role_arns), "cluster")
    error_message = "role_arns must have the role `cluster`."
  }

  validation {
    condition     = length(var.nodes) == 0 || contains(keys(var.role_arns), "nodes")
    error_message = "role_arns must have the role `nodes`, which the node groups take."
  }

  validation {
    condition     = length(var.fargate) == 0 || contains(keys(var.role_arns), "fargate")
    error_message = "role_arns must have the role `fargate`, which the Fargate profiles take."
  }

  validation {
    condition     = !contains(keys(var.addons), "vpc-cni") || contains(keys(var.role_arns), "vpc-cni")
    error_message = "role_arns must have the role `vpc-cni`, which the add-on vpc-cni takes."
  }

  validation {
    condition     = !contains(keys(var.addons), "aws-ebs-csi-driver") || contains(keys(var.role_arns), "ebs-csi")
    error_message = "role_arns must have the role `ebs-csi`, which the add-on aws-ebs-csi-driver takes."
  }

  validation {
    condition     = !var.load_balancer_controller || contains(keys(var.role_arns), "load-balancer-controller")
    error_message = "role_arns must have the role `load-balancer-controller`."
  }
}

variable "github_role_arn" {
  description = "ARN of the role through which GitHub's workflows deploy: it may edit the namespace of the services."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.github_role_arn, "arn:aws:iam::${var.account}:role/")
    error_message = "github_role_arn must be the ARN of a role in account."
  }
}

variable "namespace" {
  description = "Kubernetes namespace of the services, such as billpay-dev."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", var.namespace))
    error_message = "namespace must be the name of a Kubernetes namespace: up to 63 lower-case letters, digits and hyphens."
  }
}

variable "nodes" {
  description = "The managed node groups by their names."
  type = map(object({
    instance_type = string
    min           = number
    max           = number
    capacity      = optional(string, "ON_DEMAND") # or SPOT, for work that can be interrupted
    disk          = optional(number, 20)          # GiB
    labels        = optional(map(string), {})
  }))
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.nodes) : can(regex("^[0-9A-Za-z][A-Za-z0-9_-]{0,62}$", name))])
    error_message = "Names of node groups must be 1 to 63 letters, digits, hyphens and underscores, beginning with a letter or digit."
  }

  validation {
    condition     = alltrue([for group in values(var.nodes) : can(regex("^[a-z][a-z0-9-]*\\.[a-z0-9-]+$", group.instance_type))])
    error_message = "A node group's instance_type must be an EC2 instance type, such as t3.medium."
  }

  validation {
    condition = alltrue([
      for group in values(var.nodes) :
      group.min >= 0 && group.max >= 1 && group.min <= group.max && floor(group.min) == group.min && floor(group.max) == group.max
    ])
    error_message = "A node group's min and max must be whole numbers, max at least 1 and min not above it."
  }

  validation {
    condition     = alltrue([for group in values(var.nodes) : contains(["ON_DEMAND", "SPOT"], group.capacity)])
    error_message = "A node group's capacity must be ON_DEMAND or SPOT."
  }

  validation {
    condition     = alltrue([for group in values(var.nodes) : group.disk >= 20 && group.disk <= 16384 && floor(group.disk) == group.disk])
    error_message = "A node group's disk must be 20 to 16384 GiB, a whole number."
  }

  validation {
    condition = alltrue(flatten([
      for group in values(var.nodes) : [for label in keys(group.labels) : !can(regex("^([^/]*\\.)?(kubernetes|k8s)\\.io/", label))]
    ]))
    error_message = "Labels under kubernetes.io and k8s.io are Kubernetes' own, and kubelet refuses them."
  }

  validation {
    condition     = length(var.nodes) + length(var.fargate) > 0
    error_message = "The cluster has nothing to run pods on: give it a node group or a Fargate profile."
  }
}

variable "fargate" {
  description = "The Fargate profiles by their names: pods in these namespaces run without nodes."
  type        = map(object({ namespaces = list(string) }))
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.fargate) : can(regex("^[0-9A-Za-z][A-Za-z0-9_-]{0,62}$", name))])
    error_message = "Names of Fargate profiles must be 1 to 63 letters, digits, hyphens and underscores, beginning with a letter or digit."
  }

  validation {
    condition     = alltrue([for profile in values(var.fargate) : length(distinct(profile.namespaces)) >= 1 && length(distinct(profile.namespaces)) <= 5])
    error_message = "A Fargate profile must have 1 to 5 namespaces: AWS takes no more."
  }
}

variable "addons" {
  description = "The EKS add-ons by their names; without a version, EKS chooses one and it stays."
  type        = map(object({ version = optional(string) }))
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.addons) : can(regex("^[a-z0-9][a-z0-9_-]{0,99}$", name))])
    error_message = "Names of add-ons must be those that EKS knows, such as vpc-cni."
  }

  validation {
    condition = alltrue([
      for addon in values(var.addons) :
      addon.version == null || can(regex("^v[0-9]+\\.[0-9]+\\.[0-9]+(-eksbuild\\.[0-9]+)?$", addon.version))
    ])
    error_message = "An add-on's version must be one of EKS's, such as v1.21.1-eksbuild.1."
  }
}

variable "service_role_arns" {
  description = "ARNs of the services' roles, by the names of the services, which their service accounts bear too."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for arn in values(var.service_role_arns) : startswith(arn, "arn:aws:iam::${var.account}:role/${var.name}-")])
    error_message = "service_role_arns must be roles of this environment: their names begin with name, and they are in account."
  }

  validation {
    condition     = !contains(keys(var.service_role_arns), "load-balancer-controller")
    error_message = "No service may be called load-balancer-controller, as the controller's own association is."
  }
}

variable "load_balancer_controller" {
  description = "Whether pods of the AWS Load Balancer Controller get their role."
  type        = bool
  default     = true
  nullable    = false
}

variable "access" {
  description = "Who else may use the cluster, by a name: the ARN of a role or user, EKS's access policy, and the namespaces it is limited to (none: the whole cluster)."
  type = map(object({
    principal  = string
    policy     = string
    namespaces = optional(list(string), [])
  }))
  default  = {}
  nullable = false

  validation {
    condition     = !contains(keys(var.access), "github")
    error_message = "access must not have an entry called github: that is the workflows' own."
  }

  validation {
    condition     = alltrue([for entry in values(var.access) : can(regex("^arn:aws:iam::[0-9]{12}:(role|user)/[^*]+$", entry.principal))])
    error_message = "An access entry's principal must be the ARN of one IAM role or user."
  }

  validation {
    condition = alltrue([
      for entry in values(var.access) :
      contains(["AmazonEKSViewPolicy", "AmazonEKSEditPolicy", "AmazonEKSAdminPolicy", "AmazonEKSClusterAdminPolicy"], entry.policy)
    ])
    error_message = "An access entry's policy must be AmazonEKSViewPolicy, AmazonEKSEditPolicy, AmazonEKSAdminPolicy or AmazonEKSClusterAdminPolicy."
  }

  validation {
    condition     = alltrue([for entry in values(var.access) : entry.policy != "AmazonEKSClusterAdminPolicy" || length(entry.namespaces) == 0])
    error_message = "AmazonEKSClusterAdminPolicy is for the whole cluster and takes no namespaces."
  }

  validation {
    condition     = length(distinct(concat([for entry in values(var.access) : entry.principal], [var.github_role_arn]))) == length(var.access) + 1
    error_message = "Two access entries have the same principal; a cluster takes one for each."
  }
}

variable "log_retention_days" {
  description = "How long the control plane's logs are kept."
  type        = number
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be a number of days that CloudWatch takes: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, …"
  }
}
