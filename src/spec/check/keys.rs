//! Keys that people choose and that become parts of addresses: each address is one resource's.

use billpay_model::environment::Environment;

use super::{Finding, key};

/// Key of the access that billpay itself gives to GitHub Actions.
const GITHUB_ACCESS: &str = "github";
/// Service account that billpay itself gives a role to.
const LOAD_BALANCER_CONTROLLER: &str = "load-balancer-controller";

pub(super) fn check(env: &Environment) -> Vec<Finding> {
    let mut found = Vec::new();
    let reserved = |spot, name: &str, by: &str| {
        Finding::error("reserved-key", spot, format!("`{name}` is reserved: {by}")).help("choose another key")
    };
    if env.cluster.access.contains_key(GITHUB_ACCESS) {
        let spot = key(["cluster", "access", GITHUB_ACCESS]);
        found.push(reserved(spot, GITHUB_ACCESS, "it is the access of the role that workflows assume"));
    }
    if env.services.contains_key(LOAD_BALANCER_CONTROLLER) {
        let spot = key(["services", LOAD_BALANCER_CONTROLLER]);
        found.push(reserved(spot, LOAD_BALANCER_CONTROLLER, "it is AWS's controller in the cluster"));
    }
    for name in env.buckets.keys().filter(|name| env.frontends.contains_key(*name)) {
        let message = format!("`{name}` is a frontend, which has a bucket of its own by that name");
        let spot = key(["buckets", name]);
        found.push(
            Finding::error("reserved-key", spot, message)
                .related(key(["frontends", name]), "the frontend")
                .help("choose another key for the bucket"),
        );
    }
    found
}
