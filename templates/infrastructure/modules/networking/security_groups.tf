# Who may talk to whom inside the VPC: the internet reaches the load balancers, they reach the
# services, the services reach one another, the cluster's API and, through NAT, AWS.
#
# Rules are lists inside their group, not resources of their own: so a rule that somebody adds
# by hand shows in the next plan, and an empty list means that nothing is let through.

locals {
  no_peer = {
    cidr_blocks      = []
    ipv6_cidr_blocks = []
    prefix_list_ids  = []
    security_groups  = []
    self             = false
  }
  anywhere = "0.0.0.0/0"
}

resource "aws_security_group" "load_balancer" {
  #checkov:skip=CKV2_AWS_5:The AWS Load Balancer Controller gives it to the load balancers that it makes.
  name        = "${var.name}-load-balancer"
  description = "Load balancers of the services"
  vpc_id      = aws_vpc.vpc.id

  ingress = [
    merge(local.no_peer, {
      description = "HTTPS from anywhere"
      protocol    = "tcp"
      from_port   = 443
      to_port     = 443
      cidr_blocks = [local.anywhere]
    }),
    # So that an address typed without a scheme works.
    merge(local.no_peer, {
      description = "HTTP from anywhere, to be sent on to HTTPS"
      protocol    = "tcp"
      from_port   = 80
      to_port     = 80
      cidr_blocks = [local.anywhere]
    }),
  ]
  egress = [
    for port in var.service_ports : merge(local.no_peer, {
      description = "Requests to the services"
      protocol    = "tcp"
      from_port   = port
      to_port     = port
      cidr_blocks = [var.cidr]
    })
  ]

  tags = {
    Name            = "${var.name}-load-balancer"
    (local.address) = "network/security-group.load-balancer"
  }
}

resource "aws_security_group" "services" {
  #checkov:skip=CKV2_AWS_5:The cluster's pods and what they mount get it.
  name        = "${var.name}-services"
  description = "Services on the cluster"
  vpc_id      = aws_vpc.vpc.id

  ingress = concat(
    [
      for port in var.service_ports : merge(local.no_peer, {
        description     = "Requests from the load balancers"
        protocol        = "tcp"
        from_port       = port
        to_port         = port
        security_groups = [aws_security_group.load_balancer.id]
      })
    ],
    [
      merge(local.no_peer, {
        description = "Between the services"
        protocol    = "-1"
        from_port   = 0
        to_port     = 0
        self        = true
      })
    ],
  )
  # Payment providers and AWS APIs have addresses that change.
  egress = [
    merge(local.no_peer, {
      description = "AWS APIs and images, through NAT"
      protocol    = "-1"
      from_port   = 0
      to_port     = 0
      cidr_blocks = [local.anywhere]
    })
  ]

  tags = {
    Name            = "${var.name}-services"
    (local.address) = "network/security-group.services"
  }
}

# The control plane has it beside the group that EKS makes.
resource "aws_security_group" "cluster" {
  #checkov:skip=CKV2_AWS_5:The eks module gives it to the cluster.
  name        = "${var.name}-cluster"
  description = "Control plane of the cluster"
  vpc_id      = aws_vpc.vpc.id

  ingress = [
    merge(local.no_peer, {
      description     = "Kubernetes API for the services"
      protocol        = "tcp"
      from_port       = 443
      to_port         = 443
      security_groups = [aws_security_group.services.id]
    })
  ]
  egress = [
    merge(local.no_peer, {
      description = "Nodes and webhooks in the VPC"
      protocol    = "-1"
      from_port   = 0
      to_port     = 0
      cidr_blocks = [var.cidr]
    })
  ]

  tags = {
    Name            = "${var.name}-cluster"
    (local.address) = "network/security-group.cluster"
  }
}
