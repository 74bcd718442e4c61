//! Checks whether everything that a run needs is in order.

use billpay_engine::cloud::Cloud;
use billpay_host::tools;
use billpay_model::check::{Check, Health};
use billpay_model::event::Observer;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Ports;
use crate::report::Report;

/// Results of all checks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DoctorReport {
    pub checks: Vec<Check>,
}

impl Report for DoctorReport {
    const SCHEMA: &str = "billpay/doctor/v1";
}

impl DoctorReport {
    pub fn is_healthy(&self) -> bool {
        self.checks.iter().all(|check| check.health != Health::Bad)
    }
}

/// Checks the specs and the tools; with an environment, also its cloud.
pub async fn doctor(ports: &Ports, environment: Option<&str>, observer: &dyn Observer) -> DoctorReport {
    let mut checks = specs(ports);
    if let Some(loaded) = environment.and_then(|name| ports.load(name).ok()) {
        match ports.connector.connect(&loaded.environment, observer).await {
            Ok(cloud) => checks.extend(check_cloud(cloud.as_ref()).await),
            Err(error) => checks.push(Check::new("local AWS", Health::Bad, error.to_string())),
        }
    }
    checks.extend(tools::tools());
    DoctorReport { checks }
}

fn specs(ports: &Ports) -> Vec<Check> {
    let names = ports.specs().and_then(|dir| Ok((dir.path().display().to_string(), dir.environments()?)));
    match names {
        Err(error) => vec![Check::new("specs", Health::Bad, error.to_string())],
        Ok((path, names)) => {
            let check = |name: &String| match ports.load(name) {
                Ok(_) => Check::new("spec", Health::Good, format!("{path}/{name}.yaml")),
                Err(error) => Check::new("spec", Health::Bad, error.to_string()),
            };
            names.iter().map(check).collect()
        }
    }
}

/// Checks credentials, account, region, clock and what of the quotas can be seen.
async fn check_cloud(cloud: &dyn Cloud) -> Vec<Check> {
    let env = cloud.environment();
    let identity = match cloud.identity().await {
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
    checks.extend(cloud.diagnose().await);
    checks
}
