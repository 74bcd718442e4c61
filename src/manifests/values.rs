//! Values of a service in `deploy/values.yaml`: all that its environment's spec doesn't say.

use std::sync::LazyLock;

use billpay_model::environment::{Environment, Map};
use billpay_model::findings::{Findings, Problem, SourceFile, nearest};
use billpay_spec::Path;
use billpay_spec::document::{Document, Kind};
use ipnet::Ipv4Net;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::given;

static KIND: LazyLock<Kind> = LazyLock::new(|| {
    Kind::of::<Values>(
        "the values of a service",
        "begin with `service: <its name in the environment's spec>`",
    )
});

/// Directories that no mount may hide.
const SYSTEM: [&str; 4] = ["/dev", "/proc", "/sys", "/var/run/secrets"];

/// Values of a service, the same in every environment but for `environments`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Values {
    /// The service's name in the environment's spec.
    pub service: String,
    /// Port of health and metrics, where that isn't the spec's port; no listener of the load balancer leads to it.
    #[schemars(range(min = 1, max = 65535))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub management_port: Option<u16>,
    #[serde(default)]
    pub probes: Probes,
    /// Time for open requests after SIGTERM, seconds.
    #[serde(default = "shutdown_seconds")]
    #[schemars(range(min = 1, max = 3600))]
    pub shutdown_seconds: u32,
    /// Numeric user of the image.
    #[serde(default = "user")]
    #[schemars(range(min = 1, max = 2147483647))]
    pub user: u32,
    /// Folders that it writes to; the rest of the file system is read-only.
    #[serde(default = "writable")]
    #[schemars(inner(regex(pattern = r"^(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)+$")), length(max = 20), extend("patternErrorMessage" = "must be the whole path of a folder, such as /tmp"))]
    pub writable: Vec<String>,
    /// Destinations beside the services that it needs, DNS and HTTPS: databases, queues.
    #[serde(default)]
    pub outbound: Vec<Outbound>,
    /// Plain environment variables; a secret is never one.
    #[serde(default)]
    pub env: Map<String>,
    /// Differences in single environments, by their names; `null` takes out what stands above.
    #[serde(default)]
    pub environments: Map<Overrides>,
}

/// Probes of Kubernetes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Probes {
    /// Until it succeeds the others wait.
    #[serde(default)]
    pub startup: Startup,
    /// The container is restarted when it fails for half a minute.
    #[serde(default)]
    pub liveness: Probe,
    /// No requests are sent while it fails.
    #[serde(default)]
    pub readiness: Probe,
}

/// A probe; without a path it only opens a connection to the service's port.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// Path that answers with 200, on the management port where there is one.
    #[schemars(regex(pattern = PATH), extend("patternErrorMessage" = PATH_MESSAGE))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// The probe of a container that is starting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Startup {
    /// Path that answers with 200, on the management port where there is one.
    #[schemars(regex(pattern = PATH), extend("patternErrorMessage" = PATH_MESSAGE))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Longest start, seconds.
    #[serde(default = "startup_seconds")]
    #[schemars(range(min = 5, max = 3600))]
    pub seconds: u32,
}

/// Something that the service connects to: addresses, or the pods and services of a namespace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Outbound {
    /// Addresses; left out, and without a namespace, those of the environment's network.
    #[schemars(with = "Option<String>", regex(pattern = r"^([0-9]{1,3}\.){3}[0-9]{1,3}/[0-9]{1,2}$"), extend("patternErrorMessage" = "must be an IPv4 range, such as 10.0.0.0/16"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Another namespace of the cluster, such as `monitoring`, in place of addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"), extend("patternErrorMessage" = "must be the name of a namespace, such as monitoring"))]
    pub namespace: Option<String>,
    /// TCP port.
    #[schemars(range(min = 1, max = 65535))]
    pub port: u16,
}

/// Differences in one environment. What belongs to the image is the same everywhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Overrides {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probes: Option<Probes>,
    /// Time for open requests after SIGTERM, seconds.
    #[schemars(range(min = 1, max = 3600))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shutdown_seconds: Option<u32>,
    /// Destinations beside the services that it needs, DNS and HTTPS; replaces the list above.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outbound: Option<Vec<Outbound>>,
    /// Plain environment variables, over those above.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<Map<String>>,
}

const PATH: &str = r"^/[A-Za-z0-9/_.~%?=&-]*$";
const PATH_MESSAGE: &str = "must be a path that begins with a slash, such as /actuator/health/readiness";

impl Default for Startup {
    fn default() -> Startup {
        Startup { path: None, seconds: startup_seconds() }
    }
}

fn startup_seconds() -> u32 {
    120
}

fn shutdown_seconds() -> u32 {
    30
}

/// Above 10000, so that it is nobody's number on the node.
fn user() -> u32 {
    10001
}

fn writable() -> Vec<String> {
    vec!["/tmp".to_owned()]
}

impl Values {
    /// The values of a service that says nothing about itself.
    pub fn of(service: &str) -> Values {
        Values {
            service: service.to_owned(),
            management_port: None,
            probes: Probes::default(),
            shutdown_seconds: shutdown_seconds(),
            user: user(),
            writable: writable(),
            outbound: Vec::new(),
            env: Map::new(),
            environments: Map::new(),
        }
    }

