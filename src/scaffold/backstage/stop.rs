//! Why a step ends the run.

use super::workspace::Fault;
use crate::TemplateError;

/// What is wrong with a step, or with the files that it renders.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stop {
    /// Told at the step.
    Step(Fault),
    /// It has its own place.
    Template(TemplateError),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Stop {
        Stop::Step(fault)
    }
}

impl From<TemplateError> for Stop {
    fn from(error: TemplateError) -> Stop {
        Stop::Template(error)
    }
}
