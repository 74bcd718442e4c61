mock_provider "aws" {
  mock_resource "aws_iam_policy" {
    defaults = {
      arn = "arn:aws:iam::123456789012:policy/billpay-dev-boundary"
    }
  }
}

variables {
  name         = "billpay-dev"
  project      = "billpay"
  environment  = "dev"
  account      = "123456789012"
  region       = "us-east-1"
  cluster_name = "billpay-cluster-dev"
  addons       = ["vpc-cni", "coredns"]
  services = {
    payment-service = {
      name    = "billpay-dev-payment-service"
      secrets = ["billpay/database/credentials-dev", "billpay/api/keys-dev"]
    }
  }
  metric_namespaces = ["BillPay/Backend"]
  github = {
    role     = "BillPayGitHubActionsRole-dev"
    subjects = ["repo:billpay/billpay-services:environment:dev"]
  }
  github_frontends = {
    role          = "BillPayGitHubActionsRole-frontends-dev"
    subjects      = ["repo:billpay/billpay-frontends:environment:dev"]
    bucket_names  = ["billpay-frontend-admin-dev-123456789012"]
    has_frontends = true
  }
  github_oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
  repositories_pattern     = "billpay-*-dev"
  runs = {
    bucket  = "billpay-run-state-123456789012-us-east-1"
    folder  = "123456789012/billpay/dev"
    is_used = true
  }
}

run "roles_follow_from_what_the_cluster_has" {
  command = apply

  assert {
    condition     = toset(keys(output.role_arns)) == toset(["cluster", "nodes", "vpc-cni", "load-balancer-controller"])
    error_message = "No role without something that needs it."
  }
  assert {
    condition     = aws_iam_role.role["cluster"].name == "billpay-dev-eks-cluster" && aws_iam_role.role["service.payment-service"].name == "billpay-dev-payment-service"
    error_message = "Names are those of billpay's own engine."
  }
  assert {
    condition     = aws_iam_role.role["service.payment-service"].tags["billpay:address"] == "iam/role.service.payment-service"
    error_message = "The address tag is that of billpay's own engine."
  }
  assert {
    condition = [
      for role in values(aws_iam_role.role) : role.name if role.permissions_boundary == aws_iam_policy.boundary.arn
    ] == ["BillPayGitHubActionsRole-dev", "BillPayGitHubActionsRole-frontends-dev", "billpay-dev-payment-service"]
    error_message = "Roles of people's code are bounded, those of the cluster are AWS's business."
  }
  assert {
    condition = toset([for attachment in values(aws_iam_role_policy_attachment.managed) : attachment.policy_arn]) == toset([
      "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy",
      "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
      "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly",
      "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy",
    ])
    error_message = "Nodes pull images and join, and no more; only the add-on gives addresses."
  }
}

run "every_option_has_its_role" {
  command = apply

  variables {
    addons                   = ["aws-ebs-csi-driver"]
    fargate                  = true
    load_balancer_controller = false
  }

  assert {
    condition     = toset(keys(output.role_arns)) == toset(["cluster", "nodes", "ebs-csi", "fargate"])
    error_message = "Volumes and Fargate have roles when they are used."
  }
  assert {
    condition     = jsondecode(aws_iam_role.role["fargate"].assume_role_policy).Statement[0].Condition.ArnLike["aws:SourceArn"] == "arn:aws:eks:us-east-1:123456789012:fargateprofile/billpay-cluster-dev/*"
    error_message = "Only Fargate profiles of this cluster take the role."
  }
}

run "workflows_get_in_by_exact_audience_and_subject_only" {
  command = plan

  assert {
    condition = jsonencode(jsondecode(aws_iam_role.role["github"].assume_role_policy).Statement) == jsonencode([{
      Effect    = "Allow"
      Principal = { Federated = var.github_oidc_provider_arn }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = {
        StringEquals = {
          "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
          "token.actions.githubusercontent.com:sub" = ["repo:billpay/billpay-services:environment:dev"]
        }
      }
    }])
    error_message = "The trust policy compares exactly."
  }
}

run "pods_of_other_clusters_stay_out" {
  command = plan

  assert {
    condition = alltrue([
      for key in ["service.payment-service", "vpc-cni", "load-balancer-controller"] :
      jsondecode(aws_iam_role.role[key].assume_role_policy).Statement[0].Condition == {
        ArnEquals    = { "aws:SourceArn" = "arn:aws:eks:us-east-1:123456789012:cluster/billpay-cluster-dev" }
        StringEquals = { "aws:SourceAccount" = "123456789012" }
      }
    ])
    error_message = "Roles of pods are for this cluster only."
  }
}

