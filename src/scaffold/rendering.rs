//! Rendered projects and the options of a rendering.

use std::collections::{BTreeMap, BTreeSet};

use billpay_model::findings::Findings;
use billpay_tree::RelPath;
use schemars::JsonSchema;
use serde::Serialize;

use super::repositories::{FetchOptions, PinnedRepository};

/// Placeholder for an output of a step that only the portal runs.
pub const OUTPUT_PLACEHOLDER: &str = "<example>";

/// Files of a project.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Project {
    pub files: BTreeMap<RelPath, ProjectFile>,
    /// Folders without files.
    pub folders: BTreeSet<RelPath>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProjectFile {
    pub bytes: Vec<u8>,
    pub executable: bool,
}

/// Options of a rendering.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RenderOptions {
    /// Seed of random values; without one they and the time are refused, since an update couldn't reproduce them.
    pub seed: Option<u64>,
    /// Value of `now`, seconds since 1970; recorded with the seed.
    pub now: i64,
    /// Lets the template's own programs (hooks, extensions) run.
    pub trust: bool,
    /// Skips its hooks.
    pub no_hooks: bool,
    /// Makes undefined values errors in a Backstage template, too, not warnings.
    pub strict: bool,
    /// Repositories that the template's steps may fetch from other repositories.
    pub fetch: FetchOptions,
}

impl RenderOptions {
    /// Options of a rendering without chance, programs or other repositories.
    pub const PLAIN: RenderOptions = RenderOptions {
        seed: None,
        now: 0,
        trust: false,
        no_hooks: false,
        strict: false,
        fetch: FetchOptions::NONE,
    };
}

/// A rendered project and how it came about.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rendering {
    pub project: Project,
    /// Name of the project's folder, if the template sets one.
    pub name: Option<String>,
    pub steps: Vec<StepReport>,
    /// Output of the template: links and texts by title.
    pub said: Vec<(String, String)>,
    /// Hooks to run in the project's folder, in this order, if the template is trusted.
    pub hooks: Vec<Hook>,
    /// Warnings about probable mistakes, which were rendered as by the portal.
    pub warnings: Findings,
    /// Digest of the files read outside the template's folder, if any.
    pub shared: Option<String>,
    /// The other repositories that files were fetched from.
    pub fetched: Vec<PinnedRepository>,
}

/// A program of the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    pub when: HookTime,
    /// Its name: `post_gen_project.py`.
    pub file: String,
    /// The program, rendered.
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HookTime {
    /// In the folder while it is empty.
    BeforeFiles,
    /// After all files are written.
    AfterFiles,
}

/// Report of one step of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StepReport {
    pub id: String,
    pub name: String,
    /// `fetch:template`, `publish:github`.
    pub action: String,
    pub kind: StepKind,
    /// Summary of its effect, or of the portal's, in one line.
    #[serde(rename = "told")]
    pub summary: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// It makes or changes files of the project.
    Files,
    /// It acts on the outside: only the portal does it.
    Outside,
    /// Its condition doesn't hold.
    Skipped,
}
