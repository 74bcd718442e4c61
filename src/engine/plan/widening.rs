//! Test of a plan's changes for those that let anybody do or reach more than before.
//!
//! Errs on the safe side: what is not known to take access away counts as giving it.

use std::net::IpAddr;

use serde_json::{Map, Value};

use super::diff::{get, is_same, keys, statements};
use super::{Action, Change, FieldChange, Reason};
use crate::kind::KindInfo;

/// Returns whether a change lets anybody do or reach more than before: by a new resource that gives access,
/// by anything more in an attribute that does, or by less in what restricts it.
pub fn widens_access(change: &Change, kind: &KindInfo) -> bool {
    let attrs =
        |attrs: Option<&Value>, attribute: &str| attrs.and_then(|attrs| attrs.get(attribute)).cloned();
    let desired = change.desired.as_ref().map(|desired| &desired.attrs);
    let observed = change.observed.as_ref().map(|observed| &observed.attrs);
    let is_remade = matches!(change.reason, Some(Reason::Failed | Reason::BeingDeleted));
    let is_given = || {
        let widens = |name: &&str| widens(name, &Value::Null, &attrs(desired, name).unwrap_or_default());
        !kind.gives_access.is_empty() && (desired.is_none() || kind.gives_access.iter().any(widens))
    };
    match change.action {
        Action::NoOp => false,
        Action::Create => is_given(),
        Action::Replace if is_remade => is_given(),
        Action::Update | Action::Replace => {
            let is_private =
                desired.and_then(|attrs| attrs.pointer("/endpoint/public")) == Some(&Value::Bool(false));
            let fields = change.fields.iter().filter(|field| kind.gives_access.contains(&field.attribute()));
            // Nobody comes in by the ranges of an endpoint that is not public.
            let mut fields = fields.filter(|field| !(is_private && field.path == "endpoint.public_cidrs"));
            fields.any(|FieldChange { path, from, to, .. }| widens(path, from, to))
        }
        // What a destroyed environment denied goes with what it was denied on, and so does all
        // that restricts a resource itself. A document by itself is about something that may stay.
        Action::Delete => {
            let mut documents = kind.gives_access.iter().filter(|name| **name == "document");
            change.reason != Some(Reason::Destroy)
                && documents
                    .any(|name| document_widens(&attrs(observed, name).unwrap_or_default(), &Value::Null))
        }
    }
}

/// Returns whether the second value of a field gives more than the first.
fn widens(path: &str, from: &Value, to: &Value) -> bool {
    // Of what is compared below, these restrict: the less there is of them, the more is given.
    match path {
        _ if is_same(from, to) => return false,
        "boundary" => return !from.is_null(),
        "public_access_blocked" => return *to != Value::Bool(true),
        _ => {}
    }
    let is_document = |value: &Value| statements(value).is_some();
    match (from, to) {
        _ if is_document(from) && (is_document(to) || to.is_null()) => document_widens(from, to),
        (Value::Null, _) if is_document(to) => document_widens(from, to),
        (_, Value::Bool(is_open)) if ["endpoint.public", "endpoint.private"].contains(&path) => *is_open,
        (Value::Null, Value::Object(new)) => {
            new.iter().any(|(key, value)| widens_below(path, key, from, value))
        }
        (Value::Object(old), Value::Null) => {
            old.iter().any(|(key, value)| widens_below(path, key, value, to))
        }
        (Value::Object(old), Value::Object(new)) if !is_document(from) && !is_document(to) => {
            keys(old, new).into_iter().any(|key| widens_below(path, key, get(old, key), get(new, key)))
        }
        // Without any namespace, an access policy is for the whole cluster.
        (Value::Array(old), Value::Array(_)) if old.is_empty() && path.starts_with("policies.") => false,
        (Value::Array(old), Value::Array(new)) => {
            let is_new = |element: &Value| !old.iter().any(|had| covers(had, element));
            new.iter().any(is_new) || (new.is_empty() && stands_for_all(path))
        }
        (Value::Null, Value::Array(new)) => !new.is_empty() || stands_for_all(path),
        (Value::Array(_), Value::Null) => false,
        (Value::String(old), Value::String(_)) if !old.contains('{') => !covers(from, to),
        (Value::String(old), Value::Null) => old.contains('{'),
        _ => true,
    }
}

