//! Tests of what reviewers see of changes: all that differs, and nothing that is not there.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use billpay_aws::kinds::kinds;
use billpay_engine::kind::KindInfo;
use billpay_engine::plan::{Action, Change, Goal, Plan, Reason, Selection, differences, widens_access};
use billpay_model::address::Address;
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::resource::{Desired, Observed};
use serde_json::{Value, json};

use super::difference::{Extent, access_lines, field_lines};
use super::out::{self, Out, Stream};
use super::plan::{failure_hints, summary_text};
use super::{Output, Ui, UiOptions};

fn kind(name: &str) -> KindInfo {
    kinds()[name].clone()
}

fn stripped(lines: &[String]) -> Vec<String> {
    lines.iter().map(|line| out::plain(line)).collect()
}

fn differing(name: &str, found: Value, wanted: Value, extent: Extent) -> Vec<String> {
    let kind = kind(name);
    let fields = differences(&wanted, &found, kind.immutable);
    let lines: Vec<String> = fields.iter().flat_map(|field| field_lines(field, &kind, extent)).collect();
    stripped(&lines)
}

fn given(name: &str, attrs: Value, extent: Extent) -> Vec<String> {
    stripped(&access_lines(&attrs, &kind(name), extent))
}

fn trust(subjects: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"},
        "Condition": {"StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": subjects,
        }},
    }]})
}

#[test]
fn a_subject_that_was_added_by_hand_is_seen() {
    let both = json!(["repo:acme/payments:environment:dev", "repo:evil/x:environment:dev"]);
    let (found, wanted) =
        (json!({"trust": trust(both)}), json!({"trust": trust(json!("repo:acme/payments:environment:dev"))}));
    for extent in [Extent::Full, Extent::Short] {
        assert_eq!(
            differing("role", found.clone(), wanted.clone(), extent),
            [
                "trust: statement 1: Condition.StringEquals.token.actions.githubusercontent.com:sub:",
                "  - \"repo:evil/x:environment:dev\"",
            ]
        );
    }
}

