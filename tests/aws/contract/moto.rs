//! The same contract against moto, which others wrote: a second opinion on our reading of
//! the APIs. What moto can't do is listed by name, and a listed gap that works fails the test.

use std::time::Duration;

use billpay_aws::Endpoint;

use super::Stage::{self, *};
use super::{Account, PATIENCE, report, run, selected_cases};
use billpay_testkit::values::text;
use billpay_testkit::{Emulator, Sandbox};

/// Gaps of moto 5.2.5: the kind, the stage it comes to, and why no further.
const GAPS: &[(&str, Stage, &str)] = &[
    ("access-entry", Create, "no access entries: 404"),
    ("addon", Needs, "ListNodegroups answers 500 where there is no cluster yet"),
    ("bucket", Create, "GetBucketVersioning answers with the wrong XML element"),
    ("bucket-policy", Needs, "no response headers policies: 404"),
    ("cluster", Update, "UpdateClusterConfig wipes fields"),
    ("distribution", Needs, "no response headers policies: 404"),
    ("fargate-profile", Needs, "ListFargateProfiles answers 500 where there is no cluster yet"),
    ("headers-policy", Needs, "no response headers policies: 404"),
    ("nat-gateway", Replace, "a deleted gateway keeps its elastic IP"),
    ("node-group", Needs, "ListNodegroups answers 500 where there is no cluster yet"),
    ("pod-identity", Create, "no pod identity associations: 404"),
    ("route-table", Replace, "a deleted gateway keeps its elastic IP"),
    ("s3-endpoint", Replace, "a deleted gateway keeps its elastic IP"),
];

/// Time that a kind may be stuck in a gap.
const GAP: Duration = Duration::from_secs(45);

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn every_kind_keeps_the_contract_in_moto_but_for_the_gaps_listed() {
    let emulator = Emulator::moto();
    let mut broken = run(|case| {
        // moto takes the account from the role that was assumed.
        let number = emulator.fresh_account();
        let sandbox = Sandbox::of_account(&emulator.url, &number);
        let role = format!("arn:aws:iam::{number}:role/tests");
        let session = ["--role-arn", &role, "--role-session-name", case.kind];
        let session = sandbox.aws(&[&["sts", "assume-role"], &session[..]].concat());
        let access_key = text(&session["Credentials"]["AccessKeyId"]).to_string();
        let endpoint = Endpoint { url: emulator.url.clone(), access_key, secret_key: "test".to_string() };
        let gap = GAPS.iter().any(|(kind, ..)| *kind == case.kind);
        Account { number, endpoint, patience: if gap { GAP } else { PATIENCE } }
    });
    let is_selected = |kind: &str| selected_cases().iter().any(|case| case.kind == kind);
    println!("gaps of moto 5.2.5, and how far a kind comes in spite of it:");
    let mut wrong = vec![];
    for (kind, stage, why) in GAPS.iter().filter(|(kind, ..)| is_selected(kind)) {
        println!("  {kind:22} {stage:?}: {why}");
        match broken.remove(kind) {
            None => wrong.push(format!("{kind} works: take it out of the list")),
            Some(breach) if breach.stage != *stage => {
                wrong.push(format!("{kind} comes to {:?}, not {stage:?}: {}", breach.stage, breach.why));
            }
            Some(_) => {}
        }
    }
    assert!(broken.is_empty(), "{}", report(&broken));
    assert!(wrong.is_empty(), "the list of gaps is not what it was:\n  {}", wrong.join("\n  "));
}