fn widens_below(path: &str, key: &str, from: &Value, to: &Value) -> bool {
    widens(&format!("{path}.{key}"), from, to)
}

/// Returns whether an empty list may stand for everything: it may inside an attribute, where lists limit.
fn stands_for_all(path: &str) -> bool {
    path.contains('.')
}

/// Returns whether a value gives all that another one does: the same one, a wider range of addresses, a rule
/// for more ports or a wider peer.
fn covers(wide: &Value, narrow: &Value) -> bool {
    match (wide, narrow) {
        _ if is_same(wide, narrow) => true,
        (Value::String(wide), Value::String(narrow)) => range_covers(wide, narrow),
        (Value::Object(wide), Value::Object(narrow)) => rule_covers(wide, narrow),
        _ => false,
    }
}

/// Returns whether a rule of a security group lets through all that another one does.
fn rule_covers(wide: &Map<String, Value>, narrow: &Map<String, Value>) -> bool {
    let is_rule = |rule: &Map<String, Value>| rule.contains_key("peer") && rule.contains_key("direction");
    let is_all = get(wide, "protocol") == "all";
    let reaches = |from: &Value, to: &Value| match (from.as_i64(), to.as_i64()) {
        (Some(from), Some(to)) => from <= to,
        _ => false,
    };
    let is_within = is_all
        || (is_same(get(wide, "from"), get(narrow, "from")) && is_same(get(wide, "to"), get(narrow, "to")))
        || (["tcp", "udp"].iter().any(|protocol| get(wide, "protocol") == protocol)
            && reaches(get(wide, "from"), get(narrow, "from"))
            && reaches(get(narrow, "to"), get(wide, "to")));
    let is_known = |key: &&String| ["protocol", "from", "to", "peer", "description"].contains(&key.as_str());
    is_rule(wide)
        && is_rule(narrow)
        && (is_all || get(wide, "protocol") == get(narrow, "protocol"))
        && is_within
        && covers(get(wide, "peer"), get(narrow, "peer"))
        && keys(wide, narrow)
            .iter()
            .filter(|key| !is_known(key))
            .all(|key| is_same(get(wide, key), get(narrow, key)))
}

/// Returns whether a range of addresses contains another one; false where one is no range.
fn range_covers(wide: &str, narrow: &str) -> bool {
    let (Some((wide, length)), Some((narrow, longer))) = (range(wide), range(narrow)) else { return false };
    let bits = |address: IpAddr| match address {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => address.to_bits(),
    };
    let mask = if length == 0 { 0 } else { u128::MAX << (128 - length) };
    wide.is_ipv4() == narrow.is_ipv4() && length <= longer && (bits(wide) ^ bits(narrow)) & mask == 0
}

/// Returns the address and the length of the prefix of `10.0.0.0/16`.
fn range(text: &str) -> Option<(IpAddr, u32)> {
    let (address, length) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let length = length.parse().ok().filter(|length| *length <= if address.is_ipv4() { 32 } else { 128 })?;
    Some((address, length))
}

