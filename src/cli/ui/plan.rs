//! Text of plans, states and outcomes.

use std::collections::BTreeSet;
use std::fmt::Write;

use billpay_core::app;
use billpay_engine::kind::{KindInfo, OnDelete};
use billpay_engine::ownership::ForeignResource;
use billpay_engine::plan::{Action, Change, Counts, Goal, Kinds, Plan, Reason, widens_access};
use billpay_engine::{Leftover, Leftovers, Outcome, Survey};
use billpay_model::address::Address;
use billpay_model::environment::Environment;
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::plural;
use billpay_model::resource::{Owner, Status};
use serde_json::{Value, json};

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
    pub fn plan(&self, env: &Environment, plan: &Plan, survey: &Survey) -> Result<(), Report> {
        let kinds = app::kinds();
        if self.is_json() {
            return self.json(&json!({
                "schema": "billpay/plan/v1",
                "environment": env.environment,
                "account": env.account,
                "region": env.region,
                "identity": survey.identity.arn,
                "goal": plan.goal,
                "selection": plan.selection,
                "counts": plan.counts(),
                "changes": plan.changes.iter().map(|change| change_json(change, &kinds)).collect::<Vec<_>>(),
                "conflicts": plan.conflicts,
                "strangers": plan.foreign_resources,
            }));
        }
        let mut text = self.header(env, plan);
        let counts = plan.counts();
        let listing = Listing {
            changes: self.verbose > 0 || counts.changes() <= LISTED,
            everything: self.verbose > 1,
            extent: self.extent(),
        };
        text += &body(plan, &kinds, listing);
        if counts.changes() == 0 && plan.goal == Goal::Destroy {
            let is_gone = plan.selection.is_everything() && plan.conflicts.is_empty();
            let why = if is_gone { ": nothing of it is there" } else { "" };
            let _ = writeln!(text, "  Nothing to delete{why}.");
        } else if counts.changes() == 0 {
            let _ = writeln!(text, "  Nothing to change: {} as the spec says.", are(counts.no_op));
        } else {
            let more =
                if listing.changes { String::new() } else { format!("      {DIM}each one: -v{DIM:#}") };
            let _ = writeln!(text, "\n  {BOLD}Plan:{BOLD:#} {}{more}", totals(&counts));
        }
        self.summarize(env, plan, &kinds);
        self.text(&text)
    }

    /// Returns how much of values is shown: all of them where it was asked for, or where others review.
    fn extent(&self) -> Extent {
        if self.verbose > 0 || *out::GITHUB { Extent::Full } else { Extent::Short }
    }

    fn header(&self, env: &Environment, plan: &Plan) -> String {
        let Environment { environment, account, region, .. } = env;
        let count = plan.changes.len();
        let resources = plural::count(count, "resource");
        format!("{BOLD}{environment}{BOLD:#} · aws {account} {region} · {resources}\n\n")
    }

    /// Shows what there is and how it compares with the spec.
    pub fn status(&self, env: &Environment, plan: &Plan, survey: &Survey) -> Result<(), Report> {
        let rows: Vec<(&Change, &str)> = plan.changes.iter().map(|change| (change, state(change))).collect();
        if self.is_json() {
            let resources: Vec<Value> = rows
                .iter()
                .map(|(change, state)| {
                    let observed = change.observed.as_ref();
                    json!({
                        "address": change.address, "state": state, "id": change.id(), "fields": change.fields,
                        "outputs": observed.map(|observed| &observed.outputs),
                        "condition": observed.and_then(|observed| observed.condition.as_ref()),
                        "count": observed.and_then(|observed| observed.count),
                    })
                })
                .collect();
            return self.json(&json!({
                "schema": "billpay/status/v1", "environment": env.environment, "account": env.account,
                "region": env.region, "identity": survey.identity.arn, "resources": resources,
                "conflicts": plan.conflicts,
                "strangers": plan.foreign_resources,
            }));
        }
        let (mut text, kinds) = (self.header(env, plan), app::kinds());
        let width = plan.changes.iter().map(|change| change.address.to_string().len()).max().unwrap_or(0);
        for (change, state) in &rows {
            let style = match *state {
                "ready" => GOOD,
                "missing" | "failed" | "not in the spec" => BAD,
                _ => CHANGED,
            };
            let address = change.address.to_string();
            let id = name(change.id().unwrap_or("-"));
            let _ = writeln!(text, "  {address:width$}  {style}{state}{style:#}  {DIM}{id}{DIM:#}");
            let kind = kinds.get(change.address.kind());
            for field in change.fields.iter().filter(|_| *state == "differs") {
                for line in kind.iter().flat_map(|kind| field_lines(field, kind, self.extent())) {
                    let _ = writeln!(text, "      {line}");
                }
            }
        }
        for conflict in &plan.conflicts {
            let (what, hint) = explain(conflict);
            let _ = writeln!(text, "  {BAD}! {what}{BAD:#}\n    {hint}");
        }
        add_strangers(&mut text, plan, &kinds);
        let counts = plan.counts();
        let verdict = if plan.is_empty() {
            format!("{GOOD}All {} as the spec says.{GOOD:#}", are(counts.no_op))
        } else {
            format!("{CHANGED}Differs from the spec:{CHANGED:#} {}", totals(&counts))
        };
        let _ = writeln!(text, "\n  {verdict}");
        self.text(&text)
    }

    /// Shows what came of a run.
    pub fn outcome(&self, env: &Environment, plan: &Plan, outcome: &Outcome) -> Result<(), Report> {
        if self.is_json() {
            return self.outcome_json(env, plan, outcome, None);
        }
        let mut text = String::from("\n");
        let took = duration(outcome.seconds);
        if outcome.is_complete() {
            let counts = past(&plan.counts());
            let _ = writeln!(text, "{GOOD}Done{GOOD:#} in {took}: {counts}.");
        } else {
            let _ = writeln!(text, "{}", unfinished(outcome, &took));
        }
        for step in &outcome.failed {
            let failure = name(&step.failure.to_string());
            let _ = writeln!(text, "  {BAD}✗ {}{BAD:#}\n    {failure}", step.address);
        }
        for (address, because) in skipped(outcome) {
            let _ = writeln!(text, "  {DIM}- {address} was skipped: it needs {because}{DIM:#}");
        }
        for address in &outcome.left {
            let _ = writeln!(text, "  {CHANGED}… {address}{CHANGED:#} is left");
        }
        let failed: Vec<_> = outcome.failed.iter().map(|step| (&step.address, &step.failure)).collect();
        for hint in failure_hints(&failed) {
            let _ = writeln!(text, "{GOOD}hint{GOOD:#}: {hint}");
        }
        if !outcome.is_complete() {
            let _ = writeln!(text, "Run the same command again: it goes on from here.");
        }
        self.text(&text)
    }

    /// Shows what came of destroying, and what is left of the environment; `None` where the run
    /// was not complete, so that nobody looked.
    pub fn destroyed(
        &self,
        env: &Environment,
        plan: &Plan,
        outcome: &Outcome,
        left: Option<&Leftovers>,
    ) -> Result<(), Report> {
        if self.is_json() {
            return self.outcome_json(env, plan, outcome, left);
        }
        self.outcome(env, plan, outcome)?;
        let Some(left) = left else { return Ok(()) };
        if left.is_empty() {
            return self.text("Looked again: nothing of it is left.");
        }
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
        self.text(&text)
    }

    fn outcome_json(
        &self,
        env: &Environment,
        plan: &Plan,
        outcome: &Outcome,
        leftovers: Option<&Leftovers>,
    ) -> Result<(), Report> {
        let mut value = json!(outcome);
        let skipped = skipped(outcome).into_iter();
        value["skipped"] =
            skipped.map(|(address, because)| json!({"address": address, "because": because})).collect();
        if let Some(fields) = value.as_object_mut() {
            fields.insert("schema".into(), json!("billpay/run/v1"));
            fields.insert("environment".into(), json!(env.environment));
            fields.insert("counts".into(), json!(plan.counts()));
            if let Some(leftovers) = leftovers {
                fields.insert("leftovers".into(), json!(leftovers));
            }
        }
        self.json(&value)
    }

    /// Adds the plan to the job summary where GitHub Actions collects one.
    fn summarize(&self, env: &Environment, plan: &Plan, kinds: &Kinds) {
        let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|_| *out::GITHUB) else { return };
        let text = summary_text(&env.environment, plan, kinds);
        let file = std::fs::OpenOptions::new().append(true).create(true).open(path);
        let written = file.and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()));
        if let Err(error) = written {
            self.note(&format!("the job summary could not be written: {error}"));
        }
    }
}

