//! The words of the documents exist: actions, resources and condition keys, asked of a program that has
//! AWS's own lists (Parliament).

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::documents::{Documents, environment, of_billpay, of_module};
use billpay_testkit::install;

/// Findings of Parliament that are right nevertheless: the issue, a part of where, and why.
const RIGHT: &[(&str, &str, &str)] = &[
    ("RESOURCE_STAR", "", "how wide a statement may be is for `limits` to say"),
    ("RESOURCE_MISMATCH", "CreateSecurityGroup", "it asks about a VPC and a group, in a statement each"),
    (
        "RESOURCE_MISMATCH",
        "ItsOwnRepositories",
        "calls about the registry name no repository, and are not to be allowed",
    ),
    ("UNKNOWN_CONDITION_FOR_ACTION", "elasticloadbalancing:CreateAction", "newer than its lists"),
    ("UNKNOWN_ACTION", "elasticloadbalancing:ModifyIpPools", "newer than its lists"),
];

/// Reads documents from its input and prints what is wrong with them.
const ASK: &str = include_str!("words.py");

#[test]
#[ignore = "needs Parliament: cargo test -- --include-ignored"]
fn the_words_exist() {
    for name in ["dev", "prod"] {
        exist(&of_billpay(&environment(name)));
    }
}

#[test]
#[ignore = "needs OpenTofu and Parliament: cargo test -- --include-ignored"]
fn the_words_of_the_module_exist() {
    exist(&of_module(&environment("prod")));
}

#[test]
#[ignore = "needs Parliament: cargo test -- --include-ignored"]
fn a_word_that_does_not_exist_is_found() {
    let document = |action: &str, key: &str| {
        json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": [action], "Resource": ["*"],
            "Condition": {"StringEquals": {key: ["x"]}},
        }]})
    };
    let wrong =
        [document("iam:CreateRoles", "iam:PermissionsBoundary"), document("iam:CreateRole", "iam:Boundary")];
    for document in wrong {
        assert!(!findings(&[("wrong".to_string(), document)]).is_empty());
    }
}

fn exist(documents: &Documents) {
    let inline = documents
        .roles
        .iter()
        .flat_map(|(key, role)| role.inline.iter().map(move |policy| (key.clone(), policy.clone())));
    let all: Vec<(String, Value)> =
        inline.chain([("boundary".to_string(), documents.boundary.clone())]).collect();
    let mut wrong = findings(&all);
    wrong.retain(|found| {
        !RIGHT.iter().any(|(issue, place, _)| found.contains(issue) && found.contains(place))
    });
    assert!(wrong.is_empty(), "{}: {wrong:#?}", documents.engine);
}

fn findings(documents: &[(String, Value)]) -> Vec<String> {
    let mut python = Command::new(install::parliament());
    python.args(["-W", "ignore", "-c", ASK]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut python = python.spawn().expect("Parliament can be run");
    python
        .stdin
        .take()
        .expect("its input")
        .write_all(json!(documents).to_string().as_bytes())
        .expect("documents");
    let answer = python.wait_with_output().expect("an answer");
    assert!(answer.status.success(), "Parliament failed; it said why above");
    serde_json::from_slice(&answer.stdout).expect("a list")
}
