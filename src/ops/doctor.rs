//! Checks that a person would otherwise make by hand when a run fails.

use std::process::Command;

use crate::domain::port::{Check, Health, Provider};
use crate::domain::spec::Environment;

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

/// Programs that some commands use, where they are there.
pub fn tools() -> Vec<Check> {
    let tools = [
        ("python3", "--version", "for --local"),
        ("kubectl", "version", "to look into the cluster"),
        ("tofu", "--version", "to run rendered OpenTofu trees"),
        ("aws", "--version", "to sign in with SSO"),
    ];
    let check = |(tool, flag, purpose): (&str, &str, &str)| {
        let args: &[&str] = if tool == "kubectl" { &[flag, "--client"] } else { &[flag] };
        match Command::new(tool).args(args).output() {
            Ok(output) => {
                let text = String::from_utf8_lossy(&output.stdout);
                Check::new(tool, Health::Good, text.lines().next().unwrap_or("there"))
            }
            Err(_) => Check::new(tool, Health::Note, format!("not found; it serves {purpose}")),
        }
    };
    tools.into_iter().map(check).collect()
}
