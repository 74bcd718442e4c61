//! The policy documents of an environment, from both engines.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use billpay_aws::kinds::desire;
use billpay_model::environment::Environment;
use billpay_spec::directory::SpecDir;
use billpay_tofu::inputs;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use billpay_testkit::programs::opentofu;
use billpay_testkit::values::text;

/// The day of the tests, for checks that depend on it.
const TODAY: jiff::civil::Date = jiff::civil::date(2026, 11, 22);

/// An environment of this repository.
pub fn environment(name: &str) -> Environment {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("environments");
    let specs = SpecDir::open(folder).expect("the specs");
    specs.load(name, TODAY).map(|loaded| loaded.environment).unwrap_or_else(|error| panic!("{error}"))
}

/// A role as IAM has it.
pub struct Role {
    pub name: String,
    pub trust: Value,
    pub inline: Vec<Value>,
    pub bounded: bool,
}

/// Documents of an environment's roles.
pub struct Documents {
    /// Name of the engine that they are of.
    pub engine: &'static str,
    pub boundary: Value,
    /// By the keys of their addresses.
    pub roles: BTreeMap<String, Role>,
}

/// Documents that billpay's own engine makes.
pub fn of_billpay(env: &Environment) -> Documents {
    let desired = desire(env);
    let of_kind = |kind: &'static str| desired.iter().filter(move |one| one.address.kind() == kind);
    let roles = of_kind("role").map(|one| {
        let attrs = &one.attrs;
        let inline = attrs["inline"].as_object().expect("inline policies").values().cloned().collect();
        let role = Role {
            name: text(&attrs["name"]).to_string(),
            trust: attrs["trust"].clone(),
            inline,
            bounded: !attrs["boundary"].is_null(),
        };
        (one.address.key().to_string(), role)
    });
    let boundary = of_kind("policy").next().expect("the boundary").attrs["document"].clone();
    Documents { engine: "billpay", boundary, roles: roles.collect() }
}

/// Documents that the OpenTofu module `iam` makes of the same spec: its locals, evaluated by OpenTofu.
pub fn of_module(env: &Environment) -> Documents {
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/infrastructure/modules/iam");
    let copy = TempDir::new().expect("a temporary folder");
    std::fs::create_dir(copy.path().join("policies")).expect("a folder");
    for folder in ["", "policies"] {
        for file in std::fs::read_dir(module.join(folder)).expect("the module") {
            let path = file.expect("a file").path();
            if path.extension().is_some_and(|extension| extension == "tf" || extension == "json") {
                let to = copy.path().join(folder).join(path.file_name().expect("a name"));
                std::fs::copy(&path, to).expect("a copy");
            }
        }
    }
    let values = inputs::environment(env);
    let given = ["name", "project", "environment", "account", "region", "github_oidc_provider_arn"];
    let mut variables: Map<String, Value> =
        given.iter().map(|name| (name.to_string(), values[*name].clone())).collect();
    variables.extend(values["iam"].as_object().expect("the module's variables").clone());
    std::fs::write(copy.path().join("terraform.tfvars.json"), json!(variables).to_string()).expect("a file");

    let tofu = opentofu();
    tofu.init(copy.path()).unwrap_or_else(|error| panic!("{error}"));
    let mut console = tofu.command(copy.path(), &["console", "-no-color"]);
    console.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut console = console.spawn().expect("OpenTofu can be run");
    let question = "jsonencode({ boundary = local.boundary, roles = { for key, role in local.roles : key => \
                    { name = role.name, trust = role.trust, inline = values(role.inline), bounded = role.bounded } } })\n";
    console.stdin.take().expect("its input").write_all(question.as_bytes()).expect("a question");
    let answer = console.wait_with_output().expect("an answer");
    let said = [&answer.stdout[..], &answer.stderr[..]].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    // A text in quotes, in which there is JSON, whose policies are JSON in texts again.
    let json: String = serde_json::from_str(said.trim()).unwrap_or_else(|error| panic!("{error}: {said}"));
    let found: Value = serde_json::from_str(&json).expect("JSON");
    let policy = |document: &Value| -> Value { serde_json::from_str(text(document)).expect("a policy") };
    let roles = found["roles"].as_object().expect("roles").iter().map(|(key, role)| {
        let inline = role["inline"].as_array().expect("policies").iter().map(policy).collect();
        let (name, trust) = (text(&role["name"]).to_string(), policy(&role["trust"]));
        (key.clone(), Role { name, trust, inline, bounded: role["bounded"] == true })
    });
    Documents { engine: "OpenTofu", boundary: policy(&found["boundary"]), roles: roles.collect() }
}