/// Returns whether a policy document allows, or no longer denies, what another one did not allow or denied.
/// Null is no document at all.
fn document_widens(from: &Value, to: &Value) -> bool {
    let (old, new) = (statements(from).unwrap_or_default(), statements(to).unwrap_or_default());
    let effect = |statement: &Value| statement.get("Effect").and_then(Value::as_str).map(str::to_string);
    let is = |name: &str, statement: &Value| effect(statement).as_deref() == Some(name);
    let is_allowed_before =
        |statement: &Value| old.iter().any(|other| is("Allow", other) && statement_covers(other, statement));
    let is_still_denied =
        |statement: &Value| new.iter().any(|other| is("Deny", other) && statement_covers(other, statement));
    let is_reworded = match (from, to) {
        (Value::Object(from), Value::Object(to)) => keys(from, to)
            .into_iter()
            .filter(|key| !["Id", "Statement"].contains(&key.as_str()))
            .any(|key| !is_same(get(from, key), get(to, key))),
        _ => false,
    };
    is_reworded
        || new.iter().any(|statement| !is("Deny", statement) && !is_allowed_before(statement))
        || old.iter().any(|statement| !is("Allow", statement) && !is_still_denied(statement))
}

/// Returns whether a statement is about everything that another one of the same effect is about.
fn statement_covers(wide: &Value, narrow: &Value) -> bool {
    let (Value::Object(wide), Value::Object(narrow)) = (wide, narrow) else { return false };
    keys(wide, narrow).into_iter().all(|key| {
        let (wide, narrow) = (get(wide, key), get(narrow, key));
        match key.as_str() {
            "Sid" => true,
            "Action" | "Resource" => all_covered(wide, narrow, pattern_covers),
            "Principal" => principals_cover(wide, narrow),
            "Condition" => is_same(wide, narrow) || conditions_cover(wide, narrow),
            _ => is_same(wide, narrow),
        }
    })
}

/// Returns whether each text of one list is covered by a text of the other; false for what is no list of texts.
fn all_covered(wide: &Value, narrow: &Value, covers: impl Fn(&str, &str) -> bool) -> bool {
    let (Some(wide), Some(narrow)) = (texts(wide), texts(narrow)) else { return is_same(wide, narrow) };
    !narrow.is_empty() && narrow.iter().all(|narrow| wide.iter().any(|wide| covers(wide, narrow)))
}

