//! Error that ends the run of a template's steps.

use super::workspace::Fault;
use crate::TemplateError;

/// Error of a step or of the files that it renders.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum StepError {
    /// Told at the step.
    Step(Fault),
    /// It has its own place.
    Template(TemplateError),
}

impl From<Fault> for StepError {
    fn from(fault: Fault) -> StepError {
        StepError::Step(fault)
    }
}

impl From<TemplateError> for StepError {
    fn from(error: TemplateError) -> StepError {
        StepError::Template(error)
    }
}
