//! Text of plans, states and outcomes.

use std::fmt::Write;

use billpay_core::plan::PlanReport;
use billpay_core::provision::RunReport;
use billpay_core::status::{State, StatusReport};
use billpay_engine::kind::KindInfo;
use billpay_engine::ownership::ForeignResource;
use billpay_engine::plan::{Action, Change, Counts, Goal, Kinds, Plan, Reason};
use billpay_engine::{Leftover, Leftovers, Outcome, SkippedStep};
use billpay_model::address::Address;
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::plural;

use super::difference::{Extent, access_lines, attribute_lines, field_lines};
use super::value::{fenced, markdown, name};
use super::{BAD, BOLD, CHANGED, DIM, GOOD, Report, Ui, duration, out};
use crate::error::{explain, hints_of};

/// Up to this many changes are listed one by one without being asked.
const LISTED: usize = 24;
/// Longest job summary with every field in it, bytes: GitHub drops one of more than a mebibyte.
const MAX_SUMMARY_BYTES: usize = 1_000_000;

/// Parts of a plan that are listed.
#[derive(Debug, Clone, Copy)]
struct Listing {
    /// Lists each change, not only each component.
    changes: bool,
    /// Lists what stays too, and every attribute of what is made.
    everything: bool,
    extent: Extent,
}

impl Ui {
    /// Shows a plan.
    pub fn plan(&self, report: &PlanReport, kinds: &Kinds) -> Result<(), Report> {
        if self.is_json() {
            return self.document(report);
        }
        let (plan, counts) = (&report.plan, &report.counts);
        let mut text = header(&plan.environment, &report.account, &report.region, plan.changes.len());
        let listing = Listing {
            changes: self.verbose > 0 || counts.changes() <= LISTED,
            everything: self.verbose > 1,
            extent: self.extent(),
        };
        text += &body(plan, kinds, listing);
        if counts.changes() == 0 && plan.goal == Goal::Destroy {
            let is_gone = plan.selection.is_everything() && plan.conflicts.is_empty();
            let why = if is_gone { ": nothing of it is there" } else { "" };
            let _ = writeln!(text, "  Nothing to delete{why}.");
        } else if counts.changes() == 0 {
            let _ = writeln!(text, "  Nothing to change: {} as the spec says.", are(counts.no_op));
        } else {
            let more =
                if listing.changes { String::new() } else { format!("      {DIM}each one: -v{DIM:#}") };
            let _ = writeln!(text, "\n  {BOLD}Plan:{BOLD:#} {}{more}", totals(counts));
        }
        self.summarize(plan, kinds);
        self.text(&text)
    }

    /// Returns how much of values is shown: all of them where it was asked for, or where others review.
    fn extent(&self) -> Extent {
        if self.verbose > 0 || self.out.is_github { Extent::Full } else { Extent::Short }
    }

    /// Shows what there is and how it compares with the spec.
    pub fn status(&self, report: &StatusReport, kinds: &Kinds) -> Result<(), Report> {
        if self.is_json() {
            return self.document(report);
        }
        let StatusReport { environment, account, region, resources, .. } = report;
        let mut text = header(environment, account, region, resources.len());
        let width = resources.iter().map(|row| row.address.to_string().len()).max().unwrap_or(0);
        for row in resources {
            let style = match row.state {
                State::Ready => GOOD,
                State::Missing | State::Failed | State::NotInSpec => BAD,
                _ => CHANGED,
            };
            let (address, state) = (row.address.to_string(), row.state.name());
            let id = name(row.id.as_deref().unwrap_or("-"));
            let _ = writeln!(text, "  {address:width$}  {style}{state}{style:#}  {DIM}{id}{DIM:#}");
            let kind = kinds.get(row.address.kind());
            for field in row.fields.iter().filter(|_| row.state == State::Differs) {
                for line in kind.iter().flat_map(|kind| field_lines(field, kind, self.extent())) {
                    let _ = writeln!(text, "      {line}");
                }
            }
        }
        for conflict in &report.conflicts {
            let (what, hint) = explain(conflict);
            let _ = writeln!(text, "  {BAD}! {what}{BAD:#}\n    {hint}");
        }
        add_foreign(&mut text, &report.foreign_resources);
        let verdict = if report.counts.changes() == 0 {
            format!("{GOOD}All {} as the spec says.{GOOD:#}", are(report.counts.no_op))
        } else {
            format!("{CHANGED}Differs from the spec:{CHANGED:#} {}", totals(&report.counts))
        };
        let _ = writeln!(text, "\n  {verdict}");
        self.text(&text)
    }