run "services_read_their_own_secrets_only" {
  command = plan

  assert {
    condition = jsondecode(aws_iam_role_policy.inline["service.payment-service/service"].policy).Statement[0].Resource == [
      "arn:aws:secretsmanager:us-east-1:123456789012:secret:billpay/api/keys-dev-??????",
      "arn:aws:secretsmanager:us-east-1:123456789012:secret:billpay/database/credentials-dev-??????",
    ]
    error_message = "The secrets are named one by one."
  }
}

run "a_service_reads_the_buckets_that_it_names" {
  command = plan

  variables {
    services = { backstage = { name = "billpay-dev-backstage", buckets = ["billpay-techdocs-dev-123456789012"] } }
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.inline["service.backstage/service"].policy).Statement[0] == {
      Sid      = "ReadItsBuckets"
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:ListBucket"]
      Resource = ["arn:aws:s3:::billpay-techdocs-dev-123456789012", "arn:aws:s3:::billpay-techdocs-dev-123456789012/*"]
    }
    error_message = "The buckets are named one by one, and read only."
  }
}

run "a_service_that_needs_nothing_may_do_nothing" {
  command = plan

  variables {
    services          = { quiet = { name = "billpay-dev-quiet" } }
    metric_namespaces = []
  }

  assert {
    condition     = !contains(keys(aws_iam_role_policy.inline), "service.quiet/service")
    error_message = "Nothing to allow, no policy."
  }
  assert {
    condition     = alltrue([for statement in jsondecode(aws_iam_role_policy.inline["github/deploy"].policy).Statement : !startswith(statement.Sid, "Publish")])
    error_message = "Without buckets there is no statement about them."
  }
}

# Every action is named; what changes something is bounded by resource or condition. AWS gives
# Shield and the firewall no resources to bound them by.
run "no_role_may_change_everything" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for policy in values(aws_iam_role_policy.inline) : [
        for statement in jsondecode(policy.policy).Statement : [
          for action in flatten([statement.Action]) :
          !strcontains(action, "*") && anytrue([
            can(regex("^(shield|wafv2):|:(Describe|Get|List)", action)),
            flatten([statement.Resource]) != ["*"],
            can(statement.Condition),
          ])
        ]
      ]
    ]))
    error_message = "A statement allows a change of anything."
  }
  assert {
    condition     = length(aws_iam_policy.boundary.policy) <= 6144
    error_message = "IAM allows 6144 characters."
  }
  assert {
    condition = [
      for statement in jsondecode(aws_iam_policy.boundary.policy).Statement : statement.Sid
      if statement.Effect == "Allow" && anytrue([
        for action in flatten([try(statement.Action, [])]) : can(regex("^(\\*|iam:)", action)) && !can(regex("^iam:(Get|List|Simulate)\\*$", action))
      ])
    ] == ["RolesInThisBoundary"]
    error_message = "Of IAM, a bounded role changes only roles in the same boundary."
  }
  assert {
    condition = one([
      for statement in jsondecode(aws_iam_policy.boundary.policy).Statement : statement.Condition if statement.Sid == "RolesInThisBoundary"
    ]) == { ArnEquals = { "iam:PermissionsBoundary" = "arn:aws:iam::123456789012:policy/billpay-dev-boundary" } }
    error_message = "The boundary asks for itself."
  }
}

run "tags_of_another_environment_or_project_do_not_match" {
  command = plan

  assert {
    condition = alltrue([
      for sid, role in { PushImages = "github", InvalidateDistributions = "github-frontends" } : one([
        for statement in jsondecode(aws_iam_role_policy.inline["${role}/deploy"].policy).Statement : statement.Condition if statement.Sid == sid
        ]) == {
        StringEquals = {
          "aws:ResourceTag/billpay:environment" = "dev"
          "aws:ResourceTag/billpay:project"     = "billpay"
        }
      }
    ])
    error_message = "Workflows must be allowed only what carries the tags of this project and this environment."
  }
  assert {
    condition = {
      for statement in jsondecode(aws_iam_policy.boundary.policy).Statement :
      statement.Sid => jsonencode([statement.Effect, statement.Action, statement.Resource, statement.Condition]) if startswith(statement.Sid, "NoOther")
      } == {
      NoOtherEnvironment = jsonencode(["Deny", "*", "*", {
        Null            = { "aws:ResourceTag/billpay:environment" = "false" }
        StringNotEquals = { "aws:ResourceTag/billpay:environment" = "dev" }
      }])
      NoOtherProject = jsonencode(["Deny", "*", "*", {
        Null            = { "aws:ResourceTag/billpay:project" = "false" }
        StringNotEquals = { "aws:ResourceTag/billpay:project" = "billpay" }
      }])
    }
    error_message = "The boundary must deny what carries another environment's or another project's tag, and leave untagged resources alone."
  }
}

