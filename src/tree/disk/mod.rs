//! Brings a rendered tree to disk: all of it or nothing, and kind to people's edits.

mod create;
mod error;
mod lock;
mod look;
mod pack;
mod search;
mod steps;
mod write;

use std::path::{Path, PathBuf};

use crate::{Coverage, Decision, Rendered, TreeOptions};

pub use error::TreeError;
pub use look::{read, read_at_most};
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

    /// Brings the rendering to a folder that isn't there yet or is empty, in one step: whoever
    /// looks sees nothing or all of it.
    ///
    /// It is made in a folder beside it, `.NAME.billpay-…`; what a kill leaves of that is
    /// cleared the next time. Where no folder can take the place of this one (it is the
    /// current folder, or a mount), the tree is made as [`Tree::write`] makes it.
    pub fn create(&self, rendered: &Rendered, coverage: &Coverage) -> Result<Decision, TreeError> {
        self.create_in_steps(rendered, coverage, &mut steps::All)
    }

    /// Like [`Tree::create`], as [`Tree::write_in_steps`] is like [`Tree::write`].
    pub fn create_in_steps(
        &self,
        rendered: &Rendered,
        coverage: &Coverage,
        steps: &mut dyn Steps,
    ) -> Result<Decision, TreeError> {
        create::create(&self.root, rendered, coverage, steps)
    }

    /// A file in `.billpay` that a rendering had among its records.
    pub fn record(&self, name: &str) -> Result<Option<Vec<u8>>, TreeError> {
        let look = look::Look::at(&self.root);
        look.read_ours(&look.ours(name))
    }
}