    /// Shows the result of a run.
    pub fn run(&self, report: &RunReport) -> Result<(), Report> {
        if self.is_json() {
            return self.document(report);
        }
        if report.resources.is_some() {
            return self.text(&format!("{GOOD}Nothing to do.{GOOD:#}"));
        }
        let outcome = &report.outcome;
        let mut text = String::from("\n");
        let took = duration(outcome.seconds);
        if outcome.is_complete() {
            let counts = past(&report.counts);
            let _ = writeln!(text, "{GOOD}Done{GOOD:#} in {took}: {counts}.");
        } else {
            let is_lost = report.lock_lost.is_some();
            let _ = writeln!(text, "{}", unfinished(outcome, &took, is_lost));
        }
        for step in &outcome.failed {
            let failure = name(&step.failure.to_string());
            let _ = writeln!(text, "  {BAD}✗ {}{BAD:#}\n    {failure}", step.address);
        }
        for SkippedStep { address, because } in &outcome.skipped {
            let _ = writeln!(text, "  {DIM}- {address} was skipped: it needs {because}{DIM:#}");
        }
        for address in &outcome.left {
            let _ = writeln!(text, "  {CHANGED}… {address}{CHANGED:#} is left");
        }
        let failed: Vec<_> = outcome.failed.iter().map(|step| (&step.address, &step.failure)).collect();
        for hint in failure_hints(&failed) {
            let _ = writeln!(text, "{GOOD}hint{GOOD:#}: {hint}");
        }
        if let Some(why) = &report.lock_lost {
            let _ =
                writeln!(text, "{BAD}The lock was lost:{BAD:#} {}. Another run may be at work.", name(why));
        }
        if !outcome.is_complete() {
            let _ = writeln!(text, "Run the same command again: it goes on from here.");
        }
        self.text(&text)?;
        match &report.leftovers {
            None => {}
            Some(left) if left.is_empty() => self.text("Looked again: nothing of it is left.")?,
            Some(left) => self.text(&leftovers(left))?,
        }
        match &report.store {
            None => Ok(()),
            Some(store) => self
                .text(&format!("{} stays, with the journals of all environments that use it.", name(store))),
        }
    }

    /// Adds the plan to the job summary where GitHub Actions collects one.
    fn summarize(&self, plan: &Plan, kinds: &Kinds) {
        let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|_| self.out.is_github) else {
            return;
        };
        let text = summary_text(plan, kinds);
        let file = std::fs::OpenOptions::new().append(true).create(true).open(path);
        let written = file.and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()));
        if let Err(error) = written {
            self.note(&format!("the job summary could not be written: {error}"));
        }
    }
}

fn header(environment: &str, account: &str, region: &str, count: usize) -> String {
    let resources = plural::count(count, "resource");
    format!("{BOLD}{environment}{BOLD:#} · aws {account} {region} · {resources}\n\n")
}

fn leftovers(left: &Leftovers) -> String {
    let mut text = String::new();
    for (heading, list) in [("Still there:", &left.ours), ("Left, and not billpay's:", &left.others)] {
        if !list.is_empty() {
            let _ = writeln!(text, "{BAD}{heading}{BAD:#}");
        }
        for Leftover { address, id, region, reason } in list {
            let (id, reason) = (name(id), name(reason));
            let _ = writeln!(text, "  {address}  {id}  {DIM}{region}: {reason}{DIM:#}");
        }
    }
    text
}

