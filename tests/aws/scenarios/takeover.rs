//! Environments that version 0.1 made, whose tags name neither project nor region.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::inventory::{inventory, same};
use super::ownership::{own_names, project_beside};
use super::tagging::{Tagger, Tags, at, mark, write_mark};
use billpay_testkit::values::{items, text};
use billpay_testkit::{Run, Sandbox, install};

const GITHUB: &str = "iam/oidc-provider.github";

/// Makes the tags and texts of everything in an environment those of version 0.1.
fn as_version_0_1(sandbox: &Sandbox) {
    let status = sandbox.status("dev");
    std::thread::scope(|scope| {
        for resource in status.iter().filter(|one| one["state"] == "ready") {
            scope.spawn(move || age(sandbox, resource));
        }
    });
}

fn age(sandbox: &Sandbox, resource: &Value) {
    let address = text(&resource["address"]);
    let kind = address.split(['/', '.']).nth(1).expect("a kind");
    let tagger = Tagger::of(kind);
    if kind == "bucket-policy" {
        return; // It has no tags but its bucket's.
    }
    if tagger == Tagger::Mark {
        let old = format!("billpay:environment=dev billpay:address={address}");
        let id = text(&resource["id"]);
        write_mark(sandbox, kind, id, &old);
        assert_eq!(mark(sandbox, kind, id), old);
        return;
    }
    let name = tagger.name(resource);
    let old = match address == GITHUB {
        true => tags(&[("billpay:claim/dev", GITHUB), ("billpay:made", "true")]),
        false => {
            let mut old = tagger.read(sandbox, name);
            let kept = ["billpay:environment", "billpay:address"];
            old.retain(|key, _| !key.starts_with("billpay:") || kept.contains(&key.as_str()));
            old
        }
    };
    tagger.write(sandbox, name, &old);
}

fn tags(list: &[(&str, &str)]) -> Tags {
    list.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
}