run "policies_added_by_hand_are_seen" {
  command = apply

  assert {
    condition = (
      keys(aws_iam_role_policies_exclusive.inline) == keys(aws_iam_role.role) &&
      keys(aws_iam_role_policy_attachments_exclusive.managed) == keys(aws_iam_role.role)
    )
    error_message = "All policies of each role are known."
  }
}

# What frontends are deployed with deploys no services.
run "frontends_have_a_role_of_their_own" {
  command = plan

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.inline["github-frontends/deploy"].policy).Statement : statement.Sid] == [
      "FindDistributions", "InvalidateDistributions", "ListBuckets", "PublishFiles", "FindRuns", "KeepRuns",
    ]
    error_message = "The frontends' role must publish files, and neither push images nor reach the cluster."
  }
  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.inline["github/deploy"].policy).Statement : statement.Sid] == [
      "SignInToRegistry", "PushImages", "ReachCluster", "FindRuns", "KeepRuns",
    ]
    error_message = "The services' role must not publish frontends that have a role of their own."
  }
  assert {
    condition     = jsondecode(aws_iam_role.role["github-frontends"].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == ["repo:billpay/billpay-frontends:environment:dev"]
    error_message = "Only the frontends' repositories take the role."
  }
}

run "without_repositories_of_frontends_there_is_one_role" {
  command = apply

  variables {
    github = {
      role          = "BillPayGitHubActionsRole-dev"
      subjects      = ["repo:billpay/billpay-services:environment:dev"]
      bucket_names  = ["billpay-frontend-admin-dev-123456789012"]
      has_frontends = true
    }
    github_frontends = null
  }

  assert {
    condition     = !contains(keys(aws_iam_role.role), "github-frontends") && output.github_frontends_role_arn == null
    error_message = "Nobody could take such a role."
  }
  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.inline["github/deploy"].policy).Statement : statement.Sid] == [
      "SignInToRegistry", "PushImages", "ReachCluster", "FindDistributions", "InvalidateDistributions", "ListBuckets", "PublishFiles", "FindRuns", "KeepRuns",
    ]
    error_message = "The one role must deploy both."
  }
}

run "too_many_subjects_are_told_before_iam_refuses" {
  command = plan
  variables {
    github = {
      role     = "BillPayGitHubActionsRole-dev"
      subjects = [for number in range(60) : "repo:billpay/billpay-services-${number}:environment:dev"]
    }
  }
  expect_failures = [aws_iam_role.role]
}

