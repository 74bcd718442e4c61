//! A valid spec survives being written out and read again.

use billpay_model::environment::Environment;
use billpay_model::findings::SourceFile;
use billpay_spec::{Sources, load};
use proptest::prelude::*;

use super::{TODAY, load_over_base};

/// Loads a text that stands alone.
fn load_alone(text: String) -> Environment {
    let sources = Sources { shared: None, entries: vec![], environment: SourceFile::new("dev.yaml", text) };
    match load(&sources, TODAY) {
        Ok(loaded) => loaded.environment,
        Err(findings) => panic!("{}", findings.render(false)),
    }
}

fn name() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9]{0,6}(-[a-z0-9]{1,2})?"
}

/// Text that YAML readers like to misread.
fn text() -> impl Strategy<Value = String> {
    const NASTY: &[&str] = &[
        "on", "no", "null", "~", "1.30", "0x1F", "012", "1_000", "12:30", "a: b", "# x", "- x", "{", "&a",
        "*a", "!t", "'", "\"", "", " ",
    ];
    prop_oneof![
        prop::sample::select(NASTY).prop_map(str::to_owned),
        "[ -~äß€\u{1f600}]{0,30}",
        "[\\PC\n\t]{0,20}"
    ]
}

prop_compose! {
    fn environment()(
        zones in 2..=2u8,
        (min, more) in (0..10u32, 1..10u32),
        services in prop::collection::btree_map(name(), (1..9u32, prop::option::of(9..20u32)), 0..5),
        tags in prop::collection::btree_map("[a-zA-Z]{3,8}x", "[a-zA-Z0-9 _.:/=+@-]{0,40}", 0..1),
        secrets in prop::collection::btree_map("[a-z/]{1,20}", text(), 0..4),
        policies in prop::collection::btree_map(name(), text(), 0..4),
        above in 0.0..100.0f64,
        protected in any::<bool>(),
    ) -> Environment {
        let mut env = load_over_base("dev", "environment: dev").expect("the base is valid").environment;
        let service = env.services["backend-api"].clone();
        let frontend = env.frontends["payment"].clone();
        let secret = env.secrets["billpay/jwt/secret"].clone();
        env.protected = protected;
        env.network.zones = zones;
        for group in env.cluster.nodes.values_mut() {
            (group.min, group.max) = (min, min + more);
        }
        env.services = services
            .into_iter()
            .map(|(name, (replicas, max_replicas))| {
                let path = Some(format!("/{name}"));
                (name, billpay_model::environment::Service { replicas, max_replicas, path, ..service.clone() })
            })
            .collect();
        env.frontends = policies
            .into_iter()
            .map(|(name, policy)| (name, billpay_model::environment::Frontend { content_security_policy: policy, ..frontend.clone() }))
            .collect();
        env.secrets = secrets
            .into_iter()
            .map(|(name, description)| (name, billpay_model::environment::Secret { description, ..secret.clone() }))
            .collect();
        env.tags = tags;
        for alarm in env.monitoring.alarms.values_mut() {
            alarm.above = above;
        }
        env
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn as_yaml(env in environment()) {
        let text = serde_yaml::to_string(&env).unwrap();
        prop_assert_eq!(load_alone(text), env);
    }

    #[test]
    fn as_json(env in environment()) {
        let text = serde_json::to_string_pretty(&env).unwrap();
        prop_assert_eq!(load_alone(text), env);
    }

    #[test]
    fn as_billpay_config_shows_it(env in environment(), origins in any::<bool>()) {
        let text = serde_json::to_string(&env).unwrap();
        let sources = Sources { shared: None, entries: vec![], environment: SourceFile::new("dev.yaml", text) };
        let shown = load(&sources, TODAY).map(|loaded| loaded.show(origins)).map_err(|findings| TestCaseError::fail(findings.render(false)))?;
        prop_assert_eq!(load_alone(shown), env);
    }
}
