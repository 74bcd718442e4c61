//! Kubernetes manifests: what they are for our environments (`rendered`), what is wrong with a
//! service's values (`wrong`), texts that want to be something else (`hostile`), the command
//! (`command`), and what the programs of others say of them (`checked`).

mod checked;
mod command;
mod hostile;
mod rendered;
mod wrong;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use billpay_manifests::{Image, Manifest, Values};
use billpay_model::environment::{Dns, Environment};
use billpay_model::findings::{Findings, SourceFile};
use billpay_spec::directory::SpecDir;
use serde_json::Value;

/// Names of the environments of this repository.
const ENVIRONMENTS: [&str; 3] = ["dev", "prod", "staging"];

/// The files of this area.
fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kubernetes").join(path)
}

fn specs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("environments")
}

/// An environment of this repository.
fn environment(name: &str) -> Environment {
    let today = "2026-11-22".parse().expect("a date");
    let specs = SpecDir::open(specs()).expect("the specs");
    specs.load(name, today).expect("a sound spec").environment
}

/// The same with a name of its own in DNS.
fn with_dns(name: &str) -> Environment {
    Environment { dns: Some(Dns { zone: "billpay.com".to_owned() }), ..environment(name) }
}

/// An image whose digest is made of one digit.
fn image(service: &str, digit: char) -> Image {
    let digest: String = std::iter::repeat_n(digit, 64).collect();
    let text = format!("123456789012.dkr.ecr.us-east-1.amazonaws.com/billpay-{service}-dev@sha256:{digest}");
    text.parse().expect("an image")
}

fn read(name: &str, text: impl Into<Vec<u8>>, env: &Environment) -> Result<Values, Findings> {
    Values::read(&SourceFile::new(name, text), env, &ENVIRONMENTS)
}

/// The values of one service that has said much about itself.
fn payment_service(env: &Environment) -> Values {
    let text = std::fs::read(here("values/payment-service.yaml")).expect("its values");
    read("values.yaml", text, env).unwrap_or_else(|findings| panic!("{}", findings.render(false)))
}

/// The objects of one service, by the names of their files.
fn objects(env: &Environment, values: &Values) -> BTreeMap<&'static str, Value> {
    let manifests =
        billpay_manifests::service(env, values, &image(&values.service, 'a')).expect("its objects");
    manifests.into_iter().map(|Manifest { name, object }| (name, object)).collect()
}

/// Every object of an environment by its path, in order.
fn everything(env: &Environment) -> Vec<(String, Value)> {
    let mut all: Vec<(String, Value)> = Vec::new();
    let own = billpay_manifests::environment(env);
    all.extend(own.into_iter().map(|Manifest { name, object }| (name.to_owned(), object)));
    for service in billpay_manifests::order(env) {
        let values = match service {
            "payment-service" => payment_service(env),
            service => Values::of(service),
        };
        let manifests = billpay_manifests::service(env, &values, &image(service, 'a')).expect("its objects");
        all.extend(
            manifests.into_iter().map(|Manifest { name, object }| (format!("{service}/{name}"), object)),
        );
    }
    all
}
