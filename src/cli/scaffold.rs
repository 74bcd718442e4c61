//! `billpay scaffold`: files for people's repositories.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use serde_json::json;

use super::error::Report;
use super::exit;
use super::ui::{BAD, BOLD, CHANGED, DIM, GOOD, Ui};
use crate::app::App;
use crate::domain::spec::Environment;
use crate::domain::tree::{Action, Decision, FilePlan, TreeOptions, Why};
use crate::ops::scaffold::infrastructure::{self, Wanted};

#[derive(Debug, Args)]
pub struct ScaffoldArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Render environments as a Terragrunt/OpenTofu tree
    Infrastructure(InfrastructureArgs),
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("environments").required(true).multiple(true).args(["env", "all"]))]
pub struct InfrastructureArgs {
    /// Name of an environment; may be given several times
    #[arg(short, long, value_name = "NAME", env = "BILLPAY_ENV", value_delimiter = ',')]
    env: Vec<String>,
    /// All environments, whatever --env says; what was rendered for those that are gone is removed
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    tree: TreeArgs,
}

/// Where a tree goes, and what is done about files that people changed.
#[derive(Debug, Args)]
struct TreeArgs {
    /// Folder that the tree goes to
    #[arg(short, long, value_name = "DIR", default_value = "infrastructure")]
    out: PathBuf,
    /// Write nothing; exit with 2 if something would change
    #[arg(long)]
    check: bool,
    /// Merge changes into files that you edited, where they don't overlap
    #[arg(long)]
    merge: bool,
    /// Keep your edits where what they are made from changed too, and count that as settled
    /// (with --merge: only where merging fails)
    #[arg(long, conflicts_with = "force")]
    keep: bool,
    /// Overwrite what you edited and bring back what you deleted (with --merge: only where merging fails)
    #[arg(long)]
    force: bool,
    /// Show what changes in each file
    #[arg(long)]
    diff: bool,
}

pub fn run(args: ScaffoldArgs, app: &App, ui: &Ui) -> Result<u8, Report> {
    match args.what {
        What::Infrastructure(args) => infrastructure(args, app, ui),
    }
}

fn infrastructure(args: InfrastructureArgs, app: &App, ui: &Ui) -> Result<u8, Report> {
    // `--all` wins, so that BILLPAY_ENV can stay set.
    let names = if args.all { None } else { Some(args.env.as_slice()) };
    let several = app.load_several(names)?;
    let names: Option<BTreeSet<String>> = names.map(|names| names.iter().cloned().collect());
    let chosen = |name: &String| names.as_ref().is_none_or(|names| names.contains(name));
    for loaded in several.all.iter().filter(|loaded| chosen(&loaded.environment.environment)) {
        ui.warnings(loaded);
    }
    if !several.broken.is_empty() {
        let broken = several.broken.join(", ");
        ui.note(&format!("what accounts share stays as it is: the specs of {broken} are not valid"));
    }
    let all: Vec<&Environment> = several.all.iter().map(|loaded| &loaded.environment).collect();
    let wanted = Wanted { all: &all, names: names.as_ref(), broken: &several.broken };
    let templates = app.templates().map_err(in_template)?;
    let (rendered, coverage) = infrastructure::render(&templates, &wanted).map_err(in_template)?;

    let TreeArgs { out, check, merge, keep, force, diff } = args.tree;
    let options = TreeOptions { merge, keep, force, ..TreeOptions::default() };
    let tree = app.tree(out.clone());
    let decision = match check {
        true => tree.check(&rendered, &coverage, options)?,
        false => tree.write(&rendered, &coverage, options)?,
    };
    let plan = &decision.plan;
    let behind = plan.files.iter().any(|file| file.action.is_stale() && !file.action.touches());
    if ui.is_json() {
        let files: Vec<_> = plan.files.iter().filter(|file| file.action != Action::Unchanged).collect();
        ui.json(&json!({
            "schema": "billpay/scaffold/v1", "out": out, "check": check, "stale": plan.is_stale(),
            "behind": behind, "counts": plan.counts(), "files": files,
        }))?;
    } else {
        ui.text(&show(&decision, &out.display().to_string(), check, diff, ui.is_verbose()))?;
    }
    Ok(match (check, behind) {
        (true, _) if plan.is_stale() => exit::CHANGES,
        (false, true) => exit::PARTLY,
        _ => exit::DONE,
    })
}

