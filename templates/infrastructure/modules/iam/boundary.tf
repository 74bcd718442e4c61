# The most that a role of people's code may ever do, whatever is attached to it. It can't get out of this
# boundary, become another role, leave the region, or touch what belongs to another environment or project.

locals {
  boundary_name = "${var.name}-boundary"
  boundary      = jsonencode(jsondecode(templatefile("${path.module}/policies/boundary.json", local.policy_values)))
}

resource "aws_iam_policy" "boundary" {
  # A boundary gives nothing: a role may do what its own policies say, as far as this goes.
  #checkov:skip=CKV_AWS_62:A boundary allows nothing by itself.
  #checkov:skip=CKV_AWS_63:A boundary allows nothing by itself.
  #checkov:skip=CKV_AWS_289:A boundary allows nothing by itself.
  #checkov:skip=CKV_AWS_290:A boundary allows nothing by itself.
  #checkov:skip=CKV2_AWS_40:A boundary allows nothing by itself.
  name   = local.boundary_name
  policy = local.boundary

  tags = {
    Name              = local.boundary_name
    "billpay:address" = "iam/policy.boundary"
  }
}
