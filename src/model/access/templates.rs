//! Policies that billpay and the OpenTofu module `iam` fill in from the same files.

use serde_json::Value;

use super::normal;
use crate::environment::Environment;
use crate::names;
use crate::store::runs_objects;

/// Returns the permissions boundary: the most that a role of people's code may do, whatever is attached to it.
///
/// Such a role can't get out of the boundary, become another role, leave the region, or touch what
/// belongs to another environment or project; of locks and journals, only those of its environment. Of IAM and ECR only what is named is allowed, so that a
/// call that AWS adds is out of reach. Denied by name is what has no tags, or none yet: objects,
/// secrets that people made, EKS's log groups. As a `*` goes past slashes, keys that look like a
/// bucket of ours are denied as well. Services without a region of their own are called in us-east-1.
/// Nodes and load balancers carry tags of EKS and of the AWS Load Balancer Controller.
pub fn boundary(env: &Environment) -> Value {
    const TEMPLATE: &str =
        include_str!("../../../templates/infrastructure/modules/iam/policies/boundary.json");
    fill_in(env, TEMPLATE)
}

/// Returns the permissions of the AWS Load Balancer Controller.
///
/// It reads broadly; what it changes has to carry its tag with the name of this cluster, so that it
/// can't touch what the controller of another cluster in the account made. It may change other tags of
/// its resources, but not move them to another cluster. It opens the cluster's own security groups to its
/// load balancers.
pub fn load_balancer_controller(env: &Environment) -> Value {
    const TEMPLATE: &str =
        include_str!("../../../templates/infrastructure/modules/iam/policies/load-balancer-controller.json");
    fill_in(env, TEMPLATE)
}

/// Replaces each `${name}` of a document by its value for an environment.
fn fill_in(env: &Environment, template: &str) -> Value {
    let (runs_bucket, runs_folder) = runs_objects(env);
    let values = [
        ("${account}", env.account.clone()),
        ("${cluster_name}", names::cluster(env)),
        ("${environment}", env.environment.clone()),
        ("${name}", format!("{}-{}", env.project, env.environment)),
        ("${project}", env.project.clone()),
        ("${region}", env.region.clone()),
        ("${runs_bucket}", runs_bucket),
        ("${runs_folder}", runs_folder),
        ("${repositories_pattern}", names::repository_pattern(env)),
    ];
    normal(replace(serde_json::from_str(template).expect("a policy document"), &values))
}

/// Replaces texts in all strings and keys of a value.
fn replace(value: Value, replacements: &[(&str, String)]) -> Value {
    let text = |text: String| replacements.iter().fold(text, |text, (from, to)| text.replace(from, to));
    match value {
        Value::String(string) => Value::String(text(string)),
        Value::Array(items) => items.into_iter().map(|item| replace(item, replacements)).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(key, value)| (text(key), replace(value, replacements))).collect()
        }
        other => other,
    }
}