fn texts(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(one) => Some(vec![one]),
        Value::Array(several) => several.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

fn is_equal(a: &str, b: &str) -> bool {
    a == b
}

/// Returns whether a pattern of IAM matches all that another one does. `*` stands for any text, `?` for one character.
fn pattern_covers(wide: &str, narrow: &str) -> bool {
    // In a variable, `${*}`, these characters are themselves.
    if wide == narrow || wide.contains("${") {
        return wide == narrow;
    }
    let (wide, narrow): (Vec<char>, Vec<char>) = (wide.chars().collect(), narrow.chars().collect());
    let (mut at, mut next, mut retry) = (0, 0, None);
    while next < narrow.len() {
        match wide.get(at) {
            Some('*') => {
                retry = Some((at, next));
                at += 1;
            }
            Some(&sign) if sign == narrow[next] || (sign == '?' && !['*', '$'].contains(&narrow[next])) => {
                (at, next) = (at + 1, next + 1);
            }
            _ => {
                let Some((star, from)) = retry else { return false };
                retry = Some((star, from + 1));
                (at, next) = (star + 1, from + 1);
            }
        }
    }
    wide[at..].iter().all(|sign| *sign == '*')
}

/// Returns whether all principals of one statement are among those of another. `*` is everybody.
fn principals_cover(wide: &Value, narrow: &Value) -> bool {
    match (wide, narrow) {
        _ if is_same(wide, narrow) || wide == "*" => true,
        (Value::Object(wide), Value::Object(narrow)) => narrow.iter().all(|(principal, narrow)| {
            all_covered(get(wide, principal), narrow, |wide, narrow| {
                wide == narrow || (principal == "AWS" && wide == "*")
            })
        }),
        _ => false,
    }
}

/// Operators under which fewer values are met by fewer requests.
const POSITIVE: [&str; 5] = ["StringEquals", "StringLike", "ArnEquals", "ArnLike", "IpAddress"];

/// Returns whether whatever meets the conditions of `narrow` meets those of `wide`: all conditions of a
/// statement have to be met, so more of them let less through.
fn conditions_cover(wide: &Value, narrow: &Value) -> bool {
    let (wide, narrow) = match (wide, narrow) {
        (Value::Null, Value::Object(_)) => return true,
        (Value::Object(wide), Value::Object(narrow)) => (wide, narrow),
        _ => return false,
    };
    wide.iter().all(|(operator, tests)| {
        let (Some(tests), Some(Value::Object(narrow))) = (tests.as_object(), narrow.get(operator)) else {
            return false;
        };
        tests.iter().all(|(key, values)| match narrow.get(key) {
            None => false,
            Some(narrow) if is_same(values, narrow) => true,
            Some(narrow) if operator == "IpAddress" => {
                all_covered(values, narrow, |wide, narrow| wide == narrow || range_covers(wide, narrow))
            }
            Some(narrow) => POSITIVE.contains(&operator.as_str()) && all_covered(values, narrow, is_equal),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Usual;
    use crate::plan::differences;
    use billpay_model::resource::{Desired, Observed};
    use serde_json::json;

    const KIND: KindInfo = KindInfo {
        name: "role",
        component: "iam",
        aws_type: "",
        immutable: &[],
        gives_access: &[
            "trust",
            "managed",
            "inline",
            "boundary",
            "rules",
            "policies",
            "endpoint",
            "principal",
            "public_access_blocked",
        ],
        stands_on: &[],
        constraints: &[],
        create_first: false,
        named: false,
        global: false,
        holds_data: false,
        usual: Usual::QUICK,
    };

    fn change(action: Action, from: Option<Value>, to: Option<Value>) -> Change {
        let address: billpay_model::address::Address = "iam/role.github".parse().unwrap();
        let fields = match (&from, &to) {
            (Some(from), Some(to)) => differences(to, from, &[]),
            _ => vec![],
        };
        Change {
            action,
            reason: (action == Action::Delete).then_some(Reason::NotInSpec),
            fields,
            desired: to.map(|attrs| Desired { address: address.clone(), attrs, after: [].into() }),
            observed: from.map(|attrs| Observed::new(address.clone(), "github", attrs)),
            widens_access: false,
            address,
        }
    }

    fn updated(from: Value, to: Value) -> bool {
        widens_access(&change(Action::Update, Some(from), Some(to)), &KIND)
    }

    /// One way adds access, and the way back doesn't.
    fn one_way(less: Value, more: Value) {
        assert!(updated(less.clone(), more.clone()), "{less} → {more} widens");
        assert!(!updated(more.clone(), less.clone()), "{more} → {less} does not widen");
    }

    fn trust(statement: Value) -> Value {
        json!({"trust": {"Version": "2012-10-17", "Statement": [statement]}})
    }

    #[test]
    fn more_in_a_list_widens_and_less_does_not() {
        one_way(json!({"managed": []}), json!({"managed": ["arn:aws:iam::aws:policy/AdministratorAccess"]}));
        one_way(json!({"inline": {}}), json!({"inline": {"x": {"Statement": [{"Effect": "Allow"}]}}}));
        one_way(json!({"policies": {}}), json!({"policies": {"arn:admin": []}}));
        one_way(json!({"policies": {"arn:x": ["a"]}}), json!({"policies": {"arn:x": ["a", "b"]}}));
        one_way(json!({"policies": {"arn:x": ["a"]}}), json!({"policies": {"arn:x": []}}));
        one_way(json!({"endpoint": {"public": false}}), json!({"endpoint": {"public": true}}));
        one_way(json!({"public_access_blocked": true}), json!({"public_access_blocked": false}));
        one_way(json!({"boundary": "arn:b"}), json!({"boundary": null}));
        assert!(updated(json!({"boundary": "arn:b"}), json!({"boundary": "arn:c"})));
        assert!(updated(json!({"principal": "arn:b"}), json!({"principal": "arn:c"})));
        assert!(!updated(json!({"managed": ["a", "b"]}), json!({"managed": ["b", "a"]})), "an order");
        assert!(!updated(json!({"tags": {"a": "b"}}), json!({"tags": {"a": "c"}})), "no access");
    }

    #[test]
    fn ranges_and_ports_are_compared_by_what_they_let_in() {
        let ranges = |ranges: &[&str]| json!({"endpoint": {"public": true, "public_cidrs": ranges}});
        one_way(ranges(&["203.0.113.0/24"]), ranges(&["0.0.0.0/0"]));
        one_way(ranges(&["2001:db8::/64"]), ranges(&["2001:db8::/32"]));
        assert!(updated(ranges(&["0.0.0.0/0"]), ranges(&["::/0"])), "another family");
        assert!(updated(ranges(&["203.0.113.0/24"]), ranges(&[])), "no range may be all");
        assert!(updated(ranges(&["10.0.0.0/8"]), ranges(&["10.0.0.0/99"])), "no range");
        let rule = |from: u16, to: u16, peer: &str| {
            let rule = json!({"direction": "ingress", "protocol": "tcp", "from": from, "to": to, "description": peer, "peer": peer});
            json!({"rules": [rule]})
        };
        one_way(rule(443, 443, "10.0.0.0/16"), rule(443, 443, "10.0.0.0/8"));
        one_way(rule(443, 443, "10.0.0.0/16"), rule(1, 65535, "10.0.0.0/16"));
        let all = json!({"rules": [{"direction": "ingress", "protocol": "all", "from": null, "to": null, "peer": "10.0.0.0/16"}]});
        one_way(rule(443, 443, "10.0.0.0/16"), all.clone());
        let mut egress = rule(443, 443, "10.0.0.0/16");
        egress["rules"][0]["direction"] = json!("egress");
        assert!(updated(all, egress), "another direction");
        assert!(updated(rule(443, 443, "sg-1"), rule(443, 443, "sg-2")), "another peer");
    }

    #[test]
    fn what_a_statement_allows_decides() {
        let subjects = |subjects: Value| {
            trust(json!({
                "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Principal": {"Federated": "arn:p"},
                "Condition": {"StringEquals": {"token:aud": "sts", "token:sub": subjects}},
            }))
        };
        one_way(subjects(json!("repo:a")), subjects(json!(["repo:a", "repo:evil"])));
        assert!(
            updated(subjects(json!("repo:a")), subjects(json!([]))),
            "no value is not known to be nobody"
        );
        let actions = |actions: Value| trust(json!({"Effect": "Allow", "Action": actions, "Resource": "*"}));
        one_way(actions(json!("s3:GetObject")), actions(json!(["s3:GetObject", "s3:PutObject"])));
        one_way(actions(json!(["s3:GetObject"])), actions(json!("s3:*")));
        one_way(
            trust(json!({"Effect": "Allow", "Action": "x", "Condition": {"Bool": {"a": "true"}}})),
            trust(json!({"Effect": "Allow", "Action": "x"})),
        );
        one_way(
            trust(json!({"Effect": "Allow", "Action": "x", "Principal": {"AWS": ["a"]}})),
            trust(json!({"Effect": "Allow", "Action": "x", "Principal": "*"})),
        );
        let negative =
            |value: Value| trust(json!({"Effect": "Allow", "Condition": {"StringNotEquals": {"k": value}}}));
        assert!(updated(negative(json!(["a", "b"])), negative(json!("a"))), "fewer exceptions");
        let other = |key: &str| trust(json!({"Effect": "Allow", key: ["a", "b"]}));
        assert!(updated(other("NotAction"), trust(json!({"Effect": "Allow", "NotAction": "a"}))));
        assert!(updated(other("Action"), other("Surprise")), "what is not known");
        assert!(updated(json!({"trust": "text"}), json!({"trust": "other"})), "no document");
        assert!(updated(
            json!({"trust": {"Version": "1", "Statement": []}}),
            json!({"trust": {"Version": "2", "Statement": []}})
        ));
    }

    #[test]
    fn denying_less_widens() {
        let deny = |actions: Value| trust(json!({"Effect": "Deny", "Action": actions, "Resource": "*"}));
        one_way(deny(json!("s3:*")), deny(json!("s3:PutObject")));
        one_way(deny(json!(["a", "b"])), deny(json!("a")));
        let none = json!({"trust": {"Version": "2012-10-17", "Statement": []}});
        one_way(deny(json!("a")), none);
        one_way(deny(json!("a")), trust(json!({"Effect": "Allow", "Action": "a", "Resource": "*"})));
        let limited = trust(
            json!({"Effect": "Deny", "Action": "a", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}),
        );
        one_way(trust(json!({"Effect": "Deny", "Action": "a"})), limited);
    }

    #[test]
    fn statements_that_move_or_are_renamed_are_no_news() {
        let one = json!({"Sid": "One", "Effect": "Allow", "Action": ["a"]});
        let two = json!({"Sid": "Two", "Effect": "Deny", "Action": "b"});
        let renamed = json!({"Sid": "Uno", "Effect": "Allow", "Action": "a"});
        let document = |statements: Value| json!({"trust": {"Statement": statements}});
        assert!(!updated(document(json!([one, two])), document(json!([two, renamed]))));
    }

    #[test]
    fn what_is_made_widens_by_what_it_gives() {
        let made = |attrs: Value| widens_access(&change(Action::Create, None, Some(attrs)), &KIND);
        assert!(made(json!({"principal": "arn:x", "policies": {"arn:admin": []}})));
        assert!(made(json!({"trust": {"Statement": {"Effect": "Allow"}}})));
        assert!(made(
            json!({"managed": [{"link": "iam/policy.x", "output": "arn"}], "public_access_blocked": true})
        ));
        assert!(!made(
            json!({"trust": {"Statement": [{"Effect": "Deny"}]}, "boundary": "arn:b", "public_access_blocked": true})
        ));
        let harmless = KindInfo { gives_access: &[], ..KIND };
        assert!(!widens_access(&change(Action::Create, None, Some(json!({"managed": ["a"]}))), &harmless));
    }

    #[test]
    fn what_goes_widens_if_it_denied_something() {
        let kind = KindInfo { gives_access: &["document", "trust", "boundary"], ..KIND };
        let gone = |attrs: Value| change(Action::Delete, Some(attrs), None);
        let document = |effect: &str| json!({"document": {"Statement": [{"Effect": effect, "Action": "*"}]}});
        assert!(widens_access(&gone(document("Deny")), &kind));
        assert!(!widens_access(&gone(document("Allow")), &kind));
        let destroyed = Change { reason: Some(Reason::Destroy), ..gone(document("Deny")) };
        assert!(!widens_access(&destroyed, &kind));
        let role = json!({"trust": {"Statement": [{"Effect": "Deny"}]}, "boundary": "arn:b"});
        assert!(!widens_access(&gone(role), &kind), "its restrictions go with the role");
    }

    #[test]
    fn patterns_are_compared_as_iam_reads_them() {
        for (wide, narrow, is_covered) in [
            ("*", "s3:Get*", true),
            ("s3:*", "s3:GetObject", true),
            ("s3:Get*", "s3:*", false),
            ("s3:*Object", "s3:Get*Object", true),
            ("arn:?", "arn:*", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-b-b", false),
            ("${*}*", "${aws:username}x", false),
            ("", "a", false),
        ] {
            assert_eq!(pattern_covers(wide, narrow), is_covered, "{wide} covers {narrow}");
        }
    }
}