    /// Reads a service's values as they are in an environment; `known` names all environments.
    ///
    /// # Errors
    /// Fails with all findings if the file isn't YAML of this shape, or names a service, an environment, a
    /// variable, a folder or a range that can't be meant.
    pub fn read(file: &SourceFile, env: &Environment, known: &[&str]) -> Result<Values, Findings> {
        let mut problems = Vec::new();
        let values = read(file, env, known, &mut problems);
        match values {
            Some(values) if problems.is_empty() => Ok(values),
            _ => {
                problems.sort_by_key(|problem| problem.place.span.start);
                problems.dedup();
                Err(Findings { problems, files: vec![file.clone()] })
            }
        }
    }
}

/// The schema that editors check and complete values with.
pub fn json_schema() -> Value {
    let mut schema = KIND.published("urn:billpay:values", "billpay values of a service", "environments");
    schema["description"] = json!(
        "How one service is run: what `billpay deploy` needs beside the environment's spec, which has replicas, CPU, memory, port, path, needs and secrets."
    );
    schema
}

fn read(file: &SourceFile, env: &Environment, known: &[&str], problems: &mut Vec<Problem>) -> Option<Values> {
    let whole = Document::read(&KIND, file, problems)?;
    let section = Path::of(["environments"]);
    for name in whole.keys(&section) {
        if !known.contains(&name) {
            let place = whole.key_place(&section.key(name));
            let mut problem =
                Problem::error("unknown-environment", place, format!("there is no environment `{name}`"));
            problem.did_you_mean = nearest(name, known.iter().copied());
            problems.push(problem.help(format!("there are: {}", known.join(", "))));
        }
    }
    let here = whole.with(&section.key(&env.environment), problems);
    if here.keys(&Path::default()).iter().all(|key| *key != "service") {
        // A service that was refused for its type is not missing.
        if problems.iter().all(|problem| !problem.message.contains("`service`")) {
            let place = file.place(0..0);
            problems.push(Problem::error("missing", place, "`service` is missing").help(
                "write `service: <its name in the environment's spec>`, so that these values are given to it alone",
            ));
        }
        return None;
    }
    let values: Values = match here.value() {
        Ok(values) => values,
        Err(_) if !problems.is_empty() => return None,
        Err(error) => {
            let place = file.place(0..0);
            problems.push(Problem::error("bad-value", place, format!("the values cannot be used: {error}")));
            return None;
        }
    };
    if !env.services.contains_key(&values.service) {
        let message = format!("`{}` is not among the services of {}", values.service, env.environment);
        let mut problem = Problem::error("unknown-service", here.place(&Path::of(["service"])), message);
        problem.did_you_mean = nearest(&values.service, env.services.keys().map(String::as_str));
        let names: Vec<&str> = env.services.keys().map(String::as_str).collect();
        problems.push(problem.help(format!("there are: {}", names.join(", "))));
    }
    variables(&here, env, &values, problems);
    folders(&here, &values, problems);
    ranges(&here, &values, problems);
    Some(values)
}

/// Checks the names of environment variables.
fn variables(document: &Document, env: &Environment, values: &Values, problems: &mut Vec<Problem>) {
    let service = env.services.get(&values.service);
    let given = service.map(|service| given::variables(env, &values.service, service)).unwrap_or_default();
    let path = Path::of(["env"]);
    for name in values.env.keys() {
        let place = document.key_place(&path.key(name));
        let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !begins || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            let message = format!("`{name}` cannot be the name of an environment variable");
            problems.push(
                Problem::error("bad-name", place, message)
                    .help("allowed: letters, digits and `_`, not beginning with a digit"),
            );
        } else if given.iter().any(|(given, _)| given == name) {
            problems.push(
                Problem::error("given", place, format!("billpay sets `{name}` itself"))
                    .help("its value follows from the environment's spec: leave it out here"),
            );
        }
        if values.env[name].contains('\0') {
            let message =
                format!("the value of `{name}` has a zero byte, which no environment variable may have");
            problems.push(Problem::error("bad-value", document.place(&path.key(name)), message));
        }
    }
}

fn folders(document: &Document, values: &Values, problems: &mut Vec<Problem>) {
    let is_in = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    for (index, folder) in values.writable.iter().enumerate() {
        let path = Path::of(["writable"]).index(index);
        let problem = |message: String| Problem::error("bad-folder", document.place(&path), message);
        let system = SYSTEM.iter().find(|system| is_in(folder, system) || is_in(system, folder));
        let other =
            values.writable[..index].iter().find(|other| is_in(folder, other) || is_in(other, folder));
        if let Some(system) = system {
            problems.push(problem(format!("`{folder}` can't be made writable: `{system}` is the system's")));
        } else if let Some(other) = other {
            problems.push(problem(match folder == other {
                true => format!("`{folder}` is there twice"),
                false => {
                    format!("of `{folder}` and `{other}` one lies in the other, and would be hidden by it")
                }
            }));
        }
    }
}

fn ranges(document: &Document, values: &Values, problems: &mut Vec<Problem>) {
    for (index, outbound) in values.outbound.iter().enumerate() {
        let Some(to) = &outbound.to else { continue };
        if outbound.namespace.is_some() {
            let place = document.place(&Path::of(["outbound"]).index(index));
            let message = "`to` and `namespace` are both there: it is either addresses or pods";
            problems.push(Problem::error("both", place, message).help("write an entry for each"));
        }
        let range = to.parse::<Ipv4Net>();
        if range.as_ref().is_ok_and(|range| range.network() == range.addr()) {
            continue;
        }
        let place = document.place(&Path::of(["outbound"]).index(index).key("to"));
        let problem = Problem::error("bad-range", place, format!("`{to}` is not a range of IPv4 addresses"));
        problems.push(match range {
            Ok(range) => problem.help(format!("the range that it lies in is {}", range.trunc())),
            Err(_) => problem.help("write it as 10.0.0.0/16"),
        });
    }
}