#[test]
fn what_was_attached_by_hand_is_seen() {
    let admin = json!({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    let found =
        json!({"managed": ["arn:a", "arn:aws:iam::aws:policy/AdministratorAccess"], "inline": {"x": admin}});
    assert_eq!(
        differing("role", found, json!({"managed": ["arn:a"], "inline": {}}), Extent::Short),
        [
            "inline.x:",
            "  - {\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}",
            "managed:",
            "  - \"arn:aws:iam::aws:policy/AdministratorAccess\"",
        ]
    );
    let policies =
        |namespaces: Value| json!({"policies": {"arn:aws:eks::aws:cluster-access-policy/X": namespaces}});
    assert_eq!(
        differing("access-entry", policies(json!([])), policies(json!(["payments"])), Extent::Short),
        ["policies.arn:aws:eks::aws:cluster-access-policy/X: [] (the whole cluster) → [\"payments\"]"]
    );
}

#[test]
fn only_what_gives_no_access_is_shortened_and_stays_apart() {
    let text = |end: &str| json!({"description": format!("{}{end}", "long ".repeat(40))});
    let shown = |extent: Extent| differing("role", text("good"), text("evil"), extent);
    assert_eq!(shown(Extent::Full)[0].len(), 200 * 2 + "description: good → evil".len());
    assert_eq!(
        shown(Extent::Short),
        ["description: long long lo…g long long good → long long lo…g long long evil"]
    );
    let long = |end: &str| json!({"boundary": format!("{}{end}", "arn:".repeat(40))});
    assert!(differing("role", long("a"), long("b"), Extent::Short)[0].len() > 320, "a boundary is whole");
    let order = differing("vpc", json!({"zones": ["a", "b"]}), json!({"zones": ["b", "a"]}), Extent::Short);
    assert_eq!(order, ["zones: the same in another order"]);
}

#[test]
fn a_new_role_shows_who_may_take_it_and_what_it_may_do() {
    let attrs = json!({
        "name": "github", "trust": trust(json!(["repo:a/b:environment:dev", "repo:c/d:environment:dev"])),
        "boundary": "arn:aws:iam::123456789012:policy/boundary", "managed": ["arn:aws:iam::aws:policy/X"],
        "inline": {"deploy": {"Statement": [
            {"Effect": "Allow", "Action": ["a:1", "a:2", "a:3", "a:4", "a:5", "a:6", "a:7", "a:8"], "Resource": "*"},
            {"Effect": "Deny", "NotAction": "b:1", "NotResource": "arn:x y", "Surprise": {"a": 1}},
        ]}},
    });
    let lines = given("role", attrs.clone(), Extent::Short);
    assert_eq!(
        lines,
        [
            "trust:",
            "  + Allow sts:AssumeRoleWithWebIdentity to Federated \
         arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com if \
         token.actions.githubusercontent.com:aud StringEquals sts.amazonaws.com and \
         token.actions.githubusercontent.com:sub StringEquals repo:a/b:environment:dev, repo:c/d:environment:dev",
            "managed:",
            "  + \"arn:aws:iam::aws:policy/X\"",
            "inline.deploy:",
            "  + Allow a:1, a:2, a:3, a:4, a:5, a:6 and 2 more (-v) on *",
            "  + Deny all but b:1 on all but \"arn:x y\"; Surprise: {\"a\":1}",
            "boundary: arn:aws:iam::123456789012:policy/boundary",
        ]
    );
    assert!(given("role", attrs, Extent::Full)[5].contains("a:6, a:7, a:8 on *"));
}

#[test]
fn new_resources_show_the_access_that_they_give() {
    let entry = json!({"cluster": "c", "principal": "arn:x", "policies": {"arn:admin": [], "arn:edit": ["payments"]}});
    assert_eq!(
        given("access-entry", entry, Extent::Short),
        [
            "principal: arn:x",
            "policies.arn:admin: [] (the whole cluster)",
            "policies.arn:edit:",
            "  + \"payments\"",
        ]
    );
    let rules = json!({"rules": [
        {"direction": "ingress", "protocol": "tcp", "from": 443, "to": 443, "description": "", "peer": "10.0.0.0/16"},
        {"direction": "ingress", "protocol": "tcp", "from": 1, "to": 99, "description": "all, by hand", "peer": {"link": "network/security-group.x", "output": "id"}},
        {"direction": "egress", "protocol": "all", "from": null, "to": null, "description": "", "peer": "0.0.0.0/0"},
        {"direction": "egress", "protocol": "all", "surprise": 1},
    ]});
    assert_eq!(
        given("security-group", rules, Extent::Short),
        [
            "rules:",
            "  + ingress tcp 443 from 10.0.0.0/16",
            "  + ingress tcp 1-99 from (known after apply: id of network/security-group.x)  \"all, by hand\"",
            "  + egress all to 0.0.0.0/0",
            "  + {\"direction\":\"egress\",\"protocol\":\"all\",\"surprise\":1}",
        ]
    );
    let cluster = json!({"authentication_mode": "API", "endpoint": {"public": true, "private": true, "public_cidrs": ["0.0.0.0/0"]}});
    assert_eq!(
        given("cluster", cluster, Extent::Short),
        [
            "endpoint.public: true",
            "endpoint.private: true",
            "endpoint.public_cidrs:",
            "  + \"0.0.0.0/0\"",
            "authentication_mode: API",
        ]
    );
    let identity = json!({"cluster": "c", "namespace": "n", "service_account": "s", "role_arn": "arn:r"});
    assert_eq!(
        given("pod-identity", identity, Extent::Short),
        ["role_arn: arn:r", "namespace: n", "service_account: s"]
    );
    assert_eq!(given("vpc", json!({"cidr": "10.0.0.0/16"}), Extent::Short), Vec::<String>::new());
}

fn at(text: &str) -> Address {
    text.parse().expect("an address")
}

fn change(address: &str, action: Action, id: &str, found: Value, wanted: Value) -> Change {
    let address = at(address);
    let fields = if action == Action::Update { differences(&wanted, &found, &[]) } else { vec![] };
    let observed = Observed::new(address.clone(), id, found);
    let kind = &kinds()[address.kind()];
    let mut change = Change {
        desired: Some(Desired { address: address.clone(), attrs: wanted, after: [].into() }),
        observed: (action != Action::Create).then_some(observed),
        reason: Some(Reason::Differs),
        address,
        action,
        fields,
        widens_access: false,
    };
    change.widens_access = widens_access(&change, kind);
    change
}

fn planned(changes: Vec<Change>) -> Plan {
    Plan {
        environment: "dev".into(),
        goal: Goal::Converge,
        selection: Selection::default(),
        changes,
        conflicts: vec![],
        foreign_resources: vec![],
    }
}

#[test]
fn the_summary_of_a_job_shows_every_field_and_only_as_text() {
    let hostile = "x` | y\n```\n# Approved\n::error::z ##[error] <img src=e> \u{1b}[2J\u{202e}";
    let long = format!("repo:{}", "long/".repeat(100));
    let plan = planned(vec![
        change(
            "eks/access-entry.x",
            Action::Create,
            "",
            json!(null),
            json!({"principal": "arn:x", "policies": {"arn:admin": []}}),
        ),
        change(
            "iam/role.github",
            Action::Update,
            hostile,
            json!({"managed": [hostile], "description": hostile, "inline": {(hostile): {"Statement": []}}}),
            json!({"managed": [long], "description": "d", "inline": {}}),
        ),
        change("iam/role.nodes", Action::NoOp, "nodes", json!({}), json!({})),
    ]);
    let text = summary_text(&plan, &kinds());
    let (table, block) = text.split_once("\n````text\n").expect("a fence longer than any in the text");
    let block = block.strip_suffix("\n````\n").expect("the end of the fence");
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with('|')).collect();
    assert_eq!(rows.len(), 4, "{table}");
    assert_eq!(rows[2], "| create, **widens access** | `eks/access-entry.x` |  |  |");
    assert_eq!(rows[3].matches('|').count(), 5, "{}", rows[3]);
    assert!(!rows[3].contains("<img") && !rows[3].contains("x`") && !rows[3].contains("::"), "{}", rows[3]);
    assert!(block.contains("policies.arn:admin: [] (the whole cluster)"), "{block}");
    assert!(block.contains(&format!("+ \"{long}\"")), "all of it: {block}");
    assert!(
        !text.chars().any(|sign| sign.is_control() && sign != '\n') && !text.contains('\u{202e}'),
        "{text:?}"
    );
    for line in text.lines() {
        let line = line.trim_start();
        assert!(!line.starts_with("::") && !line.contains("##[") && !line.starts_with("# "), "{line}");
    }
}

#[test]
fn what_failed_first_is_named_when_something_is_in_use() {
    let [subnet, vpc] = ["network/subnet.a", "network/vpc"].map(at);
    let in_use = Failure::new(FailureClass::InUse, "ec2:DeleteVpc", "it has dependencies");
    let denied = Failure::new(FailureClass::Denied, "ec2:DeleteSubnet", "no");
    let hints = failure_hints(&[(&subnet, &denied), (&vpc, &in_use)]);
    assert_eq!(hints.len(), 2);
    assert!(
        hints[1].starts_with("network/subnet.a failed first") && hints[1].ends_with("the next run goes on")
    );
    for failed in [&[(&vpc, &in_use)][..], &[(&vpc, &in_use), (&subnet, &denied)]] {
        let hints = failure_hints(failed).join("\n");
        assert!(hints.contains("what billpay made of that, the next run goes on with"), "{hints}");
    }
}

/// A stream that is kept.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns the text on standard output and on standard error.
fn written(is_github: bool, has_color: bool, is_quiet: bool, write: impl FnOnce(&Ui)) -> (String, String) {
    let (stdout, stderr) = (Kept::default(), Kept::default());
    let out =
        Out::new(Stream::new(stdout.clone(), has_color), Stream::new(stderr.clone(), has_color), is_github);
    let options = UiOptions { output: Output::Text, verbose: 0, is_quiet, events: None, is_live: false };
    write(&Ui::new(options, out).unwrap());
    let text = |Kept(bytes): Kept| String::from_utf8(bytes.lock().unwrap().clone()).unwrap();
    (text(stdout), text(stderr))
}

#[test]
fn each_reader_gets_its_own_text() {
    let write = |ui: &Ui| {
        ui.text("the result").unwrap();
        ui.note("a note");
        ui.warning("careful");
    };
    let texts = |is_github, has_color, is_quiet| written(is_github, has_color, is_quiet, write);
    let result = "the result\n".to_string();
    assert_eq!(texts(false, false, false), (result.clone(), "a note\nwarning: careful\n".into()));
    assert_eq!(texts(false, false, true), (result.clone(), "warning: careful\n".into()), "-q");
    assert_eq!(
        texts(true, false, true),
        (result.clone(), "warning: careful\n::warning::careful\n".into()),
        "GitHub"
    );
    let coloured = "\u{1b}[2ma note\u{1b}[0m\n\u{1b}[33mwarning\u{1b}[0m: careful\n".to_string();
    assert_eq!(texts(false, true, false), (result, coloured), "a terminal");
}
