//! External programs that some commands use.

use billpay_model::check::{Check, Health};

use super::program;

/// Returns the checks of the external programs that some commands use.
pub fn tools() -> Vec<Check> {
    let tools = [
        ("python3", "--version", "for --local"),
        ("kubectl", "version", "to look into the cluster"),
        ("tofu", "--version", "to run rendered OpenTofu trees"),
        ("terragrunt", "--version", "to run their units in order"),
        ("aws", "--version", "to sign in with SSO"),
    ];
    let check = |(tool, flag, purpose): (&str, &str, &str)| {
        let args: &[&str] = if tool == "kubectl" { &[flag, "--client"] } else { &[flag] };
        match program::isolated(tool, &[]).and_then(|mut tool| tool.args(args).output()) {
            Ok(output) => {
                let text = String::from_utf8_lossy(&output.stdout);
                Check::new(tool, Health::Good, text.lines().next().unwrap_or("there"))
            }
            Err(_) => Check::new(tool, Health::Note, format!("not found; it serves {purpose}")),
        }
    };
    tools.into_iter().map(check).collect()
}
