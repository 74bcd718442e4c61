//! The principal that calls the cloud.

use serde::Serialize;

/// Account and ARN of the caller, as `sts:GetCallerIdentity` returns them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CallerIdentity {
    pub account: String,
    pub arn: String,
}
