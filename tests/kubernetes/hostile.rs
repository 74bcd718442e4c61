//! Texts that YAML readers like to misread, all the way to what Kubernetes gets.

use billpay_manifests::{Manifest, Probe, Probes, Startup, Values};
use billpay_spec::yaml;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{environment, image};

pub const NASTY: &[&str] = &[
    "on",
    "No",
    "null",
    "~",
    "1.36",
    "0x1F",
    "012",
    "1_000",
    "12:30",
    "1e3",
    ".inf",
    "=",
    "<<",
    "2026-11-22",
    "a: b",
    "a #b",
    "# x",
    "- x",
    "-",
    "? x",
    "{",
    "[",
    "&a",
    "*a",
    "!t",
    "%",
    "@a",
    "`a",
    "'",
    "\"",
    "",
    " ",
    " a",
    "a ",
    "---",
    "...",
    "\n",
    "a\nb\n",
    "\r\n",
    "\t",
    "\u{85}",
    "\u{a0}",
    "\u{2028}",
    "\u{feff}",
    "\u{7f}",
    "\u{1b}[0m",
    "\u{fffe}",
    "\u{10ffff}",
    "\u{202e}",
    "żółć 支付 🦀",
    "123456789012",
    "500m",
    "1Gi",
    "5mm",
    "m",
    "0o7",
    "+1",
    "a:",
    "$(HOME)",
    "$$",
    "${{ github.token }}",
    "\\",
    "\\u0041",
    "y",
    "NO",
    "key: |",
    "\u{1}",
    "{{ x }}",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(NASTY).prop_map(str::to_owned),
        "[ -~äß€\u{1f600}]{0,30}",
        "[\\PC\n\t]{0,20}"
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let single = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    single.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(text(), inner, 0..5)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

prop_compose! {
    fn values()(
        management_port in prop::option::of(1..u16::MAX),
        path in prop::option::of("/[a-z/]{0,10}"),
        seconds in 5..3600u32,
        shutdown_seconds in 1..3600u32,
        user in 1..=2_147_483_647u32,
        writable in prop::collection::btree_set("/[a-z]{3}[0-9]", 0..4),
        env in prop::collection::btree_map("[A-Z_][A-Z0-9_]{0,20}", text(), 0..6),
    ) -> Values {
        Values {
            management_port,
            probes: Probes {
                startup: Startup { path: path.clone(), seconds },
                liveness: Probe { path: path.clone() },
                readiness: Probe { path },
            },
            shutdown_seconds,
            user,
            writable: writable.into_iter().collect(),
            env,
            ..Values::of("payment-service")
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_value_is_read_back_as_it_was(value in value()) {
        let text = yaml::document(&value);
        let read: Value = serde_yaml::from_str(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert_eq!(read, value, "{}", text);
    }

    #[test]
    fn any_values_of_a_service_become_objects_that_are_read_back_as_they_were(values in values()) {
        let env = environment("prod");
        for Manifest { name, object } in billpay_manifests::service(&env, &values, &image("payment-service", 'b')).expect("objects") {
            let text = yaml::document(&object);
            let read: Value = serde_yaml::from_str(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
            prop_assert_eq!(read, object, "{}", name);
        }
    }

    #[test]
    fn values_that_are_written_out_are_read_as_the_same_values(values in values()) {
        let mut values = values;
        values.env.values_mut().for_each(|value| value.retain(|c| c != '\0'));
        let text = yaml::document(&json!(values));
        let read = crate::read("values.yaml", text.clone(), &environment("prod"));
        let given = values.env.keys().any(|name| ["AWS_REGION", "SERVER_PORT"].contains(&name.as_str()));
        match read {
            Ok(read) => prop_assert_eq!(read, values),
            Err(findings) => prop_assert!(given, "{}\n{}", findings.render(false), text),
        }
    }
}

/// Kubernetes puts variables into values: `$(NAME)`, and `$$` is one `$`. What it makes of one.
fn expanded(text: &str) -> String {
    let mut out = String::new();
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        if c == '$' && characters.peek() == Some(&'$') {
            characters.next();
        } else {
            assert!(c != '$' || characters.peek() != Some(&'('), "{text:?} would be filled in");
        }
        out.push(c);
    }
    out
}

#[test]
fn kubernetes_fills_nothing_into_a_value() {
    let env = environment("dev");
    let texts = NASTY.iter().copied().chain(["$", "$$$(A)", "a$(b", "$()", "$$(A)$"]);
    let mut values = Values::of("payment-service");
    values.env = texts.enumerate().map(|(index, text)| (format!("V{index}"), text.to_owned())).collect();
    let deployment = &crate::objects(&env, &values)["deployment"];
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    let variables = container["env"].as_array().expect("variables");
    for (name, value) in &values.env {
        let variable =
            variables.iter().find(|variable| variable["name"] == json!(name)).expect("the variable");
        assert_eq!(expanded(variable["value"].as_str().expect("text")), *value);
    }
}
