//! The environments of this repository through Terragrunt: from an empty account to an empty
//! account.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::differences::{self, DEV, PROD, PROD_UNPROTECTED, STAGING};
use crate::tree::Tree;
use crate::{files, remains};
use billpay_testkit::Run;
use billpay_testkit::programs::opentofu;
use billpay_testkit::values::{items, text};

/// Order of the units of dev; one that isn't here waits for nothing.
const ORDER: &[(&str, &[&str])] = &[
    ("audit", &[]),
    ("ecr", &[]),
    ("eks", &["iam", "networking"]),
    ("iam", &["../../accounts/ACCOUNT/us-east-1/account"]),
    ("monitoring", &["eks", "s3-cloudfront"]),
    ("networking", &[]),
    ("s3-cloudfront", &[]),
    ("secrets", &[]),
];

/// Attributes that change when the protection is lifted.
///
/// `billpay:protected` is one of the provider's default tags, and so in `tags_all` of every resource with tags. It is
/// in `tags` as well: as the provider refreshes, a tag whose value isn't the default's counts as the resource's own.
const UNPROTECTED: &[&str] = &[
    "force_delete",
    "force_destroy",
    "recovery_window_in_days",
    "tags.billpay:protected",
    "tags_all.billpay:protected",
];

#[test]
#[ignore = "needs Terragrunt, OpenTofu and the emulator: cargo test -- --include-ignored"]
fn three_environments_are_made_compared_protected_and_destroyed() {
    let tree = Tree::scaffolded(&["--all"]);
    let empty = remains::names(&tree.sandbox);
    order_is_that_of_the_platform(&tree);
    all_are_made(&tree);
    billpay_sees_the_same(&tree);
    a_protected_one_stays(&tree);
    the_spec_lifts_the_protection(&tree);
    everything_is_destroyed(&tree);
    remains::only_state(&empty, &tree.sandbox);
}

#[test]
#[ignore = "needs Terragrunt, OpenTofu and the emulator: cargo test -- --include-ignored"]
fn a_rendered_tree_is_formatted_and_sound() {
    let tree = Tree::scaffolded(&["--all"]);
    tree.tofu(opentofu(), ".", &["fmt", "-check", "-recursive"]).exits(0);
    tree.terragrunt(".", &["hcl", "fmt", "--check"]).exits(0);
    tree.terragrunt(".", &["hcl", "validate", "--inputs", "--strict"]).exits(0);
}

fn order_is_that_of_the_platform(tree: &Tree) {
    let found = tree.terragrunt("environments/dev", &["find", "--dag", "--json", "--dependencies"]);
    let found = found.exits(0).json();
    let edges = items(&found).iter().map(|unit| {
        let needed = items(&unit["dependencies"]).iter().map(|path| text(path).to_string());
        (text(&unit["path"]).to_string(), needed.collect::<BTreeSet<_>>())
    });
    let expected = ORDER.iter().map(|(unit, needs)| {
        let needs = needs.iter().map(|path| path.replace("ACCOUNT", &tree.sandbox.account));
        (unit.to_string(), needs.collect::<BTreeSet<_>>())
    });
    assert_eq!(edges.collect::<BTreeMap<_, _>>(), expected.collect());
}

fn all_are_made(tree: &Tree) {
    tree.apply("accounts").says("Succeeded    1");
    tree.apply("environments").says("Succeeded    25");
    tree.plan("environments").exits(0);
    tree.plan("accounts").exits(0);

    let states = remains::states(&tree.sandbox);
    let wanted: BTreeSet<String> =
        units(tree).iter().map(|unit| format!("{unit}/terraform.tfstate")).collect();
    let states: BTreeSet<String> = states.into_iter().collect();
    assert_eq!(states, wanted, "each unit has its state where it is itself, and no lock stays");
}

/// The folders of all units.
fn units(tree: &Tree) -> BTreeSet<String> {
    let found = tree.terragrunt(".", &["find", "--json"]).exits(0).json();
    items(&found).iter().map(|unit| text(&unit["path"]).to_string()).collect()
}

fn billpay_sees_the_same(tree: &Tree) {
    [DEV, STAGING, PROD].iter().for_each(|env| differences::are(env, &tree.sandbox));
}

