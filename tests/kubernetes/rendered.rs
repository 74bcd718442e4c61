//! Manifests of our own environments, and of changed specs.

use billpay_manifests::{Image, ManifestError, Probe, Probes, Startup, Values, json_schema};
use billpay_spec::yaml;
use serde_json::{Value, json};
use snapbox::Data;

use crate::{environment, everything, here, image, objects, payment_service, with_dns};

#[test]
fn the_manifests_of_our_environments_are_those_that_were_reviewed() {
    for name in ["dev", "prod"] {
        let mut text = String::new();
        for (path, object) in everything(&environment(name)) {
            text.push_str(&format!("--- # {path}.yaml\n{}", yaml::document(&object)));
        }
        let golden =
            Data::read_from(&here(&format!("golden/{name}.yaml")), Some(snapbox::data::DataFormat::Text));
        snapbox::Assert::new().action_env("SNAPSHOTS").eq(text, golden.raw());
    }
}

#[test]
fn a_service_comes_behind_those_that_it_needs() {
    let env = environment("dev");
    let order = billpay_manifests::order(&env);
    assert_eq!(order, ["backend-api", "payment-service", "admin-service", "user-service"]);
}

#[test]
fn the_number_of_replicas_is_the_autoscalers_where_there_is_one() {
    let mut env = environment("prod");
    let scaled = objects(&env, &Values::of("backend-api"));
    assert_eq!(scaled["deployment"]["spec"].get("replicas"), None);
    assert_eq!(scaled["autoscaler"]["spec"]["minReplicas"], 2);
    for most in [None, Some(2)] {
        env.services.get_mut("backend-api").expect("it").max_replicas = most;
        let fixed = objects(&env, &Values::of("backend-api"));
        assert_eq!(fixed["deployment"]["spec"]["replicas"], 2);
        assert!(!fixed.contains_key("autoscaler"), "{most:?}");
    }
}

#[test]
fn a_single_replica_has_no_disruption_budget_which_would_keep_its_node_for_ever() {
    let single = objects(&environment("dev"), &Values::of("backend-api"));
    assert!(!single.contains_key("disruption-budget"));
    let two = objects(&environment("prod"), &Values::of("backend-api"));
    assert_eq!(two["disruption-budget"]["spec"]["maxUnavailable"], 1);
}

#[test]
fn a_service_without_a_path_is_not_reached_from_outside() {
    let mut env = environment("dev");
    env.services.get_mut("admin-service").expect("it").path = None;
    let objects = objects(&env, &Values::of("admin-service"));
    assert!(!objects.contains_key("ingress"));
    assert_eq!(objects["network-policy"]["spec"]["ingress"], json!([]));
}

