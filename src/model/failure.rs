//! Failures of calls to the cloud, in classes that decide what to do next.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Class of a failure: its meaning for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FailureClass {
    /// The resource that the call named is not there.
    NotFound,
    /// Something just made is not visible or usable yet; trying again helps.
    Lagging,
    /// The thing is busy with another change; trying again later helps.
    Busy,
    /// Something by that name or address is there already.
    Exists,
    /// Something still stands on it; trying again helps once that is gone.
    InUse,
    /// Too many calls; trying again later helps.
    Throttled,
    /// The answer was lost: the call may or may not have been carried out.
    Ambiguous,
    /// The credentials are missing, wrong or expired.
    Credentials,
    /// The credentials are good, but not for this.
    Denied,
    /// A quota of the account is used up.
    Quota,
    /// AWS refuses what was asked for.
    Invalid,
    /// Anything else; trying again doesn't help.
    Other,
}

/// A failed call to the cloud.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    pub class: FailureClass,
    /// The API call, as IAM names it: `ec2:CreateVpc`.
    pub call: String,
    /// The error code of the service, empty where none came.
    pub code: String,
    /// Message of the service.
    pub message: String,
    /// For AWS support; empty where none came.
    pub request_id: String,
}

impl Failure {
    /// A failure that no call answered with.
    pub fn new(class: FailureClass, call: &str, message: impl Into<String>) -> Failure {
        Failure {
            class,
            call: call.to_string(),
            code: String::new(),
            message: message.into(),
            request_id: String::new(),
        }
    }

    /// Returns true if the same call may succeed later.
    pub fn may_pass(&self) -> bool {
        use FailureClass::*;
        matches!(self.class, Lagging | Busy | InUse | Throttled | Ambiguous)
    }

    /// Returns advice for people, where there is some.
    pub fn hint(&self) -> Option<&'static str> {
        match self.class {
            FailureClass::Credentials => Some(
                "sign in again (`aws sso login`, or refresh the role), check with `billpay doctor`, and re-run",
            ),
            FailureClass::Denied => Some("the role lacks this permission: add it, and re-run"),
            FailureClass::Quota => {
                Some("raise the quota in Service Quotas or remove what is unused, and re-run")
            }
            FailureClass::Throttled => {
                Some("others use the same API of this account: re-run, or lower --parallelism")
            }
            FailureClass::Ambiguous => {
                Some("the network or AWS gave no answer: re-run, it finds out what was done")
            }
            FailureClass::InUse => Some(
                "something still uses it: what billpay made of that, the next run goes on with; \
                 what others made (a controller's load balancers, things made by hand) has to be removed first",
            ),
            _ => None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.call)?;
        if !self.code.is_empty() {
            write!(f, "{}: ", self.code)?;
        }
        f.write_str(self.message.trim_end_matches('.'))?;
        if !self.request_id.is_empty() {
            write!(f, " (request {})", self.request_id)?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}
