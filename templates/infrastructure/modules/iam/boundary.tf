# What no role of people's code may ever do, whatever is attached to it: make users or keys,
# lift this boundary, leave the region, touch what belongs to another environment or project.

locals {
  boundary_name = "${var.name}-boundary"
}

resource "aws_iam_policy" "boundary" {
  # A boundary gives nothing: a role may do what its own policies say, less what is denied here.
  #checkov:skip=CKV_AWS_62:A boundary allows nothing by itself.
  #checkov:skip=CKV_AWS_63:A boundary allows nothing by itself.
  #checkov:skip=CKV_AWS_289:A boundary allows nothing by itself.
  #checkov:skip=CKV_AWS_290:A boundary allows nothing by itself.
  #checkov:skip=CKV2_AWS_40:A boundary allows nothing by itself.
  name = local.boundary_name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "WhatRolesAreGiven"
        Effect   = "Allow"
        Action   = "*"
        Resource = "*"
      },
      {
        Sid    = "NoUsersAndNoKeys"
        Effect = "Deny"
        Action = [
          "iam:AddUserToGroup",
          "iam:AttachUserPolicy",
          "iam:CreateAccessKey",
          "iam:CreateLoginProfile",
          "iam:CreateServiceSpecificCredential",
          "iam:CreateUser",
          "iam:PutUserPolicy",
          "iam:UpdateAccessKey",
          "iam:UpdateLoginProfile",
          "iam:UploadSSHPublicKey",
          "iam:UploadSigningCertificate",
        ]
        Resource = "*"
      },
      {
        Sid    = "NoWayAroundThis"
        Effect = "Deny"
        Action = [
          "iam:CreatePolicyVersion",
          "iam:DeletePolicy",
          "iam:DeletePolicyVersion",
          "iam:SetDefaultPolicyVersion",
        ]
        Resource = "arn:aws:iam::${var.account}:policy/${local.boundary_name}"
      },
      {
        Sid      = "NoRoleWithoutThis"
        Effect   = "Deny"
        Action   = ["iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary"]
        Resource = "*"
      },
      # Services without a region of their own are left out; their calls go to us-east-1.
      {
        Sid    = "OnlyThisRegion"
        Effect = "Deny"
        NotAction = [
          "budgets:*",
          "ce:*",
          "cloudfront:*",
          "health:*",
          "iam:*",
          "route53:*",
          "shield:*",
          "sts:*",
          "support:*",
        ]
        Resource  = "*"
        Condition = { StringNotEquals = { "aws:RequestedRegion" = var.region } }
      },
      {
        Sid      = "NoOtherEnvironment"
        Effect   = "Deny"
        Action   = "*"
        Resource = "*"
        Condition = {
          StringNotEquals = { "aws:ResourceTag/billpay:environment" = var.environment }
          Null            = { "aws:ResourceTag/billpay:environment" = "false" }
        }
      },
      {
        Sid      = "NoOtherProject"
        Effect   = "Deny"
        Action   = "*"
        Resource = "*"
        Condition = {
          StringNotEquals = { "aws:ResourceTag/billpay:project" = var.project }
          Null            = { "aws:ResourceTag/billpay:project" = "false" }
        }
      },
    ]
  })

  tags = {
    Name              = local.boundary_name
    "billpay:address" = "iam/policy.boundary"
  }
}
