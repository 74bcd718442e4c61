//! Brings a rendered tree to disk: all of it or nothing, and kind to people's edits.

mod error;
mod lock;
mod look;
mod pack;
mod search;
mod steps;
mod write;

use std::path::{Path, PathBuf};

use crate::domain::tree::{Coverage, Decision, Rendered, TreeOptions};

pub use error::TreeError;
pub(crate) use look::read;
pub use steps::{Halt, Steps};

/// A folder on disk that rendered files go to.
#[derive(Debug, Clone)]
pub struct Tree {
    root: PathBuf,
}

impl Tree {
    /// The folder need not be there yet.
    pub fn at(root: impl Into<PathBuf>) -> Tree {
        // `infrastructure` alone has no parent that could be made or synced.
        let root = root.into();
        Tree { root: std::path::absolute(&root).unwrap_or(root) }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Finds out what [`Tree::write`] would do; writes nothing at all.
    pub fn check(
        &self,
        rendered: &Rendered,
        coverage: &Coverage,
        options: TreeOptions,
    ) -> Result<Decision, TreeError> {
        let _lock = lock::shared(&self.root)?;
        look::Look::at(&self.root).decide(rendered, coverage, options)
    }

    /// Brings the rendering to disk: all of it, or, when an error comes back, nothing.
    ///
    /// Nothing is left to do when `plan.counts()` of what comes back has only unchanged
    /// and kept files.
    pub fn write(
        &self,
        rendered: &Rendered,
        coverage: &Coverage,
        options: TreeOptions,
    ) -> Result<Decision, TreeError> {
        self.write_in_steps(rendered, coverage, options, &mut steps::All)
    }

    /// Like [`Tree::write`], and asks before each change on disk whether to go on.
    ///
    /// For tests of what a crash or an error at any point leaves behind.
    pub fn write_in_steps(
        &self,
        rendered: &Rendered,
        coverage: &Coverage,
        options: TreeOptions,
        steps: &mut dyn Steps,
    ) -> Result<Decision, TreeError> {
        write::write(&self.root, rendered, coverage, options, steps)
    }
}
