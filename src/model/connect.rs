//! Failures to reach a cloud at all.

/// Reasons for which there is no connection to a cloud, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConnectError {
    pub message: String,
    /// Next steps.
    pub hints: Vec<String>,
}
