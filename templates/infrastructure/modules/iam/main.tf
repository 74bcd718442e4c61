locals {
  # One entry for each policy of each role.
  attachments = merge([
    for key, role in local.roles : { for arn in role.managed : "${key}/${basename(arn)}" => { role = key, arn = arn } }
  ]...)
  inline = merge([
    for key, role in local.roles : { for name, document in role.inline : "${key}/${name}" => { role = key, name = name, document = document } }
  ]...)
}

resource "aws_iam_role" "role" {
  for_each = local.roles

  name                 = each.value.name
  description          = each.value.description
  assume_role_policy   = each.value.trust
  permissions_boundary = each.value.bounded ? aws_iam_policy.boundary.arn : null
  max_session_duration = each.value.session_seconds

  tags = {
    Name              = each.value.name
    "billpay:address" = "iam/role.${each.key}"
  }

  lifecycle {
    precondition {
      condition     = length(each.value.trust) <= 2048
      error_message = "The trust policy of ${each.value.name} is longer than the 2048 characters that IAM allows: name fewer subjects."
    }
    precondition {
      condition     = length(join("", values(each.value.inline))) <= 10240
      error_message = "The inline policies of ${each.value.name} are longer than the 10240 characters that IAM allows."
    }
  }
}

resource "aws_iam_role_policy_attachment" "managed" {
  for_each = local.attachments

  role       = aws_iam_role.role[each.value.role].name
  policy_arn = each.value.arn
}

resource "aws_iam_role_policy" "inline" {
  for_each = local.inline

  role   = aws_iam_role.role[each.value.role].name
  name   = each.value.name
  policy = each.value.document
}

# Policies that somebody adds to a role by hand show in the next plan, which takes them away.
resource "aws_iam_role_policy_attachments_exclusive" "managed" {
  for_each = local.roles

  role_name   = aws_iam_role.role[each.key].name
  policy_arns = each.value.managed

  depends_on = [aws_iam_role_policy_attachment.managed]
}

resource "aws_iam_role_policies_exclusive" "inline" {
  for_each = local.roles

  role_name    = aws_iam_role.role[each.key].name
  policy_names = keys(each.value.inline)

  depends_on = [aws_iam_role_policy.inline]
}