#[test]
fn what_has_no_certificate_does_not_leave_the_network() {
    let env = environment("prod");
    let note = |objects: &Value, name: &str| {
        objects["metadata"]["annotations"][format!("alb.ingress.kubernetes.io/{name}")].clone()
    };
    let inside = &objects(&env, &Values::of("backend-api"))["ingress"];
    assert_eq!(note(inside, "scheme"), "internal");
    let env = with_dns("prod");
    let objects = objects(&env, &Values::of("backend-api"));
    let outside = &objects["ingress"];
    assert_eq!(note(outside, "scheme"), "internet-facing");
    assert_eq!(note(outside, "ssl-redirect"), "443");
    assert_eq!(note(outside, "listen-ports"), r#"[{"HTTP":80},{"HTTPS":443}]"#);
    assert_eq!(outside["spec"]["rules"][0]["host"], "prod.billpay.com");
    // And the load balancer is where it may come from: the public subnets of all zones in use.
    let from = &objects["network-policy"]["spec"]["ingress"][1]["from"];
    let ranges: Vec<&str> = ["10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24"].to_vec();
    assert_eq!(
        *from,
        json!(ranges.iter().map(|range| json!({"ipBlock": {"cidr": range}})).collect::<Vec<_>>())
    );
}

#[test]
fn the_longest_path_is_asked_first() {
    let mut env = environment("dev");
    for (service, path) in [("backend-api", "/"), ("user-service", "/api"), ("admin-service", "/api/admin/")]
    {
        env.services.get_mut(service).expect("it").path = Some(path.to_owned());
    }
    let order = |service: &str| -> u32 {
        let ingress = &objects(&env, &Values::of(service))["ingress"];
        let order = ingress["metadata"]["annotations"]["alb.ingress.kubernetes.io/group.order"].clone();
        order.as_str().expect("text").parse().expect("a number")
    };
    assert!(order("admin-service") < order("user-service") && order("user-service") < order("backend-api"));
    assert_eq!(order("backend-api"), 1000);
}

#[test]
fn a_pod_has_the_time_to_leave_the_load_balancer_and_to_end_its_requests() {
    let env = environment("prod");
    let objects = objects(&env, &payment_service(&env));
    let pod = &objects["deployment"]["spec"]["template"]["spec"];
    let sleep = &pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"];
    let seconds = |value: &Value| value.as_u64().expect("seconds");
    assert!(seconds(&pod["terminationGracePeriodSeconds"]) > seconds(sleep) + 90);
    let notes = &objects["ingress"]["metadata"]["annotations"];
    let attributes = &notes["alb.ingress.kubernetes.io/target-group-attributes"];
    assert_eq!(*attributes, "deregistration_delay.timeout_seconds=90");
}

#[test]
fn an_environments_own_values_go_over_the_others() {
    let variables = |env: &str| {
        let env = environment(env);
        payment_service(&env).env
    };
    let (dev, prod) = (variables("dev"), variables("prod"));
    assert_eq!(dev.get("LOG_LEVEL").map(String::as_str), Some("debug"));
    assert_eq!(dev.get("FEATURE"), None);
    assert_eq!(prod.get("LOG_LEVEL").map(String::as_str), Some("info"));
    assert_eq!(prod.get("FEATURE").map(String::as_str), Some("on"));
}

#[test]
fn values_that_say_nothing_are_the_defaults() {
    let env = environment("dev");
    let read = crate::read("values.yaml", "service: user-service", &env);
    assert_eq!(read.expect("values"), Values::of("user-service"));
    let probes = Probes {
        startup: Startup { path: None, seconds: 120 },
        liveness: Probe::default(),
        readiness: Probe::default(),
    };
    assert_eq!(Values::of("user-service").probes, probes);
}

#[test]
fn a_management_port_that_is_the_port_is_none() {
    let env = environment("dev");
    let values = Values { management_port: Some(8080), ..Values::of("backend-api") };
    assert_eq!(objects(&env, &values), objects(&env, &Values::of("backend-api")));
}

#[test]
fn two_secrets_never_share_a_variable() {
    let mut env = environment("dev");
    let secret = env.secrets["billpay/jwt/secret"].clone();
    env.secrets.insert("billpay/jwt_secret".to_owned(), secret);
    let secrets = ["billpay/jwt/secret", "billpay/jwt_secret"].map(str::to_owned).to_vec();
    env.services.get_mut("backend-api").expect("it").secrets = Some(secrets);
    let refused = billpay_manifests::service(&env, &Values::of("backend-api"), &image("backend-api", 'a'));
    assert!(matches!(refused, Err(ManifestError::SameVariable { .. })), "{refused:?}");
}

#[test]
fn an_image_is_named_by_its_digest_and_nothing_else() {
    let digest = "a1".repeat(32);
    for good in ["localhost/a", "registry.example.com:5000/team/service", "host:5000/a-b/c_d.e"] {
        let text = format!("{good}@sha256:{digest}");
        assert_eq!(text.parse::<Image>().expect("an image").to_string(), text);
    }
    let wrong = [
        "billpay-backend-api".to_owned(),
        "registry.example.com/backend-api:1.0".to_owned(),
        "registry.example.com/backend-api:latest".to_owned(),
        format!("registry.example.com/backend-api:1.0@sha256:{digest}"),
        format!("backend-api@sha256:{digest}"),
        format!("team/backend-api@sha256:{digest}"),
        format!("registry.example.com/Backend@sha256:{digest}"),
        format!("registry.example.com/a//b@sha256:{digest}"),
        format!("registry.example.com/a@sha256:{}", "A1".repeat(32)),
        format!("registry.example.com/a@sha256:{}", "a1".repeat(31)),
        format!("registry.example.com/a@sha512:{digest}"),
        format!("registry.example.com/a@sha256:{}", "0".repeat(64)),
        format!("registry.example.com/a@sha256:{digest}\n"),
        format!(" registry.example.com/a@sha256:{digest}"),
    ];
    for text in wrong {
        assert!(text.parse::<Image>().is_err(), "{text}");
    }
}

#[test]
fn the_schema_for_editors_takes_what_the_program_takes() {
    let schema = json_schema();
    assert!(jsonschema::draft7::meta::is_valid(&schema));
    let accepts = |text: &str| {
        let value: Value = serde_yaml::from_str(text).expect("YAML");
        jsonschema::draft7::new(&schema).expect("a schema").is_valid(&value)
    };
    assert!(accepts(&std::fs::read_to_string(here("values/payment-service.yaml")).expect("values")));
    assert!(!accepts("{}"), "`service` is needed");
    assert!(!accepts("{service: a, replicas: 3}"));
    assert!(!accepts("{service: a, env: {A: null}}"));
}
