//! Environments beside each other.

use billpay_spec::{LoadedEnvironment, clashes};

use super::load_over_base;

fn loaded(name: &str, text: &str) -> LoadedEnvironment {
    load_over_base(name, format!("environment: {name}\n{text}"))
        .unwrap_or_else(|findings| panic!("{}", findings.render(false)))
}

fn messages(this: &LoadedEnvironment, other: &LoadedEnvironment) -> Vec<String> {
    clashes(this, [other]).into_iter().map(|problem| problem.message).collect()
}

const SERVICE: &str = "{ replicas: 1, cpu: 500m, memory: 1Gi, needs: [], port: 80 }";

#[test]
fn environments_of_one_account_have_their_own_names() {
    let (dev, prod) = (loaded("dev", ""), loaded("prod", ""));
    assert_eq!(messages(&dev, &prod), [""; 0]);
}

#[test]
fn roles_are_the_accounts_and_collide_across_regions() {
    let dev = loaded("dev", &format!("services: {{ staging-api: {SERVICE} }}"));
    let staging = format!("project: billpay-dev\nregion: eu-west-1\nservices: {{ api: {SERVICE} }}");
    let staging = loaded("staging", &staging);
    assert_eq!(
        messages(&dev, &staging),
        ["`dev` and `staging` would both have the IAM role `billpay-dev-staging-api`"]
    );
}

#[test]
fn accounts_of_their_own_keep_environments_apart() {
    let dev = loaded("dev", &format!("services: {{ staging-api: {SERVICE} }}"));
    let staging = format!("project: billpay-dev\naccount: \"210987654321\"\nservices: {{ api: {SERVICE} }}");
    assert_eq!(messages(&dev, &loaded("staging", &staging)), [""; 0]);
}
