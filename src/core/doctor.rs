//! Checks that a person would otherwise make by hand when a run fails.

use billpay_engine::cloud::Provider;
use billpay_model::check::{Check, Health};
use billpay_model::environment::Environment;

/// Credentials, account, region, clock and what of the quotas can be seen.
pub async fn cloud(provider: &dyn Provider, env: &Environment) -> Vec<Check> {
    let identity = match provider.identity().await {
        Ok(identity) => identity,
        Err(failure) => {
            let hint = failure.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
            return vec![Check::new("credentials", Health::Bad, format!("{failure}{hint}"))];
        }
    };
    let mut checks = vec![Check::new("credentials", Health::Good, identity.arn)];
    checks.push(if identity.account == env.account {
        Check::new("account", Health::Good, identity.account)
    } else {
        let detail = format!("{}, but the spec says {}", identity.account, env.account);
        Check::new("account", Health::Bad, detail)
    });
    checks.extend(provider.diagnose(env).await);
    checks
}
