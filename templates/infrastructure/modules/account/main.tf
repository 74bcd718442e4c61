# What the environments of one account and region share. It carries no environment's tags: no
# environment owns it, and none takes it along when it is destroyed.

# Lets workflows take roles without long-lived keys; which workflows, each role says itself.
resource "aws_iam_openid_connect_provider" "github" {
  count = var.github_oidc ? 1 : 0

  # No thumbprints: for GitHub IAM trusts its own list of authorities.
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]

  tags = {
    Name = "${var.name}-github"
  }
}

resource "aws_guardduty_detector" "detector" {
  count = var.guardduty ? 1 : 0

  #checkov:skip=CKV2_AWS_3:An organization's administrator account decides this for all accounts; a project's account can't.
  enable                       = true
  finding_publishing_frequency = "FIFTEEN_MINUTES"

  tags = {
    Name = "${var.name}-${var.region}"
  }
}
