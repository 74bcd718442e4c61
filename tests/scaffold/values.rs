//! Any text in a spec comes out of the rendered files as it went in, read by an HCL parser
//! that is not ours.

use std::collections::BTreeMap;

use billpay_model::environment::{Access, AccessPolicy, Dns, Environment, FargateProfile};
use billpay_tofu::inputs;
use hcl::eval::Context;
use proptest::prelude::*;
use serde_json::Value;

use super::{environment, files, rendered};

/// Texts that want out of their quotes, and any others.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("${"),
        Just("%{"),
        Just("$${"),
        Just("%%{"),
        Just("$"),
        Just("%"),
        Just("{"),
        Just("}"),
        Just("\""),
        Just("\\"),
        Just("\\u0024{"),
        Just("\n"),
        Just("\r\n"),
        Just("\t"),
        Just("EOT"),
        Just("<<-EOT\n"),
        Just("#"),
        Just("//"),
        Just("/*"),
        Just("*/"),
        Just("{{ account }}"),
        Just("{% raw %}"),
        Just("${{ x }}"),
        Just("é"),
        Just("支付"),
        Just("🦀"),
        Just("\u{202E}"),
        Just("\u{FEFF}"),
        Just("\u{2028}"),
        Just("\u{7F}"),
        Just("if true"),
        Just("~}"),
        Just("null"),
        Just(" "),
        Just("'"),
        Just("`"),
    ];
    prop_oneof![proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat()), any::<String>(),]
}

/// An environment with texts wherever a spec has free text, and keys of its maps too.
fn full_of(texts: &[String]) -> Environment {
    let mut env = environment("prod");
    let mut next = texts.iter().cloned().cycle();
    let mut text = || next.next().unwrap_or_default();
    env.tags = BTreeMap::from([(text(), text()), (text(), text())]);
    for frontend in env.frontends.values_mut() {
        frontend.content_security_policy = text();
        frontend.domain = Some(text());
        frontend.certificate = Some(text());
    }
    for secret in env.secrets.values_mut() {
        secret.description = text();
        secret.rotation_function = Some(text());
    }
    for group in env.cluster.nodes.values_mut() {
        group.labels = Some(BTreeMap::from([(text(), text())]));
        group.instance_type = text();
    }
    env.cluster.version = text();
    env.cluster.efs = true;
    let profile = FargateProfile { namespaces: vec![text(), text()] };
    env.cluster.fargate = BTreeMap::from([(text(), profile)]);
    let access =
        Access { principal: text(), policy: AccessPolicy::View, namespaces: Some(vec![text(), text()]) };
    env.cluster.access = BTreeMap::from([(text(), access)]);
    env.monitoring.notify = vec![text(), text()];
    env.monitoring.metrics = BTreeMap::from([(text(), vec![text(), text()])]);
    env.github.role = text();
    env.github.repositories = vec![text()];
    env.dns = Some(Dns { zone: text() });
    env
}

/// A rendered file as the parser understands it.
fn read(text: &str) -> Value {
    hcl::eval::from_str(text, &Context::new()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Numbers are one type to HCL: `5.0` is `5`.
fn plain(value: &Value) -> Value {
    match value {
        Value::Number(number) => serde_json::json!(number.as_f64()),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(entries) => entries.iter().map(|(key, value)| (key.clone(), plain(value))).collect(),
        other => other.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_survives(texts in proptest::collection::vec(text(), 1..40)) {
        let env = full_of(&texts);
        let tree = rendered(&[&env]);
        let files = files(&tree);
        let wanted = inputs::environment(&env);

        // Every unit's values.
        for (component, _) in inputs::COMPONENTS {
            let Some(Value::Object(values)) = wanted.get(&component.replace('-', "_")) else { continue };
            let path = format!("environments/prod/{component}/terraform.tfvars");
            let found = read(files.get(path.as_str()).unwrap_or_else(|| panic!("there is no {path}")));
            for (name, value) in values {
                // What else is wired from other units stands in terragrunt.hcl.
                if let Some(found) = found.get(name) {
                    prop_assert_eq!(plain(found), plain(value), "{}: {}", path, name);
                }
            }
        }

        // The same, in one file.
        let stack = read(files["stacks/prod/main.tf"].split("\noutput ").next().unwrap_or_default());
        let module = &stack["module"]["environment"];
        for (component, _) in inputs::COMPONENTS {
            let name = component.replace('-', "_");
            prop_assert_eq!(plain(&module[&name]), plain(&wanted[&name]), "stack: {}", name);
        }
        prop_assert_eq!(&module["region"], &wanted["region"]);

        // The provider's tags.
        let provider = read(files["environments/prod/provider.tf"]);
        let provider = &provider["provider"]["aws"];
        prop_assert_eq!(&provider["default_tags"]["tags"], &wanted["tags"]);
        prop_assert_eq!(&provider["ignore_tags"]["keys"], &wanted["ignored_tag_keys"]);
        prop_assert_eq!(&provider["ignore_tags"]["key_prefixes"], &wanted["ignored_tags"]);
        prop_assert_eq!(&provider["region"], &wanted["region"]);
    }
}

/// The parser that the property trusts tells a template from a text.
#[test]
fn the_parser_would_notice() {
    assert_eq!(read(r#"a = "$${x}""#)["a"], "${x}");
    assert!(hcl::eval::from_str::<Value>(r#"a = "${x}""#, &Context::new()).is_err());
}
