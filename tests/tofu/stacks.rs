//! The environments of this repository for those who do without Terragrunt: one state each.

use serde_json::json;

use crate::differences::{self, DEV, PROD_UNPROTECTED, STAGING};
use crate::remains;
use crate::tree::Tree;
use billpay_testkit::Sandbox;
use billpay_testkit::programs::{Tofu, opentofu, terraform};

/// A tree whose environments may all be destroyed, and the bucket that the state goes to, made
/// as the tree's README says.
fn tree() -> Tree {
    let tree = Tree::new();
    tree.sandbox.edit("prod", json!({"protected": false}));
    tree.scaffold(&["--all"]).exits(0);
    make_bucket(&tree.sandbox);
    tree
}

pub fn make_bucket(sandbox: &Sandbox) {
    let bucket = remains::state_bucket(sandbox);
    sandbox.aws(&["s3api", "create-bucket", "--bucket", &bucket]);
    let versioned = ["--versioning-configuration", "Status=Enabled"];
    sandbox.aws(&[&["s3api", "put-bucket-versioning", "--bucket", &bucket], &versioned[..]].concat());
}

/// Returns the folder of the stack of what the environments share.
fn of_account(tree: &Tree) -> String {
    format!("stacks/accounts/{}/us-east-1", tree.sandbox.account)
}

fn make(tofu: &Tofu, tree: &Tree, stack: &str) {
    tree.tofu(tofu, stack, &["init"]).exits(0);
    tree.tofu(tofu, stack, &["apply", "-auto-approve"]).exits(0);
    tree.tofu(tofu, stack, &["plan", "-detailed-exitcode"]).exits(0);
}

fn destroy(tofu: &Tofu, tree: &Tree, stack: &str) {
    tree.tofu(tofu, stack, &["destroy", "-auto-approve"]).exits(0);
    // What was cut off is done again from the start.
    tree.tofu(tofu, stack, &["destroy", "-auto-approve"]).exits(0);
}

/// Does something with each of the environments, all at once: most of the time is waiting.
fn each(work: impl Fn(&str) + Sync) {
    let stacks = ["stacks/dev", "stacks/staging", "stacks/prod"];
    std::thread::scope(|scope| stacks.iter().for_each(|stack| drop(scope.spawn(|| work(stack)))));
}

#[test]
#[ignore = "needs OpenTofu and the emulator: cargo test -- --include-ignored"]
fn three_stacks_are_made_compared_and_destroyed() {
    let (tree, tofu) = (tree(), opentofu());
    let empty = remains::names(&tree.sandbox);
    make(tofu, &tree, &of_account(&tree));
    each(|stack| make(tofu, &tree, stack));
    [DEV, STAGING, PROD_UNPROTECTED].iter().for_each(|env| differences::are(env, &tree.sandbox));
    assert!(remains::states(&tree.sandbox).iter().all(|key| key.ends_with("/terraform.tfstate")));
    each(|stack| destroy(tofu, &tree, stack));
    destroy(tofu, &tree, &of_account(&tree));
    remains::only_state(&empty, &tree.sandbox);
}

#[test]
#[ignore = "needs Terraform 1.11 and the emulator: cargo test -- --include-ignored"]
fn a_stack_is_made_compared_and_destroyed_by_terraform_too() {
    let terraform = match terraform() {
        Ok(terraform) => terraform,
        Err(why) => return billpay_testkit::skip_even_in_ci(why),
    };
    let tree = tree();
    let empty = remains::names(&tree.sandbox);
    make(terraform, &tree, &of_account(&tree));
    make(terraform, &tree, "stacks/dev");
    differences::are(&DEV, &tree.sandbox);
    destroy(terraform, &tree, "stacks/dev");
    destroy(terraform, &tree, &of_account(&tree));
    remains::only_state(&empty, &tree.sandbox);
}