run "subjects_with_ids_are_trusted_as_they_are" {
  command = plan
  variables {
    github = {
      role     = "BillPayGitHubActionsRole-dev"
      subjects = ["repo:billpay/billpay-services:environment:dev", "repo:billpay@12/billpay-services@34:environment:dev"]
    }
  }
  assert {
    condition = jsondecode(aws_iam_role.role["github"].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == [
      "repo:billpay/billpay-services:environment:dev", "repo:billpay@12/billpay-services@34:environment:dev",
    ]
    error_message = "Both exact forms are trusted."
  }
}

run "an_id_of_the_repository_alone_is_refused" {
  command = plan
  variables {
    github = { role = "BillPayGitHubActionsRole-dev", subjects = ["repo:billpay/billpay-services@34:environment:dev"] }
  }
  expect_failures = [var.github]
}

run "a_pattern_of_an_id_is_refused" {
  command = plan
  variables {
    github = { role = "BillPayGitHubActionsRole-dev", subjects = ["repo:billpay@12/billpay-services@*:environment:dev"] }
  }
  expect_failures = [var.github]
}

run "a_pattern_of_subjects_is_refused" {
  command = plan
  variables {
    github = { role = "BillPayGitHubActionsRole-dev", subjects = ["repo:billpay/*:environment:dev"] }
  }
  expect_failures = [var.github]
}

run "another_environment_of_github_is_refused" {
  command = plan
  variables {
    github = { role = "BillPayGitHubActionsRole-dev", subjects = ["repo:billpay/billpay-services:environment:prod"] }
  }
  expect_failures = [var.github]
}

run "no_subjects_are_refused" {
  command = plan
  variables {
    github = { role = "BillPayGitHubActionsRole-dev", subjects = [] }
  }
  expect_failures = [var.github]
}

run "sessions_have_limits" {
  command = plan
  variables {
    github = { role = "BillPayGitHubActionsRole-dev", subjects = ["repo:billpay/billpay-services:environment:dev"], session_seconds = 900 }
  }
  expect_failures = [var.github]
}

run "another_issuer_is_refused" {
  command = plan
  variables {
    github_oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/gitlab.com"
  }
  expect_failures = [var.github_oidc_provider_arn]
}

run "the_account_is_checked" {
  command = plan
  variables {
    account = "1234"
  }
  expect_failures = [var.account]
}

run "the_project_is_checked" {
  command = plan
  variables {
    project = "BillPay"
  }
  expect_failures = [var.project]
}

run "the_name_must_leave_room" {
  command = plan
  variables {
    name = "billpay-with-a-name-that-is-far-too-long"
  }
  expect_failures = [var.name]
}

run "repositories_of_all_environments_are_refused" {
  command = plan
  variables {
    repositories_pattern = "billpay-*"
  }
  expect_failures = [var.repositories_pattern]
}

run "a_pattern_of_buckets_is_refused" {
  command = plan
  variables {
    github           = { role = "R", subjects = ["repo:billpay/billpay-services:environment:dev"], bucket_names = ["billpay-*"] }
    github_frontends = { role = "F", subjects = ["repo:billpay/billpay-frontends:environment:dev"], bucket_names = ["billpay-*"] }
  }
  expect_failures = [var.github, var.github_frontends]
}

run "a_pattern_of_secrets_is_refused" {
  command = plan
  variables {
    services = { greedy = { name = "billpay-dev-greedy", secrets = ["billpay/*"] } }
  }
  expect_failures = [var.services]
}

run "a_pattern_of_a_services_buckets_is_refused" {
  command = plan
  variables {
    services = { greedy = { name = "billpay-dev-greedy", buckets = ["billpay-*"] } }
  }
  expect_failures = [var.services]
}

run "two_services_do_not_share_a_role" {
  command = plan
  variables {
    services = { one = { name = "billpay-dev-one" }, two = { name = "billpay-dev-one" } }
  }
  expect_failures = [var.services]
}

run "namespaces_of_aws_are_refused" {
  command = plan
  variables {
    metric_namespaces = ["AWS/EC2"]
  }
  expect_failures = [var.metric_namespaces]
}

run "the_cluster_is_no_pattern" {
  command = plan
  variables {
    cluster_name = "*"
  }
  expect_failures = [var.cluster_name]
}

run "workflows_keep_the_runs_of_their_environment_alone" {
  command = apply

  assert {
    condition = alltrue([
      for key in ["github/deploy", "github-frontends/deploy"] :
      [for statement in jsondecode(aws_iam_role_policy.inline[key].policy).Statement : statement.Resource if statement.Sid == "KeepRuns"]
      == ["arn:aws:s3:::billpay-run-state-123456789012-us-east-1/123456789012/billpay/dev/*"]
    ])
    error_message = "The folder of the environment, and no other."
  }
}

run "without_a_bucket_there_is_nothing_to_allow" {
  command = apply
  variables {
    runs = { bucket = "billpay-run-state-123456789012-us-east-1", folder = "123456789012/billpay/dev", is_used = false }
  }
  assert {
    condition     = !strcontains(aws_iam_role_policy.inline["github/deploy"].policy, "Runs")
    error_message = "No right to what is not used."
  }
}

run "the_folder_of_another_environment_is_refused" {
  command = plan
  variables {
    runs = { bucket = "billpay-run-state-123456789012-us-east-1", folder = "123456789012/billpay/prod", is_used = true }
  }
  expect_failures = [var.runs]
}

run "a_pattern_of_runs_is_refused" {
  command = plan
  variables {
    runs = { bucket = "billpay-*", folder = "*/123456789012/billpay/dev", is_used = true }
  }
  expect_failures = [var.runs]
}