/// Returns a plan as Markdown: a table of the changes, and below it each with all that differs.
pub(super) fn summary_text(plan: &Plan, kinds: &Kinds) -> String {
    let mut text = format!("### billpay: {}\n\n{}\n\n", markdown(&plan.environment), totals(&plan.counts()));
    if !plan.is_empty() {
        text.push_str("| | resource | id | why |\n|---|---|---|---|\n");
    }
    for change in plan.changes.iter().filter(|change| change.action != Action::NoOp) {
        let why = markdown(&change.reason.as_ref().and_then(why).unwrap_or_default());
        let id = markdown(change.id().unwrap_or_default());
        let mark = if change.widens_access { ", **widens access**" } else { "" };
        let _ = writeln!(text, "| {}{mark} | `{}` | {id} | {why} |", verb(change.action), change.address);
    }
    let listing = Listing { changes: true, everything: false, extent: Extent::Full };
    let listed = out::plain(&body(plan, kinds, listing));
    if listed.is_empty() {
        return text;
    }
    let listed = if text.len() + listed.len() > MAX_SUMMARY_BYTES {
        "Too long for a job summary: what differs is in the log.\n".to_string()
    } else {
        fenced(&listed)
    };
    text + "\n" + &listed
}

/// Returns the components of a plan with their changes, and its conflicts.
fn body(plan: &Plan, kinds: &Kinds, listing: Listing) -> String {
    let mut text = String::new();
    for (component, changes) in plan.by_component() {
        let of = Counts::of(changes.iter().copied());
        if of.changes() > 0 {
            let _ = writeln!(text, "  {BOLD}{component}{BOLD:#}  {}", summary(&of));
            if listing.changes {
                changes.iter().for_each(|change| add_change(&mut text, change, kinds, listing));
            }
        }
    }
    for conflict in &plan.conflicts {
        let (what, hint) = explain(conflict);
        let (what, hint) = (name(&what), name(&hint));
        let _ = writeln!(text, "  {BAD}! {what}{BAD:#}\n    {hint}");
    }
    add_foreign(&mut text, &plan.foreign_resources);
    text
}

/// Adds a line for each resource that concerns the environment and is not billpay's: left alone, or deleted by AWS
/// along with what it stands on.
fn add_foreign(text: &mut String, foreign_resources: &[ForeignResource]) {
    for ForeignResource { id, evidence, goes_with, .. } in foreign_resources {
        let (id, evidence) = (name(id), name(evidence));
        let _ = match goes_with {
            Some(base) => writeln!(text, "  {BAD}goes with {base}: {id} {evidence}{BAD:#}"),
            None => writeln!(text, "  {DIM}left alone: {id} {evidence}{DIM:#}"),
        };
    }
}

/// Adds the lines of one change.
fn add_change(text: &mut String, change: &Change, kinds: &Kinds, listing: Listing) {
    let (sign, style) = match change.action {
        Action::NoOp if !listing.everything => return,
        Action::NoOp => (' ', DIM),
        Action::Create => ('+', GOOD),
        Action::Update => ('~', CHANGED),
        Action::Replace => ('±', BAD),
        Action::Delete => ('-', BAD),
    };
    let reason = change.reason.as_ref().and_then(why).map(|why| format!("  {DIM}{}{DIM:#}", name(&why)));
    let id = change.id().map(|id| format!("  {}", name(id))).unwrap_or_default();
    let holds_data = kinds.get(change.address.kind()).is_some_and(|kind| kind.holds_data);
    let data = if change.action == Action::Delete && holds_data { "  and everything in it" } else { "" };
    let mark = if change.widens_access { format!("  {BAD}widens access{BAD:#}") } else { String::new() };
    let key = change.address.name();
    let _ = writeln!(
        text,
        "    {style}{sign} {key}{style:#}{id}{style}{data}{style:#}{}{mark}",
        reason.unwrap_or_default()
    );
    let Some(kind) = kinds.get(change.address.kind()) else { return };
    for line in change_lines(change, kind, listing) {
        let _ = writeln!(text, "        {line}");
    }
}

/// Returns what differs in a change, or the access that a new resource gives.
fn change_lines(change: &Change, kind: &KindInfo, listing: Listing) -> Vec<String> {
    let mut lines = vec![];
    if matches!(change.action, Action::Update | Action::Replace) {
        for field in &change.fields {
            let first = lines.len();
            lines.extend(field_lines(field, kind, listing.extent));
            if let Some(line) = lines.get_mut(first).filter(|_| field.replaces) {
                *line += &format!("  {BAD}replaces it{BAD:#}");
            }
        }
    }
    let Some(desired) = change.desired.as_ref().filter(|_| change.action == Action::Create) else {
        return lines;
    };
    if !listing.everything {
        return access_lines(&desired.attrs, kind, listing.extent);
    }
    for (attribute, value) in desired.attrs.as_object().into_iter().flatten() {
        attribute_lines(attribute, value, listing.extent, &mut lines);
    }
    lines
}

