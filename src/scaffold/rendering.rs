//! What a template makes.

use std::collections::{BTreeMap, BTreeSet};

use billpay_model::findings::Findings;
use billpay_tree::RelPath;
use serde::Serialize;

use super::fetched::{FetchOptions, FetchedRepository};

/// What stands for an output of a step that only the portal does.
pub const EXAMPLE: &str = "<example>";

/// The files of a project.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Project {
    pub files: BTreeMap<RelPath, ProjectFile>,
    /// Folders with no file in them.
    pub folders: BTreeSet<RelPath>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProjectFile {
    pub bytes: Vec<u8>,
    pub executable: bool,
}

/// What rendering may use beside the answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RenderOptions {
    /// What random values and the time come from; without one they are refused, since a
    /// later update couldn't render the same again.
    pub seed: Option<u64>,
    /// What `now` is, in seconds since 1970; remembered with the seed.
    pub now: i64,
    /// Lets the template's own programs (hooks, extensions) run.
    pub trust: bool,
    /// Leaves its hooks out.
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
    /// What the template calls the project's folder, where it does.
    pub name: Option<String>,
    pub steps: Vec<StepDone>,
    /// What the template says at its end: links and texts, by title.
    pub said: Vec<(String, String)>,
    /// The template's own programs, to be run in the project's folder, in this order; only
    /// when they are trusted.
    pub hooks: Vec<Hook>,
    /// Probable mistakes that were rendered as the portal does.
    pub warnings: Findings,
    /// The digest of what was read outside the template's own folder, if anything was.
    pub shared: Option<String>,
    /// The other repositories that files were fetched from.
    pub fetched: Vec<FetchedRepository>,
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
    /// When all files are there.
    AfterFiles,
}

/// One step of a template, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepDone {
    pub id: String,
    pub name: String,
    /// `fetch:template`, `publish:github`.
    pub action: String,
    pub kind: StepKind,
    /// What it did, or what the portal would do, in one line.
    pub told: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// It makes or changes files of the project.
    Files,
    /// It acts on the outside: only the portal does it.
    Outside,
    /// Its condition doesn't hold.
    Skipped,
}