/// Returns a plan as Markdown: a table of the changes, and below it each with all that differs.
pub(super) fn summary_text(environment: &str, plan: &Plan, kinds: &Kinds) -> String {
    let mut text = format!("### billpay: {}\n\n{}\n\n", markdown(environment), totals(&plan.counts()));
    if !plan.is_empty() {
        text.push_str("| | resource | id | why |\n|---|---|---|---|\n");
    }
    for change in plan.changes.iter().filter(|change| change.action != Action::NoOp) {
        let why = markdown(&change.reason.as_ref().and_then(why).unwrap_or_default());
        let id = markdown(change.id().unwrap_or_default());
        let mark = if is_widening(change, kinds) { ", **widens access**" } else { "" };
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
    add_strangers(&mut text, plan, kinds);
    text
}

/// Adds a line for each resource that concerns the environment and is not billpay's: left alone, or deleted by AWS
/// along with what it stands on.
fn add_strangers(text: &mut String, plan: &Plan, kinds: &Kinds) {
    for ForeignResource { address, id, evidence } in &plan.foreign_resources {
        let cascades = |change: &&Change| {
            let kind = kinds.get(address.kind());
            let on_delete = kind.and_then(|kind| kind.on_delete_of(change.address.kind()));
            matches!(change.action, Action::Delete | Action::Replace) && on_delete == Some(OnDelete::Cascades)
        };
        let (id, evidence) = (name(id), name(evidence));
        let _ = match plan.changes.iter().find(cascades) {
            Some(base) => writeln!(text, "  {BAD}goes with {}: {id} {evidence}{BAD:#}", base.address),
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
    let mark =
        if is_widening(change, kinds) { format!("  {BAD}widens access{BAD:#}") } else { String::new() };
    let key = change.address.name();
    let _ = writeln!(text, "    {style}{sign} {key}{style:#}{id}{}{mark}", reason.unwrap_or_default());
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

fn is_widening(change: &Change, kinds: &Kinds) -> bool {
    kinds.get(change.address.kind()).is_none_or(|kind| widens_access(change, kind))
}

/// Returns a change as JSON, marked if it widens access.
pub(super) fn change_json(change: &Change, kinds: &Kinds) -> Value {
    let mut json = json!(change);
    if is_widening(change, kinds) {
        json["widens_access"] = json!(true);
    }
    json
}

/// Returns what was skipped and what it needs.
fn skipped(outcome: &Outcome) -> Vec<(&Address, &Address)> {
    let failed = outcome.failed.iter().map(|step| &step.address);
    skipped_once(failed, outcome.skipped.iter().map(|step| (&step.address, &step.because)))
}

/// Returns what was skipped, each resource once: both halves of a replacement are one resource, and
/// one that failed is listed as that.
pub(super) fn skipped_once<'a>(
    failed: impl Iterator<Item = &'a Address>,
    skipped: impl Iterator<Item = (&'a Address, &'a Address)>,
) -> Vec<(&'a Address, &'a Address)> {
    let mut seen: BTreeSet<&Address> = failed.collect();
    skipped.filter(|(address, _)| seen.insert(address)).collect()
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

fn unfinished(outcome: &Outcome, took: &str) -> String {
    let done = outcome.done.len();
    match (outcome.interrupted, outcome.failed.len()) {
        (true, _) => {
            format!("{CHANGED}Interrupted{CHANGED:#} after {took}: {done} done, {} left.", outcome.left.len())
        }
        (false, failed) => format!(
            "{BAD}{failed} failed{BAD:#} after {took}: {done} done, {} skipped.",
            skipped(outcome).len()
        ),
    }
}

/// The state of a resource in one or two words.
fn state(change: &Change) -> &'static str {
    match (&change.observed, change.action) {
        (None, _) => "missing",
        (Some(observed), _) if matches!(observed.owner, Owner::Foreign { .. }) => "not ours",
        (Some(observed), _) if observed.status == Status::Failed => "failed",
        (Some(observed), _) if observed.status == Status::Deleting => "being deleted",
        (Some(observed), _) if observed.status == Status::Pending => "in progress",
        (Some(_), Action::NoOp) => "ready",
        (Some(_), Action::Delete) => "not in the spec",
        (Some(_), _) => "differs",
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
        Reason::Duplicate { of } => format!("a second {of}, made by this run after a lost response"),
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