/// Returns what to do about the failures of a run, in the order that they came in, each hint once.
pub(super) fn failure_hints(failed: &[(&Address, &Failure)]) -> Vec<String> {
    let is_in_use = |failure: &Failure| failure.class == FailureClass::InUse;
    let others = || failed.iter().map(|(_, failure)| *failure).filter(|failure| !is_in_use(failure));
    let is_any_in_use = failed.iter().any(|(_, failure)| is_in_use(failure));
    match failed.first() {
        // What is in use may well be in use by what did not get done.
        Some((first, failure)) if is_any_in_use && !is_in_use(failure) => {
            let mut hints = hints_of(others());
            hints.push(format!(
                "{first} failed first, and what it left may be what is in the way: see to that, and the next run goes on"
            ));
            hints
        }
        _ => hints_of(failed.iter().map(|(_, failure)| *failure)),
    }
}

fn unfinished(outcome: &Outcome, took: &str, is_lost: bool) -> String {
    let done = outcome.done.len();
    let interrupted = if is_lost { "Stopped" } else { "Interrupted" };
    match (outcome.interrupted, outcome.failed.len()) {
        (true, _) => {
            format!(
                "{CHANGED}{interrupted}{CHANGED:#} after {took}: {done} done, {} left.",
                outcome.left.len()
            )
        }
        (false, failed) => format!(
            "{BAD}{failed} failed{BAD:#} after {took}: {done} done, {} skipped.",
            outcome.skipped.len()
        ),
    }
}

/// A reason in words; none where the sign in front says it all.
fn why(reason: &Reason) -> Option<String> {
    Some(match reason {
        Reason::Missing | Reason::Differs | Reason::Destroy => return None,
        Reason::Immutable { fields } => format!("{} can't be changed in place", fields.join(", ")),
        Reason::Unfinished => "an earlier run was cut short: waits until it is ready".into(),
        Reason::Failed => "it is in a failed state".into(),
        Reason::BeingDeleted => "it is being deleted: waits, then makes it anew".into(),
        Reason::NotInSpec => "the spec no longer has it".into(),
        Reason::Superseded { by } => format!("{by} takes its place; an earlier run was cut short"),
        Reason::Duplicate { of } => format!("a second {of}, made after a lost response"),
        Reason::GoesWith { base } => format!("it goes with {base}, which is replaced"),
        Reason::StandsOn { base } => format!("{base} is replaced, and can't go before it"),
        Reason::Kept => "it is kept: its id is written onto it".into(),
        Reason::Released { of } => format!("{of} is kept; this one only loses its tags"),
    })
}

fn verb(action: Action) -> &'static str {
    match action {
        Action::NoOp => "keep",
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace => "replace",
        Action::Delete => "delete",
    }
}

/// Summarises a component, without the noughts: `3 to create, 1 to update`.
fn summary(counts: &Counts) -> String {
    let Counts { create, update, replace, delete, .. } = *counts;
    let parts = [(create, "create"), (update, "update"), (replace, "replace"), (delete, "delete")];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, verb)| format!("{count} to {verb}"))
        .collect();
    parts.join(", ")
}

fn totals(counts: &Counts) -> String {
    let Counts { create, update, replace, delete, .. } = counts;
    let replace = if *replace > 0 { format!(", {replace} to replace") } else { String::new() };
    format!("{create} to create, {update} to update{replace}, {delete} to delete")
}

fn past(counts: &Counts) -> String {
    let Counts { create, update, replace, delete, .. } = counts;
    let replace = if *replace > 0 { format!(", {replace} replaced") } else { String::new() };
    format!("{create} created, {update} updated{replace}, {delete} deleted")
}

fn are(count: usize) -> String {
    format!("{} {}", plural::count(count, "resource"), if count == 1 { "is" } else { "are" })
}