fn in_template(error: impl std::fmt::Display) -> Report {
    Report::new("a template can't be rendered", error.to_string())
        .hint("this is a mistake in billpay; report it")
}

/// How many changed files are named before only their number is told.
const MOST_NAMED: usize = 20;

fn show(decision: &Decision, out: &str, check: bool, diff: bool, verbose: bool) -> String {
    let mut text = String::new();
    let files = &decision.plan.files;
    let touched: Vec<&FilePlan> = files.iter().filter(|file| file.action.touches()).collect();
    let named = if verbose || diff { touched.len() } else { MOST_NAMED };
    for file in touched.iter().take(named) {
        let (sign, style) = match file.action {
            Action::Create => ('+', GOOD),
            Action::Delete => ('-', BAD),
            _ => ('~', CHANGED),
        };
        let what = match file.action {
            Action::Merge => "  merged with your edit",
            Action::Overwrite => "  your edit is overwritten",
            Action::Conflict { .. } => "  your edit and the change contradict each other: both are marked",
            _ => "",
        };
        let _ = writeln!(text, "  {style}{sign}{style:#} {}{DIM}{what}{DIM:#}", file.path);
        if diff {
            let _ = writeln!(text, "{}", indented(&decision.diff(&file.path)));
        }
    }
    if touched.len() > named {
        let _ = writeln!(text, "  {DIM}… and {} more (-v names them){DIM:#}", touched.len() - named);
    }
    for file in files {
        if let Action::Kept { why } = &file.action
            && (verbose || !matches!(why, Why::Edited))
        {
            let (what, style) = if file.action.is_stale() { ("behind", CHANGED) } else { ("yours", DIM) };
            let _ = writeln!(text, "  {style}{what}{style:#} {}: {}", file.path, explain(why));
            if diff && file.action.is_stale() {
                let _ = writeln!(text, "{}", indented(&decision.diff(&file.path)));
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
        tell(counts.conflict, "to mark as contradicting", "marked as contradicting"),
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
        let _ = write!(text, "{BOLD}{out}{BOLD:#}: all {total} files are up to date{kept}");
    } else {
        let _ = write!(text, "{BOLD}{out}{BOLD:#}: {} of {total} files{kept}", told.join(", "));
    }
    text
}

/// Why a file stays as it is, and what to do about it.
fn explain(why: &Why) -> String {
    match why {
        Why::Edited => "you edited it".to_string(),
        Why::Behind => {
            "you edited it, and what it is rendered from has changed: --merge joins both, --keep takes yours, --force the rendering"
                .to_string()
        }
        Why::Overlap { lines } => {
            let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
            format!(
                "your edit and the change are in the same place ({}): --diff shows it; change the file by hand, or --keep yours, or --force the rendering",
                lines.join(", ")
            )
        }
        Why::NoBase => "you edited it, and what it was made from is lost: --keep takes yours, --force the rendering".to_string(),
        Why::Binary => "you changed it, so did what it is rendered from, and it is no text: --keep takes yours, --force the rendering".to_string(),
        Why::Deleted => "you deleted it; --force brings it back".to_string(),
        Why::Foreign => "it was there before, and is yours; --force overwrites it".to_string(),
        Why::NoLongerRendered => "you edited it, and it is no longer rendered: it is yours now".to_string(),
        Why::Link { at } => format!("{at} is a symbolic link, through which nothing is written"),
        Why::InTheWay { by } => format!("{by} is in the way: move it"),
    }
}

fn indented(diff: &str) -> String {
    diff.lines().map(|line| format!("      {line}\n")).collect()
}
