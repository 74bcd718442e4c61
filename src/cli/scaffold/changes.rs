//! Text of what happens to the files of a tree.

use std::fmt::Write;

use billpay_tree::{Action, ConflictLocation, Decision, FilePlan, KeepReason, RelPath};

use crate::ui::{BAD, BOLD, CHANGED, DIM, GOOD, holds_secret};

/// Number of changed files that are named; of more, only the number is told.
const MAX_NAMES: usize = 20;

/// Options of showing a decision.
pub struct DecisionView<'a> {
    /// The folder, as it was named.
    pub out: &'a str,
    /// Set if nothing was written.
    pub check: bool,
    /// Set if the differences of each file are shown.
    pub diff: bool,
    pub verbose: bool,
}

/// Renders what happens to a tree's files.
pub fn show(decision: &Decision, shown: &DecisionView<'_>) -> String {
    let DecisionView { out, check, diff, verbose } = *shown;
    let mut text = String::new();
    let files = &decision.plan.files;
    let touched: Vec<&FilePlan> = files.iter().filter(|file| file.action.touches()).collect();
    let named = if verbose || diff { touched.len() } else { MAX_NAMES };
    for file in touched.iter().take(named) {
        let (sign, style) = match file.action {
            Action::Create => ('+', GOOD),
            Action::Delete => ('-', BAD),
            _ => ('~', CHANGED),
        };
        let what = match &file.action {
            Action::Merge => "  merged with your edit".to_string(),
            Action::Overwrite => "  your edit is overwritten".to_string(),
            Action::Conflict { location } => describe_conflict(location),
            _ => String::new(),
        };
        let moved = file.at.as_ref().map(|at| format!("  at {at}, where you moved it")).unwrap_or_default();
        let _ = writeln!(text, "  {style}{sign}{style:#} {}{DIM}{moved}{what}{DIM:#}", file.path);
        if diff {
            let _ = writeln!(text, "{}", difference(decision, &file.path));
        }
    }
    if touched.len() > named {
        let _ = writeln!(text, "  {DIM}… and {} more (-v names them){DIM:#}", touched.len() - named);
    }
    for file in files {
        if let Action::Kept { reason } = &file.action
            && (verbose || !matches!(reason, KeepReason::Edited))
        {
            let (what, style) = if file.action.is_stale() { ("behind", CHANGED) } else { ("yours", DIM) };
            let _ = writeln!(text, "  {style}{what}{style:#} {}: {}", file.path, explain(reason));
            if diff && file.action.is_stale() {
                let _ = writeln!(text, "{}", difference(decision, &file.path));
            }
        }
    }
    let counts = decision.plan.counts();
    let tell = |count: usize, will: &str, did: &str| {
        (count > 0).then(|| format!("{count} {}", if check { will } else { did }))
    };
    let told: Vec<String> = [
        tell(counts.create, "to create", "created"),
        tell(counts.update, "to update", "updated"),
        tell(counts.merge, "to merge", "merged"),
        tell(counts.overwrite, "to overwrite", "overwritten"),
        tell(counts.conflict, "to mark as contradicting your edits", "marked as contradicting your edits"),
        tell(counts.delete, "to delete", "deleted"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let kept = match counts.kept {
        0 => String::new(),
        kept => format!("; {kept} left as you have them"),
    };
    let total = files.len() - counts.delete - counts.forget;
    if told.is_empty() {
        let _ = write!(text, "{BOLD}{out}{BOLD:#}: {} up to date{kept}", all(total));
    } else {
        let _ = write!(text, "{BOLD}{out}{BOLD:#}: {} of {}{kept}", told.join(", "), files_of(total));
    }
    text
}

fn files_of(count: usize) -> String {
    if count == 1 { "1 file".to_string() } else { format!("{count} files") }
}

fn all(count: usize) -> String {
    if count == 1 { "its 1 file is".to_string() } else { format!("all {count} files are") }
}

/// Describes why a file is kept, with a hint.
fn explain(reason: &KeepReason) -> String {
    match reason {
        KeepReason::Edited => "you edited it".to_string(),
        KeepReason::Behind => {
            "you edited it, and what it is rendered from has changed: --merge joins both, --keep takes yours, --force the rendering"
                .to_string()
        }
        KeepReason::Overlap { lines } => {
            let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
            format!(
                "your edit and the change are in the same place ({}): --diff shows it; change the file by hand, or --keep yours, or --force the rendering",
                lines.join(", ")
            )
        }
        KeepReason::NoBase => "you edited it, and what it was made from is lost: --keep takes yours, --force the rendering".to_string(),
        KeepReason::Binary => "you changed it, so did what it is rendered from, and it is no text: --keep takes yours, --force the rendering".to_string(),
        KeepReason::Deleted => "you deleted it; --force brings it back".to_string(),
        KeepReason::Foreign => "it was there before, and is yours; --force overwrites it".to_string(),
        KeepReason::NoLongerRendered => "you edited it, and it is no longer rendered: it is yours now".to_string(),
        KeepReason::Link { at } => format!("{at} is a symbolic link, through which nothing is written"),
        KeepReason::InTheWay { by } => format!("{by} is in the way: move it"),
    }
}

/// Describes the location of both versions of a conflict.
fn describe_conflict(location: &ConflictLocation) -> String {
    match location {
        ConflictLocation::Inline { lines } => {
            let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
            format!("  contradicts your edit: both are there ({}); choose", lines.join(", "))
        }
        ConflictLocation::Rejected { file } => {
            format!("  contradicts your edit, which stays; the change is in {file}")
        }
        ConflictLocation::New { file } => {
            format!("  you changed it too, and it is no text; the template's is {file}")
        }
    }
}

/// Returns what changes in a file; of one with a secret nothing, since what goes may be the secret of before.
fn difference(decision: &Decision, path: &RelPath) -> String {
    let diff = decision.diff(path);
    if holds_secret(&diff) {
        return "      not shown: it holds a secret\n".to_string();
    }
    diff.lines().map(|line| format!("      {line}\n")).collect()
}