fn a_protected_one_stays(tree: &Tree) {
    let destroyed = tree.destroy("environments");
    assert_eq!(summary(&destroyed), [("Succeeded", 16), ("Excluded", 9)].into());
    differences::are(&PROD, &tree.sandbox);
    let dev = tree.sandbox.json(&["plan", "--env", "dev"]);
    assert_eq!(dev["counts"]["create"], json!(items(&dev["changes"]).len()), "dev is gone");
    // From its own folder it doesn't pass over in silence.
    let unit = tree.terragrunt("environments/prod/ecr", &["run", "--non-interactive", "--", "destroy"]);
    unit.exits(1).says("prevent_destroy");
}

/// Reads the last lines of a run about its units.
fn summary(run: &Run) -> BTreeMap<&'static str, usize> {
    let said = format!("{}{}", run.stdout, run.stderr);
    let counts = ["Succeeded", "Failed", "Early Exits", "Excluded"].into_iter().filter_map(|what| {
        let line = said.lines().rev().find(|line| line.trim_start().starts_with(what))?;
        Some((what, line.split_whitespace().last()?.parse().ok()?))
    });
    counts.collect()
}

fn the_spec_lifts_the_protection(tree: &Tree) {
    tree.sandbox.edit("prod", json!({"protected": false}));
    let rendered = tree.scaffold(&["--all"]).exits(0);
    assert!(rendered.stdout.lines().all(|line| !line.starts_with("  +") && !line.starts_with("  -")));
    let mut fields = BTreeSet::new();
    for (unit, change) in planned(tree, "environments/prod") {
        assert_eq!(change["change"]["actions"], json!(["update"]), "{unit}: {change:#}");
        fields.extend(changed_fields(&change["change"]));
    }
    assert_eq!(fields, UNPROTECTED.iter().map(|name| name.to_string()).collect());
    tree.apply("environments/prod");
    tree.plan("environments/prod").exits(0);
    differences::are(&PROD_UNPROTECTED, &tree.sandbox);
}

/// Attributes that an update changes; of a map, the keys: `tags.Name`.
fn changed_fields(change: &Value) -> BTreeSet<String> {
    let (before, after) = (&change["before"], &change["after"]);
    let after = after.as_object().expect("a resource that stays").iter();
    let changed = after.filter(|(name, value)| before[name.as_str()] != **value);
    let fields =
        changed.flat_map(|(name, value)| match (before[name.as_str()].as_object(), value.as_object()) {
            (Some(old), Some(new)) => {
                let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
                let keys = keys.into_iter().filter(|key| old.get(*key) != new.get(*key));
                keys.map(|key| format!("{name}.{key}")).collect()
            }
            _ => vec![name.clone()],
        });
    fields.collect()
}

/// Returns the changes of the units below a folder.
fn planned(tree: &Tree, below: &str) -> Vec<(String, Value)> {
    let plans = tree.sandbox.path("plans");
    tree.run_all(below, &["--json-out-dir", &plans.to_string_lossy()], &["plan"]).exits(0);
    let plans = files(&plans).into_iter().flat_map(|path| {
        let plan = std::fs::read_to_string(&path).expect("a plan");
        let plan: Value = serde_json::from_str(&plan).expect("a plan in JSON");
        let unit = path.parent().expect("its folder").file_name().expect("its name");
        let changes = items(&plan["resource_changes"]).to_vec().into_iter();
        let changes = changes.filter(|change| change["change"]["actions"] != json!(["no-op"]));
        changes.map(|change| (unit.to_string_lossy().into_owned(), change)).collect::<Vec<_>>()
    });
    plans.collect()
}

fn everything_is_destroyed(tree: &Tree) {
    tree.destroy("environments");
    // What is shared outlives them, until a person says otherwise.
    assert_eq!(summary(&tree.destroy("accounts")).get("Excluded"), Some(&1));
    let scope = format!("accounts/{}/us-east-1/scope.hcl", tree.sandbox.account);
    tree.replace(&scope, "protected = true", "protected = false");
    tree.destroy("accounts");
    // What was cut off is done again from the start.
    tree.destroy("environments");
}