/// The paths of the fields that a plan changes; it changes nothing but in place.
fn changed_fields(plan: &Value) -> BTreeSet<String> {
    assert_eq!(plan["conflicts"], json!([]));
    let changed = items(&plan["changes"]).iter().filter(|change| change["action"] != "no-op");
    let fields = changed.flat_map(|change| {
        assert_eq!(change["action"], "update", "{change:#}");
        items(&change["fields"]).iter().map(|field| text(&field["path"]).to_string())
    });
    fields.collect()
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn an_environment_of_version_0_1_is_taken_over_in_place() {
    let sandbox = Sandbox::new();
    let empty = inventory(&sandbox);
    sandbox.provision("dev");
    let ids = ids(&sandbox);
    as_version_0_1(&sandbox);

    let plan = sandbox.json(&["plan", "--env", "dev"]);
    let updated = items(&plan["changes"]).iter().filter(|change| change["action"] == "update").count();
    let untagged = items(&plan["changes"]).iter().filter(|change| change["action"] == "no-op");
    let untagged: Vec<&str> = untagged.map(|change| text(&change["address"])).collect();
    assert!(untagged.iter().all(|address| address.contains("/bucket-policy.")), "{untagged:?}");
    assert!(updated > 50, "{updated} are updated");
    let expected = [
        "comment",
        "description",
        "tags.billpay:claim/billpay/dev",
        "tags.billpay:project",
        "tags.billpay:protected",
        "tags.billpay:region",
    ];
    assert_eq!(changed_fields(&plan), expected.map(String::from).into());
    // What was there says that it lives here, so nothing of it is taken for a stranger.
    assert!(plan.get("strangers").is_none_or(|strangers| items(strangers).is_empty()), "{plan:#}");

    sandbox.provision("dev");
    sandbox.in_sync("dev");
    assert_eq!(self::ids(&sandbox), ids, "nothing was made anew");
    // Each resource now names itself, so that copies of its tags are recognised.
    let status = sandbox.status("dev");
    for address in ["network/vpc", "network/elastic-ip.nat-a", "s3-cloudfront/distribution.payment"] {
        let resource = at(&status, address);
        let tagger = if address.contains("distribution") { Tagger::Distribution } else { Tagger::Ec2 };
        let tags = tagger.read(&sandbox, tagger.name(&resource));
        assert_eq!(tags["billpay:id"], text(&resource["id"]), "{address}");
    }
    sandbox.destroy("dev").says("nothing of it is left");
    same(&empty, &inventory(&sandbox));
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn an_environment_of_version_0_1_is_destroyed_whole_and_only_where_it_lives() {
    let sandbox = Sandbox::new();
    let empty = inventory(&sandbox);
    sandbox.provision("dev");
    as_version_0_1(&sandbox);
    let before = inventory(&sandbox);

    sandbox.edit("dev", json!({"region": "eu-west-1"}));
    for args in [&["plan"][..], &["provision", "-y"], &["status"], &["destroy", "-y"]] {
        sandbox.billpay(&[args, &["--env", "dev"]].concat()).exits(1);
    }
    same(&before, &inventory(&sandbox));

    sandbox.edit("dev", json!({"region": "us-east-1"}));
    sandbox.billpay(&["destroy", "--env", "dev", "-y"]).exits(0).says("nothing of it is left");
    same(&empty, &inventory(&sandbox));
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn a_claim_of_version_0_1_is_each_projects_whose_role_stands() {
    let billpay = Sandbox::new();
    let empty = inventory(&billpay);
    let other = project_beside(&billpay, own_names("other"));
    for project in [&billpay, &other] {
        let selection = ["--only", "iam", "--only", "network"];
        project.billpay(&[&["provision", "--env", "dev", "-y"], &selection[..]].concat()).exits(0);
    }
    as_version_0_1(&billpay);
    as_version_0_1(&other);
    let claims = || -> Vec<String> {
        let arn =
            format!("arn:aws:iam::{}:oidc-provider/token.actions.githubusercontent.com", billpay.account);
        let found = Tagger::Provider.read(&billpay, &arn);
        found.into_keys().filter(|key| key.starts_with("billpay:claim/")).collect()
    };
    assert_eq!(claims(), ["billpay:claim/dev"]);

    // Old tags name no project: the other role is told, and left for its name.
    other.destroy("dev").says("BillPayGitHubActionsRole-dev");
    assert_eq!(claims(), ["billpay:claim/dev"], "the other project's role still stands");
    let plan = billpay.plan("dev");
    let of_iam = plan.iter().filter(|change| change.contains(" iam/"));
    assert!(of_iam.clone().all(|change| change.starts_with("update ")), "{plan:?}");
    assert!(plan.contains(&format!("update {GITHUB}")), "{plan:?}");
    billpay.destroy("dev").says("nothing of it is left");
    same(&empty, &inventory(&billpay));
}

/// Returns the id of each resource of dev.
fn ids(sandbox: &Sandbox) -> Vec<(String, String)> {
    let status = sandbox.status("dev");
    status.iter().map(|one| (text(&one["address"]).to_string(), text(&one["id"]).to_string())).collect()
}

/// Runs lines in a shell that knows the AWS CLI.
fn shell(sandbox: &Sandbox, lines: &[String]) {
    let program = install::aws_cli();
    let folder = program.parent().expect("its folder").to_string_lossy().into_owned();
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = sandbox.command("sh");
    command.env("PATH", format!("{folder}:{path}")).env("AWS_DEFAULT_REGION", "us-east-1");
    let output = command.args(["-euc", &lines.join("\n")]).output().expect("sh can be run");
    Run::new(&["(the lines that it printed)"], output).exits(0);
}

/// The lines that the conflicts of a plan print, each of which has some.
fn lines(plan: &Value) -> Vec<String> {
    let conflicts = items(&plan["conflicts"]);
    let silent: Vec<&Value> = conflicts.iter().filter(|one| items(&one["commands"]).is_empty()).collect();
    assert!(silent.is_empty(), "each conflict says how to end it: {silent:#?}");
    let lines = conflicts.iter().flat_map(|one| items(&one["commands"]));
    lines.map(|line| text(line).to_string()).collect()
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn what_nothing_proves_is_handed_over_by_the_lines_that_are_printed() {
    let sandbox = Sandbox::new();
    let vpc = sandbox.aws(&["ec2", "create-vpc", "--cidr-block", "10.0.0.0/16"]);
    let vpc = text(&vpc["Vpc"]["VpcId"]);
    Tagger::Ec2.write(
        &sandbox,
        vpc,
        &tags(&[("billpay:environment", "dev"), ("billpay:address", "network/vpc")]),
    );
    let before = inventory(&sandbox);
    let plan = ["plan", "--env", "dev", "--only", "network", "--output", "json"];
    let plan = sandbox.billpay(&plan).exits(1).says(vpc).plan_before_error();
    sandbox.billpay(&["provision", "--env", "dev", "--only", "network", "-y"]).exits(1);
    sandbox.billpay(&["destroy", "--env", "dev", "-y"]).exits(1);
    same(&before, &inventory(&sandbox));
    shell(&sandbox, &lines(&plan));
    sandbox.billpay(&["provision", "--env", "dev", "--only", "network", "-y"]).exits(0);
    assert_eq!(sandbox.id("dev", "network/vpc"), vpc);
    sandbox.destroy("dev").says("nothing of it is left");
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn without_anything_in_the_region_a_person_says_where_the_environment_lives() {
    let sandbox = Sandbox::new();
    let empty = inventory(&sandbox);
    let selection = ["--only", "iam", "--only", "s3-cloudfront"];
    sandbox.billpay(&[&["provision", "--env", "dev", "-y"], &selection[..]].concat()).exits(0);
    as_version_0_1(&sandbox);
    let buckets = sandbox.aws(&["s3api", "list-buckets"]);
    for bucket in items(&buckets["Buckets"]) {
        sandbox.aws(&["s3api", "delete-bucket", "--bucket", text(&bucket["Name"])]);
    }

    let before = inventory(&sandbox);
    let provision = [&["provision", "--env", "dev", "-y"], &selection[..]].concat();
    let run = sandbox.billpay(&provision).exits(1);
    run.says("billpay:region").says("iam/role.nodes").says("s3-cloudfront/headers-policy.payment");
    sandbox.billpay(&["destroy", "--env", "dev", "-y"]).exits(1);
    same(&before, &inventory(&sandbox));

    let plan = sandbox.billpay(&["plan", "--env", "dev", "--output", "json"]).exits(1);
    let plan = plan.plan_before_error();
    shell(&sandbox, &lines(&plan));
    sandbox.billpay(&provision).exits(0);
    let plan = sandbox.json(&[&["plan", "--env", "dev"], &selection[..]].concat());
    assert!(items(&plan["changes"]).iter().all(|change| change["action"] == "no-op"), "{plan:#}");
    sandbox.destroy("dev").says("nothing of it is left");
    same(&empty, &inventory(&sandbox));
}
