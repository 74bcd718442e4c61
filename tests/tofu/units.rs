//! Terragrunt, OpenTofu and the emulated AWS fit together: a tree of two units that is none
//! of ours.

use serde_json::json;

use crate::tree::Tree;
use billpay_testkit::values::{items, text};

const ROOT: &str = r#"
remote_state {
  backend = "s3"
  generate = {
    path      = "backend.tf"
    if_exists = "overwrite_terragrunt"
  }
  config = {
    bucket       = "trial-state-ACCOUNT"
    key          = "${path_relative_to_include()}/tofu.tfstate"
    region       = "us-east-1"
    encrypt      = true
    use_lockfile = true
  }
}

generate "provider" {
  path      = "provider.tf"
  if_exists = "overwrite_terragrunt"
  contents  = <<-EOF
    provider "aws" {
      region              = "us-east-1"
      allowed_account_ids = ["ACCOUNT"]
    }
  EOF
}

terraform {
  copy_terraform_lock_file = false
}
"#;

const TOPIC: &str = r#"
include "root" {
  path = find_in_parent_folders("root.hcl")
}

terraform {
  source = "../../modules//topic"
}

inputs = {
  name = "trial"
}
"#;

const SECRET: &str = r#"
include "root" {
  path = find_in_parent_folders("root.hcl")
}

terraform {
  source = "../../modules//secret"
}

dependency "topic" {
  config_path                             = "../topic"
  mock_outputs                            = { arn = "arn:aws:sns:us-east-1:ACCOUNT:mock" }
  mock_outputs_allowed_terraform_commands = ["init", "validate", "plan", "destroy"]
}

inputs = {
  value = dependency.topic.outputs.arn
}
"#;

const TOPIC_MODULE: &str = r#"
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "5.100.0" }
  }
}
variable "name" { type = string }
resource "aws_sns_topic" "this" { name = var.name }
output "arn" { value = aws_sns_topic.this.arn }
"#;

const SECRET_MODULE: &str = r#"
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "5.100.0" }
  }
}
variable "value" { type = string }
resource "aws_secretsmanager_secret" "this" {
  name        = "trial/topic"
  description = var.value
}
"#;

#[test]
#[ignore = "needs Terragrunt, OpenTofu and the emulator: cargo test -- --include-ignored"]
fn two_units_are_made_in_order_and_destroyed_in_the_opposite_one() {
    let tree = Tree::of(&[
        ("live/root.hcl", ROOT),
        ("live/topic/terragrunt.hcl", TOPIC),
        ("live/secret/terragrunt.hcl", SECRET),
        ("modules/topic/main.tf", TOPIC_MODULE),
        ("modules/secret/main.tf", SECRET_MODULE),
    ]);
    let aws = |args: &[&str]| tree.sandbox.aws(args);

    tree.apply("live").says("Succeeded    2");
    let topic = format!("arn:aws:sns:us-east-1:{}:trial", tree.sandbox.account);
    let secret = aws(&["secretsmanager", "describe-secret", "--secret-id", "trial/topic"]);
    assert_eq!(secret["Description"], json!(topic), "the output of one unit is the other's input");
    tree.plan("live").exits(0);

    let bucket = format!("trial-state-{}", tree.sandbox.account);
    assert_eq!(keys(&tree, &bucket), ["secret/tofu.tfstate", "topic/tofu.tfstate"], "no lock stays behind");
    assert_eq!(aws(&["s3api", "get-bucket-versioning", "--bucket", &bucket])["Status"], "Enabled");
    let policy = aws(&["s3api", "get-bucket-policy", "--bucket", &bucket]);
    assert!(text(&policy["Policy"]).contains("EnforcedTLS"), "{policy:#}");
    let access = aws(&["s3api", "get-public-access-block", "--bucket", &bucket]);
    let blocked = access["PublicAccessBlockConfiguration"].as_object().expect("a public access block");
    assert!(blocked.len() == 4 && blocked.values().all(|is| *is == json!(true)), "{access:#}");
    let encryption = aws(&["s3api", "get-bucket-encryption", "--bucket", &bucket]);
    let rules = &encryption["ServerSideEncryptionConfiguration"]["Rules"];
    assert_eq!(rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"], "aws:kms");

    tree.write("live/topic/terragrunt.hcl", &TOPIC.replace("\"trial\"", "\"changed\""));
    tree.plan("live").exits(2);
    tree.write("live/topic/terragrunt.hcl", TOPIC);

    // Somebody else is at work: what they lock is not touched.
    let lock = tree.sandbox.path("lock.json");
    std::fs::write(&lock, r#"{"ID": "their-lock", "Who": "somebody@else"}"#).expect("a file");
    let theirs = ["s3api", "put-object", "--bucket", &bucket, "--key", "topic/tofu.tfstate.tflock"];
    aws(&[&theirs[..], &["--body", &lock.to_string_lossy()]].concat());
    tree.run_all("live", &[], &["apply"]).exits(1).says("somebody@else");
    tree.terragrunt("live/topic", &["run", "--", "force-unlock", "-force", "their-lock"]).exits(0);

    tree.destroy("live");
    assert_eq!(aws(&["sns", "list-topics"])["Topics"], json!([]));
    // What was cut off is done again from the start.
    tree.destroy("live");
}

fn keys(tree: &Tree, bucket: &str) -> Vec<String> {
    let list = tree.sandbox.aws(&["s3api", "list-objects-v2", "--bucket", bucket]);
    items(&list["Contents"]).iter().map(|object| text(&object["Key"]).to_string()).collect()
}
