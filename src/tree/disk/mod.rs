//! Writes a rendered tree to disk: all of it or nothing, with people's edits kept.

mod create;
mod error;
mod lock;
mod pack;
mod scan;
mod search;
mod transaction;
mod write;

use std::path::{Path, PathBuf};

use crate::{Coverage, Decision, RenderedTree, TreeOptions};

pub use error::TreeError;
pub use scan::{read, read_at_most};
pub use transaction::{Interrupt, StepHook};

/// Folder on disk for rendered files.
#[derive(Debug, Clone)]
pub struct Tree {
    root: PathBuf,
}

impl Tree {
    /// Returns the tree of a folder, which need not exist yet.
    pub fn at(root: impl Into<PathBuf>) -> Tree {
        // `infrastructure` alone has no parent that could be made or synced.
        let root = root.into();
        Tree { root: std::path::absolute(&root).unwrap_or(root) }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the decision that [`Tree::write`] would carry out; writes nothing.
    ///
    /// # Errors
    /// Fails if another run is writing, the manifest can't be used, a record is behind a link, a file can't be
    /// read, or the rendering contradicts itself.
    pub fn check(
        &self,
        rendered: &RenderedTree,
        coverage: &Coverage,
        options: TreeOptions,
    ) -> Result<Decision, TreeError> {
        let _lock = lock::shared(&self.root)?;
        scan::Scanner::at(&self.root).decide(rendered, coverage, options)
    }

    /// Writes the rendering to disk: all of it, or nothing on an error.
    ///
    /// # Errors
    /// Fails as [`Tree::check`] does, and if another run reads, something is in a file's way, edits conflict under
    /// [`ConflictPolicy::Fail`](crate::ConflictPolicy::Fail), or a file changes or can't be written meanwhile.
    pub fn write(
        &self,
        rendered: &RenderedTree,
        coverage: &Coverage,
        options: TreeOptions,
    ) -> Result<Decision, TreeError> {
        self.write_with_hook(rendered, coverage, options, &mut transaction::NoHook)
    }

    /// Like [`Tree::write`], with a hook before each change on disk, for tests of crashes and I/O errors.
    ///
    /// # Errors
    /// Fails as [`Tree::write`] does, and if the hook interrupts.
    pub fn write_with_hook(
        &self,
        rendered: &RenderedTree,
        coverage: &Coverage,
        options: TreeOptions,
        hook: &mut dyn StepHook,
    ) -> Result<Decision, TreeError> {
        write::write(&self.root, rendered, coverage, options, hook)
    }

    /// Writes the rendering to a new or empty folder, atomically.
    ///
    /// The tree is written to a sibling folder, `.NAME.billpay-…`, and renamed; the next run removes what a killed one left.
    /// A folder that can't be replaced (the current one, a mount) is written to as by [`Tree::write`].
    ///
    /// # Errors
    /// Fails if the folder isn't empty, can't be written, or the rendering contradicts itself.
    pub fn create(&self, rendered: &RenderedTree, coverage: &Coverage) -> Result<Decision, TreeError> {
        self.create_with_hook(rendered, coverage, &mut transaction::NoHook)
    }

    /// Like [`Tree::create`], with a hook before each change on disk.
    ///
    /// # Errors
    /// Fails as [`Tree::create`] does, and if the hook interrupts.
    pub fn create_with_hook(
        &self,
        rendered: &RenderedTree,
        coverage: &Coverage,
        hook: &mut dyn StepHook,
    ) -> Result<Decision, TreeError> {
        create::create(&self.root, rendered, coverage, hook)
    }

    /// Reads a record from `.billpay`.
    ///
    /// # Errors
    /// Fails if its path leads through a symbolic link, or it can't be read.
    pub fn record(&self, name: &str) -> Result<Option<Vec<u8>>, TreeError> {
        let scanner = scan::Scanner::at(&self.root);
        scanner.read_record(&scanner.record_path(name))
    }
}
